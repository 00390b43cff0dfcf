//! Modules from bytes to programs: checked, compiled (or taken from the code that was compiled before), their prompts decoded. Slow,
//! so never on the thread that asks.

use super::permissions::permissions_of;
use crate::database::SealingKey;
use crate::journals::JournalFolder;
use crate::programs;
use patchcord_guest::{Module, ModuleKind, Refused, Runtime};
use patchcord_switch::Program;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Modules that are compiled at the same time: calls need the processor too.
const AT_ONCE: usize = 2;
/// The name of a program that is only checked.
const UNNAMED: &str = "upload";

/// What compiles modules.
pub(crate) struct Loader {
    runtime: Runtime,
    journals: Option<JournalFolder>,
    sealing: Option<SealingKey>,
    places: Semaphore,
}

/// What an uploaded module is.
#[derive(Debug, Clone)]
pub(crate) struct Checked {
    pub(crate) hash: String,
    pub(crate) kind: ModuleKind,
    pub(crate) bytes: usize,
    pub(crate) permissions: Vec<String>,
}

/// Why a module cannot be run; for its developer to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NotLoaded(pub(crate) String);

impl Loader {
    pub(crate) fn new(runtime: Runtime, journals: Option<JournalFolder>, sealing: Option<SealingKey>) -> Self {
        Self {
            runtime,
            journals,
            sealing,
            places: Semaphore::new(AT_ONCE),
        }
    }

    pub(crate) fn sealing(&self) -> Option<&SealingKey> {
        self.sealing.as_ref()
    }

    /// Whether a module fits the contract, and what it is.
    pub(crate) async fn check(&self, bytes: Vec<u8>) -> Result<Checked, NotLoaded> {
        let runtime = self.runtime.clone();
        let check = move || {
            let module = Module::load(&runtime, &bytes).map_err(refused)?;
            let checked = Checked {
                hash: module.hash().to_owned(),
                kind: module.kind(),
                bytes: module.size(),
                permissions: permissions_of(&module),
            };
            Program::load(UNNAMED, module).map_err(|error| NotLoaded(error.to_string()))?;
            Ok(checked)
        };
        self.apart(check).await
    }

    /// A module as a program of this name. A copy of it is kept with the journals of its calls.
    pub(crate) async fn load(&self, name: &str, bytes: Vec<u8>) -> Result<Arc<Program>, NotLoaded> {
        let (runtime, journals, name) = (self.runtime.clone(), self.journals.clone(), name.to_owned());
        let load = move || {
            let program = programs::load_bytes(&runtime, &name, &bytes, journals.as_ref());
            program.map_err(|error| NotLoaded(format!("{error:#}")))
        };
        self.apart(load).await
    }

    async fn apart<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, NotLoaded> + Send + 'static,
    ) -> Result<T, NotLoaded> {
        let _place = self.places.acquire().await.expect("nobody closes the semaphore");
        let done = tokio::task::spawn_blocking(work).await;
        // A panic in it was printed when it happened.
        done.unwrap_or_else(|_| Err(NotLoaded("the module could not be worked on".to_owned())))
    }
}

fn refused(why: Refused) -> NotLoaded {
    NotLoaded(why.to_string())
}
