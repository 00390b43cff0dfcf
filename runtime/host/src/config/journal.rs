//! The section `[journal]`: whether the journal of each call is kept, and for how long. Without it none is.
//!
//! ```toml
//! [journal]
//! folder = "journals"              # one file for each call: `patchcord replay`
//! private = "keep"                 # or "hide": numbers, keys, headers and texts are not in it; it can then be read, but
//!                                  # not replayed beyond the first of them
//! keep_days = 7
//! mib = 1024                       # of all journals; the oldest go first
//! ```

use super::beside;
use super::reader::{ConfigError, Table};
use crate::journals::JournalFolder;
use patchcord_switch::PrivateValues;
use std::path::Path;
use std::time::Duration;

/// The keys there are.
pub(super) const KEYS: &[&str] = &["folder", "private", "keep_days", "mib"];
/// Ten years.
const KEEP_DAYS_MAX: u64 = 3_650;
/// Space for journals at most: a tebibyte.
const MIB_MAX: u64 = 1_048_576;

/// Reads the section. Its folder starts at the file's folder.
pub(super) fn read(section: &Table<'_>, file: &Path) -> Result<Option<JournalFolder>, ConfigError> {
    let folder = section.parsed("folder", "a folder such as \"journals\"", |path| {
        (!path.is_empty()).then(|| beside(file, path))
    })?;
    let private = section.parsed("private", "\"keep\" or \"hide\"", |text| match text {
        "keep" => Some(PrivateValues::Keep),
        "hide" => Some(PrivateValues::Hide),
        _ => None,
    })?;
    let days = section.number("keep_days", 1..=KEEP_DAYS_MAX)?;
    let mib = section.number("mib", 1..=MIB_MAX)?;
    let Some(folder) = folder else {
        return match KEYS.iter().any(|key| section.has(key)) {
            true => Err(section.wrong("folder", "it is missing: give the folder that journals are written to")),
            false => Ok(None),
        };
    };
    let usual = JournalFolder::at(folder);
    Ok(Some(JournalFolder {
        private: private.unwrap_or(usual.private),
        keep: days.map_or(usual.keep, |days| Duration::from_secs(days * 86_400)),
        bytes: mib.map_or(usual.bytes, |mib| mib * 1024 * 1024),
        ..usual
    }))
}
