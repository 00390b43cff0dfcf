//! Writing a number the way a trunk wants it: called numbers and caller ids alike. Not which caller id may be shown
//! ([`crate::policy`]).

use super::{Code, E164, MAX_TECH_PREFIX_CHARS, Number, PlanError, Prefix};
use crate::private::Private;

/// Most digits of a national or international prefix.
const MAX_STYLE_PREFIX_DIGITS: usize = 8;

/// How a trunk wants its numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NumberFormat {
    /// The form of the number.
    pub style: Style,
    /// Put before every international number, whatever its form; not before codes.
    pub tech_prefix: Option<TechPrefix>,
}

/// The form of a number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Style {
    /// `+4930123456`.
    #[default]
    Plus,
    /// `4930123456`.
    Digits,
    /// `004930123456`: with this international prefix instead of the `+`.
    International {
        /// `00`, `011`.
        prefix: String,
    },
    /// `030123456` for numbers of the trunk's country, the international form for all others.
    National {
        /// The trunk's country code without `+`.
        country_code: String,
        /// Before national numbers: `0`, `1`, or nothing.
        national_prefix: String,
        /// Before all others: `00`, `011`, `+`.
        international_prefix: String,
    },
}

/// What a trunk demands before a number, to find the customer or the quality: 1 to 16 of `0-9A-Za-z*#`. It can act as a
/// password, so its text is a placeholder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TechPrefix(Private<String>);

impl TechPrefix {
    /// A technical prefix.
    ///
    /// # Errors
    /// Other characters, none, or too many.
    pub fn new(text: &str) -> Result<TechPrefix, PlanError> {
        let fits = (1..=MAX_TECH_PREFIX_CHARS).contains(&text.len());
        if fits
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'*' | b'#'))
        {
            return Ok(TechPrefix(Private::new(text.to_owned())));
        }
        Err(PlanError {
            setting: "tech_prefix",
            index: 0,
            right: "1 to 16 of 0-9A-Za-z*#",
        })
    }
}

impl NumberFormat {
    /// Checks its prefixes: digits, eight at most; `+` is fine as international prefix.
    ///
    /// # Errors
    /// The first that cannot be used.
    pub fn check(&self) -> Result<(), PlanError> {
        let wrong = |setting, right| PlanError {
            setting,
            index: 0,
            right,
        };
        let digits = |text: &str| text.len() <= MAX_STYLE_PREFIX_DIGITS && text.bytes().all(|b| b.is_ascii_digit());
        let abroad = |text: &str| text == "+" || (digits(text) && !text.is_empty());
        match &self.style {
            Style::Plus | Style::Digits => Ok(()),
            Style::International { prefix } if abroad(prefix) => Ok(()),
            Style::National { country_code, .. }
                if country_code.starts_with('+') || Prefix::new(country_code).is_none() =>
            {
                Err(wrong("country_code", "a country code without +, like 49"))
            }
            Style::National { national_prefix, .. } if !digits(national_prefix) => {
                Err(wrong("national_prefix", "up to eight digits, or nothing"))
            }
            Style::National {
                international_prefix, ..
            } if abroad(international_prefix) => Ok(()),
            Style::International { .. } | Style::National { .. } => {
                Err(wrong("international_prefix", "one to eight digits like 00, or +"))
            }
        }
    }

    /// The number as this trunk wants it. Codes go as they were dialled.
    pub fn write(&self, number: &Number) -> Private<String> {
        match number {
            Number::E164(number) => self.write_e164(number),
            Number::Short(code) | Number::Emergency(code) => write_code(code),
        }
    }

    /// An international number as this trunk wants it.
    pub fn write_e164(&self, number: &E164) -> Private<String> {
        let digits = number.digits();
        let formatted = match &self.style {
            Style::Plus => number.reveal().to_owned(),
            Style::Digits => digits.to_owned(),
            Style::International { prefix } => format!("{prefix}{digits}"),
            Style::National {
                country_code,
                national_prefix,
                international_prefix,
            } => {
                if number.country_code() == country_code {
                    format!("{national_prefix}{}", number.national())
                } else {
                    format!("{international_prefix}{digits}")
                }
            }
        };
        Private::new(match &self.tech_prefix {
            Some(TechPrefix(prefix)) => format!("{}{formatted}", prefix.reveal()),
            None => formatted,
        })
    }
}

fn write_code(code: &Code) -> Private<String> {
    Private::new(code.reveal().to_owned())
}
