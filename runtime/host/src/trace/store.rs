//! Keeps the traces of calls that run and writes each to its file when the call ends, on a thread of its own. Everything
//! has an end: records of a call, bytes of all calls, files in the folder. Not here: what a file holds.

use super::{CallTrace, TraceRecord, What, format};
use crate::figures::Figure;
use crate::live_calls::Busy;
use patchcord_control::ids::CallId;
use patchcord_sip::Listener;
use std::collections::{HashMap, VecDeque};
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::SystemTime;
use tokio::sync::oneshot;

/// Records that may wait for the thread. One more is left out and counted: a call is never held up by its trace.
const QUEUE: usize = 8_192;
/// The first records of a call are kept for good: how it began explains most.
const FIRST: usize = 64;
/// Behind them the last ones are kept; those between are left out and counted.
const LAST: usize = 448;
/// Bytes of one record that are kept, as much as a message may have; what is longer is cut.
const RECORD_BYTES: usize = 64 * 1024;
/// Bytes of one call that are kept; with more, records between the first and the last are left out.
const CALL_BYTES: usize = 512 * 1024;
/// Bytes of all calls that are kept. With more, new records are left out and counted.
const ALL_BYTES: usize = 256 * 1024 * 1024;
/// What a record takes beside its texts and messages.
const RECORD_COST: usize = 200;
/// How files of traces end.
const ENDING: &str = "trace";

/// Where traces are written and how many are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceFolder {
    /// The folder; made if it is not there.
    pub folder: PathBuf,
    /// Files kept; beyond it the oldest is removed.
    pub keep: usize,
    /// Bytes of all files kept; beyond it the oldest are removed.
    pub bytes: u64,
}

/// What is counted about traces.
#[derive(Debug, Default)]
pub struct TraceFigures {
    /// Files written.
    pub(crate) written: Figure,
    /// Files that could not be written.
    pub(crate) failed: Figure,
    /// Records left out because the thread was behind, or because all calls had too many.
    pub(crate) left_out: Figure,
}

enum ToStore {
    Record(TraceRecord),
    Ended(CallId),
    Look(CallId, oneshot::Sender<Option<CallTrace>>),
    Stop,
}

/// The way to the store.
#[derive(Clone)]
pub struct TraceQueue {
    sender: SyncSender<ToStore>,
    figures: Arc<TraceFigures>,
}

impl TraceQueue {
    /// Hands over a record; without room it is left out and counted. Never waits.
    pub fn record(&self, record: TraceRecord) {
        if self.sender.try_send(ToStore::Record(record)).is_err() {
            self.figures.left_out.one();
        }
    }

    /// The trace of a call that goes on, as far as it has come. None: it has none, or it is over and its file is written.
    ///
    /// # Errors
    /// The thread has more to do than it can take, or has stopped.
    pub async fn look(&self, call: CallId) -> Result<Option<CallTrace>, Busy> {
        let (answer, trace) = oneshot::channel();
        self.sender.try_send(ToStore::Look(call, answer)).map_err(|_| Busy)?;
        trace.await.map_err(|_| Busy)
    }

    /// Says that a call is over: its file is written. Waits for room, so that nothing is kept for ever.
    pub fn ended(&self, call: CallId) {
        // A store that has stopped keeps nothing.
        let _ = self.sender.send(ToStore::Ended(call));
    }
}

/// The store's thread; dropping it writes what calls have left behind and joins it.
pub struct TraceThread {
    queue: TraceQueue,
    thread: Option<JoinHandle<()>>,
}

impl Drop for TraceThread {
    fn drop(&mut self) {
        let _ = self.queue.sender.send(ToStore::Stop);
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was printed when it happened.
            let _ = thread.join();
        }
    }
}

/// Starts the store.
///
/// # Errors
/// The folder cannot be made or read, or no thread started.
pub fn start(
    to: TraceFolder,
    doors: Vec<Listener>,
    figures: Arc<TraceFigures>,
) -> io::Result<(TraceThread, TraceQueue)> {
    let files = Files::open(to)?;
    let (sender, receiver) = sync_channel(QUEUE);
    let queue = TraceQueue {
        sender,
        figures: figures.clone(),
    };
    let store = Store {
        doors,
        files,
        calls: HashMap::new(),
        bytes: 0,
        figures,
    };
    let thread = std::thread::Builder::new()
        .name("traces".to_owned())
        .spawn(move || store.run(&receiver))?;
    let thread = TraceThread {
        queue: queue.clone(),
        thread: Some(thread),
    };
    Ok((thread, queue))
}

struct Store {
    doors: Vec<Listener>,
    files: Files,
    calls: HashMap<CallId, Kept>,
    /// Of all calls.
    bytes: usize,
    figures: Arc<TraceFigures>,
}

/// What is kept of one call.
#[derive(Default)]
struct Kept {
    first: Vec<TraceRecord>,
    last: VecDeque<TraceRecord>,
    left_out: u64,
    bytes: usize,
}

impl Store {
    fn run(mut self, receiver: &Receiver<ToStore>) {
        for told in receiver {
            match told {
                ToStore::Record(record) => self.keep(record),
                ToStore::Ended(call) => self.write(call),
                ToStore::Look(call, answer) => {
                    // Whoever asked may have gone.
                    let _ = answer.send(self.calls.get(&call).map(|kept| self.trace(call, kept)));
                }
                ToStore::Stop => break,
            }
        }
        let left: Vec<CallId> = self.calls.keys().copied().collect();
        for call in left {
            self.write(call);
        }
    }

    fn keep(&mut self, mut record: TraceRecord) {
        if self.bytes >= ALL_BYTES {
            self.figures.left_out.one();
            return;
        }
        cut(&mut record);
        let kept = self.calls.entry(record.call).or_default();
        let before = kept.bytes;
        kept.add(record);
        self.bytes = self.bytes - before + kept.bytes;
    }

    fn write(&mut self, call: CallId) {
        let Some(kept) = self.calls.remove(&call) else { return };
        self.bytes -= kept.bytes;
        let trace = self.trace(call, &kept);
        match self.files.write(call, &format::encode(&trace)) {
            Ok(()) => self.figures.written.one(),
            Err(error) => {
                self.figures.failed.one();
                tracing::warn!(%call, %error, "the trace of a call could not be written");
            }
        }
    }

    fn trace(&self, call: CallId, kept: &Kept) -> CallTrace {
        CallTrace {
            call,
            doors: self.doors.clone(),
            left_out: kept.left_out,
            records: kept.first.iter().chain(&kept.last).cloned().collect(),
        }
    }
}

impl Kept {
    fn add(&mut self, record: TraceRecord) {
        self.bytes += cost(&record);
        if self.first.len() < FIRST && self.bytes <= CALL_BYTES / 2 {
            self.first.push(record);
            return;
        }
        self.last.push_back(record);
        while self.last.len() > LAST || (self.bytes > CALL_BYTES && self.last.len() > 1) {
            if let Some(oldest) = self.last.pop_front() {
                self.bytes -= cost(&oldest);
                self.left_out += 1;
            }
        }
    }
}

fn cost(record: &TraceRecord) -> usize {
    RECORD_COST
        + match &record.what {
            What::Sip { bytes, .. } => bytes.len(),
            What::Turn { ask, answer, .. } => ask.len() + answer.len(),
            What::Note(note) => note.len(),
        }
}

fn cut(record: &mut TraceRecord) {
    match &mut record.what {
        What::Sip { bytes, .. } if bytes.len() > RECORD_BYTES => *bytes = bytes[..RECORD_BYTES].into(),
        What::Sip { .. } => {}
        What::Turn { ask, answer, .. } => {
            shorten(ask);
            shorten(answer);
        }
        What::Note(note) => shorten(note),
    }
}

fn shorten(text: &mut String) {
    if text.len() > RECORD_BYTES {
        text.truncate(text.floor_char_boundary(RECORD_BYTES));
    }
}

/// The files of the folder, oldest first.
struct Files {
    to: TraceFolder,
    known: VecDeque<(PathBuf, u64)>,
    bytes: u64,
}

impl Files {
    fn open(to: TraceFolder) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&to.folder)?;
        let mut found: Vec<(SystemTime, PathBuf, u64)> = Vec::new();
        for entry in fs::read_dir(&to.folder)? {
            let entry = entry?;
            let path = entry.path();
            if path.extension().is_some_and(|ending| ending == ENDING) {
                // A file that has gone meanwhile is none of ours any more.
                if let Ok(about) = entry.metadata() {
                    found.push((about.modified().unwrap_or(SystemTime::UNIX_EPOCH), path, about.len()));
                }
            }
        }
        found.sort();
        let bytes = found.iter().map(|(_, _, bytes)| bytes).sum();
        let known = found.into_iter().map(|(_, path, bytes)| (path, bytes)).collect();
        let mut files = Self { to, known, bytes };
        files.tidy();
        Ok(files)
    }

    /// Writes a file whole or not at all.
    fn write(&mut self, call: CallId, bytes: &[u8]) -> io::Result<()> {
        let path = file(&self.to.folder, call);
        let part = path.with_extension("part");
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&part)?;
        file.write_all(bytes)?;
        drop(file);
        fs::rename(&part, &path)?;
        self.known.push_back((path, bytes.len() as u64));
        self.bytes += bytes.len() as u64;
        self.tidy();
        Ok(())
    }

    /// Removes the oldest until what is left is within the limits; the newest stays whatever its size.
    fn tidy(&mut self) {
        while self.known.len() > self.to.keep.max(1) || (self.bytes > self.to.bytes && self.known.len() > 1) {
            let Some((path, bytes)) = self.known.pop_front() else {
                return;
            };
            self.bytes -= bytes;
            // Somebody else may have removed it.
            let _ = fs::remove_file(path);
        }
    }
}

/// The file of a call.
pub fn file(folder: &Path, call: CallId) -> PathBuf {
    folder.join(format!("{call}.{ENDING}"))
}

#[cfg(test)]
mod tests;
