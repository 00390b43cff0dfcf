//! Where an address can be reached: asks name servers what the pure machine of RFC 3263 ([`Resolution`]) wants to know, on an
//! async runtime of its own thread, and gives the places to the shard that asked. Answers are remembered as long as they
//! hold. Not here: which questions, and which place is tried first.

use crate::async_thread::{self, AsyncThread};
use crate::figures::Figure;
use crate::orders::until_taken;
use crate::shard_threads::Inbox;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolverConfig};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use patchcord_sip::{Answer, DnsCache, Naptr, Question, Resolution, ResolveOptions, ResolveStep, Srv, Target, Uri};
use patchcord_switch::Query;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, mpsc};

/// Addresses that may wait to be looked up. One more is answered at once with no place, and counted.
const WAITING: usize = 1_024;
/// Addresses looked up at the same time; others wait.
const AT_ONCE: usize = 256;
/// How long one server may take for one answer.
const ANSWER_TIME: Duration = Duration::from_secs(2);
/// How often a server is asked that does not answer.
const ATTEMPTS: usize = 2;
/// How long all questions about one address may take together. Places found until then count.
const ADDRESS_TIME: Duration = Duration::from_secs(10);
/// How long it is believed that there is nothing if the server does not say.
const NOTHING_S: u32 = 30;

/// What is counted about names.
#[derive(Debug, Default)]
pub(crate) struct DnsFigures {
    /// Addresses looked up.
    pub(crate) lookups: Figure,
    /// Of these, without a place.
    pub(crate) nowhere: Figure,
    /// Questions sent to name servers.
    pub(crate) questions: Figure,
    /// Of these, without an answer.
    pub(crate) failures: Figure,
    /// Addresses not looked up because too many waited.
    pub(crate) dropped: Figure,
}

/// An address to look up for a shard.
pub(crate) struct LookUp {
    pub(crate) shard: usize,
    pub(crate) query: Query,
    pub(crate) uri: Uri,
}

/// The way from the shards to the names.
#[derive(Clone)]
pub(crate) struct DnsQueue {
    orders: mpsc::Sender<LookUp>,
    figures: Arc<DnsFigures>,
}

/// What became of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    Yes,
    /// There will be no answer: take it as nowhere.
    Dropped,
}

impl DnsQueue {
    /// Asks, or says that there is no room. Never waits.
    pub(crate) fn ask(&self, look_up: LookUp) -> Asked {
        match self.orders.try_send(look_up) {
            Ok(()) => Asked::Yes,
            Err(_) => {
                self.figures.dropped.one();
                Asked::Dropped
            }
        }
    }
}

/// How names are looked up.
#[derive(Debug, Clone)]
pub(crate) struct DnsSetup {
    /// Whom to ask; none: whom the system asks.
    pub(crate) server: Option<SocketAddr>,
    /// What is spoken here and which addresses are of use; the seed is where the draws begin.
    pub(crate) options: ResolveOptions,
}

/// Starts looking up.
pub(crate) fn start(
    setup: DnsSetup,
    inboxes: Vec<Inbox>,
    figures: Arc<DnsFigures>,
) -> io::Result<(AsyncThread, DnsQueue)> {
    let (orders, waiting) = mpsc::channel(WAITING);
    let desk = Arc::new(Desk {
        resolver: resolver(setup.server),
        options: setup.options,
        cache: Mutex::default(),
        inboxes,
        figures: figures.clone(),
        at_once: Arc::new(Semaphore::new(AT_ONCE)),
    });
    let thread = async_thread::start("dns", work(desk, waiting))?;
    Ok((thread, DnsQueue { orders, figures }))
}

struct Desk {
    /// None if the system names no server: then only addresses that are numbers lead anywhere.
    resolver: Option<TokioResolver>,
    options: ResolveOptions,
    cache: Mutex<DnsCache>,
    inboxes: Vec<Inbox>,
    figures: Arc<DnsFigures>,
    at_once: Arc<Semaphore>,
}

async fn work(desk: Arc<Desk>, mut waiting: mpsc::Receiver<LookUp>) {
    let mut draw = desk.options.seed;
    while let Some(look_up) = waiting.recv().await {
        let place = desk.at_once.clone().acquire_owned().await;
        draw = draw.wrapping_add(1);
        let (desk, seed) = (desk.clone(), draw);
        tokio::spawn(async move {
            let targets = desk.look_up(&look_up.uri, seed).await;
            desk.figures.lookups.one();
            if targets.is_empty() {
                desk.figures.nowhere.one();
            }
            drop(place);
            desk.tell(&look_up, &targets).await;
        });
    }
}

impl Desk {
    async fn look_up(&self, uri: &Uri, seed: u64) -> Vec<Target> {
        let options = ResolveOptions {
            seed,
            ..self.options.clone()
        };
        let Ok(mut resolution) = Resolution::new(uri, options) else {
            return Vec::new();
        };
        let until = tokio::time::Instant::now() + ADDRESS_TIME;
        loop {
            match self.next(&mut resolution) {
                ResolveStep::Done(found) => return found.unwrap_or_default(),
                ResolveStep::Ask(question) => {
                    let answered = tokio::time::timeout_at(until, self.ask(&question)).await;
                    let (answer, time_to_live) = answered.unwrap_or((Answer::Failed, Duration::ZERO));
                    self.figures.questions.one();
                    if answer == Answer::Failed {
                        self.figures.failures.one();
                    }
                    let now = Instant::now();
                    self.cache.lock().unwrap_or_else(PoisonError::into_inner).put(
                        now,
                        question,
                        answer.clone(),
                        time_to_live,
                    );
                    resolution.answer(answer);
                }
            }
        }
    }

    fn next(&self, resolution: &mut Resolution) -> ResolveStep {
        let cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        resolution.advance(Instant::now(), &cache)
    }

    /// The answer of a name server and how long it holds.
    async fn ask(&self, question: &Question) -> (Answer, Duration) {
        let Some(resolver) = &self.resolver else {
            return (Answer::Failed, Duration::ZERO);
        };
        let found = match question {
            Question::Naptr(name) => records(resolver, name, RecordType::NAPTR).await.map(naptr),
            Question::Srv(name) => records(resolver, name, RecordType::SRV).await.map(srv),
            Question::Host(name) => resolver.lookup_ip(&**name).await.map(|found| {
                let mut ips: Vec<_> = found.iter().collect();
                // Each family in the order of its server, IPv4 first: it is what phones can reach most often.
                ips.sort_by_key(|ip| ip.is_ipv6());
                (Answer::Host(ips), found.valid_until())
            }),
        };
        match found {
            Ok((answer, until)) => (answer, until.saturating_duration_since(Instant::now())),
            Err(NetError::Dns(DnsError::NoRecordsFound(nothing))) => {
                let seconds = nothing.negative_ttl.unwrap_or(NOTHING_S);
                (Answer::Nothing, Duration::from_secs(seconds.into()))
            }
            Err(_) => (Answer::Failed, Duration::ZERO),
        }
    }

    /// The shard waits for it, so it is never dropped: a busy shard gets it later.
    async fn tell(&self, look_up: &LookUp, targets: &[Target]) {
        let inbox = &self.inboxes[look_up.shard];
        until_taken(|| inbox.resolved(look_up.query, targets)).await;
    }
}

async fn records(resolver: &TokioResolver, name: &str, kind: RecordType) -> Result<Lookup, NetError> {
    // With its final dot: records of services are not looked for in the domains this machine prefers.
    let name = Name::from_ascii(format!("{name}.")).map_err(NetError::from)?;
    resolver.lookup(name, kind).await
}

fn naptr(found: Lookup) -> (Answer, Instant) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let records = found.answers().iter().filter_map(|record| match &record.data {
        RData::NAPTR(naptr) => Some(Naptr {
            order: naptr.order,
            preference: naptr.preference,
            flags: text(&naptr.flags),
            service: text(&naptr.services),
            replacement: naptr.replacement.to_ascii(),
        }),
        _ => None,
    });
    (Answer::Naptr(records.collect()), found.valid_until())
}

fn srv(found: Lookup) -> (Answer, Instant) {
    let records = found.answers().iter().filter_map(|record| match &record.data {
        RData::SRV(srv) => Some(Srv {
            priority: srv.priority,
            weight: srv.weight,
            port: srv.port,
            host: srv.target.to_ascii(),
        }),
        _ => None,
    });
    (Answer::Srv(records.collect()), found.valid_until())
}

/// Asks this server, or those of the system.
pub(crate) fn resolver(server: Option<SocketAddr>) -> Option<TokioResolver> {
    let mut builder = match server {
        Some(server) => {
            let at_port = |mut connection: ConnectionConfig| {
                connection.port = server.port();
                connection
            };
            let ways = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(at_port);
            let server = NameServerConfig::new(server.ip(), true, ways.into());
            let config = ResolverConfig::from_name_servers(vec![server]);
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        }
        None => match TokioResolver::builder_tokio() {
            Ok(builder) => builder,
            Err(error) => {
                tracing::warn!(%error, "the system names no name server: only addresses that are numbers can be called; name one in [dns] server");
                return None;
            }
        },
    };
    let options = builder.options_mut();
    options.timeout = ANSWER_TIME;
    options.attempts = ATTEMPTS;
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    // Ours remembers what nobody answered too, and has an end.
    options.cache_size = 0;
    match builder.build() {
        Ok(resolver) => Some(resolver),
        Err(error) => {
            tracing::warn!(%error, "names cannot be looked up: only addresses that are numbers can be called");
            None
        }
    }
}

#[cfg(test)]
mod tests;
