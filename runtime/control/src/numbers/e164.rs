//! E.164 numbers and prefixes as fixed-size values. Not how they are dialled. ITU-T E.164 (length, country codes) and
//! the North American Numbering Plan (NANPA: area code and central-office code both begin with 2 to 9).

use super::error::{NumberError, NumberProblem};
use super::{MAX_E164_DIGITS, MIN_E164_DIGITS};
use std::fmt;

/// A `+` and up to 15 digits; the rest is zero bytes, so comparing bytes compares digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Digits {
    text: [u8; MAX_E164_DIGITS + 1],
    len: u8,
}

impl Digits {
    /// None if a character is no digit, or there are more than fifteen.
    fn new(digits: &str) -> Option<Digits> {
        if digits.len() > MAX_E164_DIGITS || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let mut text = [0; MAX_E164_DIGITS + 1];
        text[0] = b'+';
        text[1..=digits.len()].copy_from_slice(digits.as_bytes());
        let len = u8::try_from(digits.len() + 1).expect("sixteen at most");
        Some(Digits { text, len })
    }

    fn with_plus(&self) -> &str {
        std::str::from_utf8(&self.text[..usize::from(self.len)]).expect("only ASCII is stored")
    }

    fn without_plus(&self) -> &str {
        &self.with_plus()[1..]
    }
}

/// An international telephone number. Its text is a placeholder; only [`E164::reveal`] gives the number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct E164(Digits);

impl E164 {
    /// Reads `+` and 7 to 15 digits, nothing else.
    ///
    /// # Errors
    /// What is wrong, at which byte, and what would be right.
    pub fn parse(text: &str) -> Result<E164, NumberError> {
        let Some(digits) = text.strip_prefix('+') else {
            return Err(NumberError::new(NumberProblem::NoPlus, 0));
        };
        if let Some(at) = digits.bytes().position(|b| !b.is_ascii_digit()) {
            return Err(NumberError::new(NumberProblem::Character, at + 1));
        }
        E164::from_digits(digits).map_err(|problem| NumberError::new(problem, 1))
    }

    /// From digits without `+`; anything else in them is a [`NumberProblem::Character`].
    pub(crate) fn from_digits(digits: &str) -> Result<E164, NumberProblem> {
        if digits.len() < MIN_E164_DIGITS {
            return Err(NumberProblem::TooShort {
                least: MIN_E164_DIGITS,
                digits: digits.len(),
            });
        }
        if digits.len() > MAX_E164_DIGITS {
            return Err(NumberProblem::TooLong {
                most: MAX_E164_DIGITS,
                digits: digits.len(),
            });
        }
        let number = E164(Digits::new(digits).ok_or(NumberProblem::Character)?);
        if digits.starts_with('0') {
            return Err(NumberProblem::NoCountryCode);
        }
        let national = number.national();
        if national.starts_with('0') && !keeps_leading_zero(number.country_code()) {
            return Err(NumberProblem::TrunkPrefixInside);
        }
        if number.country_code() == "1" && !is_north_american(national) {
            return Err(NumberProblem::NotNorthAmerican);
        }
        Ok(number)
    }

    /// The number with its `+`, for the wire, the handler and the call's record; never for a log.
    pub fn reveal(&self) -> &str {
        self.0.with_plus()
    }

    /// Its digits without `+`.
    pub(crate) fn digits(&self) -> &str {
        self.0.without_plus()
    }

    /// Its country code: one to three digits. Which codes are assigned is not looked at.
    pub fn country_code(&self) -> &str {
        &self.digits()[..country_code_length(self.digits())]
    }

    /// The national number: what follows the country code. As private as the number.
    pub(crate) fn national(&self) -> &str {
        &self.digits()[country_code_length(self.digits())..]
    }
}

impl fmt::Debug for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("E164(<private>)")
    }
}

impl fmt::Display for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<private>")
    }
}

/// The beginning of international numbers: 1 to 15 digits without `+`. Configuration, so not private.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix(Digits);

impl Prefix {
    /// Reads digits with or without a leading `+`; none if there is no digit, a zero first, or anything else.
    pub fn new(text: &str) -> Option<Prefix> {
        let digits = text.strip_prefix('+').unwrap_or(text);
        if digits.is_empty() || digits.starts_with('0') {
            return None;
        }
        Digits::new(digits).map(Prefix)
    }

    /// The first `length` digits of a number; the whole number if it is not longer.
    pub(crate) fn of(number: &E164, length: usize) -> Prefix {
        let digits = number.digits();
        let digits = &digits[..length.clamp(1, digits.len())];
        Prefix(Digits::new(digits).expect("a piece of a valid number"))
    }

    /// Its digits without `+`.
    pub fn digits(&self) -> &str {
        self.0.without_plus()
    }

    /// Whether this number begins with it.
    pub fn matches(&self, number: &E164) -> bool {
        number.digits().starts_with(self.digits())
    }
}

impl fmt::Debug for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.with_plus())
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.with_plus())
    }
}

/// Country codes of two digits (ITU-T E.164 Annex, list of assigned codes); 1 and 7 have one, all others three.
const TWO_DIGIT_CODES: [&str; 44] = [
    "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48", "49", "51",
    "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81", "82", "84", "86", "90",
    "91", "92", "93", "94", "95", "98",
];

/// How many digits the country code of these digits has.
pub(super) fn country_code_length(digits: &str) -> usize {
    if digits.starts_with('1') || digits.starts_with('7') {
        return 1.min(digits.len());
    }
    let two = digits.get(..2).unwrap_or(digits);
    if TWO_DIGIT_CODES.contains(&two) {
        2
    } else {
        3.min(digits.len())
    }
}

/// Countries and services whose national numbers may begin with 0 as seen from abroad (their national numbering plans as
/// notified to the ITU). Everywhere else a 0 there is a trunk prefix that was left in, and it would hide the real
/// beginning of the number from every prefix rule.
const LEADING_ZERO_CODES: [&str; 14] = [
    "39", "225", "226", "227", "229", "241", "242", "247", "250", "378", "379", "800", "881", "992",
];

pub(super) fn keeps_leading_zero(country_code: &str) -> bool {
    LEADING_ZERO_CODES.contains(&country_code)
}

/// NXX-NXX-XXXX with N from 2 to 9 (NANPA).
fn is_north_american(national: &str) -> bool {
    let digits = national.as_bytes();
    digits.len() == 10 && matches!(digits[0], b'2'..=b'9') && matches!(digits[3], b'2'..=b'9')
}
