//! The log of the store: one file that changes are appended to, each with a sum, and synced before anybody is told. What a kill
//! cuts short at its end is cut off at the next start, and kept beside it. When the file has grown to several times what it
//! holds, it is written anew and takes the place of the old one at once.
//!
//! A file: [`MAGIC`], then records. A record: bytes of its body (u32), the first 8 bytes of the body's SHA-256, the body. A body:
//! 0 and the last version (u64), or 1, tenant, key, version, time of expiry (0: never) and value, or 2, tenant and key. Numbers
//! are little-endian; tenant, key and value have their length (u32) before them.

use aws_lc_rs::digest::{SHA256, digest};
use patchcord_control::ids::Tenant;
use patchcord_control::store::{Change, Kept, Store};
use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

const MAGIC: &[u8] = b"patchcord store 1\n";
const NAME: &str = "store.log";
const LOCK: &str = "store.lock";
/// What was cut off the end of a log.
const CUT: &str = "store.log.cut";
/// A log that is being written anew.
const NEW: &str = "store.log.new";
/// Bytes before a body.
const HEAD: usize = 12;
/// Bytes of a body at most: a value, a key, a tenant, and what is around them.
const BODY_BYTES: usize = 128 * 1024;
/// A log is written anew when it is larger than this and twice what it holds.
const SMALL: u64 = 1024 * 1024;
/// Bytes of an entry beside key and value, about.
const AROUND: usize = 64;

/// Why a log cannot be used.
#[derive(Debug)]
pub enum OpenError {
    /// Its folder or file.
    File {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        why: io::Error,
    },
    /// Another process has it.
    InUse(PathBuf),
    /// The file is no log of a store, or of a later version.
    NoLog(PathBuf),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, why } => write!(f, "the store cannot use {}: {why}", path.display()),
            Self::InUse(folder) => {
                let folder = folder.display();
                write!(
                    f,
                    "another process keeps its store in {folder}: give each its own folder"
                )
            }
            Self::NoLog(path) => {
                let path = path.display();
                write!(f, "{path} is no log of a store, or of a later version: move it away")
            }
        }
    }
}

/// A log that is open.
pub(super) struct EntryLog {
    folder: PathBuf,
    file: File,
    /// Bytes that are whole.
    bytes: u64,
    /// Whether the last change could not be written: then the file has to be written anew.
    broken: bool,
    /// Held as long as the log is open.
    _lock: File,
}

impl EntryLog {
    /// Opens the log of a folder, which is made if it is not there, and puts what it holds into a store.
    pub(super) fn open(folder: &Path, store: &mut Store) -> Result<Self, OpenError> {
        let wrong = |path: PathBuf| move |why| OpenError::File { path, why };
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(wrong(folder.to_owned()))?;
        let path = folder.join(LOCK);
        let lock = own_file(&path).map_err(wrong(path.clone()))?;
        lock.try_lock().map_err(|why| match why {
            TryLockError::WouldBlock => OpenError::InUse(folder.to_owned()),
            TryLockError::Error(why) => OpenError::File { path, why },
        })?;
        let path = folder.join(NAME);
        let mut file = own_file(&path).map_err(wrong(path.clone()))?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(wrong(path.clone()))?;
        if !text.starts_with(MAGIC) && !MAGIC.starts_with(&text) {
            return Err(OpenError::NoLog(path));
        }
        let whole = read(&text, store);
        let mut log = Self {
            folder: folder.to_owned(),
            file,
            bytes: whole as u64,
            broken: false,
            _lock: lock,
        };
        log.cut(&text[whole.min(text.len())..]).map_err(wrong(path))?;
        Ok(log)
    }

    /// What is not whole was told to nobody: it goes, and a copy of it stays for a person to look at.
    fn cut(&mut self, rest: &[u8]) -> io::Result<()> {
        if !rest.is_empty() && self.bytes > 0 {
            fs::write(self.folder.join(CUT), rest)?;
            let bytes = rest.len();
            tracing::warn!(
                bytes,
                "the store's log ended in the middle of a change; that is cut off"
            );
        }
        self.file.set_len(self.bytes)?;
        self.file.seek(SeekFrom::Start(self.bytes))?;
        if self.bytes == 0 {
            self.file.write_all(MAGIC)?;
            self.bytes = MAGIC.len() as u64;
        }
        self.file.sync_all()?;
        File::open(&self.folder)?.sync_all()
    }

    /// Makes changes durable; `store` has them already.
    pub(super) fn keep(&mut self, changes: &[Change], store: &Store) -> io::Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        let holds = (store.bytes() + store.len() * AROUND) as u64;
        if self.broken || self.bytes > SMALL + 2 * holds {
            return self.anew(store);
        }
        let mut text = Vec::new();
        for change in changes {
            record(&mut text, |body| put(body, change));
        }
        self.broken = true;
        self.file.write_all(&text)?;
        self.file.sync_data()?;
        self.bytes += text.len() as u64;
        self.broken = false;
        Ok(())
    }

    /// Writes everything to a new file, which takes the old one's place only once it is on the disk.
    fn anew(&mut self, store: &Store) -> io::Result<()> {
        self.broken = true;
        let path = self.folder.join(NEW);
        let mut text = MAGIC.to_vec();
        record(&mut text, |body| {
            body.push(0);
            body.extend(store.last_version().to_le_bytes());
        });
        for change in store.entries() {
            record(&mut text, |body| put(body, &change));
        }
        let mut file = own_file(&path)?;
        file.set_len(0)?;
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&path, self.folder.join(NAME))?;
        File::open(&self.folder)?.sync_all()?;
        (self.file, self.bytes, self.broken) = (file, text.len() as u64, false);
        Ok(())
    }
}

/// A file of the owner's alone, made if it is not there.
fn own_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    options.mode(0o600).open(path)
}

fn record(to: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>)) {
    let mut body = Vec::new();
    fill(&mut body);
    to.extend((body.len() as u32).to_le_bytes());
    to.extend(&sum(&body));
    to.extend(body);
}

fn sum(body: &[u8]) -> [u8; 8] {
    let whole = digest(&SHA256, body);
    std::array::from_fn(|place| whole.as_ref()[place])
}

fn put(body: &mut Vec<u8>, change: &Change) {
    let text = |bytes: &[u8], body: &mut Vec<u8>| {
        body.extend((bytes.len() as u32).to_le_bytes());
        body.extend(bytes);
    };
    body.push(if change.now.is_some() { 1 } else { 2 });
    text(change.tenant.0.as_bytes(), body);
    text(change.key.reveal().as_bytes(), body);
    if let Some(kept) = &change.now {
        body.extend(kept.version.to_le_bytes());
        body.extend(kept.until_ms.unwrap_or(0).to_le_bytes());
        text(kept.value.reveal(), body);
    }
}

/// Puts whole records into a store; how many bytes they are, the magic included.
fn read(text: &[u8], store: &mut Store) -> usize {
    let Some(mut rest) = text.strip_prefix(MAGIC) else {
        return 0;
    };
    while let Some((body, after)) = next(rest) {
        if take_over(body, store).is_none() {
            break;
        }
        rest = after;
    }
    text.len() - rest.len()
}

/// The body of the first record, and what follows it.
fn next(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (head, rest) = text.split_at_checked(HEAD)?;
    let length = u32::from_le_bytes(head[..4].try_into().ok()?) as usize;
    let (body, after) = rest.split_at_checked(length)?;
    (length <= BODY_BYTES && sum(body) == head[4..]).then_some((body, after))
}

fn take_over(body: &[u8], store: &mut Store) -> Option<()> {
    let mut page = Page(body);
    match page.bytes(1)? {
        [0] => store.restore_version(page.number()?),
        [kind @ (1 | 2)] => {
            let tenant = Tenant(String::from_utf8(page.text()?.to_vec()).ok()?);
            let key = String::from_utf8(page.text()?.to_vec()).ok()?.into();
            let now = match kind {
                1 => Some(page.kept()?),
                _ => None,
            };
            store.restore(Change { tenant, key, now });
        }
        _ => return None,
    }
    page.0.is_empty().then_some(())
}

/// A body as it is read.
struct Page<'a>(&'a [u8]);

impl<'a> Page<'a> {
    fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.bytes(8)?.try_into().ok()?))
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let length = u32::from_le_bytes(self.bytes(4)?.try_into().ok()?);
        self.bytes(length as usize)
    }

    fn kept(&mut self) -> Option<Kept> {
        let (version, until) = (self.number()?, self.number()?);
        Some(Kept {
            version,
            until_ms: (until > 0).then_some(until),
            value: self.text()?.to_vec().into(),
        })
    }
}
