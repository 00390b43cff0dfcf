//! The base timer values of RFC 3261 17.1.1.1, and who is to be woken when. Not a clock: time is an argument.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

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
        Self {
            t1: Duration::from_millis(500),
            t2: Duration::from_secs(4),
            t4: Duration::from_secs(5),
        }
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

/// Who has a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Owner {
    Server(u64),
    Client(u64),
    Dialog(u64),
    Refer(u64),
}

/// At most one deadline for each owner, in order of time. As large as the tables of its owners.
#[derive(Default)]
pub(crate) struct Schedule {
    queue: BTreeSet<(Instant, Owner)>,
    set: BTreeMap<Owner, Instant>,
}

impl Schedule {
    /// Sets or clears an owner's deadline.
    pub(crate) fn set(&mut self, owner: Owner, at: Option<Instant>) {
        let before = match at {
            Some(at) => self.set.insert(owner, at),
            None => self.set.remove(&owner),
        };
        if before == at {
            return;
        }
        if let Some(before) = before {
            self.queue.remove(&(before, owner));
        }
        if let Some(at) = at {
            self.queue.insert((at, owner));
        }
    }

    /// Takes one owner whose deadline has come.
    pub(crate) fn due(&mut self, now: Instant) -> Option<Owner> {
        let (at, owner) = *self.queue.first()?;
        if at > now {
            return None;
        }
        self.set(owner, None);
        Some(owner)
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        self.queue.first().map(|(at, _)| *at)
    }
}

#[cfg(test)]
mod tests;
