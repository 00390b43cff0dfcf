//! Socket pairs for audio: RTP on an even port, RTCP on the next (RFC 3550 section 11), all bound when the node starts,
//! so that a port in use is known before the first call and no call waits for one.

use crate::layout::Layout;
use crate::start_error::StartError;
use nix::sys::socket::{setsockopt, sockopt};
use patchcord_media::{Lane, SessionId};
use patchcord_switch::MediaPort;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;

/// What the kernel may keep for one RTP socket: about a quarter of a second of G.711, as it counts memory.
const RTP_BUFFER_BYTES: usize = 32 * 1024;
/// The same for RTCP: a few reports, read once a second.
const RTCP_BUFFER_BYTES: usize = 8 * 1024;

/// The sockets of one session.
#[derive(Debug)]
pub(crate) struct SocketPair {
    rtp: UdpSocket,
    rtcp: UdpSocket,
}

impl SocketPair {
    /// The socket of a lane.
    pub(crate) fn lane(&self, lane: Lane) -> &UdpSocket {
        match lane {
            Lane::Rtp => &self.rtp,
            Lane::Rtcp => &self.rtcp,
        }
    }
}

/// All pairs of a node, with their sessions' numbers.
#[derive(Debug)]
pub(crate) struct Ports {
    /// By media thread, in the order of [`Layout::slot_of`].
    pub(crate) pairs: Vec<Vec<SocketPair>>,
    /// By shard.
    pub(crate) lent: Vec<Vec<MediaPort>>,
}

/// How many pairs a range of ports makes.
pub(crate) fn pairs_in(ports: &RangeInclusive<u16>) -> usize {
    rtp_ports(ports).count()
}

fn rtp_ports(ports: &RangeInclusive<u16>) -> impl Iterator<Item = u16> {
    let last = *ports.end();
    ports
        .clone()
        .filter(move |port| *port > 0 && port % 2 == 0 && *port < last)
}

/// Binds every pair of the range, or none.
pub(crate) fn bind(address: IpAddr, ports: &RangeInclusive<u16>, layout: Layout) -> Result<Ports, StartError> {
    let mut bound = Ports {
        pairs: (0..layout.media_threads).map(|_| Vec::new()).collect(),
        lent: vec![Vec::new(); layout.shards],
    };
    for (number, port) in rtp_ports(ports).enumerate() {
        let session = SessionId(u32::try_from(number).expect("there are at most 32,767 pairs"));
        let thread = layout.thread_of(session);
        assert_eq!(
            bound.pairs[thread].len(),
            layout.slot_of(session),
            "pairs are bound in the order of their slots"
        );
        bound.pairs[thread].push(SocketPair {
            rtp: socket(SocketAddr::new(address, port), RTP_BUFFER_BYTES)?,
            rtcp: socket(SocketAddr::new(address, port + 1), RTCP_BUFFER_BYTES)?,
        });
        bound.lent[layout.shard_of(session)].push(MediaPort { session, thread, port });
    }
    if bound.pairs.iter().all(Vec::is_empty) {
        return Err(StartError::NoMediaPorts {
            ports: (*ports.start(), *ports.end()),
        });
    }
    Ok(bound)
}

fn socket(address: SocketAddr, buffer_bytes: usize) -> Result<UdpSocket, StartError> {
    let open = || -> io::Result<UdpSocket> {
        let socket = UdpSocket::bind(address)?;
        socket.set_nonblocking(true)?;
        setsockopt(&socket, sockopt::RcvBuf, &buffer_bytes)?;
        Ok(socket)
    };
    open().map_err(|why| StartError::MediaPort { address, why })
}

#[cfg(test)]
mod tests;
