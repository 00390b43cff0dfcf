//! Who changed what: entries are added, and neither changed nor removed. Not here: deciding what is worth an entry.

use crate::list;
use crate::value::{Row, values};
use crate::{Cursor, Database, Error, Page, Paging, Result, TenantId, What};

/// A change to note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntry {
    /// Milliseconds since 1970.
    pub at: i64,
    /// Who: a key's id.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub object: String,
    /// More, at most 4,096 bytes; no secrets.
    pub detail: String,
}

/// A change that was noted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number in the tenant, from 1 without a gap.
    pub sequence: i64,
    /// What was noted.
    pub content: NewEntry,
}

/// Notes a change, and returns its number.
///
/// # Errors
/// `NotFound` of the tenant, `Limit`, `Invalid`, `Unavailable`.
pub async fn append(database: &Database, tenant: &TenantId, entry: &NewEntry) -> Result<i64> {
    list::name("actor", &entry.actor)?;
    list::name("action", &entry.action)?;
    list::at_most("object", entry.object.len(), list::NOTE_MAX)?;
    list::at_most("detail", entry.detail.len(), list::NOTE_MAX)?;
    let mut transaction = database.begin().await?;
    // Changes nothing, but holds the tenant's row: two entries never take one number.
    let hold = "UPDATE tenants SET revision = revision WHERE id = $1";
    if transaction.execute(hold, values![tenant]).await? == 0 {
        return Err(Error::NotFound(What::Tenant));
    }
    let sql = "INSERT INTO audit (tenant, sequence, at, actor, action, object, detail) VALUES \
         ($1, (SELECT COALESCE(MAX(sequence), 0) + 1 FROM audit WHERE tenant = $1), $2, $3, $4, $5, $6) \
         RETURNING sequence";
    let values = values![
        tenant,
        entry.at,
        &entry.actor,
        &entry.action,
        &entry.object,
        &entry.detail
    ];
    let row = transaction.rows(sql, values).await?.pop();
    let sequence = row.ok_or(Error::Damaged("the audit log"))?.int()?;
    transaction.commit().await?;
    Ok(sequence)
}

/// The changes of a tenant, the newest first.
///
/// # Errors
/// `Unavailable`.
pub async fn list(database: &Database, tenant: &TenantId, paging: &Paging) -> Result<Page<Entry>> {
    let sql = "SELECT sequence, at, actor, action, object, detail FROM audit \
         WHERE tenant = $1 AND sequence < $2 ORDER BY sequence DESC LIMIT $3";
    let read = |mut row: Row| -> Result<Entry> {
        Ok(Entry {
            sequence: row.int()?,
            content: NewEntry {
                at: row.int()?,
                actor: row.text()?,
                action: row.text()?,
                object: row.text()?,
                detail: row.text()?,
            },
        })
    };
    let rows = database
        .rows(sql, vec![tenant.into(), paging.before_number(), paging.fetched()])
        .await?;
    let entries = rows.into_iter().map(read).collect::<Result<_>>()?;
    Ok(paging.page(entries, |entry: &Entry| Cursor::at(entry.sequence, "")))
}
