//! Live streams of legs to WebSocket servers, and continuous recognition by one: an async task each, on a runtime of its own
//! thread. Every task drives a [`Conversation`], which knows the protocol; here are connections, clocks and queues.
//!
//! Queues, all bounded. Frames of taps: a ring that this thread empties every 5 ms; without room a frame is dropped and
//! counted, and the media thread never waits. Orders of shards: without room the stream is told to be over, and its task is
//! let go within a slice. Orders to media threads: without room they wait here, and with them the server's sound. What waits for a server that does not read is
//! bounded in the [`Conversation`].
//!
//! Not here: which servers are allowed (the call), what the messages mean.

mod client;
mod recogniser;
mod task;

use crate::async_thread::{self, AsyncThread};
use crate::figures::Figure;
use crate::media_threads::MediaQueue;
use crate::orders::until_taken;
use crate::shard_threads::Inbox;
use crate::tapped_frame::TappedFrame;
use client::Client;
pub(crate) use client::Socket;
use hickory_resolver::TokioResolver;
use patchcord_control::call::{RecogniseSignal, StreamOver, StreamSignal};
use patchcord_control::private::Private;
use patchcord_control::stream_urls::StreamUrl;
use patchcord_control::words::{Key, RecogniseCounts, RecogniseFailure, StreamCounts, StreamEnd};
use patchcord_media::{LiveEvent, TapTaken, Tapped};
use patchcord_switch::StreamOrder;
use patchcord_switch::recognise::{RecogniseSetup, Recognition};
use patchcord_switch::stream::{Conversation, Failure, Stream, StreamKey};
pub(crate) use recogniser::LiveRecogniser;
use rustls::ClientConfig;
use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::mpsc::{Receiver as Frames, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use task::Task;
use tokio::sync::mpsc;

/// Streams of a node at the same time; one more is over at once as overloaded.
const STREAMS: usize = 512;
/// Recognitions of a node at the same time, beside its streams.
const RECOGNITIONS: usize = 512;
/// Frames on their way from media threads: those of all streams for 300 ms.
const FRAMES: usize = 8_192;
/// Orders of shards that wait.
const ORDERS: usize = 4_096;
/// What waits for one stream, frames of 20 ms for the most part. Without room a frame is dropped; an order ends the stream.
const WAITING: usize = 512;
/// How often frames are taken out of the ring: as often as media threads put some in.
const SLICE: Duration = Duration::from_millis(5);
/// Slices after which streams that are over are forgotten: about a second.
const SWEEP: u32 = 200;

/// What is counted about streams.
#[derive(Debug, Default)]
pub(crate) struct LiveFigures {
    /// Streams that run.
    pub(crate) active: Figure,
    /// Streams begun.
    pub(crate) begun: Figure,
    /// Streams refused because there were too many.
    pub(crate) refused: Figure,
    /// Recognitions that run.
    pub(crate) recognitions_active: Figure,
    /// Recognitions begun, and those refused because there were too many.
    pub(crate) recognitions_begun: Figure,
    pub(crate) recognitions_refused: Figure,
    /// Connections that came about, and those that did not.
    pub(crate) connected: Figure,
    pub(crate) not_connected: Figure,
    /// Frames that found no room.
    pub(crate) frames_dropped: Figure,
}

/// The way of tapped sound to the streams.
#[derive(Clone)]
pub(crate) struct StreamFrames {
    sender: SyncSender<TappedFrame>,
    figures: Arc<LiveFigures>,
}

impl StreamFrames {
    /// Hands over a frame, or drops and counts it. Never waits.
    pub(crate) fn put(&self, tapped: &Tapped<'_>) -> TapTaken {
        let sent = TappedFrame::of(tapped).is_some_and(|frame| self.sender.try_send(frame).is_ok());
        if !sent {
            self.figures.frames_dropped.one();
        }
        TapTaken::Yes
    }
}

/// Streams of which an order found no room: what runs for them is to end. Beside the queue, which is full; at most one entry
/// for each that may run.
#[derive(Clone, Default)]
struct Missed(Arc<Mutex<HashSet<StreamKey>>>);

impl Missed {
    fn add(&self, key: StreamKey) {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() < STREAMS + RECOGNITIONS {
            keys.insert(key);
        }
    }

    fn take(&self) -> HashSet<StreamKey> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The way of a shard to the streams.
#[derive(Clone)]
pub(crate) struct LiveQueue {
    orders: mpsc::Sender<(usize, StreamOrder)>,
    missed: Missed,
}

impl LiveQueue {
    /// Hands over an order. Never waits; the stream of an order that finds no room.
    pub(crate) fn order(&self, shard: usize, order: StreamOrder) -> Result<(), StreamKey> {
        let sent = self.orders.try_send((shard, order));
        sent.map_err(|refused| {
            let key = key_of(&refused.into_inner().1);
            self.missed.add(key);
            key
        })
    }
}

fn key_of(order: &StreamOrder) -> StreamKey {
    match order {
        StreamOrder::Begin(setup) => setup.key,
        StreamOrder::Recognise(setup) => setup.key,
        StreamOrder::Live { key, .. }
        | StreamOrder::Key { key, .. }
        | StreamOrder::Send { key, .. }
        | StreamOrder::End { key, .. } => *key,
    }
}

/// What a stream that could not be served came to.
pub(crate) fn overloaded() -> StreamSignal {
    StreamSignal::Over {
        why: StreamOver::Overloaded,
        counts: StreamCounts::default(),
    }
}

/// How servers are reached, and whom streams talk to inside the node.
pub(crate) struct LiveSetup {
    /// Asks for addresses; none: only IP addresses are reached.
    pub(crate) resolver: Option<TokioResolver>,
    /// Whom servers must be certified by.
    pub(crate) tls: Arc<ClientConfig>,
    /// Whoever recognises all the time, if somebody does.
    pub(crate) recogniser: Option<LiveRecogniser>,
    pub(crate) inboxes: Vec<Inbox>,
    pub(crate) media: Vec<MediaQueue>,
    pub(crate) figures: Arc<LiveFigures>,
}

/// What [`start`] gives: the thread, and the ways to it.
pub(crate) type Started = (AsyncThread, StreamFrames, LiveQueue);

/// Starts streaming.
pub(crate) fn start(setup: LiveSetup) -> io::Result<Started> {
    let (orders_in, orders) = mpsc::channel(ORDERS);
    let (sender, frames) = sync_channel(FRAMES);
    let figures = setup.figures.clone();
    let desk = Desk {
        client: Client::new(setup.resolver, setup.tls),
        recogniser: setup.recogniser,
        inboxes: setup.inboxes,
        media: setup.media,
        figures: setup.figures,
    };
    let missed = Missed::default();
    let dispatcher = Dispatcher {
        desk: Arc::new(desk),
        lines: HashMap::new(),
        missed: missed.clone(),
        slices: 0,
    };
    let thread = async_thread::start("streams", dispatcher.run(orders, frames))?;
    Ok((
        thread,
        StreamFrames { sender, figures },
        LiveQueue {
            orders: orders_in,
            missed,
        },
    ))
}

/// What all streams share.
struct Desk {
    client: Client,
    recogniser: Option<LiveRecogniser>,
    inboxes: Vec<Inbox>,
    media: Vec<MediaQueue>,
    figures: Arc<LiveFigures>,
}

impl Desk {
    /// Opens a connection to a server that was named, or to the recogniser of the node.
    async fn open(&self, url: Option<StreamUrl>) -> Result<Socket, Failure> {
        match (url, &self.recogniser) {
            (Some(url), _) => self.client.open(&url, &[]).await,
            (None, Some(recogniser)) => recogniser.open().await,
            // The call asks for no recognition then.
            (None, None) => Err(Failure::Unreachable),
        }
    }

    /// As `tell`, of a recognition.
    async fn tell_heard(&self, shard: usize, key: StreamKey, signal: &RecogniseSignal) {
        until_taken(|| self.inboxes[shard].recognition(key, signal)).await;
    }

    /// The call waits for it, so it is never dropped: a busy shard gets it later.
    async fn tell(&self, shard: usize, key: StreamKey, signal: &StreamSignal) {
        until_taken(|| self.inboxes[shard].stream(key, signal)).await;
    }
}

/// What the task of a stream is told.
enum ToTask {
    Heard(TappedFrame),
    Live(LiveEvent),
    Key(Key),
    Send(Private<String>),
    End(StreamEnd),
}

/// Deals out orders and frames to the tasks of the streams.
struct Dispatcher {
    desk: Arc<Desk>,
    lines: HashMap<StreamKey, Line>,
    missed: Missed,
    slices: u32,
}

/// The way to the task of a stream, or of a recognition.
struct Line {
    kind: Kind,
    told: mpsc::Sender<ToTask>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Stream,
    Recognition,
}

impl Dispatcher {
    async fn run(mut self, mut orders: mpsc::Receiver<(usize, StreamOrder)>, frames: Frames<TappedFrame>) {
        let mut slice = tokio::time::interval(SLICE);
        slice.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                order = orders.recv() => match order {
                    Some((shard, order)) => self.order(shard, order),
                    None => return,
                },
                _ = slice.tick(), if !self.lines.is_empty() => {
                    self.slice(&frames);
                    // Not before the order to begin, which may still wait, was seen.
                    if orders.is_empty() {
                        self.let_go();
                    }
                }
            }
        }
    }

    fn slice(&mut self, frames: &Frames<TappedFrame>) {
        // Bounded: as many as the ring holds.
        for frame in frames.try_iter().take(FRAMES) {
            let key = StreamKey(frame.tapped().tap.number);
            let Some(line) = self.lines.get(&key) else { continue };
            if let Err(mpsc::error::TrySendError::Full(_)) = line.told.try_send(ToTask::Heard(frame)) {
                self.desk.figures.frames_dropped.one();
            }
        }
        self.slices += 1;
        if self.slices >= SWEEP {
            self.slices = 0;
            self.sweep();
        }
    }

    /// Lets streams go that missed an order: each ends as soon as it has seen what it has.
    fn let_go(&mut self) {
        for key in self.missed.take() {
            self.lines.remove(&key);
        }
    }

    /// Forgets streams that are over.
    fn sweep(&mut self) {
        self.lines.retain(|_, line| !line.told.is_closed());
        self.count();
    }

    fn count(&self) {
        let (streams, recognitions) = (self.running(Kind::Stream), self.running(Kind::Recognition));
        self.desk.figures.active.set(streams as u64);
        self.desk.figures.recognitions_active.set(recognitions as u64);
    }

    fn running(&self, kind: Kind) -> usize {
        self.lines.values().filter(|line| line.kind == kind).count()
    }

    /// Whether one more may run, after those that are over were forgotten.
    fn has_room(&mut self, kind: Kind, most: usize) -> bool {
        if self.running(kind) >= most {
            self.sweep();
        }
        self.running(kind) < most
    }

    fn order(&mut self, shard: usize, order: StreamOrder) {
        let (key, told) = match order {
            StreamOrder::Begin(setup) => return self.begin(shard, Stream::new(Instant::now(), *setup)),
            StreamOrder::Recognise(setup) => return self.recognise(shard, *setup),
            StreamOrder::Live { key, event } => (key, ToTask::Live(event)),
            StreamOrder::Key { key, pressed } => (key, ToTask::Key(pressed)),
            StreamOrder::Send { key, text } => (key, ToTask::Send(text)),
            StreamOrder::End { key, why } => (key, ToTask::End(why)),
        };
        let Some(line) = self.lines.get(&key) else { return };
        if let Err(mpsc::error::TrySendError::Full(_)) = line.told.try_send(told) {
            // It would miss something: it ends as soon as it has seen what it has.
            self.lines.remove(&key);
        }
    }

    fn begin(&mut self, shard: usize, stream: Stream) {
        let (desk, key) = (self.desk.clone(), stream.setup().key);
        if !self.has_room(Kind::Stream, STREAMS) {
            desk.figures.refused.one();
            tokio::spawn(async move { desk.tell(shard, key, &overloaded()).await });
            return;
        }
        desk.figures.begun.one();
        self.spawn(shard, Kind::Stream, Conversation::Stream(Box::new(stream)));
    }

    fn recognise(&mut self, shard: usize, mut setup: RecogniseSetup) {
        let (desk, key) = (self.desk.clone(), setup.key);
        if !self.has_room(Kind::Recognition, RECOGNITIONS) {
            desk.figures.recognitions_refused.one();
            let over = RecogniseSignal::Over {
                failure: Some(RecogniseFailure::Overloaded),
                counts: RecogniseCounts::default(),
            };
            tokio::spawn(async move { desk.tell_heard(shard, key, &over).await });
            return;
        }
        desk.figures.recognitions_begun.one();
        if let (None, Some(recogniser)) = (&setup.options.language, &desk.recogniser) {
            setup.options.language = Some(recogniser.language.clone());
        }
        let recognition = Recognition::new(Instant::now(), setup);
        self.spawn(
            shard,
            Kind::Recognition,
            Conversation::Recognition(Box::new(recognition)),
        );
    }

    fn spawn(&mut self, shard: usize, kind: Kind, conversation: Conversation) {
        let (told, heard) = mpsc::channel(WAITING);
        self.lines.insert(conversation.key(), Line { kind, told });
        self.count();
        tokio::spawn(Task::new(self.desk.clone(), shard, conversation, heard).run());
    }
}

#[cfg(test)]
mod tests;
