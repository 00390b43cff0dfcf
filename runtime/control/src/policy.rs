//! Which caller id a leg may show, and to whom: the tenant's own and verified numbers, the number of a party that is in
//! the call, or none. Not how it is signed. RFC 3323 (anonymous From), RFC 3325 (P-Asserted-Identity and `Privacy: id`
//! by trust of the peer), RFC 3261 section 8.1.1.3.

use crate::numbers::{E164, NumberFormat};
use crate::private::Private;
use std::collections::BTreeSet;
use std::fmt;

/// Most own and most verified numbers of one tenant: those of the configuration and those it has by the API.
pub const MAX_CALLER_IDS: usize = 262_144;
/// User part of the From of a caller who is not shown (RFC 3323 section 4.1.1.3).
pub const ANONYMOUS_USER: &str = "anonymous";
/// Host part of that From.
pub const ANONYMOUS_HOST: &str = "anonymous.invalid";

/// Whether a number may be shown to the callee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Privacy {
    /// It may.
    #[default]
    Shown,
    /// It may not; only trusted networks on the way learn it.
    Withheld,
}

/// Where a caller id comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// A number of the tenant.
    Own,
    /// A number whose possession the tenant proved.
    Verified,
    /// A party of the call.
    Party,
    /// The trunk's own number, in place of one that the trunk does not accept.
    Trunk,
    /// There is no number.
    Nobody,
}

/// What a handler wants shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// The tenant's default number.
    Default,
    /// The number of the party that opened the call, shown or withheld as that party wanted.
    Callers,
    /// This number.
    Number(E164),
    /// None.
    Anonymous,
}

/// A party of the call, as it introduced itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Party {
    /// Its number, if it gave one that could be read.
    pub number: Option<E164>,
    /// Whether it may be shown.
    pub privacy: Privacy,
}

/// A caller id that may be used, before any trunk had its say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallerId {
    /// The number to show.
    pub number: Option<E164>,
    /// A number of the tenant that we can vouch for: the same, or the tenant's default.
    pub vouched: Option<E164>,
    /// Where `number` comes from.
    pub source: Source,
    /// Whether it may be shown.
    pub privacy: Privacy,
}

/// Why a caller id may not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallerIdRefused {
    /// The number is neither the tenant's own, nor verified, nor that of a party of the call.
    NotAllowed,
    /// The tenant has no default number.
    NoDefault,
    /// No party of the call opened it.
    NoCaller,
}

impl fmt::Display for CallerIdRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAllowed => "this caller id is neither yours, nor verified, nor that of a party of the call",
            Self::NoDefault => "there is no default caller id; name one of your numbers",
            Self::NoCaller => "nobody called, so there is no caller's number; name one of your numbers",
        })
    }
}

impl std::error::Error for CallerIdRefused {}

/// Why a tenant's caller ids cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallerIdsError {
    /// More numbers than a tenant may have.
    TooMany {
        /// The most allowed.
        most: usize,
        /// How many there are.
        asked: usize,
    },
    /// The default is neither own nor verified.
    Default,
}

impl fmt::Display for CallerIdsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany { most, asked } => write!(f, "caller ids: {asked} numbers are too many, at most {most}"),
            Self::Default => f.write_str("caller ids: the default must be one of the own or verified numbers"),
        }
    }
}

impl std::error::Error for CallerIdsError {}

/// The numbers a tenant may show.
#[derive(Debug, Clone, Default)]
pub struct CallerIds {
    own: BTreeSet<E164>,
    verified: BTreeSet<E164>,
    default: Option<E164>,
}

impl CallerIds {
    /// Own numbers, verified numbers, and the one that is shown when a handler names none.
    ///
    /// # Errors
    /// Too many, or a default that is neither own nor verified.
    pub fn new(own: Vec<E164>, verified: Vec<E164>, default: Option<E164>) -> Result<CallerIds, CallerIdsError> {
        let asked = own.len().max(verified.len());
        if asked > MAX_CALLER_IDS {
            return Err(CallerIdsError::TooMany {
                most: MAX_CALLER_IDS,
                asked,
            });
        }
        let ids = CallerIds {
            own: own.into_iter().collect(),
            verified: verified.into_iter().collect(),
            default,
        };
        match default {
            Some(number) if ids.source(&number).is_none() => Err(CallerIdsError::Default),
            _ => Ok(ids),
        }
    }

    /// The same with more numbers, and with another default if one is given.
    ///
    /// # Errors
    /// As [`CallerIds::new`].
    pub fn with(
        &self,
        own: impl IntoIterator<Item = E164>,
        verified: impl IntoIterator<Item = E164>,
        default: Option<E164>,
    ) -> Result<CallerIds, CallerIdsError> {
        let own = self.own.iter().copied().chain(own).collect();
        let verified = self.verified.iter().copied().chain(verified).collect();
        CallerIds::new(own, verified, default.or(self.default))
    }

    /// Whether a number is among the own or the verified ones.
    pub fn has(&self, number: &E164) -> bool {
        self.source(number).is_some()
    }

    /// The number that is shown when a handler names none.
    pub fn default_number(&self) -> Option<E164> {
        self.default
    }

    /// What may be shown when `wanted` is asked for in a call with these parties; the first of them opened it.
    ///
    /// # Errors
    /// Why nothing may be shown.
    pub fn permit(&self, wanted: Wanted, parties: &[Party]) -> Result<CallerId, CallerIdRefused> {
        match wanted {
            Wanted::Default => self.tenants(self.default.ok_or(CallerIdRefused::NoDefault)?),
            Wanted::Anonymous => Ok(self.anonymous()),
            Wanted::Callers => match parties.first().ok_or(CallerIdRefused::NoCaller)? {
                Party { number: None, .. } => Ok(self.anonymous()),
                party => Ok(self.partys(party)),
            },
            Wanted::Number(number) => self.tenants(number).or_else(|refused| {
                let party = parties.iter().find(|party| party.number == Some(number));
                party.map(|party| self.partys(party)).ok_or(refused)
            }),
        }
    }

    fn source(&self, number: &E164) -> Option<Source> {
        if self.own.contains(number) {
            return Some(Source::Own);
        }
        self.verified.contains(number).then_some(Source::Verified)
    }

    fn tenants(&self, number: E164) -> Result<CallerId, CallerIdRefused> {
        Ok(CallerId {
            number: Some(number),
            vouched: Some(number),
            source: self.source(&number).ok_or(CallerIdRefused::NotAllowed)?,
            privacy: Privacy::Shown,
        })
    }

    /// A party's number, which is vouched for only if it is the tenant's as well.
    fn partys(&self, party: &Party) -> CallerId {
        let vouched = party.number.filter(|number| self.source(number).is_some());
        CallerId {
            number: party.number,
            vouched: vouched.or(self.default),
            source: Source::Party,
            privacy: party.privacy,
        }
    }

    fn anonymous(&self) -> CallerId {
        CallerId {
            number: self.default,
            vouched: self.default,
            source: self
                .default
                .and_then(|number| self.source(&number))
                .unwrap_or(Source::Nobody),
            privacy: Privacy::Withheld,
        }
    }
}

/// Whether a peer keeps a withheld number to itself (RFC 3325 section 2, trust domain).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trust {
    /// It does: it is told the number and asked not to show it.
    Trusted,
    /// It may not: it never learns a withheld number.
    Untrusted,
}

/// Which caller ids a trunk lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Accepts {
    /// The tenant's own.
    Own,
    /// The tenant's own and verified ones.
    OwnAndVerified,
    /// Those of parties too.
    Any,
}

/// What a trunk wants of caller ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerRules {
    /// Which it lets through.
    pub accepts: Accepts,
    /// Shown in place of those it does not; without it the trunk is left out.
    pub substitute: Option<E164>,
    /// Whether it is told withheld numbers.
    pub trust: Trust,
    /// How it wants them written.
    pub format: NumberFormat,
}

/// The caller in a request over one trunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presented {
    /// User part of From; none stands for [`ANONYMOUS_USER`] at [`ANONYMOUS_HOST`].
    pub from: Option<Private<String>>,
    /// User part of P-Asserted-Identity, if there is to be one.
    pub asserted: Option<Private<String>>,
    /// `Withheld`: `Privacy: id` (RFC 3325 section 9.3).
    pub privacy: Privacy,
    /// Where the shown number comes from.
    pub source: Source,
    /// The number that a signature may be about: the shown one, else the one asserted; none where neither is told.
    pub signable: Option<E164>,
}

impl CallerRules {
    /// The caller as this trunk is told; none if it does not accept this caller id and has no substitute.
    pub fn present(&self, caller: &CallerId) -> Option<Presented> {
        let caller = if self.lets_through(caller.source) {
            *caller
        } else {
            let substitute = self.substitute?;
            CallerId {
                number: Some(substitute),
                vouched: Some(substitute),
                source: Source::Trunk,
                privacy: caller.privacy,
            }
        };
        Some(self.write(&caller))
    }

    /// The caller of an emergency call: always shown, whatever was wanted, so that help can call back.
    pub fn present_in_emergency(&self, caller: &CallerId) -> Presented {
        let shown = CallerId {
            number: caller.number.or(caller.vouched).or(self.substitute),
            privacy: Privacy::Shown,
            ..*caller
        };
        match self.present(&shown) {
            Some(presented) if shown.number.is_some() => presented,
            _ => self.write(&shown),
        }
    }

    fn lets_through(&self, source: Source) -> bool {
        match source {
            Source::Own | Source::Trunk | Source::Nobody => true,
            Source::Verified => self.accepts != Accepts::Own,
            Source::Party => self.accepts == Accepts::Any,
        }
    }

    fn write(&self, caller: &CallerId) -> Presented {
        let written = |number: E164| self.format.write_e164(&number);
        let shown = caller.number.filter(|_| caller.privacy == Privacy::Shown);
        let vouched = caller.vouched.filter(|_| self.trust == Trust::Trusted);
        let (from, asserted) = (shown.map(written), vouched.map(written));
        Presented {
            signable: shown.or(vouched),
            privacy: if from.is_some() {
                Privacy::Shown
            } else {
                Privacy::Withheld
            },
            from,
            asserted,
            source: caller.source,
        }
    }
}

#[cfg(test)]
mod tests;
