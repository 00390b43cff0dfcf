//! The writer's loop: frames into files. Every half second what has come since goes to the file, and a header that says so.

use super::keeper::{Finished, ToKeeper};
use super::places::Places;
use super::sound_file::SoundFile;
use super::{FRAMES, ToWriter};
use crate::tapped_frame::TappedFrame;
use patchcord_control::words::NotRecorded;
use patchcord_media::Recorder;
use patchcord_switch::{RecordingKey, RecordingOrder};
use std::collections::HashMap;
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

/// How long sound stays in memory.
const FLUSH: Duration = Duration::from_millis(500);
/// The writer looks at its orders at least this often while something is recorded.
const LOOK: Duration = Duration::from_millis(20);

/// What the writer's thread owns.
pub(super) struct Writer {
    places: Places,
    keeper: SyncSender<ToKeeper>,
    /// Bounded by [`super::RECORDINGS`].
    running: HashMap<RecordingKey, Running>,
    /// Told to be finished once the frames that came before are in.
    finishing: Vec<RecordingKey>,
    stopping: bool,
}

/// A recording and its file.
pub(super) struct Running {
    pub(super) shard: usize,
    pub(super) id: String,
    pub(super) recorder: Recorder,
    pub(super) file: SoundFile,
    /// Sound that is not in the file yet.
    pub(super) pending: Vec<u8>,
    flushed: Instant,
}

impl Writer {
    pub(super) fn new(places: Places, keeper: SyncSender<ToKeeper>) -> Self {
        Self {
            places,
            keeper,
            running: HashMap::new(),
            finishing: Vec::new(),
            stopping: false,
        }
    }

    /// Writes until it is told to stop; every recording that still runs is finished then.
    pub(super) fn run(mut self, orders: &Receiver<ToWriter>, frames: &Receiver<TappedFrame>) {
        while !self.stopping {
            let first = if self.running.is_empty() {
                // Frames come only while something runs; what of an ended one is left goes with the next.
                match orders.recv() {
                    Ok(told) => self.take(told),
                    Err(_) => break,
                }
                None
            } else {
                match frames.recv_timeout(LOOK) {
                    Ok(frame) => Some(frame),
                    Err(RecvTimeoutError::Timeout) => None,
                    Err(RecvTimeoutError::Disconnected) => {
                        // The media threads are gone, so the shards are too, or will be: orders are what is left.
                        std::thread::sleep(LOOK);
                        None
                    }
                }
            };
            self.take_orders(orders);
            let finishing = std::mem::take(&mut self.finishing);
            // Whatever came before those orders is in the queue now: a queue full of it at most.
            for frame in first.into_iter().chain(frames.try_iter().take(FRAMES)) {
                self.frame(&frame, orders);
            }
            finishing.into_iter().for_each(|key| self.finish(key));
            self.flush(Instant::now());
        }
        let left: Vec<_> = self.running.keys().copied().collect();
        left.into_iter().for_each(|key| self.finish(key));
        let _ = self.keeper.send(ToKeeper::Stop);
    }

    fn take_orders(&mut self, orders: &Receiver<ToWriter>) {
        while let Ok(told) = orders.try_recv() {
            self.take(told);
        }
    }

    fn take(&mut self, told: ToWriter) {
        match told {
            ToWriter::Stop => self.stopping = true,
            ToWriter::Order {
                shard,
                order:
                    RecordingOrder::Begin {
                        key,
                        tenant,
                        id,
                        channels,
                        trim,
                        format,
                    },
            } => {
                let recorder = Recorder::new(channels, trim);
                let folder = self.places.of(&tenant);
                let file =
                    folder.and_then(|folder| SoundFile::create(&folder, &id.to_string(), format, channels, &recorder));
                let begun = file.map(|file| Running {
                    shard,
                    id: id.to_string(),
                    recorder,
                    file,
                    pending: Vec::new(),
                    flushed: Instant::now(),
                });
                match begun {
                    Ok(running) => drop(self.running.insert(key, running)),
                    Err(error) => {
                        tracing::error!(%error, recording = %id, "a recording cannot be begun");
                        self.tell(ToKeeper::Failed { shard, key });
                    }
                }
            }
            ToWriter::Order {
                order: RecordingOrder::Finish { key },
                ..
            } => self.finishing.push(key),
        }
    }

    fn frame(&mut self, frame: &TappedFrame, orders: &Receiver<ToWriter>) {
        let tapped = frame.tapped();
        let key = RecordingKey(tapped.tap.number);
        if !self.running.contains_key(&key) {
            // Its beginning was ordered before its frames came; or it has failed.
            self.take_orders(orders);
        }
        if let Some(running) = self.running.get_mut(&key) {
            running.recorder.push(&tapped, &mut running.pending);
        }
    }

    fn flush(&mut self, now: Instant) {
        let mut failed = Vec::new();
        for (key, running) in &mut self.running {
            if now.saturating_duration_since(running.flushed) >= FLUSH {
                running.flushed = now;
                if let Err(error) = running.flush() {
                    tracing::error!(%error, recording = running.id, "a recording cannot be written");
                    failed.push((*key, running.shard));
                }
            }
        }
        for (key, shard) in failed {
            self.running.remove(&key);
            self.tell(ToKeeper::Failed { shard, key });
        }
    }

    fn finish(&mut self, key: RecordingKey) {
        // One that failed has been answered for.
        let Some(mut running) = self.running.remove(&key) else {
            return;
        };
        let keep = running.recorder.finish(&mut running.pending);
        self.tell(ToKeeper::Finished(Finished { key, running, keep }));
    }

    fn tell(&self, told: ToKeeper) {
        // There is room as long as recordings are counted; a keeper that has ended panicked, which was printed.
        let _ = self.keeper.send(told);
    }
}

impl Running {
    /// Puts what is pending into the file.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.file.append(&self.recorder, &mut self.pending)
    }
}

/// What a recording that could not be written counts as.
pub(super) const FAILED: NotRecorded = NotRecorded::Storage;
