//! Secrets of handlers by name, sealed before they come here. Not here: the key that opens them.

use crate::engine::Kind;
use crate::list;
use crate::value::values;
use crate::{Cursor, Database, Page, Paging, Result, TenantId, What};

/// Secrets of a tenant.
pub const SECRETS_MAX: i64 = 1_000;
/// Bytes of a sealed secret.
pub const SEALED_MAX: usize = 64 << 10;

/// A secret as it is shown: without its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// Unique in the tenant.
    pub name: String,
    /// Milliseconds since 1970.
    pub changed_at: i64,
    /// Grows with each change.
    pub revision: i64,
}

const KIND: Kind = Kind {
    what: What::Secret,
    parent: What::Tenant,
    count: "SELECT COUNT(*) FROM secrets WHERE tenant = $1",
    most: SECRETS_MAX,
};

/// Adds a secret.
///
/// # Errors
/// `NotFound` of the tenant, `Exists`, `Limit`, `Invalid`, `Unavailable`.
pub async fn create(database: &Database, tenant: &TenantId, name: &str, sealed: &[u8], now: i64) -> Result<()> {
    list::name("name", name)?;
    list::at_most("bytes of a secret", sealed.len(), SEALED_MAX)?;
    let sql = "INSERT INTO secrets (tenant, name, sealed, changed_at, revision) VALUES ($1, $2, $3, $4, 1) \
         ON CONFLICT DO NOTHING";
    database.insert(&KIND, sql, values![tenant, name, sealed, now]).await
}

/// Another value.
///
/// # Errors
/// `NotFound`, `Conflict`, `Limit`, `Unavailable`.
pub async fn update(
    database: &Database,
    tenant: &TenantId,
    (name, from): (&str, i64),
    sealed: &[u8],
    now: i64,
) -> Result<i64> {
    list::at_most("bytes of a secret", sealed.len(), SEALED_MAX)?;
    let sql = "UPDATE secrets SET sealed = $3, changed_at = $4, revision = revision + 1 \
         WHERE tenant = $1 AND name = $2 AND revision = $5 RETURNING revision";
    let lookup = "SELECT revision FROM secrets WHERE tenant = $1 AND name = $2";
    let change = (sql, values![tenant, name, sealed, now, from]);
    database.compare_and_set(What::Secret, change, (lookup, 2)).await
}

/// The revision it has.
///
/// # Errors
/// `NotFound`, `Unavailable`.
pub async fn revision(database: &Database, tenant: &TenantId, name: &str) -> Result<i64> {
    let sql = "SELECT revision FROM secrets WHERE tenant = $1 AND name = $2";
    database.one(What::Secret, sql, values![tenant, name]).await?.int()
}

/// The sealed value.
///
/// # Errors
/// `NotFound`, `Unavailable`.
pub async fn sealed(database: &Database, tenant: &TenantId, name: &str) -> Result<Vec<u8>> {
    let sql = "SELECT sealed FROM secrets WHERE tenant = $1 AND name = $2";
    database.one(What::Secret, sql, values![tenant, name]).await?.blob()
}

/// The secrets of a tenant by name.
///
/// # Errors
/// `Unavailable`.
pub async fn list(database: &Database, tenant: &TenantId, paging: &Paging) -> Result<Page<Secret>> {
    let sql = "SELECT name, changed_at, revision FROM secrets WHERE tenant = $1 AND name > $2 ORDER BY name LIMIT $3";
    let rows = database
        .rows(sql, vec![tenant.into(), paging.after_name(), paging.fetched()])
        .await?;
    let read = |mut row: crate::value::Row| -> Result<Secret> {
        Ok(Secret {
            name: row.text()?,
            changed_at: row.int()?,
            revision: row.int()?,
        })
    };
    let secrets = rows.into_iter().map(read).collect::<Result<_>>()?;
    Ok(paging.page(secrets, |secret: &Secret| Cursor::at(0, &secret.name)))
}

/// Forgets a secret.
///
/// # Errors
/// `NotFound`, `Unavailable`.
pub async fn delete(database: &Database, tenant: &TenantId, name: &str) -> Result<()> {
    let sql = "DELETE FROM secrets WHERE tenant = $1 AND name = $2";
    database.affect(What::Secret, sql, values![tenant, name]).await
}
