//! What tenants may use: what the configuration says, and for each the quotas that the database has, which come first.

use patchcord_control::destinations::Micros;
use patchcord_control::ids::Tenant;
use patchcord_control::tenancy::{Limits, Tenancy};
use patchcord_database::quotas::Quota;
use patchcord_database::{Database, Error, TenantId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The metrics that a quota can be of, as [`Limits`] has them, and the one of the ledger.
pub(crate) const METRICS: [&str; 8] = [
    "calls_at_once",
    "new_calls_per_second",
    "fuel_per_minute",
    "memory_bytes",
    "http_per_minute",
    "http_bytes_per_minute",
    "recording_bytes",
    SPEND,
];
/// What calls out may cost in a day, in whole units of the currency that prices are in; the ledger's.
const SPEND: &str = "spend_per_day";
/// What they have cost, in millionths of the currency, as usage has it.
pub(crate) const SPENT: &str = "spend_micros";
const DAY_MS: i64 = 86_400_000;
/// Parts of such a unit.
const MICROS: u64 = 1_000_000;

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

    /// Recordings of so many bytes are there from before.
    pub(crate) fn recordings_kept(&self, tenant: &Tenant, bytes: u64) {
        if bytes == 0 {
            return;
        }
        match self.tenancy.share(tenant) {
            Ok(share) => share.add_recordings(bytes),
            // It can have no calls either.
            Err(why) => tracing::warn!(%tenant, %why, "recordings of this tenant are not counted"),
        }
    }

    /// One was deleted.
    pub(crate) fn recording_deleted(&self, tenant: &Tenant, bytes: u64) {
        if let Some(share) = self.tenancy.find(tenant) {
            share.recording_deleted(bytes);
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

/// What a tenant may spend in a day, if there is a quota of it.
pub(super) fn spend_per_day(quotas: &[Quota]) -> Option<Micros> {
    let quota = quotas.iter().find(|quota| quota.metric == SPEND)?;
    let units = u64::try_from(quota.most).unwrap_or_default();
    Some(Micros(units.saturating_mul(MICROS)))
}

/// What calls out of a tenant have cost today (UTC), as it was written down; none if nothing was.
pub(super) async fn spent_today(database: &Database, id: &TenantId) -> Result<Option<Micros>, Error> {
    let today = super::now_ms().div_euclid(DAY_MS);
    let used = patchcord_database::quotas::usage(database, id, today, today + 1).await?;
    let spent = used.iter().find(|used| used.metric == SPENT);
    Ok(spent.and_then(|used| u64::try_from(used.amount).ok()).map(Micros))
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
        "http_bytes_per_minute" => limits.http_bytes_per_minute = Some(most),
        "recording_bytes" => limits.recording_bytes = Some(most),
        // The ledger's, or of a newer program.
        _ => {}
    }
    limits
}

#[cfg(test)]
mod tests;
