//! Why a dialled text is no number: what is wrong, where, and what would be right. Never the text itself.

use std::fmt;

/// A dialled text that is no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberError {
    /// What is wrong.
    pub problem: NumberProblem,
    /// At which byte of the dialled text, from 0.
    pub at: usize,
}

impl NumberError {
    pub(super) fn new(problem: NumberProblem, at: usize) -> Self {
        Self { problem, at }
    }
}

/// What is wrong with a dialled text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberProblem {
    /// There are no digits.
    Empty,
    /// More bytes, digits or parameters than a dialled text may have.
    TextTooLong {
        /// The most allowed.
        most: usize,
        /// How many there are.
        asked: usize,
    },
    /// A character that has no place in a number.
    Character,
    /// A percent sign without two hexadecimal digits.
    Escape,
    /// Another URI than `tel:`.
    Scheme,
    /// A local number of a tel URI without the context RFC 3966 demands.
    NoContext,
    /// A context that is neither a global prefix nor a domain name.
    Context,
    /// An extension, which belongs to no number.
    Extension,
    /// An international number without its `+`, where only that form is read.
    NoPlus,
    /// An international number beginning with 0.
    NoCountryCode,
    /// A 0 after the country code, where that country has none.
    TrunkPrefixInside,
    /// A number under +1 that is not NXX-NXX-XXXX with N from 2 to 9.
    NotNorthAmerican,
    /// Too few digits.
    TooShort {
        /// The fewest allowed.
        least: usize,
        /// How many there are.
        digits: usize,
    },
    /// Too many digits.
    TooLong {
        /// The most allowed.
        most: usize,
        /// How many there are.
        digits: usize,
    },
    /// A service code (with `*` or `#`) that the plan does not name.
    UnknownCode,
    /// Digits without any prefix, which this plan does not accept.
    NoPrefix,
    /// A national or local number, but the plan names no home country.
    NoHome,
}

impl fmt::Display for NumberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "dialled number, byte {}: {}", self.at, self.problem)
    }
}

impl std::error::Error for NumberError {}

impl fmt::Display for NumberProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("there are no digits; dial a number like +<country code><number>"),
            Self::TextTooLong { most, asked } => {
                write!(f, "{asked} is too long for one number; at most {most} are read")
            }
            Self::Character => f.write_str(
                "this character is not part of a number; write digits, a leading +, and - . ( ) / or spaces",
            ),
            Self::Escape => f.write_str("a percent sign needs two hexadecimal digits after it, as in %2B"),
            Self::Scheme => f.write_str("this is not a tel: URI; give a tel: URI or the user part of a SIP address"),
            Self::NoContext => f.write_str("a tel: URI without + needs ;phone-context= (RFC 3966 section 5.1.5)"),
            Self::Context => f.write_str("phone-context must be + and digits, or a domain name"),
            Self::Extension => {
                f.write_str("an extension cannot be dialled; dial the number and send the extension as keys")
            }
            Self::NoPlus => f.write_str("an international number begins with +"),
            Self::NoCountryCode => f.write_str("no country code begins with 0; write +<country code><number>"),
            Self::TrunkPrefixInside => f.write_str("after this country code there is no 0; leave it out"),
            Self::NotNorthAmerican => f.write_str("a number under +1 has ten digits, its first and fourth from 2 to 9"),
            Self::TooShort { least, digits } => write!(f, "{digits} digits are too few, at least {least} are needed"),
            Self::TooLong { most, digits } => write!(f, "{digits} digits are too many, at most {most} are possible"),
            Self::UnknownCode => f.write_str("the dial plan names no such service code"),
            Self::NoPrefix => {
                f.write_str("this dial plan does not read digits without a prefix; write +<country code><number>")
            }
            Self::NoHome => {
                f.write_str("the dial plan has no home country, so only +<country code><number> can be read")
            }
        }
    }
}
