//! The Via header: who waits for the response and under which branch. RFC 3261 20.42, 18.2; RFC 3581 (rport).

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

use crate::address::params;
use crate::headers::{WHITE, split_commas, top_level};
use crate::parse::Fault;
use crate::uri::{host_and_port, literal_ip};

/// What a branch of RFC 3261 begins with; without it the sender follows RFC 2543.
pub(crate) const MAGIC_COOKIE: &str = "z9hG4bK";

/// The port of a Via or address that names none.
pub(crate) const DEFAULT_PORT: u16 = 5060;

/// One Via value, borrowed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Via<'a> {
    /// The transport as written: `UDP`, `TLS`, ...
    pub transport: &'a str,
    /// The sender's host, IPv6 with brackets.
    pub host: &'a str,
    /// The sender's port, if written.
    pub port: Option<u16>,
    params: &'a str,
}

impl<'a> Via<'a> {
    /// Reads the first value of a Via field. Its SIP version may be any: the start line says what a message speaks, and
    /// whoever speaks another version has to be found to be told so (505).
    ///
    /// # Errors
    /// The fault that makes it unusable: not `SIP/version/transport`, no host, a bad port.
    pub fn parse(value: &'a str) -> Result<Self, Fault> {
        let first = split_commas(value).next().unwrap_or_default();
        let cut = top_level(first, b';').unwrap_or(first.len());
        let (head, params) = first.split_at(cut);
        let mut slashes = head.splitn(3, '/');
        let (name, version) = (slashes.next().unwrap_or_default(), slashes.next().unwrap_or_default());
        if !name.trim_ascii().eq_ignore_ascii_case("SIP") || !is_version(version.trim_ascii()) {
            return Err(Fault::Via);
        }
        let rest = slashes.next().ok_or(Fault::Via)?.trim_ascii();
        let (transport, sent_by) = rest.split_once(WHITE).ok_or(Fault::Via)?;
        let (host, port) = host_and_port(sent_by).map_err(|_| Fault::Via)?;
        Ok(Self {
            transport,
            host,
            port,
            params,
        })
    }

    /// A parameter's value, empty if it has none. Names ignore case.
    pub fn param(&self, name: &str) -> Option<&'a str> {
        params(self.params)
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.unwrap_or(""))
    }

    /// The branch parameter.
    pub fn branch(&self) -> Option<&'a str> {
        self.param("branch")
    }

    /// Where a response goes (RFC 3261 18.2.2, RFC 3581): back to the address it came from, at the port it came from
    /// if `rport` was asked for, else at the port in Via. `maddr` is ignored: it would let a stranger aim responses.
    pub(crate) fn response_address(&self, from: SocketAddr) -> SocketAddr {
        match self.param("rport") {
            Some(_) => from,
            None => SocketAddr::new(from.ip(), self.port.unwrap_or(DEFAULT_PORT)),
        }
    }

    /// Whether the sender seems to sit behind an address translator: it names itself by an address that is not the one
    /// it sends from.
    pub(crate) fn is_translated(&self, from: SocketAddr) -> bool {
        literal_ip(self.host).is_some_and(|ip| !same_ip(ip, from.ip()))
    }
}

/// `2.0`, or another two numbers with a dot between.
fn is_version(text: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once('.')
        .is_some_and(|(major, minor)| is_number(major) && is_number(minor))
}

pub(crate) fn same_ip(one: IpAddr, other: IpAddr) -> bool {
    one.to_canonical() == other.to_canonical()
}

/// The first Via field as it goes back in a response: `received` and `rport` of the first value set from the packet's
/// source, the further values untouched.
pub(crate) fn stamp(value: &str, from: SocketAddr, out: &mut String) {
    let end = top_level(value, b',').unwrap_or(value.len());
    let (first, others) = value.split_at(end);
    let first = first.trim_ascii();
    let (head, tail) = first.split_at(top_level(first, b';').unwrap_or(first.len()));
    let asked = params(tail).any(|(name, _)| name.eq_ignore_ascii_case("rport"));
    let differs = Via::parse(first).map_or(true, |via| {
        literal_ip(via.host).is_none_or(|ip| !same_ip(ip, from.ip()))
    });
    out.push_str(head.trim_ascii());
    let written = "writing to a string cannot fail";
    for (name, value) in params(tail) {
        match value {
            _ if name.eq_ignore_ascii_case("received") => {}
            _ if name.eq_ignore_ascii_case("rport") => write!(out, ";rport={}", from.port()).expect(written),
            Some(value) => write!(out, ";{name}={value}").expect(written),
            None => write!(out, ";{name}").expect(written),
        }
    }
    if asked || differs {
        write!(out, ";received={}", from.ip().to_canonical()).expect(written);
    }
    out.push_str(others);
}

#[cfg(test)]
mod tests;
