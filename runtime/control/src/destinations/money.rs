//! Money in whole micro-units of the tenant's currency, and what a call costs. No currency is named here.

use std::time::Duration;

/// Millionths of the tenant's currency unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Micros(pub u64);

/// What a call costs: by the second, a begun second counts whole, a part of a micro-unit counts whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Price {
    /// For one minute.
    pub per_minute: Micros,
}

impl Price {
    /// A price for a minute.
    pub fn per_minute(micros: u64) -> Price {
        Price {
            per_minute: Micros(micros),
        }
    }

    /// What this long a connection costs; beyond what fits, the largest amount.
    pub fn cost(self, connected: Duration) -> Micros {
        let seconds = u128::from(connected.as_secs()) + u128::from(connected.subsec_nanos() > 0);
        let cost = (seconds * u128::from(self.per_minute.0)).div_ceil(60);
        Micros(u64::try_from(cost).unwrap_or(u64::MAX))
    }

    /// The longest connection in whole seconds that costs no more than this; none if it costs nothing.
    pub fn affords(self, budget: Micros) -> Option<Duration> {
        let seconds = (u128::from(budget.0) * 60).checked_div(u128::from(self.per_minute.0))?;
        Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(u64::MAX)))
    }
}
