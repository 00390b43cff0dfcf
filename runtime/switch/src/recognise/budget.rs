//! How many results a recogniser may say: none that works says more, and one that does is not heard.

use std::time::{Duration, Instant};

/// Results in one go.
const BURST: u32 = 100;
/// One more after so long: 50 a second.
const EVERY: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub(super) struct Budget {
    /// When the whole burst would be free again.
    full_at: Instant,
}

impl Budget {
    pub(super) fn new(now: Instant) -> Self {
        Self { full_at: now }
    }

    /// Whether there is room for one more result, which is taken.
    pub(super) fn spend(&mut self, now: Instant) -> bool {
        let full_at = self.full_at.max(now) + EVERY;
        let fits = full_at <= now + EVERY * BURST;
        if fits {
            self.full_at = full_at;
        }
        fits
    }
}
