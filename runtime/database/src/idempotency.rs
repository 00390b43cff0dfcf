//! Requests that are sent again are answered again, not done again: a key, what was asked with it, and what was answered. Not
//! here: the header, or which requests may have one.

use crate::engine::{Kind, Transaction};
use crate::list;
use crate::value::values;
use crate::{Database, Error, Result, TenantId, What};

/// Keys of a tenant that are kept at once.
pub const IDEMPOTENCY_KEYS_MAX: i64 = 100_000;
/// Of these, so many make room when one more comes: the oldest.
const MAKE_ROOM: i64 = 1_000;
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
/// counts for nothing: `expires_at` is when a request that was begun and never answered, because its node died say, may be done
/// anew. Where a tenant has [`IDEMPOTENCY_KEYS_MAX`], those that expire first make room.
///
/// # Errors
/// `NotFound` of the tenant, `Invalid`, `Unavailable`.
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
    // First: one that is known makes no room for itself.
    if let Some(found) = known(&mut transaction, tenant, (key, request)).await? {
        return Ok(found);
    }
    let sql = "INSERT INTO idempotency (tenant, key, request, expires_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT DO NOTHING";
    let new = || values![tenant, key, &request[..], expires_at];
    let mut begun = transaction.insert(&KIND, sql, new()).await;
    if matches!(begun, Err(Error::Limit(..))) {
        make_room(&mut transaction, tenant).await?;
        begun = transaction.insert(&KIND, sql, new()).await;
    }
    match begun {
        Ok(()) => {
            transaction.commit().await?;
            Ok(Begun::New)
        }
        // Somebody else began it meanwhile.
        Err(Error::Exists(what)) => {
            let found = known(&mut transaction, tenant, (key, request)).await?;
            found.ok_or(Error::NotFound(what))
        }
        Err(other) => Err(other),
    }
}

async fn known(
    transaction: &mut Transaction,
    tenant: &TenantId,
    (key, request): (&str, &[u8; 32]),
) -> Result<Option<Begun>> {
    let sql = "SELECT request, status, COALESCE(response, $3) FROM idempotency WHERE tenant = $1 AND key = $2";
    let found = transaction.rows(sql, values![tenant, key, &b""[..]]).await?.pop();
    let Some(mut row) = found else { return Ok(None) };
    if row.blob()? != request {
        return Ok(Some(Begun::Other));
    }
    Ok(Some(match row.int_or_none()? {
        Some(status) => Begun::Done(status, row.blob()?),
        None => Begun::Running,
    }))
}

async fn make_room(transaction: &mut Transaction, tenant: &TenantId) -> Result<()> {
    let sql = "DELETE FROM idempotency WHERE tenant = $1 AND key IN \
         (SELECT key FROM idempotency WHERE tenant = $1 ORDER BY expires_at LIMIT $2)";
    transaction.execute(sql, values![tenant, MAKE_ROOM]).await?;
    Ok(())
}

/// Keeps the answer, its status and its body, until a time.
///
/// # Errors
/// `NotFound` if it was not begun or is answered already, `Limit`, `Unavailable`.
pub async fn finish(
    database: &Database,
    tenant: &TenantId,
    key: &str,
    (status, response): (i64, &[u8]),
    expires_at: i64,
) -> Result<()> {
    list::at_most("bytes of an answer", response.len(), RESPONSE_MAX)?;
    let sql = "UPDATE idempotency SET status = $3, response = $4, expires_at = $5 \
         WHERE tenant = $1 AND key = $2 AND status IS NULL";
    database
        .affect(
            What::IdempotencyKey,
            sql,
            values![tenant, key, status, response, expires_at],
        )
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
