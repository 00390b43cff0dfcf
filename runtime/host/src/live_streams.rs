//! Live streams of legs to WebSocket servers: one async task each, on a runtime of its own thread. Every task drives a
//! [`Stream`], which knows the protocol; here are connections, clocks and queues.
//!
//! Queues, all bounded. Frames of taps: a ring that this thread empties every 5 ms; without room a frame is dropped and
//! counted, and the media thread never waits. Orders of shards: without room the stream is told to be over. Orders to media
//! threads: without room they wait here, and with them the server's sound. What waits for a server that does not read is
//! bounded in the [`Stream`].
//!
//! Not here: which servers are allowed (the call), what the messages mean.

mod client;
mod task;

use crate::async_thread::{self, AsyncThread};
use crate::figures::Figure;
use crate::media_threads::MediaQueue;
use crate::orders::until_taken;
use crate::shard_threads::Inbox;
use crate::tapped_frame::TappedFrame;
use client::Client;
use hickory_resolver::TokioResolver;
use patchcord_control::call::{StreamOver, StreamSignal};
use patchcord_control::private::Private;
use patchcord_control::words::{Key, StreamCounts, StreamEnd};
use patchcord_media::{LiveEvent, TapTaken, Tapped};
use patchcord_switch::StreamOrder;
use patchcord_switch::stream::{StreamKey, StreamSetup};
use rustls::ClientConfig;
use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver as Frames, SyncSender, sync_channel};
use std::time::Duration;
use task::Task;
use tokio::sync::mpsc;

/// Streams of a node at the same time; one more is over at once as overloaded.
const STREAMS: usize = 512;
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

/// The way of a shard to the streams.
#[derive(Clone)]
pub(crate) struct LiveQueue {
    orders: mpsc::Sender<(usize, StreamOrder)>,
}

impl LiveQueue {
    /// Hands over an order. Never waits; the stream of an order that finds no room.
    pub(crate) fn order(&self, shard: usize, order: StreamOrder) -> Result<(), StreamKey> {
        let sent = self.orders.try_send((shard, order));
        sent.map_err(|refused| key_of(&refused.into_inner().1))
    }
}

fn key_of(order: &StreamOrder) -> StreamKey {
    match order {
        StreamOrder::Begin(setup) => setup.key,
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
        inboxes: setup.inboxes,
        media: setup.media,
        figures: setup.figures,
    };
    let dispatcher = Dispatcher {
        desk: Arc::new(desk),
        lines: HashMap::new(),
        slices: 0,
    };
    let thread = async_thread::start("streams", dispatcher.run(orders, frames))?;
    Ok((
        thread,
        StreamFrames { sender, figures },
        LiveQueue { orders: orders_in },
    ))
}

/// What all streams share.
struct Desk {
    client: Client,
    inboxes: Vec<Inbox>,
    media: Vec<MediaQueue>,
    figures: Arc<LiveFigures>,
}

impl Desk {
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
    lines: HashMap<StreamKey, mpsc::Sender<ToTask>>,
    slices: u32,
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
                _ = slice.tick(), if !self.lines.is_empty() => self.slice(&frames),
            }
        }
    }

    fn slice(&mut self, frames: &Frames<TappedFrame>) {
        // Bounded: as many as the ring holds.
        for frame in frames.try_iter().take(FRAMES) {
            let key = StreamKey(frame.tapped().tap.number);
            let Some(line) = self.lines.get(&key) else { continue };
            if let Err(mpsc::error::TrySendError::Full(_)) = line.try_send(ToTask::Heard(frame)) {
                self.desk.figures.frames_dropped.one();
            }
        }
        self.slices += 1;
        if self.slices >= SWEEP {
            self.slices = 0;
            self.sweep();
        }
    }

    /// Forgets streams that are over.
    fn sweep(&mut self) {
        self.lines.retain(|_, line| !line.is_closed());
        self.desk.figures.active.set(self.lines.len() as u64);
    }

    fn order(&mut self, shard: usize, order: StreamOrder) {
        let (key, told) = match order {
            StreamOrder::Begin(setup) => return self.begin(shard, *setup),
            StreamOrder::Live { key, event } => (key, ToTask::Live(event)),
            StreamOrder::Key { key, pressed } => (key, ToTask::Key(pressed)),
            StreamOrder::Send { key, text } => (key, ToTask::Send(text)),
            StreamOrder::End { key, why } => (key, ToTask::End(why)),
        };
        let Some(line) = self.lines.get(&key) else { return };
        if let Err(mpsc::error::TrySendError::Full(_)) = line.try_send(told) {
            // It would miss something: it ends as soon as it has seen what it has.
            self.lines.remove(&key);
        }
    }

    fn begin(&mut self, shard: usize, setup: StreamSetup) {
        let (desk, key) = (self.desk.clone(), setup.key);
        if self.lines.len() >= STREAMS {
            self.sweep();
        }
        if self.lines.len() >= STREAMS {
            desk.figures.refused.one();
            tokio::spawn(async move { desk.tell(shard, key, &overloaded()).await });
            return;
        }
        desk.figures.begun.one();
        let (line, told) = mpsc::channel(WAITING);
        self.lines.insert(key, line);
        desk.figures.active.set(self.lines.len() as u64);
        tokio::spawn(Task::new(desk, shard, setup, told).run());
    }
}

#[cfg(test)]
mod tests;
