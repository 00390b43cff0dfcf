//! `--fuzz`: random callers against a handler, and what is said and written about the first rule that is broken. The same
//! seed says the same, so nothing here tells how long it took.

use super::Handler;
use super::junit::Case;
use crate::commands::terminal::{self, Paint};
use anyhow::{Context, Result};
use patchcord_sim::Log;
use patchcord_sim::fuzz::{Found, Fuzz, Vocabulary, explore};
use patchcord_sim::scenario::{Cast, Report, Scenario};
use std::fs;
use std::time::{Duration, Instant};

/// Random scenarios of one run at most.
pub(super) const CASES_MAX: u64 = 1_000_000;

/// Explores, says what was found, and writes the scenario.
pub(super) fn run(handler: &Handler, cast: &Cast, cases: u64, seed: u64) -> Result<Case> {
    let began = Instant::now();
    let scenarios: Vec<Scenario> = handler.scenarios.iter().map(|(_, scenario)| scenario.clone()).collect();
    let vocabulary = Vocabulary::of(&handler.project.name, &scenarios);
    let rules = handler.rules;
    let found = explore(&Fuzz { cases, seed, rules }, &vocabulary, cast, began);
    let Some(found) = found else {
        let sentence = format!(
            "{}: {cases} random scenarios with seed {seed} broke no rule",
            handler.project.name
        );
        terminal::say(&Paint::stdout().green(&sentence));
        let (report, took) = (passed(&sentence), began.elapsed());
        return Ok(Case { report, took });
    };
    let file = handler.project.scenario_path(&format!("fuzz_{seed}_{}", found.case));
    fs::write(&file, &found.text).with_context(|| format!("{} cannot be written", file.display()))?;
    let name = file.display().to_string();
    terminal::say(&told(&name, seed, &found));
    Ok(Case {
        report: Report {
            file: name,
            ..found.report
        },
        took: began.elapsed(),
    })
}

fn passed(sentence: &str) -> Report {
    Report {
        file: String::new(),
        about: sentence.to_owned(),
        failures: Vec::new(),
        log: Log::default(),
        records: Vec::new(),
        took: Duration::ZERO,
    }
}

fn told(file: &str, seed: u64, found: &Found) -> String {
    let Found {
        case,
        steps_before,
        steps,
        runs,
        text,
        report,
    } = found;
    let sentence = report
        .failures
        .first()
        .map(|failure| failure.sentence())
        .unwrap_or_default();
    let text = text.lines().map(|line| format!("    {line}\n")).collect::<String>();
    let heading = Paint::stdout().red(format!(
        "Random scenario {case} of seed {seed} breaks a rule: {sentence}"
    ));
    format!(
        "{heading}\n{}\nMade smaller in {runs} runs, from {steps_before} steps to {steps}, and written to {file}:\n\n{text}\n\
         `patchcord test` plays it with the others from now on; keep it as a test, or remove it.",
        report.details()
    )
}

#[cfg(test)]
mod tests;
