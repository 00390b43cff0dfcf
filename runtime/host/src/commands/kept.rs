//! Files that are kept of calls, found by a path, an id of a call, or the beginning of one.

use anyhow::{Context, Result, bail};
use patchcord_control::ids::CallId;
use std::fs;
use std::path::{Path, PathBuf};

/// A kind of file.
pub(super) struct Kind {
    /// What it is called.
    what: &'static str,
    /// How its name ends.
    ending: &'static str,
    /// The section of the configuration that says where they are.
    section: &'static str,
}

/// Traces of SIP.
pub(super) const TRACE: Kind = Kind {
    what: "trace",
    ending: "trace",
    section: "[trace]",
};
/// Journals of handlers.
pub(super) const JOURNAL: Kind = Kind {
    what: "journal",
    ending: "journal",
    section: "[journal]",
};

/// The file of a call: by its path, its id, or the beginning of its id.
pub(super) fn find(kind: &Kind, folder: &Path, call: &str) -> Result<PathBuf> {
    let Kind { what, ending, section } = kind;
    if Path::new(call).extension().is_some_and(|it| it == *ending) {
        return Ok(call.into());
    }
    let digits = call.strip_prefix("call_").unwrap_or(call).to_ascii_lowercase();
    if digits.is_empty() || digits.len() > 32 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        bail!(
            "{call:?} is no id of a call: give one as the end record has it, such as call_0123456789abcdef0123456789abcdef"
        );
    }
    if digits.len() == 32
        && let Ok(number) = u128::from_str_radix(&digits, 16)
    {
        let path = folder.join(format!("{}.{ending}", CallId(number)));
        if !path.exists() {
            bail!(
                "there is no {what} of this call in {}: name the folder of {section} with --folder; old ones are removed",
                folder.display()
            );
        }
        return Ok(path);
    }
    let files = fs::read_dir(folder).with_context(|| {
        format!(
            "the folder {} cannot be read: name that of {section} with --folder",
            folder.display()
        )
    })?;
    let begins = format!("call_{digits}");
    let is_it = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(&begins) && path.extension().is_some_and(|it| it == *ending)
    };
    let found: Vec<PathBuf> = files.flatten().map(|entry| entry.path()).filter(is_it).collect();
    match &found[..] {
        [one] => Ok(one.clone()),
        [] => bail!("no {what} in {} begins with {begins}", folder.display()),
        several => bail!(
            "{} {what}s in {} begin with {begins}: give more of the id",
            several.len(),
            folder.display()
        ),
    }
}

#[cfg(test)]
mod tests;
