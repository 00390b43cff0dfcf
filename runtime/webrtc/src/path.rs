//! What a datagram is (RFC 7983) and the way it took. Whose it is, is not asked here.

use std::fmt;
use std::net::SocketAddr;

/// How datagrams travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transport {
    /// Each by itself.
    Udp,
    /// One after the other in a connection that the far end opened, framed (RFC 4571; [`crate::Frames`]).
    Tcp,
}

/// The way of a datagram, in both directions: a socket of ours and the far end's address as we see it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path {
    /// How.
    pub transport: Transport,
    /// The address of our socket: where what came was sent to, and where what goes is sent from.
    pub local: SocketAddr,
    /// The far end's address.
    pub remote: SocketAddr,
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {} {}", self.transport, self.local, self.remote)
    }
}

/// What a datagram is, by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// ICE's questions and answers.
    Stun,
    /// The handshake, and its end.
    Dtls,
    /// Encrypted sound.
    Rtp,
    /// Encrypted reports.
    Rtcp,
}

impl Kind {
    /// Of a datagram; none if it is nothing that we know (RFC 7983 section 7, and RFC 5761 section 4 for RTCP).
    #[must_use]
    pub fn of(datagram: &[u8]) -> Option<Self> {
        match datagram {
            [0..=3, ..] => Some(Self::Stun),
            [20..=63, ..] => Some(Self::Dtls),
            [128..=191, 192..=223, ..] => Some(Self::Rtcp),
            [128..=191, _, ..] => Some(Self::Rtp),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
