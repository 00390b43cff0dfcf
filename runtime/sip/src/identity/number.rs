//! Telephone numbers and addresses in the one form that is signed and compared. RFC 8224 8.3 and 8.5. Not a dial plan:
//! a number in a local format stays local, whoever knows the country makes it E.164 first.

use std::fmt;

use crate::identity::{ADDRESS_BYTES, NUMBER_DIGITS};
use crate::uri::{Scheme, Uri};

/// A canonical number: 1..=15 of the characters `0-9*#`, no plus, no separators. `Debug` tells only its length.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(Box<str>);

/// An end of a call as a token names it. `Debug` tells only which kind it is.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Party {
    /// A telephone number (`tn`).
    Number(Number),
    /// A SIP address without parameters, port and password, scheme and host in lower case (`uri`).
    Address(Box<str>),
}

impl Number {
    /// Reads a number, dropping one leading `+` and the visual separators `-`, `.`, `(`, `)` and space.
    /// `None` if anything else remains, nothing remains, or it is longer than [`NUMBER_DIGITS`].
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim_ascii();
        let bare = text.strip_prefix('+').unwrap_or(text);
        let mut digits = String::with_capacity(NUMBER_DIGITS);
        for letter in bare.chars() {
            match letter {
                '0'..='9' | '*' | '#' if digits.len() < NUMBER_DIGITS => digits.push(letter),
                '-' | '.' | '(' | ')' | ' ' => {}
                _ => return None,
            }
        }
        (!digits.is_empty()).then(|| Self(digits.into()))
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Party {
    /// The party an address of From, To or P-Asserted-Identity stands for: a number for `tel:`, for `user=phone` and for
    /// a user part that reads as a number; else the address. `None` for other schemes, and for one too long to sign.
    pub fn of(uri: &Uri) -> Option<Self> {
        let user = uri.user().unwrap_or_default();
        match uri.scheme() {
            Scheme::Tel => Number::parse(user).map(Self::Number),
            Scheme::Sip | Scheme::Sips => number_in(user).map(Self::Number).or_else(|| address(uri)),
            Scheme::Urn | Scheme::Other => None,
        }
    }

    /// Reads the `uri` claim of a token.
    pub(super) fn of_claim(text: &str) -> Option<Self> {
        address(&Uri::parse(text).ok()?)
    }

    /// The number, if it is one.
    pub fn number(&self) -> Option<&Number> {
        match self {
            Self::Number(number) => Some(number),
            Self::Address(_) => None,
        }
    }
}

impl From<Number> for Party {
    fn from(number: Number) -> Self {
        Self::Number(number)
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Number({} digits)", self.0.len())
    }
}

impl fmt::Debug for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Address(text) => write!(f, "Address({} bytes)", text.len()),
        }
    }
}

/// The number in a user part: parameters (`;npdi`, `;phone-context`) cut off, `%2B`, `%23` and `%2A` undone.
fn number_in(user: &str) -> Option<Number> {
    let user = user.split(';').next().unwrap_or_default();
    if !user.contains('%') {
        return Number::parse(user);
    }
    let plain = user
        .replace("%2B", "+")
        .replace("%2b", "+")
        .replace("%23", "#")
        .replace("%2A", "*")
        .replace("%2a", "*");
    Number::parse(&plain)
}

fn address(uri: &Uri) -> Option<Party> {
    let scheme = match uri.scheme() {
        Scheme::Sip => "sip",
        Scheme::Sips => "sips",
        Scheme::Tel | Scheme::Urn | Scheme::Other => return None,
    };
    let host = uri.host().to_ascii_lowercase();
    let text = match uri.user() {
        Some(user) => format!("{scheme}:{user}@{host}"),
        None => format!("{scheme}:{host}"),
    };
    (text.len() <= ADDRESS_BYTES).then(|| Party::Address(text.into()))
}

#[cfg(test)]
mod tests;
