//! Ways to a peer: transports, connections, and where our own doors are. Not sockets: the host opens and closes those and
//! only their names come in here. RFC 3261 18 and 19.1.1 (transport), RFC 7118 (WebSocket), RFC 5923 (connection reuse).

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::token::siphash;
use crate::uri::{Scheme, Uri};

/// What carries a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// A plain stream.
    Tcp,
    /// A stream under TLS.
    Tls,
    /// WebSocket over plain HTTP (RFC 7118).
    Ws,
    /// WebSocket over HTTPS.
    Wss,
    /// A stream under TLS between two nodes of a cluster, each of which has proved by its certificate which node it is. On the
    /// wire it is TLS; it is apart because what comes this way is a node's word, and because nobody else is told of this way.
    /// `peer` of such a flow is the node's own door for other nodes, whoever opened the connection, and it names none.
    Node,
}

impl Transport {
    /// As written in Via: `UDP`, `TCP`, `TLS`, `WS`, `WSS`.
    pub fn via(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls | Self::Node => "TLS",
            Self::Ws => "WS",
            Self::Wss => "WSS",
        }
    }

    /// As written in the `transport` parameter of an address. WebSocket has one value for both kinds (RFC 7118 5.2.2).
    pub fn param(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls | Self::Node => "tls",
            Self::Ws | Self::Wss => "ws",
        }
    }

    /// The transport an address asks for by its `transport` parameter and scheme; UDP if it says nothing (the choice of
    /// RFC 3263 by DNS is not made here). `None` for a transport that is not ours. No address asks for [`Transport::Node`].
    pub fn of_uri(uri: &Uri) -> Option<Self> {
        let secure = uri.scheme() == Scheme::Sips;
        let named = uri.param("transport").map(str::to_ascii_lowercase);
        match (named.as_deref(), secure) {
            (None | Some("tcp"), true) | (Some("tls"), _) => Some(Self::Tls),
            (None | Some("udp"), false) => Some(Self::Udp),
            (Some("tcp"), false) => Some(Self::Tcp),
            (Some("ws"), false) => Some(Self::Ws),
            (Some("ws"), true) | (Some("wss"), _) => Some(Self::Wss),
            _ => None,
        }
    }

    /// Whether it delivers or says that it cannot: then nothing is sent again by timer (RFC 3261 17).
    pub fn is_reliable(self) -> bool {
        self != Self::Udp
    }

    /// Whether nobody on the way can read it.
    pub fn is_secure(self) -> bool {
        matches!(self, Self::Tls | Self::Wss | Self::Node)
    }

    /// The port an address means that names none (RFC 3261 19.1.2, RFC 7118 9).
    pub fn default_port(self) -> u16 {
        match self {
            Self::Udp | Self::Tcp => 5060,
            Self::Tls | Self::Node => 5061,
            Self::Ws => 80,
            Self::Wss => 443,
        }
    }
}

/// The parameter of a Route or Via that a border of ours writes: the message goes on by datagrams, though it comes and goes
/// here over a stream. The border repeats nothing, so whoever sends has to, as if it sent the datagrams itself; RFC 3261
/// 17 looks at the next hop only and would call the message lost for good.
pub(crate) const LOSSY: &str = "pc-lossy";

/// Names a stream connection, accepted or opened. Given by the host, never used again by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub u64);

/// One way to a peer. `Debug` leaves the address out.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Flow {
    /// What carries it.
    pub transport: Transport,
    /// The far address: where messages go and come from.
    pub peer: SocketAddr,
    /// The connection. `None` on a stream transport: the host uses an open connection to that transport and peer or
    /// opens one. Always `None` for UDP and between nodes.
    pub connection: Option<ConnectionId>,
}

impl Flow {
    /// Datagrams to and from `peer`.
    pub fn udp(peer: SocketAddr) -> Self {
        Self {
            transport: Transport::Udp,
            peer,
            connection: None,
        }
    }

    /// The same way without insisting on the connection: another may be opened.
    pub fn any_connection(self) -> Self {
        Self {
            connection: None,
            ..self
        }
    }
}

impl fmt::Debug for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.connection {
            Some(ConnectionId(id)) => write!(f, "Flow({:?}, connection {id})", self.transport),
            None => write!(f, "Flow({:?})", self.transport),
        }
    }
}

/// Where a request of ours goes. `Debug` leaves address and name out.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    /// The way.
    pub flow: Flow,
    /// For TLS: the name the peer's certificate must show if a connection has to be opened. For [`Transport::Node`] the node's
    /// name; without one, whoever has that door.
    pub name: Option<Arc<str>>,
}

impl From<Flow> for Target {
    fn from(flow: Flow) -> Self {
        Self { flow, name: None }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({:?})", self.flow)
    }
}

/// A door of ours, as peers know it: what stands in Via and Contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Listener {
    /// What it takes.
    pub transport: Transport,
    /// The advertised address.
    pub address: SocketAddr,
}

impl Listener {
    /// A UDP door.
    pub fn udp(address: SocketAddr) -> Self {
        Self {
            transport: Transport::Udp,
            address,
        }
    }
}

/// The door a peer on `transport` at `peer` is told: of the same transport and address family, else of the same
/// transport, else of the same family, else the first. The door for nodes is told to nodes alone.
pub(crate) fn door(listeners: &[Listener], transport: Transport, peer: IpAddr) -> SocketAddr {
    let same_family = |door: &&Listener| door.address.is_ipv4() == peer.to_canonical().is_ipv4();
    let same_transport = |door: &&Listener| door.transport == transport;
    let is_public = |door: &&Listener| door.transport != Transport::Node;
    let find = |fits: &dyn Fn(&&Listener) -> bool| listeners.iter().find(fits);
    find(&|door| same_transport(door) && same_family(door))
        .or_else(|| find(&same_transport))
        .or_else(|| find(&|door| is_public(door) && same_family(door)))
        .or_else(|| find(&is_public))
        .or_else(|| listeners.first())
        .expect("Endpoint::new refuses a configuration without listeners")
        .address
}

/// Which share of the calls an endpoint holds: it makes only Call-IDs that [`shard_of`] gives to it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ShardOf {
    /// This endpoint's number, below `of`.
    pub index: usize,
    /// How many endpoints share the calls, at least 1.
    pub of: usize,
    /// The key given to [`shard_of`], the same for all of them; random, so that no peer can aim at a shard.
    pub key: u64,
}

impl ShardOf {
    /// An endpoint that holds all calls.
    pub const ONLY: Self = Self {
        index: 0,
        of: 1,
        key: 0,
    };
}

impl fmt::Debug for ShardOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ShardOf({} of {})", self.index, self.of)
    }
}

/// Which of `of` shards a Call-ID belongs to: stable for a key, and not to be guessed without it. 0 if `of` is 0 or 1.
pub fn shard_of(call_id: &[u8], of: usize, key: u64) -> usize {
    if of <= 1 {
        return 0;
    }
    (siphash([key, !key], call_id) % of as u64) as usize
}

#[cfg(test)]
mod tests;
