//! Lists in pages: an opaque cursor that holds where the last page ended (keyset), so what is added or removed meanwhile
//! neither repeats nor skips anything else. Not here: the orders, which are those of the tables.

use crate::error::{Error, Result};
use crate::value::Value;
use std::fmt::Write as _;

/// Objects of a page, if nobody says how many.
pub const LIMIT_DEFAULT: u32 = 50;
/// Most objects of a page.
pub const LIMIT_MAX: u32 = 1_000;
/// Bytes of a cursor's text.
const CURSOR_MAX: usize = 2_048;

/// Where a page ended. Its text is for giving back, not for reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    number: i64,
    name: String,
}

impl Cursor {
    /// From the text that [`Cursor::text`] gave.
    ///
    /// # Errors
    /// [`Error::Invalid`] for any other.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = Error::Invalid("cursor", "the `next` of an earlier page, unchanged");
        Self::read(text).ok_or(wrong)
    }

    fn read(text: &str) -> Option<Self> {
        if text.len() > CURSOR_MAX || !text.len().is_multiple_of(2) || !text.is_ascii() {
            return None;
        }
        let byte = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
        let bytes: Vec<u8> = (0..text.len()).step_by(2).map(byte).collect::<Option<_>>()?;
        let plain = String::from_utf8(bytes).ok()?;
        let (number, name) = plain.split_once(' ')?;
        Some(Self {
            number: number.parse().ok()?,
            name: name.to_owned(),
        })
    }

    /// As text of hexadecimal digits.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for byte in format!("{} {}", self.number, self.name).bytes() {
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    /// Where an object with this number and name stands in a list that is ordered by both.
    pub fn at(number: i64, name: &str) -> Self {
        Self {
            number,
            name: name.to_owned(),
        }
    }
}

/// Which page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paging {
    limit: u32,
    after: Option<Cursor>,
}

impl Default for Paging {
    fn default() -> Self {
        Self {
            limit: LIMIT_DEFAULT,
            after: None,
        }
    }
}

impl Paging {
    /// `limit` objects, from 1 to [`LIMIT_MAX`], after a cursor or from the start.
    ///
    /// # Errors
    /// [`Error::Invalid`] for another limit.
    pub fn new(limit: u32, after: Option<Cursor>) -> Result<Self> {
        if limit == 0 || limit > LIMIT_MAX {
            return Err(Error::Invalid("limit", "from 1 to 1,000"));
        }
        Ok(Self { limit, after })
    }

    /// One more than is shown: it tells whether there is another page.
    pub(crate) fn fetched(&self) -> Value {
        Value::from(i64::from(self.limit) + 1)
    }

    /// For lists by name or number, ascending.
    pub(crate) fn after_name(&self) -> Value {
        Value::from(self.after.as_ref().map_or("", |cursor| &cursor.name))
    }

    pub(crate) fn after_number(&self) -> Value {
        Value::from(self.after.as_ref().map_or(i64::MIN, |cursor| cursor.number))
    }

    /// For lists of the newest first.
    pub(crate) fn before_number(&self) -> Value {
        Value::from(self.after.as_ref().map_or(i64::MAX, |cursor| cursor.number))
    }

    pub(crate) fn page<T>(&self, mut items: Vec<T>, place: impl Fn(&T) -> Cursor) -> Page<T> {
        let limit = self.limit as usize;
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(place);
        Page { items, next }
    }
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// In the list's order.
    pub items: Vec<T>,
    /// Where the next page starts, if there is one.
    pub next: Option<Cursor>,
}
