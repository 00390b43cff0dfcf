//! Transactions: what makes requests and responses reliable on UDP. RFC 3261 17 with the corrections of RFC 6026.
//! The machines are pure: they take the time and a message and say what to send again. Who they belong to, and what a
//! response means, is the dialog's business.
//!
//! | RFC timer | here |
//! |---|---|
//! | A, E, G | `Beat::resend_at`, doubling |
//! | B, F, H, J, L, M | `Beat::ends_at`, 64*T1 |
//! | D | `Beat::ends_at`, at least 32 s |
//! | I, K | `Beat::ends_at`, T4 |

use std::sync::Arc;
use std::time::{Duration, Instant};

pub(crate) mod client;
pub(crate) mod key;
pub(crate) mod server;
pub(crate) mod table;

/// A message kept for sending again.
pub(crate) type Packet = Arc<[u8]>;

/// When to send again and when to end.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Beat {
    pub(crate) resend_at: Option<Instant>,
    interval: Duration,
    pub(crate) ends_at: Option<Instant>,
}

impl Beat {
    /// Sends again from `interval` on, ends at `ends_at`.
    pub(crate) fn resending(now: Instant, interval: Duration, ends_in: Duration) -> Self {
        Self {
            resend_at: Some(now + interval),
            interval,
            ends_at: Some(now + ends_in),
        }
    }

    /// Only ends.
    pub(crate) fn ending(now: Instant, ends_in: Duration) -> Self {
        Self {
            ends_at: Some(now + ends_in),
            ..Self::default()
        }
    }

    /// Sends again at a constant interval, never ends by itself.
    pub(crate) fn repeating(now: Instant, interval: Duration) -> Self {
        Self {
            resend_at: Some(now + interval),
            interval,
            ends_at: None,
        }
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        match (self.resend_at, self.ends_at) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        }
    }

    pub(crate) fn has_ended(&self, now: Instant) -> bool {
        self.ends_at.is_some_and(|at| at <= now)
    }

    /// Whether it is time to send again; if so the next time is set, `grow` giving the next interval.
    pub(crate) fn take_resend(&mut self, now: Instant, grow: impl FnOnce(Duration) -> Duration) -> bool {
        if self.resend_at.is_none_or(|at| at > now) {
            return false;
        }
        self.interval = grow(self.interval);
        self.resend_at = Some(now + self.interval);
        true
    }
}

#[cfg(test)]
mod tests;
