//! Answers of a world's pretend services to the node's questions, given when they are due.

use patchcord_switch::Query;
use std::collections::BTreeMap;
use std::time::Instant;

/// By their time and the order of the questions. Bounded by the calls and what each may have asked at once.
#[derive(Debug)]
pub(super) struct Answers<T>(BTreeMap<(Instant, Query), T>);

impl<T> Default for Answers<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> Answers<T> {
    pub(super) fn give(&mut self, at: Instant, query: Query, answer: T) {
        self.0.insert((at, query), answer);
    }

    pub(super) fn take_back(&mut self, query: Query) {
        self.0.retain(|(_, of), _| *of != query);
    }

    pub(super) fn wake_at(&self) -> Option<Instant> {
        self.0.keys().next().map(|(at, _)| *at)
    }

    /// The next one that is due.
    pub(super) fn due(&mut self, now: Instant) -> Option<(Query, T)> {
        let first = self.0.first_entry().filter(|first| first.key().0 <= now)?;
        let ((_, query), answer) = first.remove_entry();
        Some((query, answer))
    }
}
