//! `patchcord build`: cargo makes a core module, we make it a component with its prompts inside.

use super::check;
use super::project::Project;
use super::terminal::{self, Paint};
use anyhow::{Context, Result, bail, ensure};
use patchcord_guest::Module;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

/// What handlers are compiled for: nothing of an operating system.
const TARGET: &str = "wasm32-unknown-unknown";

/// Builds a handler: one .wasm file with its code and its prompts, ready to run or upload.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Writes <dir>/target/patchcord/<name>.wasm and checks it as an upload would.

Needs the wasm target of the compiler: rustup target add wasm32-unknown-unknown
With Debian's own compiler: apt-get install rustc-web cargo-web libstd-rust-web-dev-wasm32, then
RUSTC=/usr/bin/rustc patchcord build")]
pub(crate) struct Options {
    /// The handler's folder
    #[arg(default_value = ".")]
    dir: PathBuf,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let project = Project::open(&options.dir)?;
    let built = build(&project)?;
    let (_runtime, module) = check::load(&built.bytes, &built.path)?;
    print!("{}", summary(&built.path, &module, Paint::stdout()));
    Ok(ExitCode::SUCCESS)
}

/// A finished module, not yet checked.
#[derive(Debug)]
pub(crate) struct Built {
    /// Where it was written.
    pub(crate) path: PathBuf,
    /// What was written.
    pub(crate) bytes: Vec<u8>,
}

/// Runs cargo, whose own progress and messages go to standard error, then wraps what it made.
pub(crate) fn build(project: &Project) -> Result<Built> {
    let began = Instant::now();
    require_target(&project.dir)?;
    terminal::step(&format!("building {} for {TARGET}", project.name));
    let core = core_module(project)?;
    let prompts = project.prompts()?;
    let core_bytes = fs::read(&core).with_context(|| format!("{} cannot be read", core.display()))?;
    let bytes = patchcord_guest::wrap(&core_bytes, &prompts)
        .with_context(|| format!("what cargo built in {} is not a handler", core.display()))?;
    let path = project.module_path();
    write_whole(&path, &bytes)?;
    let how_many = prompts.len();
    terminal::step(&format!(
        "built {} in {} ({}, {how_many} prompts)",
        path.display(),
        terminal::time(began.elapsed()),
        terminal::size(bytes.len() as u64)
    ));
    Ok(Built { path, bytes })
}

/// Cargo's absence or a compiler without the target, said before cargo says it in its own many words.
fn require_target(dir: &Path) -> Result<()> {
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let shown = compiler.to_string_lossy().into_owned();
    let output = Command::new(&compiler)
        .args(["--print", "target-libdir", "--target", TARGET])
        .current_dir(dir)
        .output()
        .with_context(|| {
            format!(
                "the Rust compiler `{shown}` cannot be started; install Rust from https://rustup.rs, then try again"
            )
        })?;
    let folder = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if output.status.success() && Path::new(&folder).is_dir() {
        return Ok(());
    }
    bail!(
        "the compiler `{shown}` cannot build for {TARGET}; run `rustup target add {TARGET}`, or see \
         `patchcord build --help` for Debian's own compiler"
    );
}

fn core_module(project: &Project) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut child = Command::new(&cargo)
        .args([
            "build",
            "--release",
            "--target",
            TARGET,
            "--message-format",
            "json-render-diagnostics",
        ])
        .current_dir(&project.dir)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| {
            format!(
                "`{}` cannot be started; install Rust from https://rustup.rs, then try again",
                cargo.to_string_lossy()
            )
        })?;
    let output = child.stdout.take().expect("standard output was asked to be a pipe");
    let manifest = project
        .dir
        .join("Cargo.toml")
        .canonicalize()
        .context("the manifest has gone during the build")?;
    let mut module = None;
    for line in BufReader::new(output).lines() {
        let line = line.context("cargo's messages cannot be read")?;
        module = artifact(&line, &manifest).or(module);
    }
    let status = child.wait().context("cargo's end cannot be waited for")?;
    ensure!(
        status.success(),
        "cargo could not build {}; it says why above",
        project.name
    );
    module.with_context(|| {
        format!(
            "{} builds no module; add `[lib] crate-type = [\"cdylib\"]` to its Cargo.toml",
            project.name
        )
    })
}

/// The module's file, if this line of cargo's tells that it was made from `manifest`.
fn artifact(line: &str, manifest: &Path) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(line).ok()?;
    let ours = message["reason"] == "compiler-artifact"
        && message["manifest_path"].as_str().map(Path::new) == Some(manifest)
        && message["target"]["kind"]
            .as_array()?
            .iter()
            .any(|kind| kind == "cdylib");
    if !ours {
        return None;
    }
    let files = message["filenames"]
        .as_array()?
        .iter()
        .filter_map(serde_json::Value::as_str);
    files
        .map(PathBuf::from)
        .find(|file| file.extension().is_some_and(|extension| extension == "wasm"))
}

/// Writes beside and renames, so that a watcher never sees half a module.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().expect("a module's path has a folder");
    // Of this process alone: two that build the same handler do not take each other's.
    let draft = path.with_extension(format!("wasm.{}.part", std::process::id()));
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&draft, bytes))
        .and_then(|()| fs::rename(&draft, path))
        .with_context(|| format!("{} cannot be written", path.display()))
}

fn summary(path: &Path, module: &Module, paint: Paint) -> String {
    let mut text = format!("{}  {}\n", paint.bold("module"), path.display());
    text.push_str(&check::facts(module, paint));
    text.push_str(&format!(
        "\nNext: patchcord dev {}, or upload the file.\n",
        path.display()
    ));
    text
}

#[cfg(test)]
mod tests;
