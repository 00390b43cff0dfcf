//! TOML tables read key by key, with a sentence for everything that is wrong: file, line, key, what would be right. Knows
//! nothing of what the keys mean.

mod values;

use std::fmt;
use std::io;
use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};
use std::time::Duration;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What is wrong with a configuration file, in one sentence with file and line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    file: PathBuf,
    /// From 1; none if it is about the whole file.
    line: Option<usize>,
    sentence: String,
}

impl ConfigError {
    pub(super) fn unreadable(file: &Path, why: &io::Error) -> Self {
        let sentence = format!("cannot be read: {why}; give the path of a file with --config");
        Self {
            file: file.to_owned(),
            line: None,
            sentence,
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.sentence)
    }
}

impl std::error::Error for ConfigError {}

/// A file's name and text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) file: &'a Path,
    pub(super) text: &'a str,
}

impl<'a> Source<'a> {
    /// The document, if it is TOML.
    pub(super) fn document(&self) -> Result<Spanned<DeTable<'a>>, ConfigError> {
        DeTable::parse(self.text).map_err(|error| {
            let message = error.message().lines().next().unwrap_or_default().to_owned();
            self.error(error.span().unwrap_or_default(), format!("this is not TOML: {message}"))
        })
    }

    /// The document's outermost table.
    pub(super) fn root<'t>(
        self,
        document: &'t Spanned<DeTable<'a>>,
        known: &'static [&'static str],
    ) -> Result<Table<'t>, ConfigError>
    where
        'a: 't,
    {
        let table = Table {
            source: self,
            name: String::new(),
            keys: Some(document.get_ref()),
            at: 0..0,
        };
        table.only(known)?;
        Ok(table)
    }

    fn error(&self, at: Range<usize>, sentence: String) -> ConfigError {
        let before = self.text.as_bytes().get(..at.start).unwrap_or(self.text.as_bytes());
        ConfigError {
            file: self.file.to_owned(),
            line: Some(before.iter().filter(|byte| **byte == b'\n').count() + 1),
            sentence,
        }
    }
}

/// A table of the file, or a table that is not there and has no keys.
#[derive(Debug)]
pub(super) struct Table<'a> {
    source: Source<'a>,
    /// As the file spells it, such as `[sip]`; empty for the whole file.
    name: String,
    keys: Option<&'a DeTable<'a>>,
    at: Range<usize>,
}

impl<'a> Table<'a> {
    /// A table in this one. All its keys must be known.
    pub(super) fn section(&self, name: &str, known: &[&str]) -> Result<Table<'a>, ConfigError> {
        let Some(value) = self.get(name) else {
            return Ok(self.below(format!("[{name}]"), None, self.at.clone()));
        };
        let DeValue::Table(keys) = value.get_ref() else {
            return Err(self.wrong(name, &format!("this is a section: write it as [{name}]")));
        };
        let table = self.below(format!("[{name}]"), Some(keys), value.span());
        table.only(known)?;
        Ok(table)
    }

    /// All tables of this name in this one, in order.
    pub(super) fn sections(&self, name: &str, known: &[&str]) -> Result<Vec<Table<'a>>, ConfigError> {
        let Some(value) = self.get(name) else {
            return Ok(Vec::new());
        };
        let not_many = || {
            self.wrong(
                name,
                &format!("there may be several of these: write each as [[{name}]]"),
            )
        };
        let DeValue::Array(values) = value.get_ref() else {
            return Err(not_many());
        };
        let read = |value: &'a Spanned<DeValue<'a>>| {
            let DeValue::Table(keys) = value.get_ref() else {
                return Err(not_many());
            };
            let table = self.below(format!("[[{name}]]"), Some(keys), value.span());
            table.only(known)?;
            Ok(table)
        };
        values.iter().map(read).collect()
    }

    /// A text that means something; `right` says what would be right.
    pub(super) fn parsed<T>(
        &self,
        key: &str,
        right: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let parsed = value.get_ref().as_str().and_then(parse);
        match parsed {
            Some(parsed) => Ok(Some(parsed)),
            None => Err(self.wrong(
                key,
                &format!("{} is not possible here: give {right}", self.shown(value)),
            )),
        }
    }

    /// The same, and it must be there.
    pub(super) fn required<T>(
        &self,
        key: &str,
        right: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<T, ConfigError> {
        let value = self.parsed(key, right, parse)?;
        value.ok_or_else(|| self.wrong(key, &format!("it is missing: give {right}")))
    }

    /// A text that means something or a list of them; none if the key is not there.
    pub(super) fn parsed_list<T>(
        &self,
        key: &str,
        right: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<T>, ConfigError> {
        let Some(value) = self.get(key) else {
            return Ok(Vec::new());
        };
        let one = |value: &Spanned<DeValue<'a>>| value.get_ref().as_str().and_then(&parse);
        let parsed: Option<Vec<T>> = match value.get_ref() {
            DeValue::Array(values) if !values.is_empty() => values.iter().map(one).collect(),
            _ => one(value).map(|one| vec![one]),
        };
        parsed.ok_or_else(|| {
            let shown = self.shown(value);
            self.wrong(
                key,
                &format!("{shown} is not possible here: give {right}, or a list of them"),
            )
        })
    }

    /// A whole number of a range.
    pub(super) fn number(&self, key: &str, range: RangeInclusive<u64>) -> Result<Option<u64>, ConfigError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let integer = value.get_ref().as_integer();
        let number = integer.and_then(|integer| u64::from_str_radix(integer.as_str(), integer.radix()).ok());
        if let Some(number) = number.filter(|number| range.contains(number)) {
            return Ok(Some(number));
        }
        let (least, most) = (range.start(), range.end());
        let shown = self.shown(value);
        Err(self.wrong(
            key,
            &format!("{shown} is not possible here: give a whole number from {least} to {most}"),
        ))
    }

    /// The same, in seconds.
    pub(super) fn seconds(&self, key: &str, range: RangeInclusive<u64>) -> Result<Option<Duration>, ConfigError> {
        Ok(self.number(key, range)?.map(Duration::from_secs))
    }

    /// Whether the key is there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// An error about a key, at its line; at the table's if the key is not there.
    pub(super) fn wrong(&self, key: &str, sentence: &str) -> ConfigError {
        let at = self.get(key).map_or(self.at.clone(), Spanned::span);
        let name = if self.name.is_empty() {
            key.to_owned()
        } else {
            format!("{} {key}", self.name)
        };
        self.source.error(at, format!("{name}: {sentence}"))
    }

    fn get(&self, key: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.keys?.get(key)
    }

    fn below(&self, name: String, keys: Option<&'a DeTable<'a>>, at: Range<usize>) -> Table<'a> {
        Table {
            source: self.source,
            name,
            keys,
            at,
        }
    }

    fn only(&self, known: &[&str]) -> Result<(), ConfigError> {
        let unknown = self
            .keys
            .into_iter()
            .flatten()
            .find(|(key, _)| !known.contains(&key.get_ref().as_ref()));
        let Some((key, _)) = unknown else { return Ok(()) };
        let spelled = key.get_ref();
        let hint = match nearest(spelled, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("there are {}", known.join(", ")),
        };
        let place = if self.name.is_empty() { "the file" } else { &self.name };
        Err(self
            .source
            .error(key.span(), format!("{place} has no key `{spelled}`: {hint}")))
    }

    /// A value as the file spells it.
    fn shown(&self, value: &Spanned<DeValue<'_>>) -> &'a str {
        let text = self.source.text.get(value.span()).unwrap_or_default();
        text.lines().next().unwrap_or_default()
    }
}

/// The name that was probably meant: at most two letters wrong, and fewer than half of them.
pub(super) fn nearest<'n>(spelled: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    // A key of a book's length is no slip of the fingers.
    let names = names.filter(|name| spelled.len().abs_diff(name.len()) <= 2);
    let near = names.map(|name| (distance(spelled, name), name));
    let near = near.filter(|(distance, name)| *distance <= 2 && *distance * 2 < name.len().max(2));
    // Of several, the one that stands first.
    near.min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}

/// Letters changed, added, left out or swapped with their neighbour, in bytes (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = match (i, j) {
                (0, edge) | (edge, 0) => edge,
                _ => {
                    let changed = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                    let swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                    let swapped = if swapped { rows[i - 2][j - 2] + 1 } else { changed };
                    changed.min(swapped).min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1)
                }
            };
        }
    }
    rows[a.len()][b.len()]
}
