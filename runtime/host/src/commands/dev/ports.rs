//! Which ports `dev` uses: the ones asked for, or the usual ones, or the next free ones after those.

use anyhow::{Context, Result, bail};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};

/// Where `dev` answers calls if nothing else is said.
pub(crate) const USUAL_SIP: u16 = 5060;
/// Where `dev` shows metrics and health if nothing else is said.
pub(crate) const USUAL_HTTP: u16 = 9060;
/// Where `dev` shows calls if nothing else is said.
pub(crate) const USUAL_API: u16 = 8080;
/// How many ports after the usual one are tried.
const TRIES: u16 = 50;

/// What a port is for; decides how it is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// SIP over UDP.
    Sip,
    /// HTTP over TCP: metrics and health.
    Http,
    /// The same: the pages of calls.
    Api,
}

impl Use {
    fn try_bind(self, address: SocketAddr) -> std::io::Result<SocketAddr> {
        match self {
            Use::Sip => UdpSocket::bind(address)?.local_addr(),
            Use::Http | Use::Api => TcpListener::bind(address)?.local_addr(),
        }
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Use::Sip => ("SIP", "--sip"),
            Use::Http => ("metrics and health", "--http"),
            Use::Api => ("API", "--api"),
        }
    }
}

/// An address to listen on, and whether it differs from the usual one because that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice {
    /// Where to listen.
    pub(crate) address: SocketAddr,
    /// The usual port, if another program has it.
    pub(crate) instead_of: Option<u16>,
}

/// The address asked for, which must be free, or the first free one from `usual` on. Port 0 gets a free port.
pub(crate) fn choose(purpose: Use, asked: Option<SocketAddr>, usual: u16) -> Result<Choice> {
    let (what, option) = purpose.words();
    if let Some(address) = asked {
        let address = purpose.try_bind(address).with_context(|| {
            format!("the {what} address {address} cannot be used; stop the program that has it, or name another with {option}")
        })?;
        return Ok(Choice {
            address,
            instead_of: None,
        });
    }
    for port in usual..usual.saturating_add(TRIES) {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        match purpose.try_bind(address) {
            Ok(address) => {
                return Ok(Choice {
                    address,
                    instead_of: (port != usual).then_some(usual),
                });
            }
            Err(why) if why.kind() == ErrorKind::AddrInUse => {}
            Err(why) => bail!("the {what} address {address} cannot be used: {why}; name another with {option}"),
        }
    }
    bail!(
        "the {what} ports {usual} to {} are all in use; name a free one with {option}",
        usual.saturating_add(TRIES - 1)
    )
}

/// Reads `20000-20199`: an even first port and at least one pair.
pub(crate) fn parse_range(text: &str) -> Result<(u16, u16), String> {
    let right = "give a first and a last port, for instance 20000-20199";
    let (first, last) = text
        .split_once('-')
        .ok_or(format!("{text:?} is no range of ports; {right}"))?;
    let port = |text: &str| {
        text.trim()
            .parse::<u16>()
            .map_err(|_| format!("{text:?} is no port; {right}"))
    };
    let (first, last) = (port(first)?, port(last)?);
    if first == 0 || first >= last {
        return Err(format!("the range {text} holds no pair of ports; {right}"));
    }
    Ok((first, last))
}

#[cfg(test)]
mod tests;
