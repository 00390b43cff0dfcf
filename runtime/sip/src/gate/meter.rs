//! How often an address has done something, in tables that cannot grow: a flood from many addresses pushes out the ones
//! that did least. Not a judge.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

use super::Rate;
use crate::limits::SOURCES;

/// A moment for each address (each /64 of IPv6), at most [`SOURCES`]; when full the earliest is forgotten.
#[derive(Default)]
pub(super) struct Deadlines {
    at: BTreeMap<IpAddr, Instant>,
    order: BTreeSet<(Instant, IpAddr)>,
}

impl Deadlines {
    pub(super) fn get(&self, ip: IpAddr) -> Option<Instant> {
        self.at.get(&source(ip)).copied()
    }

    pub(super) fn is_after(&self, now: Instant, ip: IpAddr) -> bool {
        self.get(ip).is_some_and(|at| at > now)
    }

    /// Sets an address's moment and forgets those that have passed.
    pub(super) fn set(&mut self, now: Instant, ip: IpAddr, at: Instant) {
        let ip = source(ip);
        if let Some(before) = self.at.insert(ip, at) {
            self.order.remove(&(before, ip));
        }
        self.order.insert((at, ip));
        while let Some((first, ip)) = self.order.first().copied() {
            if first > now && self.order.len() <= SOURCES {
                break;
            }
            self.order.remove(&(first, ip));
            self.at.remove(&ip);
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.at.len()
    }
}

/// A rate for each address: for each it keeps when all it did would have been spread out (the generic cell rate
/// algorithm), so an address that has been quiet for long needs no entry.
pub(super) struct Meter {
    interval: Duration,
    burst: u32,
    pub(super) done: Deadlines,
}

impl Meter {
    pub(super) fn new(rate: Rate) -> Self {
        Self {
            interval: Duration::from_secs(60) / rate.per_minute.max(1),
            burst: rate.burst.max(1),
            done: Deadlines::default(),
        }
    }

    /// Notes that it happens once more. False: too often, and nothing is noted.
    pub(super) fn take(&mut self, now: Instant, ip: IpAddr) -> bool {
        let done = self.done.get(ip).map_or(now, |done| done.max(now)) + self.interval;
        let fits = done.saturating_duration_since(now) <= self.interval.saturating_mul(self.burst);
        if fits {
            self.done.set(now, ip, done);
        }
        fits
    }
}

/// What counts as one source: an IPv4 address, or a /64, which is what one IPv6 customer has at least.
fn source(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests;
