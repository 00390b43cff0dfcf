//! Short lists of short words in one column, a line each, and limits of texts. Not for what is searched in.

use crate::error::{Error, Result};

/// Entries of a list.
pub(crate) const ENTRIES_MAX: usize = 256;
/// Bytes of a name, an address, an entry.
pub(crate) const NAME_MAX: usize = 255;
/// Bytes of a note.
pub(crate) const NOTE_MAX: usize = 4_096;

pub(crate) fn join(entries: &[String]) -> Result<String> {
    if entries.len() > ENTRIES_MAX {
        return Err(Error::Limit("entries of a list", ENTRIES_MAX as i64));
    }
    for entry in entries {
        name("entry of a list", entry)?;
    }
    Ok(entries.join("\n"))
}

pub(crate) fn split(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

/// A name that is neither empty nor too long and has no control characters.
pub(crate) fn name(what: &'static str, text: &str) -> Result<()> {
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err(Error::Invalid(what, "a text without control characters, not empty"));
    }
    at_most(what, text.len(), NAME_MAX)
}

pub(crate) fn at_most(what: &'static str, length: usize, most: usize) -> Result<()> {
    if length > most {
        return Err(Error::Limit(what, most as i64));
    }
    Ok(())
}
