//! Whom the test phone calls, and from which of this machine's addresses it can be reached.

use anyhow::{Context, Result, bail, ensure};
use patchcord_sip::{Scheme, Uri};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs, UdpSocket};

/// Where SIP is if no port is written (RFC 3261 section 19.1.2).
const SIP_PORT: u16 = 5060;

/// Somebody to call.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// Who.
    pub(crate) uri: Uri,
    /// Where to send to.
    pub(crate) destination: SocketAddr,
    /// The address of ours that the destination can answer to.
    pub(crate) local: IpAddr,
}

/// Reads a SIP address and finds the way to it. A name is resolved by this machine; there is no DNS SRV.
pub(crate) fn find(text: &str) -> Result<Target> {
    const RIGHT: &str = "write it as sip:<user>@<host>:<port>, for instance sip:menu@127.0.0.1:5060";
    let Ok(uri) = Uri::parse(text) else {
        bail!("{text:?} is no SIP address; {RIGHT}");
    };
    match uri.scheme() {
        Scheme::Sip => {}
        Scheme::Sips => bail!("the test phone speaks SIP over UDP only, not {text:?}; use sip: instead of sips:"),
        Scheme::Tel | Scheme::Urn | Scheme::Other => bail!("{text:?} does not say where to call; {RIGHT}"),
    }
    let port = uri.port().unwrap_or(SIP_PORT);
    ensure!(port != 0, "{text:?} names port 0, where nobody can be; {RIGHT}");
    let destination = match uri.ip() {
        Some(ip) => SocketAddr::from((ip, port)),
        None => (uri.host(), port)
            .to_socket_addrs()
            .ok()
            .and_then(|mut addresses| addresses.next())
            .with_context(|| format!("this machine knows no host {:?}; {RIGHT}", uri.host()))?,
    };
    let local = local_address(destination)
        .with_context(|| format!("there is no way from this machine to {destination}; check its network"))?;
    Ok(Target {
        uri,
        destination,
        local,
    })
}

/// Which of our addresses the system uses towards `destination`. Nothing is sent.
fn local_address(destination: SocketAddr) -> std::io::Result<IpAddr> {
    let any: IpAddr = match destination {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => std::net::Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect(destination)?;
    Ok(socket.local_addr()?.ip())
}

#[cfg(test)]
mod tests;
