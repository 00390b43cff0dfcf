//! Who may come in: each request that belongs to no transaction and no dialog is judged before anything is kept of it.
//! Trusted peers, registered and authenticated users are admitted; strangers are dropped without an answer, unless
//! configured otherwise. Known and unknown users are answered alike. RFC 3261 22, 26.3.2. Not the limits of a trunk or a
//! tenant: those are the call control's.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use crate::digest::{Authenticator, DigestFailure, Freshness};
use crate::flow::{Flow, Transport};
use crate::limits::SMALLEST_CHALLENGED;
use crate::message::Request;
use crate::method::Method;
use crate::outside::{Origin, Reply};
use crate::proven::Proven;
use crate::registrar::{Full, Location, LocationChange, address_of_record};
use crate::uri::Uri;

mod config;
mod meter;
mod node;

pub use config::{CallsOfRegistered, GateConfig, GateError, Rate, Strangers, TrustedPeer, User};

pub(crate) use node::of_a_node;

use config::{Index, check_peers, index, is_within};
use meter::{Deadlines, Meter};

/// What is to happen to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No answer, nothing kept.
    Drop,
    /// Answer without keeping anything: the sender has to show who it is.
    Challenge(Reply),
    /// Answer without keeping anything.
    Refuse(Reply),
    /// Let it in.
    Admit(Origin),
}

/// What a gate did so far. Counted by request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GateCounters {
    /// Let in.
    pub admitted: u64,
    /// Asked for credentials.
    pub challenged: u64,
    /// Refused with an answer.
    pub refused: u64,
    /// Dropped: a stranger.
    pub dropped_strangers: u64,
    /// Dropped: too many requests of one address.
    pub dropped_floods: u64,
    /// Dropped: an address locked out.
    pub dropped_locked: u64,
    /// Wrong secrets or users, by addresses that received our challenge.
    pub wrong_secrets: u64,
    /// Lockouts begun.
    pub lockouts: u64,
}

/// Aliases of domains, to be found however they are written.
fn lower(aliases: &[(String, String)]) -> BTreeMap<String, String> {
    let lower = |(name, domain): &(String, String)| (name.to_ascii_lowercase(), domain.to_ascii_lowercase());
    aliases.iter().map(lower).collect()
}

/// The judge at the door of one shard, with its mirror of the registrations.
pub struct Gate {
    config: GateConfig,
    index: Index,
    aliases: BTreeMap<String, String>,
    authenticator: Authenticator,
    location: Location,
    requests: Meter,
    failures: Meter,
    locked: Deadlines,
    counters: GateCounters,
}

impl Gate {
    /// A gate that has seen nobody yet. `key` is random and not another shard's (see [`Authenticator`]).
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub fn new(now: Instant, config: GateConfig, key: [u8; 32]) -> Result<Self, GateError> {
        let index = index(&config.users)?;
        check_peers(&config.peers)?;
        Ok(Self {
            index,
            aliases: lower(&config.aliases),
            authenticator: Authenticator::new(now, config.authentication.clone(), key),
            location: Location::new(config.bindings),
            requests: Meter::new(config.requests),
            failures: Meter::new(config.failures),
            locked: Deadlines::default(),
            counters: GateCounters::default(),
            config,
        })
    }

    /// Replaces the trusted peers of one trunk, as its names resolve to now.
    ///
    /// # Errors
    /// Too many, or a bad prefix; the old ones stay.
    pub fn set_peers(&mut self, trunk: &str, peers: Vec<TrustedPeer>) -> Result<(), GateError> {
        let others = self.config.peers.iter().filter(|peer| &*peer.trunk != trunk);
        let all: Vec<_> = others.cloned().chain(peers).collect();
        check_peers(&all)?;
        self.config.peers = all;
        Ok(())
    }

    /// Takes over who may come in: users, aliases, peers, and what happens to the others. Rates, challenges and lockouts stay as they
    /// are. Bindings of users that are gone stay until they expire, and let nobody in.
    ///
    /// # Errors
    /// What is wrong with it; all stays as it was.
    pub fn renew(&mut self, config: &GateConfig) -> Result<(), GateError> {
        let users = index(&config.users)?;
        check_peers(&config.peers)?;
        self.index = users;
        self.aliases = lower(&config.aliases);
        let ours = &mut self.config;
        ours.users.clone_from(&config.users);
        ours.aliases.clone_from(&config.aliases);
        ours.peers.clone_from(&config.peers);
        (ours.strangers, ours.calls_of_registered) = (config.strangers, config.calls_of_registered);
        Ok(())
    }

    /// Takes over a change of the registrations.
    ///
    /// # Errors
    /// The mirror is full; it stays as it was.
    pub fn apply(&mut self, change: LocationChange) -> Result<(), Full> {
        self.location.apply(change)
    }

    /// The mirror of the registrations.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// What happened so far.
    pub fn counters(&self) -> GateCounters {
        self.counters
    }

    /// Whether a source may hear anything from us without being judged: that its request is malformed, or belongs to
    /// nothing we have. Strangers that are dropped may not.
    pub fn answers(&self, flow: Flow) -> bool {
        let is_known = |ip| self.trunk_of(flow).is_some() || self.location.knows_source(ip);
        let is_stranger = flow.transport != Transport::Node && !is_known(flow.peer.ip());
        !is_stranger || self.config.strangers != Strangers::Drop
    }

    /// Judges a request of a client that has proved who it is. Its connection is the proof, so neither addresses nor digests count.
    pub fn judge_proven(&mut self, now: Instant, proven: &Arc<Proven>, request: &Request) -> Verdict {
        let verdict = proven.judge(now, request);
        self.count(&verdict);
        verdict
    }

    /// Judges a request that belongs to no transaction and no dialog.
    pub fn judge(&mut self, now: Instant, flow: Flow, request: &Request) -> Verdict {
        self.location.expire(now);
        let trunk = self.trunk_of(flow);
        let ip = flow.peer.ip();
        if trunk.is_none() {
            if self.locked.is_after(now, ip) {
                self.counters.dropped_locked += 1;
                return Verdict::Drop;
            }
            if !self.requests.take(now, ip) {
                self.counters.dropped_floods += 1;
                return Verdict::Drop;
            }
        }
        let verdict = match (&request.method, trunk) {
            (Method::Ack, _) => Verdict::Drop,
            (Method::Register, trunk) => self.registration(now, flow, request, trunk.is_some()),
            (_, Some(trunk)) => Verdict::Admit(Origin::Trunk(trunk)),
            (_, None) => self.other(now, flow, request),
        };
        self.count(&verdict);
        verdict
    }

    fn count(&mut self, verdict: &Verdict) {
        let counter = match verdict {
            Verdict::Drop => &mut self.counters.dropped_strangers,
            Verdict::Challenge(_) => &mut self.counters.challenged,
            Verdict::Refuse(_) => &mut self.counters.refused,
            Verdict::Admit(_) => &mut self.counters.admitted,
        };
        *counter += 1;
    }

    fn trunk_of(&self, flow: Flow) -> Option<Arc<str>> {
        let ip = flow.peer.ip();
        let fits = |peer: &&TrustedPeer| {
            let port = peer.port.filter(|_| flow.transport == Transport::Udp);
            peer.transport.is_none_or(|transport| transport == flow.transport)
                && port.is_none_or(|port| port == flow.peer.port())
                && is_within(ip, peer.network, peer.prefix)
        };
        self.config.peers.iter().find(fits).map(|peer| peer.trunk.clone())
    }

    /// REGISTER: always authenticated, and only for one's own address. Nobody is here for domains that are not ours.
    fn registration(&mut self, now: Instant, flow: Flow, request: &Request, trusted: bool) -> Verdict {
        let known = trusted || self.location.knows_source(flow.peer.ip());
        let to = request.to().ok().map(|to| to.uri);
        let Some((to, domain)) = to.and_then(|to| Some((self.canonical(&to), self.domain_of(&to)?))) else {
            return self.unwelcome(known);
        };
        match self.authenticate(now, flow, request, &domain) {
            Ok(user) if to.as_deref() == Some(&*user.aor) => Verdict::Admit(origin(&user)),
            Ok(_) => Verdict::Refuse(Reply::new(403)),
            Err(failure) => self.challenge(now, flow, request, failure),
        }
    }

    /// Anything but REGISTER from no trusted peer.
    fn other(&mut self, now: Instant, flow: Flow, request: &Request) -> Verdict {
        let known = self.location.knows_source(flow.peer.ip());
        let belongs_to_nothing =
            request.tag_of_to().is_some() || matches!(request.method, Method::Cancel | Method::Bye | Method::Prack);
        if belongs_to_nothing {
            return match known || self.config.strangers != Strangers::Drop {
                true => Verdict::Admit(Origin::Anyone),
                false => Verdict::Drop,
            };
        }
        let from = request.from().ok().map(|from| from.uri);
        // A phone that hides its number names no domain of ours in From.
        let called = || self.domain_of(&request.uri).filter(|_| known);
        let domain = from.as_ref().and_then(|from| self.domain_of(from)).or_else(called);
        let claims = from.as_ref().and_then(|from| self.canonical(from));
        let registered = claims.as_ref().and_then(|aor| self.registered_here(now, flow, aor));
        let trusted = match self.config.calls_of_registered {
            CallsOfRegistered::Challenge => false,
            CallsOfRegistered::TrustStreams => flow.transport.is_reliable(),
            CallsOfRegistered::TrustFlows => true,
        };
        match registered {
            Some(user) if trusted || request.method == Method::Options => return Verdict::Admit(origin(&user)),
            None if known && request.method == Method::Options => return Verdict::Admit(Origin::Anyone),
            _ => {}
        }
        let is_user = |aor: &String| self.index.addresses.contains_key(aor.as_str());
        let is_nobody = !claims.as_ref().is_some_and(is_user);
        let Some(domain) = domain.filter(|_| !(is_nobody && self.config.strangers == Strangers::Welcome)) else {
            return match self.config.strangers {
                Strangers::Accept | Strangers::Welcome => Verdict::Admit(Origin::Anyone),
                Strangers::Drop | Strangers::Refuse => self.unwelcome(known),
            };
        };
        match self.authenticate(now, flow, request, &domain) {
            Ok(user) => Verdict::Admit(origin(&user)),
            Err(failure) if known || self.config.strangers != Strangers::Drop => {
                self.challenge(now, flow, request, failure)
            }
            Err(_) => Verdict::Drop,
        }
    }

    /// The user with this address, if it is registered over this very flow.
    fn registered_here(&self, now: Instant, flow: Flow, aor: &str) -> Option<User> {
        let user = &self.config.users[*self.index.addresses.get(aor)?];
        let here = self.location.is_on_flow(now, flow, &user.tenant, aor);
        here.then(|| user.clone())
    }

    /// Checks who it is. Wrong secrets are counted against the address, which is not forged: it received our nonce.
    fn authenticate(
        &mut self,
        now: Instant,
        flow: Flow,
        request: &Request,
        domain: &str,
    ) -> Result<User, DigestFailure> {
        let ip = flow.peer.ip();
        let (users, config) = (self.index.names.get(domain), &self.config);
        let find = |name: &str| {
            let name = name
                .strip_suffix(domain)
                .and_then(|rest| rest.strip_suffix('@'))
                .unwrap_or(name);
            users.and_then(|users| users.get(name)).map(|at| &config.users[*at])
        };
        let secret_of = |name: &str| find(name).map(|user| &user.secret);
        match self.authenticator.verify(now, ip, request, secret_of) {
            Ok(name) => find(&name).cloned().ok_or(DigestFailure::Wrong),
            Err(failure) => {
                if failure == DigestFailure::Wrong {
                    self.counters.wrong_secrets += 1;
                    if !self.failures.take(now, ip) && !self.locked.is_after(now, ip) {
                        self.counters.lockouts += 1;
                        self.locked.set(now, ip, now + self.config.lockout);
                    }
                }
                Err(failure)
            }
        }
    }

    /// Asks for credentials. A locked-out source hears nothing, and neither does a datagram so small that the answer
    /// would be worth sending to a forged address.
    fn challenge(&mut self, now: Instant, flow: Flow, request: &Request, failure: DigestFailure) -> Verdict {
        let ip = flow.peer.ip();
        let size = request.headers.buffer().len() + request.body.len();
        let is_small = flow.transport == Transport::Udp && size < SMALLEST_CHALLENGED;
        if is_small || self.locked.is_after(now, ip) {
            return Verdict::Drop;
        }
        let freshness = match failure {
            DigestFailure::Stale => Freshness::Stale,
            DigestFailure::Missing | DigestFailure::Wrong | DigestFailure::Malformed => Freshness::First,
        };
        let values = self.authenticator.challenge(now, ip, freshness);
        let ask = |reply: Reply, value| reply.with("WWW-Authenticate", value);
        Verdict::Challenge(values.into_iter().fold(Reply::new(401), ask))
    }

    /// What somebody gets whom nothing here is for.
    fn unwelcome(&self, known: bool) -> Verdict {
        match known || self.config.strangers != Strangers::Drop {
            true => Verdict::Refuse(Reply::new(403)),
            false => Verdict::Drop,
        }
    }

    /// The domain of ours that an address is in.
    fn domain_of(&self, uri: &Uri) -> Option<String> {
        let host = uri.host().to_ascii_lowercase();
        let domain = self.aliases.get(&host).cloned().unwrap_or(host);
        self.index.names.contains_key(&domain).then_some(domain)
    }

    /// The address of record an address means, in a domain of ours.
    fn canonical(&self, uri: &Uri) -> Option<String> {
        let aor = address_of_record(uri)?;
        let (user, _) = aor.rsplit_once('@')?;
        Some(format!("{user}@{}", self.domain_of(uri)?))
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gate({:?}, {:?})", self.location, self.counters)
    }
}

fn origin(user: &User) -> Origin {
    Origin::User {
        aor: user.aor.clone(),
        tenant: user.tenant.clone(),
    }
}

#[cfg(test)]
mod tests;
