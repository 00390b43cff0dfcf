//! Values of more than one word: lists, tables inside tables, amounts of money, secrets. A secret is never repeated in a
//! sentence.

use super::{ConfigError, Table};
use patchcord_control::destinations::Micros;
use std::path::Path;
use toml::Spanned;
use toml::de::DeValue;

/// Longest secret in bytes; a longer one is refused.
const SECRET_BYTES_MAX: usize = 1_024;
/// Digits of a micro-unit after the point.
const DECIMALS: usize = 6;

impl<'a> Table<'a> {
    /// A list of texts or whole numbers, each of which means something; `right` says what would be right. Empty if it is
    /// not there.
    pub(in crate::config) fn list<T>(
        &self,
        key: &str,
        right: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<T>, ConfigError> {
        let Some(value) = self.get(key) else {
            return Ok(Vec::new());
        };
        let DeValue::Array(values) = value.get_ref() else {
            let shown = self.shown(value);
            return Err(self.wrong(
                key,
                &format!("{shown} is not possible here: give a list such as [\"a\", \"b\"], each {right}"),
            ));
        };
        let read = |value: &'a Spanned<DeValue<'a>>| {
            let parsed = self.text(value).and_then(&parse);
            parsed.ok_or_else(|| {
                let shown = self.shown(value);
                self.wrong(key, &format!("{shown} is not possible here: give {right}"))
            })
        };
        values.iter().map(read).collect()
    }

    /// An amount of money such as `0.025`, as a number or a text, to the millionth.
    pub(in crate::config) fn money(&self, key: &str) -> Result<Option<Micros>, ConfigError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        match self.text(value).and_then(micros) {
            Some(micros) => Ok(Some(micros)),
            None => Err(self.wrong(
                key,
                &format!(
                    "{} is not possible here: give an amount such as 0.025, with six decimals at most",
                    self.shown(value)
                ),
            )),
        }
    }

    /// A secret: itself, `env:NAME` for a variable of the environment, or `file:PATH` for the first line of a file.
    pub(in crate::config) fn secret(&self, key: &str) -> Result<Option<String>, ConfigError> {
        const RIGHT: &str = "give it as a text, as \"env:NAME\" or as \"file:PATH\"";
        let Some(value) = self.get(key) else { return Ok(None) };
        let Some(text) = value.get_ref().as_str() else {
            return Err(self.wrong(key, &format!("this is no text: {RIGHT}")));
        };
        let secret = if let Some(name) = text.strip_prefix("env:") {
            std::env::var(name).map_err(|_| {
                let sentence = format!("the environment has no variable {name:?}: set it before the start");
                self.wrong(key, &sentence)
            })?
        } else if let Some(path) = text.strip_prefix("file:") {
            let path = self.source.file.parent().unwrap_or(Path::new("")).join(path);
            let text = std::fs::read_to_string(&path)
                .map_err(|why| self.wrong(key, &format!("{} cannot be read: {why}", path.display())))?;
            text.lines().next().unwrap_or_default().to_owned()
        } else {
            text.to_owned()
        };
        let fits = (1..=SECRET_BYTES_MAX).contains(&secret.len()) && !secret.contains(char::is_control);
        match fits {
            true => Ok(Some(secret)),
            false => Err(self.wrong(
                key,
                "it is empty, too long or has control characters: give 1 to 1024 bytes of text",
            )),
        }
    }

    fn text(&self, value: &'a Spanned<DeValue<'a>>) -> Option<&'a str> {
        match value.get_ref() {
            DeValue::String(text) => Some(text.as_ref()),
            DeValue::Integer(_) | DeValue::Float(_) => Some(self.shown(value)),
            _ => None,
        }
    }
}

/// Millionths of an amount; none for signs, exponents, more decimals than fit, and amounts that do not.
fn micros(text: &str) -> Option<Micros> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(part) || part.len() > DECIMALS {
        return None;
    }
    let part: u64 = format!("{part:0<DECIMALS$}").parse().ok()?;
    let whole: u64 = whole.parse().ok()?;
    whole.checked_mul(1_000_000)?.checked_add(part).map(Micros)
}
