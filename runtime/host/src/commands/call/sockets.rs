//! The test phone's three sockets: SIP, and a pair for audio (RTP on an even port, RTCP on the next; RFC 3550 section 11).

use anyhow::{Context, Result, bail};
use patchcord_sim::phone::Lane;
use std::net::{IpAddr, SocketAddr};
use tokio::net::UdpSocket;

/// How often a pair of ports is looked for before giving up.
const TRIES: usize = 200;
/// The largest datagram.
const MAX_DATAGRAM: usize = 65_535;

/// The sockets.
pub(crate) struct Sockets {
    sip: UdpSocket,
    rtp: UdpSocket,
    rtcp: UdpSocket,
}

/// A datagram that came.
pub(crate) struct Datagram {
    pub(crate) lane: Lane,
    pub(crate) from: SocketAddr,
    pub(crate) bytes: Vec<u8>,
}

impl Sockets {
    /// Binds them on ports the system has free. Needs an event loop around it.
    pub(crate) fn bind(ip: IpAddr) -> Result<Sockets> {
        let sip = bind(ip, 0).with_context(|| format!("no SIP socket can be had on {ip}"))?;
        for _ in 0..TRIES {
            let rtp = bind(ip, 0).with_context(|| format!("no audio socket can be had on {ip}"))?;
            let port = rtp.local_addr().context("a socket has no address")?.port();
            if port.is_multiple_of(2)
                && let Ok(rtcp) = bind(ip, port + 1)
            {
                return Ok(Sockets { sip, rtp, rtcp });
            }
        }
        bail!("no two ports in a row are free for audio on {ip}; end what uses so many");
    }

    pub(crate) fn sip_address(&self) -> Result<SocketAddr> {
        self.sip.local_addr().context("the SIP socket has no address")
    }

    pub(crate) fn rtp_address(&self) -> Result<SocketAddr> {
        self.rtp.local_addr().context("the audio socket has no address")
    }

    /// Sends; a datagram that the system does not take is lost like any other on its way.
    pub(crate) async fn send(&self, lane: Lane, to: SocketAddr, bytes: &[u8]) {
        let socket = match lane {
            Lane::Sip => &self.sip,
            Lane::Rtp => &self.rtp,
            Lane::Rtcp => &self.rtcp,
        };
        let _ = socket.send_to(bytes, to).await;
    }

    /// The next datagram on any of them. An error of a socket is somebody's "port unreachable": nothing came.
    pub(crate) async fn receive(&self) -> Option<Datagram> {
        let (lane, socket) = tokio::select! {
            _ = self.sip.readable() => (Lane::Sip, &self.sip),
            _ = self.rtp.readable() => (Lane::Rtp, &self.rtp),
            _ = self.rtcp.readable() => (Lane::Rtcp, &self.rtcp),
        };
        let mut bytes = vec![0; MAX_DATAGRAM];
        let (length, from) = socket.try_recv_from(&mut bytes).ok()?;
        bytes.truncate(length);
        Some(Datagram { lane, from, bytes })
    }
}

fn bind(ip: IpAddr, port: u16) -> std::io::Result<UdpSocket> {
    let socket = std::net::UdpSocket::bind((ip, port))?;
    socket.set_nonblocking(true)?;
    UdpSocket::from_std(socket)
}
