//! Addresses: `sip:`, `sips:`, `tel:`, `urn:` and whatever else comes, kept as text with its parts located.
//! Not a resolver, and no normalisation: the text a peer sent is the text that goes back. RFC 3261 19.1, RFC 3966.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;
use std::str::FromStr;

use crate::parse::Fault;

/// What kind of address it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `sip:`
    Sip,
    /// `sips:`
    Sips,
    /// `tel:`
    Tel,
    /// `urn:`, as in `urn:service:sos`
    Urn,
    /// Anything else; only the text is known.
    Other,
}

/// An address. `Display` gives the text as received; `Debug` gives only the scheme, so that logs stay clean.
#[derive(Clone, PartialEq, Eq)]
pub struct Uri {
    text: Box<str>,
    parts: Parts,
}

/// Where the parts stand in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) scheme: Scheme,
    user: Option<Range<usize>>,
    host: Range<usize>,
    port: Option<u16>,
    params: Range<usize>,
    pub(crate) headers: Option<Range<usize>>,
}

impl Uri {
    /// Reads an address.
    ///
    /// # Errors
    /// The fault that makes it none: no scheme, no host, stray characters, a port above 65,535.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        Ok(Self {
            parts: locate(text)?,
            text: text.into(),
        })
    }

    /// The whole text as received.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The scheme.
    pub fn scheme(&self) -> Scheme {
        self.parts.scheme
    }

    /// The user part (without password), still escaped; for `tel:` the number with its visual separators.
    pub fn user(&self) -> Option<&str> {
        self.parts.user.clone().map(|range| &self.text[range])
    }

    /// The host, IPv6 with its brackets. Empty for schemes other than `sip` and `sips`.
    pub fn host(&self) -> &str {
        &self.text[self.parts.host.clone()]
    }

    /// The port, if written.
    pub fn port(&self) -> Option<u16> {
        self.parts.port
    }

    /// The host as an IP address, if it is a literal.
    pub fn ip(&self) -> Option<IpAddr> {
        literal_ip(self.host())
    }

    /// The parameters in order: name and value (`;lr` has none). Still escaped.
    pub fn params(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.text[self.parts.params.clone()]
            .split(';')
            .filter(|part| !part.is_empty())
            .map(|part| {
                part.split_once('=')
                    .map_or((part, None), |(name, value)| (name, Some(value)))
            })
    }

    /// The value of a parameter (empty if it has none); names ignore case.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params()
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.unwrap_or_default())
    }

    /// A header field the address asks to put into the request (`?Replaces=...`), unescaped. Names ignore case. `None`:
    /// there is none, or its escapes are no text.
    pub fn header(&self, name: &str) -> Option<String> {
        let headers = &self.text[self.parts.headers.clone()?];
        let mut pairs = headers.split('&').filter_map(|pair| pair.split_once('='));
        let (_, value) = pairs.find(|(found, _)| found.eq_ignore_ascii_case(name))?;
        unescape(value)
    }

    /// The address without the header fields it asks for: what a Request-URI may be.
    #[must_use]
    pub fn without_headers(&self) -> Self {
        let end = self.parts.params.end;
        match self.parts.headers {
            Some(_) => Self {
                text: self.text[..end].into(),
                parts: Parts {
                    headers: None,
                    ..self.parts.clone()
                },
            },
            None => self.clone(),
        }
    }

    pub(crate) fn has_headers(&self) -> bool {
        self.parts.headers.is_some()
    }
}

impl FromStr for Uri {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        Self::parse(text)
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Uri({:?})", self.parts.scheme)
    }
}

/// Text with `%41` escapes as it was meant. `None`: an escape is broken, or the bytes are not UTF-8.
pub(crate) fn unescape(text: &str) -> Option<String> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'%' {
            let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
            plain.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &rest[2..];
        } else {
            plain.push(byte);
        }
    }
    String::from_utf8(plain).ok()
}

/// `[::1]`, `::1` (only inside Via's received) or `192.0.2.1`.
pub(crate) fn literal_ip(host: &str) -> Option<IpAddr> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.parse().ok().or_else(|| three_colons(bare).map(IpAddr::V6))
}

/// `2001:db8:::192.0.2.1`, which the grammar of RFC 3261 allowed by mistake before an IPv4 address and which has to be let
/// pass (RFC 5118 4.10); read with two colons.
fn three_colons(bare: &str) -> Option<Ipv6Addr> {
    let (before, after) = bare.split_once(":::")?;
    after.parse::<Ipv4Addr>().ok()?;
    format!("{before}::{after}").parse().ok()
}

/// The user part of an address, still escaped. `None` if it has none, or is no address.
pub(crate) fn user_of(text: &str) -> Option<&str> {
    locate(text).ok()?.user.map(|range| &text[range])
}

/// Checks an address and locates its parts, without copying.
pub(crate) fn locate(text: &str) -> Result<Parts, Fault> {
    let colon = text.bytes().position(|byte| byte == b':').ok_or(Fault::Address)?;
    let scheme = &text[..colon];
    let starts_well = scheme.starts_with(|first: char| first.is_ascii_alphabetic());
    if !starts_well
        || !scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    {
        return Err(Fault::Address);
    }
    if text
        .bytes()
        .any(|byte| byte <= b' ' || byte == 0x7f || matches!(byte, b'<' | b'>' | b'"'))
    {
        return Err(Fault::Address);
    }
    let scheme = match scheme {
        name if name.eq_ignore_ascii_case("sip") => Scheme::Sip,
        name if name.eq_ignore_ascii_case("sips") => Scheme::Sips,
        name if name.eq_ignore_ascii_case("tel") => Scheme::Tel,
        name if name.eq_ignore_ascii_case("urn") => Scheme::Urn,
        _ => Scheme::Other,
    };
    match scheme {
        Scheme::Sip | Scheme::Sips => locate_sip(text, scheme, colon + 1),
        Scheme::Tel => locate_tel(text, colon + 1),
        Scheme::Urn | Scheme::Other => {
            let end = text.len();
            Ok(Parts {
                scheme,
                user: None,
                host: end..end,
                port: None,
                params: end..end,
                headers: None,
            })
        }
    }
}

fn locate_sip(text: &str, scheme: Scheme, start: usize) -> Result<Parts, Fault> {
    // An unescaped `@` can only end the user part; parameters and `?` may stand before it, inside the user.
    let at = memchr::memchr(b'@', &text.as_bytes()[start..]).map(|at| start + at);
    let user = match at {
        Some(at) => {
            let end = text[start..at].find(':').map_or(at, |colon| start + colon);
            if end == start || !escapes_are_hex(&text[start..at]) {
                return Err(Fault::Address);
            }
            Some(start..end)
        }
        None => None,
    };
    let host_start = at.map_or(start, |at| at + 1);
    let tail = &text[host_start..];
    let host_len = host_length(tail)?;
    let host = host_start..host_start + host_len;
    let mut next = host.end;
    let mut port = None;
    if let Some(digits) = text[next..].strip_prefix(':') {
        let len = digits.bytes().take_while(u8::is_ascii_digit).count();
        port = Some(digits[..len].parse().map_err(|_| Fault::Address)?);
        next += 1 + len;
    }
    let question = text[next..].find('?').map(|at| next + at);
    let params_end = question.unwrap_or(text.len());
    if params_end > next && !text[next..].starts_with(';') || text[next..].contains('@') {
        return Err(Fault::Address);
    }
    let headers = question.map(|at| at + 1..text.len());
    Ok(Parts {
        scheme,
        user,
        host,
        port,
        params: next..params_end,
        headers,
    })
}

fn locate_tel(text: &str, start: usize) -> Result<Parts, Fault> {
    let end = text[start..].find(';').map_or(text.len(), |at| start + at);
    let number = &text[start..end];
    let digit = |byte: u8| byte.is_ascii_hexdigit() || b"*#+-.()".contains(&byte);
    if number.is_empty() || !number.bytes().all(digit) || number.rfind('+').is_some_and(|at| at > 0) {
        return Err(Fault::Address);
    }
    let none = text.len()..text.len();
    Ok(Parts {
        scheme: Scheme::Tel,
        user: Some(start..end),
        host: none,
        port: None,
        params: end..text.len(),
        headers: None,
    })
}

/// How much of `tail` is a host: a bracketed IPv6 address, or letters, digits, dots, dashes (and underscores, which
/// real networks use).
fn host_length(tail: &str) -> Result<usize, Fault> {
    if let Some(inner) = tail.strip_prefix('[') {
        let close = inner.find(']').ok_or(Fault::Address)?;
        let address = &inner[..close];
        if address.parse::<Ipv6Addr>().is_err() && three_colons(address).is_none() {
            return Err(Fault::Address);
        }
        return Ok(close + 2);
    }
    let len = tail
        .bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(byte))
        .count();
    if len == 0 { Err(Fault::Address) } else { Ok(len) }
}

fn escapes_are_hex(user: &str) -> bool {
    user.split('%')
        .skip(1)
        .all(|after| after.len() >= 2 && after.as_bytes()[..2].iter().all(u8::is_ascii_hexdigit))
}

/// Host and optional port as they stand in Via: `host`, `host:port`, `[v6]:port`; spaces around the colon allowed.
pub(crate) fn host_and_port(text: &str) -> Result<(&str, Option<u16>), Fault> {
    let text = text.trim_ascii();
    let len = host_length(text)?;
    let (host, rest) = text.split_at(len);
    let rest = rest.trim_ascii();
    match rest.strip_prefix(':') {
        None if rest.is_empty() => Ok((host, None)),
        None => Err(Fault::Address),
        Some(port) => {
            let port = port.trim_ascii();
            if !port.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(Fault::Address);
            }
            Ok((host, Some(port.parse().map_err(|_| Fault::Address)?)))
        }
    }
}

#[cfg(test)]
mod tests;
