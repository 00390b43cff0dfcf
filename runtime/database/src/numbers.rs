//! Numbers that a tenant has (TS-24), each had by one tenant only. Not here: numbers that it only proves to be its own
//! (`caller_ids`).

use crate::caller_ids;
use crate::engine::Kind;
use crate::list;
use crate::value::{Row, values};
use crate::{Cursor, Database, Error, Page, Paging, Result, TenantId, What};

/// Numbers of a tenant.
pub const NUMBERS_MAX: i64 = 100_000;

/// A number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    /// As it is dialled.
    pub number: String,
    /// The handler it leads to.
    pub handler: Option<String>,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// Grows with each change.
    pub revision: i64,
}

const NUMBER: Kind = Kind {
    what: What::Number,
    parent: What::Handler,
    count: "SELECT COUNT(*) FROM numbers WHERE tenant = $1",
    most: NUMBERS_MAX,
};

/// Gives a tenant a number.
///
/// # Errors
/// `NotFound` of tenant or handler, `Exists` if any tenant has it, `Limit`, `Invalid`, `Unavailable`.
pub async fn create(
    database: &Database,
    tenant: &TenantId,
    number: &str,
    handler: Option<&str>,
    now: i64,
) -> Result<()> {
    list::name("number", number)?;
    let sql = "INSERT INTO numbers (tenant, number, handler, created_at, revision) VALUES ($1, $2, $3, $4, 1) \
         ON CONFLICT DO NOTHING";
    database
        .insert(&NUMBER, sql, values![tenant, number, handler, now])
        .await
}

fn read(mut row: Row) -> Result<Number> {
    Ok(Number {
        number: row.text()?,
        handler: row.text_or_none()?,
        created_at: row.int()?,
        revision: row.int()?,
    })
}

/// One number.
///
/// # Errors
/// `NotFound`, `Unavailable`.
pub async fn get(database: &Database, tenant: &TenantId, number: &str) -> Result<Number> {
    let sql = "SELECT number, handler, created_at, revision FROM numbers WHERE tenant = $1 AND number = $2";
    read(database.one(What::Number, sql, values![tenant, number]).await?)
}

/// The numbers of a tenant in order.
///
/// # Errors
/// `Unavailable`.
pub async fn list(database: &Database, tenant: &TenantId, paging: &Paging) -> Result<Page<Number>> {
    let sql = "SELECT number, handler, created_at, revision FROM numbers \
         WHERE tenant = $1 AND number > $2 ORDER BY number LIMIT $3";
    let values = vec![tenant.into(), paging.after_name(), paging.fetched()];
    let numbers = database
        .rows(sql, values)
        .await?
        .into_iter()
        .map(read)
        .collect::<Result<_>>()?;
    Ok(paging.page(numbers, |one: &Number| Cursor::at(0, &one.number)))
}

/// Leads a number elsewhere.
///
/// # Errors
/// `NotFound` of the number or the handler, `Conflict`, `Unavailable`.
pub async fn update(
    database: &Database,
    tenant: &TenantId,
    (number, from): (&str, i64),
    handler: Option<&str>,
) -> Result<i64> {
    let sql = "UPDATE numbers SET handler = $3, revision = revision + 1 \
         WHERE tenant = $1 AND number = $2 AND revision = $4 RETURNING revision";
    let lookup = "SELECT revision FROM numbers WHERE tenant = $1 AND number = $2";
    let change = (sql, values![tenant, number, handler, from]);
    let done = database.compare_and_set(What::Number, change, (lookup, 2)).await;
    done.map_err(|error| match error {
        Error::InUse(_) => Error::NotFound(What::Handler),
        other => other,
    })
}

/// Gives a number back; it is not shown by default any more.
///
/// # Errors
/// `NotFound`, `Unavailable`.
pub async fn delete(database: &Database, tenant: &TenantId, number: &str) -> Result<()> {
    let sql = "DELETE FROM numbers WHERE tenant = $1 AND number = $2";
    caller_ids::forget(database, (What::Number, sql), (tenant, number)).await
}
