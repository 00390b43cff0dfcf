//! So many of something in a second.

use std::time::{Duration, Instant};

/// What was used of a second that began with the first use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget {
    limit: u32,
    began: Option<Instant>,
    used: u32,
}

impl Budget {
    /// Of so many.
    pub(crate) fn new(limit: u32) -> Self {
        Self {
            limit,
            began: None,
            used: 0,
        }
    }

    /// Whether there is nothing left of this second.
    pub(crate) fn is_spent(&self, now: Instant) -> bool {
        self.used >= self.limit && self.is_running(now)
    }

    /// One more.
    pub(crate) fn spend(&mut self, now: Instant) {
        if !self.is_running(now) {
            self.began = Some(now);
            self.used = 0;
        }
        self.used = self.used.saturating_add(1);
    }

    fn is_running(&self, now: Instant) -> bool {
        self.began
            .is_some_and(|began| now.saturating_duration_since(began) < Duration::from_secs(1))
    }
}
