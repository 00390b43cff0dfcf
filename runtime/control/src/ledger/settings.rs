//! The limits of the ledger as configured, and their bounds.

use crate::destinations::{MAX_RULES, Micros};
use crate::ids::Tenant;
use crate::numbers::Prefix;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Most tenants of one node; more are refused when configured.
pub const MAX_TENANTS: usize = 65_536;
/// Most trunks of one node; more are refused when configured.
pub const MAX_TRUNKS: usize = 4_096;
/// Most money a tenant's limit for a day can name: 281 million units.
pub const MAX_SPEND_PER_DAY: Micros = Micros((1 << 48) - 1);
/// The window in which calls to one destination rule are counted. The count may reach back up to twice as far.
pub const SPIKE_WINDOW: Duration = Duration::from_secs(600);

/// All limits of a node.
#[derive(Debug, Clone, Default)]
pub struct LedgerSettings {
    /// One for each tenant that may call out.
    pub tenants: Vec<TenantLimits>,
    /// One for each trunk.
    pub trunks: Vec<TrunkLimits>,
}

/// Limits of a tenant. A limit of 0 allows nothing.
#[derive(Debug, Clone)]
pub struct TenantLimits {
    /// Whose.
    pub tenant: Tenant,
    /// Outbound calls at one time.
    pub concurrent: u32,
    /// New calls a second, in the long run.
    pub per_second: u32,
    /// New calls at once after a quiet time.
    pub burst: u32,
    /// New calls in any hour.
    pub per_hour: u32,
    /// Money in one day, at most [`MAX_SPEND_PER_DAY`].
    pub spend_per_day: Micros,
    /// The prefixes of the tenant's destination rules, in any order.
    pub destinations: Vec<Prefix>,
    /// New calls to any one of them in any [`SPIKE_WINDOW`].
    pub per_destination: u16,
}

/// Limits of a trunk. A limit of 0 allows nothing.
#[derive(Debug, Clone)]
pub struct TrunkLimits {
    /// Its name.
    pub trunk: Arc<str>,
    /// Calls at one time.
    pub concurrent: u32,
    /// New calls a second, in the long run.
    pub per_second: u32,
    /// New calls at once after a quiet time.
    pub burst: u32,
}

/// Why limits cannot be held to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LedgerError {
    /// More tenants, trunks or destinations than fit.
    TooMany {
        /// The most allowed.
        most: usize,
        /// How many there are.
        asked: usize,
    },
    /// A tenant, trunk or destination prefix stands there twice; the name of the tenant or trunk.
    Twice(Arc<str>),
    /// This tenant's limit for a day is above [`MAX_SPEND_PER_DAY`].
    Spend(Tenant),
}

impl fmt::Display for LedgerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany { most, asked } => write!(f, "limits: {asked} entries are too many, at most {most}"),
            Self::Twice(name) => write!(
                f,
                "limits of {name}: the name or one of its destinations stands there twice"
            ),
            Self::Spend(tenant) => {
                write!(
                    f,
                    "limits of {tenant}: spend_per_day is at most {} micro-units",
                    MAX_SPEND_PER_DAY.0
                )
            }
        }
    }
}

impl std::error::Error for LedgerError {}

impl LedgerSettings {
    pub(super) fn check(&self) -> Result<(), LedgerError> {
        at_most(MAX_TENANTS, self.tenants.len())?;
        at_most(MAX_TRUNKS, self.trunks.len())?;
        let mut tenants = BTreeSet::new();
        for limits in &self.tenants {
            at_most(MAX_RULES, limits.destinations.len())?;
            let prefixes: BTreeSet<_> = limits.destinations.iter().collect();
            if !tenants.insert(&limits.tenant) || prefixes.len() != limits.destinations.len() {
                return Err(LedgerError::Twice(limits.tenant.0.as_str().into()));
            }
            if limits.spend_per_day > MAX_SPEND_PER_DAY {
                return Err(LedgerError::Spend(limits.tenant.clone()));
            }
        }
        let mut trunks = BTreeSet::new();
        match self.trunks.iter().find(|limits| !trunks.insert(&limits.trunk)) {
            Some(limits) => Err(LedgerError::Twice(limits.trunk.clone())),
            None => Ok(()),
        }
    }
}

fn at_most(most: usize, asked: usize) -> Result<(), LedgerError> {
    if asked > most {
        return Err(LedgerError::TooMany { most, asked });
    }
    Ok(())
}
