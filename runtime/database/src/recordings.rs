//! What is known of recordings, and where their sound is. The sound itself is elsewhere.

use crate::list;
use crate::value::{Row, Value, values};
use crate::{Cursor, Database, Error, Page, Paging, Result, TenantId, What};

/// A recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// Unique in the tenant.
    pub id: String,
    /// What was recorded.
    pub call: String,
    /// Where the sound is: a file or an object's name.
    pub place: String,
    /// Its media type.
    pub format: String,
    /// Milliseconds since 1970.
    pub started_at: i64,
    /// Milliseconds.
    pub length_ms: i64,
    /// Bytes.
    pub size: i64,
}

pub(crate) const PUT: &str = "INSERT INTO recordings (tenant, id, call, place, format, started_at, length_ms, size) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";

pub(crate) fn check(recording: &Recording) -> Result<()> {
    list::name("recording", &recording.id)?;
    list::name("format", &recording.format)?;
    list::at_most("place", recording.place.len(), list::NOTE_MAX)
}

pub(crate) fn values(tenant: &TenantId, recording: &Recording) -> Vec<Value> {
    values![
        tenant,
        &recording.id,
        &recording.call,
        &recording.place,
        &recording.format,
        recording.started_at,
        recording.length_ms,
        recording.size
    ]
}

/// Adds one that is complete; [`crate::calls::write`] does so together with its call. How many there are is bounded by the calls, and by the tenant's quota of storage.
///
/// # Errors
/// `NotFound` of the call, `Exists`, `Limit`, `Invalid`, `Unavailable`.
pub async fn create(database: &Database, tenant: &TenantId, recording: &Recording) -> Result<()> {
    check(recording)?;
    let mut transaction = database.begin().await?;
    let added = transaction
        .execute(PUT, values(tenant, recording))
        .await
        .map_err(|error| match error {
            Error::InUse(_) => Error::NotFound(What::Call),
            other => other,
        })?;
    if added == 0 {
        return Err(Error::Exists(What::Recording));
    }
    transaction.commit().await
}

fn read(mut row: Row) -> Result<Recording> {
    Ok(Recording {
        id: row.text()?,
        call: row.text()?,
        place: row.text()?,
        format: row.text()?,
        started_at: row.int()?,
        length_ms: row.int()?,
        size: row.int()?,
    })
}

/// One recording.
///
/// # Errors
/// `NotFound`, `Unavailable`.
pub async fn get(database: &Database, tenant: &TenantId, id: &str) -> Result<Recording> {
    let sql =
        "SELECT id, call, place, format, started_at, length_ms, size FROM recordings WHERE tenant = $1 AND id = $2";
    read(database.one(What::Recording, sql, values![tenant, id]).await?)
}

/// The recordings of a tenant, the newest first, perhaps of one call only.
///
/// # Errors
/// `Unavailable`.
pub async fn list(
    database: &Database,
    tenant: &TenantId,
    call: Option<&str>,
    paging: &Paging,
) -> Result<Page<Recording>> {
    let sql = "SELECT id, call, place, format, started_at, length_ms, size FROM recordings WHERE tenant = $1 \
         AND (started_at < $2 OR (started_at = $2 AND id < $3)) AND ($5 IS NULL OR call = $5) \
         ORDER BY started_at DESC, id DESC LIMIT $4";
    let place = [paging.before_number(), paging.after_name(), paging.fetched()];
    let values = values![tenant].into_iter().chain(place).chain(values![call]).collect();
    let recordings = database
        .rows(sql, values)
        .await?
        .into_iter()
        .map(read)
        .collect::<Result<_>>()?;
    Ok(paging.page(recordings, |one: &Recording| Cursor::at(one.started_at, &one.id)))
}

/// Bytes of all recordings of a tenant.
///
/// # Errors
/// `Unavailable`.
pub async fn bytes(database: &Database, tenant: &TenantId) -> Result<i64> {
    let sql = "SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM recordings WHERE tenant = $1";
    database.one(What::Tenant, sql, values![tenant]).await?.int()
}

/// Forgets a recording; its size in bytes. Its sound is removed by whoever calls this, before. Of several that do so at the same time
/// one is told its size.
///
/// # Errors
/// `NotFound`, `Unavailable`.
pub async fn delete(database: &Database, tenant: &TenantId, id: &str) -> Result<i64> {
    let mut transaction = database.begin().await?;
    let sql = "DELETE FROM recordings WHERE tenant = $1 AND id = $2 RETURNING size";
    let gone = transaction.rows(sql, values![tenant, id]).await?.pop();
    let size = gone.ok_or(Error::NotFound(What::Recording))?.int()?;
    transaction.commit().await?;
    Ok(size)
}
