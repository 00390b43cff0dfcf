//! Recordings on disk. Media threads hand over frames, shards say what begins and ends; the writer thread puts sound into
//! a file `<id>.wav.part` or `<id>.ogg.part`, which says within a second what is in it, so that a process that is killed
//! leaves a playable file. The keeper thread finishes files: header, sync, hash, name. What a killed process left is repaired at the
//! next start and told as interrupted. With an object store, what is kept is sent there by a thread of its own ([`sending`]).
//!
//! Queues, all bounded. Frames: without room the frame's tap ends and its recording fails as overloaded; the media thread
//! never waits. Orders and finished files: there is always room, because recordings at the same time are limited to
//! [`RECORDINGS`]; one more fails at once. No thread waits for a disk but these two.
//!
//! Not here: channels, trimming and headers ([`patchcord_media::Recorder`]), what ends a recording (the call).

mod keeper;
mod places;
mod repair;
pub(crate) mod sending;
pub(crate) mod shelf;
mod sound_file;
mod writer;

pub(crate) use repair::Interrupted;

use crate::figures::Figure;
use crate::records::RecordQueue;
use crate::shard_threads::Inbox;
use crate::tapped_frame::TappedFrame;
use patchcord_control::words::NotRecorded;
use patchcord_media::{TapTaken, Tapped};
use patchcord_switch::{RecordingKey, RecordingOrder};
use places::{Places, Stay};
use sending::{Sender, Setup, Waiting};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Recordings of a node at the same time, until each is kept; one more fails as overloaded.
pub(crate) const RECORDINGS: usize = 1_024;
/// Frames that may wait for the writer: those of a hundred recordings for three seconds.
const FRAMES: usize = 16_384;
/// A recording is begun and finished once each, and each recording counts until its end was told.
const ORDERS: usize = 2 * RECORDINGS + 2;
/// What stands after the name of a file that is being written.
const PART: &str = "part";
/// Held by the node that writes in a folder: another one's files must not be taken for what a killed process left.
const LOCK: &str = ".patchcord.lock";

/// What is counted about recordings.
#[derive(Debug, Default)]
pub(crate) struct RecordingFigures {
    /// Recordings that run or are being kept.
    pub(crate) active: Figure,
    /// Recordings kept.
    pub(crate) kept: Figure,
    /// Recordings that could not be written or kept.
    pub(crate) failed: Figure,
    /// Recordings refused because there were too many.
    pub(crate) refused: Figure,
    /// Recordings refused because too much waits to be sent.
    pub(crate) no_room: Figure,
    /// Frames that found no room.
    pub(crate) frames_dropped: Figure,
    /// Files of a killed process that were repaired.
    pub(crate) interrupted: Figure,
    /// Kept recordings that wait to be sent to a store, and their bytes.
    pub(crate) waiting: Figure,
    pub(crate) waiting_bytes: Figure,
    /// Recordings that the store has.
    pub(crate) sent: Figure,
    /// Tries to send one that failed.
    pub(crate) not_sent: Figure,
}

/// What the writer is told.
enum ToWriter {
    Order { shard: usize, order: RecordingOrder },
    Stop,
}

/// The way of sound to the writer.
#[derive(Clone)]
pub(crate) struct FrameQueue {
    sender: SyncSender<TappedFrame>,
    figures: Arc<RecordingFigures>,
}

impl FrameQueue {
    /// Hands over a frame. Never waits.
    pub(crate) fn put(&self, tapped: &Tapped<'_>) -> TapTaken {
        if TappedFrame::of(tapped).is_some_and(|frame| self.sender.try_send(frame).is_ok()) {
            return TapTaken::Yes;
        }
        self.figures.frames_dropped.one();
        TapTaken::Dropped
    }
}

/// The way of a shard to the writer.
#[derive(Clone)]
pub(crate) struct RecordingQueue {
    sender: SyncSender<ToWriter>,
    active: Arc<AtomicUsize>,
    /// What waits for a store, if there is one.
    waiting: Option<Arc<Waiting>>,
    figures: Arc<RecordingFigures>,
}

/// Whether an order was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ordered {
    Yes,
    /// There are as many recordings as there may be, or no more room for them.
    Refused(RecordingKey, NotRecorded),
}

impl RecordingQueue {
    /// Hands over an order. Never waits.
    pub(crate) fn order(&self, shard: usize, order: RecordingOrder) -> Ordered {
        if let RecordingOrder::Begin { key, .. } = &order {
            if self.waiting.as_ref().is_some_and(|waiting| !waiting.has_room()) {
                self.figures.no_room.one();
                return Ordered::Refused(*key, NotRecorded::Storage);
            }
            if self.active.fetch_add(1, Ordering::Relaxed) >= RECORDINGS {
                self.active.fetch_sub(1, Ordering::Relaxed);
                self.figures.refused.one();
                return Ordered::Refused(*key, NotRecorded::Overloaded);
            }
            self.figures.active.set(self.active.load(Ordering::Relaxed) as u64);
        }
        // There is room as long as recordings are counted; a writer that has ended takes nothing, and its node with it.
        let _ = self.sender.try_send(ToWriter::Order { shard, order });
        Ordered::Yes
    }
}

/// The writer and the keeper; dropping this lets them finish every recording handed in, and joins them.
pub(crate) struct RecordingThreads {
    sender: SyncSender<ToWriter>,
    threads: Vec<JoinHandle<()>>,
    /// Ends after those who give it something.
    _sending: Option<Sender>,
    _lock: File,
}

impl Drop for RecordingThreads {
    fn drop(&mut self) {
        let _ = self.sender.send(ToWriter::Stop);
        for thread in self.threads.drain(..) {
            // A panic of a thread was printed when it happened.
            let _ = thread.join();
        }
    }
}

/// What [`start`] gives: the threads, and the ways to them.
pub(crate) type Started = (RecordingThreads, FrameQueue, RecordingQueue);

/// Makes the folder if it is not there, repairs what is left in it, and starts the threads. With a store, what is kept is
/// sent there.
///
/// # Errors
/// The folder cannot be made, read or locked, or no thread started.
pub(crate) fn start(
    (folder, store): (&Path, Option<Setup>),
    inboxes: Vec<Inbox>,
    records: RecordQueue,
    figures: Arc<RecordingFigures>,
) -> io::Result<Started> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let lock = lock(folder)?;
    let stay = if store.is_some() { Stay::UntilSent } else { Stay::Here };
    let places = Places::new(folder, stay);
    let left = repair::left_in(&places)?;
    let (sender_away, waiting) = match store {
        Some(setup) => {
            let (sender, waiting) = sending::start(setup, &places, figures.clone())?;
            (Some(sender), Some(waiting))
        }
        None => {
            warn_of_unsent(&places)?;
            (None, None)
        }
    };
    let (sender, orders) = sync_channel(ORDERS);
    let (frames_in, frames) = sync_channel(FRAMES);
    let (finished, to_keep) = sync_channel(ORDERS);
    let active = Arc::new(AtomicUsize::new(0));
    let keeper = keeper::Keeper {
        waiting: waiting.clone(),
        inboxes,
        active: active.clone(),
        figures: figures.clone(),
    };
    let writer = writer::Writer::new(places.clone(), finished);
    let (to_send, counted) = (
        waiting.clone().map(|waiting| (places.to_send(), waiting)),
        figures.clone(),
    );
    let thread = |name: &str, work: Box<dyn FnOnce() + Send>| {
        let builder = std::thread::Builder::new().name(name.to_owned());
        builder.spawn(work)
    };
    let mut threads = RecordingThreads {
        sender: sender.clone(),
        threads: Vec::new(),
        _sending: sender_away,
        _lock: lock,
    };
    let work: Box<dyn FnOnce() + Send> = Box::new(move || writer.run(&orders, &frames));
    threads.threads.push(thread("recordings", work)?);
    threads
        .threads
        .push(thread("recordings-keep", Box::new(move || keeper.run(&to_keep)))?);
    if !left.is_empty() {
        let work = move || repair::repair(left, to_send.as_ref(), &records, &counted);
        threads.threads.push(thread("recordings-mend", Box::new(work))?);
    }
    let queue = RecordingQueue {
        sender,
        active,
        waiting,
        figures: figures.clone(),
    };
    let frames = FrameQueue {
        sender: frames_in,
        figures,
    };
    Ok((threads, frames, queue))
}

/// Without a store nobody sends what an earlier configuration left to be sent.
fn warn_of_unsent(places: &Places) -> io::Result<()> {
    let recordings = sending::count(places)?;
    if recordings > 0 {
        let folder = places.to_send();
        tracing::warn!(
            recordings,
            folder = %folder.display(),
            "recordings wait there to be sent and there is no store: name one in [recordings] store, or move them"
        );
    }
    Ok(())
}

fn lock(folder: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(folder.join(LOCK))?;
    file.try_lock()
        .map_err(|_| io::Error::other("another node writes its recordings there"))?;
    Ok(file)
}

#[cfg(test)]
mod tests;
