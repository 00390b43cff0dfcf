//! API keys: who asks, and for what. Only the SHA-256 of a key's secret is stored; the secret is random and long, so a plain
//! hash is enough. Not here: making secrets, the header they come in.

use crate::engine::Kind;
use crate::list;
use crate::value::{Row, values};
use crate::{Cursor, Database, Error, Page, Paging, Result, TenantId, What};

/// Keys of a tenant, revoked ones included.
pub const KEYS_MAX: i64 = 1_000;
const DAY_MS: i64 = 86_400_000;

words! {
    /// What a key is good for.
    Scope {
        /// Seeing.
        Read = "read",
        /// Changing.
        Write = "write",
        /// Keys, sub-accounts, what costs money.
        Admin = "admin",
        /// Making access tokens for clients.
        Clients = "clients",
    }
}

/// A key to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKey {
    /// Its public name, unique in the tenant.
    pub id: String,
    /// SHA-256 of its secret.
    pub hash: [u8; 32],
    /// For people; at most 255 bytes.
    pub name: String,
    /// At least one.
    pub scopes: Vec<Scope>,
    /// From when on it counts for nothing, milliseconds since 1970.
    pub expires_at: Option<i64>,
    /// What the signatures of its access tokens are checked with.
    pub token_key: Option<[u8; 32]>,
}

/// What there is to know of the key that is said to have signed a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// Whose it is.
    pub tenant: TenantId,
    /// What it is good for.
    pub scopes: Vec<Scope>,
    /// What its signatures are checked with; none if it was made before there were tokens.
    pub token_key: Option<[u8; 32]>,
    /// Milliseconds since 1970.
    pub expires_at: Option<i64>,
    /// Whether it was revoked, or its tenant or that one's parent is not active.
    pub is_revoked: bool,
}

/// A key as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its public name.
    pub id: String,
    /// For people.
    pub name: String,
    /// What it is good for.
    pub scopes: Vec<Scope>,
    /// Milliseconds since 1970, as the two below.
    pub expires_at: Option<i64>,
    /// The day it was last used, in days since 1970.
    pub used_day: Option<i64>,
    /// When it was revoked.
    pub revoked_at: Option<i64>,
    /// When it was made.
    pub created_at: i64,
    /// Grows with each change; use is none.
    pub revision: i64,
}

const KIND: Kind = Kind {
    what: What::Key,
    parent: What::Tenant,
    count: "SELECT COUNT(*) FROM keys WHERE tenant = $1",
    most: KEYS_MAX,
};

/// Adds a key.
///
/// # Errors
/// `NotFound` of the tenant, `Exists`, `Limit`, `Invalid`, `Unavailable`.
pub async fn create(database: &Database, tenant: &TenantId, key: &NewKey, now: i64) -> Result<()> {
    list::name("key", &key.id)?;
    list::name("name", &key.name)?;
    if key.scopes.is_empty() {
        return Err(Error::Invalid(
            "scopes",
            "at least one of read, write, admin and clients",
        ));
    }
    let scopes: Vec<_> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    let sql = "INSERT INTO keys (tenant, id, hash, name, scopes, expires_at, created_at, token_key, revision) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1) ON CONFLICT DO NOTHING";
    let values = values![
        tenant,
        &key.id,
        &key.hash[..],
        &key.name,
        scopes.join("\n"),
        key.expires_at,
        now,
        key.token_key.as_ref().map(|key| &key[..])
    ];
    database.insert(&KIND, sql, values).await
}

/// Whose key this is, if it counts now: neither revoked nor expired, of an active tenant whose parent is active too. Notes
/// the day.
///
/// # Errors
/// `NotFound` whatever is wrong with it, `Unavailable`.
pub async fn authenticate(database: &Database, hash: &[u8; 32], now: i64) -> Result<(TenantId, Key)> {
    let sql = "SELECT k.tenant, k.id, k.name, k.scopes, k.expires_at, k.used_day, k.revoked_at, k.created_at, k.revision \
         FROM keys k JOIN tenants t ON t.id = k.tenant LEFT JOIN tenants p ON p.id = t.parent \
         WHERE k.hash = $1 AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $2) \
         AND t.state = 'active' AND (p.id IS NULL OR p.state = 'active')";
    let mut row = database.one(What::Key, sql, values![&hash[..], now]).await?;
    let tenant = TenantId::new(&row.text()?)?;
    let key = read(row)?;
    let today = now.div_euclid(DAY_MS);
    if key.used_day != Some(today) {
        let mut transaction = database.begin().await?;
        let sql = "UPDATE keys SET used_day = $3 WHERE tenant = $1 AND id = $2";
        transaction.execute(sql, values![&tenant, &key.id, today]).await?;
        transaction.commit().await?;
    }
    Ok((tenant, key))
}

/// The key of this name, whether it counts or not; where several tenants have one, that of the tenant which is said to be its own.
///
/// # Errors
/// `NotFound`, `Unavailable`.
pub async fn signer(database: &Database, id: &str, tenant: &str) -> Result<Signer> {
    let sql = "SELECT k.tenant, k.scopes, k.token_key, k.expires_at, \
         CAST(CASE WHEN k.revoked_at IS NULL AND t.state = 'active' AND (p.id IS NULL OR p.state = 'active') \
         THEN 0 ELSE 1 END AS BIGINT) \
         FROM keys k JOIN tenants t ON t.id = k.tenant LEFT JOIN tenants p ON p.id = t.parent \
         WHERE k.id = $1 ORDER BY CASE WHEN k.tenant = $2 THEN 0 ELSE 1 END, k.tenant LIMIT 1";
    let mut row = database.one(What::Key, sql, values![id, tenant]).await?;
    let damaged = |_| Error::Damaged("the database");
    Ok(Signer {
        tenant: TenantId::new(&row.text()?)?,
        scopes: row.word(|words| words.lines().map(Scope::parse).collect::<Option<Vec<_>>>())?,
        token_key: row
            .blob_or_none()?
            .map(<[u8; 32]>::try_from)
            .transpose()
            .map_err(damaged)?,
        expires_at: row.int_or_none()?,
        is_revoked: row.int()? != 0,
    })
}

fn read(mut row: Row) -> Result<Key> {
    Ok(Key {
        id: row.text()?,
        name: row.text()?,
        scopes: row.word(|words| words.lines().map(Scope::parse).collect::<Option<Vec<_>>>())?,
        expires_at: row.int_or_none()?,
        used_day: row.int_or_none()?,
        revoked_at: row.int_or_none()?,
        created_at: row.int()?,
        revision: row.int()?,
    })
}

/// One key.
///
/// # Errors
/// `NotFound`, `Unavailable`.
pub async fn get(database: &Database, tenant: &TenantId, id: &str) -> Result<Key> {
    let sql = "SELECT id, name, scopes, expires_at, used_day, revoked_at, created_at, revision \
         FROM keys WHERE tenant = $1 AND id = $2";
    read(database.one(What::Key, sql, values![tenant, id]).await?)
}

/// The keys of a tenant by id.
///
/// # Errors
/// `Unavailable`.
pub async fn list(database: &Database, tenant: &TenantId, paging: &Paging) -> Result<Page<Key>> {
    let sql = "SELECT id, name, scopes, expires_at, used_day, revoked_at, created_at, revision \
         FROM keys WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3";
    let rows = database
        .rows(sql, vec![tenant.into(), paging.after_name(), paging.fetched()])
        .await?;
    let keys = rows.into_iter().map(read).collect::<Result<_>>()?;
    Ok(paging.page(keys, |key: &Key| Cursor::at(0, &key.id)))
}

/// Makes a key count for nothing, for good.
///
/// # Errors
/// `NotFound`, `Conflict`, `Unavailable`.
pub async fn revoke(database: &Database, tenant: &TenantId, id: &str, from: i64, now: i64) -> Result<i64> {
    let sql = "UPDATE keys SET revoked_at = COALESCE(revoked_at, $3), revision = revision + 1 \
         WHERE tenant = $1 AND id = $2 AND revision = $4 RETURNING revision";
    let lookup = "SELECT revision FROM keys WHERE tenant = $1 AND id = $2";
    let change = (sql, values![tenant, id, now, from]);
    database.compare_and_set(What::Key, change, (lookup, 2)).await
}
