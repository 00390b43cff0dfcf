//! `patchcord replay`: runs a handler again against the journal of a call, or of many, and says what it does differently.

mod many;
mod modules;
mod shown;
mod steps;

use super::kept::{self, JOURNAL};
use super::terminal;
use anyhow::{Context, Result, anyhow, bail};
use modules::Modules;
use patchcord_guest::{Config, Module, Runtime};
use patchcord_switch::replay::{Report, Unfinished, Verdict, replay};
use patchcord_switch::{CALL_BYTES, Entry, ReadJournal, Show, read_journal};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Where journals are, if nothing is said: that of a server's configuration, and that of `patchcord dev`.
const FOLDERS: [&str; 2] = ["journals", "target/patchcord/journals"];
/// Exit code: something is different.
const DIFFERENT: u8 = 1;
/// Exit code: it cannot be told.
const UNKNOWN: u8 = 2;
/// Memory comes in pages of wasm.
const PAGE: u64 = 65_536;

/// Runs a handler again against the journal of a call, without network and clock.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Journals are written if the configuration has a section [journal] with a folder, and by `patchcord dev`. The module that was
recorded is looked for by its hash: in --module, beside the journals, in the folder target/patchcord, among the handlers
of patchcord.toml. With --with another version is run: that is how to see which calls a change would have changed.

Exit codes: 0 all is the same (as far as the journal goes), 1 something is different, 2 that cannot be told: a file that
cannot be read, a module that is not there, a difference after values that the journal hides.")]
pub(crate) struct Options {
    /// The call's id, as the end record and the log have it; its beginning will do. Or the path of a journal
    #[arg(required_unless_present = "all")]
    call: Option<String>,
    /// The folder of journals [default: journals, or that of `patchcord dev`]
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// The module that was recorded, if it is not found by itself; give it again for each
    #[arg(long, value_name = "FILE")]
    module: Vec<PathBuf>,
    /// Another version of the handler, to be run in place of the one that was recorded
    #[arg(long, value_name = "FILE")]
    with: Option<PathBuf>,
    /// Walks through the call: n next host call, p back, t next turn, b back a
    /// turn, g <number> goes to a host call, l the log, q ends
    #[arg(long, conflicts_with = "all")]
    step: bool,
    /// Replays every journal of a folder and prints a line for each
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["call", "folder"])]
    all: Option<PathBuf>,
    /// Shows numbers, keys and texts
    #[arg(long)]
    show_private: bool,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    Ok(attempt(options).unwrap_or_else(|error| {
        terminal::error(&format!("{error:#}"));
        ExitCode::from(UNKNOWN)
    }))
}

fn attempt(options: &Options) -> Result<ExitCode> {
    let show = if options.show_private {
        Show::Everything
    } else {
        Show::Harmless
    };
    if let Some(folder) = &options.all {
        return many::run(folder, options);
    }
    let folder = options.folder.clone().unwrap_or_else(usual_folder);
    let call = options
        .call
        .as_deref()
        .context("name a call or the path of a journal")?;
    let path = kept::find(&JOURNAL, &folder, call)?;
    let journal = open(&path)?;
    let near = path.parent().unwrap_or(Path::new("")).to_owned();
    let mut modules = Modules::new(&[near, folder], &options.module, options.with.as_deref());
    let (runtime, module) = module_for(&mut modules, &journal)?;
    if options.step {
        steps::run(&journal, &module, show, std::io::stdin().lock())?;
        drop(runtime);
        return Ok(ExitCode::SUCCESS);
    }
    let report = replay(&journal, &module)?;
    for line in shown::report(&journal, &module, &report, show)? {
        terminal::say(&line);
    }
    Ok(ExitCode::from(code(&report.verdict)))
}

fn usual_folder() -> PathBuf {
    let there = FOLDERS.iter().find(|folder| Path::new(folder).is_dir());
    PathBuf::from(there.unwrap_or(&FOLDERS[0]))
}

fn code(verdict: &Verdict) -> u8 {
    match verdict {
        Verdict::UpTo(Unfinished::Damaged | Unfinished::Disordered) => UNKNOWN,
        Verdict::Identical | Verdict::UpTo(_) => 0,
        Verdict::Different(_) => DIFFERENT,
        Verdict::Hidden { .. } => UNKNOWN,
    }
}

/// Reads a journal; no more of a file than a journal may have.
fn open(path: &Path) -> Result<ReadJournal> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(CALL_BYTES as u64 + 1).read_to_end(&mut bytes))
        .with_context(|| format!("{} cannot be read", path.display()))?;
    read_journal(&bytes).with_context(|| path.display().to_string())
}

/// The engine as the call's handler needs it, and the module.
fn module_for(modules: &mut Modules, journal: &ReadJournal) -> Result<(Runtime, Module)> {
    let runtime = runtime_for(journal.beginning.instance.memory_bytes)?;
    let (path, bytes) = modules.find(&journal.beginning.module)?;
    let module = Module::load(&runtime, &bytes).map_err(|refused| anyhow!("{}: {refused}", path.display()))?;
    Ok((runtime, module))
}

/// An engine for one instance of so much memory. Nobody ticks it: the limit on instructions ends what would not end.
fn runtime_for(memory_bytes: u64) -> Result<Runtime> {
    let memory_max = memory_bytes.div_ceil(PAGE).saturating_mul(PAGE);
    if memory_max > u64::from(u32::MAX) + 1 {
        bail!(
            "the journal says that the handler was allowed {memory_bytes} bytes of memory, more than a module can have"
        );
    }
    let config = Config {
        max_instances: 2,
        memory_max,
        cpu_clock: None,
        code_cache: None,
    };
    Runtime::new(config).map_err(|why| anyhow!("the wasm engine cannot start: {why}"))
}

/// What the journal says the handler used in all; none if it does not get so far.
fn recorded_fuel(journal: &ReadJournal) -> Option<u64> {
    journal.entries.iter().find_map(|(_, entry)| match entry {
        Entry::Ended { usage, .. } => Some(usage.fuel),
        _ => None,
    })
}

/// A replay in a few words.
fn summary(journal: &ReadJournal, report: &Report) -> String {
    let calls = |count: usize| {
        if count == 1 {
            "1 host call".to_owned()
        } else {
            format!("{count} host calls")
        }
    };
    let fuel = report.used.fuel;
    match &report.verdict {
        Verdict::Identical => {
            let recorded =
                recorded_fuel(journal).map_or_else(String::new, |recorded| format!(" (recorded {recorded})"));
            format!("identical: {}, fuel {fuel}{recorded}", calls(report.same))
        }
        Verdict::UpTo(why) => format!(
            "identical: complete up to host call {}, fuel {fuel}: {why}",
            report.same
        ),
        Verdict::Different(difference) => {
            format!("different at host call {}, in turn {}", difference.at, difference.turn)
        }
        Verdict::Hidden { from, difference } => format!(
            "cannot be told from host call {} on: the journal hides what host call {from} was answered",
            difference.at
        ),
    }
}
