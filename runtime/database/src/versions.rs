//! Versions: a module published under a handler's name, numbered from 1, and what it was granted. Only grants change it.

use crate::list;
use crate::value::{Row, values};
use crate::{Cursor, Database, Error, Page, Paging, Result, TenantId, What};

/// Versions of a handler.
pub const VERSIONS_MAX: i64 = 100_000;

/// A version to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewVersion {
    /// Its module's hash.
    pub module: String,
    /// What is new, for people; at most 4,096 bytes.
    pub note: String,
    /// Imports it may use.
    pub granted: Vec<String>,
    /// Imports it has, but may not use yet: until then it serves no call.
    pub held: Vec<String>,
    /// Who published it: a key's id.
    pub created_by: String,
}

/// A version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// From 1.
    pub number: i64,
    /// What was published.
    pub content: NewVersion,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// Grows with each grant.
    pub revision: i64,
}

/// Publishes, and returns its number.
///
/// # Errors
/// `NotFound` of the handler or the module, `Limit`, `Invalid`, `Unavailable`.
pub async fn publish(database: &Database, tenant: &TenantId, handler: &str, new: &NewVersion, now: i64) -> Result<i64> {
    list::at_most("note", new.note.len(), list::NOTE_MAX)?;
    list::name("created by", &new.created_by)?;
    let (granted, held) = (list::join(&new.granted)?, list::join(&new.held)?);
    let mut transaction = database.begin().await?;
    // Holds the handler's row to the end, so numbers have no gap and no twin.
    let next = "UPDATE handlers SET last_version = last_version + 1, revision = revision + 1 \
         WHERE tenant = $1 AND name = $2 RETURNING last_version";
    let row = transaction.rows(next, values![tenant, handler]).await?.pop();
    let number = row.ok_or(Error::NotFound(What::Handler))?.int()?;
    if number > VERSIONS_MAX {
        return Err(Error::Limit("versions of a handler", VERSIONS_MAX));
    }
    let sql = "INSERT INTO versions \
         (tenant, handler, number, module, note, granted, held, created_by, created_at, revision) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1)";
    let values = values![
        tenant,
        handler,
        number,
        &new.module,
        &new.note,
        granted,
        held,
        &new.created_by,
        now
    ];
    transaction.execute(sql, values).await.map_err(|error| match error {
        Error::InUse(_) => Error::NotFound(What::Module),
        other => other,
    })?;
    transaction.commit().await?;
    Ok(number)
}

fn read(mut row: Row) -> Result<Version> {
    Ok(Version {
        number: row.int()?,
        content: NewVersion {
            module: row.text()?,
            note: row.text()?,
            granted: list::split(&row.text()?),
            held: list::split(&row.text()?),
            created_by: row.text()?,
        },
        created_at: row.int()?,
        revision: row.int()?,
    })
}

/// One version.
///
/// # Errors
/// `NotFound`, `Unavailable`.
pub async fn get(database: &Database, tenant: &TenantId, handler: &str, number: i64) -> Result<Version> {
    let sql = "SELECT number, module, note, granted, held, created_by, created_at, revision \
         FROM versions WHERE tenant = $1 AND handler = $2 AND number = $3";
    read(
        database
            .one(What::Version, sql, values![tenant, handler, number])
            .await?,
    )
}

/// The versions of a handler, the newest first.
///
/// # Errors
/// `Unavailable`.
pub async fn list(database: &Database, tenant: &TenantId, handler: &str, paging: &Paging) -> Result<Page<Version>> {
    let sql = "SELECT number, module, note, granted, held, created_by, created_at, revision FROM versions \
         WHERE tenant = $1 AND handler = $2 AND number < $3 ORDER BY number DESC LIMIT $4";
    let values = vec![tenant.into(), handler.into(), paging.before_number(), paging.fetched()];
    let versions = database
        .rows(sql, values)
        .await?
        .into_iter()
        .map(read)
        .collect::<Result<_>>()?;
    Ok(paging.page(versions, |version: &Version| Cursor::at(version.number, "")))
}

/// Grants all that is held.
///
/// # Errors
/// `NotFound`, `Conflict`, `Unavailable`.
pub async fn grant(database: &Database, tenant: &TenantId, handler: &str, number: i64, from: i64) -> Result<i64> {
    let sql = "UPDATE versions SET held = '', revision = revision + 1, granted = \
         CASE WHEN held = '' THEN granted WHEN granted = '' THEN held ELSE granted || $5 || held END \
         WHERE tenant = $1 AND handler = $2 AND number = $3 AND revision = $4 RETURNING revision";
    let lookup = "SELECT revision FROM versions WHERE tenant = $1 AND handler = $2 AND number = $3";
    let change = (sql, values![tenant, handler, number, from, "\n"]);
    database.compare_and_set(What::Version, change, (lookup, 3)).await
}
