//! `patchcord replay --all`: every journal of a folder, a line each, and how many of a kind there were.

use super::modules::Modules;
use super::{DIFFERENT, Options, UNKNOWN, open, recorded_fuel, runtime_for};
use crate::commands::terminal;
use anyhow::{Context, Result, anyhow, bail};
use patchcord_guest::{Module, Runtime};
use patchcord_switch::replay::{Did, Difference, Report, Unfinished, Verdict, replay};
use patchcord_switch::{HandlerOver, ReadJournal};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Journals of one folder at most; a day of more calls is replayed in parts.
const JOURNALS_MAX: usize = 1_000_000;

/// What became of a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Same,
    Part,
    Different,
    Fault,
    Hidden,
    Problem,
}

impl Kind {
    pub(super) fn of(verdict: &Verdict) -> Kind {
        match verdict {
            Verdict::Identical => Kind::Same,
            Verdict::UpTo(Unfinished::Damaged | Unfinished::Disordered) => Kind::Problem,
            Verdict::UpTo(_) => Kind::Part,
            Verdict::Hidden { .. } => Kind::Hidden,
            Verdict::Different(Difference {
                now: Did::Over(HandlerOver::Failed(_)),
                ..
            }) => Kind::Fault,
            Verdict::Different(_) => Kind::Different,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Kind::Same => "same",
            Kind::Part => "same so far",
            Kind::Different => "different",
            Kind::Fault => "fault",
            Kind::Hidden => "hidden",
            Kind::Problem => "problem",
        }
    }
}

/// Engines and modules that were set up for journals before: most are of the same handler.
#[derive(Default)]
struct Ready {
    engines: BTreeMap<u64, Runtime>,
    modules: BTreeMap<(u64, PathBuf), Module>,
}

pub(super) fn run(folder: &Path, options: &Options) -> Result<ExitCode> {
    let journals = journals(folder)?;
    let mut modules = Modules::new(&[folder.to_owned()], &options.module, options.with.as_deref());
    let mut ready = Ready::default();
    let mut counts: BTreeMap<Kind, usize> = BTreeMap::new();
    let head = ["call", "handler", "outcome", "at", "turn", "fuel before", "fuel now"];
    terminal::say(&row(head.map(str::to_owned)));
    for path in &journals {
        let replayed = open(path).and_then(|journal| {
            let report = one(&mut modules, &mut ready, &journal)?;
            Ok((journal, report))
        });
        let (kind, line) = match replayed {
            Ok((journal, report)) => (Kind::of(&report.verdict), line(&journal, &report)),
            Err(error) => (Kind::Problem, problem(path, &error)),
        };
        *counts.entry(kind).or_default() += 1;
        terminal::say(&line);
    }
    let words: Vec<String> = counts
        .iter()
        .map(|(kind, count)| format!("{count} {}", kind.name()))
        .collect();
    terminal::say(&format!("{} journals: {}", journals.len(), words.join(", ")));
    let has = |kind: Kind| counts.contains_key(&kind);
    Ok(ExitCode::from(if has(Kind::Different) || has(Kind::Fault) {
        DIFFERENT
    } else if has(Kind::Hidden) || has(Kind::Problem) {
        UNKNOWN
    } else {
        0
    }))
}

fn journals(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("the folder {} cannot be read", folder.display()))?;
    let paths = entries.flatten().map(|entry| entry.path());
    let mut found: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|it| it == "journal"))
        .take(JOURNALS_MAX + 1)
        .collect();
    match found.len() {
        0 => bail!("there is no journal in {}", folder.display()),
        count if count > JOURNALS_MAX => bail!("{} holds more than {JOURNALS_MAX} journals", folder.display()),
        _ => found.sort(),
    }
    Ok(found)
}

fn one(modules: &mut Modules, ready: &mut Ready, journal: &ReadJournal) -> Result<Report> {
    let memory = journal.beginning.instance.memory_bytes;
    let engine = match ready.engines.entry(memory) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(place) => place.insert(runtime_for(memory)?),
    };
    let (path, bytes) = modules.find(&journal.beginning.module)?;
    let module = match ready.modules.entry((memory, path)) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(place) => {
            let module =
                Module::load(engine, &bytes).map_err(|refused| anyhow!("{}: {refused}", place.key().1.display()))?;
            place.insert(module)
        }
    };
    Ok(replay(journal, module)?)
}

fn line(journal: &ReadJournal, report: &Report) -> String {
    let (place, turn) = match &report.verdict {
        Verdict::Identical => ("-".to_owned(), "-".to_owned()),
        Verdict::UpTo(_) => (report.same.to_string(), "-".to_owned()),
        Verdict::Different(difference) | Verdict::Hidden { difference, .. } => {
            (difference.at.to_string(), difference.turn.to_string())
        }
    };
    let why = match &report.verdict {
        Verdict::UpTo(why) => format!("  {why}"),
        _ => String::new(),
    };
    let row = row([
        journal.beginning.call.to_string(),
        journal.beginning.handler.clone(),
        Kind::of(&report.verdict).name().to_owned(),
        place,
        turn,
        recorded_fuel(journal).map_or_else(|| "-".to_owned(), |fuel| fuel.to_string()),
        report.used.fuel.to_string(),
    ]);
    row + &why
}

fn problem(path: &Path, error: &anyhow::Error) -> String {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    format!("{name:<37}  {:<16}  problem      {error:#}", "-")
}

fn row([call, handler, outcome, at, turn, before, now]: [String; 7]) -> String {
    format!("{call:<37}  {handler:<16}  {outcome:<11}  {at:>6}  {turn:>5}  {before:>14}  {now:>14}")
}
