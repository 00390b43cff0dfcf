//! What handlers keep beyond a call, on an async thread of its own: the way there and back, and whoever keeps it behind a small
//! interface ([`Keeper`]), so that a database can take its place. Not here: what an entry is (`control::store`), and files.

mod embedded;
mod entry_log;

pub use entry_log::OpenError;

use crate::async_thread::{self, AsyncThread};
use crate::figures::Figure;
use crate::orders::{Asker, Order, answer, put};
use crate::shard_threads::Inbox;
use crate::start_error::StartError;
use embedded::Embedded;
use patchcord_control::store::StoreLimits;
use patchcord_control::words::{Error, StoreReply};
use patchcord_switch::ToStore;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Wishes on their way from the shards to the thread. One more is `unavailable`. Each may be 64 KiB.
const QUEUE: usize = 1_024;
/// Wishes that are made durable together.
const AT_ONCE: usize = 256;
const BUSY: &str = "too much is asked of the store; try again";

/// Where entries are kept, and how many.
#[derive(Debug, Clone, Default)]
pub struct TenantStoreConfig {
    /// The folder they are written to, made if it is not there; none: they are in memory, and gone when the node ends.
    pub folder: Option<PathBuf>,
    /// How much one tenant may keep.
    pub limits: StoreLimits,
}

/// What came of a wish.
pub(crate) type Stored = Result<StoreReply, Error>;

/// Whoever keeps entries.
pub(crate) trait Keeper: Send + 'static {
    /// Does several things in their order; a reply for each, in that order too. What a reply says is done is as durable as this
    /// keeper makes it.
    fn work(&mut self, wishes: &[Order<ToStore>]) -> impl Future<Output = Vec<Stored>> + Send;
}

/// What is counted about the store.
#[derive(Debug, Default)]
pub(crate) struct TenantStoreFigures {
    /// Operations asked for.
    pub(crate) operations: Figure,
    /// Of these, not done because the store could not.
    pub(crate) failed: Figure,
    /// Operations refused because too many waited.
    pub(crate) dropped: Figure,
    /// Entries that are kept.
    pub(crate) entries: Figure,
    /// Bytes of their keys and values.
    pub(crate) bytes: Figure,
}

/// The way from the shards to the store.
#[derive(Clone)]
pub(crate) struct TenantStoreQueue {
    orders: mpsc::Sender<Order<ToStore>>,
    figures: Arc<TenantStoreFigures>,
}

impl TenantStoreQueue {
    /// Asks for something, or says at once why it will not be done. Never waits.
    pub(crate) fn ask(&self, asker: Asker, wanted: ToStore) -> Result<(), &'static str> {
        put(&self.orders, Order { asker, wanted }, (&self.figures.dropped, BUSY))
    }
}

/// Starts the store.
pub(crate) fn start(
    config: &TenantStoreConfig,
    inboxes: &[Inbox],
    figures: &Arc<TenantStoreFigures>,
) -> Result<(AsyncThread, TenantStoreQueue), StartError> {
    let keeper = Embedded::open(config, figures.clone()).map_err(StartError::TenantStore)?;
    start_with(keeper, inboxes, figures)
}

fn start_with<K: Keeper>(
    keeper: K,
    inboxes: &[Inbox],
    figures: &Arc<TenantStoreFigures>,
) -> Result<(AsyncThread, TenantStoreQueue), StartError> {
    let (orders, waiting) = mpsc::channel(QUEUE);
    let work = work(keeper, waiting, inboxes.to_vec(), figures.clone());
    let thread = async_thread::start("store", work).map_err(StartError::Thread)?;
    let figures = figures.clone();
    Ok((thread, TenantStoreQueue { orders, figures }))
}

async fn work<K: Keeper>(
    mut keeper: K,
    mut waiting: mpsc::Receiver<Order<ToStore>>,
    inboxes: Vec<Inbox>,
    figures: Arc<TenantStoreFigures>,
) {
    let mut wishes = Vec::new();
    while waiting.recv_many(&mut wishes, AT_ONCE).await > 0 {
        let replies = keeper.work(&wishes).await;
        for (Order { asker, .. }, reply) in wishes.drain(..).zip(replies) {
            figures.operations.one();
            if matches!(reply, Err(Error::Unavailable(_))) {
                figures.failed.one();
            }
            let (shard, query) = asker;
            answer(&inboxes[shard], move |inbox| inbox.stored(query, &reply));
        }
    }
}

#[cfg(test)]
mod tests;
