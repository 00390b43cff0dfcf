//! A bucket that fills evenly, kept as one atomic word: the time at which it will be full again, in nanoseconds since the
//! start (the generic cell rate algorithm, ITU-T I.371). Two threads may bring slightly different times; the earlier one is
//! then counted as if it were the later.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{AcqRel, Acquire};
use std::time::Duration;

/// Its size, and the time in which it fills from empty.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rate {
    pub(super) most: u64,
    pub(super) within: Duration,
}

impl Rate {
    /// How long it takes to fill by so much, rounded up so that the rate is never above its limit.
    fn time(self, amount: u64) -> u64 {
        let nanoseconds = u128::from(amount) * self.within.as_nanos();
        let time = nanoseconds.div_ceil(u128::from(self.most.max(1)));
        u64::try_from(time).unwrap_or(u64::MAX)
    }
}

#[derive(Debug, Default)]
pub(super) struct Bucket(AtomicU64);

impl Bucket {
    /// Takes one if it is there.
    pub(super) fn take(&self, passed: Duration, rate: Rate) -> Taken {
        if rate.most == 0 {
            return Taken::No;
        }
        let (now, one) = (nanoseconds(passed), rate.time(1));
        let room = one.saturating_mul(rate.most - 1);
        let next = |full: u64| {
            let from = full.max(now);
            (from - now <= room).then(|| from.saturating_add(one))
        };
        match self.0.fetch_update(AcqRel, Acquire, next) {
            Ok(_) => Taken::Yes,
            Err(_) => Taken::No,
        }
    }

    /// Takes what was used already, whether it was there or not: what was not is a debt.
    pub(super) fn use_up(&self, passed: Duration, rate: Rate, amount: u64) {
        let (now, time) = (nanoseconds(passed), rate.time(amount));
        let next = |full: u64| Some(full.max(now).saturating_add(time));
        // It always gives a next state.
        let _always = self.0.fetch_update(AcqRel, Acquire, next);
    }

    /// Since the start: from when on there is no debt.
    pub(super) fn settled_at(&self, rate: Rate) -> Duration {
        if rate.most == 0 {
            return Duration::MAX;
        }
        let window = nanoseconds(rate.within);
        Duration::from_nanos(self.0.load(Acquire).saturating_sub(window))
    }
}

/// Whether one was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    Yes,
    No,
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
