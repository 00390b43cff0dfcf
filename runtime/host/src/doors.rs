//! Where SIP is taken: the sockets for datagrams and connections, as bound and as phones are told. Not here: what comes in.

use crate::certificates::TlsFiles;
use crate::start_error::StartError;
use crate::{net, transports};
use patchcord_sip::{Listener, Transport};
use std::net::{SocketAddr, TcpListener, UdpSocket};

/// The SIP part of a node.
#[derive(Debug, Clone)]
pub struct Sip {
    /// Where the first socket for datagrams is bound. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// The address that phones are told in Via and Contact; with port 0 or none, the bound port and address.
    pub advertise: Option<SocketAddr>,
    /// Where else it listens, for datagrams or connections.
    pub doors: Vec<Door>,
    /// Certificates for TLS and secure WebSocket, and for whom we connect to.
    pub tls: TlsFiles,
}

/// One more place where SIP is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Door {
    /// What it takes.
    pub transport: Transport,
    /// Where the socket is bound. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// The address that phones are told; with port 0 or none, the bound port and address.
    pub advertise: Option<SocketAddr>,
}

/// The sockets of SIP, and where they are.
pub(crate) struct SipSockets {
    pub(crate) datagrams: Vec<UdpSocket>,
    pub(crate) listeners: Vec<(Transport, TcpListener)>,
    pub(crate) doors: Doors,
}

/// Where SIP is taken: datagrams first, each in its place in both lists.
#[derive(Debug, Default)]
pub(crate) struct Doors {
    pub(crate) bound: Vec<Listener>,
    /// As phones are told.
    pub(crate) told: Vec<Listener>,
}

/// Binds every door, datagrams first.
pub(crate) fn bind(sip: &Sip) -> Result<SipSockets, StartError> {
    let first = Door {
        transport: Transport::Udp,
        listen: sip.listen,
        advertise: sip.advertise,
    };
    let mut bound = SipSockets {
        datagrams: Vec::new(),
        listeners: Vec::new(),
        doors: Doors::default(),
    };
    let (datagrams, streams): (Vec<&Door>, Vec<&Door>) = std::iter::once(&first)
        .chain(&sip.doors)
        .partition(|door| door.transport == Transport::Udp);
    for door in datagrams {
        let socket = net::bind(door.listen)?;
        let local = socket.local_addr().map_err(|why| StartError::Sip {
            address: door.listen,
            why,
        })?;
        bound.datagrams.push(socket);
        bound.opened(door, local);
    }
    for door in streams {
        let refused = |why| StartError::Door {
            transport: door.transport,
            address: door.listen,
            why,
        };
        let listener = transports::bind(door.listen).map_err(refused)?;
        let local = listener.local_addr().map_err(refused)?;
        bound.listeners.push((door.transport, listener));
        bound.opened(door, local);
    }
    Ok(bound)
}

impl SipSockets {
    fn opened(&mut self, door: &Door, local: SocketAddr) {
        let at = |address| Listener {
            transport: door.transport,
            address,
        };
        self.doors.bound.push(at(local));
        self.doors.told.push(at(told(door.advertise, local)));
    }
}

/// What phones are told: as configured, with what the socket has where nothing is.
fn told(advertise: Option<SocketAddr>, local: SocketAddr) -> SocketAddr {
    match advertise {
        Some(advertised) if advertised.port() == 0 => SocketAddr::new(advertised.ip(), local.port()),
        Some(advertised) => advertised,
        None => local,
    }
}
