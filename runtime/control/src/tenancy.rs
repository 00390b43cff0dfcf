//! What each tenant may use of a node, and what it has used: calls, new calls a second, fuel, memory, requests to web
//! servers, bytes of recordings. One tenant that reaches a limit is refused or slowed down; the others notice nothing.
//!
//! Shared by all shards, in virtual time: `now` is an argument. A call holds its tenant's [`Share`] and counts there with
//! atomics; the table of shares is looked at once for each new call. Limits are replaced at any time
//! ([`Tenancy::set_limits`]) and hold for running calls at once. Not here: calls out and money ([`crate::ledger`]), and
//! what a single call or instance may use.

mod bucket;
mod limits;
mod seat;
mod share;
mod usage;

pub use crate::ledger::MAX_TENANTS;
pub use limits::{Limit, Limits, Refused};
pub use seat::Seat;
pub use share::Share;
pub use usage::{InUse, Usage};

use crate::ids::Tenant;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

/// The longest that a turn waits because its tenant has used its fuel; then its handler is ended.
pub const FUEL_WAIT: Duration = Duration::from_secs(10);
/// Calls that came in and were refused by a tenant's limit have an end record, so many a minute of each tenant; the others are counted
/// only, so that a flood of calls is no flood of records.
pub const REFUSALS_KEPT: u64 = 20;
/// A tenant that is refused by the same limit again and again is told of once in so long.
pub const TOLD_EVERY: Duration = Duration::from_secs(60);

#[allow(
    clippy::disallowed_types,
    reason = "the table changes when an operator adds a tenant and is read once for each new call; nothing waits under it"
)]
type Table = std::sync::RwLock<BTreeMap<Tenant, Arc<Share>>>;

/// The tenants of a node. Share it in an `Arc`.
#[derive(Debug)]
pub struct Tenancy {
    start: Instant,
    usual: Limits,
    /// At most [`MAX_TENANTS`].
    shares: Table,
    counts: Arc<Counts>,
}

/// What is counted of all tenants together.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    refused: [AtomicU64; Limit::ALL.len()],
    turns_held: AtomicU64,
}

impl Tenancy {
    /// Nobody yet; `usual` are the limits of tenants that have none of their own.
    pub fn new(start: Instant, usual: Limits) -> Self {
        Self {
            start,
            usual,
            shares: Table::default(),
            counts: Arc::default(),
        }
    }

    /// Gives a tenant limits of its own. What it uses already is not taken away: above a limit it gets no more.
    ///
    /// # Errors
    /// There are [`MAX_TENANTS`] others.
    pub fn set_limits(&self, tenant: &Tenant, limits: Limits) -> Result<(), Refused> {
        self.share(tenant)?.set_limits(limits);
        Ok(())
    }

    /// The share of a tenant; one that was never seen gets the usual limits.
    ///
    /// # Errors
    /// There are [`MAX_TENANTS`] others.
    pub fn share(&self, tenant: &Tenant) -> Result<Arc<Share>, Refused> {
        if let Some(share) = self.find(tenant) {
            return Ok(share);
        }
        let mut shares = self.shares.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = shares.get(tenant) {
            return Ok(share.clone());
        }
        if shares.len() >= MAX_TENANTS {
            let refused = Refused::TooManyTenants { most: MAX_TENANTS };
            self.counts.refuse(refused.limit());
            return Err(refused);
        }
        let share = Share::new(tenant.clone(), self.start, self.usual, self.counts.clone());
        let share = Arc::new(share);
        shares.insert(tenant.clone(), share.clone());
        Ok(share)
    }

    /// The share of a tenant that was seen before.
    pub fn find(&self, tenant: &Tenant) -> Option<Arc<Share>> {
        let shares = self.shares.read().unwrap_or_else(PoisonError::into_inner);
        shares.get(tenant).cloned()
    }

    /// What every tenant has used since the start. Whoever writes it down keeps what was written and adds the difference
    /// ([`Usage::since`]).
    pub fn usage(&self) -> Vec<(Tenant, Usage)> {
        let shares = self.shares.read().unwrap_or_else(PoisonError::into_inner);
        let each = shares.iter().map(|(tenant, share)| (tenant.clone(), share.usage()));
        each.collect()
    }

    /// How often a limit has refused something, of any tenant.
    pub fn refused(&self, limit: Limit) -> u64 {
        self.counts.refused[limit as usize].load(Relaxed)
    }

    /// Turns that had to wait for their tenant's fuel.
    pub fn turns_held(&self) -> u64 {
        self.counts.turns_held.load(Relaxed)
    }
}

impl Counts {
    fn refuse(&self, limit: Limit) {
        self.refused[limit as usize].fetch_add(1, Relaxed);
    }

    fn hold(&self) {
        self.turns_held.fetch_add(1, Relaxed);
    }
}

#[cfg(test)]
mod tests;
