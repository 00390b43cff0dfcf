//! `patchcord test`: handlers' scenarios in the simulator, or random callers against them: virtual time, no sockets.

mod explore;
mod junit;

use super::build;
use super::project::Project;
use super::terminal::{self, Paint};
use anyhow::{Context, Result};
use junit::{Case, Suite};
use patchcord_guest::{Config, Runtime};
use patchcord_host::programs;
use patchcord_sim::scenario::{Cast, Rules, Scenario, run as play};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Runs handlers' scenarios in the simulator: callers, keys and sound in virtual time.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A scenario is a file scenarios/<name>.toml: what callers do, step by step, and what they must hear. Everything else is as in
a real call, only that time jumps. Whatever a scenario says, nothing may be left alive at its end, every call has one end
record, and the handler must not fail. What else must hold of a handler stands in rules.toml in its folder:
  consent_key = \"1\"     no recording begins before the caller has pressed 1
With --fuzz nothing is expected of what callers hear; the rules alone count. They dial, are called and say what is dialled,
called and said in the handler's scenarios. The first failure is made as small as possible and written to
scenarios/fuzz_<seed>_<case>.toml, where it stays as a test. Exit code 0: all passed.")]
pub(crate) struct Options {
    /// The handlers' folders
    #[arg(default_value = ".")]
    dirs: Vec<PathBuf>,
    /// Write the outcome as JUnit XML, too
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Explore so many random scenarios instead of playing the handler's own
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=explore::CASES_MAX))]
    fuzz: Option<u64>,
    /// What chance begins with; the same seed finds the same
    #[arg(long, value_name = "S", default_value_t = 1, requires = "fuzz")]
    seed: u64,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    // Wrong scenarios are better known before a long build.
    let handlers = options
        .dirs
        .iter()
        .map(|dir| Handler::open(dir))
        .collect::<Result<Vec<_>>>()?;
    let runtime = Runtime::new(Config::default())
        .map_err(anyhow::Error::msg)
        .context("the wasm engine cannot start")?;
    let mut suites = Vec::new();
    for handler in &handlers {
        let cast = handler.cast(&runtime)?;
        let cases = match options.fuzz {
            Some(cases) => vec![explore::run(handler, &cast, cases, options.seed)?],
            None => handler.play(&cast),
        };
        suites.push(Suite {
            handler: handler.project.name.clone(),
            cases,
        });
    }
    if let Some(file) = &options.junit {
        let written = fs::write(file, junit::document(&suites));
        written.with_context(|| format!("the outcome cannot be written to {}", file.display()))?;
    }
    let cases = || suites.iter().flat_map(|suite| &suite.cases);
    let failed = cases().filter(|case| !case.report.passed()).count();
    if options.fuzz.is_none() {
        let took: Duration = cases().map(|case| case.took).sum();
        let summary = summary(cases().count(), failed, &terminal::time(took), Paint::stdout());
        terminal::say(&summary);
    }
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// A handler with what is to be played.
struct Handler {
    project: Project,
    /// With their files.
    scenarios: Vec<(String, Scenario)>,
    /// Those of the handler's folder.
    rules: Rules,
}

impl Handler {
    fn open(dir: &Path) -> Result<Handler> {
        let project = Project::open(dir)?;
        let rules = project.rules()?;
        let mut scenarios = project
            .scenarios()?
            .iter()
            .map(|file| read(file))
            .collect::<Result<Vec<_>>>()?;
        for (_, scenario) in &mut scenarios {
            scenario.rules = scenario.rules.or(rules);
        }
        Ok(Handler {
            project,
            scenarios,
            rules,
        })
    }

    /// Builds the handler.
    fn cast(&self, runtime: &Runtime) -> Result<Cast> {
        let built = build::build(&self.project)?;
        let program = programs::load_bytes(runtime, &self.project.name, &built.bytes, None)
            .with_context(|| format!("{} is refused", built.path.display()))?;
        Cast::new(program, programs::announcement()).context("a prompt cannot be decoded")
    }

    fn play(&self, cast: &Cast) -> Vec<Case> {
        let play = |(file, scenario): &(String, Scenario)| {
            let began = Instant::now();
            let report = play(file, scenario, cast, began);
            let took = began.elapsed();
            terminal::say(report.to_string().trim_end());
            Case { report, took }
        };
        self.scenarios.iter().map(play).collect()
    }
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
