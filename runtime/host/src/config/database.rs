//! The section `[database]`: where what is deployed and what was is kept, for the API. SQLite beside the file, unless it says otherwise.
//!
//! ```toml
//! [database]
//! url = "postgres://patchcord@db.example.com/patchcord"   # or "sqlite:patchcord.db", the default
//! secrets_key = "env:PATCHCORD_SECRETS_KEY"               # 64 hex digits; seals the secrets of tenants
//! code = "patchcord-code"                                 # the folder for compiled modules; whoever writes there runs code here
//! ```

use super::beside;
use super::reader::{ConfigError, Table};
use crate::database::{DatabaseConfig, SealingKey};
use std::path::{Path, PathBuf};

/// The keys there are.
pub(super) const KEYS: &[&str] = &["url", "secrets_key", "code"];
const FILE: &str = "patchcord.db";
const CODE: &str = "patchcord-code";
const SQLITE: &str = "sqlite:";

/// Reads the section. Its paths start at the file's folder.
pub(super) fn read(section: &Table<'_>, file: &Path) -> Result<DatabaseConfig, ConfigError> {
    let right = "\"sqlite:\" and a file, or \"postgres://user@host/name\"";
    let written = section.parsed("url", right, |text| url(file, text))?;
    let right = "a folder such as \"patchcord-code\"";
    let code = section.parsed("code", right, |path| (!path.is_empty()).then(|| PathBuf::from(path)))?;
    let code = beside(file, &code.unwrap_or_else(|| PathBuf::from(CODE)).to_string_lossy());
    Ok(DatabaseConfig {
        url: written.unwrap_or_else(|| sqlite(&beside(file, FILE))),
        sealing: sealing(section)?,
        code_cache: std::path::absolute(code).ok(),
    })
}

/// Where a database is; the file of SQLite starts at the folder of the configuration.
pub(super) fn url(file: &Path, text: &str) -> Option<String> {
    match text.strip_prefix(SQLITE) {
        Some("" | ":memory:") => None,
        Some(path) => Some(sqlite(&beside(file, path))),
        None => {
            let known = ["postgres://", "postgresql://"]
                .iter()
                .any(|scheme| text.starts_with(scheme));
            known.then(|| text.to_owned())
        }
    }
}

fn sqlite(path: &Path) -> String {
    format!("{SQLITE}{}", path.display())
}

fn sealing(section: &Table<'_>) -> Result<Option<SealingKey>, ConfigError> {
    let Some(text) = section.secret("secrets_key")? else {
        return Ok(None);
    };
    let key = SealingKey::parse(text.trim());
    let key = key.ok_or_else(|| {
        section.wrong(
            "secrets_key",
            "give 64 hex digits, as `openssl rand -hex 32` makes them",
        )
    })?;
    Ok(Some(key))
}

#[cfg(test)]
mod tests;
