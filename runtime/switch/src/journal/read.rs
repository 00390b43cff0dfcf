//! Reads a journal: as far as it is whole, and why no further. The bytes may be anybody's.

use super::frame::{self, MAGIC, Stop};
use super::record::{Beginning, Entry};
use super::wire::{Bad, Page, Wire};
use super::{CALL_BYTES, VERSION};
use std::fmt;
use std::time::Duration;

/// A journal that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadJournal {
    /// How the call began.
    pub beginning: Beginning,
    /// What followed, each with its time since the beginning.
    pub entries: Vec<(Duration, Entry)>,
    /// Where reading stopped.
    pub stopped: Stopped,
}

/// Why reading a journal stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stopped {
    /// It ends there with a whole record.
    AtEnd,
    /// It ends in the middle of a record, as that of a killed process may.
    Cut {
        /// Bytes that are whole.
        at: usize,
    },
    /// A record is damaged.
    Damaged {
        /// Bytes before it.
        at: usize,
        /// What is wrong with it.
        why: String,
    },
}

/// Why something is not a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JournalError {
    /// It does not begin as one.
    NotAJournal,
    /// Of another version of the format.
    Version(u8),
    /// More bytes than one may have.
    TooLong(usize),
    /// Its first record is not there, or not whole.
    NoBeginning(String),
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAJournal => f.write_str("it is not the journal of a call"),
            Self::Version(version) => write!(
                f,
                "it is a journal of version {version}; this program reads version {VERSION}: use the one that wrote it"
            ),
            Self::TooLong(bytes) => write!(f, "it has {bytes} bytes; a journal has at most {CALL_BYTES}"),
            Self::NoBeginning(why) => write!(
                f,
                "its first record, which says what call it is of, cannot be read: {why}"
            ),
        }
    }
}

impl std::error::Error for JournalError {}

/// Reads a journal as far as it is whole.
///
/// # Errors
/// It is none, or not even its beginning can be read.
pub fn read(bytes: &[u8]) -> Result<ReadJournal, JournalError> {
    if bytes.len() > CALL_BYTES {
        return Err(JournalError::TooLong(bytes.len()));
    }
    let rest = bytes.strip_prefix(MAGIC).ok_or(JournalError::NotAJournal)?;
    let (version, mut rest) = rest.split_first().ok_or(JournalError::NotAJournal)?;
    if *version != VERSION {
        return Err(JournalError::Version(*version));
    }
    let mut time = Duration::ZERO;
    let beginning = match frame::read(rest) {
        Ok((body, after)) => {
            rest = after;
            record(body, &mut time).map_err(|bad| JournalError::NoBeginning(bad.to_string()))?
        }
        Err(Stop::End | Stop::Cut) => return Err(JournalError::NoBeginning("the file ends before it".to_owned())),
        Err(Stop::Damaged) => return Err(JournalError::NoBeginning(DAMAGED.to_owned())),
    };
    let mut entries = Vec::new();
    let stopped = loop {
        let at = bytes.len() - rest.len();
        match frame::read(rest) {
            Ok((body, after)) => match record(body, &mut time) {
                Ok(entry) => {
                    entries.push((time, entry));
                    rest = after;
                }
                Err(bad) => {
                    let why = bad.to_string();
                    break Stopped::Damaged { at, why };
                }
            },
            Err(Stop::End) => break Stopped::AtEnd,
            Err(Stop::Cut) => break Stopped::Cut { at },
            Err(Stop::Damaged) => {
                let why = DAMAGED.to_owned();
                break Stopped::Damaged { at, why };
            }
        }
    };
    Ok(ReadJournal {
        beginning,
        entries,
        stopped,
    })
}

const DAMAGED: &str = "its checksum is wrong";

/// Reads a record and moves the time on.
fn record<T: Wire>(body: &[u8], time: &mut Duration) -> Result<T, Bad> {
    let mut page = Page::new(body);
    let after = Duration::from_micros(page.number()?);
    let value = T::get(&mut page)?;
    page.end()?;
    *time = time.checked_add(after).ok_or(Bad::Number)?;
    Ok(value)
}
