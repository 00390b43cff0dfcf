//! End records (CDR): one JSON object on one line for each call, to a file or to standard output, by one writer thread.
//! No record is lost: when the queue is full the shard waits, and a write that fails is tried again. This is the one
//! place where a caller's number is written in clear: the record is what the operator bills by.

mod json;
mod writer;

pub use json::line;
pub(crate) use json::{began, ended_by, rfc3339};
#[cfg(test)]
pub(crate) use tests::record as sample;

use crate::figures::Figures;
use crate::media_threads::Handed;
use crate::recordings::Interrupted;
use crate::start_error::StartError;
use patchcord_control::record::CallRecord;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

/// Records that may wait for the writer; when full the shard waits.
pub(crate) const QUEUE: usize = 1_024;

/// Where end records go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordsTo {
    /// To this file, after what is in it.
    File(PathBuf),
    /// To standard output.
    Stdout,
    /// Nowhere: whoever watches the node sees them.
    Nowhere,
}

/// What the writer is told.
pub(crate) enum ToWriter {
    /// One to write.
    Record(Arc<CallRecord>),
    /// A recording that a killed process left.
    Interrupted(Box<Interrupted>),
    /// Nobody hands in more.
    Stop,
}

/// The queue to the writer.
#[derive(Clone)]
pub(crate) struct RecordQueue(SyncSender<ToWriter>);

impl RecordQueue {
    /// Hands over a record and waits for room if there is none.
    pub(crate) fn put(&self, record: Arc<CallRecord>) -> Handed {
        match self.0.try_send(ToWriter::Record(record)) {
            Ok(()) => Handed::AtOnce,
            Err(TrySendError::Full(record)) => {
                let _ = self.0.send(record);
                Handed::Waited
            }
            // The writer outlives all shards; only its panic, printed when it happened, can lead here.
            Err(TrySendError::Disconnected(_)) => Handed::AtOnce,
        }
    }
}

impl RecordQueue {
    /// Hands over what is told of a recording that a killed process left; waits for room.
    pub(crate) fn put_interrupted(&self, interrupted: Interrupted) {
        let _ = self.0.send(ToWriter::Interrupted(Box::new(interrupted)));
    }
}

/// The writer thread; dropping it waits until all records handed in before are written.
pub(crate) struct RecordsThread {
    queue: RecordQueue,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for RecordsThread {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        let _ = self.queue.0.send(ToWriter::Stop);
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was printed when it happened.
            let _ = thread.join();
        }
    }
}

/// Opens the place and starts the writer.
pub(crate) fn start(to: &RecordsTo, figures: Arc<Figures>) -> Result<(RecordsThread, RecordQueue), StartError> {
    let place: Box<dyn Write + Send> = match to {
        RecordsTo::File(path) => Box::new(open(path).map_err(|why| StartError::Records {
            path: path.clone(),
            why,
        })?),
        RecordsTo::Stdout => Box::new(io::stdout()),
        RecordsTo::Nowhere => Box::new(io::sink()),
    };
    let (sender, receiver) = sync_channel(QUEUE);
    let stopping = Arc::new(AtomicBool::new(false));
    let writer = writer::Writer {
        place,
        figures,
        stopping: stopping.clone(),
    };
    let thread = std::thread::Builder::new()
        .name("records".to_owned())
        .spawn(move || writer.run(&receiver))
        .map_err(StartError::Thread)?;
    let queue = RecordQueue(sender);
    let records = RecordsThread {
        queue: queue.clone(),
        stopping,
        thread: Some(thread),
    };
    Ok((records, queue))
}

fn open(path: &PathBuf) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

#[cfg(test)]
mod tests;
