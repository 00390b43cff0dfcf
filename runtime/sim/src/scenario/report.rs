//! What came of a scenario: passed, or the step that failed, what was expected, what happened instead, and what went on
//! around it, for somebody who has never seen a ladder.

use crate::world::{FAULT, Line, Log};
use patchcord_control::record::{CallRecord, FaultKind};
use std::fmt;
use std::time::Duration;

/// Lines shown from before the failing step began.
const LINES_BEFORE: usize = 12;
/// Lines shown from its beginning, and up to the failure; those of the handler between them are shown too.
const LINES_FIRST: usize = 10;
const LINES_LAST: usize = 30;
/// Lines of the handler shown from between those.
const LINES_BETWEEN: usize = 40;
/// Letters of a step shown.
const STEP_LETTERS: usize = 160;
/// Steps shown before the one that failed.
const STEPS_BEFORE: usize = 12;

/// What came of a scenario.
#[derive(Debug, Clone)]
pub struct Report {
    /// Its file.
    pub file: String,
    /// The sentence it shows.
    pub about: String,
    /// What failed; empty if it passed.
    pub failures: Vec<Failure>,
    /// Everything that happened.
    pub log: Log,
    /// End records.
    pub records: Vec<CallRecord>,
    /// Virtual time it took.
    pub took: Duration,
}

/// Something that was not as it had to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Virtual time.
    pub at: Duration,
    /// The caller or callee, or the node.
    pub who: String,
    /// What was broken.
    pub breach: Breach,
    /// The steps of the phone, if it is about one of them.
    pub steps: Vec<StepSeen>,
    /// What had to be, in words.
    pub expected: String,
    /// What was, in words.
    pub happened: String,
}

/// What can be broken: a step, or one of the rules that are looked at when a scenario is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Breach {
    /// A step could not be done, or what it waits for did not come.
    Step,
    /// A phone could not register, or the scenario takes too long.
    Scenario,
    /// The handler failed although it should not, or not as it should: how it failed, none if it ended well.
    HandlerEnd(Option<FaultKind>),
    /// Something is alive after all have gone: a call, a leg, a port, a timer.
    LeftOver,
    /// A call has no end record, or more than one.
    EndRecords,
    /// A phone's call did not end exactly once.
    PhoneEnds,
    /// A recording began before the caller had agreed.
    Consent,
}

/// A step of the phone that a failure is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepSeen {
    /// Its line in the file.
    pub line: usize,
    /// As it is written there.
    pub text: String,
    /// How far it came.
    pub reached: Reached,
}

/// How far a step came, with the virtual time when it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// It was done.
    Done(Duration),
    /// It failed.
    Failed(Duration),
    /// Its turn did not come.
    Never,
}

impl Report {
    /// Whether everything was as it had to be.
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }

    /// The first line: whether it passed, which file, what it shows.
    pub fn headline(&self) -> String {
        let mark = if self.passed() { "ok  " } else { "FAIL" };
        let took = self.took.as_secs_f64();
        format!("{mark} {}: {} ({took:.1} s of call time)", self.file, self.about)
    }

    /// All that is to be said about its failures; empty if there are none.
    pub fn details(&self) -> String {
        let mut text = String::new();
        for failure in &self.failures {
            text.push_str(&format!("\n  {failure}\n"));
        }
        if let Some(first) = self.failures.first() {
            text.push_str(&faults(&self.log, first));
            text.push_str(&ladder(&self.log, first));
        }
        text
    }
}

impl Failure {
    /// When the failing step began; none if it is not about a step.
    fn began(&self) -> Option<Duration> {
        self.steps.iter().find_map(|step| match step.reached {
            Reached::Failed(at) => Some(at),
            _ => None,
        })
    }

    /// The place of the failing step.
    fn place(&self) -> Option<usize> {
        let failed = |step: &StepSeen| matches!(step.reached, Reached::Failed(_));
        self.steps.iter().position(failed)
    }

    /// One sentence, for where there is no room for more.
    pub fn sentence(&self) -> String {
        let step = self.place().map(|place| (place + 1, self.steps[place].line));
        let step = step.map_or(String::new(), |(number, line)| format!(", step {number}, line {line}"));
        let Self {
            who,
            expected,
            happened,
            ..
        } = self;
        let at = self.at.as_secs_f64();
        format!("{who} at {at:.3} s{step}: expected {expected}; happened: {happened}")
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(place) = self.place() else {
            writeln!(f, "{} at {:.3} s:\n", self.who, self.at.as_secs_f64())?;
            return diff(f, self);
        };
        let line = self.steps[place].line;
        let (number, all) = (place + 1, self.steps.len());
        writeln!(f, "{}, step {number} of {all}, line {line}:\n", self.who)?;
        let from = place.saturating_sub(STEPS_BEFORE);
        if from > 0 {
            writeln!(f, "            ({from} steps before)")?;
        }
        for step in &self.steps[from..=place] {
            let text = shown(&step.text);
            match step.reached {
                Reached::Done(at) => writeln!(f, "  ok  {}  line {:<3} {text}", time(at), step.line)?,
                Reached::Failed(at) => {
                    writeln!(f, "  =>  {}  line {:<3} {text}", time(at), step.line)?;
                    diff(f, self)?;
                }
                Reached::Never => {}
            }
        }
        match all - number {
            0 => Ok(()),
            left => writeln!(f, "                            ({left} more not reached)"),
        }
    }
}

fn diff(f: &mut fmt::Formatter<'_>, failure: &Failure) -> fmt::Result {
    let Failure {
        at, expected, happened, ..
    } = failure;
    writeln!(f, "    - {:14}  expected: {expected}", "")?;
    writeln!(f, "    + {}  happened: {happened}", time(*at))
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.headline())?;
        f.write_str(&self.details())
    }
}

/// How handlers had failed before a step did: often the reason.
fn faults(log: &Log, failure: &Failure) -> String {
    if failure.breach != Breach::Step {
        return String::new();
    }
    let before = log.lines().iter().take_while(|line| line.at <= failure.at);
    let faults = before.filter(|line| line.of_handler && line.what.contains(FAULT));
    let line = |line: &Line| format!("    ! {}  {}\n", time(line.at), indented(&line.what));
    let mut text: String = faults.map(line).collect();
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

/// Lines after the first, moved to where the first one begins.
fn indented(text: &str) -> String {
    text.trim_end().replace('\n', &format!("\n{:33}", ""))
}

/// What went on around a failure. What the handler asked, was told and logged stands out.
fn ladder(log: &Log, failure: &Failure) -> String {
    let until = &log.lines()[..log.lines().partition_point(|line| line.at <= failure.at)];
    let step = failure.began().unwrap_or(failure.at);
    let (before, since) = until.split_at(until.partition_point(|line| line.at < step));
    let mut text =
        String::from("  What went on ('|' is the handler: what it asked => what it was told, and what it logged):\n\n");
    let hidden = before.len().saturating_sub(LINES_BEFORE);
    if hidden > 0 {
        text.push_str(&format!("            ({hidden} lines before)\n"));
    }
    push(&mut text, &before[hidden..]);
    if failure.began().is_some() {
        text.push_str(&format!("  {:-<60}\n", format!("--  {} the step begins ", time(step))));
    }
    if since.len() <= LINES_FIRST + LINES_LAST {
        push(&mut text, since);
    } else {
        let (first, rest) = since.split_at(LINES_FIRST);
        let (between, last) = rest.split_at(rest.len() - LINES_LAST);
        push(&mut text, first);
        let of_handler: Vec<Line> = between
            .iter()
            .filter(|line| line.of_handler)
            .take(LINES_BETWEEN)
            .cloned()
            .collect();
        text.push_str(&format!(
            "            ({} lines left out)\n",
            between.len() - of_handler.len()
        ));
        push(&mut text, &of_handler);
        push(&mut text, last);
    }
    text.push_str(&format!(
        "  {:-<60}\n",
        format!("--  {} the failure ", time(failure.at))
    ));
    text
}

fn push(text: &mut String, lines: &[Line]) {
    for line in lines {
        let mark = if line.of_handler { '|' } else { ' ' };
        text.push_str(&format!(
            "    {mark} {} {:<10} {}\n",
            time(line.at),
            line.who,
            indented(&line.what)
        ));
    }
}

fn time(at: Duration) -> String {
    format!("{:>8}.{:03} s", at.as_secs(), at.subsec_millis())
}

fn shown(step: &str) -> String {
    match step.char_indices().nth(STEP_LETTERS) {
        Some((end, _)) => format!("{}...", &step[..end]),
        None => step.to_owned(),
    }
}

#[cfg(test)]
mod tests;
