//! A node: the wiring of sockets and threads to shards and media engines, from start to drain. The only file that knows
//! all parts. Not here: what it is made from (`node/config`), the configuration file and signals of the system ([`crate::serve`](mod@crate::serve)).

mod border;
mod config;
mod pages;
mod reload;
mod shards;

pub use config::{Media, NodeConfig, Streams, WatchedTrunk};

use crate::api::History;
use crate::aside::{self, Aside, AsideThreads};
use crate::async_thread::AsyncThread;
use crate::border::BorderProxy;
use crate::browsers::{self, BoundDoor, DoorQueue, DoorSetup, DoorThread};
use crate::certificates::{Certificates, TlsFiles};
use crate::clients::ice::ClientIce;
use crate::clients::signing_keys::SigningKeys;
use crate::cluster::{self, NodeListener, OwnDoor};
use crate::deal::Dealer;
use crate::dns::{self, DnsQueue, DnsSetup};
use crate::doors::{self, Doors};
use crate::fetch::{self, FetchQueue, FetchSetup};
use crate::figures::Figures;
use crate::http::Sources;
use crate::journals::{self, JournalQueue, JournalThread};
use crate::layout::Layout;
use crate::live_calls::LiveCalls;
use crate::live_streams::{self, LiveQueue, LiveSetup, StreamFrames};
use crate::media_threads::{self, MediaQueue, MediaThread, Seat};
use crate::net::{self, Datagrams, NetThread};
use crate::ports;
use crate::process;
use crate::recordings::sending::Setup;
use crate::recordings::{self, FrameQueue, RecordingQueue, RecordingThreads};
use crate::records::{self, RecordQueue, RecordsThread};
use crate::shard_threads::{self, Desk, Inbox, Order, ShardThread, WaysOut};
use crate::start_error::StartError;
use crate::telling::{self, TellingQueue, TellingThread};
use crate::ticker::Ticker;
use crate::trace::store::{self, TraceQueue, TraceThread};
use crate::transports::{self, NodeLinks, StreamOrders, StreamQueue, StreamThread};
use crate::watch::{Seen, Watchers};
use pages::{BoundPages, Heard, OfNode, Pages};
use patchcord_control::words::UnixTime;
use patchcord_guest::Runtime;
use patchcord_sip::{Families, Listener, ResolveOptions, Transport};
use patchcord_switch::{Browsers, Directory};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::Ordering;
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
/// Event sinks that run at the same time; one more is told later.
pub(crate) const SINKS_AT_ONCE: usize = 64;
/// Transactions for each call: INVITE and BYE, which linger for half a minute after it.
const TRANSACTIONS_PER_CALL: usize = 8;

/// A running node. Dropping it ends all calls, waits shortly for their records, and joins every thread.
///
/// The order of the fields is the order in which threads end: who feeds a queue before who empties it. Connections and
/// names do both; they end after the shards, so that last messages go out. Hence so many fields: most are threads.
pub struct Node {
    _net: Vec<NetThread>,
    _shards: Vec<ShardThread>,
    _telling: TellingThread,
    /// It runs the event sinks.
    _sinks: ShardThread,
    _streams: StreamThread,
    _dns: AsyncThread,
    _fetch: Option<AsyncThread>,
    _aside: AsideThreads,
    _sound: SoundThreads,
    _live_streams: AsyncThread,
    _recordings: Option<RecordingThreads>,
    _records: RecordsThread,
    _kept: KeptThreads,
    _ticker: Ticker,
    pages: Pages,
    live_calls: LiveCalls,
    inboxes: Vec<Inbox>,
    figures: Arc<Figures>,
    watchers: Arc<Watchers>,
    runtime: Runtime,
    doors: Doors,
    /// None: other nodes reach nobody here.
    border: Option<Arc<BorderProxy>>,
    /// How long calls may take to end once they are told to.
    end_wait: Duration,
}

/// Everything that is bound or opened before the first thread is started.
struct Ground {
    layout: Layout,
    datagrams: Datagrams,
    doors: Doors,
    /// The door for other nodes, if it has one.
    own_door: Option<OwnDoor>,
    /// What deals calls out to shards; they make Call-IDs that fit.
    key: u64,
    figures: Arc<Figures>,
    watchers: Arc<Watchers>,
    /// How browsers are told where we are; none if none is taken.
    browsers: Option<Browsers>,
    /// What clients are told about ICE.
    ice: Arc<ClientIce>,
}

/// What is bound and loaded, and goes to one thread each.
struct Bound {
    ports: ports::Ports,
    door: Option<BoundDoor>,
    connections: Connections,
}

/// What SIP connections are taken with.
struct Connections {
    listeners: Vec<(Transport, TcpListener)>,
    certificates: Certificates,
    of_nodes: Option<NodeListener>,
    limits: transports::Limits,
}

impl Connections {
    fn start(
        mut self,
        ground: &Ground,
        (dealer, signing, queues): (&Arc<Dealer>, &Arc<SigningKeys>, &Queues),
        orders: StreamOrders,
    ) -> Result<StreamThread, StartError> {
        let nodes = self.of_nodes.zip(ground.own_door.as_ref()).map(|(of_nodes, own)| {
            self.listeners.push((Transport::Node, of_nodes.listener));
            NodeLinks {
                nodes: own.nodes.clone(),
                certificates: Arc::new(of_nodes.certificates),
                figures: ground.figures.border.clone(),
            }
        });
        let setup = transports::Setup {
            listeners: self.listeners,
            certificates: self.certificates,
            nodes,
            limits: self.limits,
            times: transports::Times::default(),
            dealer: dealer.clone(),
            orders,
            figures: ground.figures.streams.clone(),
            signing: signing.clone(),
            presence: queues.aside.presence.clone(),
            ice: ground.ice.clone(),
        };
        transports::start(setup).map_err(StartError::Thread)
    }
}

/// The door of browsers, which feeds the media threads, and those.
struct SoundThreads {
    _door: Option<DoorThread>,
    _media: Vec<MediaThread>,
}

/// The threads that keep traces and journals.
struct KeptThreads {
    _traces: Option<TraceThread>,
    _journals: Option<JournalThread>,
}

/// The ways to them.
struct Kept {
    traces: Option<TraceQueue>,
    journals: Option<JournalQueue>,
}

/// The ways from thread to thread.
struct Queues {
    inboxes: Vec<Inbox>,
    media: Vec<MediaQueue>,
    door: Option<DoorQueue>,
    records: RecordQueue,
    recordings: Option<RecordingQueue>,
    recorded: Option<FrameQueue>,
    live_streams: LiveQueue,
    streamed: StreamFrames,
    kept: Kept,
    tellings: TellingQueue,
    history: Option<Arc<History>>,
    streams: StreamQueue,
    dns: DnsQueue,
    fetch: Option<FetchQueue>,
    aside: Aside,
}

/// The threads of recordings and the ways to them, if anything can be recorded.
type Recordings = (Option<RecordingThreads>, Option<FrameQueue>, Option<RecordingQueue>);

impl Node {
    /// Starts a node. It refuses every call with 503 until [`Node::set_directory`] names handlers.
    ///
    /// # Errors
    /// The first thing that could not be had. Then everything begun before is undone.
    pub fn start(config: NodeConfig, runtime: Runtime) -> Result<Node, StartError> {
        let (ground, bound) = Ground::prepare(&config)?;
        let pages = BoundPages::bind(&config)?;
        let mut heard = Heard::new(&config, &ground)?;
        // From here on threads run: each ends when its handle is dropped, the last one first, so an error leaves nothing.
        let (records, record_queue) = records::start(&config.records, ground.figures.clone())?;
        let ticker = Ticker::start(runtime.clone())?;
        let (inboxes, outboxes) = ground.inboxes();
        let (media, commands): (Vec<_>, Vec<_>) = (0..ground.layout.media_threads).map(|_| MediaQueue::new()).unzip();
        let (streams, orders) = transports::queue(ground.figures.streams.clone());
        let (kept_threads, kept) = ground.kept_threads(&config)?;
        let (dns, dns_queue) = ground.dns_thread(&config, &inboxes)?;
        let (fetch, fetch_queue) = ground.fetch_thread(&config, &inboxes)?.unzip();
        let (aside_threads, aside) = aside::start(&config, &inboxes, &ground.figures, heard.speaking())?;
        let (recordings, recorded, recording_queue) = ground.recording_threads(&config, &inboxes, &record_queue)?;
        let (live_thread, streamed, live_streams) = ground.live_thread(&config, &inboxes, &media)?;
        let (telling, tellings) = ground.telling_thread(&config, &inboxes, &heard)?;
        let queues = Queues {
            inboxes: inboxes.clone(),
            media,
            door: bound.door.as_ref().map(BoundDoor::queue),
            records: record_queue,
            recordings: recording_queue,
            recorded,
            live_streams,
            streamed,
            kept,
            tellings,
            history: heard.history.clone(),
            streams,
            dns: dns_queue,
            fetch: fetch_queue,
            aside,
        };
        let sound = ground.sound_threads((bound.ports.pairs, bound.door), commands, &queues)?;
        let desks = ground.desks(&config, bound.ports.lent, outboxes, &queues)?;
        let (border, dealer) = ground.dealer(&config, &queues)?;
        let streams = Connections::start(bound.connections, &ground, (&dealer, &heard.signing, &queues), orders)?;
        let (shards, sinks) = start_shards(desks)?;
        let net = net::start(&ground.datagrams, &dealer, &ground.figures)?;
        let live_calls = LiveCalls::new(&inboxes[..ground.layout.shards]);
        let of_node = OfNode::new(&live_calls, &runtime, (&queues, &ground));
        let pages = pages.start(ground.sources(), heard.sources(of_node, &config, &ground.figures)?)?;
        Ok(Node {
            _net: net,
            _shards: shards,
            _telling: telling,
            _sinks: sinks,
            _streams: streams,
            _dns: dns,
            _fetch: fetch,
            _aside: aside_threads,
            _sound: sound,
            _live_streams: live_thread,
            _recordings: recordings,
            _records: records,
            _kept: kept_threads,
            _ticker: ticker,
            pages,
            live_calls,
            inboxes,
            figures: ground.figures,
            watchers: ground.watchers,
            runtime,
            doors: ground.doors,
            border,
            end_wait: config.call.clean_up + config.call.media_close + config.call.recording_close + END_MARGIN,
        })
    }

    /// Routes and programs of the operator for every call from now on, beside what tenants have deployed; running calls keep
    /// theirs.
    pub fn set_directory(&self, directory: Directory) {
        match self.pages.deployments() {
            Some(deployments) => deployments.set_base(directory),
            None => self.order(&Order::Directory(Arc::new(directory))),
        }
        if !self.figures.open.swap(true, Ordering::Relaxed) {
            self.order(&Order::StartTrunks);
        }
    }

    /// The way to its live calls, for whoever looks at them or changes them from outside.
    pub fn live_calls(&self) -> LiveCalls {
        self.live_calls.clone()
    }

    /// The wasm engine, to load modules with.
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// Where the first SIP socket for datagrams is bound.
    pub fn local_sip(&self) -> SocketAddr {
        self.doors.bound[0].address
    }

    /// Everywhere SIP is taken, as bound: first [`Node::local_sip`], then the other doors in the order of the configuration,
    /// those for datagrams first.
    pub fn doors(&self) -> &[Listener] {
        &self.doors.bound
    }

    /// Where metrics and health are served.
    pub fn local_http(&self) -> Option<SocketAddr> {
        self.pages.local_http
    }

    /// Where the API is served.
    pub fn local_api(&self) -> Option<SocketAddr> {
        self.pages.local_api
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

    /// All shards, and that of the event sinks.
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

/// The threads of the shards, and that of the event sinks, whose desk is the last.
fn start_shards(mut desks: Vec<Desk>) -> Result<(Vec<ShardThread>, ShardThread), StartError> {
    let sinks = desks.pop().expect("there is one desk more than shards");
    let sinks = shard_threads::start(sinks)?;
    let shards = desks.into_iter().map(shard_threads::start).collect::<Result<_, _>>()?;
    Ok((shards, sinks))
}

impl Drop for Node {
    fn drop(&mut self) {
        self.drain(Instant::now(), || true);
    }
}

impl Ground {
    /// Checks the system's limits, loads certificates, and binds SIP and audio.
    fn prepare(config: &NodeConfig) -> Result<(Self, Bound), StartError> {
        let pairs = ports::pairs_in(&config.media.ports);
        let sockets = 2 * pairs as u64;
        process::allow_sockets(sockets)?;
        process::warn_of_few_maps(config.calls as u64);
        let layout = Layout::fit(config.shards, config.media.threads, pairs);
        let certificates = Certificates::load(config.sip.tls.clone()).map_err(StartError::Certificates)?;
        let has_tls = certificates.server().is_some();
        if !has_tls && config.sip.doors.iter().any(|door| door.transport.is_secure()) {
            return Err(StartError::NoCertificate);
        }
        let sip = doors::bind(&config.sip)?;
        let (own_door, of_nodes) = cluster::bind(config.cluster.as_ref())?.unzip();
        let ports = ports::bind(config.media.listen, &config.media.ports, layout)?;
        let media = &config.media;
        let door = media
            .browsers
            .map(|door| BoundDoor::bind(door, media.listen, media.advertise))
            .transpose()?;
        let limits = transports::Limits::default();
        let connections = process::more_sockets(sockets, limits.connections as u64) as usize;
        let ground = Self {
            layout,
            datagrams: Datagrams::new(sip.datagrams),
            doors: sip.doors,
            own_door,
            key: u64::from_le_bytes(random()?),
            figures: Arc::new(Figures::new(layout).with_tenancy(config.tenancy.clone())),
            watchers: Arc::default(),
            browsers: door.as_ref().map(BoundDoor::described),
            ice: Arc::new(ClientIce {
                node: media.browsers.map(|door| door.ice),
                servers: media.ice_servers.clone(),
            }),
        };
        let bound = Bound {
            ports,
            door,
            connections: Connections {
                listeners: sip.listeners,
                certificates,
                of_nodes,
                limits: transports::Limits { connections, ..limits },
            },
        };
        Ok((ground, bound))
    }

    /// What is kept of each call beside its end record.
    fn kept_threads(&self, config: &NodeConfig) -> Result<(KeptThreads, Kept), StartError> {
        let (trace_thread, traces) = self.trace_thread(config)?.unzip();
        let (journal_thread, journals) = self.journal_thread(config)?.unzip();
        let threads = KeptThreads {
            _traces: trace_thread,
            _journals: journal_thread,
        };
        Ok((threads, Kept { traces, journals }))
    }

    fn trace_thread(&self, config: &NodeConfig) -> Result<Option<(TraceThread, TraceQueue)>, StartError> {
        let Some(folder) = &config.traces else { return Ok(None) };
        let refused = |why| StartError::Traces {
            path: folder.folder.clone(),
            why,
        };
        let figures = self.figures.traces.clone();
        store::start(folder.clone(), self.told(), figures)
            .map(Some)
            .map_err(refused)
    }

    fn journal_thread(&self, config: &NodeConfig) -> Result<Option<(JournalThread, JournalQueue)>, StartError> {
        let Some(to) = &config.journals else { return Ok(None) };
        let refused = |why| StartError::Journals {
            path: to.folder.clone(),
            why,
        };
        let figures = self.figures.journals.clone();
        journals::start(to.clone(), figures).map(Some).map_err(refused)
    }

    fn recording_threads(
        &self,
        config: &NodeConfig,
        inboxes: &[Inbox],
        records: &RecordQueue,
    ) -> Result<Recordings, StartError> {
        let Some(folder) = &config.recordings else {
            return Ok((None, None, None));
        };
        let store = config.recording_store.as_ref().map(Setup::new).transpose()?;
        let figures = self.figures.recordings.clone();
        let (threads, frames, queue) = recordings::start((folder, store), inboxes.to_vec(), records.clone(), figures)
            .map_err(|why| StartError::Recordings {
            path: folder.clone(),
            why,
        })?;
        Ok((Some(threads), Some(frames), Some(queue)))
    }

    fn telling_thread(
        &self,
        config: &NodeConfig,
        inboxes: &[Inbox],
        heard: &Heard,
    ) -> Result<(TellingThread, TellingQueue), StartError> {
        let sinks = inboxes.last().expect("that of the event sinks");
        let how = (&config.telling, &config.web_requests);
        let to = (sinks, heard.listeners());
        telling::start(how, config.dns, to, &self.figures.telling)
    }

    fn dns_thread(&self, config: &NodeConfig, inboxes: &[Inbox]) -> Result<(AsyncThread, DnsQueue), StartError> {
        let families = |v4: bool| self.doors.bound.iter().any(|door| door.address.is_ipv4() == v4);
        let setup = DnsSetup {
            server: config.dns,
            options: ResolveOptions {
                families: match (families(true), families(false)) {
                    (true, false) => Families::V4,
                    (false, true) => Families::V6,
                    _ => Families::Both,
                },
                seed: u64::from_le_bytes(random()?),
                ..ResolveOptions::default()
            },
        };
        dns::start(setup, inboxes.to_vec(), self.figures.dns.clone()).map_err(StartError::Thread)
    }

    /// Only a node that judges signatures fetches anything.
    fn fetch_thread(
        &self,
        config: &NodeConfig,
        inboxes: &[Inbox],
    ) -> Result<Option<(AsyncThread, FetchQueue)>, StartError> {
        let Some(policy) = &config.identity.verify else {
            return Ok(None);
        };
        let files = TlsFiles {
            roots: config.identity_servers.clone(),
            ..TlsFiles::default()
        };
        let certificates = Certificates::load(files).map_err(StartError::Certificates)?;
        let setup = FetchSetup::new(config.dns, policy.urls.literals, certificates.client());
        fetch::start(setup, inboxes.to_vec(), self.figures.fetches.clone())
            .map(Some)
            .map_err(StartError::Thread)
    }

    fn live_thread(
        &self,
        config: &NodeConfig,
        inboxes: &[Inbox],
        media: &[MediaQueue],
    ) -> Result<live_streams::Started, StartError> {
        let files = TlsFiles {
            roots: config.streams.roots.clone(),
            ..TlsFiles::default()
        };
        let certificates = Certificates::load(files).map_err(StartError::Certificates)?;
        let setup = LiveSetup {
            resolver: dns::resolver(config.dns),
            tls: certificates.client(),
            recogniser: config.recognition.live(config.dns)?,
            inboxes: inboxes.to_vec(),
            media: media.to_vec(),
            figures: self.figures.live_streams.clone(),
        };
        live_streams::start(setup).map_err(StartError::Thread)
    }

    fn sources(&self) -> Sources {
        Sources {
            figures: self.figures.clone(),
            watchers: self.watchers.clone(),
        }
    }

    /// The media threads, and the door of browsers if there is one.
    fn sound_threads(
        &self,
        (pairs, door): (Vec<Vec<ports::SocketPair>>, Option<BoundDoor>),
        commands: Vec<Receiver<media_threads::ToMedia>>,
        queues: &Queues,
    ) -> Result<SoundThreads, StartError> {
        let relays = media_threads::relays::between(self.layout.media_threads);
        let (queue, arrivals) = browsers::between(self.layout.media_threads);
        let seats = pairs.into_iter().zip(commands).zip(relays.into_iter().zip(arrivals));
        let threads = seats
            .enumerate()
            .map(|(index, ((pairs, commands), (relays, arrivals)))| {
                media_threads::start(Seat {
                    browsers: door.as_ref().map(|door| door.media_way(arrivals, pairs.len())),
                    index,
                    layout: self.layout,
                    pairs,
                    queue: queues.media[index].clone(),
                    commands,
                    relays,
                    recorded: queues.recorded.clone(),
                    streamed: Some(queues.streamed.clone()),
                    inboxes: queues.inboxes.clone(),
                    figures: self.figures.clone(),
                    seed: u64::from_le_bytes(random()?),
                })
            });
        let media = threads.collect::<Result<_, _>>()?;
        let setup = DoorSetup {
            layout: self.layout,
            media: queues.media.clone(),
            arrivals: queue,
            inboxes: queues.inboxes.clone(),
            figures: self.figures.browsers.clone(),
            seed: random()?,
        };
        let door = door.map(|door| browsers::start(door, setup)).transpose()?;
        Ok(SoundThreads {
            _door: door,
            _media: media,
        })
    }

    fn desks(
        &self,
        config: &NodeConfig,
        lent: Vec<Vec<patchcord_switch::MediaPort>>,
        outboxes: Vec<shard_threads::Outbox>,
        queues: &Queues,
    ) -> Result<Vec<Desk>, StartError> {
        let clock = (Instant::now(), time_of_day());
        // Nobody has a leg where event sinks run.
        let lent = lent.into_iter().chain([Vec::new()]);
        let places = lent.zip(outboxes).enumerate();
        let desks = places.map(|(index, (ports, outbox))| {
            Ok(Desk {
                index,
                config: self.shard(config, index, (clock, random()?)),
                ports,
                inbox: queues.inboxes[index].clone(),
                outbox,
                ways_out: WaysOut {
                    shards: queues.inboxes.clone(),
                    datagrams: self.datagrams.clone(),
                    streams: queues.streams.clone(),
                    dns: queues.dns.clone(),
                    fetch: queues.fetch.clone(),
                    aside: queues.aside.clone(),
                    media: queues.media.clone(),
                    door: queues.door.clone(),
                    records: queues.records.clone(),
                    recordings: queues.recordings.clone(),
                    live_streams: queues.live_streams.clone(),
                    traces: queues.kept.traces.clone(),
                    journals: queues.kept.journals.clone(),
                    history: queues.history.clone(),
                    tellings: (index < self.layout.shards).then(|| queues.tellings.clone()),
                    watchers: self.watchers.clone(),
                    figures: self.figures.clone(),
                },
            })
        });
        desks.collect()
    }
}

pub(crate) fn time_of_day() -> UnixTime {
    time_of_day_before(Duration::ZERO)
}

/// The time of day so long ago.
pub(crate) fn time_of_day_before(ago: Duration) -> UnixTime {
    // A clock before 1970 is one that was never set.
    let since_1970 = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .saturating_sub(ago);
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
