//! Where files of recordings lie. Without an object store: all in one folder. With one, a recording is written below
//! `to-send`, in a folder of its tenant's, and lies there until the store has it. Wherever it is written it is also kept: a
//! name that no longer ends in `.part` is what makes it so, and what the sender goes by.

use super::PART;
use patchcord_control::ids::Tenant;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// The folder, in that of the recordings, of what a store is to get.
const TO_SEND: &str = "to-send";
/// Longest name of a tenant that becomes that of a folder.
const TENANT_BYTES_MAX: usize = 64;

/// Whether recordings stay on this disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stay {
    Here,
    UntilSent,
}

/// The folder of the recordings.
#[derive(Debug, Clone)]
pub(super) struct Places {
    folder: PathBuf,
    stay: Stay,
}

impl Places {
    pub(super) fn new(folder: &Path, stay: Stay) -> Self {
        Self {
            folder: folder.to_owned(),
            stay,
        }
    }

    /// The folder that a tenant's recordings are written in, made if it is not there.
    pub(super) fn of(&self, tenant: &Tenant) -> io::Result<PathBuf> {
        match self.stay {
            Stay::Here => Ok(self.folder.clone()),
            Stay::UntilSent if !is_plain(&tenant.0) => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "this tenant's name names no folder",
            )),
            Stay::UntilSent => {
                let folder = self.to_send().join(&tenant.0);
                if !folder.is_dir() {
                    make(&self.to_send())?;
                    make(&folder)?;
                    // Else the folder itself could be lost with what is synced in it.
                    File::open(&self.folder)?.sync_all()?;
                    File::open(self.to_send())?.sync_all()?;
                }
                Ok(folder)
            }
        }
    }

    /// The folders that a tenant's recordings may lie in.
    pub(super) fn may_hold(&self, tenant: &Tenant) -> Vec<PathBuf> {
        let to_send = is_plain(&tenant.0).then(|| self.to_send().join(&tenant.0));
        [self.folder.clone()].into_iter().chain(to_send).collect()
    }

    /// The folder of what a store is to get; it may not be there.
    pub(super) fn to_send(&self) -> PathBuf {
        self.folder.join(TO_SEND)
    }

    /// Every folder that recordings may lie in, those of other times too.
    pub(super) fn all(&self) -> io::Result<Vec<PathBuf>> {
        let mut all = vec![self.folder.clone()];
        all.extend(tenants(&self.to_send())?.into_iter().map(|(_, folder)| folder));
        Ok(all)
    }
}

/// Takes over a file that is complete and synced, under its name less what says that it is written. When this returns the
/// recording is kept: neither a crash of the process nor of the machine loses it.
pub(super) fn keep(file: &Path) -> io::Result<()> {
    debug_assert!(
        file.extension().is_some_and(|extension| extension == PART),
        "it was being written"
    );
    fs::rename(file, file.with_extension(""))?;
    File::open(file.parent().ok_or(io::ErrorKind::InvalidInput)?)?.sync_all()
}

/// The folders of tenants in that of what is to be sent, by name.
pub(super) fn tenants(to_send: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let entries = match fs::read_dir(to_send) {
        Ok(entries) => entries,
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(why) => return Err(why),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().into_string().unwrap_or_default();
        if is_plain(&name) && entry.file_type()?.is_dir() {
            found.push((name, entry.path()));
        }
    }
    found.sort();
    Ok(found)
}

/// Whether a name can be that of a folder here and of a step in a store's names.
fn is_plain(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || ['-', '_', '.'].contains(&c);
    (1..=TENANT_BYTES_MAX).contains(&name.len()) && !name.starts_with('.') && name.chars().all(fits)
}

fn make(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}
