//! The store that needs nobody else: all entries in memory, and each change in a log on disk before it is told, if there is a
//! folder for it.

use super::entry_log::{EntryLog, OpenError};
use super::{Keeper, Stored, TenantStoreConfig, TenantStoreFigures};
use crate::node::time_of_day;
use crate::orders::Order;
use patchcord_control::store::Store;
use patchcord_control::words::Error;
use patchcord_switch::ToStore;
use std::io;
use std::sync::Arc;

const NOT_WRITTEN: &str = "the store cannot write to its disk; whether this was done is not known";

/// Entries in memory, and their log.
pub(super) struct Embedded {
    store: Store,
    log: Option<EntryLog>,
    figures: Arc<TenantStoreFigures>,
}

impl Embedded {
    /// Opens the log of a folder and reads what is kept there; in memory without one.
    pub(super) fn open(config: &TenantStoreConfig, figures: Arc<TenantStoreFigures>) -> Result<Self, OpenError> {
        let mut store = Store::new(config.limits);
        let log = match &config.folder {
            Some(folder) => Some(EntryLog::open(folder, &mut store)?),
            None => None,
        };
        let embedded = Self { store, log, figures };
        embedded.count();
        Ok(embedded)
    }

    fn count(&self) {
        self.figures.entries.set(self.store.len() as u64);
        self.figures.bytes.set(self.store.bytes() as u64);
    }

    fn act(&mut self, wishes: &[Order<ToStore>]) -> Vec<Stored> {
        let now = time_of_day();
        let now_ms = now.millis();
        let mut changes = Vec::new();
        let mut replies: Vec<(Stored, bool)> = Vec::with_capacity(wishes.len());
        for Order { wanted, .. } in wishes {
            let (reply, change) = self
                .store
                .act(now_ms, &wanted.tenant, wanted.key.reveal(), &wanted.action);
            replies.push((reply, change.is_some()));
            changes.extend(change);
        }
        let written = match &mut self.log {
            Some(log) => log.keep(&changes, &self.store),
            None => Ok(()),
        };
        if let Err(why) = &written {
            complain(why, changes.len());
        }
        self.count();
        let told = |(reply, changed)| match (&written, changed) {
            (Err(_), true) => Err(Error::Unavailable(NOT_WRITTEN.to_owned())),
            _ => reply,
        };
        replies.into_iter().map(told).collect()
    }
}

impl Keeper for Embedded {
    // Nothing else runs on this thread but answers that wait for a busy shard: it may wait for the disk.
    async fn work(&mut self, wishes: &[Order<ToStore>]) -> Vec<Stored> {
        self.act(wishes)
    }
}

fn complain(why: &io::Error, changes: usize) {
    tracing::warn!(%why, changes, "the store could not write to its log; handlers are told, and the next change tries again");
}
