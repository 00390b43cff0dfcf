//! What is kept of calls in files, as the API gets at it: traces, journals and recordings. Whose a call is, is asked before.

use super::links::LinkKey;
use super::problem::{Code, Problem};
use crate::live_calls::Busy;
use crate::recordings::shelf::Shelf;
use crate::trace::store::TraceQueue;
use crate::trace::{CallTrace, format, store};
use patchcord_control::ids::CallId;
use std::fs::File;
use std::io;
use std::path::PathBuf;

/// Where it lies, and the way to what is not in a file yet.
pub(crate) struct KeptFiles {
    /// None: calls are not traced.
    pub(crate) traces: Option<Traces>,
    /// The folder; none: no journals are kept.
    pub(crate) journals: Option<PathBuf>,
    pub(crate) recordings: Shelf,
    pub(crate) links: LinkKey,
}

/// Traces of calls that go on and of those that are over.
#[derive(Clone)]
pub(crate) struct Traces {
    pub(crate) queue: TraceQueue,
    pub(crate) folder: PathBuf,
}

impl Traces {
    /// The trace of a call; none if there is none, or none any more.
    pub(crate) async fn find(&self, call: CallId) -> Result<Option<CallTrace>, Problem> {
        let live = self.queue.look(call).await;
        let live = live.map_err(|Busy| Problem::new(Code::Unavailable, Busy.to_string()))?;
        if live.is_some() {
            return Ok(live);
        }
        // If it was over when we looked, its file was written before the answer came.
        let path = store::file(&self.folder, call);
        match blocking(move || std::fs::read(path)).await? {
            Some(bytes) => match format::decode(&bytes) {
                Ok(trace) => Ok(Some(trace)),
                Err(error) => Err(Problem::new(Code::Unavailable, error.to_string())),
            },
            None => Ok(None),
        }
    }
}

/// A file, and how long it is now; none if it is not there.
pub(crate) async fn open(path: PathBuf) -> Result<Option<(File, u64)>, Problem> {
    let open = move || {
        let file = File::open(path)?;
        let bytes = file.metadata()?.len();
        Ok((file, bytes))
    };
    blocking(open).await
}

/// Files are read on a thread that may wait for the disk. None: the file is not there.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<Option<T>, Problem> {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(done)) => Ok(Some(done)),
        Ok(Err(why)) if why.kind() == io::ErrorKind::NotFound => Ok(None),
        Ok(Err(error)) => {
            tracing::warn!(%error, "a file of a call cannot be read");
            Err(Problem::new(
                Code::Unavailable,
                "it cannot be read from the disk; the node's log says why",
            ))
        }
        // The node stops, or it panicked, which was printed.
        Err(_) => Err(Problem::new(Code::Unavailable, "the node stops")),
    }
}
