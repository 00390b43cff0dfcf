//! Telephone numbers: what somebody dialled, read by a dial plan into E.164, a short code or an emergency code, and
//! written again the way a trunk wants it. Not who may be called ([`crate::destinations`]) nor over which trunk
//! ([`crate::trunks`]). ITU-T E.164 and E.123, RFC 3966 (tel URIs), RFC 3261 section 19.1.6 (numbers in SIP user parts).

mod e164;
mod error;
mod format;
mod plan;
mod read;

pub use e164::{E164, Prefix};
pub use error::{NumberError, NumberProblem};
pub use format::{NumberFormat, Style, TechPrefix};
pub use plan::{Bare, DialPlan, Home, PlanError, PlanSettings, Rewrite};

use std::fmt;
use std::sync::Arc;

/// Longest dialled text in bytes, parameters included; longer is refused unread.
pub const MAX_DIALLED_BYTES: usize = 256;
/// Most digits (and `+`, `*`, `#`) in what was dialled, before prefixes go; more is refused.
pub const MAX_DIALLED_DIGITS: usize = 32;
/// Most parameters of a tel URI; more is refused.
pub const MAX_PARAMETERS: usize = 16;
/// Fewest digits of an international number, country code included (Niue has seven).
pub const MIN_E164_DIGITS: usize = 7;
/// Most digits of an international number, country code included (E.164 section 6.2.1).
pub const MAX_E164_DIGITS: usize = 15;
/// Longest short or emergency code in characters.
pub const MAX_CODE_CHARS: usize = 8;
/// Most short codes, and most emergency codes, of one plan.
pub const MAX_CODES: usize = 128;
/// Most rewrite rules of one plan; the first that fits is applied, once.
pub const MAX_REWRITES: usize = 128;
/// Most international prefixes of one plan.
pub const MAX_INTERNATIONAL_PREFIXES: usize = 8;
/// Longest technical prefix of a trunk in characters.
pub const MAX_TECH_PREFIX_CHARS: usize = 16;

/// What was dialled, understood.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Number {
    /// A subscriber somewhere in the world.
    E164(E164),
    /// A short code that the plan names; it means something only where it was dialled.
    Short(Code),
    /// An emergency code that the plan names. It is never refused, limited or made anonymous.
    Emergency(Code),
}

/// A short or emergency code: one to eight of `0-9*#`. Private in text, as it stands in for a number.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(Arc<str>);

impl Code {
    /// A code; none if it is empty, too long, or has other characters than `0-9*#`.
    pub fn new(text: &str) -> Option<Code> {
        let fits = (1..=MAX_CODE_CHARS).contains(&text.len());
        let dialled = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'*' | b'#'));
        (fits && dialled).then(|| Code(text.into()))
    }

    /// The code itself, for the wire; never for a log.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<private>")
    }
}

#[cfg(test)]
mod tests;
