//! From an address to the places to try, in order: RFC 3263 by questions and answers, with NAPTR, SRV (RFC 2782) and both
//! families of addresses. Sends no query itself and knows no time; [`DnsCache`] remembers answers. Not for WebSocket,
//! whose clients come to us: they are reached over the flow they registered on.

use std::cmp::Reverse;
use std::collections::VecDeque;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use crate::flow::{Flow, Target, Transport};
use crate::limits::{DNS_NAME_BYTES, RESOLVE_STEPS, RESOLVE_TARGETS};
use crate::token::Tokens;
use crate::uri::{Scheme, Uri, literal_ip};

mod cache;
mod records;

pub use cache::DnsCache;
pub use records::{Answer, Naptr, Question, Srv};

/// Which addresses can be reached from here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Families {
    /// IPv4 and IPv6.
    #[default]
    Both,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

/// How to resolve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolveOptions {
    /// What we speak, the preferred first. Default: UDP, TCP, TLS.
    pub transports: Vec<Transport>,
    /// Which addresses are of use.
    pub families: Families,
    /// Decides among SRV records of equal priority, by their weights.
    pub seed: u64,
}

impl Default for ResolveOptions {
    fn default() -> Self {
        Self {
            transports: vec![Transport::Udp, Transport::Tcp, Transport::Tls],
            families: Families::Both,
            seed: 0,
        }
    }
}

/// Why there is nowhere to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResolveError {
    /// Not a `sip:` or `sips:` address.
    Scheme,
    /// Its transport is none that we speak, or not one for its scheme.
    Transport,
    /// Its host is no name that could be asked for.
    Name,
    /// There is no such name, or no address of a family that is of use.
    NotFound,
    /// The domain says that it does not offer the service.
    NotOffered,
    /// Nobody answered the questions.
    NoAnswer,
}

impl fmt::Display for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => "not a sip or sips address",
            Self::Transport => "a transport that is not spoken here",
            Self::Name => "the host is not a name that can be asked for",
            Self::NotFound => "no usable address is known for the name",
            Self::NotOffered => "the domain does not offer the service",
            Self::NoAnswer => "the name servers did not answer",
        })
    }
}

impl std::error::Error for ResolveError {}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResolveStep {
    /// Find the answer and give it to [`Resolution::answer`].
    Ask(Question),
    /// The places to try, in order, at least one; or why there is none.
    Done(Result<Vec<Target>, ResolveError>),
}

/// One address being resolved: at most [`RESOLVE_STEPS`] questions, each asked once the one before is answered.
pub struct Resolution {
    domain: Arc<str>,
    options: ResolveOptions,
    dice: Tokens,
    /// What to ask, in order. Short: every answer adds a bounded number, and all are counted by `steps`.
    queue: VecDeque<Task>,
    /// Where the name itself is asked for if it has no SRV records.
    last_resort: Option<Task>,
    targets: Vec<Target>,
    steps: usize,
    failed: bool,
    not_offered: bool,
}

#[derive(Clone)]
struct Task {
    question: Question,
    transport: Transport,
    port: u16,
    /// SRV and NAPTR of `sips:` and of secure services lead to TLS only.
    secure: bool,
}

impl Resolution {
    /// Begins with an address.
    ///
    /// # Errors
    /// What makes it impossible to resolve.
    pub fn new(uri: &Uri, options: ResolveOptions) -> Result<Self, ResolveError> {
        let secure = match uri.scheme() {
            Scheme::Sip => false,
            Scheme::Sips => true,
            Scheme::Tel | Scheme::Urn | Scheme::Other => return Err(ResolveError::Scheme),
        };
        let transport = Transport::of_uri(uri).ok_or(ResolveError::Transport)?;
        let is_named = uri.param("transport").is_some();
        let host = uri.param("maddr").unwrap_or(uri.host());
        let domain: Arc<str> = uri.host().trim_matches(['[', ']']).to_ascii_lowercase().into();
        let mut resolution = Self {
            domain,
            dice: Tokens::new(options.seed),
            options,
            queue: VecDeque::new(),
            last_resort: None,
            targets: Vec::new(),
            steps: 0,
            failed: false,
            not_offered: false,
        };
        let port = uri.port();
        let to_host = |question| Task {
            question,
            transport,
            port: port.unwrap_or(transport.default_port()),
            secure,
        };
        if let Some(ip) = literal_ip(host) {
            resolution.check(transport)?;
            let (here, port) = (resolution.is_usable(ip), to_host(Question::Host("".into())).port);
            if here {
                resolution.reach(ip, port, transport);
            }
            return Ok(resolution);
        }
        let name = name(host).ok_or(ResolveError::Name)?;
        let host_task = to_host(Question::Host(name.clone()));
        if is_named || port.is_some() {
            resolution.check(transport)?;
        }
        if port.is_some() {
            resolution.queue.push_back(host_task);
        } else if is_named {
            let question = Question::Srv(srv_name(&name, transport));
            resolution.queue.push_back(to_host(question));
            resolution.last_resort = Some(host_task);
        } else {
            resolution.queue.push_back(to_host(Question::Naptr(name)));
            let spoken = resolution.check(transport).is_ok();
            resolution.last_resort = Some(host_task).filter(|_| spoken);
        }
        Ok(resolution)
    }

    /// The next question, or the end. The same until it is answered.
    pub fn step(&self) -> ResolveStep {
        match self.queue.front() {
            Some(task) => ResolveStep::Ask(task.question.clone()),
            None => ResolveStep::Done(self.outcome()),
        }
    }

    /// The next question that the cache cannot answer, or the end.
    pub fn advance(&mut self, now: Instant, cache: &DnsCache) -> ResolveStep {
        loop {
            let step = self.step();
            let known = match &step {
                ResolveStep::Ask(question) => cache.get(now, question),
                ResolveStep::Done(_) => None,
            };
            match known {
                Some(answer) => self.answer(answer.clone()),
                None => return step,
            }
        }
    }

    /// Takes the answer to the question of [`Resolution::step`].
    pub fn answer(&mut self, answer: Answer) {
        let Some(task) = self.queue.pop_front() else { return };
        self.steps += 1;
        self.failed |= answer == Answer::Failed;
        match (&task.question, answer) {
            (Question::Naptr(domain), Answer::Naptr(records)) => self.services(domain, &task, records),
            (Question::Naptr(domain), _) => self.usual_services(domain, task.secure),
            (Question::Srv(_), Answer::Srv(records)) => self.servers(&task, records),
            (Question::Host(_), Answer::Host(ips)) => {
                for ip in ips {
                    if self.is_usable(ip) && self.targets.len() < RESOLVE_TARGETS {
                        self.reach(ip, task.port, task.transport);
                    }
                }
            }
            (Question::Srv(_) | Question::Host(_), _) => {}
        }
        if self.steps >= RESOLVE_STEPS || self.targets.len() >= RESOLVE_TARGETS {
            self.queue.clear();
            self.last_resort = None;
        }
        if self.queue.is_empty() {
            self.queue.extend(self.last_resort.take());
        }
    }

    /// NAPTR records: the services we speak, in the domain's order (RFC 3263 4.1).
    fn services(&mut self, domain: &Arc<str>, task: &Task, mut records: Vec<Naptr>) {
        records.truncate(4 * RESOLVE_TARGETS);
        records.sort_by_key(|record| (record.order, record.preference));
        let mut found = Vec::new();
        for record in records {
            let transport = match record.service.to_ascii_uppercase().as_str() {
                "SIP+D2U" if !task.secure => Transport::Udp,
                "SIP+D2T" if !task.secure => Transport::Tcp,
                "SIPS+D2T" => Transport::Tls,
                _ => continue,
            };
            let Some(name) = name(&record.replacement) else {
                continue;
            };
            if record.flags.eq_ignore_ascii_case("s") && self.check(transport).is_ok() {
                found.push((name, transport));
            }
        }
        if found.is_empty() {
            return self.usual_services(domain, task.secure);
        }
        found.truncate(RESOLVE_TARGETS);
        for (name, transport) in found {
            self.ask_srv(name, transport, task.secure);
        }
    }

    /// Without NAPTR: SRV under the usual names, for each transport we speak.
    fn usual_services(&mut self, domain: &Arc<str>, secure: bool) {
        for transport in self.options.transports.clone() {
            let fits = if secure {
                transport == Transport::Tls
            } else {
                is_dialled(transport)
            };
            if fits {
                self.ask_srv(srv_name(domain, transport), transport, secure);
            }
        }
    }

    fn ask_srv(&mut self, name: Arc<str>, transport: Transport, secure: bool) {
        self.queue.push_back(Task {
            question: Question::Srv(name),
            transport,
            port: transport.default_port(),
            secure,
        });
    }

    /// SRV records: their hosts in the order of RFC 2782, before what else is to be asked.
    fn servers(&mut self, task: &Task, mut records: Vec<Srv>) {
        records.truncate(4 * RESOLVE_TARGETS);
        if records.is_empty() {
            return;
        }
        // The domain has spoken: its own address is no longer an alternative.
        self.last_resort = None;
        if let [only] = &records[..]
            && only.host == "."
        {
            self.not_offered = true;
            return;
        }
        let mut hosts = Vec::new();
        for record in by_weight(records, &mut self.dice) {
            let name = name(&record.host);
            hosts.extend(name.map(|name| (name, record.port)).filter(|(_, port)| *port != 0));
        }
        hosts.truncate(RESOLVE_TARGETS);
        for (name, port) in hosts.into_iter().rev() {
            self.queue.push_front(Task {
                question: Question::Host(name),
                port,
                ..task.clone()
            });
        }
    }

    fn reach(&mut self, ip: IpAddr, port: u16, transport: Transport) {
        let flow = Flow {
            transport,
            peer: SocketAddr::new(ip, port),
            connection: None,
        };
        // A certificate has to show the domain of the address, wherever its records lead (RFC 5922 4).
        let name = transport.is_secure().then(|| self.domain.clone());
        let target = Target { flow, name };
        if !self.targets.contains(&target) {
            self.targets.push(target);
        }
    }

    fn outcome(&self) -> Result<Vec<Target>, ResolveError> {
        match (self.targets.is_empty(), self.failed, self.not_offered) {
            (false, ..) => Ok(self.targets.clone()),
            (true, true, _) => Err(ResolveError::NoAnswer),
            (true, false, true) => Err(ResolveError::NotOffered),
            (true, false, false) => Err(ResolveError::NotFound),
        }
    }

    fn check(&self, transport: Transport) -> Result<(), ResolveError> {
        match is_dialled(transport) && self.options.transports.contains(&transport) {
            true => Ok(()),
            false => Err(ResolveError::Transport),
        }
    }

    /// Of a family we reach, and a place where somebody can be.
    fn is_usable(&self, ip: IpAddr) -> bool {
        let family = match self.options.families {
            Families::Both => true,
            Families::V4 => ip.is_ipv4(),
            Families::V6 => ip.is_ipv6(),
        };
        family && !ip.is_unspecified() && !ip.is_multicast()
    }
}

/// The places to try for one request, each at most once.
#[derive(Clone, Debug)]
pub struct Failover {
    left: VecDeque<Target>,
}

impl Failover {
    /// Begins with the first of these.
    pub fn new(targets: Vec<Target>) -> Self {
        Self { left: targets.into() }
    }

    /// Whether a final response makes it sensible to try the next place: none came in time or the way failed (`None`),
    /// or 503 (RFC 3263 4.3). Any other response is the answer.
    pub fn goes_on(status: Option<u16>) -> bool {
        matches!(status, None | Some(503))
    }
}

impl Iterator for Failover {
    type Item = Target;

    fn next(&mut self) -> Option<Target> {
        self.left.pop_front()
    }
}

/// Records in the order of trying: by priority, equal ones drawn by weight (RFC 2782).
fn by_weight(mut records: Vec<Srv>, dice: &mut Tokens) -> Vec<Srv> {
    // Those without weight stand first among equals, so that they are drawn rarely but not never.
    records.sort_by_key(|record| (Reverse(record.priority), record.weight));
    let mut ordered = Vec::with_capacity(records.len());
    while let Some(priority) = records.last().map(|record| record.priority) {
        let begin = records
            .iter()
            .position(|record| record.priority == priority)
            .unwrap_or(0);
        let sum: u64 = records[begin..].iter().map(|record| u64::from(record.weight)).sum();
        let drawn = dice.number() % (sum + 1);
        let mut running = 0;
        let at = records[begin..].iter().position(|record| {
            running += u64::from(record.weight);
            running >= drawn
        });
        ordered.push(records.remove(begin + at.unwrap_or(0)));
    }
    ordered
}

/// Whether we open ways of this kind ourselves.
fn is_dialled(transport: Transport) -> bool {
    matches!(transport, Transport::Udp | Transport::Tcp | Transport::Tls)
}

fn srv_name(domain: &str, transport: Transport) -> Arc<str> {
    let service = match transport {
        Transport::Udp => "_sip._udp",
        Transport::Tcp | Transport::Ws => "_sip._tcp",
        Transport::Tls | Transport::Wss | Transport::Node => "_sips._tcp",
    };
    format!("{service}.{domain}").into()
}

/// A name that can be asked for, in lower case without the final dot.
fn name(text: &str) -> Option<Arc<str>> {
    let text = text.strip_suffix('.').unwrap_or(text);
    let plain = |label: &str| {
        let letters = label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        letters && (1..=63).contains(&label.len())
    };
    (text.len() <= DNS_NAME_BYTES && text.split('.').all(plain)).then(|| text.to_ascii_lowercase().into())
}

impl fmt::Debug for Resolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Resolution({} targets, {} to ask)",
            self.targets.len(),
            self.queue.len()
        )
    }
}

#[cfg(test)]
mod tests;
