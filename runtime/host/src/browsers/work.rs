//! The door's thread: it waits for datagrams, connections, orders and deadlines, and carries out what ICE and DTLS want.

use super::connections::{Connections, Was};
use super::crossing::Handed;
use super::{BoundDoor, BrowserFigures, DoorSetup, ToDoor};
use crate::batch::{Batch, Wait};
use crate::shard_threads::Inbox;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use patchcord_media::{Lane, SessionId, SrtpKey, SrtpKeys, SrtpSuite};
use patchcord_sip::sdp::{Setup as SdpSetup, Webrtc};
use patchcord_switch::{DoorEvent, DoorOrder, IceName, Offered};
use patchcord_webrtc::{
    Arrival, Candidate, Closed, Credentials, IceMode, Input, Keys, Output, Path, PeerId, Port, PortSettings, Remote,
    Settings, Setup, Side, SrtpProfile, State, Transport,
};
use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::sync::mpsc::TryRecvError;
use std::time::{Duration, Instant};

/// Datagrams taken by one system call.
const BATCH: usize = 32;
/// System calls for the UDP socket before others have their turn.
const BATCHES: usize = 8;
/// Longer than anything that is read, so that it is seen that a datagram was too long.
const DATAGRAM_BYTES: usize = patchcord_webrtc::limits::DATAGRAM_BYTES + 36;
/// What the kernel tells in one call.
const EVENTS: usize = 64;
/// Orders taken before others have their turn.
const ORDERS_IN_A_ROW: usize = 256;
/// How often connections are looked at that do not prove whose they are, and how long the thread waits at most.
const SWEEP: Duration = Duration::from_secs(1);
/// How long the thread waits while an inbox has no room.
const RETRY: Duration = Duration::from_millis(5);

/// The numbers under which the kernel tells of what is watched.
const UDP: u64 = 0;
const LISTENER: u64 = 1;
const WAKE: u64 = 2;
const FIRST_CONNECTION: u64 = 3;

/// Whether the loop goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Go {
    On,
    Home,
}

/// What is known of one browser.
struct Expected {
    session: SessionId,
    /// Its keys were agreed on.
    secured: bool,
}

/// What the kernel tells of.
pub(super) fn watch(door: &BoundDoor) -> io::Result<Epoll> {
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
    let reads = |number| EpollEvent::new(EpollFlags::EPOLLIN, number);
    epoll.add(&*door.udp, reads(UDP))?;
    epoll.add(&door.tcp, reads(LISTENER))?;
    epoll.add(&*door.wake, reads(WAKE))?;
    Ok(epoll)
}

pub(super) struct Work {
    door: BoundDoor,
    setup: DoorSetup,
    epoll: Epoll,
    port: Port,
    connections: Connections,
    batch: Batch<BATCH>,
    peers: HashMap<SessionId, PeerId>,
    expected: HashMap<PeerId, Expected>,
    /// What shards had no room for: at most two for each browser.
    backlog: VecDeque<(SessionId, DoorEvent)>,
    swept: Instant,
}

impl Work {
    pub(super) fn new(door: BoundDoor, setup: DoorSetup, epoll: Epoll) -> Self {
        Self {
            port: Port::new(PortSettings::new(setup.seed)),
            connections: Connections::new(door.address, FIRST_CONNECTION),
            batch: Batch::new(DATAGRAM_BYTES),
            peers: HashMap::new(),
            expected: HashMap::new(),
            backlog: VecDeque::new(),
            swept: Instant::now(),
            epoll,
            door,
            setup,
        }
    }

    pub(super) fn run(mut self) {
        let mut events = [EpollEvent::empty(); EVENTS];
        loop {
            // Interrupted is as if nothing had come.
            let told = self.epoll.wait(&mut events, self.patience()).unwrap_or(0);
            for event in &events[..told] {
                match event.data() {
                    UDP => self.read_datagrams(),
                    LISTENER => self.connections.accept(Instant::now(), &self.door.tcp, &self.epoll),
                    WAKE => drop(self.door.wake.read()),
                    number => self.read_connection(number),
                }
            }
            if self.take_orders() == Go::Home {
                return;
            }
            let now = Instant::now();
            if self.port.wake_at().is_some_and(|at| at <= now) {
                self.port.tick(now);
            }
            if now.saturating_duration_since(self.swept) >= SWEEP {
                self.swept = now;
                for path in self.connections.sweep(now) {
                    self.closed(path);
                }
                self.publish();
            }
            self.drain();
            self.tell_backlog();
        }
    }

    /// How long nothing has to be done.
    fn patience(&self) -> EpollTimeout {
        let now = Instant::now();
        let due = self
            .port
            .wake_at()
            .map_or(SWEEP, |at| at.saturating_duration_since(now));
        let longest = if self.backlog.is_empty() { SWEEP } else { RETRY };
        // A millisecond is what the kernel counts in; none too early, or this would turn on the spot.
        let millis = due.min(longest).as_micros().div_ceil(1_000);
        EpollTimeout::try_from(millis as i32).unwrap_or(EpollTimeout::ZERO)
    }

    fn read_datagrams(&mut self) {
        let local = self.door.address;
        for _ in 0..BATCHES {
            let Self {
                batch,
                door,
                port,
                setup,
                expected,
                ..
            } = self;
            let now = Instant::now();
            let received = batch.receive(&door.udp, Wait::No, |remote, bytes| {
                let path = Path {
                    transport: Transport::Udp,
                    local,
                    remote,
                };
                pass_on(setup, expected, port.receive(now, path, bytes), bytes);
            });
            self.drain();
            if !matches!(received, Ok(BATCH)) {
                return;
            }
        }
    }

    fn read_connection(&mut self, number: u64) {
        let Self {
            connections,
            epoll,
            port,
            setup,
            expected,
            ..
        } = self;
        let now = Instant::now();
        let mut known = None;
        let was = connections.serve(number, epoll, |path, bytes| {
            let arrival = port.receive(now, path, bytes);
            if !matches!(arrival, Arrival::Dropped(_)) {
                known = Some(path);
            }
            pass_on(setup, expected, arrival, bytes);
        });
        if let Some(path) = known {
            self.connections.is_known(path);
        }
        if let Was::Closed(path) = was {
            self.closed(path);
        }
        self.drain();
    }

    /// A connection is gone.
    fn closed(&mut self, path: Path) {
        let owner = self.port.owner(path);
        if let Some(id) = owner {
            // One that is over does not care.
            let _ = self.port.handle(Instant::now(), id, Input::ConnectionClosed(path));
        }
    }

    fn take_orders(&mut self) -> Go {
        for _ in 0..ORDERS_IN_A_ROW {
            match self.door.orders.try_recv() {
                Ok(ToDoor::Order(order)) => self.order(Instant::now(), order),
                Ok(ToDoor::Send(path, packet)) => self.connections.send(path, &packet, &self.epoll),
                Ok(ToDoor::Stop) | Err(TryRecvError::Disconnected) => return Go::Home,
                Err(TryRecvError::Empty) => return Go::On,
            }
        }
        // The others come in the next round, at once.
        let _ = self.door.wake.write(1);
        Go::On
    }

    fn order(&mut self, now: Instant, order: DoorOrder) {
        match order {
            DoorOrder::Open { session, ours, offered } => self.open(now, session, &ours, offered),
            DoorOrder::Remote { session, theirs, setup } => self.describe(now, session, &theirs, setup),
            DoorOrder::Restart { session, ours } => self.restart(now, session, &ours),
            DoorOrder::Close { session } => self.close(now, session),
        }
        self.drain();
    }

    fn open(&mut self, now: Instant, session: SessionId, ours: &IceName, offered: Offered) {
        self.close(now, session);
        self.set_path(session, None);
        let settings = Settings {
            ice: self.door.ice,
            side: match offered {
                Offered::Here => Side::Offerer,
                Offered::There => Side::Answerer,
            },
            identity: self.door.identity.clone(),
            // The port mixes its own chance with it.
            seed: [0; 32],
        };
        let Ok(id) = self.port.add(now, settings) else {
            tracing::warn!("more browsers than the door takes");
            return self.tell(session, DoorEvent::Lost);
        };
        self.peers.insert(session, id);
        self.expected.insert(
            id,
            Expected {
                session,
                secured: false,
            },
        );
        self.rename(now, id, ours);
        for candidate in self.door.candidates() {
            let taken = self.port.handle(now, id, Input::LocalCandidate(candidate));
            taken.expect("a new peer has room for two candidates");
        }
    }

    fn rename(&mut self, now: Instant, id: PeerId, ours: &IceName) {
        let name = Credentials::new(&ours.ufrag, &ours.password).expect("shards draw names as they have to be");
        let taken = self.port.handle(now, id, Input::Local(name));
        // One that is over takes nothing.
        debug_assert!(!matches!(taken, Err(patchcord_webrtc::Refused::Name)), "{taken:?}");
    }

    fn restart(&mut self, now: Instant, session: SessionId, ours: &IceName) {
        let Some(id) = self.peers.get(&session).copied() else {
            return;
        };
        if self.port.handle(now, id, Input::Restart).is_ok() {
            self.rename(now, id, ours);
        }
    }

    fn describe(&mut self, now: Instant, session: SessionId, theirs: &Webrtc, setup: SdpSetup) {
        let Some(id) = self.peers.get(&session).copied() else {
            return;
        };
        let read = || {
            let fingerprints: Vec<_> = theirs
                .fingerprints
                .iter()
                .filter_map(|text| text.parse().ok())
                .collect();
            Some(Remote {
                credentials: Credentials::new(&theirs.ufrag, &theirs.password).ok()?,
                ice: if theirs.lite { IceMode::Lite } else { IceMode::Full },
                fingerprints,
                setup: match setup {
                    SdpSetup::Active => Setup::Active,
                    SdpSetup::Passive | SdpSetup::Either => Setup::Passive,
                },
            })
        };
        let described = read().map(|remote| self.port.handle(now, id, Input::Remote(remote)));
        match described {
            Some(Ok(())) => {}
            Some(Err(why)) => {
                tracing::warn!(%why, "a browser's description is not taken");
                return self.tell(session, DoorEvent::Lost);
            }
            None => {
                tracing::warn!("a browser's ICE credentials are not as RFC 8839 has them");
                return self.tell(session, DoorEvent::Lost);
            }
        }
        if self.door.ice == IceMode::Lite {
            return;
        }
        // Names of machines (as browsers hide their addresses) are passed over: their checks tell where they are.
        for candidate in theirs
            .candidates
            .iter()
            .filter_map(|text| text.parse::<Candidate>().ok())
        {
            // So is what is useless or too much.
            let _ = self.port.handle(now, id, Input::RemoteCandidate(candidate));
        }
    }

    fn close(&mut self, now: Instant, session: SessionId) {
        let Some(id) = self.peers.remove(&session) else { return };
        if let Some(expected) = self.expected.remove(&id)
            && !expected.secured
        {
            self.setup.figures.failed.one();
        }
        // One that is over has said goodbye already.
        let _ = self.port.handle(now, id, Input::Close);
        self.drain();
        self.port.remove(now, id);
        self.set_path(session, None);
    }

    fn set_path(&self, session: SessionId, path: Option<Path>) {
        let thread = self.setup.layout.thread_of(session);
        self.setup.media[thread].path(session, path);
    }

    fn drain(&mut self) {
        while let Some((id, output)) = self.port.poll() {
            match output {
                Output::Send { path, bytes } => match path.transport {
                    // What the kernel does not take is lost, as on any network.
                    Transport::Udp => drop(self.door.udp.send_to(&bytes, path.remote)),
                    Transport::Tcp => self.connections.send(path, &bytes, &self.epoll),
                },
                Output::Selected(path) => {
                    if let Some(expected) = self.expected.get(&id) {
                        self.set_path(expected.session, path);
                    }
                }
                Output::Keys(keys) => {
                    if let Some(expected) = self.expected.get_mut(&id) {
                        expected.secured = true;
                        let session = expected.session;
                        self.setup.figures.secured.one();
                        self.tell(session, DoorEvent::Secured(Box::new(srtp_keys(&keys))));
                    }
                }
                // Once there are keys, a restart may find the way again; who is silent for too long is lost to the media thread.
                Output::State(State::Failed) => self.lost(id, |expected| !expected.secured),
                Output::Closed(Closed::ByUs) | Output::State(_) => {}
                Output::Closed(_) => self.lost(id, |_| true),
                Output::Opened(_) | Output::Gone(_) | Output::HandshakeWanted => {}
            }
        }
    }

    fn lost(&mut self, id: PeerId, counts: impl Fn(&Expected) -> bool) {
        let session = self
            .expected
            .get(&id)
            .filter(|expected| counts(expected))
            .map(|expected| expected.session);
        if let Some(session) = session {
            self.tell(session, DoorEvent::Lost);
        }
    }

    /// Tells a shard, at once or as soon as it has room, in order.
    fn tell(&mut self, session: SessionId, event: DoorEvent) {
        self.backlog.push_back((session, event));
        self.tell_backlog();
    }

    fn tell_backlog(&mut self) {
        while let Some((session, event)) = self.backlog.pop_front() {
            let inbox: &Inbox = &self.setup.inboxes[self.setup.layout.shard_of(session)];
            if let Err(event) = inbox.door(session, event) {
                self.backlog.push_front((session, event));
                self.setup.figures.waited.one();
                return;
            }
        }
    }

    fn publish(&self) {
        let figures: &Arc<BrowserFigures> = &self.setup.figures;
        let counts = self.port.counts();
        figures.peers.set(self.port.peers() as u64);
        figures.connections.set(self.connections.len() as u64);
        figures.strangers.set(counts.strangers);
        figures.floods.set(counts.floods);
        figures
            .refused
            .set(counts.taken_paths + counts.unknown + counts.too_long);
    }
}

/// Hands encrypted packets to the media thread of their session. Before there are keys there is nothing to read in them.
fn pass_on(setup: &DoorSetup, expected: &HashMap<PeerId, Expected>, arrival: Arrival, bytes: &[u8]) {
    let (id, lane) = match arrival {
        Arrival::Rtp(id) => (id, Lane::Rtp),
        Arrival::Rtcp(id) => (id, Lane::Rtcp),
        Arrival::Taken | Arrival::Dropped(_) => return,
    };
    let Some(expected) = expected.get(&id).filter(|expected| expected.secured) else {
        return;
    };
    let thread = setup.layout.thread_of(expected.session);
    if setup.arrivals.hand_over(thread, expected.session, lane, bytes) == Handed::Lost {
        setup.figures.lost.one();
    }
}

fn srtp_keys(keys: &Keys) -> SrtpKeys {
    let suite = match keys.profile {
        SrtpProfile::Aes128CmSha1Tag80 => SrtpSuite::Tag80,
        SrtpProfile::AeadAes128Gcm => SrtpSuite::Gcm128,
        SrtpProfile::AeadAes256Gcm => SrtpSuite::Gcm256,
    };
    let key = |bytes: &[u8]| SrtpKey::new(suite, bytes).expect("a key is as long as its suite has it");
    SrtpKeys {
        suite,
        send: key(keys.send.bytes()),
        receive: key(keys.receive.bytes()),
    }
}
