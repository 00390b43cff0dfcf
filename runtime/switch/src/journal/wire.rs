//! How values stand in a journal: bytes on one side, the words of the contract on the other. One list of fields or variants
//! makes writing, reading, showing and (in tests) making up a value, so none of them can be forgotten.
//!
//! **A new variant** of an ask, an answer or a word: the compiler names the list that lacks it (`asks.rs`, `answers.rs`,
//! `words.rs`); add it there with the next free number. A number is never used for something else, and a variant never
//! changes its fields without a new [`VERSION`](super::VERSION).

use memchr::memmem;
use patchcord_control::grants::Grants;
use std::fmt;

/// Bytes of a number at most: seven bits in each.
const NUMBER_BYTES: usize = 10;
/// What stands for something private when it is shown.
const PRIVATE: &str = "<private>";

/// What becomes of private values: numbers, keys, headers, texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum PrivateValues {
    /// They are kept, so that a call can be replayed exactly.
    #[default]
    Keep,
    /// Digits become 0 and letters x, so that only their number is left.
    Hide,
}

/// Whether private values are shown to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Show {
    /// They are.
    Everything,
    /// They are not.
    Harmless,
}

/// What is wrong with bytes that should hold a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bad {
    /// They end in the middle of it.
    Short,
    /// There are more than it has.
    Long,
    /// A number that does not fit.
    Number,
    /// Not UTF-8.
    Text,
    /// A kind that this version does not know.
    Kind {
        /// Of what.
        of: &'static str,
        /// Its number.
        tag: u8,
    },
}

impl fmt::Display for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bad::Short => f.write_str("it ends too early"),
            Bad::Long => f.write_str("it is longer than what it holds"),
            Bad::Number => f.write_str("a number in it does not fit its place"),
            Bad::Text => f.write_str("a text in it is not UTF-8"),
            Bad::Kind { of, tag } => write!(f, "it has a {of} number {tag}, which this version does not know"),
        }
    }
}

/// Where values are written.
pub(crate) struct Sheet<'a> {
    bytes: &'a mut Vec<u8>,
    private: PrivateValues,
    /// Texts are private too, as those of SIP headers.
    texts: PrivateValues,
    hidden: usize,
    /// In the place of these stand-ins are written, whatever the policy says.
    secrets: Option<&'a Grants>,
}

impl<'a> Sheet<'a> {
    pub(crate) fn new(bytes: &'a mut Vec<u8>, private: PrivateValues) -> Self {
        Self {
            bytes,
            private,
            texts: PrivateValues::Keep,
            hidden: 0,
            secrets: None,
        }
    }

    /// The same, without the secrets of a handler.
    pub(crate) fn without(self, secrets: &'a Grants) -> Self {
        Self {
            secrets: Some(secrets),
            ..self
        }
    }

    /// From now on every text is as private as the private ones.
    pub(crate) fn texts_are_private(&mut self) {
        self.texts = self.private;
    }

    /// Values that were hidden.
    pub(crate) fn hidden(&self) -> usize {
        self.hidden
    }

    pub(crate) fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    pub(crate) fn number(&mut self, mut number: u64) {
        while number > 0x7f {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    fn text(&mut self, text: &str, private: PrivateValues) {
        match private {
            PrivateValues::Keep => {
                self.number(text.len() as u64);
                self.readable(text.as_bytes());
            }
            PrivateValues::Hide => {
                self.hidden += 1;
                self.number(text.chars().count() as u64);
                self.bytes.extend(text.chars().map(masked));
            }
        }
    }

    /// Writes bytes of any kind.
    fn private_bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        match self.private {
            PrivateValues::Keep => self.readable(bytes),
            PrivateValues::Hide => {
                self.hidden += 1;
                self.bytes.extend(bytes.iter().map(|byte| masked(char::from(*byte))));
            }
        }
    }

    /// Writes what can be read in a journal, but for the secrets in it. A stand-in is as long as what it stands for.
    fn readable(&mut self, bytes: &[u8]) {
        let from = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        for secret in self.secrets.into_iter().flat_map(Grants::secrets) {
            let secret = secret.reveal().as_bytes();
            let mut at = from;
            while let Some(place) = memmem::find(&self.bytes[at..], secret) {
                let end = at + place + secret.len();
                for byte in &mut self.bytes[at + place..end] {
                    *byte = masked(char::from(*byte));
                }
                self.hidden += 1;
                at = end;
            }
        }
    }

    /// Writes a text that no journal may hold: a password.
    fn secret(&mut self, text: &str) {
        self.text(text, PrivateValues::Hide);
    }
}

/// What stands for a character of something hidden. Signs that say what kind of address it is stay.
fn masked(c: char) -> u8 {
    match c {
        '0'..='9' | '*' | '#' => b'0',
        '+' | '@' | ':' | '.' | '/' => c as u8,
        _ => b'x',
    }
}

/// Where values are read from.
pub(crate) struct Page<'a> {
    rest: &'a [u8],
}

impl<'a> Page<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Nothing may be left.
    pub(crate) fn end(&self) -> Result<(), Bad> {
        if self.rest.is_empty() { Ok(()) } else { Err(Bad::Long) }
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Bad> {
        let (first, rest) = self.rest.split_first().ok_or(Bad::Short)?;
        self.rest = rest;
        Ok(*first)
    }

    pub(crate) fn number(&mut self) -> Result<u64, Bad> {
        let mut number = 0_u64;
        for place in 0..NUMBER_BYTES {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if place + 1 == NUMBER_BYTES && bits > 1 {
                return Err(Bad::Number);
            }
            number |= bits << (7 * place);
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Bad::Number)
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Bad> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Bad::Short)?;
        self.rest = rest;
        Ok(taken)
    }

    /// A count of things of at least one byte each: there cannot be more than there are bytes.
    fn count(&mut self) -> Result<usize, Bad> {
        let count = usize::try_from(self.number()?).map_err(|_| Bad::Number)?;
        if count > self.rest.len() {
            return Err(Bad::Short);
        }
        Ok(count)
    }
}

/// A value that can stand in a journal.
pub(crate) trait Wire: Sized {
    /// The numbers of its variants.
    #[cfg(test)]
    const TAGS: &'static [u8] = &[0];

    /// Writes it.
    fn put(&self, to: &mut Sheet<'_>);
    /// Reads it.
    fn get(from: &mut Page<'_>) -> Result<Self, Bad>;
    /// Shows it to a person.
    fn show(&self, show: Show, f: &mut fmt::Formatter<'_>) -> fmt::Result;
    /// Makes one up.
    #[cfg(test)]
    fn sample(dice: &mut tests::Dice) -> Self;
    /// Makes up one of a variant.
    #[cfg(test)]
    fn sample_of(_tag: u8, dice: &mut tests::Dice) -> Self {
        Self::sample(dice)
    }
}

/// A value as a person sees it; `{:#?}` gives a line to each field.
pub(crate) struct Seen<'a, T>(pub(crate) &'a T, pub(crate) Show);

impl<T: Wire> fmt::Debug for Seen<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.show(self.1, f)
    }
}

/// A struct by its fields.
macro_rules! wire_struct {
    ($type:ident { $($field:ident),* $(,)? }) => {
        impl Wire for $type {
            fn put(&self, to: &mut Sheet<'_>) {
                let Self { $($field),* } = self;
                $($field.put(to);)*
            }
            fn get(from: &mut Page<'_>) -> Result<Self, Bad> {
                Ok(Self { $($field: Wire::get(from)?),* })
            }
            fn show(&self, show: Show, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let Self { $($field),* } = self;
                f.debug_struct(stringify!($type))$(.field(stringify!($field), &Seen($field, show)))*.finish()
            }
            #[cfg(test)]
            fn sample(dice: &mut Dice) -> Self {
                Self { $($field: Wire::sample(dice)),* }
            }
        }
    };
}

/// An enum by its variants, each with its number and without fields, with named ones, or with one.
macro_rules! wire_enum {
    ($type:ident { $($tag:literal = $variant:ident
        $({ $($field:ident),* $(,)? })? $(( $inner:ident ))?),* $(,)? }) => {
        impl Wire for $type {
            #[cfg(test)]
            const TAGS: &'static [u8] = &[$($tag),*];

            fn put(&self, to: &mut Sheet<'_>) {
                match self {
                    $(Self::$variant $({ $($field),* })? $(( $inner ))? => {
                        to.byte($tag);
                        $($($field.put(to);)*)?
                        $($inner.put(to);)?
                    })*
                }
            }
            fn get(from: &mut Page<'_>) -> Result<Self, Bad> {
                match from.byte()? {
                    $($tag => Ok(Self::$variant $({ $($field: Wire::get(from)?),* })?
                        $(({ let $inner = Wire::get(from)?; $inner }))?),)*
                    tag => Err(Bad::Kind { of: stringify!($type), tag }),
                }
            }
            fn show(&self, _show: Show, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$variant $({ $($field),* })? $(( $inner ))? => {
                        wire_enum!(@show f, _show, $variant $({ $($field),* })? $(( $inner ))?)
                    })*
                }
            }
            #[cfg(test)]
            fn sample(dice: &mut Dice) -> Self {
                let tag = Self::TAGS[dice.below(Self::TAGS.len())];
                Self::sample_of(tag, dice)
            }
            #[cfg(test)]
            fn sample_of(tag: u8, _dice: &mut Dice) -> Self {
                match tag {
                    $($tag => Self::$variant $({ $($field: Wire::sample(_dice)),* })?
                        $(({ let $inner = Wire::sample(_dice); $inner }))?,)*
                    tag => unreachable!("{} has no variant {tag}", stringify!($type)),
                }
            }
        }
    };
    (@show $f:ident, $show:ident, $variant:ident) => {
        $f.write_str(stringify!($variant))
    };
    (@show $f:ident, $show:ident, $variant:ident { $($field:ident),* }) => {
        $f.debug_struct(stringify!($variant))$(.field(stringify!($field), &Seen($field, $show)))*.finish()
    };
    (@show $f:ident, $show:ident, $variant:ident ( $inner:ident )) => {
        $f.debug_tuple(stringify!($variant)).field(&Seen($inner, $show)).finish()
    };
}

/// A number with a name of its own.
macro_rules! wire_newtype {
    ($($type:ident),* $(,)?) => {$(
        impl Wire for $type {
            fn put(&self, to: &mut Sheet<'_>) {
                self.0.put(to);
            }
            fn get(from: &mut Page<'_>) -> Result<Self, Bad> {
                Wire::get(from).map(Self)
            }
            fn show(&self, show: Show, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.show(show, f)
            }
            #[cfg(test)]
            fn sample(dice: &mut Dice) -> Self {
                Self(Wire::sample(dice))
            }
        }
    )*};
}

pub(crate) use {wire_enum, wire_newtype, wire_struct};

mod plain;

#[cfg(test)]
pub(crate) mod tests;
