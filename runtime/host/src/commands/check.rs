//! `patchcord check`: what a module is, may do and carries. Refuses what an upload would refuse, in the same words.

use super::terminal::{self, Paint};
use anyhow::{Context, Result};
use patchcord_guest::{Config, Limits, Module, Runtime};
use patchcord_media::Clip;
use patchcord_switch::Program;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Shows what a module is, what it may do and what it carries; refuses what an upload would refuse.
#[derive(Debug, clap::Args)]
#[command(after_help = "The imports are the module's permissions: it can do nothing that is not listed there.")]
pub(crate) struct Options {
    /// The module, as `patchcord build` writes it
    file: PathBuf,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let file = &options.file;
    let bytes = fs::read(file).with_context(|| {
        format!(
            "{} cannot be read; name a .wasm file, or make one with `patchcord build`",
            file.display()
        )
    })?;
    let (_runtime, module) = load(&bytes, file)?;
    let paint = Paint::stdout();
    println!("{}  {}", paint.bold("module"), file.display());
    print!("{}{}", facts(&module, paint), limits(paint));
    println!("\n{} an upload would take this module", paint.green("ok:"));
    Ok(ExitCode::SUCCESS)
}

/// Loads a module as an upload does: code, imports and prompts.
pub(crate) fn load(bytes: &[u8], file: &Path) -> Result<(Runtime, Module)> {
    let runtime = Runtime::new(Config {
        max_instances: 1,
        ..Config::default()
    })
    .map_err(anyhow::Error::msg)?;
    let module = Module::load(&runtime, bytes).with_context(|| format!("{} is refused", file.display()))?;
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    Program::load(&name, module.clone()).with_context(|| format!("{} is refused", file.display()))?;
    Ok((runtime, module))
}

/// Size, hash, imports and prompts of a module, for a person.
pub(crate) fn facts(module: &Module, paint: Paint) -> String {
    let mut text = String::new();
    let size = terminal::size(module.size() as u64);
    let _ = writeln!(text, "{}    {size} ({} bytes)", paint.bold("size"), module.size());
    let _ = writeln!(text, "{}    {}", paint.bold("hash"), module.hash());
    let _ = writeln!(text, "{}   {}", paint.bold("world"), module.kind().name());
    let _ = writeln!(text, "{}", paint.bold("imports"));
    for import in module.imports() {
        let _ = writeln!(
            text,
            "  {}  {}",
            import.interface,
            paint.dim(import.functions.join(", "))
        );
    }
    if module.imports().is_empty() {
        let _ = writeln!(text, "  none: it can do nothing");
    }
    text.push_str(&prompts(module.prompts(), paint));
    text
}

fn prompts<'a>(prompts: impl Iterator<Item = (&'a str, &'a [u8])>, paint: Paint) -> String {
    let mut text = String::new();
    for (name, bytes) in prompts {
        let length = Clip::from_file(bytes).map_or_else(
            |why| paint.red(format!("cannot be played: {why}")),
            |clip| format!("{:.1} s", clip.duration().as_secs_f64()),
        );
        let _ = writeln!(text, "  {name}  {length}, {}", terminal::size(bytes.len() as u64));
    }
    if text.is_empty() {
        text = "  none\n".to_owned();
    }
    format!("{}\n{text}", paint.bold("prompts"))
}

/// The limits an instance is held to.
fn limits(paint: Paint) -> String {
    let instance = Limits::default();
    let call = patchcord_control::limits::Limits::default();
    format!(
        "{}\n  \
         memory {}, CPU between two turns {} ms, host calls in one turn {}\n  \
         call {} h, clean-up after its end {} s, operations at once {}, string {}\n",
        paint.bold("limits"),
        terminal::size(instance.memory_bytes),
        instance.turn_cpu_ms,
        instance.host_calls_per_turn,
        call.call_duration.as_secs() / 3600,
        call.clean_up.as_secs(),
        call.operations,
        terminal::size(call.string_bytes as u64),
    )
}

#[cfg(test)]
mod tests;
