//! The section `[web_files]`: where sound files that handlers name by address may come from. Without it none are fetched.
//!
//! ```toml
//! [web_files]
//! allow = ["https://cdn.example.org/prompts/"]   # files below these addresses
//! roots = "cdn.pem"                # authorities of the servers; without it those of the system
//! time_ms = 10000                  # how long one file may take
//! at_once = 32                     # files fetched at the same time
//! cache_mib = 128                  # sound that is remembered, as long as its server allows
//! ```

use super::beside;
use super::reader::{ConfigError, Table};
use crate::web::WebAddress;
use crate::web_files::WebFilesConfig;
use std::path::Path;
use std::time::Duration;

/// The keys there are.
pub(super) const KEYS: &[&str] = &["allow", "roots", "time_ms", "at_once", "cache_mib"];
/// Addresses that can be given.
const ALLOW_MAX: usize = 64;
/// A caller who waits for a file longer than this has left.
const TIME_MS_MAX: u64 = 60_000;
/// Files fetched at the same time at most: each is a connection, and up to 16 MiB.
const AT_ONCE_MAX: u64 = 256;
/// Sound remembered at most.
const CACHE_MIB_MAX: u64 = 4_096;

/// Reads the section. Paths in it start at the file's folder.
pub(super) fn read(section: &Table<'_>, file: &Path) -> Result<WebFilesConfig, ConfigError> {
    let right = "an address such as \"https://cdn.example.org/prompts/\", without a password in it";
    let allow = section.parsed_list("allow", right, WebAddress::parse)?;
    if allow.len() > ALLOW_MAX {
        return Err(section.wrong("allow", &format!("give at most {ALLOW_MAX} of them")));
    }
    let usual = WebFilesConfig::default();
    let roots = section.parsed("roots", "a PEM file such as \"roots.pem\"", |text| {
        (!text.is_empty()).then(|| beside(file, text))
    })?;
    let time_ms = section.number("time_ms", 100..=TIME_MS_MAX)?;
    let at_once = section.number("at_once", 1..=AT_ONCE_MAX)?;
    let cache_mib = section.number("cache_mib", 0..=CACHE_MIB_MAX)?;
    Ok(WebFilesConfig {
        allow,
        roots,
        time: time_ms.map_or(usual.time, Duration::from_millis),
        at_once: at_once.map_or(usual.at_once, |count| count as usize),
        cache_bytes: cache_mib.map_or(usual.cache_bytes, |mib| mib as usize * 1024 * 1024),
    })
}
