//! The media threads: each owns an [`Engine`] and the bound socket pairs of its sessions, and works in slices of 5 ms
//! with absolute deadlines. In a slice it takes the commands, receives what came for the sessions of one of the four
//! phases, ticks them, and hands the reports to the shards. Not here: what RTP is, which port a call gets.
//!
//! Queues. Commands: bounded, the shard waits when full; taken every slice, so the wait is short. Reports: to the
//! shard's inbox; when that is full they wait in the thread's backlog in their order. Above [`BACKLOG`] the thread leaves
//! packets in the kernel, which drops what does not fit; commands are always taken, so a shard that waits for this
//! thread always gets on. Relayed packets between the threads: see `relays`. Nothing in the loop allocates while no backlog grows.

mod flat_out;
pub(crate) mod relays;
mod rtcp_ready;

use crate::batch::{Batch, Wait};
use crate::browsers::MediaWay;
use crate::figures::{Figures, MediaFigures};
use crate::layout::Layout;
use crate::live_streams::StreamFrames;
use crate::ports::SocketPair;
use crate::recordings::FrameQueue;
use crate::shard_threads::Inbox;
use crate::start_error::StartError;
use patchcord_media::mixer::Way;
use patchcord_media::{
    Command, Config, Datagram, Engine, Lane, MAX_PACKET_BYTES, PHASES, Relayed, Report, RoomFrame, SessionId, Sink,
    TapTaken, Tapped,
};
use patchcord_switch::BROWSER;
use patchcord_switch::stream::STREAM_CHANNEL;
use patchcord_webrtc::Path;
use relays::{Crossed, HandedOver, Relays};
use rtcp_ready::RtcpReady;
use std::cell::Cell;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub use flat_out::FlatOut;

/// Commands that may wait for a media thread; when full the shard waits.
pub(crate) const COMMANDS: usize = 4_096;
/// Reports that may wait for their shard before the thread stops receiving.
const BACKLOG: usize = 16_384;
/// Datagrams taken by one system call, and the most a session gets read in one slice is four times that.
const BATCH: usize = 8;
/// System calls for one socket in one slice.
const BATCHES_PER_SLICE: usize = 4;
/// System calls to empty a socket when a session opens on it.
const FLUSH_BATCHES: usize = 64;
/// Longer than any packet the engine reads, so that it sees that a packet was too long.
const BUFFER_BYTES: usize = MAX_PACKET_BYTES + 36;
/// The time of one slice.
const SLICE: Duration = Duration::from_millis(20 / PHASES as u64);
/// A thread that is later than this leaves slices out instead of running them one after the other.
const CATCH_UP: Duration = Duration::from_millis(100);

/// What a media thread is told.
#[derive(Debug)]
pub(crate) enum ToMedia {
    /// For the engine.
    Command(Command),
    /// Where the browser of a session is from now on; none: nothing may be sent to it.
    Path(SessionId, Option<Path>),
    /// The end.
    Stop,
}

/// The queue of a media thread.
#[derive(Debug, Clone)]
pub(crate) struct MediaQueue(SyncSender<ToMedia>);

/// Whether a command went at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Handed {
    /// There was room.
    AtOnce,
    /// It had to wait for room.
    Waited,
}

impl MediaQueue {
    /// A queue and its end.
    pub(crate) fn new() -> (Self, Receiver<ToMedia>) {
        let (sender, receiver) = sync_channel(COMMANDS);
        (Self(sender), receiver)
    }

    /// Hands over a command and waits for room if there is none. A thread that has ended takes nothing: then the node
    /// is coming down.
    pub(crate) fn command(&self, command: Command) -> Handed {
        match self.0.try_send(ToMedia::Command(command)) {
            Ok(()) | Err(TrySendError::Disconnected(_)) => Handed::AtOnce,
            Err(TrySendError::Full(command)) => {
                let _ = self.0.send(command);
                Handed::Waited
            }
        }
    }
}

impl MediaQueue {
    /// Says where a browser is, and waits for room if there is none, as for a command.
    pub(crate) fn path(&self, session: SessionId, path: Option<Path>) {
        let _ = self.0.send(ToMedia::Path(session, path));
    }

    /// Hands over a command; gives it back if there is no room now. A thread that has ended takes everything.
    #[expect(
        clippy::result_large_err,
        reason = "a command comes back as it is, to be tried again: boxing it would allocate for each"
    )]
    pub(crate) fn try_command(&self, command: Command) -> Result<(), Command> {
        match self.0.try_send(ToMedia::Command(command)) {
            Err(TrySendError::Full(ToMedia::Command(command))) => Err(command),
            _ => Ok(()),
        }
    }
}

/// A running media thread; dropping it stops and joins it.
pub(crate) struct MediaThread {
    queue: MediaQueue,
    thread: Option<JoinHandle<()>>,
}

impl Drop for MediaThread {
    fn drop(&mut self) {
        let _ = self.queue.0.send(ToMedia::Stop);
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was printed when it happened.
            let _ = thread.join();
        }
    }
}

/// What a media thread is made from.
pub(crate) struct Seat {
    pub(crate) index: usize,
    pub(crate) layout: Layout,
    pub(crate) pairs: Vec<SocketPair>,
    pub(crate) queue: MediaQueue,
    pub(crate) commands: Receiver<ToMedia>,
    pub(crate) relays: Relays,
    /// The way to browsers; none if none is taken.
    pub(crate) browsers: Option<MediaWay>,
    /// Where recorded sound goes; none if nothing is recorded.
    pub(crate) recorded: Option<FrameQueue>,
    /// Where sound of streamed legs goes; none if nothing is streamed.
    pub(crate) streamed: Option<StreamFrames>,
    pub(crate) inboxes: Vec<Inbox>,
    pub(crate) figures: Arc<Figures>,
    pub(crate) seed: u64,
}

/// Starts a media thread.
pub(crate) fn start(seat: Seat) -> Result<MediaThread, StartError> {
    let queue = seat.queue.clone();
    let thread = std::thread::Builder::new()
        .name(format!("media-{}", seat.index))
        .spawn(move || Slices::new(seat).run())
        .map_err(StartError::Thread)?;
    Ok(MediaThread {
        queue,
        thread: Some(thread),
    })
}

/// The sockets and the ways to other threads, as the engine's sink. Its counters are cells, because packets are sent on
/// some sockets while others are borrowed for receiving.
struct Wires {
    pairs: Vec<SocketPair>,
    layout: Layout,
    index: usize,
    relays: Relays,
    browsers: Option<MediaWay>,
    recorded: Option<FrameQueue>,
    streamed: Option<StreamFrames>,
    send_errors: Cell<u64>,
    relays_dropped: Cell<u64>,
    relays_stray: Cell<u64>,
}

impl Wires {
    fn pair(&self, session: SessionId) -> &SocketPair {
        &self.pairs[self.layout.slot_of(session)]
    }
}

impl Sink for &Wires {
    fn send(&mut self, session: SessionId, lane: Lane, to: SocketAddr, packet: &[u8]) {
        let sent = match &self.browsers {
            Some(browsers) if to == BROWSER => browsers.send(self.layout.slot_of(session), packet),
            _ => self.pair(session).lane(lane).send_to(packet, to).is_ok(),
        };
        if !sent {
            self.send_errors.set(self.send_errors.get() + 1);
        }
    }

    fn relay(&mut self, to: SessionId, relayed: &Relayed<'_>) {
        let thread = self.layout.thread_of(to);
        if thread == self.index {
            // Its place is here, but it has not opened, or has closed.
            self.relays_stray.set(self.relays_stray.get() + 1);
        } else if self.relays.hand_over(thread, to, relayed) == HandedOver::Dropped {
            self.relays_dropped.set(self.relays_dropped.get() + 1);
        }
    }

    fn room_frame(&mut self, frame: &RoomFrame<'_>) {
        let thread = self.layout.thread_of(match frame.way {
            Way::ToRoom => frame.room.home,
            Way::FromRoom => frame.session,
        });
        if thread == self.index {
            // The room has closed, or the session has.
            self.relays_stray.set(self.relays_stray.get() + 1);
        } else if self.relays.hand_over_frame(thread, frame) == HandedOver::Dropped {
            self.relays_dropped.set(self.relays_dropped.get() + 1);
        }
    }

    fn heard(&mut self, _session: SessionId, _samples: &[i16]) {
        // No session of a node listens: what is recorded is tapped.
    }

    fn tapped(&mut self, _session: SessionId, tapped: &Tapped<'_>) -> TapTaken {
        if tapped.tap.channel == STREAM_CHANNEL {
            let streamed = self.streamed.as_ref();
            return streamed.map_or(TapTaken::Dropped, |queue| queue.put(tapped));
        }
        self.recorded
            .as_ref()
            .map_or(TapTaken::Dropped, |queue| queue.put(tapped))
    }
}

/// Whether the loop goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Go {
    On,
    Home,
}

/// Whether a socket had no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Emptied {
    Yes,
    No,
}

/// A media thread's state.
struct Slices {
    engine: Engine,
    wires: Wires,
    layout: Layout,
    commands: Receiver<ToMedia>,
    inboxes: Vec<Inbox>,
    backlog: VecDeque<Report>,
    batch: Batch<BATCH>,
    rtcp: RtcpReady,
    ids: Vec<SessionId>,
    figures: Arc<Figures>,
    index: usize,
}

impl Slices {
    fn new(seat: Seat) -> Self {
        let config = Config {
            max_sessions: seat.pairs.len(),
            ..Config::default()
        };
        let ids = Vec::with_capacity(seat.pairs.len());
        Self {
            rtcp: RtcpReady::new(&seat.pairs),
            engine: Engine::new(config, seat.seed),
            wires: Wires {
                pairs: seat.pairs,
                layout: seat.layout,
                index: seat.index,
                relays: seat.relays,
                browsers: seat.browsers,
                recorded: seat.recorded,
                streamed: seat.streamed,
                send_errors: Cell::new(0),
                relays_dropped: Cell::new(0),
                relays_stray: Cell::new(0),
            },
            layout: seat.layout,
            commands: seat.commands,
            inboxes: seat.inboxes,
            backlog: VecDeque::with_capacity(BACKLOG / 16),
            batch: Batch::new(BUFFER_BYTES),
            ids,
            figures: seat.figures,
            index: seat.index,
        }
    }

    /// Slice `n` is due at `start + n * SLICE`, whatever happened before: no drift.
    fn run(mut self) {
        let start = Instant::now();
        let due_at = |slice: u64| start + Duration::from_nanos(SLICE.as_nanos() as u64 * slice);
        let mut slice = 0_u64;
        loop {
            if self.idle() {
                let Ok(first) = self.commands.recv() else { return };
                if self.take(first) == Go::Home {
                    return;
                }
                slice = (start.elapsed().as_nanos() / SLICE.as_nanos()) as u64 + 1;
            }
            let now = Instant::now();
            if let Some(early) = due_at(slice).checked_duration_since(now) {
                std::thread::sleep(early);
            }
            if self.take_commands() == Go::Home {
                return;
            }
            let now = Instant::now();
            slice += self.left_out(now.saturating_duration_since(due_at(slice)));
            self.slice(now, slice);
            self.publish();
            slice += 1;
        }
    }

    fn figures(&self) -> &MediaFigures {
        &self.figures.media[self.index]
    }

    fn sessions(&self) -> usize {
        (0..PHASES).map(|phase| self.engine.sessions(phase).len()).sum()
    }

    fn idle(&self) -> bool {
        self.backlog.is_empty() && self.sessions() == 0
    }

    /// Counts a late slice; how many slices to leave out, a whole number of rounds so that phases keep their turn.
    fn left_out(&self, late: Duration) -> u64 {
        if late <= SLICE {
            return 0;
        }
        self.figures().slices_late.one();
        if late <= CATCH_UP {
            return 0;
        }
        let phases = PHASES as u64;
        let out = (late.as_nanos() / SLICE.as_nanos()) as u64 / phases * phases;
        self.figures().slices_late.add(out);
        out
    }

    fn take_commands(&mut self) -> Go {
        // Bounded: a shard puts in at most as much as it is told, and is told of nothing in here.
        for _ in 0..COMMANDS {
            match self.commands.try_recv() {
                Ok(command) => {
                    if self.take(command) == Go::Home {
                        return Go::Home;
                    }
                }
                Err(TryRecvError::Empty) => return Go::On,
                Err(TryRecvError::Disconnected) => return Go::Home,
            }
        }
        Go::On
    }

    fn take(&mut self, told: ToMedia) -> Go {
        let command = match told {
            ToMedia::Stop => return Go::Home,
            ToMedia::Command(command) => command,
            ToMedia::Path(session, path) => {
                if let Some(browsers) = &self.wires.browsers {
                    browsers.set_path(self.layout.slot_of(session), path);
                }
                return Go::On;
            }
        };
        if let Command::Open { session, .. } = &command {
            self.flush(*session);
            // What still waits for the number is for the session that had it before.
            self.take_relayed(Instant::now());
        }
        self.engine.command(Instant::now(), command);
        self.report();
        Go::On
    }

    /// Throws away what an earlier far end still sent to the ports.
    fn flush(&mut self, session: SessionId) {
        let pair = self.wires.pair(session);
        let mut flushed = 0;
        for lane in [Lane::Rtp, Lane::Rtcp] {
            for _ in 0..FLUSH_BATCHES {
                match self.batch.receive(pair.lane(lane), Wait::No, |_, _| {}) {
                    Ok(count) => flushed += count as u64,
                    Err(_) => break,
                }
            }
        }
        self.figures().flushed.add(flushed);
    }

    /// Takes what sessions of other threads relay to sessions of this one.
    fn take_relayed(&mut self, now: Instant) {
        let Self { engine, wires, .. } = self;
        let wires = &*wires;
        wires.relays.take(|crossed| match crossed {
            Crossed::Packet(to, relayed) => engine.relayed(now, to, &relayed, &mut { wires }),
            Crossed::Frame(frame) => engine.room_frame(&frame),
        });
    }

    /// Takes what browsers sent, wherever they are.
    fn take_from_browsers(&mut self, now: Instant) {
        let Self { engine, wires, .. } = self;
        let wires = &*wires;
        let Some(browsers) = &wires.browsers else { return };
        browsers.take(|session, lane, bytes| {
            let datagram = Datagram {
                session,
                lane,
                from: BROWSER,
                bytes,
            };
            engine.packet(now, datagram, &mut { wires });
        });
        self.report();
    }

    fn slice(&mut self, now: Instant, slice: u64) {
        let phase = (slice % PHASES as u64) as usize;
        self.rtcp.look();
        self.take_relayed(now);
        if self.backlog.len() < BACKLOG {
            self.take_from_browsers(now);
        }
        self.ids.clear();
        self.ids.extend_from_slice(self.engine.sessions(phase));
        for at in 0..self.ids.len() {
            if self.backlog.len() >= BACKLOG {
                break;
            }
            let session = self.ids[at];
            self.receive(now, session, Lane::Rtp);
            let slot = self.layout.slot_of(session);
            if self.rtcp.take(slot) && self.receive(now, session, Lane::Rtcp) == Emptied::No {
                self.rtcp.again(slot);
            }
        }
        self.engine.tick(now, phase, &mut &self.wires);
        self.report();
    }

    fn receive(&mut self, now: Instant, session: SessionId, lane: Lane) -> Emptied {
        let Self {
            engine, wires, batch, ..
        } = self;
        let wires = &*wires;
        let socket = wires.pair(session).lane(lane);
        let mut emptied = Emptied::No;
        for _ in 0..BATCHES_PER_SLICE {
            let received = batch.receive(socket, Wait::No, |from, bytes| {
                let datagram = Datagram {
                    session,
                    lane,
                    from,
                    bytes,
                };
                engine.packet(now, datagram, &mut { wires });
            });
            // Nothing there, or an error that the next slice meets again.
            if !matches!(received, Ok(BATCH)) {
                emptied = Emptied::Yes;
                break;
            }
        }
        self.report();
        emptied
    }

    /// Hands the engine's reports to the shards, in order.
    fn report(&mut self) {
        while let Some(report) = self.engine.poll_report() {
            if self.backlog.is_empty() {
                if let Err(report) = self.hand_over(report) {
                    self.backlog.push_back(report);
                }
            } else {
                self.backlog.push_back(report);
            }
        }
    }

    #[expect(
        clippy::result_large_err,
        reason = "a report comes back as it is: boxing it would allocate in the media loop"
    )]
    fn hand_over(&self, report: Report) -> Result<(), Report> {
        self.inboxes[self.layout.shard_of(report.session())].report(report)
    }

    fn publish(&mut self) {
        while let Some(report) = self.backlog.pop_front() {
            if let Err(report) = self.hand_over(report) {
                self.backlog.push_front(report);
                self.figures().reports_waited.one();
                break;
            }
        }
        let totals = self.engine.totals();
        let figures = self.figures();
        figures.sessions.set(self.sessions() as u64);
        figures.send_errors.set(self.wires.send_errors.get());
        figures.relays_dropped.set(self.wires.relays_dropped.get());
        figures
            .relays_stray
            .set(totals.stray_relayed + self.wires.relays_stray.get());
        figures.strays.set(totals.stray_packets);
        figures.refused_commands.set(totals.refused_commands);
    }
}

#[cfg(test)]
mod tests;
