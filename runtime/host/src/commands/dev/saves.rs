//! Tells when a handler's sources were saved. Looks at the manifest, `src/` and `prompts/` only: a build writes elsewhere.

use anyhow::{Context, Result};
use notify::event::{EventKind, MetadataKind, ModifyKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::path::{Path, PathBuf};

/// Folders below a handler's whose files count as its sources.
const SOURCE_FOLDERS: &[&str] = &["src", "prompts"];
/// Files in a handler's folder that count as its sources.
const SOURCE_FILES: &[&str] = &["Cargo.toml", "build.rs"];

/// What is watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Watched {
    /// A handler's folder.
    Folder(PathBuf),
    /// A finished module.
    File(PathBuf),
}

impl Watched {
    /// Whether a change of this path is one of ours.
    fn concerns(&self, path: &Path) -> bool {
        match self {
            Watched::File(file) => path == file,
            Watched::Folder(folder) => path.strip_prefix(folder).is_ok_and(is_source),
        }
    }
}

/// Whether a path inside a handler's folder is one of its sources. Editors' drafts are not.
fn is_source(inside: &Path) -> bool {
    let name = inside.file_name().unwrap_or_default().to_string_lossy();
    let draft = name.starts_with('.') || name.ends_with('~') || name.ends_with(".swp") || name.ends_with(".tmp");
    let is_file = SOURCE_FILES.iter().any(|file| inside == Path::new(file));
    !draft && (is_file || SOURCE_FOLDERS.iter().any(|folder| inside.starts_with(folder)))
}

/// Calls `saved` for every change until the watcher is dropped. One save may be several changes: the caller waits for
/// quiet. `saved` is called on the watcher's thread and must not wait.
pub(crate) fn watch(watched: Watched, saved: impl Fn() + Send + 'static) -> Result<RecommendedWatcher> {
    let watched = match watched {
        Watched::Folder(dir) => Watched::Folder(absolute(&dir)?),
        Watched::File(file) => Watched::File(absolute(&file)?),
    };
    let ours = watched.clone();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // An error of the watcher (its queue ran over, for instance) means that something may have been missed.
        let counts = event.map_or(true, |event| {
            is_change(event.kind) && (event.need_rescan() || event.paths.iter().any(|path| ours.concerns(path)))
        });
        if counts {
            saved();
        }
    })
    .context("files cannot be watched on this machine; build by hand and start `patchcord dev` anew")?;
    let mut look_at = |path: &Path, how| {
        watcher.watch(path, how).with_context(|| {
            format!(
                "{} cannot be watched; raise fs.inotify.max_user_watches if it is used up",
                path.display()
            )
        })
    };
    match &watched {
        Watched::File(file) => look_at(file.parent().unwrap_or(Path::new("/")), RecursiveMode::NonRecursive)?,
        Watched::Folder(dir) => {
            look_at(dir, RecursiveMode::NonRecursive)?;
            for folder in SOURCE_FOLDERS
                .iter()
                .map(|folder| dir.join(folder))
                .filter(|folder| folder.is_dir())
            {
                look_at(&folder, RecursiveMode::Recursive)?;
            }
        }
    }
    Ok(watcher)
}

fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(_) | EventKind::Modify(ModifyKind::Metadata(MetadataKind::AccessTime)) => false,
        EventKind::Any | EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_) | EventKind::Other => true,
    }
}

fn absolute(path: &Path) -> Result<PathBuf> {
    path.canonicalize()
        .with_context(|| format!("{} cannot be found", path.display()))
}

#[cfg(test)]
mod tests;
