//! The base timer values of RFC 3261 section 17.1.1.1. Not a clock: only durations and the growth of a retransmission.

use std::time::Duration;

/// T1, T2 and T4. All transaction timers follow from these (RFC 3261 appendix A).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimerValues {
    /// Round-trip estimate; the first retransmission interval. Default 500 ms.
    pub t1: Duration,
    /// The longest interval between retransmissions of non-INVITE requests and INVITE responses. Default 4 s.
    pub t2: Duration,
    /// How long a message may stay in the network. Default 5 s.
    pub t4: Duration,
}

impl Default for TimerValues {
    fn default() -> Self {
        Self { t1: Duration::from_millis(500), t2: Duration::from_secs(4), t4: Duration::from_secs(5) }
    }
}

impl TimerValues {
    /// 64*T1: timers B, F, H, J, L and M, and how long an ACK is awaited.
    pub(crate) fn timeout(&self) -> Duration {
        self.t1.saturating_mul(64)
    }

    /// Timer D: how long a client INVITE transaction answers repeated rejections. At least 32 s on UDP.
    pub(crate) fn linger_after_rejection(&self) -> Duration {
        self.timeout().max(Duration::from_secs(32))
    }

    /// The next interval of a retransmission that doubles up to T2.
    pub(crate) fn next_interval(&self, last: Duration) -> Duration {
        last.saturating_mul(2).min(self.t2.max(self.t1))
    }
}
