//! Journals of calls in files: one for each call, appended to as the call goes on, by a thread of its own. A call never
//! waits for its journal: what finds the queue full is lost, and the file then says that it broke off. Not here: what is in
//! a journal ([`patchcord_switch::JournalPart`]).
//!
//! The folder is the operator's alone (0700, its files 0600): unless private values are hidden, a journal holds the numbers,
//! keys and texts of its call. A copy of each module that ran is kept beside the journals, or there would soon be nothing
//! to replay them with.

mod folder;

pub use folder::{JournalFolder, file, module_file};

use crate::figures::Figure;
use folder::Folder;
use patchcord_control::ids::CallId;
use patchcord_switch::{JournalPart, Last, broken_off};
use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Parts that may wait for the thread. One more is lost, and its journal breaks off.
const QUEUE: usize = 8_192;
/// Bytes that may wait.
const QUEUE_BYTES: usize = 64 * 1024 * 1024;
/// Journals that are known to go on. With more the oldest breaks off: its call has ended and its last part was lost, or
/// there are more calls than a node takes.
const OPEN: usize = 65_536;
/// Files held open. A journal of which another took the place is opened again for its next part.
const FILES: usize = 256;
/// How often a node without calls looks for journals that are too old.
const LOOK: Duration = Duration::from_secs(3_600);

/// What is counted about journals.
#[derive(Debug, Default)]
pub struct JournalFigures {
    /// Journals begun.
    pub(crate) begun: Figure,
    /// Journals that are whole.
    pub(crate) whole: Figure,
    /// Journals that broke off: a part was lost, or a file could not be written.
    pub(crate) broken: Figure,
    /// Parts lost because the thread was behind.
    pub(crate) lost: Figure,
    /// Bytes written.
    pub(crate) bytes: Figure,
}

enum ToWriter {
    Part(JournalPart),
    Stop,
}

/// The way to the thread.
#[derive(Clone)]
pub struct JournalQueue {
    sender: SyncSender<ToWriter>,
    waiting: Arc<AtomicUsize>,
    figures: Arc<JournalFigures>,
}

impl JournalQueue {
    /// Hands over a part; without room it is lost and counted. Never waits.
    pub fn part(&self, part: JournalPart) {
        let bytes = part.bytes.len();
        let fits = self.waiting.fetch_add(bytes, Ordering::Relaxed) + bytes <= QUEUE_BYTES;
        if !fits || self.sender.try_send(ToWriter::Part(part)).is_err() {
            self.waiting.fetch_sub(bytes, Ordering::Relaxed);
            self.figures.lost.one();
        }
    }
}

/// The thread; dropping it writes what was handed over and joins it.
pub struct JournalThread {
    queue: JournalQueue,
    thread: Option<JoinHandle<()>>,
}

impl Drop for JournalThread {
    fn drop(&mut self) {
        let _ = self.queue.sender.send(ToWriter::Stop);
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was printed when it happened.
            let _ = thread.join();
        }
    }
}

/// Starts the thread.
///
/// # Errors
/// The folder cannot be made or read, or no thread started.
pub fn start(to: JournalFolder, figures: Arc<JournalFigures>) -> io::Result<(JournalThread, JournalQueue)> {
    let folder = Folder::open(to)?;
    let (sender, receiver) = sync_channel(QUEUE);
    let waiting = Arc::new(AtomicUsize::new(0));
    let queue = JournalQueue {
        sender,
        waiting: waiting.clone(),
        figures: figures.clone(),
    };
    let writer = Writer {
        folder,
        open: BTreeMap::new(),
        order: VecDeque::new(),
        files: VecDeque::new(),
        waiting,
        figures,
    };
    let thread = std::thread::Builder::new()
        .name("journals".to_owned())
        .spawn(move || writer.run(&receiver))?;
    let thread = JournalThread {
        queue: queue.clone(),
        thread: Some(thread),
    };
    Ok((thread, queue))
}

struct Writer {
    folder: Folder,
    /// Bytes of each journal that goes on; at most [`OPEN`].
    open: BTreeMap<CallId, u64>,
    /// Those journals, oldest first, and some that have ended since.
    order: VecDeque<CallId>,
    /// Files held open, longest unused first; at most [`FILES`].
    files: VecDeque<(CallId, File)>,
    waiting: Arc<AtomicUsize>,
    figures: Arc<JournalFigures>,
}

impl Writer {
    fn run(mut self, receiver: &Receiver<ToWriter>) {
        loop {
            match receiver.recv_timeout(LOOK) {
                Ok(ToWriter::Part(part)) => {
                    self.waiting.fetch_sub(part.bytes.len(), Ordering::Relaxed);
                    self.take(&part);
                }
                Err(RecvTimeoutError::Timeout) => self.folder.tidy(),
                Ok(ToWriter::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn take(&mut self, part: &JournalPart) {
        let begins = part.at == 0;
        if begins {
            self.begin(part.call);
        }
        // A journal that broke off, or whose beginning was lost, is not known any more.
        let Some(written) = self.open.get(&part.call).copied() else {
            return;
        };
        if written != part.at {
            return self.break_off(part.call, "a part of it was lost");
        }
        if let Err(error) = self.append(part.call, &part.bytes) {
            tracing::warn!(call = %part.call, %error, "the journal of a call could not be written");
            return self.break_off(part.call, "it could not be written");
        }
        let size = written + part.bytes.len() as u64;
        match part.last {
            Last::No => {
                self.open.insert(part.call, size);
            }
            Last::Yes => {
                self.figures.whole.one();
                self.close(part.call, size);
            }
        }
    }

    fn begin(&mut self, call: CallId) {
        self.figures.begun.one();
        self.open.insert(call, 0);
        self.order.push_back(call);
        if self.order.len() > 2 * OPEN {
            // Behind one that goes on for long there are many that have ended.
            let open = &self.open;
            self.order.retain(|call| open.contains_key(call));
        }
        while self.open.len() > OPEN {
            let Some(oldest) = self.order.pop_front() else { break };
            if oldest != call && self.open.contains_key(&oldest) {
                self.break_off(oldest, "more journals go on than are known");
            }
        }
    }

    /// The file says that it breaks off, as far as it can be written.
    fn break_off(&mut self, call: CallId, why: &'static str) {
        tracing::debug!(%call, why, "the journal of a call breaks off");
        self.figures.broken.one();
        let last = broken_off();
        let written = self.open.get(&call).copied().unwrap_or(0);
        let size = match self.append(call, &last) {
            Ok(()) => written + last.len() as u64,
            Err(_) => written,
        };
        self.close(call, size);
    }

    fn close(&mut self, call: CallId, size: u64) {
        self.open.remove(&call);
        self.files.retain(|(known, _)| *known != call);
        // Journals end roughly in the order they began: those in front that have ended are forgotten.
        while self.order.front().is_some_and(|oldest| !self.open.contains_key(oldest)) {
            self.order.pop_front();
        }
        self.folder.ended(call, size);
    }

    fn append(&mut self, call: CallId, bytes: &[u8]) -> io::Result<()> {
        let place = self.files.iter().rposition(|(known, _)| *known == call);
        let mut file = match place.and_then(|place| self.files.remove(place)) {
            Some((_, file)) => file,
            None => self.folder.open_file(call)?,
        };
        file.write_all(bytes)?;
        self.files.push_back((call, file));
        if self.files.len() > FILES {
            self.files.pop_front();
        }
        self.figures.bytes.add(bytes.len() as u64);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
