//! Uploaded modules by their SHA-256, and what they import. Not here: what a module is, or whether it is a good one.

use crate::engine::Kind;
use crate::list;
use crate::value::{Row, values};
use crate::{Cursor, Database, Error, Page, Paging, Result, TenantId, What};

/// Modules of a tenant.
pub const MODULES_MAX: i64 = 10_000;
/// Bytes of a module.
pub const MODULE_BYTES_MAX: usize = 64 << 20;

/// A module, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// SHA-256 of its bytes, in hexadecimal digits.
    pub hash: String,
    /// The world it was built for.
    pub kind: String,
    /// The interfaces it imports.
    pub imports: Vec<String>,
    /// Bytes.
    pub size: i64,
    /// Milliseconds since 1970.
    pub created_at: i64,
}

const KIND: Kind = Kind {
    what: What::Module,
    parent: What::Tenant,
    count: "SELECT COUNT(*) FROM modules WHERE tenant = $1",
    most: MODULES_MAX,
};

/// Keeps a module. The same bytes again change nothing: its hash is its name. `size` is taken from the bytes.
///
/// # Errors
/// `NotFound` of the tenant, `Limit`, `Invalid`, `Unavailable`.
pub async fn put(database: &Database, tenant: &TenantId, module: &Module, bytes: &[u8]) -> Result<()> {
    list::at_most("bytes of a module", bytes.len(), MODULE_BYTES_MAX)?;
    list::name("kind", &module.kind)?;
    if module.hash.len() != 64 || !module.hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Error::Invalid("hash", "64 hexadecimal digits"));
    }
    let size = bytes.len() as i64;
    let sql = "INSERT INTO modules (tenant, hash, kind, imports, size, bytes, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
    let imports = list::join(&module.imports)?;
    let values = values![
        tenant,
        &module.hash,
        &module.kind,
        imports,
        size,
        bytes,
        module.created_at
    ];
    match database.insert(&KIND, sql, values).await {
        Err(Error::Exists(_)) => Ok(()),
        other => other,
    }
}

fn read(mut row: Row) -> Result<Module> {
    Ok(Module {
        hash: row.text()?,
        kind: row.text()?,
        imports: list::split(&row.text()?),
        size: row.int()?,
        created_at: row.int()?,
    })
}

/// What is known of a module.
///
/// # Errors
/// `NotFound`, `Unavailable`.
pub async fn get(database: &Database, tenant: &TenantId, hash: &str) -> Result<Module> {
    let sql = "SELECT hash, kind, imports, size, created_at FROM modules WHERE tenant = $1 AND hash = $2";
    read(database.one(What::Module, sql, values![tenant, hash]).await?)
}

/// Its bytes.
///
/// # Errors
/// `NotFound`, `Unavailable`.
pub async fn bytes(database: &Database, tenant: &TenantId, hash: &str) -> Result<Vec<u8>> {
    let sql = "SELECT bytes FROM modules WHERE tenant = $1 AND hash = $2";
    database.one(What::Module, sql, values![tenant, hash]).await?.blob()
}

/// The modules of a tenant by hash.
///
/// # Errors
/// `Unavailable`.
pub async fn list(database: &Database, tenant: &TenantId, paging: &Paging) -> Result<Page<Module>> {
    let sql = "SELECT hash, kind, imports, size, created_at FROM modules \
         WHERE tenant = $1 AND hash > $2 ORDER BY hash LIMIT $3";
    let rows = database
        .rows(sql, vec![tenant.into(), paging.after_name(), paging.fetched()])
        .await?;
    let modules = rows.into_iter().map(read).collect::<Result<_>>()?;
    Ok(paging.page(modules, |module: &Module| Cursor::at(0, &module.hash)))
}

/// Forgets a module that no version needs.
///
/// # Errors
/// `NotFound`, `InUse`, `Unavailable`.
pub async fn delete(database: &Database, tenant: &TenantId, hash: &str) -> Result<()> {
    let sql = "DELETE FROM modules WHERE tenant = $1 AND hash = $2";
    database.affect(What::Module, sql, values![tenant, hash]).await
}
