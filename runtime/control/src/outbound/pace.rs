//! How fast something may go: a bucket that holds some at first and fills evenly. It keeps one moment and no count, so it is
//! exact however long it rests (the virtual scheduling of ITU-T I.371). Not here: who waits for it.

use super::interval;
use std::time::{Duration, Instant};

/// How fast calls may go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// In the long run, a second; 0 counts as 1.
    pub per_second: u32,
    /// At once after a quiet time; 0 counts as 1.
    pub burst: u32,
}

/// What a pace has left.
#[derive(Debug)]
pub(super) struct Meter {
    interval: Duration,
    /// How much earlier than evenly spread one may go.
    slack: Duration,
    /// When the next would go if all went evenly; none before the first.
    next: Option<Instant>,
}

impl Meter {
    pub(super) fn new(pace: Pace) -> Self {
        let interval = interval(pace.per_second);
        Self {
            interval,
            slack: interval * (pace.burst.max(1) - 1),
            next: None,
        }
    }

    /// When one more may go; none: at any time.
    pub(super) fn ready_at(&self) -> Option<Instant> {
        self.next.and_then(|next| next.checked_sub(self.slack))
    }

    /// One goes.
    pub(super) fn count(&mut self, now: Instant) {
        let from = self.next.map_or(now, |next| next.max(now));
        self.next = Some(from + self.interval);
    }

    /// Whether it is as if none had ever gone.
    pub(super) fn is_idle(&self, now: Instant) -> bool {
        self.next.is_none_or(|next| next <= now)
    }
}
