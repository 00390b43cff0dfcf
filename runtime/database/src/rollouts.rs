//! Which version of a handler serves calls: one on a share of them, the previous one on the rest. Not here: telling a call's
//! version, or when a rollout has failed.

use crate::value::values;
use crate::{Database, Error, Result, TenantId, What};

/// The whole, in per mille.
pub const SHARE_MAX: i64 = 1_000;

/// What serves a handler's calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rollout {
    /// The version that is rolled out.
    pub version: i64,
    /// Of how many of 1,000 calls it is; 1,000 once promoted.
    pub share: i64,
    /// The version of the other calls, and where a rollback leads.
    pub previous: Option<i64>,
    /// Grows with each change.
    pub revision: i64,
}

/// Whether there is a rollout already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// None: this is the handler's first.
    Nothing,
    /// The one of this revision.
    Revision(i64),
}

/// Rolls a version out on a share; what served until now becomes the previous one if the version is another. The first
/// rollout of a handler serves all calls.
///
/// # Errors
/// `NotFound` of the version or rollout, `Held`, `Exists`, `Conflict`, `Invalid`, `Unavailable`.
pub async fn set(
    database: &Database,
    tenant: &TenantId,
    handler: &str,
    from: From,
    (version, share): (i64, i64),
) -> Result<i64> {
    if !(0..=SHARE_MAX).contains(&share) {
        return Err(Error::Invalid("share", "from 0 to 1,000"));
    }
    let held = "SELECT held FROM versions WHERE tenant = $1 AND handler = $2 AND number = $3";
    let mut row = database
        .one(What::Version, held, values![tenant, handler, version])
        .await?;
    // Nothing is ever held anew, so what was granted here still is below.
    if !row.text()?.is_empty() {
        return Err(Error::Held);
    }
    match from {
        From::Nothing => first(database, tenant, handler, (version, share)).await,
        From::Revision(revision) => {
            let sql = "UPDATE rollouts SET previous = CASE WHEN version = $3 THEN previous ELSE \
                 CASE WHEN share = 1000 OR previous IS NULL THEN version ELSE previous END END, \
                 version = $3, share = $4, revision = revision + 1 \
                 WHERE tenant = $1 AND handler = $2 AND revision = $5 RETURNING revision";
            let change = (sql, values![tenant, handler, version, share, revision]);
            database.compare_and_set(What::Rollout, change, (REVISION, 2)).await
        }
    }
}

const REVISION: &str = "SELECT revision FROM rollouts WHERE tenant = $1 AND handler = $2";

async fn first(database: &Database, tenant: &TenantId, handler: &str, (version, share): (i64, i64)) -> Result<i64> {
    if share != SHARE_MAX {
        return Err(Error::Invalid("share", "1,000 for the first version that serves"));
    }
    let mut transaction = database.begin().await?;
    let sql = "INSERT INTO rollouts (tenant, handler, version, share, revision) VALUES ($1, $2, $3, $4, 1) \
         ON CONFLICT DO NOTHING";
    if transaction
        .execute(sql, values![tenant, handler, version, share])
        .await?
        == 0
    {
        return Err(Error::Exists(What::Rollout));
    }
    transaction.commit().await?;
    Ok(1)
}

/// The rollout of a handler.
///
/// # Errors
/// `NotFound`, `Unavailable`.
pub async fn get(database: &Database, tenant: &TenantId, handler: &str) -> Result<Rollout> {
    let sql = "SELECT version, share, previous, revision FROM rollouts WHERE tenant = $1 AND handler = $2";
    let mut row = database.one(What::Rollout, sql, values![tenant, handler]).await?;
    Ok(Rollout {
        version: row.int()?,
        share: row.int()?,
        previous: row.int_or_none()?,
        revision: row.int()?,
    })
}

/// The version serves all calls from now on.
///
/// # Errors
/// `NotFound`, `Conflict`, `Unavailable`.
pub async fn promote(database: &Database, tenant: &TenantId, handler: &str, from: i64) -> Result<i64> {
    let sql = "UPDATE rollouts SET share = 1000, revision = revision + 1 \
         WHERE tenant = $1 AND handler = $2 AND revision = $3 RETURNING revision";
    let change = (sql, values![tenant, handler, from]);
    database.compare_and_set(What::Rollout, change, (REVISION, 2)).await
}

/// The previous version serves all calls from now on, and a second rollback leads back.
///
/// # Errors
/// `NotFound`, `Conflict`, `Invalid` without a previous version, `Unavailable`.
pub async fn rollback(database: &Database, tenant: &TenantId, handler: &str, from: i64) -> Result<i64> {
    let sql = "UPDATE rollouts SET version = previous, previous = version, share = 1000, revision = revision + 1 \
         WHERE tenant = $1 AND handler = $2 AND revision = $3 AND previous IS NOT NULL RETURNING revision";
    let change = (sql, values![tenant, handler, from]);
    match database.compare_and_set(What::Rollout, change, (REVISION, 2)).await {
        // It is the revision that was meant, so what kept it was that there is nowhere to go.
        Err(Error::Conflict(_, found)) if found == from => {
            Err(Error::Invalid("rollback", "a handler with a previous version"))
        }
        other => other,
    }
}
