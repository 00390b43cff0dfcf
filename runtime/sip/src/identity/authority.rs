//! For which numbers a certificate was issued: the TNAuthList extension. RFC 8226 9. A service provider code says who
//! the signer is, not which numbers it has, so a list with a code permits every number (SHAKEN, ATIS-1000080).

use der::Tag;
use der::asn1::Ia5StringRef;

use super::number::{Number, Party};
use super::read::{Elements, NotDer, explicit};
use crate::identity::{AUTHORITY_ENTRIES, NUMBER_DIGITS};

/// A read TNAuthList.
#[derive(Clone)]
pub(super) struct Authority(Vec<Entry>);

#[derive(Clone)]
enum Entry {
    /// A service provider: any number.
    Provider,
    /// `count` numbers from `start`, all with as many digits.
    Range { start: Number, count: u64 },
    /// One number.
    One(Number),
}

impl Authority {
    /// `SEQUENCE OF CHOICE { spc [0], range [1], one [2] }`, all explicit.
    pub(super) fn read(der: &[u8]) -> Result<Self, NotDer> {
        let mut list = Elements::of(der, Tag::Sequence)?;
        let mut entries = Vec::new();
        while !list.is_empty() {
            if entries.len() == AUTHORITY_ENTRIES {
                return Err(NotDer);
            }
            entries.push(Entry::read(&mut list)?);
        }
        if entries.is_empty() {
            Err(NotDer)
        } else {
            Ok(Self(entries))
        }
    }

    /// Whether this caller may be vouched for. An address is nobody's number, so only a provider may.
    pub(super) fn permits(&self, caller: &Party) -> bool {
        self.0.iter().any(|entry| entry.permits(caller.number()))
    }
}

impl Entry {
    fn read(list: &mut Elements<'_>) -> Result<Self, NotDer> {
        let tag = [explicit(0), explicit(1), explicit(2)]
            .into_iter()
            .position(|tag| list.next_is(tag));
        match tag {
            Some(0) => {
                let mut inner = list.open(explicit(0))?;
                inner.next::<Ia5StringRef<'_>>()?;
                inner.end()?;
                Ok(Self::Provider)
            }
            Some(1) => {
                let mut inner = list.open(explicit(1))?;
                let mut range = inner.open(Tag::Sequence)?;
                let start = number(&mut range)?;
                // The type is extensible: what follows the count is for later versions.
                let count = range.next::<u64>()?;
                inner.end()?;
                Ok(Self::Range { start, count })
            }
            Some(_) => {
                let mut inner = list.open(explicit(2))?;
                let one = number(&mut inner)?;
                inner.end()?;
                Ok(Self::One(one))
            }
            None => Err(NotDer),
        }
    }

    fn permits(&self, caller: Option<&Number>) -> bool {
        match (self, caller) {
            (Self::Provider, _) => true,
            (_, None) => false,
            (Self::One(one), Some(caller)) => one == caller,
            (Self::Range { start, count }, Some(caller)) => {
                let (from, to) = (start.as_str(), caller.as_str());
                let distance = match (from.parse::<u64>(), to.parse::<u64>()) {
                    (Ok(from), Ok(to)) => to.checked_sub(from),
                    _ => None,
                };
                from.len() == to.len() && distance.is_some_and(|distance| distance < *count)
            }
        }
    }
}

/// `IA5String (SIZE (1..15)) (FROM ("0123456789#*"))`; separators are not allowed here.
fn number(elements: &mut Elements<'_>) -> Result<Number, NotDer> {
    let text = elements.next::<Ia5StringRef<'_>>()?;
    let text = text.as_str();
    let plain = text.len() <= NUMBER_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit() || b"#*".contains(&byte));
    if !plain {
        return Err(NotDer);
    }
    Number::parse(text).ok_or(NotDer)
}

#[cfg(test)]
mod tests;
