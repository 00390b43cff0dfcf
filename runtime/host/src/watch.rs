//! Those who watch calls as they happen (`dev`): each has a bounded queue. Not the log and not the records.

use patchcord_control::ids::CallId;
use patchcord_control::record::CallRecord;
use patchcord_switch::Notice;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

/// What one watcher may be behind; further events are dropped for it and counted.
pub const WATCH_QUEUE: usize = 4_096;

/// What a watcher sees. For the developer at the terminal: a record holds the caller's number.
#[derive(Debug, Clone)]
pub enum Seen {
    /// Something happened in a call.
    Notice {
        /// Which.
        call: CallId,
        /// What.
        notice: Notice,
    },
    /// A call is over.
    Ended(Arc<CallRecord>),
}

/// All who watch.
#[derive(Debug, Default)]
pub(crate) struct Watchers {
    count: AtomicUsize,
    senders: Mutex<Vec<SyncSender<Seen>>>,
    dropped: AtomicU64,
}

impl Watchers {
    /// A new watcher; dropping the receiver ends it.
    pub(crate) fn watch(&self) -> Receiver<Seen> {
        let (sender, receiver) = sync_channel(WATCH_QUEUE);
        let mut senders = self.senders.lock().unwrap_or_else(PoisonError::into_inner);
        senders.push(sender);
        self.count.store(senders.len(), Ordering::Release);
        receiver
    }

    /// Whether anybody watches.
    pub(crate) fn any(&self) -> bool {
        self.count.load(Ordering::Acquire) > 0
    }

    /// Tells everybody. Never waits.
    pub(crate) fn tell(&self, seen: &Seen) {
        let mut senders = self.senders.lock().unwrap_or_else(PoisonError::into_inner);
        senders.retain(|sender| match sender.try_send(seen.clone()) {
            Ok(()) => true,
            Err(TrySendError::Full(_)) => {
                self.dropped.fetch_add(1, Ordering::Relaxed);
                true
            }
            Err(TrySendError::Disconnected(_)) => false,
        });
        self.count.store(senders.len(), Ordering::Release);
    }

    /// Events dropped because a watcher was too far behind.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests;
