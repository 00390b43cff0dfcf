//! One trunk: a way to and from a carrier. Resolves its address, registers there if that is wanted, asks each target
//! whether it lives, and names the targets a call should try, the living first. Sends nothing itself. RFC 3263 4.3,
//! RFC 3261 10.2, RFC 5626 4.5 (waiting after failures). Not how many calls it may carry: that is the call control's.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::address::NameAddr;
use crate::digest::Credentials;
use crate::flow::Target;
use crate::limits::RESOLVE_TARGETS;
use crate::message::Response;
use crate::method::Method;
use crate::outside::OutgoingRequest;
use crate::resolve::ResolveError;
use crate::token::Tokens;
use crate::uri::Uri;

mod registration;

use registration::Registering;

/// How long to wait before an address is resolved again that could not be.
const RESOLVE_AGAIN: Duration = Duration::from_secs(30);

/// How a trunk is set up. `Debug` tells only its name.
#[derive(Clone, PartialEq, Eq)]
pub struct TrunkConfig {
    /// Its name, in [`crate::Origin::Trunk`] and in records.
    pub name: Arc<str>,
    /// The tenant it belongs to.
    pub tenant: Arc<str>,
    /// The carrier's address: where calls, REGISTER and OPTIONS go.
    pub uri: Uri,
    /// Who we are to the carrier: From, and the address of record that is registered.
    pub identity: NameAddr,
    /// What is given if the carrier asks. Its realm has to be named.
    pub credentials: Option<Credentials>,
    /// Whether we register.
    pub mode: TrunkMode,
    /// Whether targets are asked if they live. `None`: they are taken to.
    pub probe: Option<Probe>,
    /// How often the address is resolved. Default in [`TrunkConfig::new`]: 5 minutes.
    pub resolve_every: Duration,
    /// For waiting times, which are spread so that many trunks do not act at once.
    pub seed: u64,
}

/// How a trunk knows us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrunkMode {
    /// By our address.
    Static,
    /// By a registration.
    Registering {
        /// How long it is to last. The carrier may choose less.
        expires: Duration,
        /// Where the carrier reaches us. `None`: the address of our own that is nearest to it.
        contact: Option<Uri>,
    },
}

/// Asking with OPTIONS whether a target lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// How often, at least 5 s.
    pub every: Duration,
    /// After how many failures in a row a target is down. One success brings it up.
    pub down_after: u32,
}

impl Default for Probe {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(30),
            down_after: 2,
        }
    }
}

/// Why a trunk cannot be set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrunkError {
    /// Credentials without a realm would be given to anybody who asks in the carrier's place.
    NoRealm,
}

impl fmt::Display for TrunkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the credentials of a trunk need a realm")
    }
}

impl std::error::Error for TrunkError {}

/// Names one request of a trunk until it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TrunkRequest(pub u64);

/// What goes in.
#[derive(Debug)]
pub enum TrunkInput<'a> {
    /// The outcome of [`TrunkOutput::Resolve`].
    Resolved(Result<Vec<Target>, ResolveError>),
    /// The final response to a request, after credentials were given if asked for. `None`: no answer in time, or the
    /// way failed. Each [`TrunkOutput::Send`] leads to exactly one.
    Response {
        /// Which request.
        request: TrunkRequest,
        /// The response.
        response: Option<&'a Response>,
    },
    /// A call over this target found somebody, or nobody.
    Call {
        /// The target.
        target: &'a Target,
        /// What it met.
        met: Met,
    },
    /// Give the registration up: the process ends. Nothing else is sent any more.
    Stop,
    /// The time named by `wake_at` came.
    Deadline,
}

/// What a call met at a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Met {
    /// A response of any kind but 503.
    Somebody,
    /// No response, 503, or a way that failed.
    Nobody,
}

/// What comes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrunkOutput {
    /// Resolve the trunk's address.
    Resolve(Uri),
    /// Send this and tell how it ended.
    Send {
        /// Its name.
        request: TrunkRequest,
        /// The request.
        outgoing: Box<OutgoingRequest>,
    },
    /// Its state is another one now.
    State(TrunkState),
    /// These are its targets now: what may come in by [`crate::Gate::set_peers`].
    Targets(Vec<Target>),
}

/// How a trunk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrunkState {
    /// Whether a call has somewhere to go.
    pub reach: Reach,
    /// Whether the carrier knows us.
    pub registration: Registration,
}

/// Whether a trunk has a living target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Not known yet.
    Unknown,
    /// At least one.
    Up,
    /// None.
    Down,
}

/// Whether the carrier knows us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registration {
    /// We do not register.
    NotNeeded,
    /// Not yet.
    Pending,
    /// Yes.
    Registered,
    /// No: the status of its refusal, or none if it did not answer. It is tried again.
    Failed(Option<u16>),
}

/// A trunk.
pub struct Trunk {
    config: TrunkConfig,
    ways: Vec<Way>,
    next_resolve: Option<Instant>,
    has_resolved: bool,
    registering: Option<Registering>,
    waiting: BTreeMap<TrunkRequest, Purpose>,
    next_request: u64,
    dice: Tokens,
    told: TrunkState,
    is_stopped: bool,
    /// Filled by one input, drained before the next: a few for each target.
    outputs: VecDeque<TrunkOutput>,
}

/// One target and what is known of it.
struct Way {
    target: Target,
    /// Whether somebody was ever met there.
    has_lived: bool,
    failures: u32,
    /// When it is to be asked. `None` while it is.
    next_probe: Option<Instant>,
}

enum Purpose {
    Probe(Target),
    Register(Target),
}

impl TrunkConfig {
    /// A trunk that does not register, with the usual times.
    pub fn new(name: &str, tenant: &str, uri: Uri, identity: NameAddr) -> Self {
        Self {
            name: name.into(),
            tenant: tenant.into(),
            uri,
            identity,
            credentials: None,
            mode: TrunkMode::Static,
            probe: Some(Probe::default()),
            resolve_every: Duration::from_secs(300),
            seed: 0,
        }
    }
}

impl Trunk {
    /// A trunk that begins by resolving its address: call `handle(Deadline)` at once.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub fn new(now: Instant, mut config: TrunkConfig) -> Result<Self, TrunkError> {
        if config
            .credentials
            .as_ref()
            .is_some_and(|credentials| credentials.realm.is_none())
        {
            return Err(TrunkError::NoRealm);
        }
        if let Some(probe) = &mut config.probe {
            probe.every = probe.every.max(Duration::from_secs(5));
            probe.down_after = probe.down_after.max(1);
        }
        config.resolve_every = config.resolve_every.max(RESOLVE_AGAIN);
        let registering = match config.mode {
            TrunkMode::Static => None,
            TrunkMode::Registering { expires, .. } => Some(Registering::new(expires)),
        };
        let registration = match registering {
            None => Registration::NotNeeded,
            Some(_) => Registration::Pending,
        };
        Ok(Self {
            dice: Tokens::new(config.seed),
            config,
            ways: Vec::new(),
            next_resolve: Some(now),
            has_resolved: false,
            registering,
            waiting: BTreeMap::new(),
            next_request: 1,
            told: TrunkState {
                reach: Reach::Unknown,
                registration,
            },
            is_stopped: false,
            outputs: VecDeque::new(),
        })
    }

    /// Its setup.
    pub fn config(&self) -> &TrunkConfig {
        &self.config
    }

    /// How it is.
    pub fn state(&self) -> TrunkState {
        self.told
    }

    /// The targets a call should try, in order: the one that knows us, then the living ones, and at the end those that
    /// seem down, which may be a mistake of ours.
    pub fn pick(&self) -> Vec<Target> {
        let home = self.registering.as_ref().and_then(Registering::home);
        let mut ways: Vec<_> = self.ways.iter().collect();
        // Stable: what is equal stays in the order of RFC 3263.
        ways.sort_by_key(|way| (self.is_down(way), Some(&way.target) != home));
        ways.into_iter().map(|way| way.target.clone()).collect()
    }

    /// Takes one input.
    pub fn handle(&mut self, now: Instant, input: TrunkInput<'_>) {
        match input {
            TrunkInput::Resolved(outcome) => self.resolved(now, outcome),
            TrunkInput::Response { request, response } => match self.waiting.remove(&request) {
                Some(Purpose::Probe(target)) => {
                    let met = met(response);
                    self.met(&target, met);
                    self.probe_later(now, &target);
                }
                Some(Purpose::Register(target)) => {
                    self.met(&target, met(response));
                    self.register_answered(now, target, response);
                }
                None => {}
            },
            TrunkInput::Call { target, met } => self.met(target, met),
            TrunkInput::Stop => self.stop(),
            TrunkInput::Deadline => {}
        }
        if !self.is_stopped {
            self.act(now);
            self.tell();
        }
    }

    /// The next output. Drain after every `handle`.
    pub fn poll(&mut self) -> Option<TrunkOutput> {
        self.outputs.pop_front()
    }

    /// When `handle(Deadline)` is due. `None`: not before the next input.
    pub fn wake_at(&self) -> Option<Instant> {
        if self.is_stopped {
            return None;
        }
        let probes = self.ways.iter().filter_map(|way| way.next_probe);
        let registration = self.registering.as_ref().and_then(Registering::wake_at);
        let register = registration.filter(|_| !self.ways.is_empty());
        probes.chain(self.next_resolve).chain(register).min()
    }

    /// Does what is due.
    fn act(&mut self, now: Instant) {
        if self.next_resolve.is_some_and(|at| at <= now) {
            self.next_resolve = None;
            self.outputs.push_back(TrunkOutput::Resolve(self.config.uri.clone()));
        }
        let is_due = |way: &&Way| way.next_probe.is_some_and(|at| at <= now);
        let due: Vec<_> = self.ways.iter().filter(is_due).map(|way| way.target.clone()).collect();
        for target in due {
            if let Some(way) = self.way(&target) {
                way.next_probe = None;
            }
            self.send(Method::Options, Purpose::Probe(target), Vec::new());
        }
        self.register_if_due(now);
    }

    fn resolved(&mut self, now: Instant, outcome: Result<Vec<Target>, ResolveError>) {
        self.has_resolved = true;
        let Ok(mut targets) = outcome else {
            // What was known before may still be right.
            self.next_resolve = Some(now + RESOLVE_AGAIN);
            return;
        };
        self.next_resolve = Some(now + self.config.resolve_every);
        targets.truncate(RESOLVE_TARGETS);
        let is_same = self.ways.iter().map(|way| &way.target).eq(&targets);
        if is_same {
            return;
        }
        let mut before = std::mem::take(&mut self.ways);
        let probe_at = self.config.probe.map(|_| now);
        for target in &targets {
            let known = before.iter().position(|way| way.target == *target);
            let new = || Way {
                target: target.clone(),
                has_lived: false,
                failures: 0,
                next_probe: probe_at,
            };
            self.ways.push(known.map_or_else(new, |at| before.swap_remove(at)));
        }
        self.outputs.push_back(TrunkOutput::Targets(targets));
    }

    /// Notes what somebody met at a target. A request that went to a target we no longer have says nothing.
    fn met(&mut self, target: &Target, met: Met) {
        let Some(way) = self.way(target) else { return };
        way.has_lived |= met == Met::Somebody;
        way.failures = match met {
            Met::Somebody => 0,
            Met::Nobody => way.failures.saturating_add(1),
        };
        // A registrar that is down knows us no more: find another.
        let target = target.clone();
        let is_down = self.ways.iter().any(|way| way.target == target && self.is_down(way));
        if let Some(registering) = self.registering.as_mut().filter(|_| is_down) {
            registering.target_is_down(&target);
        }
    }

    fn probe_later(&mut self, now: Instant, target: &Target) {
        let Some(probe) = self.config.probe else { return };
        let spread = self.spread(probe.every);
        if let Some(way) = self.way(target) {
            way.next_probe = Some(now + spread);
        }
    }

    /// 90 to 100 % of a time.
    fn spread(&mut self, time: Duration) -> Duration {
        time - time / 1000 * (self.dice.number() % 101) as u32
    }

    fn is_down(&self, way: &Way) -> bool {
        self.config.probe.is_some_and(|probe| way.failures >= probe.down_after)
    }

    fn way(&mut self, target: &Target) -> Option<&mut Way> {
        self.ways.iter_mut().find(|way| way.target == *target)
    }

    fn send(&mut self, method: Method, purpose: Purpose, headers: Vec<(String, String)>) {
        let request = TrunkRequest(self.next_request);
        self.next_request += 1;
        let (target, to) = match &purpose {
            Purpose::Probe(target) => (target.clone(), None),
            Purpose::Register(target) => (target.clone(), Some(self.config.identity.clone())),
        };
        let outgoing = OutgoingRequest {
            method,
            uri: self.config.uri.clone(),
            target,
            from: self.config.identity.clone(),
            to,
            headers,
            body: Vec::new(),
            credentials: self.config.credentials.clone(),
            routes: Vec::new(),
        };
        self.waiting.insert(request, purpose);
        self.outputs.push_back(TrunkOutput::Send {
            request,
            outgoing: Box::new(outgoing),
        });
    }

    /// Tells the state if it is another than the one told last.
    fn tell(&mut self) {
        let lives = |way: &Way| !self.is_down(way) && (way.has_lived || self.config.probe.is_none());
        let reach = if self.ways.iter().any(lives) {
            Reach::Up
        } else if self.has_resolved && self.ways.iter().all(|way| self.is_down(way)) {
            Reach::Down
        } else {
            Reach::Unknown
        };
        let registration = self
            .registering
            .as_ref()
            .map_or(Registration::NotNeeded, Registering::state);
        let state = TrunkState { reach, registration };
        if state != self.told {
            self.told = state;
            self.outputs.push_back(TrunkOutput::State(state));
        }
    }
}

/// Silence and 503 are nobody (RFC 3263 4.3); 408 is what a proxy makes of silence.
fn met(response: Option<&Response>) -> Met {
    match response.map(|response| response.status) {
        None | Some(408 | 503) => Met::Nobody,
        Some(_) => Met::Somebody,
    }
}

impl fmt::Debug for TrunkConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrunkConfig({})", self.name)
    }
}

impl fmt::Debug for Trunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Trunk({}, {:?})", self.config.name, self.told)
    }
}

#[cfg(test)]
mod tests;
