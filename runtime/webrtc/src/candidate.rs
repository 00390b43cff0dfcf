//! Candidates: the addresses at which a side may be reached, as `a=candidate` has them (RFC 8839 section 5.1, RFC 6544 for TCP). Which
//! of them work is found out elsewhere.

use crate::credentials::{TextError, is_ice_character};
use crate::path::Transport;
use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

/// How an address was learnt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CandidateKind {
    /// Of the machine itself.
    Host,
    /// As a STUN server sees it.
    ServerReflexive,
    /// As the other side sees it, which nobody had told before.
    PeerReflexive,
    /// Of a TURN server, which passes everything on.
    Relayed,
}

/// Who opens the connection (RFC 6544 section 4.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TcpType {
    /// The one who has this candidate; its port says nothing.
    Active,
    /// The other side.
    Passive,
    /// Both at the same time.
    SimultaneousOpen,
}

/// An address at which a side may be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// How it was learnt.
    pub kind: CandidateKind,
    /// None for UDP.
    pub tcp: Option<TcpType>,
    /// The address that the far end sends to.
    pub address: SocketAddr,
    /// Our own only: the socket behind it, if that has another address (a server behind a one-to-one NAT).
    pub base: SocketAddr,
    /// The higher, the more it is wanted (RFC 8445 section 5.1.2).
    pub priority: u32,
    /// Alike for candidates that are likely to work or fail together; up to 32 characters.
    pub foundation: String,
}

impl CandidateKind {
    fn preference(self) -> u32 {
        match self {
            Self::Host => 126,
            Self::PeerReflexive => 110,
            Self::ServerReflexive => 100,
            Self::Relayed => 0,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::ServerReflexive => "srflx",
            Self::PeerReflexive => "prflx",
            Self::Relayed => "relay",
        }
    }
}

impl Candidate {
    /// One of ours for UDP: a socket's own address. `preference` orders our sockets among each other, the highest first.
    #[must_use]
    pub fn host(address: SocketAddr, preference: u16) -> Self {
        Self::ours(CandidateKind::Host, None, (address, address), preference)
    }

    /// One of ours for UDP behind a NAT that has an address for this socket alone.
    #[must_use]
    pub fn mapped(address: SocketAddr, socket: SocketAddr, preference: u16) -> Self {
        // It is told as a host's: whoever reaches it reaches the socket, and lite sides may have no others (RFC 8445 section 5.2).
        Self::ours(CandidateKind::Host, None, (address, socket), preference)
    }

    /// One of ours at which TCP connections are taken. It is wanted less than any UDP candidate of the same kind.
    #[must_use]
    pub fn tcp_passive(address: SocketAddr, preference: u16) -> Self {
        Self::ours(
            CandidateKind::Host,
            Some(TcpType::Passive),
            (address, address),
            preference,
        )
    }

    fn ours(
        kind: CandidateKind,
        tcp: Option<TcpType>,
        (address, base): (SocketAddr, SocketAddr),
        preference: u16,
    ) -> Self {
        let mut candidate = Self {
            kind,
            tcp,
            address,
            base,
            priority: 0,
            foundation: format!("{}{}", if tcp.is_some() { "T" } else { "U" }, preference),
        };
        candidate.priority = candidate.priority_as(kind, preference);
        candidate
    }

    /// RFC 8445 section 5.1.2.1 and, for TCP, the preferences of RFC 6544 section 4.2 by an eighth of the scale. One component only: RTP
    /// and RTCP share it.
    fn priority_as(&self, kind: CandidateKind, preference: u16) -> u32 {
        let kind = if self.tcp.is_some() {
            kind.preference() * 3 / 4
        } else {
            kind.preference()
        };
        let preference = if self.tcp.is_some() {
            4 << 13 | u32::from(preference) >> 3
        } else {
            u32::from(preference)
        };
        kind << 24 | preference << 8 | 255
    }

    /// What a check states: the priority of the candidate that the far end would find by it (RFC 8445 section 7.1.1).
    pub(crate) fn reflexive_priority(&self) -> u32 {
        let preference = (self.priority >> 8 & 0xffff) as u16;
        CandidateKind::PeerReflexive.preference() << 24 | u32::from(preference) << 8 | 255
    }

    /// One of the far end's that nobody had told: its check came from there.
    pub(crate) fn found(transport: Transport, address: SocketAddr, priority: u32) -> Self {
        Self {
            kind: CandidateKind::PeerReflexive,
            tcp: (transport == Transport::Tcp).then_some(TcpType::Active),
            address,
            base: address,
            priority,
            foundation: "P".to_owned(),
        }
    }

    /// How datagrams travel to and from it.
    #[must_use]
    pub fn transport(&self) -> Transport {
        match self.tcp {
            None => Transport::Udp,
            Some(_) => Transport::Tcp,
        }
    }
}

impl FromStr for Candidate {
    type Err = TextError;

    /// `candidate:` may stand before it, what comes after the kind and is not known is passed over.
    fn from_str(text: &str) -> Result<Self, TextError> {
        let text = text.trim();
        let text = text.strip_prefix("a=").unwrap_or(text);
        let text = text.strip_prefix("candidate:").unwrap_or(text);
        let mut words = text.split(' ').filter(|word| !word.is_empty());
        let mut word = |name| words.next().ok_or(TextError::Missing(name));
        let foundation = word("foundation")?;
        let component = word("component")?;
        let transport = word("transport")?;
        let priority = word("priority")?;
        let (ip, port, typ, kind) = (word("address")?, word("port")?, word("typ")?, word("kind")?);

        if foundation.len() > 32 {
            return Err(TextError::Length("foundation"));
        }
        if !foundation.bytes().all(is_ice_character) {
            return Err(TextError::Character("foundation"));
        }
        if component != "1" {
            return Err(TextError::Value("component"));
        }
        let is_tcp = match transport.to_ascii_lowercase().as_str() {
            "udp" => false,
            "tcp" => true,
            _ => return Err(TextError::Value("transport")),
        };
        let priority = priority.parse().map_err(|_| TextError::Value("priority"))?;
        let kind = match (typ, kind) {
            ("typ", "host") => CandidateKind::Host,
            ("typ", "srflx") => CandidateKind::ServerReflexive,
            ("typ", "prflx") => CandidateKind::PeerReflexive,
            ("typ", "relay") => CandidateKind::Relayed,
            _ => return Err(TextError::Value("typ")),
        };
        let port = port.parse().map_err(|_| TextError::Value("port"))?;
        let is_name = ip.contains('.') && ip.bytes().any(|byte| byte.is_ascii_alphabetic()) && !ip.contains(':');
        let ip = match ip.parse() {
            Ok(ip) => ip,
            Err(_) if is_name => return Err(TextError::NamedAddress),
            Err(_) => return Err(TextError::Value("address")),
        };
        let tcp = is_tcp.then(|| tcp_type(words)).transpose()?;
        let address = SocketAddr::new(ip, port);
        Ok(Self {
            kind,
            tcp,
            address,
            base: address,
            priority,
            foundation: foundation.to_owned(),
        })
    }
}

/// Of the attributes after the kind, in pairs of name and value.
fn tcp_type<'a>(mut words: impl Iterator<Item = &'a str>) -> Result<TcpType, TextError> {
    while let (Some(name), Some(value)) = (words.next(), words.next()) {
        if name == "tcptype" {
            return match value {
                "active" => Ok(TcpType::Active),
                "passive" => Ok(TcpType::Passive),
                "so" => Ok(TcpType::SimultaneousOpen),
                _ => Err(TextError::Value("tcptype")),
            };
        }
    }
    Err(TextError::Missing("tcptype"))
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let transport = if self.tcp.is_some() { "tcp" } else { "udp" };
        let (ip, port) = (self.address.ip(), self.address.port());
        write!(
            f,
            "candidate:{} 1 {transport} {} {ip} {port} typ {}",
            self.foundation,
            self.priority,
            self.kind.word()
        )?;
        if self.kind != CandidateKind::Host {
            // Where it comes from is nobody's business (RFC 8839 section 5.1).
            let nowhere = if self.address.is_ipv4() { "0.0.0.0" } else { "::" };
            write!(f, " raddr {nowhere} rport 9")?;
        }
        match self.tcp {
            None => Ok(()),
            Some(TcpType::Active) => f.write_str(" tcptype active"),
            Some(TcpType::Passive) => f.write_str(" tcptype passive"),
            Some(TcpType::SimultaneousOpen) => f.write_str(" tcptype so"),
        }
    }
}

#[cfg(test)]
mod tests;
