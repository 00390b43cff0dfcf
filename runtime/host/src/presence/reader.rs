//! A reader's end of what it watches: a place with the newest of each identity, emptied when it is read.

use super::{News, PresenceQueue};
use patchcord_control::presence::{View, WatcherId};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// What is new for a reader. Bounded by how many identities it watches.
#[derive(Default)]
pub(super) struct Place {
    news: Mutex<News>,
    /// There is something.
    came: Notify,
}

impl Place {
    pub(super) fn put(&self, views: Vec<Arc<View>>) {
        let mut news = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        news.extend(views.into_iter().map(|view| (view.name.clone(), view)));
        self.came.notify_one();
    }

    fn take(&self) -> Reading {
        let mut news = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *news).into_values().collect()
    }
}

/// What is new, each identity once, by name.
pub(crate) type Reading = Vec<Arc<View>>;

/// Somebody who watches; dropping it ends that.
pub(crate) struct PresenceReader {
    desk: PresenceQueue,
    watcher: WatcherId,
    place: Arc<Place>,
}

impl PresenceReader {
    pub(super) fn new(desk: PresenceQueue, watcher: WatcherId, place: Arc<Place>) -> Self {
        Self { desk, watcher, place }
    }

    /// Waits for what is new: at first how all are.
    pub(crate) async fn next(&mut self) -> Reading {
        loop {
            let news = self.place.take();
            if !news.is_empty() {
                return news;
            }
            self.place.came.notified().await;
        }
    }
}

impl Drop for PresenceReader {
    fn drop(&mut self) {
        self.desk.unwatch(self.watcher);
    }
}
