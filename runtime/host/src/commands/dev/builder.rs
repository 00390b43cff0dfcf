//! The thread that builds: waits for a save, lets the editor finish, builds and loads, tells the result. One build at a
//! time; saves during a build lead to one more.

use super::Happened;
use super::page::{TRACES_BYTES, TRACES_KEPT};
use super::saves::{self, Watched};
use crate::commands::build;
use crate::commands::project::Project;
use anyhow::{Context, Result};
use patchcord_guest::Runtime;
use patchcord_host::journals::JournalFolder;
use patchcord_host::programs;
use patchcord_host::trace::store::TraceFolder;
use patchcord_switch::Program;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::mpsc::Sender;

/// How long nothing must be saved before a build begins.
const QUIET: Duration = Duration::from_millis(200);
/// Saves that may wait; one is enough, since a build reads all files. Further ones are dropped.
const SAVES: usize = 1;

/// Where the handler comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// A folder to build.
    Project(Project),
    /// A finished module.
    File(PathBuf),
}

impl Source {
    /// A file is a module; anything else must be a handler's folder.
    pub(crate) fn of(path: &Path) -> Result<Source> {
        if path.is_file() {
            return Ok(Source::File(path.to_owned()));
        }
        Project::open(path).map(Source::Project)
    }

    /// Builds if need be, and makes it ready to run.
    pub(crate) fn program(&self, runtime: &Runtime) -> Result<Arc<Program>> {
        match self {
            Source::File(file) => programs::load(runtime, &module_name(file), file, Some(&self.journals())),
            Source::Project(project) => {
                let built = build::build(project)?;
                programs::load_bytes(runtime, &project.name, &built.bytes, Some(&self.journals()))
                    .with_context(|| format!("{} is refused", built.path.display()))
            }
        }
    }

    /// Where recordings go: below the project's target folder, or beside the module. The port of SIP tells two nodes of
    /// one handler apart.
    pub(crate) fn recordings(&self, port: u16) -> PathBuf {
        self.place(&format!("recordings-{port}"))
    }

    /// Where the SIP of each call goes: below the project's target folder, or beside the module.
    pub(crate) fn traces(&self) -> TraceFolder {
        TraceFolder {
            folder: self.place("traces"),
            keep: TRACES_KEPT,
            bytes: TRACES_BYTES,
        }
    }

    /// Where what the API keeps is. The port of SIP tells two nodes of one handler apart.
    pub(crate) fn database(&self, port: u16) -> PathBuf {
        self.place(&format!("dev-{port}.db"))
    }

    fn place(&self, name: &str) -> PathBuf {
        match self {
            Source::Project(project) => project.dir.join("target/patchcord").join(name),
            Source::File(file) => file.with_file_name(name),
        }
    }

    /// Where journals go, with copies of the versions that ran: below the project's target folder, or beside the module.
    pub(crate) fn journals(&self) -> JournalFolder {
        JournalFolder::at(self.place("journals"))
    }

    fn watched(&self) -> Watched {
        match self {
            Source::Project(project) => Watched::Folder(project.dir.clone()),
            Source::File(file) => Watched::File(file.clone()),
        }
    }
}

/// The handler's name if there is only a file.
fn module_name(file: &Path) -> String {
    file.file_stem()
        .map_or_else(|| "handler".to_owned(), |stem| stem.to_string_lossy().into_owned())
}

/// Why the thread wakes.
enum Poke {
    Saved,
    Stop,
}

/// The running thread.
pub(crate) struct Builder {
    pokes: SyncSender<Poke>,
    thread: JoinHandle<()>,
}

impl Builder {
    /// Begins to watch, then builds on every save.
    pub(crate) fn start(source: Source, runtime: Runtime, happened: Sender<Happened>) -> Result<Builder> {
        let (pokes, poked) = sync_channel(SAVES);
        let watcher = watch(&source, &pokes)?;
        let own = pokes.clone();
        let thread = std::thread::Builder::new().name("build".to_owned()).spawn(move || {
            let mut watcher = watcher;
            while wait_for_save(&poked) {
                // A folder that is new is watched from now on; if that fails the old watcher does what it can.
                watcher = watch(&source, &own).unwrap_or(watcher);
                let told = happened
                    .blocking_send(Happened::Saved)
                    .and_then(|()| happened.blocking_send(Happened::Built(source.program(&runtime))));
                if told.is_err() {
                    return;
                }
            }
        });
        Ok(Builder {
            pokes,
            thread: thread.context("no thread could be started to build")?,
        })
    }

    /// Ends after the build that runs, if one does.
    pub(crate) fn stop(self) {
        // Both can only fail if the thread has ended; a panic of it was printed when it happened.
        let _ = self.pokes.send(Poke::Stop);
        let _ = self.thread.join();
    }
}

fn watch(source: &Source, pokes: &SyncSender<Poke>) -> Result<notify::RecommendedWatcher> {
    let pokes = pokes.clone();
    saves::watch(source.watched(), move || {
        // Full: a save waits already.
        let _ = pokes.try_send(Poke::Saved);
    })
}

/// True after a save and a moment of quiet; false when it is time to stop.
fn wait_for_save(pokes: &Receiver<Poke>) -> bool {
    let Ok(Poke::Saved) = pokes.recv() else { return false };
    loop {
        match pokes.recv_timeout(QUIET) {
            Ok(Poke::Saved) => {}
            Err(RecvTimeoutError::Timeout) => return true,
            Ok(Poke::Stop) | Err(RecvTimeoutError::Disconnected) => return false,
        }
    }
}

#[cfg(test)]
mod tests;
