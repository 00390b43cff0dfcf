//! `patchcord test`: a handler's scenarios in the simulator: virtual time, no sockets.

use super::build;
use super::project::Project;
use super::terminal::{self, Paint};
use anyhow::{Context, Result};
use patchcord_guest::{Config, Runtime};
use patchcord_host::programs;
use patchcord_sim::scenario::{Cast, Scenario, run as play};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// Runs a handler's scenarios in the simulator: callers, keys and sound in virtual time.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A scenario is a file scenarios/<name>.toml: what callers do, step by step, and what they must hear. Everything else is as in
a real call, only that time jumps. Exit code 0: all passed.")]
pub(crate) struct Options {
    /// The handler's folder
    #[arg(default_value = ".")]
    dir: PathBuf,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let project = Project::open(&options.dir)?;
    // A wrong scenario is better known before a long build.
    let scenarios = project
        .scenarios()?
        .iter()
        .map(|file| read(file))
        .collect::<Result<Vec<_>>>()?;
    let built = build::build(&project)?;
    let runtime = Runtime::new(Config::default())
        .map_err(anyhow::Error::msg)
        .context("the wasm engine cannot start")?;
    let program = programs::load_bytes(&runtime, &project.name, &built.bytes, None)
        .with_context(|| format!("{} is refused", built.path.display()))?;
    let cast = Cast::new(program, programs::announcement()).context("a prompt cannot be decoded")?;
    let began = Instant::now();
    let mut failed = 0;
    for (file, scenario) in &scenarios {
        let report = play(file, scenario, &cast, Instant::now());
        failed += usize::from(!report.passed());
        terminal::say(report.to_string().trim_end());
    }
    terminal::say(&summary(
        scenarios.len(),
        failed,
        &terminal::time(began.elapsed()),
        Paint::stdout(),
    ));
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn read(file: &Path) -> Result<(String, Scenario)> {
    let name = file.display().to_string();
    let text = fs::read_to_string(file).with_context(|| format!("the scenario {name} cannot be read"))?;
    let scenario = Scenario::parse(&name, &text)?;
    Ok((name, scenario))
}

fn summary(all: usize, failed: usize, took: &str, paint: Paint) -> String {
    match failed {
        0 => paint.green(format!("{all} scenarios passed in {took}")),
        _ => paint.red(format!("{failed} of {all} scenarios failed")),
    }
}

#[cfg(test)]
mod tests;
