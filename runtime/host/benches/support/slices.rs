//! The pace of sound at the far end: who speaks every 20 ms does so in one of several groups, one after the other, as real ones would
//! spread.

use std::time::{Duration, Instant};

/// So many groups there are.
pub const GROUPS: usize = 4;
const SLICE: Duration = Duration::from_millis(20 / GROUPS as u64);
/// Slices that are caught up with; who is later leaves out what is missing.
const LATE_MAX: u32 = 20;

/// Whose turn it is, and when.
pub struct Slices {
    number: u64,
    due: Instant,
}

impl Slices {
    pub fn new() -> Self {
        Self {
            number: 0,
            due: Instant::now(),
        }
    }

    /// When there is something to do.
    pub fn due(&self) -> Instant {
        self.due
    }

    /// The group whose turn it is; none if it is not yet time.
    pub fn next(&mut self, now: Instant) -> Option<usize> {
        if now < self.due {
            return None;
        }
        let group = (self.number % GROUPS as u64) as usize;
        self.number += 1;
        self.due += SLICE;
        if now > self.due + SLICE * LATE_MAX {
            self.due = now;
        }
        Some(group)
    }
}
