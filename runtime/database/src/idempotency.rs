//! Requests that are sent again are answered again, not done again: a key, what was asked with it, and what was answered. Not
//! here: the header, or which requests may have one.

use crate::engine::Kind;
use crate::list;
use crate::value::values;
use crate::{Database, Error, Result, TenantId, What};

/// Keys of a tenant that are kept at once.
pub const IDEMPOTENCY_KEYS_MAX: i64 = 100_000;
/// Bytes of an answer that is kept.
pub const RESPONSE_MAX: usize = 1 << 20;

/// Whether a request is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// Do it, then [`finish`].
    New,
    /// It is being done; the one who asks again waits.
    Running,
    /// It was done: the status and body of the answer.
    Done(i64, Vec<u8>),
    /// The key was used for another request.
    Other,
}

const KIND: Kind = Kind {
    what: What::IdempotencyKey,
    parent: What::Tenant,
    count: "SELECT COUNT(*) FROM idempotency WHERE tenant = $1",
    most: IDEMPOTENCY_KEYS_MAX,
};

/// Begins a request with the SHA-256 of all that matters of it. Of several at once one is [`Begun::New`]. What has expired
/// counts for nothing.
///
/// # Errors
/// `NotFound` of the tenant, `Limit`, `Invalid`, `Unavailable`.
pub async fn begin(
    database: &Database,
    tenant: &TenantId,
    (key, request): (&str, &[u8; 32]),
    expires_at: i64,
    now: i64,
) -> Result<Begun> {
    list::name("idempotency key", key)?;
    let mut transaction = database.begin().await?;
    let old = "DELETE FROM idempotency WHERE tenant = $1 AND key = $2 AND expires_at <= $3";
    transaction.execute(old, values![tenant, key, now]).await?;
    let sql = "INSERT INTO idempotency (tenant, key, request, expires_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT DO NOTHING";
    match transaction
        .insert(&KIND, sql, values![tenant, key, &request[..], expires_at])
        .await
    {
        Ok(()) => {
            transaction.commit().await?;
            return Ok(Begun::New);
        }
        Err(Error::Exists(_)) => {}
        Err(other) => return Err(other),
    }
    let sql = "SELECT request, status, COALESCE(response, $3) FROM idempotency WHERE tenant = $1 AND key = $2";
    let found = transaction.rows(sql, values![tenant, key, &b""[..]]).await?.pop();
    let mut row = found.ok_or(Error::NotFound(What::IdempotencyKey))?;
    if row.blob()? != request {
        return Ok(Begun::Other);
    }
    Ok(match row.int_or_none()? {
        Some(status) => Begun::Done(status, row.blob()?),
        None => Begun::Running,
    })
}

/// Keeps the answer.
///
/// # Errors
/// `NotFound` if it was not begun or is answered already, `Limit`, `Unavailable`.
pub async fn finish(database: &Database, tenant: &TenantId, key: &str, status: i64, response: &[u8]) -> Result<()> {
    list::at_most("bytes of an answer", response.len(), RESPONSE_MAX)?;
    let sql = "UPDATE idempotency SET status = $3, response = $4 WHERE tenant = $1 AND key = $2 AND status IS NULL";
    database
        .affect(What::IdempotencyKey, sql, values![tenant, key, status, response])
        .await
}

/// Gives up a request that was begun and not answered: the next with the key is new.
///
/// # Errors
/// `NotFound`, `Unavailable`.
pub async fn give_up(database: &Database, tenant: &TenantId, key: &str) -> Result<()> {
    let sql = "DELETE FROM idempotency WHERE tenant = $1 AND key = $2 AND status IS NULL";
    database.affect(What::IdempotencyKey, sql, values![tenant, key]).await
}

/// Forgets what has expired, of all tenants: what the node does from time to time.
///
/// # Errors
/// `Unavailable`.
pub async fn forget_expired(database: &Database, now: i64) -> Result<u64> {
    let mut transaction = database.begin().await?;
    let gone = transaction
        .execute("DELETE FROM idempotency WHERE expires_at <= $1", values![now])
        .await?;
    transaction.commit().await?;
    Ok(gone)
}
