//! The folder of journals: where they lie, who may read them, and how long they are kept. Copies of modules lie below it.

use patchcord_control::ids::CallId;
use patchcord_switch::PrivateValues;
use std::collections::VecDeque;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How files of journals end.
pub(super) const ENDING: &str = "journal";
/// Where copies of modules lie, below the folder.
const MODULES: &str = "modules";
/// Copies of modules kept; beyond it the one that was not loaded for longest is removed.
const MODULES_MAX: usize = 256;

/// Where journals are kept, how long, and how private they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalFolder {
    /// The folder; made if it is not there.
    pub folder: PathBuf,
    /// What becomes of private values.
    pub private: PrivateValues,
    /// Journals that ended so long ago are removed.
    pub keep: Duration,
    /// Bytes of all journals; beyond it the oldest are removed.
    pub bytes: u64,
}

impl JournalFolder {
    /// With the usual limits: a week, and a gibibyte.
    pub fn at(folder: PathBuf) -> Self {
        Self {
            folder,
            private: PrivateValues::Keep,
            keep: Duration::from_secs(7 * 86_400),
            bytes: 1024 * 1024 * 1024,
        }
    }

    /// Keeps a copy of a module, so that its calls can be replayed when the file it came from is another.
    ///
    /// # Errors
    /// The folder cannot be made or written.
    pub fn keep_module(&self, hash: &str, bytes: &[u8]) -> io::Result<()> {
        let folder = self.folder.join(MODULES);
        private_folder(&folder)?;
        let path = module_file(&self.folder, hash);
        let part = path.with_extension("part");
        // Written anew if it is there: its time then says that it was run lately.
        let mut file = OpenOptions::new();
        let mut file = file.write(true).create(true).truncate(true).mode(0o600).open(&part)?;
        file.write_all(bytes)?;
        drop(file);
        fs::rename(&part, &path)?;
        let mut known = files(&folder, "wasm")?;
        while known.len() > MODULES_MAX {
            if let Some(oldest) = known.pop_front() {
                let _ = fs::remove_file(oldest.path);
            }
        }
        Ok(())
    }
}

/// The file of a call's journal.
pub fn file(folder: &Path, call: CallId) -> PathBuf {
    folder.join(format!("{call}.{ENDING}"))
}

/// The copy of a module, by its hash.
pub fn module_file(folder: &Path, hash: &str) -> PathBuf {
    folder.join(MODULES).join(format!("{hash}.wasm"))
}

fn private_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// A journal that goes on no more.
struct Known {
    path: PathBuf,
    bytes: u64,
    ended: SystemTime,
}

/// The files of a folder with an ending, oldest first.
fn files(folder: &Path, ending: &str) -> io::Result<VecDeque<Known>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if path.extension().is_some_and(|it| it == ending) {
            // A file that has gone meanwhile is none of ours any more.
            if let Ok(about) = entry.metadata() {
                found.push(Known {
                    path,
                    bytes: about.len(),
                    ended: about.modified().unwrap_or(SystemTime::UNIX_EPOCH),
                });
            }
        }
    }
    found.sort_by(|one, other| (one.ended, &one.path).cmp(&(other.ended, &other.path)));
    Ok(found.into())
}

/// The folder while a node runs.
pub(super) struct Folder {
    to: JournalFolder,
    /// Those that have ended, oldest first; those of a process before are among them.
    known: VecDeque<Known>,
    bytes: u64,
}

impl Folder {
    pub(super) fn open(to: JournalFolder) -> io::Result<Self> {
        private_folder(&to.folder)?;
        let known = files(&to.folder, ENDING)?;
        let bytes = known.iter().map(|it| it.bytes).sum();
        let mut folder = Self { to, known, bytes };
        folder.tidy();
        Ok(folder)
    }

    /// Opens a journal to append to it.
    pub(super) fn open_file(&self, call: CallId) -> io::Result<File> {
        let path = file(&self.to.folder, call);
        OpenOptions::new().append(true).create(true).mode(0o600).open(path)
    }

    /// A journal has come to its end.
    pub(super) fn ended(&mut self, call: CallId, bytes: u64) {
        self.known.push_back(Known {
            path: file(&self.to.folder, call),
            bytes,
            ended: SystemTime::now(),
        });
        self.bytes += bytes;
        self.tidy();
    }

    /// Removes the oldest until what is left is within the limits; the newest stays whatever its size.
    pub(super) fn tidy(&mut self) {
        let now = SystemTime::now();
        while let Some(oldest) = self.known.front() {
            let is_old = now.duration_since(oldest.ended).is_ok_and(|age| age > self.to.keep);
            if !is_old && (self.bytes <= self.to.bytes || self.known.len() <= 1) {
                return;
            }
            self.bytes -= oldest.bytes;
            // Somebody else may have removed it.
            let _ = fs::remove_file(&oldest.path);
            self.known.pop_front();
        }
    }
}
