//! Routes: which handler a called number, SIP address or client leads to, and which handlers take over. Not here: matching.

use crate::engine::Kind;
use crate::list;
use crate::value::{Row, values};
use crate::{Cursor, Database, Page, Paging, Result, TenantId, What};

/// Routes of a tenant.
pub const ROUTES_MAX: i64 = 100_000;

/// Where a pattern leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// What is called; unique in the tenant, at most 255 bytes.
    pub pattern: String,
    /// The handler.
    pub handler: String,
    /// Handlers that take over in order when it breaks; they are looked up when a call needs one.
    pub fallbacks: Vec<String>,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// Grows with each change.
    pub revision: i64,
}

const KIND: Kind = Kind {
    what: What::Route,
    parent: What::Handler,
    count: "SELECT COUNT(*) FROM routes WHERE tenant = $1",
    most: ROUTES_MAX,
};

/// Adds a route.
///
/// # Errors
/// `NotFound` of the handler, `Exists`, `Limit`, `Invalid`, `Unavailable`.
pub async fn create(
    database: &Database,
    tenant: &TenantId,
    (pattern, handler): (&str, &str),
    fallbacks: &[String],
    now: i64,
) -> Result<()> {
    list::name("pattern", pattern)?;
    let sql = "INSERT INTO routes (tenant, pattern, handler, fallbacks, created_at, revision) \
         VALUES ($1, $2, $3, $4, $5, 1) ON CONFLICT DO NOTHING";
    let values = values![tenant, pattern, handler, list::join(fallbacks)?, now];
    database.insert(&KIND, sql, values).await
}

fn read(mut row: Row) -> Result<Route> {
    Ok(Route {
        pattern: row.text()?,
        handler: row.text()?,
        fallbacks: list::split(&row.text()?),
        created_at: row.int()?,
        revision: row.int()?,
    })
}

/// One route.
///
/// # Errors
/// `NotFound`, `Unavailable`.
pub async fn get(database: &Database, tenant: &TenantId, pattern: &str) -> Result<Route> {
    let sql = "SELECT pattern, handler, fallbacks, created_at, revision FROM routes WHERE tenant = $1 AND pattern = $2";
    read(database.one(What::Route, sql, values![tenant, pattern]).await?)
}

/// The routes of a tenant by pattern, perhaps of one handler only.
///
/// # Errors
/// `Unavailable`.
pub async fn list(
    database: &Database,
    tenant: &TenantId,
    handler: Option<&str>,
    paging: &Paging,
) -> Result<Page<Route>> {
    let sql = "SELECT pattern, handler, fallbacks, created_at, revision FROM routes \
         WHERE tenant = $1 AND pattern > $2 AND ($4 IS NULL OR handler = $4) ORDER BY pattern LIMIT $3";
    let values = vec![tenant.into(), paging.after_name(), paging.fetched(), handler.into()];
    let routes = database
        .rows(sql, values)
        .await?
        .into_iter()
        .map(read)
        .collect::<Result<_>>()?;
    Ok(paging.page(routes, |route: &Route| Cursor::at(0, &route.pattern)))
}

/// Leads elsewhere.
///
/// # Errors
/// `NotFound`, `Conflict`, `Invalid`, `Unavailable`.
pub async fn update(
    database: &Database,
    tenant: &TenantId,
    (pattern, from): (&str, i64),
    handler: &str,
    fallbacks: &[String],
) -> Result<i64> {
    let sql = "UPDATE routes SET handler = $3, fallbacks = $4, revision = revision + 1 \
         WHERE tenant = $1 AND pattern = $2 AND revision = $5 RETURNING revision";
    let lookup = "SELECT revision FROM routes WHERE tenant = $1 AND pattern = $2";
    let change = (sql, values![tenant, pattern, handler, list::join(fallbacks)?, from]);
    let done = database.compare_and_set(What::Route, change, (lookup, 2)).await;
    done.map_err(|error| match error {
        crate::Error::InUse(_) => crate::Error::NotFound(What::Handler),
        other => other,
    })
}

/// Forgets a route.
///
/// # Errors
/// `NotFound`, `Unavailable`.
pub async fn delete(database: &Database, tenant: &TenantId, pattern: &str) -> Result<()> {
    let sql = "DELETE FROM routes WHERE tenant = $1 AND pattern = $2";
    database.affect(What::Route, sql, values![tenant, pattern]).await
}
