//! Random callers against a handler: calls, keys at any moment, silence, hang-ups at any moment, parties that answer,
//! refuse, never answer or hang up, and a network that loses. Nothing is expected of what they hear; the rules that hold
//! at the end of every scenario are what is looked at. Everything follows from a seed.
//!
//! A scenario that breaks a rule is made smaller as long as it breaks the rule in the same way; what is left is a
//! scenario file. It is played as it was written and read, so that the file does what was found.

mod shrink;
mod vocabulary;

pub use shrink::SHRINK_RUNS;
pub use vocabulary::Vocabulary;

use crate::scenario::{Breach, Cast, Failure, Report, Rules, Scenario, run};
use std::time::Instant;

/// What is to be explored.
#[derive(Debug, Clone, Copy)]
pub struct Fuzz {
    /// How many random scenarios at most; it ends with the first that breaks a rule.
    pub cases: u64,
    /// The seed; the same one gives the same scenarios in the same order.
    pub seed: u64,
    /// What must hold beside what always must.
    pub rules: Rules,
}

/// A scenario that breaks a rule, made as small as could be.
#[derive(Debug)]
pub struct Found {
    /// Which one of the random scenarios it came from, from 1.
    pub case: u64,
    /// Steps of that scenario, of all its phones.
    pub steps_before: usize,
    /// Steps that are left.
    pub steps: usize,
    /// How often it was played to make it smaller.
    pub runs: u32,
    /// What is left, as a file.
    pub text: String,
    /// What comes of it.
    pub report: Report,
}

/// Plays random scenarios until one breaks a rule. `base` is any moment.
pub fn explore(fuzz: &Fuzz, vocabulary: &Vocabulary, cast: &Cast, base: Instant) -> Option<Found> {
    for case in 1..=fuzz.cases {
        let random = Scenario {
            rules: fuzz.rules,
            about: format!("Random callers: seed {}, case {case}.", fuzz.seed),
            ..vocabulary.random(fuzz.seed, case)
        };
        let Some((_, first)) = play(&random, cast, base) else {
            continue;
        };
        let steps_before = steps(&random);
        let (mut small, runs) = shrink::shrink(random, &first, &|scenario| play(scenario, cast, base));
        small.about = format!(
            "Found by `patchcord test --fuzz`, seed {}, case {case}: expected {}.",
            fuzz.seed, first.expected
        );
        let (report, _) = play(&small, cast, base).expect("its sentence changes nothing of what it does");
        return Some(Found {
            case,
            steps_before,
            steps: steps(&small),
            runs,
            text: small.to_toml(),
            report,
        });
    }
    None
}

/// What comes of a scenario as it is written; none if it breaks no rule.
fn play(scenario: &Scenario, cast: &Cast, base: Instant) -> Option<(Report, Failure)> {
    let name = "fuzz.toml";
    let written = Scenario::parse(name, &scenario.to_toml()).ok()?;
    let report = run(name, &written, cast, base);
    // Phones that could not register, or take hours, are not the handler's fault.
    let of_rule = |failure: &&Failure| !matches!(failure.breach, Breach::Scenario | Breach::Step);
    let failure = report.failures.iter().find(of_rule)?.clone();
    Some((report, failure))
}

fn steps(scenario: &Scenario) -> usize {
    let callers = scenario.caller.iter().map(|caller| caller.steps.len());
    callers.sum::<usize>() + scenario.callee.iter().map(|callee| callee.steps.len()).sum::<usize>()
}

#[cfg(test)]
mod tests;
