//! Where the module of a journal is: by its hash, among the files that are at hand.

use anyhow::{Context, Result, bail};
use aws_lc_rs::digest::{SHA256, digest};
use patchcord_guest::MAX_MODULE_BYTES;
use patchcord_host::config::Config;
use patchcord_host::encoding::hex;
use patchcord_host::journals::module_file;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A configuration that is looked through if it is here.
const CONFIG: &str = "patchcord.toml";
/// Where `patchcord build` puts modules.
const BUILT: &str = "target/patchcord";
/// Files looked through at most.
const FILES_MAX: usize = 1_000;

/// A module's file and its bytes.
pub(super) type Found = (PathBuf, Arc<Vec<u8>>);

/// The files at hand.
pub(super) struct Modules {
    /// Folders of journals, beside which copies of modules are.
    folders: Vec<PathBuf>,
    /// Files that may be it, read only when it is not found otherwise.
    files: Vec<PathBuf>,
    with: Option<PathBuf>,
    known: BTreeMap<String, Found>,
    looked: bool,
}

impl Modules {
    /// `named` come first; `with` stands for every other.
    pub(super) fn new(folders: &[PathBuf], named: &[PathBuf], with: Option<&Path>) -> Modules {
        Modules {
            folders: folders.to_vec(),
            files: named.to_vec(),
            with: with.map(Path::to_owned),
            known: BTreeMap::new(),
            looked: false,
        }
    }

    /// The module that is to be run for one of this hash.
    pub(super) fn find(&mut self, hash: &str) -> Result<Found> {
        if let Some(with) = &self.with {
            let key = String::new();
            if let Some(found) = self.known.get(&key) {
                return Ok(found.clone());
            }
            let found = (with.clone(), Arc::new(bytes_of(with)?));
            self.known.insert(key, found.clone());
            return Ok(found);
        }
        // The hash is somebody's text: only one that can be a file's name is looked for as one.
        if hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            bail!("the journal names {hash:?} as its module, which is no SHA-256");
        }
        if let Some(found) = self.known.get(hash) {
            return Ok(found.clone());
        }
        let copies: Vec<PathBuf> = self.folders.iter().map(|folder| module_file(folder, hash)).collect();
        for path in copies.into_iter().filter(|path| path.is_file()) {
            self.take(&path)?;
        }
        if !self.known.contains_key(hash) && !self.looked {
            self.looked = true;
            self.look_around()?;
        }
        self.known.get(hash).cloned().with_context(|| {
            format!(
                "the module that was recorded is not here, its SHA-256 begins with {}; name its file with --module, or \
                 run another version with --with",
                &hash[..12]
            )
        })
    }

    fn look_around(&mut self) -> Result<()> {
        for path in std::mem::take(&mut self.files) {
            self.take(&path)?;
        }
        let built = fs::read_dir(BUILT)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path());
        let configured = Config::read(Path::new(CONFIG))
            .map(|config| config.handlers)
            .unwrap_or_default();
        let configured = configured.into_iter().map(|handler| handler.module);
        let is_wasm = |path: &PathBuf| path.extension().is_some_and(|it| it == "wasm");
        for path in built.filter(is_wasm).chain(configured).take(FILES_MAX) {
            // One that cannot be read is none that was asked for.
            let _ = self.take(&path);
        }
        Ok(())
    }

    fn take(&mut self, path: &Path) -> Result<()> {
        let bytes = bytes_of(path)?;
        let hash = hex(digest(&SHA256, &bytes).as_ref());
        self.known.insert(hash, (path.to_owned(), Arc::new(bytes)));
        Ok(())
    }
}

fn bytes_of(path: &Path) -> Result<Vec<u8>> {
    let size = fs::metadata(path)
        .with_context(|| format!("the module {} cannot be read", path.display()))?
        .len();
    if size > MAX_MODULE_BYTES as u64 {
        bail!("{} has {size} bytes, more than a module may have", path.display());
    }
    fs::read(path).with_context(|| format!("the module {} cannot be read", path.display()))
}
