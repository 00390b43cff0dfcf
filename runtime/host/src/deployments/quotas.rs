//! What tenants may use: what the configuration says, and for each the quotas that the database has, which come first.

use patchcord_control::ids::Tenant;
use patchcord_control::tenancy::{Limits, Tenancy};
use patchcord_database::quotas::Quota;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The metrics that a quota can be of, as [`Limits`] has them.
pub(crate) const METRICS: [&str; 6] = [
    "calls_at_once",
    "new_calls_per_second",
    "fuel_per_minute",
    "memory_bytes",
    "http_per_minute",
    "recording_bytes",
];

/// The limits of tenants on a node, and what they are without quotas.
pub(crate) struct TenantLimits {
    tenancy: Arc<Tenancy>,
    /// As the configuration has them; of those that have had quotas.
    configured: Mutex<HashMap<Tenant, Limits>>,
}

impl TenantLimits {
    pub(crate) fn new(tenancy: Arc<Tenancy>) -> Self {
        Self {
            tenancy,
            configured: Mutex::default(),
        }
    }

    /// The quotas of a tenant count from now on, for running calls too.
    pub(crate) fn set(&self, tenant: &Tenant, quotas: &[Quota]) {
        let mut configured = self.configured.lock().unwrap_or_else(PoisonError::into_inner);
        if quotas.is_empty() && !configured.contains_key(tenant) {
            return;
        }
        let share = match self.tenancy.share(tenant) {
            Ok(share) => share,
            // It can have no calls either.
            Err(why) => return tracing::warn!(%tenant, %why, "quotas of this tenant do not count"),
        };
        let usual = *configured.entry(tenant.clone()).or_insert_with(|| share.limits());
        let limits = quotas.iter().fold(usual, with);
        if let Err(why) = self.tenancy.set_limits(tenant, limits) {
            tracing::warn!(%tenant, %why, "quotas of this tenant do not count");
        }
    }
}

/// Limits with a quota in the place of what was said.
fn with(mut limits: Limits, quota: &Quota) -> Limits {
    let most = u64::try_from(quota.most).unwrap_or_default();
    let small = u32::try_from(most).unwrap_or(u32::MAX);
    match quota.metric.as_str() {
        "calls_at_once" => limits.calls_at_once = Some(small),
        "new_calls_per_second" => limits.new_calls_per_second = Some(small),
        "fuel_per_minute" => limits.fuel_per_minute = Some(most),
        "memory_bytes" => limits.memory_bytes = Some(most),
        "http_per_minute" => limits.http_per_minute = Some(small),
        "recording_bytes" => limits.recording_bytes = Some(most),
        // Of a newer program.
        _ => {}
    }
    limits
}

#[cfg(test)]
mod tests;
