//! The words that a recogniser's model knows, with how they are said: a file of lines `word PH OH N EMES`, where `word(2)`
//! is another way to say the same word (the format of CMUdict).

use std::io;
use std::path::Path;

/// Largest dictionary that is read.
const BYTES_MAX: u64 = 64 * 1024 * 1024;

/// A dictionary in memory: its text, and where the lines begin in the order of their words.
pub(super) struct Dictionary {
    text: String,
    lines: Vec<u32>,
}

impl Dictionary {
    /// Reads a file.
    ///
    /// # Errors
    /// One that cannot be read, is too large, or is no text.
    pub(super) fn read(file: &Path) -> io::Result<Self> {
        if std::fs::metadata(file)?.len() > BYTES_MAX {
            let why = format!("it is larger than {} MiB", BYTES_MAX >> 20);
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        Ok(Self::of(std::fs::read_to_string(file)?))
    }

    fn of(text: String) -> Self {
        let mut lines = Vec::new();
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            if !word(line).is_empty() {
                lines.push(at as u32);
            }
            at += line.len();
        }
        let mut dictionary = Self { text, lines };
        let mut lines = std::mem::take(&mut dictionary.lines);
        // Stable: the ways to say a word stay in their order.
        lines.sort_by(|a, b| dictionary.word_at(*a).cmp(dictionary.word_at(*b)));
        dictionary.lines = lines;
        dictionary
    }

    /// The lines of a word, one for each way to say it; none if it is not known.
    pub(super) fn find(&self, word: &str) -> impl Iterator<Item = &str> {
        let from = self.lines.partition_point(|at| self.word_at(*at) < word);
        let to = self.lines.partition_point(|at| self.word_at(*at) <= word);
        self.lines[from..to].iter().map(|at| self.line_at(*at))
    }

    fn line_at(&self, at: u32) -> &str {
        self.text[at as usize..].lines().next().unwrap_or_default()
    }

    fn word_at(&self, at: u32) -> &str {
        word(self.line_at(at))
    }
}

/// The word of a line, without the number of a way to say it.
fn word(line: &str) -> &str {
    let word = line.split_whitespace().next().unwrap_or_default();
    word.split('(').next().unwrap_or_default()
}

#[cfg(test)]
mod tests;
