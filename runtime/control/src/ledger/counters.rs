//! The counters of the ledger: each is one or a few atomic words, changed by compare-and-swap from a state in which the
//! limit holds to another one. Times are durations since the ledger's start. Two threads may bring slightly different
//! times; the earlier one is then counted as if it were the later.

use super::settings::{MAX_SPEND_PER_DAY, SPIKE_WINDOW};
use crate::destinations::Micros;
use std::ops::RangeInclusive;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Release};
use std::sync::atomic::{AtomicU32, AtomicU64};
use std::time::Duration;

/// Things that are there at the same time.
#[derive(Debug, Default)]
pub(super) struct Seats(AtomicU32);

impl Seats {
    /// Takes one if fewer than `limit` are taken; else what it would have made.
    pub(super) fn take(&self, limit: u32) -> Result<(), u64> {
        let more = |taken| (taken < limit).then(|| taken + 1);
        self.0
            .fetch_update(AcqRel, Acquire, more)
            .map(drop)
            .map_err(|taken| u64::from(taken) + 1)
    }

    /// Takes one whatever the limit.
    pub(super) fn take_always(&self) {
        self.0.fetch_add(1, AcqRel);
    }

    /// Gives one back.
    pub(super) fn release(&self) {
        let before = self.0.fetch_sub(1, AcqRel);
        assert!(before > 0, "a seat was given back that nobody had taken");
    }

    pub(super) fn taken(&self) -> u32 {
        self.0.load(Acquire)
    }
}

/// A bucket of tokens, kept as the time at which it will be full again (the generic cell rate algorithm, ITU-T I.371):
/// nanoseconds since the start.
#[derive(Debug, Default)]
pub(super) struct Rate(AtomicU64);

impl Rate {
    /// Takes a token from a bucket of `burst` that fills by `per_second`; else how many would have been out.
    pub(super) fn take(&self, passed: Duration, per_second: u32, burst: u32) -> Result<(), u64> {
        let refused = u64::from(burst) + 1;
        if per_second == 0 || burst == 0 {
            return Err(refused);
        }
        let now = nanoseconds(passed);
        let token = token(per_second);
        let room = token.saturating_mul(u64::from(burst) - 1);
        let next = |full: u64| {
            let from = full.max(now);
            (from - now <= room).then(|| from.saturating_add(token))
        };
        self.0
            .fetch_update(AcqRel, Acquire, next)
            .map(drop)
            .map_err(|_| refused)
    }

    /// Puts back a token that was just taken at this rate.
    pub(super) fn give_back(&self, per_second: u32) {
        self.0.fetch_sub(token(per_second), AcqRel);
    }
}

/// Nanoseconds for one token, rounded up so that the rate is never above its limit.
fn token(per_second: u32) -> u64 {
    1_000_000_000_u64.div_ceil(u64::from(per_second.max(1)))
}

fn nanoseconds(passed: Duration) -> u64 {
    u64::try_from(passed.as_nanos()).unwrap_or(u64::MAX)
}

/// Length of a slice of the hour.
const SLICE: Duration = Duration::from_secs(300);
/// Slices kept: twelve make the hour, one is under way.
const SLICES: u32 = 13;

/// Events of the last hour, and up to one slice more. `total` never falls below what the slices hold, and is what the
/// limit is checked against.
#[derive(Debug, Default)]
pub(super) struct Hour {
    total: AtomicU32,
    /// The number of a slice since the start (32 bits) and its events (32 bits), at that number modulo 13.
    slices: [AtomicU64; SLICES as usize],
}

impl Hour {
    /// Counts an event if fewer than `limit` are in the hour; else what it would have made.
    pub(super) fn take(&self, passed: Duration, limit: u32) -> Result<(), u64> {
        let slice = slice_of(passed);
        self.expire(slice);
        let more = |total| (total < limit).then(|| total + 1);
        self.total
            .fetch_update(AcqRel, Acquire, more)
            .map_err(|total| u64::from(total) + 1)?;
        let place = &self.slices[(slice % SLICES) as usize];
        let add = |state| {
            let (number, events) = unpack(state);
            // A later number: this thread's time is late, its event counts as later. An older one cannot be ours.
            Some(if number < slice {
                pack(slice, 1)
            } else {
                pack(number, events + 1)
            })
        };
        if let Ok(before) = self.place(place, add) {
            let (number, events) = unpack(before);
            if number < slice {
                self.total.fetch_sub(events, AcqRel);
            }
        }
        Ok(())
    }

    pub(super) fn count(&self, passed: Duration) -> u32 {
        self.expire(slice_of(passed));
        self.total.load(Acquire)
    }

    /// Takes the events out that are older than an hour. Whoever empties a slice takes its events off the total.
    fn expire(&self, now: u32) {
        for place in &self.slices {
            let empty = |state| {
                let (number, events) = unpack(state);
                (number.saturating_add(SLICES) <= now && events > 0).then(|| pack(number, 0))
            };
            if let Ok(before) = self.place(place, empty) {
                self.total.fetch_sub(unpack(before).1, AcqRel);
            }
        }
    }

    fn place(&self, place: &AtomicU64, change: impl FnMut(u64) -> Option<u64>) -> Result<u64, u64> {
        place.fetch_update(AcqRel, Acquire, change)
    }
}

fn slice_of(passed: Duration) -> u32 {
    u32::try_from(passed.as_secs() / SLICE.as_secs()).unwrap_or(u32::MAX)
}

fn pack(high: u32, low: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

fn unpack(state: u64) -> (u32, u32) {
    let low = u32::try_from(state & u64::from(u32::MAX)).expect("the lower half");
    (u32::try_from(state >> 32).expect("the upper half"), low)
}

/// Events of this window and the one before: the window's number (32 bits), events before (16) and now (16).
#[derive(Debug, Default)]
pub(super) struct Spike(AtomicU64);

impl Spike {
    /// Counts an event if fewer than `limit` are in both windows, and gives the window it is in; else what it would have
    /// made.
    pub(super) fn take(&self, passed: Duration, limit: u16) -> Result<u32, u64> {
        let now = u32::try_from(passed.as_secs() / SPIKE_WINDOW.as_secs()).unwrap_or(u32::MAX);
        let more = |state| {
            let (window, before, events) = spike_at(state, now);
            let all = u32::from(before) + u32::from(events);
            (all < u32::from(limit)).then(|| pack_spike(window, before, events + 1))
        };
        let changed = self.0.fetch_update(AcqRel, Acquire, more);
        changed.map(|state| spike_at(state, now).0).map_err(|state| {
            let (_, before, events) = spike_at(state, now);
            u64::from(before) + u64::from(events) + 1
        })
    }

    /// Takes back an event that was counted in `window`.
    pub(super) fn give_back(&self, window: u32) {
        let less = |state| {
            let (at, before, events) = unpack_spike(state);
            if at == window {
                return Some(pack_spike(at, before, events.saturating_sub(1)));
            }
            (at == window.saturating_add(1)).then(|| pack_spike(at, before.saturating_sub(1), events))
        };
        // An error means that the window is long over: nothing is counted there any more.
        let _long_over = self.0.fetch_update(AcqRel, Acquire, less);
    }
}

/// The state as it is in window `now`, or in its own if that is later.
fn spike_at(state: u64, now: u32) -> (u32, u16, u16) {
    let (window, before, events) = unpack_spike(state);
    match now.checked_sub(window) {
        None | Some(0) => (window, before, events),
        Some(1) => (now, events, 0),
        Some(_) => (now, 0, 0),
    }
}

fn pack_spike(window: u32, before: u16, events: u16) -> u64 {
    pack(window, u32::from(before) << 16 | u32::from(events))
}

fn unpack_spike(state: u64) -> (u32, u16, u16) {
    let (window, counts) = unpack(state);
    let low = u16::try_from(counts & u32::from(u16::MAX)).expect("the lower half");
    (window, u16::try_from(counts >> 16).expect("the upper half"), low)
}

/// A limit in the place of one that was configured, while there is one.
#[derive(Debug)]
pub(super) struct Allowed(AtomicU64);

/// Stands for no limit of its own: more than any can be.
const AS_CONFIGURED: u64 = u64::MAX;

impl Default for Allowed {
    fn default() -> Self {
        Self(AtomicU64::new(AS_CONFIGURED))
    }
}

impl Allowed {
    pub(super) fn set(&self, most: Option<Micros>) {
        let most = most.map_or(AS_CONFIGURED, |most| most.0.min(MAX_SPEND_PER_DAY.0));
        self.0.store(most, Release);
    }

    pub(super) fn or(&self, configured: Micros) -> Micros {
        match self.0.load(Acquire) {
            AS_CONFIGURED => configured,
            most => Micros(most),
        }
    }
}

/// Bits of an amount.
const AMOUNT_BITS: u32 = 48;

/// Money of one day, spent or set aside: the day (16 bits) and micro-units (48).
#[derive(Debug, Default)]
pub(super) struct Spending(AtomicU64);

impl Spending {
    /// Sets aside as much of `wanted` as the limit leaves; gives the day it counts for and the amount. Else what the
    /// smallest wanted amount would have made.
    pub(super) fn take(&self, day: u16, wanted: RangeInclusive<u64>, limit: u64) -> Result<(u16, u64), u64> {
        let amount = |spent: u64| {
            let left = limit.min(MAX_SPEND_PER_DAY.0).saturating_sub(spent);
            (left >= *wanted.start()).then(|| left.min(*wanted.end()))
        };
        let more = |state| {
            let (day, spent) = spending_at(state, day);
            Some(pack_spending(day, spent + amount(spent)?))
        };
        match self.0.fetch_update(AcqRel, Acquire, more) {
            Ok(state) => {
                let (day, spent) = spending_at(state, day);
                Ok((day, amount(spent).expect("it was just set aside")))
            }
            Err(state) => Err(spending_at(state, day).1.saturating_add(*wanted.start())),
        }
    }

    /// Replaces an amount that was set aside on `day` by what it came to. Another day's amounts are history.
    pub(super) fn replace(&self, day: u16, reserved: u64, actual: u64) {
        let change = |state| {
            let (at, spent) = unpack_spending(state);
            let spent = spent
                .saturating_sub(reserved)
                .saturating_add(actual)
                .min(MAX_SPEND_PER_DAY.0);
            (at == day).then(|| pack_spending(at, spent))
        };
        // An error means that the day is over.
        let _day_is_over = self.0.fetch_update(AcqRel, Acquire, change);
    }

    /// Books an amount whatever the limit.
    pub(super) fn add(&self, day: u16, amount: u64) {
        let change = |state| {
            let (day, spent) = spending_at(state, day);
            Some(pack_spending(
                day,
                spent.saturating_add(amount).min(MAX_SPEND_PER_DAY.0),
            ))
        };
        let _always = self.0.fetch_update(AcqRel, Acquire, change);
    }

    pub(super) fn spent(&self, day: u16) -> u64 {
        spending_at(self.0.load(Acquire), day).1
    }
}

/// The state as it is on `now`, or on its own day if that is later.
fn spending_at(state: u64, now: u16) -> (u16, u64) {
    let (day, spent) = unpack_spending(state);
    if now > day { (now, 0) } else { (day, spent) }
}

fn pack_spending(day: u16, spent: u64) -> u64 {
    u64::from(day) << AMOUNT_BITS | spent
}

fn unpack_spending(state: u64) -> (u16, u64) {
    let day = u16::try_from(state >> AMOUNT_BITS).expect("sixteen bits are left");
    (day, state & MAX_SPEND_PER_DAY.0)
}
