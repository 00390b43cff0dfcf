//! The keeper's loop: a recording whose sound is complete becomes a file that is kept, and its shard is told. On a thread
//! of its own, because to sync a file takes as long as the disk likes, and others are recorded meanwhile.

use super::RecordingFigures;
use super::places;
use super::sending::Waiting;
use super::writer::{FAILED, Running};
use crate::shard_threads::{Inbox, Taken};
use aws_lc_rs::digest::{Context, SHA256};
use patchcord_control::call::Saved;
use patchcord_control::words::NotRecorded;
use patchcord_switch::RecordingKey;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Receiver;
use std::time::Duration;

/// How much of a file is read at a time for its hash.
const HASHED_AT_ONCE: usize = 256 * 1024;
/// Pause before a full inbox is tried again.
const RETRY: Duration = Duration::from_millis(5);

/// What the keeper is told.
pub(super) enum ToKeeper {
    /// To be kept.
    Finished(Finished),
    /// Not to be written.
    Failed { shard: usize, key: RecordingKey },
    /// Nobody hands in more.
    Stop,
}

/// A recording whose sound is complete.
pub(super) struct Finished {
    pub(super) key: RecordingKey,
    pub(super) running: Running,
    /// Bytes of its sound that belong to it.
    pub(super) keep: u64,
}

/// What the keeper's thread owns.
pub(super) struct Keeper {
    /// Told of what is kept, if a store is to get it.
    pub(super) waiting: Option<Arc<Waiting>>,
    pub(super) inboxes: Vec<Inbox>,
    /// Recordings whose outcome is not told.
    pub(super) active: Arc<AtomicUsize>,
    pub(super) figures: Arc<RecordingFigures>,
}

impl Keeper {
    /// Keeps until it is told to stop.
    pub(super) fn run(self, told: &Receiver<ToKeeper>) {
        while let Ok(told) = told.recv() {
            match told {
                ToKeeper::Finished(finished) => {
                    let (shard, key) = (finished.running.shard, finished.key);
                    let id = finished.running.id.clone();
                    let stored = self.keep(finished).map_err(|error| {
                        tracing::error!(%error, recording = id, "a recording cannot be kept");
                        FAILED
                    });
                    self.answer(shard, key, stored);
                }
                ToKeeper::Failed { shard, key } => self.answer(shard, key, Err(FAILED)),
                ToKeeper::Stop => return,
            }
        }
    }

    fn keep(&self, finished: Finished) -> io::Result<Saved> {
        let Finished { mut running, keep, .. } = finished;
        running.flush()?;
        let bytes = running.file.finish(&running.recorder, keep)?;
        let sha256 = hash(running.file.file())?;
        places::keep(running.file.path())?;
        if let Some(waiting) = &self.waiting {
            waiting.add(bytes);
        }
        Ok(Saved {
            length_ms: running.recorder.length(keep).as_millis() as u64,
            bytes,
            sha256,
        })
    }

    fn answer(&self, shard: usize, key: RecordingKey, stored: Result<Saved, NotRecorded>) {
        match stored {
            Ok(_) => self.figures.kept.one(),
            Err(_) => self.figures.failed.one(),
        }
        let left = self.active.fetch_sub(1, Ordering::Relaxed) - 1;
        self.figures.active.set(left as u64);
        // A shard that has ended takes everything; one that is busy gets it a little later.
        while self.inboxes[shard].recorded(key, stored) != Taken::Yes {
            std::thread::sleep(RETRY);
        }
    }
}

/// The SHA-256 of a whole file.
pub(super) fn hash(file: &File) -> io::Result<[u8; 32]> {
    let mut context = Context::new(&SHA256);
    let (mut buffer, mut at) = (vec![0; HASHED_AT_ONCE], 0);
    loop {
        let read = file.read_at(&mut buffer, at)?;
        if read == 0 {
            break;
        }
        context.update(&buffer[..read]);
        at += read as u64;
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    Ok(hash)
}
