//! Words of speech that is recognised: what may be said, and what was.

use crate::private::Private;
use std::time::Duration;

/// Phrases one collection may listen for.
pub const PHRASES_MAX: usize = 64;
/// Bytes of a phrase.
pub const PHRASE_BYTES_MAX: usize = 100;
/// Digits that may be said one after the other.
pub const DIGITS_MAX: u8 = 16;

/// Digits as they are said. They are words of English; "oh" is a zero to most who say numbers.
pub const SPOKEN_DIGITS: [(&str, char); 11] = [
    ("zero", '0'),
    ("oh", '0'),
    ("one", '1'),
    ("two", '2'),
    ("three", '3'),
    ("four", '4'),
    ("five", '5'),
    ("six", '6'),
    ("seven", '7'),
    ("eight", '8'),
    ("nine", '9'),
];

/// What may be said in place of keys. See `gather.hearing` in the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hearing {
    /// Words and short phrases.
    pub phrases: Vec<Private<String>>,
    /// Digits that count too, one after the other; 0 for none.
    pub digits: u8,
    /// The language's tag; none: the platform's own.
    pub language: Option<String>,
    /// Silence after which what is said is over.
    pub end_silence_ms: u32,
    /// The longest that is heard of it.
    pub max_ms: u32,
}

impl Hearing {
    /// Silence after which what is said is over.
    pub fn end_silence(&self) -> Duration {
        Duration::from_millis(u64::from(self.end_silence_ms))
    }

    /// The longest that is heard of what is said.
    pub fn longest(&self) -> Duration {
        Duration::from_millis(u64::from(self.max_ms))
    }
}

/// What was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// One of the phrases as it was asked for, or digits.
    pub phrase: Private<String>,
    /// 0 to 100.
    pub confidence: u8,
}

/// What came of recognising something that was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// A phrase, or digits.
    Said(Said),
    /// None of them.
    NoMatch,
}
