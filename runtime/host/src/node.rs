//! A node: the wiring of sockets and threads to shards and media engines, from start to drain. The only file that knows
//! all parts. Not here: the configuration file and signals of the system ([`crate::serve`](mod@crate::serve)).

use crate::figures::Figures;
use crate::http::{self, HttpThread, Sources};
use crate::layout::Layout;
use crate::media_threads::{self, MediaQueue, MediaThread, Seat};
use crate::net::{self, NetThread};
use crate::ports;
use crate::process;
use crate::records::{self, RecordQueue, RecordsThread, RecordsTo};
use crate::shard_threads::{self, Desk, Inbox, Order, ShardThread, WaysOut};
use crate::start_error::StartError;
use crate::ticker::Ticker;
use crate::watch::{Seen, Watchers};
use patchcord_control::call::Trace;
use patchcord_control::words::UnixTime;
use patchcord_guest::Runtime;
use patchcord_sip::sdp::Codec;
use patchcord_switch::Directory;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant, SystemTime};

/// How often a drain looks whether all calls are gone.
const DRAIN_LOOK: Duration = Duration::from_millis(20);
/// What a handler's clean-up may take beyond its limit until its record is written: the media report and the shard's turn.
const END_MARGIN: Duration = Duration::from_secs(1);
/// How long the far ends of calls that were just ended may take to confirm their BYE.
const GOODBYE: Duration = Duration::from_millis(500);
/// Dialogs a shard may hold for each call: a call has one, and keeps a place for one that is being refused.
const DIALOGS_PER_CALL: usize = 2;
/// Transactions for each call: INVITE and BYE, which linger for half a minute after it.
const TRANSACTIONS_PER_CALL: usize = 8;

/// The SIP part of a node.
#[derive(Debug, Clone)]
pub struct Sip {
    /// Where the socket is bound. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// The address that phones are told in Via and Contact; with port 0 or none, the bound port and address.
    pub advertise: Option<SocketAddr>,
}

/// The audio part of a node.
#[derive(Debug, Clone)]
pub struct Media {
    /// Ports for audio: each even one with the next is room for one call.
    pub ports: RangeInclusive<u16>,
    /// Where the sockets are bound.
    pub listen: IpAddr,
    /// The address that session descriptions name.
    pub advertise: IpAddr,
    /// Media threads wanted; never more than there are blocks of four port pairs.
    pub threads: usize,
    /// A caller that should send audio and sends none for so long is lost; none: wait for ever.
    pub timeout: Option<Duration>,
}

/// What a node is made from.
#[derive(Debug, Clone)]
pub struct NodeConfig {
    /// SIP.
    pub sip: Sip,
    /// Audio.
    pub media: Media,
    /// Where metrics and health are served; none: nowhere.
    pub http: Option<SocketAddr>,
    /// Where end records go.
    pub records: RecordsTo,
    /// Shards wanted: threads that run calls.
    pub shards: usize,
    /// Calls at the same time; one more is refused with 503.
    pub calls: usize,
    /// Limits of an instance.
    pub instance: patchcord_guest::Limits,
    /// Limits of a call.
    pub call: patchcord_control::limits::Limits,
    /// Whether turns are reported to watchers.
    pub trace: Trace,
}

impl NodeConfig {
    /// A node on this machine only, for development and tests: one shard, one media thread, records to watchers only.
    pub fn local(sip: SocketAddr, ports: RangeInclusive<u16>) -> Self {
        Self {
            sip: Sip {
                listen: sip,
                advertise: None,
            },
            media: Media {
                ports,
                listen: sip.ip(),
                advertise: sip.ip(),
                threads: 1,
                timeout: Some(Duration::from_secs(30)),
            },
            http: None,
            records: RecordsTo::Nowhere,
            shards: 1,
            calls: 100,
            instance: patchcord_guest::Limits::default(),
            call: patchcord_control::limits::Limits::default(),
            trace: Trace::On,
        }
    }

    /// How the wasm engine has to be sized for this node.
    pub fn runtime(&self) -> patchcord_guest::Config {
        patchcord_guest::Config {
            max_instances: u32::try_from(self.calls).unwrap_or(u32::MAX),
            memory_max: self.instance.memory_bytes,
            cpu_clock: Some(crate::programs::thread_cpu),
        }
    }
}

/// A running node. Dropping it ends all calls, waits shortly for their records, and joins every thread.
///
/// The order of the fields is the order in which threads end: who feeds a queue before who empties it.
pub struct Node {
    _net: NetThread,
    _shards: Vec<ShardThread>,
    _media: Vec<MediaThread>,
    _records: RecordsThread,
    _ticker: Ticker,
    _http: Option<HttpThread>,
    inboxes: Vec<Inbox>,
    figures: Arc<Figures>,
    watchers: Arc<Watchers>,
    runtime: Runtime,
    local_sip: SocketAddr,
    local_http: Option<SocketAddr>,
    /// How long calls may take to end once they are told to.
    end_wait: Duration,
}

/// Everything that is bound or opened before the first thread is started.
struct Ground {
    layout: Layout,
    sip: Arc<UdpSocket>,
    local_sip: SocketAddr,
    figures: Arc<Figures>,
    watchers: Arc<Watchers>,
}

/// The ways from thread to thread.
struct Queues {
    inboxes: Vec<Inbox>,
    media: Vec<MediaQueue>,
    records: RecordQueue,
}

impl Node {
    /// Starts a node. It refuses every call with 404 until [`Node::set_directory`] names handlers.
    ///
    /// # Errors
    /// The first thing that could not be had. Then everything begun before is undone.
    pub fn start(config: NodeConfig, runtime: Runtime) -> Result<Node, StartError> {
        let (ground, ports) = Ground::prepare(&config)?;
        let listener = config.http.map(http::bind).transpose()?;
        let local_http = listener.as_ref().and_then(|listener| listener.local_addr().ok());
        // From here on threads run. Each ends when its handle is dropped, the last one first, so an error further down
        // leaves nothing behind.
        let (records, record_queue) = records::start(&config.records, ground.figures.clone())?;
        let ticker = Ticker::start(runtime.clone())?;
        let (inboxes, outboxes): (Vec<_>, Vec<_>) = (0..ground.layout.shards).map(|_| Inbox::new()).unzip();
        let (media, commands): (Vec<_>, Vec<_>) = (0..ground.layout.media_threads).map(|_| MediaQueue::new()).unzip();
        let queues = Queues {
            inboxes: inboxes.clone(),
            media,
            records: record_queue,
        };
        let media = ground.media_threads(ports.pairs, commands, &queues)?;
        let desks = ground.desks(&config, ports.lent, outboxes, &queues)?;
        let shards = desks.into_iter().map(shard_threads::start).collect::<Result<_, _>>()?;
        let net = net::start(ground.sip.clone(), inboxes.clone(), ground.figures.clone())?;
        let sources = ground.sources();
        let http = listener.map(|listener| http::start(listener, sources)).transpose()?;
        Ok(Node {
            _net: net,
            _shards: shards,
            _media: media,
            _records: records,
            _ticker: ticker,
            _http: http,
            inboxes,
            figures: ground.figures,
            watchers: ground.watchers,
            runtime,
            local_sip: ground.local_sip,
            local_http,
            end_wait: config.call.clean_up + config.call.media_close + END_MARGIN,
        })
    }

    /// Routes and programs for every call from now on; running calls keep theirs.
    pub fn set_directory(&self, directory: Directory) {
        let directory = Arc::new(directory);
        for inbox in &self.inboxes {
            inbox.order(Order::Directory(directory.clone()));
        }
    }

    /// The wasm engine, to load modules with.
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// Where the SIP socket is bound.
    pub fn local_sip(&self) -> SocketAddr {
        self.local_sip
    }

    /// Where metrics and health are served.
    pub fn local_http(&self) -> Option<SocketAddr> {
        self.local_http
    }

    /// What happens from now on in all calls. One who reads too slowly loses events, see
    /// [`WATCH_QUEUE`](crate::WATCH_QUEUE).
    pub fn watch(&self) -> Receiver<Seen> {
        self.watchers.watch()
    }

    /// Calls alive, at most some 20 ms ago.
    pub fn calls(&self) -> usize {
        self.figures.sum(|shard| &shard.calls) as usize
    }

    /// The metrics page, as `GET /metrics` gives it.
    pub fn metrics(&self) -> String {
        crate::metrics::page(&self.figures, &self.watchers)
    }

    /// Takes no new calls (they get 503), waits until there are none, the deadline is reached or `hurry` says so, and
    /// ends those that are left. Returns how many that were.
    pub fn drain(&self, deadline: Instant, hurry: impl Fn() -> bool) -> usize {
        self.figures.draining.set(1);
        self.order(&Order::Drain);
        // However short the deadline: a call that began a moment ago is counted only once its shard has taken the order.
        self.wait_for(Instant::now() + self.end_wait, &|| false, || self.is_draining());
        self.wait_for(deadline, &hurry, || self.is_empty());
        let left = self.calls();
        if left > 0 {
            self.order(&Order::EndAll);
            self.wait_for(Instant::now() + self.end_wait, &|| false, || self.is_empty());
            let no_dialog = || self.figures.sum(|shard| &shard.dialogs) == 0;
            self.wait_for(Instant::now() + GOODBYE, &|| false, no_dialog);
        }
        left
    }

    fn order(&self, order: &Order) {
        for inbox in &self.inboxes {
            inbox.order(order.clone());
        }
    }

    fn is_draining(&self) -> bool {
        self.figures.shards.iter().all(|shard| shard.draining.get() == 1)
    }

    fn is_empty(&self) -> bool {
        self.is_draining() && self.figures.sum(|shard| &shard.calls) == 0
    }

    fn wait_for(&self, deadline: Instant, hurry: &impl Fn() -> bool, done: impl Fn() -> bool) {
        while !done() && !hurry() && Instant::now() < deadline {
            std::thread::sleep(DRAIN_LOOK);
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.drain(Instant::now(), || true);
    }
}

impl Ground {
    /// Checks the system's limits and binds SIP and audio.
    fn prepare(config: &NodeConfig) -> Result<(Self, ports::Ports), StartError> {
        let pairs = ports::pairs_in(&config.media.ports);
        process::allow_sockets(2 * pairs as u64)?;
        process::warn_of_few_maps(config.calls as u64);
        let layout = Layout::fit(config.shards, config.media.threads, pairs);
        let sip = net::bind(config.sip.listen)?;
        let local_sip = sip.local_addr().map_err(|why| StartError::Sip {
            address: config.sip.listen,
            why,
        })?;
        let ports = ports::bind(config.media.listen, &config.media.ports, layout)?;
        let ground = Self {
            layout,
            sip: Arc::new(sip),
            local_sip,
            figures: Arc::new(Figures::new(layout)),
            watchers: Arc::default(),
        };
        Ok((ground, ports))
    }

    fn sources(&self) -> Sources {
        Sources {
            figures: self.figures.clone(),
            watchers: self.watchers.clone(),
        }
    }

    fn media_threads(
        &self,
        pairs: Vec<Vec<ports::SocketPair>>,
        commands: Vec<Receiver<media_threads::ToMedia>>,
        queues: &Queues,
    ) -> Result<Vec<MediaThread>, StartError> {
        let relays = media_threads::relays::between(self.layout.media_threads);
        let seats = pairs.into_iter().zip(commands).zip(relays).enumerate();
        let threads = seats.map(|(index, ((pairs, commands), relays))| {
            media_threads::start(Seat {
                index,
                layout: self.layout,
                pairs,
                queue: queues.media[index].clone(),
                commands,
                relays,
                inboxes: queues.inboxes.clone(),
                figures: self.figures.clone(),
                seed: u64::from_le_bytes(random()?),
            })
        });
        threads.collect()
    }

    fn desks(
        &self,
        config: &NodeConfig,
        lent: Vec<Vec<patchcord_switch::MediaPort>>,
        outboxes: Vec<shard_threads::Outbox>,
        queues: &Queues,
    ) -> Result<Vec<Desk>, StartError> {
        let clock = (Instant::now(), time_of_day());
        let places = lent.into_iter().zip(outboxes).enumerate();
        let desks = places.map(|(index, (ports, outbox))| {
            Ok(Desk {
                index,
                config: self.shard(config, clock, random()?),
                ports,
                inbox: queues.inboxes[index].clone(),
                outbox,
                ways_out: WaysOut {
                    socket: self.sip.clone(),
                    media: queues.media.clone(),
                    records: queues.records.clone(),
                    watchers: self.watchers.clone(),
                    figures: self.figures.clone(),
                },
            })
        });
        desks.collect()
    }

    fn shard(&self, config: &NodeConfig, clock: (Instant, UnixTime), seed: [u8; 32]) -> patchcord_switch::Config {
        let calls = config.calls.div_ceil(self.layout.shards);
        let least = patchcord_sip::Limits::default();
        patchcord_switch::Config {
            sip: patchcord_sip::Config {
                limits: patchcord_sip::Limits {
                    transactions: least.transactions.max(calls * TRANSACTIONS_PER_CALL),
                    dialogs: least.dialogs.max(calls * DIALOGS_PER_CALL),
                    ..least
                },
                ..patchcord_sip::Config::new(
                    vec![patchcord_sip::Listener::udp(contact(&config.sip, self.local_sip))],
                    concat!("patchcord/", env!("CARGO_PKG_VERSION")),
                )
            },
            media_address: config.media.advertise,
            codecs: vec![Codec::Pcmu, Codec::Pcma],
            media_timeout: config.media.timeout,
            instance: config.instance,
            call: config.call.clone(),
            calls,
            trace: config.trace,
            clock,
            seed,
        }
    }
}

/// What phones are told: as configured, with what the socket has where nothing is.
fn contact(sip: &Sip, local: SocketAddr) -> SocketAddr {
    match sip.advertise {
        Some(advertised) if advertised.port() == 0 => SocketAddr::new(advertised.ip(), local.port()),
        Some(advertised) => advertised,
        None => local,
    }
}

fn time_of_day() -> UnixTime {
    // A clock before 1970 is one that was never set.
    let since_1970 = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    UnixTime {
        seconds: since_1970.as_secs(),
        nanoseconds: since_1970.subsec_nanos(),
    }
}

fn random<const N: usize>() -> Result<[u8; N], StartError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| StartError::Random(error.to_string()))?;
    Ok(bytes)
}
