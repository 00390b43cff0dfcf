//! Limits that all shards of a node share: how many calls a tenant and a trunk carry, how fast they come, and what a
//! tenant may spend in a day. Counters are atomics without locks, so any shard may ask at any time; none of them ever
//! stands above its limit, whatever the order. Not which destinations are allowed ([`crate::destinations`]).
//!
//! A call is counted by [`Ledger::reserve`] before its INVITE leaves; the [`Permit`] holds its places and the most money
//! it can cost, and gives both back when it is settled or dropped. What was refused has used nothing up.

mod counters;
mod permit;
mod settings;

pub use permit::Permit;
pub use settings::{
    LedgerError, LedgerSettings, MAX_SPEND_PER_DAY, MAX_TENANTS, MAX_TRUNKS, SPIKE_WINDOW, TenantLimits, TrunkLimits,
};

use crate::destinations::{Micros, Price};
use crate::ids::Tenant;
use crate::numbers::Prefix;
use counters::{Allowed, Hour, Rate, Seats, Spending, Spike};
use permit::{Reservation, Seat};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// An outbound call that wants to be placed.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// Who pays.
    pub tenant: &'a Tenant,
    /// Which trunk carries it; none for a SIP address or a registered user.
    pub trunk: Option<&'a str>,
    /// The prefix of the destination rule that allowed it; none for codes and SIP addresses.
    pub destination: Option<&'a Prefix>,
    /// What that rule says it costs.
    pub price: Price,
    /// The longest it may last.
    pub longest: Duration,
    /// The shortest that is worth dialling for: with less money left it is refused.
    pub least: Duration,
    /// Whether limits apply.
    pub urgency: Urgency,
}

/// Whether limits apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Urgency {
    /// They do.
    Ordinary,
    /// An emergency call: counted where it can be, never refused, free.
    Emergency,
}

/// Which limit refused a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LedgerLimit {
    /// Outbound calls of the tenant at one time.
    TenantConcurrent,
    /// New calls of the tenant: size of the bucket that fills by so many a second.
    TenantPerSecond,
    /// New calls of the tenant within an hour.
    TenantPerHour,
    /// Micro-units of the tenant within a day, reservations included.
    TenantSpend,
    /// New calls of the tenant to one destination rule within ten minutes.
    Destination,
    /// Calls of the trunk at one time.
    TrunkConcurrent,
    /// New calls of the trunk: size of the bucket that fills by so many a second.
    TrunkPerSecond,
}

impl LedgerLimit {
    /// Whether another trunk could still carry the call.
    pub fn is_of_trunk(self) -> bool {
        matches!(self, Self::TrunkConcurrent | Self::TrunkPerSecond)
    }
}

/// Why a call was not permitted. Nothing was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The ledger does not know this tenant, so it may call nobody.
    UnknownTenant,
    /// The ledger does not know this trunk.
    UnknownTrunk,
    /// The ledger does not know this destination rule of the tenant.
    UnknownDestination,
    /// A limit.
    Limit {
        /// Which.
        limit: LedgerLimit,
        /// The largest value allowed.
        allowed: u64,
        /// The value this call would have made it.
        asked: u64,
    },
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownTenant => f.write_str("no limits are configured for this tenant, so it may not call out"),
            Self::UnknownTrunk => f.write_str("no limits are configured for this trunk, so nothing goes over it"),
            Self::UnknownDestination => f.write_str("this destination rule is not among the tenant's rules"),
            Self::Limit { limit, allowed, asked } => {
                write!(
                    f,
                    "over the limit {limit:?}: this call would make it {asked}, allowed are {allowed}"
                )
            }
        }
    }
}

impl std::error::Error for Refused {}

fn over(limit: LedgerLimit, allowed: impl Into<u64>, asked: u64) -> Refused {
    Refused::Limit {
        limit,
        allowed: allowed.into(),
        asked,
    }
}

/// What a tenant uses now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Outbound calls now.
    pub concurrent: u32,
    /// New calls within the last hour, counted up to five minutes longer.
    pub last_hour: u32,
    /// Spent or reserved today.
    pub spent_today: Micros,
}

/// The books of a node. Share it in an `Arc`.
#[derive(Debug)]
pub struct Ledger {
    start: Instant,
    into_day: Duration,
    tenants: BTreeMap<Tenant, TenantBook>,
    trunks: BTreeMap<Arc<str>, TrunkBook>,
}

/// Limits and counters of a tenant. Counters outlive a change of limits.
#[derive(Debug)]
struct TenantBook {
    limits: TenantLimits,
    seats: Arc<Seats>,
    rate: Arc<Rate>,
    hour: Arc<Hour>,
    spending: Arc<Spending>,
    /// What may be spent in a day, if it is not what `limits` say.
    allowed: Arc<Allowed>,
    /// Beside `limits.destinations`, which is sorted.
    spikes: Vec<Arc<Spike>>,
}

#[derive(Debug)]
struct TrunkBook {
    limits: TrunkLimits,
    seats: Arc<Seats>,
    rate: Arc<Rate>,
}

impl Ledger {
    /// Empty books. `into_day` is how long the tenants' day has lasted at `start`.
    ///
    /// # Errors
    /// A setting that cannot be held to.
    pub fn new(settings: LedgerSettings, start: Instant, into_day: Duration) -> Result<Ledger, LedgerError> {
        Self::build(settings, start, into_day, None)
    }

    /// The same books under new limits, for a changed configuration. Counters are shared with the old books by name, so
    /// both may be in use while shards change over, and permits of the old ones stay good.
    ///
    /// # Errors
    /// A setting that cannot be held to.
    pub fn renewed(&self, settings: LedgerSettings) -> Result<Ledger, LedgerError> {
        Self::build(settings, self.start, self.into_day, Some(self))
    }

    fn build(
        settings: LedgerSettings,
        start: Instant,
        into_day: Duration,
        old: Option<&Ledger>,
    ) -> Result<Ledger, LedgerError> {
        settings.check()?;
        let tenants = settings.tenants.into_iter().map(|mut limits| {
            limits.destinations.sort_unstable();
            let old = old.and_then(|old| old.tenants.get(&limits.tenant));
            (limits.tenant.clone(), TenantBook::new(limits, old))
        });
        let trunks = settings.trunks.into_iter().map(|limits| {
            let old = old.and_then(|old| old.trunks.get(&limits.trunk));
            (limits.trunk.clone(), TrunkBook::new(limits, old))
        });
        Ok(Ledger {
            start,
            into_day,
            tenants: tenants.collect(),
            trunks: trunks.collect(),
        })
    }

    /// Counts a call, or says which limit it would break. The permit tells how long the call may last: less than asked
    /// for if the tenant's money for the day ends earlier.
    ///
    /// # Errors
    /// The first limit that refuses, or a name that the books do not have.
    pub fn reserve(&self, now: Instant, attempt: &Attempt<'_>) -> Result<Permit, Refused> {
        if attempt.urgency == Urgency::Emergency {
            return Ok(self.emergency(attempt));
        }
        let tenant = self.tenants.get(attempt.tenant).ok_or(Refused::UnknownTenant)?;
        let spike = match attempt.destination {
            None => None,
            Some(prefix) => Some(tenant.spike(prefix).ok_or(Refused::UnknownDestination)?),
        };
        let trunk = match attempt.trunk {
            None => None,
            Some(name) => Some(self.trunks.get(name).ok_or(Refused::UnknownTrunk)?),
        };
        let passed = now.saturating_duration_since(self.start);
        let limits = &tenant.limits;
        let seat = Seat::take(&tenant.seats, limits.concurrent)
            .map_err(|asked| over(LedgerLimit::TenantConcurrent, limits.concurrent, asked))?;
        let trunk_seat = trunk.map(TrunkBook::seat).transpose()?;
        let (reservation, longest) = tenant.reserve(self.day(passed), attempt)?;
        tenant.count(passed, trunk, spike)?;
        Ok(Permit::new(
            Some(seat),
            trunk_seat,
            Some(reservation),
            attempt.price,
            longest,
        ))
    }

    /// Moves a call that is not connected to another trunk. On an error it keeps the place it has.
    ///
    /// # Errors
    /// A limit of that trunk, or a name that the books do not have.
    pub fn change_trunk(&self, now: Instant, permit: &mut Permit, trunk: &str) -> Result<(), Refused> {
        let book = self.trunks.get(trunk).ok_or(Refused::UnknownTrunk)?;
        let seat = book.seat()?;
        book.rate(now.saturating_duration_since(self.start))?;
        permit.change_trunk(seat);
        Ok(())
    }

    /// What a tenant may spend in a day from now on; none: what was configured. Nothing happens to one that the books do not have.
    pub fn set_spend_per_day(&self, tenant: &Tenant, most: Option<Micros>) {
        if let Some(book) = self.tenants.get(tenant) {
            book.allowed.set(most);
        }
    }

    /// What a tenant had spent today before the books were opened. Nothing happens to one that they do not have.
    pub fn add_spent(&self, now: Instant, tenant: &Tenant, spent: Micros) {
        if let Some(book) = self.tenants.get(tenant) {
            let passed = now.saturating_duration_since(self.start);
            book.spending.add(self.day(passed), spent.0);
        }
    }

    /// What a tenant uses; none if the books do not have it.
    pub fn usage(&self, now: Instant, tenant: &Tenant) -> Option<Usage> {
        let book = self.tenants.get(tenant)?;
        let passed = now.saturating_duration_since(self.start);
        Some(Usage {
            concurrent: book.seats.taken(),
            last_hour: book.hour.count(passed),
            spent_today: Micros(book.spending.spent(self.day(passed))),
        })
    }

    /// Calls a trunk carries now; none if the books do not have it.
    pub fn trunk_calls(&self, trunk: &str) -> Option<u32> {
        Some(self.trunks.get(trunk)?.seats.taken())
    }

    /// The day since the start, from 0. Days past the last that fits are one.
    fn day(&self, passed: Duration) -> u16 {
        const DAY_SECONDS: u64 = 24 * 3600;
        let days = passed.saturating_add(self.into_day).as_secs() / DAY_SECONDS;
        u16::try_from(days).unwrap_or(u16::MAX)
    }

    fn emergency(&self, attempt: &Attempt<'_>) -> Permit {
        let seat = self
            .tenants
            .get(attempt.tenant)
            .map(|book| Seat::take_always(&book.seats));
        let trunk = attempt.trunk.and_then(|name| self.trunks.get(name));
        let trunk_seat = trunk.map(|book| Seat::take_always(&book.seats));
        Permit::new(seat, trunk_seat, None, Price::default(), attempt.longest)
    }
}

impl TenantBook {
    fn new(limits: TenantLimits, old: Option<&TenantBook>) -> TenantBook {
        let spike = |prefix| old.and_then(|old| old.spike(prefix)).cloned().unwrap_or_default();
        TenantBook {
            seats: old.map(|old| old.seats.clone()).unwrap_or_default(),
            rate: old.map(|old| old.rate.clone()).unwrap_or_default(),
            hour: old.map(|old| old.hour.clone()).unwrap_or_default(),
            spending: old.map(|old| old.spending.clone()).unwrap_or_default(),
            allowed: old.map(|old| old.allowed.clone()).unwrap_or_default(),
            spikes: limits.destinations.iter().map(spike).collect(),
            limits,
        }
    }

    fn spike(&self, prefix: &Prefix) -> Option<&Arc<Spike>> {
        let at = self.limits.destinations.binary_search(prefix).ok()?;
        self.spikes.get(at)
    }

    /// Sets money aside: for the longest duration, or for what the rest of the day's money pays.
    fn reserve(&self, day: u16, attempt: &Attempt<'_>) -> Result<(Reservation, Duration), Refused> {
        let allowed = self.allowed.or(self.limits.spend_per_day).0;
        let most = attempt.price.cost(attempt.longest).0;
        let least = attempt.price.cost(attempt.least.min(attempt.longest)).0;
        let reservation = Reservation::make(&self.spending, day, least..=most, allowed)
            .map_err(|asked| over(LedgerLimit::TenantSpend, allowed, asked))?;
        let paid_for = attempt.price.affords(Micros(reservation.amount()));
        let longest = match paid_for {
            Some(paid_for) if reservation.amount() < most => paid_for.min(attempt.longest),
            _ => attempt.longest,
        };
        Ok((reservation, longest))
    }

    /// Counts a new call in all its rates, or in none.
    fn count(&self, passed: Duration, trunk: Option<&TrunkBook>, spike: Option<&Arc<Spike>>) -> Result<(), Refused> {
        let limits = &self.limits;
        if let Some(trunk) = trunk {
            trunk.rate(passed)?;
        }
        let result = self
            .rate
            .take(passed, limits.per_second, limits.burst)
            .map_err(|asked| over(LedgerLimit::TenantPerSecond, limits.burst, asked))
            .and_then(|()| {
                self.count_windows(passed, spike)
                    .inspect_err(|_| self.rate.give_back(limits.per_second))
            });
        if let (Some(trunk), Err(_)) = (trunk, result) {
            trunk.rate.give_back(trunk.limits.per_second);
        }
        result
    }

    fn count_windows(&self, passed: Duration, spike: Option<&Arc<Spike>>) -> Result<(), Refused> {
        let limits = &self.limits;
        let window = match spike {
            None => None,
            Some(spike) => {
                let counted = spike.take(passed, limits.per_destination);
                Some((
                    spike,
                    counted.map_err(|asked| over(LedgerLimit::Destination, limits.per_destination, asked))?,
                ))
            }
        };
        self.hour.take(passed, limits.per_hour).map_err(|asked| {
            if let Some((spike, window)) = window {
                spike.give_back(window);
            }
            over(LedgerLimit::TenantPerHour, limits.per_hour, asked)
        })
    }
}

impl TrunkBook {
    fn new(limits: TrunkLimits, old: Option<&TrunkBook>) -> TrunkBook {
        TrunkBook {
            limits,
            seats: old.map(|old| old.seats.clone()).unwrap_or_default(),
            rate: old.map(|old| old.rate.clone()).unwrap_or_default(),
        }
    }

    fn seat(&self) -> Result<Seat, Refused> {
        let allowed = self.limits.concurrent;
        Seat::take(&self.seats, allowed).map_err(|asked| over(LedgerLimit::TrunkConcurrent, allowed, asked))
    }

    fn rate(&self, passed: Duration) -> Result<(), Refused> {
        let limits = &self.limits;
        self.rate
            .take(passed, limits.per_second, limits.burst)
            .map_err(|asked| over(LedgerLimit::TrunkPerSecond, limits.burst, asked))
    }
}

#[cfg(test)]
mod tests;
