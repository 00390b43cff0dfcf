//! What happened in a world, line by line with its virtual time: the ladder a developer reads, and what two runs of one
//! seed are compared by.

use std::fmt::{self, Write};
use std::sync::Arc;
use std::time::Duration;

/// Lines kept; further ones are counted and not kept.
pub const LOG_LINES: usize = 200_000;

/// A line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Virtual time since the world began.
    pub at: Duration,
    /// To whom it happened.
    pub who: Arc<str>,
    /// What.
    pub what: String,
    /// Whether it tells what the handler asked, was told, logged or failed with.
    pub of_handler: bool,
}

/// All lines in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Log {
    lines: Vec<Line>,
    dropped: u64,
}

impl Log {
    pub(crate) fn push(&mut self, at: Duration, who: &Arc<str>, what: String) {
        self.add(at, who, what, false);
    }

    /// A line about the handler.
    pub(crate) fn push_of_handler(&mut self, at: Duration, who: &Arc<str>, what: String) {
        self.add(at, who, what, true);
    }

    fn add(&mut self, at: Duration, who: &Arc<str>, what: String, of_handler: bool) {
        if self.lines.len() >= LOG_LINES {
            self.dropped += 1;
            return;
        }
        self.lines.push(Line {
            at,
            who: who.clone(),
            what,
            of_handler,
        });
    }

    /// The lines kept.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Lines not kept because [`LOG_LINES`] were.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Whether a line of somebody contains a text.
    pub fn says(&self, who: &str, text: &str) -> bool {
        self.count(who, text) > 0
    }

    /// How many lines of somebody contain a text.
    pub fn count(&self, who: &str, text: &str) -> usize {
        self.lines
            .iter()
            .filter(|line| &*line.who == who && line.what.contains(text))
            .count()
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.at.as_millis();
        write!(f, "{:>7}.{:03}  {:<10} {}", ms / 1_000, ms % 1_000, self.who, self.what)
    }
}

impl fmt::Display for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            writeln!(f, "{line}")?;
        }
        if self.dropped > 0 {
            writeln!(f, "({} lines more were not kept)", self.dropped)?;
        }
        f.write_char('\n')
    }
}
