//! Numbers that a tenant proves to be its own, to show them when it calls (TS-23), and which number it shows where nothing is
//! said. Not here: the call that asks for the code, and what the configuration names.

use crate::engine::Kind;
use crate::list;
use crate::value::{Row, values};
use crate::{Cursor, Database, Error, Page, Paging, Result, TenantId, What};

/// Caller ids of a tenant.
pub const CALLER_IDS_MAX: i64 = 10_000;
/// Codes that may be tried for a caller id; afterwards it must be asked for anew.
pub const TRIES_MAX: i64 = 5;
/// How long an asking counts, in milliseconds: an hour.
pub const ASKINGS_MS: i64 = 3_600_000;
/// Askings of a tenant within that time: each rings somebody's phone.
pub const ASKINGS_OF_TENANT_MAX: i64 = 30;
/// Askings for a number within that time, of all tenants together.
pub const ASKINGS_OF_NUMBER_MAX: i64 = 5;
/// What [`Error::Limit`] is of when a tenant has asked too often.
pub const TENANT_ASKINGS: &str = "caller ids asked for in an hour";
/// What it is of when a number was asked for too often.
pub const NUMBER_ASKINGS: &str = "proofs of this number asked for in an hour";

/// A number to call from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerId {
    /// As it is shown.
    pub number: String,
    /// When it was proved, milliseconds since 1970.
    pub verified_at: Option<i64>,
    /// When it was asked for.
    pub created_at: i64,
    /// Until when its code counts.
    pub expires_at: i64,
    /// Codes that were tried.
    pub tries: i64,
    /// The call that asks for the code.
    pub call: Option<String>,
}

/// Where a caller id stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Its code is waited for.
    Pending,
    /// It was proved, and may be shown.
    Verified,
    /// Its code does not count any more; it can be asked for anew.
    Failed,
}

impl CallerId {
    /// Where it stands at a time.
    pub fn state(&self, now: i64) -> State {
        match self.verified_at {
            Some(_) => State::Verified,
            None if self.tries < TRIES_MAX && now < self.expires_at => State::Pending,
            None => State::Failed,
        }
    }
}

/// A proof that begins.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// As it is to be shown.
    pub number: &'a str,
    /// A hash of the code that the tenant is told.
    pub code_hash: &'a [u8; 32],
    /// The call that asks for it.
    pub call: &'a str,
    /// Until when it counts, milliseconds since 1970.
    pub expires_at: i64,
}

/// What a code comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// The number may be shown from now on.
    Right,
    /// It is another; another try is possible.
    Wrong,
    /// It is another, and was the last try; or it came too late.
    Over,
}

const CALLER_ID: Kind = Kind {
    what: What::CallerId,
    parent: What::Tenant,
    count: "SELECT COUNT(*) FROM caller_ids WHERE tenant = $1",
    most: CALLER_IDS_MAX,
};

/// Starts the proof of a caller id. Asked for again before it is proved, the new code counts, and only the new call can give it.
///
/// # Errors
/// `NotFound` of the tenant, `Exists` once it is proved, `Limit` ([`TENANT_ASKINGS`] and [`NUMBER_ASKINGS`] among others),
/// `Invalid`, `Unavailable`.
pub async fn ask(database: &Database, tenant: &TenantId, asking: Asking<'_>, now: i64) -> Result<()> {
    list::name("number", asking.number)?;
    list::name("call", asking.call)?;
    let number = asking.number;
    let mut transaction = database.begin().await?;
    let old = "DELETE FROM caller_id_askings WHERE at <= $1";
    transaction.execute(old, values![now - ASKINGS_MS]).await?;
    let counted = [
        (
            "SELECT COUNT(*) FROM caller_id_askings WHERE tenant = $1",
            values![tenant],
        ),
        (
            "SELECT COUNT(*) FROM caller_id_askings WHERE number = $1",
            values![number],
        ),
    ];
    let limits = [
        (TENANT_ASKINGS, ASKINGS_OF_TENANT_MAX),
        (NUMBER_ASKINGS, ASKINGS_OF_NUMBER_MAX),
    ];
    for ((sql, values), (what, most)) in counted.into_iter().zip(limits) {
        let count = transaction.rows(sql, values).await?.pop();
        if count.ok_or(Error::Damaged("a count"))?.int()? >= most {
            return Err(Error::Limit(what, most));
        }
    }
    let asked = "INSERT INTO caller_id_askings (tenant, number, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    let new = transaction.execute(asked, values![tenant, number, now]).await;
    let new = new.map_err(|error| match error {
        Error::InUse(_) => Error::NotFound(What::Tenant),
        other => other,
    })?;
    if new == 0 {
        // Twice in the same millisecond.
        return Err(Error::Limit(NUMBER_ASKINGS, ASKINGS_OF_NUMBER_MAX));
    }
    let again = "DELETE FROM caller_ids WHERE tenant = $1 AND number = $2 AND verified_at IS NULL";
    transaction.execute(again, values![tenant, number]).await?;
    let sql = "INSERT INTO caller_ids (tenant, number, code_hash, tries, expires_at, created_at, call) \
         VALUES ($1, $2, $3, 0, $4, $5, $6) ON CONFLICT DO NOTHING";
    let hash = &asking.code_hash[..];
    let values = values![tenant, number, hash, asking.expires_at, now, asking.call];
    transaction.insert(&CALLER_ID, sql, values).await?;
    transaction.commit().await
}

/// Tries the code that somebody gave in the call that asks for it.
///
/// # Errors
/// `NotFound` if no caller id is asked for by this call, `Unavailable`.
pub async fn prove(
    database: &Database,
    tenant: &TenantId,
    (call, code_hash): (&str, &[u8; 32]),
    now: i64,
) -> Result<Proof> {
    let mut transaction = database.begin().await?;
    let attempt = "UPDATE caller_ids SET tries = tries + 1 WHERE tenant = $1 AND call = $2 \
         AND verified_at IS NULL AND tries < $3 AND expires_at > $4 RETURNING tries, code_hash";
    let values = values![tenant, call, TRIES_MAX, now];
    let Some(mut tried) = transaction.rows(attempt, values).await?.pop() else {
        let sql = "SELECT number FROM caller_ids WHERE tenant = $1 AND call = $2";
        database.one(What::CallerId, sql, values![tenant, call]).await?;
        return Ok(Proof::Over);
    };
    let (tries, hash) = (tried.int()?, tried.blob()?);
    let right = is_same(&hash, code_hash);
    if right {
        let sql = "UPDATE caller_ids SET verified_at = $3 WHERE tenant = $1 AND call = $2";
        transaction.execute(sql, values![tenant, call, now]).await?;
    }
    // A wrong try is kept too.
    transaction.commit().await?;
    Ok(match right {
        true => Proof::Right,
        false if tries < TRIES_MAX => Proof::Wrong,
        false => Proof::Over,
    })
}

/// Compares in a time that does not depend on where they differ.
fn is_same(one: &[u8], other: &[u8; 32]) -> bool {
    let differences = one.iter().zip(other).fold(0, |all, (one, other)| all | (one ^ other));
    one.len() == other.len() && std::hint::black_box(differences) == 0
}

/// The call that asks for a code is over: it does not count any more.
///
/// # Errors
/// `Unavailable`.
pub async fn over(database: &Database, tenant: &TenantId, call: &str, now: i64) -> Result<()> {
    let sql = "UPDATE caller_ids SET expires_at = $3 \
         WHERE tenant = $1 AND call = $2 AND verified_at IS NULL AND expires_at > $3";
    let mut transaction = database.begin().await?;
    transaction.execute(sql, values![tenant, call, now]).await?;
    transaction.commit().await
}

/// One caller id.
///
/// # Errors
/// `NotFound`, `Unavailable`.
pub async fn get(database: &Database, tenant: &TenantId, number: &str) -> Result<CallerId> {
    let sql = "SELECT number, verified_at, created_at, expires_at, tries, call FROM caller_ids \
         WHERE tenant = $1 AND number = $2";
    read(database.one(What::CallerId, sql, values![tenant, number]).await?)
}

/// The caller ids of a tenant in order.
///
/// # Errors
/// `Unavailable`.
pub async fn list(database: &Database, tenant: &TenantId, paging: &Paging) -> Result<Page<CallerId>> {
    let sql = "SELECT number, verified_at, created_at, expires_at, tries, call FROM caller_ids \
         WHERE tenant = $1 AND number > $2 ORDER BY number LIMIT $3";
    let values = vec![tenant.into(), paging.after_name(), paging.fetched()];
    let rows = database.rows(sql, values).await?;
    let ids = rows.into_iter().map(read).collect::<Result<_>>()?;
    Ok(paging.page(ids, |one: &CallerId| Cursor::at(0, &one.number)))
}

fn read(mut row: Row) -> Result<CallerId> {
    Ok(CallerId {
        number: row.text()?,
        verified_at: row.int_or_none()?,
        created_at: row.int()?,
        expires_at: row.int()?,
        tries: row.int()?,
        call: row.text_or_none()?,
    })
}

/// Forgets a caller id; it is not shown by default any more.
///
/// # Errors
/// `NotFound`, `Unavailable`.
pub async fn delete(database: &Database, tenant: &TenantId, number: &str) -> Result<()> {
    let sql = "DELETE FROM caller_ids WHERE tenant = $1 AND number = $2";
    forget(database, (What::CallerId, sql), (tenant, number)).await
}

/// Removes the row of a number by `sql`, and the number as the one that is shown by default.
pub(crate) async fn forget(
    database: &Database,
    (what, sql): (What, &'static str),
    (tenant, number): (&TenantId, &str),
) -> Result<()> {
    let mut transaction = database.begin().await?;
    if transaction.execute(sql, values![tenant, number]).await? == 0 {
        return Err(Error::NotFound(what));
    }
    let sql = "UPDATE tenants SET caller_id = NULL WHERE id = $1 AND caller_id = $2";
    transaction.execute(sql, values![tenant, number]).await?;
    transaction.commit().await
}

/// The number that a tenant shows where nothing is said, if it has chosen one.
///
/// # Errors
/// `NotFound` of the tenant, `Unavailable`.
pub async fn default(database: &Database, tenant: &TenantId) -> Result<Option<String>> {
    let sql = "SELECT caller_id FROM tenants WHERE id = $1";
    database.one(What::Tenant, sql, values![tenant]).await?.text_or_none()
}

/// Chooses it; none: what the configuration says. Whether the tenant may show it is for the caller to know.
///
/// # Errors
/// `NotFound` of the tenant, `Invalid`, `Unavailable`.
pub async fn set_default(database: &Database, tenant: &TenantId, number: Option<&str>) -> Result<()> {
    if let Some(number) = number {
        list::name("number", number)?;
    }
    let sql = "UPDATE tenants SET caller_id = $2 WHERE id = $1";
    database.affect(What::Tenant, sql, values![tenant, number]).await
}
