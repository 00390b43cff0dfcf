//! What came of a scenario: passed, or the step that failed, what was heard instead, and the ladder up to there.

use crate::world::Log;
use patchcord_control::record::CallRecord;
use std::fmt;
use std::time::Duration;

/// Lines of the ladder shown before a failure.
const LADDER_LINES: usize = 40;

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
    /// The step's line in the file; none if it is not about a step.
    pub line: Option<usize>,
    /// What was wanted and what was found.
    pub what: String,
}

impl Report {
    /// Whether everything was as it had to be.
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {:.3} s", self.who, self.at.as_secs_f64())?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        write!(f, ": {}", self.what)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.passed() { "ok  " } else { "FAIL" };
        writeln!(
            f,
            "{mark} {}: {} ({:.1} s of call time)",
            self.file,
            self.about,
            self.took.as_secs_f64()
        )?;
        let Some(first) = self.failures.first() else {
            return Ok(());
        };
        let lines = self.log.lines();
        let end = lines.partition_point(|line| line.at <= first.at);
        let begin = end.saturating_sub(LADDER_LINES);
        if begin > 0 {
            writeln!(f, "     ({begin} lines before)")?;
        }
        for line in &lines[begin..end] {
            writeln!(f, "     {line}")?;
        }
        for failure in &self.failures {
            writeln!(f, "  => {failure}")?;
        }
        Ok(())
    }
}
