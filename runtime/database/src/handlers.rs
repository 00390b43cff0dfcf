//! Handlers: the customer's call logic by name. Their versions are in `versions`, what serves calls in `rollouts`.

use crate::engine::Kind;
use crate::list;
use crate::value::{Row, values};
use crate::{Cursor, Database, Page, Paging, Result, TenantId, What};

/// Handlers of a tenant.
pub const HANDLERS_MAX: i64 = 10_000;

/// A handler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handler {
    /// Unique in the tenant; at most 255 bytes.
    pub name: String,
    /// The number of its newest version; 0 if it has none.
    pub last_version: i64,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// Grows with each change, also with each version.
    pub revision: i64,
}

const KIND: Kind = Kind {
    what: What::Handler,
    parent: What::Tenant,
    count: "SELECT COUNT(*) FROM handlers WHERE tenant = $1",
    most: HANDLERS_MAX,
};

/// Adds a handler without versions.
///
/// # Errors
/// `NotFound` of the tenant, `Exists`, `Limit`, `Invalid`, `Unavailable`.
pub async fn create(database: &Database, tenant: &TenantId, name: &str, now: i64) -> Result<()> {
    list::name("name", name)?;
    let sql = "INSERT INTO handlers (tenant, name, last_version, created_at, revision) VALUES ($1, $2, 0, $3, 1) \
         ON CONFLICT DO NOTHING";
    database.insert(&KIND, sql, values![tenant, name, now]).await
}

fn read(mut row: Row) -> Result<Handler> {
    Ok(Handler {
        name: row.text()?,
        last_version: row.int()?,
        created_at: row.int()?,
        revision: row.int()?,
    })
}

/// One handler.
///
/// # Errors
/// `NotFound`, `Unavailable`.
pub async fn get(database: &Database, tenant: &TenantId, name: &str) -> Result<Handler> {
    let sql = "SELECT name, last_version, created_at, revision FROM handlers WHERE tenant = $1 AND name = $2";
    read(database.one(What::Handler, sql, values![tenant, name]).await?)
}

/// The handlers of a tenant by name.
///
/// # Errors
/// `Unavailable`.
pub async fn list(database: &Database, tenant: &TenantId, paging: &Paging) -> Result<Page<Handler>> {
    let sql = "SELECT name, last_version, created_at, revision FROM handlers \
         WHERE tenant = $1 AND name > $2 ORDER BY name LIMIT $3";
    let rows = database
        .rows(sql, vec![tenant.into(), paging.after_name(), paging.fetched()])
        .await?;
    let handlers = rows.into_iter().map(read).collect::<Result<_>>()?;
    Ok(paging.page(handlers, |handler: &Handler| Cursor::at(0, &handler.name)))
}

/// Forgets a handler that has no versions and that nothing leads to.
///
/// # Errors
/// `NotFound`, `InUse`, `Unavailable`.
pub async fn delete(database: &Database, tenant: &TenantId, name: &str) -> Result<()> {
    let sql = "DELETE FROM handlers WHERE tenant = $1 AND name = $2";
    database.affect(What::Handler, sql, values![tenant, name]).await
}
