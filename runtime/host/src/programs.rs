//! Modules from files, ready to run, and the platform's announcement. Slow work: never on a thread that runs calls.

use crate::journals::JournalFolder;
use anyhow::{Context, Result, anyhow};
use patchcord_guest::{Module, Runtime};
use patchcord_media::Clip;
use patchcord_switch::Program;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// What a caller hears when a handler fails.
const ANNOUNCEMENT: &[u8] = include_bytes!("../assets/announcement.wav");

/// What a caller hears when a handler fails: spoken English, about four seconds.
pub fn announcement() -> Arc<Clip> {
    static CLIP: LazyLock<Arc<Clip>> = LazyLock::new(|| {
        let clip = Clip::from_wav(ANNOUNCEMENT).expect("the announcement is part of this program and a test reads it");
        Arc::new(clip)
    });
    CLIP.clone()
}

/// Reads, checks and compiles a module, and decodes its prompts. A copy of it is kept with the journals of its calls.
///
/// # Errors
/// One sentence that names the file and what is wrong with it.
pub fn load(runtime: &Runtime, name: &str, file: &Path, journals: Option<&JournalFolder>) -> Result<Arc<Program>> {
    let bytes = std::fs::read(file).with_context(|| format!("the module {} cannot be read", file.display()))?;
    load_bytes(runtime, name, &bytes, journals).with_context(|| file.display().to_string())
}

/// Checks and compiles a module, and decodes its prompts. A copy of it is kept with the journals of its calls.
///
/// # Errors
/// One sentence that says what is wrong with it.
pub fn load_bytes(
    runtime: &Runtime,
    name: &str,
    bytes: &[u8],
    journals: Option<&JournalFolder>,
) -> Result<Arc<Program>> {
    let module = Module::load(runtime, bytes).map_err(|refused| anyhow!("{refused}"))?;
    let program = Program::load(name, module)?;
    if let Some(journals) = journals {
        journals
            .keep_module(program.module().hash(), bytes)
            .with_context(|| format!("no copy of the module can be kept in {}", journals.folder.display()))?;
    }
    Ok(Arc::new(program))
}

/// CPU time of the calling thread: what a handler's limit between two turns is counted in.
pub fn thread_cpu() -> Duration {
    use nix::time::{ClockId, clock_gettime};
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(Duration::ZERO, Duration::from)
}

#[cfg(test)]
mod tests;
