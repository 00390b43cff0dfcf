//! The signed JSON: a token's header and claims, read from a peer and written in the canonical order. RFC 8225 4, 5
//! and 9, RFC 8588 3 to 5. Signatures are elsewhere; this is text and meaning.

use std::fmt;

use serde::Deserialize;

use super::number::{Number, Party};
use super::verdict::Reason;
use crate::identity::DESTINATIONS;

/// What the signer knows of the caller (`attest`, RFC 8588 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attestation {
    /// `A`: it knows the customer, and that the customer may use the number.
    Full,
    /// `B`: it knows the customer, not the number.
    Partial,
    /// `C`: it only passes the call on.
    Gateway,
}

/// Where a call entered the signer's network (`origid`, RFC 8588 5): a UUID that means something to the signer only.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OriginId(u128);

/// The kind of a token (`ppt`, RFC 8225 8.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extension {
    /// None: caller, destination and time only.
    Base,
    /// `shaken`.
    Shaken,
}

/// What a token's protected header says.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Protected {
    pub(super) extension: Extension,
    pub(super) x5u: String,
}

/// What a token claims.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Claims {
    pub(super) iat: u64,
    pub(super) orig: Party,
    pub(super) dest: Vec<Party>,
    pub(super) shaken: Option<(Attestation, OriginId)>,
}

impl Attestation {
    /// The letter.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "A",
            Self::Partial => "B",
            Self::Gateway => "C",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Full, Self::Partial, Self::Gateway]
            .into_iter()
            .find(|level| level.as_str() == text)
    }
}

impl OriginId {
    /// From the UUID's 128 bits, the first octet on top.
    pub fn new(bits: u128) -> Self {
        Self(bits)
    }

    /// Reads `8-4-4-4-12` hexadecimal digits of either case.
    pub fn parse(text: &str) -> Option<Self> {
        let groups: Vec<&str> = text.splitn(6, '-').collect();
        let sized = groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12]);
        let hex = text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
        if !sized || !hex {
            return None;
        }
        u128::from_str_radix(&groups.concat(), 16).ok().map(Self)
    }
}

impl fmt::Display for OriginId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = format!("{:032x}", self.0);
        let (a, b, c, d, e) = (&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]);
        write!(f, "{a}-{b}-{c}-{d}-{e}")
    }
}

impl fmt::Debug for OriginId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OriginId(...)")
    }
}

impl Extension {
    /// The `ppt` of header or token; `None` for a kind not known here.
    pub(super) fn of(ppt: Option<&str>) -> Option<Self> {
        match ppt {
            None => Some(Self::Base),
            Some("shaken") => Some(Self::Shaken),
            Some(_) => None,
        }
    }
}

#[derive(Deserialize)]
struct RawProtected {
    alg: Option<String>,
    typ: Option<String>,
    ppt: Option<String>,
    x5u: Option<String>,
    crit: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct RawClaims {
    iat: u64,
    orig: RawOrigin,
    dest: RawDestinations,
    attest: Option<String>,
    origid: Option<String>,
}

#[derive(Deserialize)]
struct RawOrigin {
    tn: Option<String>,
    uri: Option<String>,
}

#[derive(Deserialize)]
struct RawDestinations {
    tn: Option<Vec<String>>,
    uri: Option<Vec<String>>,
}

impl Protected {
    /// Reads a protected header. Anything critical (`crit`, RFC 7515 4.1.11) is unknown here, so it is refused.
    pub(super) fn read(json: &[u8]) -> Result<Self, Reason> {
        let raw: RawProtected = object(json)?;
        if raw.alg.as_deref() != Some("ES256") {
            return Err(Reason::Algorithm);
        }
        if raw.typ.as_deref() != Some("passport") {
            return Err(Reason::Type);
        }
        if raw.crit.is_some() {
            return Err(Reason::Extension);
        }
        Ok(Self {
            extension: Extension::of(raw.ppt.as_deref()).ok_or(Reason::Extension)?,
            x5u: raw.x5u.ok_or(Reason::Claims)?,
        })
    }

    /// The canonical JSON: keys in order, no blanks (RFC 8225 9).
    pub(super) fn write(&self) -> String {
        let ppt = match self.extension {
            Extension::Base => "",
            Extension::Shaken => r#""ppt":"shaken","#,
        };
        format!(r#"{{"alg":"ES256",{ppt}"typ":"passport","x5u":{}}}"#, quoted(&self.x5u))
    }
}

impl Claims {
    /// Reads the claims of a token of this kind.
    pub(super) fn read(json: &[u8], extension: Extension) -> Result<Self, Reason> {
        let raw: RawClaims = object(json)?;
        let shaken = match extension {
            Extension::Base => None,
            Extension::Shaken => {
                let attestation = raw.attest.as_deref().and_then(Attestation::parse);
                let origid = raw.origid.as_deref().and_then(OriginId::parse);
                Some(attestation.zip(origid).ok_or(Reason::Claims)?)
            }
        };
        let orig = match (raw.orig.tn, raw.orig.uri) {
            (Some(tn), None) => Number::parse(&tn).map(Party::Number),
            (None, Some(uri)) => Party::of_claim(&uri),
            _ => None,
        };
        Ok(Self {
            iat: raw.iat,
            orig: orig.ok_or(Reason::Claims)?,
            dest: raw.dest.read()?,
            shaken,
        })
    }

    /// The canonical JSON: keys in order, no blanks (RFC 8225 9).
    pub(super) fn write(&self) -> String {
        let (mut numbers, mut addresses) = (Vec::new(), Vec::new());
        for party in &self.dest {
            match party {
                Party::Number(number) => numbers.push(quoted(number.as_str())),
                Party::Address(text) => addresses.push(quoted(text)),
            }
        }
        let list = |name: &str, items: &[String]| match items.is_empty() {
            true => None,
            false => Some(format!(r#""{name}":[{}]"#, items.join(","))),
        };
        let lists: Vec<String> = [list("tn", &numbers), list("uri", &addresses)]
            .into_iter()
            .flatten()
            .collect();
        let dest = lists.join(",");
        let orig = match &self.orig {
            Party::Number(number) => format!(r#""tn":{}"#, quoted(number.as_str())),
            Party::Address(text) => format!(r#""uri":{}"#, quoted(text)),
        };
        let (attest, origid) = match &self.shaken {
            None => (String::new(), String::new()),
            Some((level, id)) => (
                format!(r#""attest":"{}","#, level.as_str()),
                format!(r#","origid":"{id}""#),
            ),
        };
        format!(
            r#"{{{attest}"dest":{{{dest}}},"iat":{},"orig":{{{orig}}}{origid}}}"#,
            self.iat
        )
    }
}

impl RawDestinations {
    fn read(self) -> Result<Vec<Party>, Reason> {
        let (numbers, addresses) = (self.tn.unwrap_or_default(), self.uri.unwrap_or_default());
        if !(1..=DESTINATIONS).contains(&(numbers.len() + addresses.len())) {
            return Err(Reason::Claims);
        }
        let numbers = numbers.iter().map(|tn| Number::parse(tn).map(Party::Number));
        let addresses = addresses.iter().map(|uri| Party::of_claim(uri));
        numbers.chain(addresses).collect::<Option<_>>().ok_or(Reason::Claims)
    }
}

/// A JSON object; a known key twice, a wrong type and trailing text are faults. (serde would take an array too.)
fn object<T: for<'a> Deserialize<'a>>(json: &[u8]) -> Result<T, Reason> {
    if !json.trim_ascii_start().starts_with(b"{") {
        return Err(Reason::Claims);
    }
    serde_json::from_slice(json).map_err(|_| Reason::Claims)
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests;
