//! The section `[store]`: where what handlers keep beyond a call is kept. Without a folder it is in memory, and gone when the
//! node ends.
//!
//! ```toml
//! [store]
//! folder = "store"                 # each change is on its disk before a handler is told
//! entries = 10000                  # of one tenant
//! mib = 16                         # keys and values of one tenant
//! ```

use super::beside;
use super::reader::{ConfigError, Table};
use crate::tenant_store::TenantStoreConfig;
use patchcord_control::store::StoreLimits;
use std::path::Path;

/// The keys there are.
pub(super) const KEYS: &[&str] = &["folder", "entries", "mib"];
/// Entries of one tenant at most: all of them are in memory.
const ENTRIES_MAX: u64 = 1_000_000;
/// Keys and values of one tenant at most; the same.
const MIB_MAX: u64 = 1_024;

/// Reads the section. Its folder starts at the file's folder.
pub(super) fn read(section: &Table<'_>, file: &Path) -> Result<TenantStoreConfig, ConfigError> {
    let folder = section.parsed("folder", "a folder such as \"store\"", |path| {
        (!path.is_empty()).then(|| beside(file, path))
    })?;
    let usual = StoreLimits::default();
    let entries = section.number("entries", 1..=ENTRIES_MAX)?;
    let mib = section.number("mib", 1..=MIB_MAX)?;
    let limits = StoreLimits {
        entries: entries.map_or(usual.entries, |entries| entries as usize),
        bytes: mib.map_or(usual.bytes, |mib| mib as usize * 1024 * 1024),
    };
    Ok(TenantStoreConfig { folder, limits })
}
