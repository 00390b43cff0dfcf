//! What a tenant may use, and what it used by day: metrics with a number each. Not here: refusing calls.

use crate::engine::Kind;
use crate::list;
use crate::value::{Row, values};
use crate::{Database, Error, Result, TenantId, What};

/// Metrics of a tenant, for quotas and for each day.
pub const METRICS_MAX: i64 = 100;
/// Days that [`usage`] looks at.
pub const DAYS_MAX: i64 = 366;

/// A limit for a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quota {
    /// What is limited.
    pub metric: String,
    /// In the metric's unit.
    pub most: i64,
    /// Grows with each change.
    pub revision: i64,
}

/// What a tenant used on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// Days since 1970.
    pub day: i64,
    /// What was used.
    pub metric: String,
    /// In the metric's unit.
    pub amount: i64,
}

const KIND: Kind = Kind {
    what: What::Quota,
    parent: What::Tenant,
    count: "SELECT COUNT(*) FROM quotas WHERE tenant = $1",
    most: METRICS_MAX,
};

/// Sets a limit where there is none.
///
/// # Errors
/// `NotFound` of the tenant, `Exists`, `Limit`, `Invalid`, `Unavailable`.
pub async fn create(database: &Database, tenant: &TenantId, metric: &str, most: i64) -> Result<()> {
    list::name("metric", metric)?;
    let sql = "INSERT INTO quotas (tenant, metric, most, revision) VALUES ($1, $2, $3, 1) ON CONFLICT DO NOTHING";
    database.insert(&KIND, sql, values![tenant, metric, most]).await
}

/// Changes a limit.
///
/// # Errors
/// `NotFound`, `Conflict`, `Unavailable`.
pub async fn update(database: &Database, tenant: &TenantId, metric: &str, from: i64, most: i64) -> Result<i64> {
    let sql = "UPDATE quotas SET most = $3, revision = revision + 1 \
         WHERE tenant = $1 AND metric = $2 AND revision = $4 RETURNING revision";
    let lookup = "SELECT revision FROM quotas WHERE tenant = $1 AND metric = $2";
    let change = (sql, values![tenant, metric, most, from]);
    database.compare_and_set(What::Quota, change, (lookup, 2)).await
}

/// All limits of a tenant by metric, [`METRICS_MAX`] at most.
///
/// # Errors
/// `Unavailable`.
pub async fn list(database: &Database, tenant: &TenantId) -> Result<Vec<Quota>> {
    let sql = "SELECT metric, most, revision FROM quotas WHERE tenant = $1 ORDER BY metric LIMIT $2";
    let read = |mut row: Row| -> Result<Quota> {
        Ok(Quota {
            metric: row.text()?,
            most: row.int()?,
            revision: row.int()?,
        })
    };
    let rows = database.rows(sql, values![tenant, METRICS_MAX]).await?;
    rows.into_iter().map(read).collect()
}

/// Removes a limit.
///
/// # Errors
/// `NotFound`, `Unavailable`.
pub async fn delete(database: &Database, tenant: &TenantId, metric: &str) -> Result<()> {
    let sql = "DELETE FROM quotas WHERE tenant = $1 AND metric = $2";
    database.affect(What::Quota, sql, values![tenant, metric]).await
}

/// Adds what was used to the day's counters, all or nothing.
///
/// # Errors
/// `NotFound` of the tenant, `Limit`, `Invalid`, `Unavailable`.
pub async fn add_usage(database: &Database, tenant: &TenantId, used: &[Usage]) -> Result<()> {
    list::at_most("counters at once", used.len(), METRICS_MAX as usize)?;
    let mut transaction = database.begin().await?;
    let sql = "INSERT INTO usage (tenant, day, metric, amount) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (tenant, day, metric) DO UPDATE SET amount = usage.amount + excluded.amount";
    // In one order everywhere, so that two nodes wait for each other and neither is refused.
    let mut used: Vec<_> = used.iter().collect();
    used.sort_by(|a, b| (a.day, &a.metric).cmp(&(b.day, &b.metric)));
    for one in used {
        list::name("metric", &one.metric)?;
        let values = values![tenant, one.day, &one.metric, one.amount];
        transaction.execute(sql, values).await.map_err(|error| match error {
            Error::InUse(_) => Error::NotFound(What::Tenant),
            other => other,
        })?;
    }
    transaction.commit().await
}

/// What a tenant used from a day to before another, by day and metric.
///
/// # Errors
/// `Invalid` for more than [`DAYS_MAX`] days, `Unavailable`.
pub async fn usage(database: &Database, tenant: &TenantId, from: i64, before: i64) -> Result<Vec<Usage>> {
    if before.saturating_sub(from) > DAYS_MAX {
        return Err(Error::Invalid("days", "at most 366"));
    }
    let sql = "SELECT day, metric, amount FROM usage WHERE tenant = $1 AND day >= $2 AND day < $3 \
         ORDER BY day, metric LIMIT $4";
    let read = |mut row: Row| -> Result<Usage> {
        Ok(Usage {
            day: row.int()?,
            metric: row.text()?,
            amount: row.int()?,
        })
    };
    let rows = database
        .rows(sql, values![tenant, from, before, DAYS_MAX * METRICS_MAX])
        .await?;
    rows.into_iter().map(read).collect()
}
