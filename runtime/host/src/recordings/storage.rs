//! Where finished recordings go: a small interface, and the folder that every node has. An object store is another
//! implementation of it: it would send the file away and then remove it; until then the file lies on this disk.

use super::PART;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Where finished recordings go.
pub(super) trait Storage: Send {
    /// Takes over a file that is complete and synced, under its name less what says that it is written. When this returns the recording is kept: neither a
    /// crash of the process nor of the machine loses it.
    fn keep(&self, file: &Path) -> io::Result<()>;
}

/// The folder the files were written in.
#[derive(Debug)]
pub(super) struct LocalFolder(PathBuf);

impl LocalFolder {
    pub(super) fn new(folder: &Path) -> Self {
        Self(folder.to_owned())
    }
}

impl Storage for LocalFolder {
    fn keep(&self, file: &Path) -> io::Result<()> {
        debug_assert!(
            file.extension().is_some_and(|extension| extension == PART),
            "it was being written"
        );
        let name = file.with_extension("");
        let name = name.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        fs::rename(file, self.0.join(name))?;
        File::open(&self.0)?.sync_all()
    }
}
