//! Keeping 20 ms: how many frames a tick stands for. Ticks may tremble; the frames they stand for follow the time.

use crate::FRAME;
use std::time::{Duration, Instant};

/// How late a tick may be before the frames it missed are given up. Less than that is made good by the ticks after it.
const LATENESS_GIVEN_UP: Duration = Duration::from_millis(60);

/// When the next tick is due.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pace {
    due: Option<Instant>,
}

impl Pace {
    /// A tick at `now`: how many frames were missed before it, or none if it comes more than a frame too early and
    /// nothing may be done in it.
    pub(crate) fn tick(&mut self, now: Instant) -> Option<u64> {
        let Some(due) = self.due else {
            self.due = Some(now + FRAME);
            return Some(0);
        };
        if now + FRAME < due {
            return None;
        }
        let late = now.saturating_duration_since(due);
        let missed = if late < LATENESS_GIVEN_UP {
            0
        } else {
            (late.as_micros() / FRAME.as_micros()) as u64
        };
        self.due = Some(due + Duration::from_micros((missed + 1) * FRAME.as_micros() as u64));
        Some(missed)
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test needs an origin for its virtual clock")]
mod tests;
