//! Which address a certificate may be fetched from. A stranger chooses it, so it is read strictly and refused unless it
//! is plainly an https address of the public network. RFC 8224 4 (`info`), RFC 3986; ATIS-1000080 names the ports.
//! Not a fetcher: whoever resolves the name asks [`is_public`] for each result, and follows no redirect.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::identity::URL_BYTES;

/// Where certificates may come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlRules {
    /// Which hosts.
    pub hosts: HostRule,
    /// Whether an address literal of a private network will do.
    pub literals: LiteralRule,
    /// The ports, 443 when the address names none.
    pub ports: Vec<u16>,
}

/// Which hosts certificates may come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostRule {
    /// Any.
    Any,
    /// These: `cert.example.org` itself, or `.example.org` for everything below it. Case is ignored.
    Only(Vec<String>),
}

/// What to think of an IP address or a local name in place of a public host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LiteralRule {
    /// Names with a dot and public addresses only.
    Public,
    /// Local names and any address too: a laboratory.
    Any,
}

/// Why an address is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlFault {
    /// Longer than [`URL_BYTES`].
    TooLong,
    /// Not `https:`.
    Scheme,
    /// It carries a user name or password.
    UserInfo,
    /// It has a fragment, blanks, control or non-ASCII characters, or no readable host and port.
    Malformed,
    /// A port outside the rules.
    Port,
    /// A host outside the rules.
    Host,
    /// A loopback, private, link-local or otherwise not public address, or a name without a dot.
    Private,
    /// `info` and `x5u` differ.
    Mismatch,
}

/// An address that passed. `Debug` leaves it out.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CertificateUrl {
    text: Box<str>,
    host: Box<str>,
    port: u16,
}

impl Default for UrlRules {
    fn default() -> Self {
        Self {
            hosts: HostRule::Any,
            literals: LiteralRule::Public,
            ports: vec![443, 8443],
        }
    }
}

impl CertificateUrl {
    /// Reads and checks an address.
    ///
    /// # Errors
    /// The first rule it breaks.
    pub fn check(text: &str, rules: &UrlRules) -> Result<Self, UrlFault> {
        if text.len() > URL_BYTES {
            return Err(UrlFault::TooLong);
        }
        let odd = |byte: u8| !byte.is_ascii_graphic() || b"\"<>\\^`{|}#".contains(&byte);
        if text.bytes().any(odd) {
            return Err(UrlFault::Malformed);
        }
        let (scheme, rest) = text.split_once("://").ok_or(UrlFault::Scheme)?;
        if !scheme.eq_ignore_ascii_case("https") {
            return Err(UrlFault::Scheme);
        }
        let authority = &rest[..rest.find(['/', '?']).unwrap_or(rest.len())];
        if authority.contains('@') {
            return Err(UrlFault::UserInfo);
        }
        let (host, port) = host_and_port(authority)?;
        let port = port.unwrap_or(443);
        if !rules.ports.contains(&port) {
            return Err(UrlFault::Port);
        }
        let host = host.to_ascii_lowercase();
        if rules.literals == LiteralRule::Public && !is_public_host(&host)? {
            return Err(UrlFault::Private);
        }
        if !rules.hosts.admit(&host) {
            return Err(UrlFault::Host);
        }
        Ok(Self {
            text: text.into(),
            host: host.into(),
            port,
        })
    }

    /// The whole address, for the fetcher.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host in lower case, an IPv6 address with its brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl HostRule {
    fn admit(&self, host: &str) -> bool {
        let Self::Only(hosts) = self else {
            return true;
        };
        hosts.iter().any(|rule| {
            let cut = host.len().saturating_sub(rule.len());
            match rule.starts_with('.') {
                true => cut > 0 && host[cut..].eq_ignore_ascii_case(rule),
                false => host.eq_ignore_ascii_case(rule),
            }
        })
    }
}

impl fmt::Debug for CertificateUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CertificateUrl({} bytes)", self.text.len())
    }
}

/// Whether an address belongs to the public network. For the fetcher: ask for every address that a name resolves to.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

/// RFC 6890 and its registry: everything with "globally reachable: false", and multicast.
fn is_public_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    let special = match (a, b, c) {
        (0 | 10 | 127, ..) | (169, 254, _) | (192, 168, _) => true,
        (100, 64..=127, _) | (172, 16..=31, _) | (198, 18..=19, _) => true,
        (192, 0, 0 | 2) | (192, 88, 99) | (198, 51, 100) | (203, 0, 113) => true,
        _ => a >= 224,
    };
    !special
}

/// Only 2000::/3 is public, less what carries an IPv4 address or is set aside in it.
fn is_public_v6(v6: Ipv6Addr) -> bool {
    let [a, b, ..] = v6.segments();
    let global = a & 0xe000 == 0x2000;
    let special = a == 0x2002 || (a == 0x2001 && (b < 0x0200 || b == 0x0db8)) || (a == 0x3fff && b < 0x1000);
    global && !special
}

fn host_and_port(authority: &str) -> Result<(&str, Option<u16>), UrlFault> {
    let host_len = match authority.strip_prefix('[') {
        Some(inner) => inner.find(']').ok_or(UrlFault::Malformed)? + 2,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, rest) = authority.split_at(host_len);
    if !is_host(host) {
        return Err(UrlFault::Malformed);
    }
    let port = match rest.strip_prefix(':') {
        Some(digits) if (1..=5).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(digits.parse().map_err(|_| UrlFault::Malformed)?)
        }
        None if rest.is_empty() => None,
        _ => return Err(UrlFault::Malformed),
    };
    Ok((host, port))
}

fn is_host(host: &str) -> bool {
    if let Some(inner) = host.strip_prefix('[') {
        return inner.strip_suffix(']').is_some_and(|v6| v6.parse::<Ipv6Addr>().is_ok());
    }
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    host.len() <= 253 && host.split('.').all(label)
}

/// A host whose last label is a number is an IPv4 address to some resolvers (`127.1`, `0x7f000001`), so it is read as a
/// dotted quad or not at all.
fn is_public_host(host: &str) -> Result<bool, UrlFault> {
    if let Some(v6) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return Ok(v6.parse().is_ok_and(is_public_v6));
    }
    let last = host.rsplit('.').next().unwrap_or_default();
    if last.starts_with(|first: char| first.is_ascii_digit()) {
        return host.parse().map(is_public_v4).map_err(|_| UrlFault::Malformed);
    }
    let local = ["localhost", "local", "localdomain", "internal", "invalid"].contains(&last);
    Ok(host.contains('.') && !local)
}

#[cfg(test)]
mod tests;
