//! Accounts and sub-accounts. The two functions without a tenant, [`create`] and [`all`], are the operator's. Not here: what
//! a suspended tenant may still do.

use crate::engine::Kind;
use crate::list;
use crate::value::{Row, values};
use crate::{Cursor, Database, Page, Paging, Result, TenantId, What};

/// Tenants of a database, sub-accounts included.
pub const TENANTS_MAX: i64 = 100_000;
/// Sub-accounts of a tenant.
pub const CHILDREN_MAX: i64 = 10_000;

words! {
    /// What a tenant may do.
    TenantState {
        /// All.
        Active = "active",
        /// Nothing for now.
        Suspended = "suspended",
        /// Nothing again.
        Closed = "closed",
    }
}

/// An account, or a sub-account if it has a parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its name in every table.
    pub id: TenantId,
    /// Whose sub-account it is.
    pub parent: Option<TenantId>,
    /// For people; at most 255 bytes.
    pub name: String,
    /// What it may do.
    pub state: TenantState,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// Grows with each change.
    pub revision: i64,
}

const ROOT: Kind = Kind {
    what: What::Tenant,
    parent: What::Tenant,
    count: "SELECT COUNT(*) FROM tenants WHERE $1 = $1",
    most: TENANTS_MAX,
};
const INSERT: &str = "INSERT INTO tenants (id, parent, name, state, created_at, revision) \
     VALUES ($1, $2, $3, 'active', $4, 1) ON CONFLICT DO NOTHING";

/// An account of its own.
///
/// # Errors
/// `Exists`, `Limit`, `Invalid`, `Unavailable`.
pub async fn create(database: &Database, id: &TenantId, name: &str, now: i64) -> Result<()> {
    list::name("name", name)?;
    database
        .insert(&ROOT, INSERT, values![id, None::<&str>, name, now])
        .await
}

/// A sub-account of a tenant, which must not be one itself.
///
/// # Errors
/// `NotFound` if the parent is not an account, `Exists`, `Limit`, `Invalid`, `Unavailable`.
pub async fn create_child(database: &Database, parent: &TenantId, id: &TenantId, name: &str, now: i64) -> Result<()> {
    list::name("name", name)?;
    let mut transaction = database.begin().await?;
    let account =
        "SELECT (SELECT COUNT(*) FROM tenants WHERE parent = $1) FROM tenants WHERE id = $1 AND parent IS NULL";
    let found = transaction.rows(account, values![parent]).await?.pop();
    if found.ok_or(crate::Error::NotFound(What::Tenant))?.int()? >= CHILDREN_MAX {
        return Err(crate::Error::Limit("sub-accounts", CHILDREN_MAX));
    }
    transaction
        .insert(&ROOT, INSERT, values![id, parent.as_str(), name, now])
        .await?;
    transaction.commit().await
}

fn tenant(mut row: Row) -> Result<Tenant> {
    Ok(Tenant {
        id: TenantId::new(&row.text()?)?,
        parent: row.text_or_none()?.map(|id| TenantId::new(&id)).transpose()?,
        name: row.text()?,
        state: row.word(TenantState::parse)?,
        created_at: row.int()?,
        revision: row.int()?,
    })
}

/// The tenant itself.
///
/// # Errors
/// `NotFound`, `Unavailable`.
pub async fn get(database: &Database, id: &TenantId) -> Result<Tenant> {
    let sql = "SELECT id, parent, name, state, created_at, revision FROM tenants WHERE id = $1";
    tenant(database.one(What::Tenant, sql, values![id]).await?)
}

/// A sub-account of a tenant.
///
/// # Errors
/// `NotFound`, `Unavailable`.
pub async fn child(database: &Database, parent: &TenantId, id: &TenantId) -> Result<Tenant> {
    let sql = "SELECT id, parent, name, state, created_at, revision FROM tenants WHERE parent = $1 AND id = $2";
    tenant(database.one(What::Tenant, sql, values![parent, id]).await?)
}

/// The sub-accounts of a tenant by name.
///
/// # Errors
/// `Unavailable`.
pub async fn children(database: &Database, parent: &TenantId, paging: &Paging) -> Result<Page<Tenant>> {
    let sql = "SELECT id, parent, name, state, created_at, revision FROM tenants \
         WHERE parent = $1 AND id > $2 ORDER BY id LIMIT $3";
    let values = values![parent]
        .into_iter()
        .chain([paging.after_name(), paging.fetched()]);
    page(database.rows(sql, values.collect()).await?, paging)
}

/// All tenants by name, for the operator.
///
/// # Errors
/// `Unavailable`.
pub async fn all(database: &Database, paging: &Paging) -> Result<Page<Tenant>> {
    let sql = "SELECT id, parent, name, state, created_at, revision FROM tenants WHERE id > $1 ORDER BY id LIMIT $2";
    page(
        database.rows(sql, vec![paging.after_name(), paging.fetched()]).await?,
        paging,
    )
}

fn page(rows: Vec<Row>, paging: &Paging) -> Result<Page<Tenant>> {
    let tenants = rows.into_iter().map(tenant).collect::<Result<_>>()?;
    Ok(paging.page(tenants, |tenant: &Tenant| Cursor::at(0, tenant.id.as_str())))
}

/// Another name and state, from a revision to the next, which it returns.
///
/// # Errors
/// `NotFound`, `Conflict`, `Invalid`, `Unavailable`.
pub async fn update(database: &Database, id: &TenantId, from: i64, name: &str, state: TenantState) -> Result<i64> {
    list::name("name", name)?;
    let sql = "UPDATE tenants SET name = $2, state = $3, revision = revision + 1 \
         WHERE id = $1 AND revision = $4 RETURNING revision";
    let lookup = "SELECT revision FROM tenants WHERE id = $1";
    let change = (sql, values![id, name, state.as_str(), from]);
    database.compare_and_set(What::Tenant, change, (lookup, 1)).await
}
