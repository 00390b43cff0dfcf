//! Work that shards want done by an async thread: the way there, which never waits, and the way back, on which nothing is lost.

use crate::figures::Figure;
use crate::shard_threads::{Inbox, Taken};
use patchcord_switch::Query;
use std::time::Duration;
use tokio::sync::mpsc;

/// How long an answer waits between two tries to hand it to a shard that is busy.
const BUSY_PAUSE: Duration = Duration::from_millis(10);

/// Which shard, and its question.
pub(crate) type Asker = (usize, Query);

/// Something wanted of the thread.
pub(crate) struct Order<T> {
    pub(crate) asker: Asker,
    pub(crate) wanted: T,
}

/// Puts an order into a queue, or counts that there was no room for it and says so. Never waits.
pub(crate) fn put<T>(
    queue: &mpsc::Sender<Order<T>>,
    order: Order<T>,
    (dropped, busy): (&Figure, &'static str),
) -> Result<(), &'static str> {
    queue.try_send(order).map_err(|_| {
        dropped.one();
        busy
    })
}

/// Hands an answer to a shard. It waits for it, so it is never dropped: a busy shard gets it later.
pub(crate) fn answer(inbox: &Inbox, give: impl Fn(&Inbox) -> Taken + Send + 'static) {
    if give(inbox) == Taken::Yes {
        return;
    }
    let inbox = inbox.clone();
    tokio::spawn(until_taken(move || give(&inbox)));
}

/// Tries to hand something to a shard until it is taken: a busy shard gets it later, and whoever hands it waits so long.
pub(crate) async fn until_taken(give: impl Fn() -> Taken) {
    while give() != Taken::Yes {
        tokio::time::sleep(BUSY_PAUSE).await;
    }
}
