//! Numbers that a tenant has (TS-24), each had by one tenant only, and caller ids that it proves to be its own (TS-23). Not
//! here: the call that asks for the code.

use crate::engine::Kind;
use crate::list;
use crate::value::{Row, values};
use crate::{Cursor, Database, Error, Page, Paging, Result, TenantId, What};

/// Numbers of a tenant.
pub const NUMBERS_MAX: i64 = 100_000;
/// Caller ids of a tenant.
pub const CALLER_IDS_MAX: i64 = 10_000;
/// Codes that may be tried for a caller id; afterwards it must be asked for anew.
pub const TRIES_MAX: i64 = 5;

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

/// A number to call from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerId {
    /// As it is shown.
    pub number: String,
    /// When it was proved, milliseconds since 1970.
    pub verified_at: Option<i64>,
    /// When it was asked for.
    pub created_at: i64,
}

const NUMBER: Kind = Kind {
    what: What::Number,
    parent: What::Handler,
    count: "SELECT COUNT(*) FROM numbers WHERE tenant = $1",
    most: NUMBERS_MAX,
};
const CALLER_ID: Kind = Kind {
    what: What::CallerId,
    parent: What::Tenant,
    count: "SELECT COUNT(*) FROM caller_ids WHERE tenant = $1",
    most: CALLER_IDS_MAX,
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

/// Gives a number back.
///
/// # Errors
/// `NotFound`, `Unavailable`.
pub async fn delete(database: &Database, tenant: &TenantId, number: &str) -> Result<()> {
    let sql = "DELETE FROM numbers WHERE tenant = $1 AND number = $2";
    database.affect(What::Number, sql, values![tenant, number]).await
}

/// Starts the proof of a caller id: the SHA-256 of the code that the number will be told, and until when it counts. Asked for
/// again before it is proved, the new code counts.
///
/// # Errors
/// `NotFound` of the tenant, `Exists` once it is proved, `Limit`, `Invalid`, `Unavailable`.
pub async fn ask_caller_id(
    database: &Database,
    tenant: &TenantId,
    (number, code_hash): (&str, &[u8; 32]),
    expires_at: i64,
    now: i64,
) -> Result<()> {
    list::name("number", number)?;
    let mut transaction = database.begin().await?;
    let again = "DELETE FROM caller_ids WHERE tenant = $1 AND number = $2 AND verified_at IS NULL";
    transaction.execute(again, values![tenant, number]).await?;
    let sql = "INSERT INTO caller_ids (tenant, number, code_hash, tries, expires_at, created_at) \
         VALUES ($1, $2, $3, 0, $4, $5) ON CONFLICT DO NOTHING";
    let values = values![tenant, number, &code_hash[..], expires_at, now];
    transaction.insert(&CALLER_ID, sql, values).await?;
    transaction.commit().await
}

/// Proves a caller id by its code. Each wrong one counts, and after [`TRIES_MAX`] none is right.
///
/// # Errors
/// `NotFound` if nothing is asked for, `Limit` after too many tries, `Invalid` for a wrong or old code, `Unavailable`.
pub async fn prove_caller_id(
    database: &Database,
    tenant: &TenantId,
    (number, code_hash): (&str, &[u8; 32]),
    now: i64,
) -> Result<()> {
    let mut transaction = database.begin().await?;
    let attempt = "UPDATE caller_ids SET tries = tries + 1 \
         WHERE tenant = $1 AND number = $2 AND verified_at IS NULL RETURNING tries";
    let tried = transaction.rows(attempt, values![tenant, number]).await?.pop();
    if tried.ok_or(Error::NotFound(What::CallerId))?.int()? > TRIES_MAX {
        return Err(Error::Limit("tries of a code", TRIES_MAX));
    }
    let sql = "UPDATE caller_ids SET verified_at = $4 \
         WHERE tenant = $1 AND number = $2 AND code_hash = $3 AND expires_at > $4";
    let proved = transaction
        .execute(sql, values![tenant, number, &code_hash[..], now])
        .await?;
    // A wrong try is kept too.
    transaction.commit().await?;
    if proved == 0 {
        return Err(Error::Invalid("code", "the code that the number was told, in time"));
    }
    Ok(())
}

/// One caller id.
///
/// # Errors
/// `NotFound`, `Unavailable`.
pub async fn caller_id(database: &Database, tenant: &TenantId, number: &str) -> Result<CallerId> {
    let sql = "SELECT number, verified_at, created_at FROM caller_ids WHERE tenant = $1 AND number = $2";
    read_caller_id(database.one(What::CallerId, sql, values![tenant, number]).await?)
}

/// The caller ids of a tenant in order.
///
/// # Errors
/// `Unavailable`.
pub async fn caller_ids(database: &Database, tenant: &TenantId, paging: &Paging) -> Result<Page<CallerId>> {
    let sql = "SELECT number, verified_at, created_at FROM caller_ids \
         WHERE tenant = $1 AND number > $2 ORDER BY number LIMIT $3";
    let values = vec![tenant.into(), paging.after_name(), paging.fetched()];
    let rows = database.rows(sql, values).await?;
    let ids = rows.into_iter().map(read_caller_id).collect::<Result<_>>()?;
    Ok(paging.page(ids, |one: &CallerId| Cursor::at(0, &one.number)))
}

fn read_caller_id(mut row: Row) -> Result<CallerId> {
    Ok(CallerId {
        number: row.text()?,
        verified_at: row.int_or_none()?,
        created_at: row.int()?,
    })
}

/// Forgets a caller id.
///
/// # Errors
/// `NotFound`, `Unavailable`.
pub async fn delete_caller_id(database: &Database, tenant: &TenantId, number: &str) -> Result<()> {
    let sql = "DELETE FROM caller_ids WHERE tenant = $1 AND number = $2";
    database.affect(What::CallerId, sql, values![tenant, number]).await
}
