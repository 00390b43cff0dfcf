//! What the border writes into Route addresses and Via branches so that it need remember nothing: where something goes,
//! under a keyed hash that nobody else can make. RFC 5626 5.3 (flow tokens), RFC 3261 16.11. Not here: which token a
//! message may show (`request`, `response`).
//!
//! A token is `pcb1.` and URL-safe Base64 of: its kind, what it names, and 96 bits of HMAC-SHA-256 over these, this node's
//! name and the Call-ID. So one from another node, another call or another secret is none.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use base64ct::{Base64UrlUnpadded, Encoding as _};

use super::{Hop, NodeName};
use crate::flow::{ConnectionId, Flow, Transport};
use crate::keyed::{Keyed, equal_in_constant_time};
use crate::token::siphash;

/// What the text of every token begins with: by this a message tells whether the border has to look at it.
pub(super) const PREFIX: &str = "pcb1.";

/// Bytes of the keyed hash in a token.
const SEAL: usize = 12;

/// Bytes of Base64 in a token, at most: a node's name of 64 bytes, the marks and the seal, encoded. A longer one is none.
const TEXT: usize = 128;

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// The way to a device and whose it is, for whoever calls it. In no call yet, so no Call-ID is under the seal.
    Path { owner: Mark, flow: Flow },
    /// In a call: the way to its device.
    ToDevice { flow: Flow },
    /// In a call: the node that holds it, and whose device may send there.
    ToNode { owner: Mark, node: NodeName },
    /// In a Via: where the response goes.
    Back { trace: Trace, hop: Hop },
}

/// Stands for an owner's name, without telling it. `NOBODY`: whose the device is is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark(u64);

impl Mark {
    pub(super) const NOBODY: Self = Self(0);
}

/// What tells one request of a call from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trace {
    /// The same for a request, its repetitions, its CANCEL and the ACK to its refusal; another for all else.
    pub(super) transaction: u64,
    /// The same when the request comes by again, with the same aim.
    pub(super) round: u32,
}

/// Makes tokens and reads them.
pub(super) struct Mint {
    keyed: Keyed,
    /// Of marks and traces.
    key: [u64; 2],
    node: NodeName,
}

const PATH: u8 = 1;
const TO_DEVICE: u8 = 2;
const TO_NODE: u8 = 3;
const BACK_TO_DEVICE: u8 = 4;
const BACK_TO_NODE: u8 = 5;

const IPV6: u8 = 0x10;
const CONNECTED: u8 = 0x20;

impl Mint {
    pub(super) fn new(secret: &[u8; 32], node: NodeName) -> Self {
        let keyed = Keyed::new(secret);
        let derived = keyed.hash(&[b"marks of a border"]);
        let word = |at: usize| u64::from_le_bytes(derived[at..at + 8].try_into().expect("eight of 32 bytes"));
        Self {
            key: [word(0), word(8)],
            keyed,
            node,
        }
    }

    /// The token as text. `call_id` is under the seal; of a path it is not.
    pub(super) fn write(&self, token: &Token, call_id: &str) -> String {
        let mut bytes = Vec::with_capacity(96);
        match token {
            Token::Path { owner, flow } => {
                bytes.push(PATH);
                bytes.extend_from_slice(&owner.0.to_be_bytes());
                write_flow(&mut bytes, *flow);
            }
            Token::ToDevice { flow } => {
                bytes.push(TO_DEVICE);
                write_flow(&mut bytes, *flow);
            }
            Token::ToNode { owner, node } => {
                bytes.push(TO_NODE);
                bytes.extend_from_slice(&owner.0.to_be_bytes());
                bytes.extend_from_slice(node.as_str().as_bytes());
            }
            Token::Back { trace, hop } => {
                bytes.push(match hop {
                    Hop::Flow(_) => BACK_TO_DEVICE,
                    Hop::Node(_) => BACK_TO_NODE,
                });
                bytes.extend_from_slice(&trace.transaction.to_be_bytes());
                bytes.extend_from_slice(&trace.round.to_be_bytes());
                match hop {
                    Hop::Flow(flow) => write_flow(&mut bytes, *flow),
                    Hop::Node(node) => bytes.extend_from_slice(node.as_str().as_bytes()),
                }
            }
        }
        let seal = self.seal(&bytes, call_id);
        bytes.extend_from_slice(&seal);
        format!("{PREFIX}{}", Base64UrlUnpadded::encode_string(&bytes))
    }

    /// What a token says. `None`: it is not of this border, not of this call, or altered.
    pub(super) fn read(&self, text: &str, call_id: &str) -> Option<Token> {
        let encoded = text.strip_prefix(PREFIX)?;
        if encoded.len() > TEXT {
            return None;
        }
        let bytes = Base64UrlUnpadded::decode_vec(encoded).ok()?;
        let (content, seal) = bytes.split_at_checked(bytes.len().checked_sub(SEAL)?)?;
        if !equal_in_constant_time(&self.seal(content, call_id), seal) {
            return None;
        }
        read_content(content)
    }

    fn seal(&self, content: &[u8], call_id: &str) -> [u8; SEAL] {
        let bound = match content.first() {
            Some(&PATH) => "",
            _ => call_id,
        };
        let node = self.node.as_str();
        // Lengths first, so that two parts cannot run into each other. Both are below 256, see `NodeName` and `TEXT`.
        let lengths = [node.len() as u8, content.len() as u8];
        let hash = self.keyed.hash(&[&lengths, node.as_bytes(), content, bound.as_bytes()]);
        std::array::from_fn(|at| hash[at])
    }

    pub(super) fn mark(&self, owner: Option<&str>) -> Mark {
        owner.map_or(Mark::NOBODY, |owner| Mark(self.number(0, &[owner.as_bytes()])))
    }

    /// 64 bits over some fields of a message; `purpose` keeps the uses apart.
    pub(super) fn number(&self, purpose: u64, parts: &[&[u8]]) -> u64 {
        let mut joined = Vec::with_capacity(256);
        for part in parts {
            joined.extend_from_slice(&(part.len() as u32).to_be_bytes());
            joined.extend_from_slice(part);
        }
        siphash([self.key[0] ^ purpose, self.key[1]], &joined)
    }
}

fn write_flow(bytes: &mut Vec<u8>, flow: Flow) {
    let transport = match flow.transport {
        Transport::Udp => 0,
        Transport::Tcp => 1,
        Transport::Tls => 2,
        Transport::Ws => 3,
        Transport::Wss => 4,
        // No device comes this way; such a token is read as none.
        Transport::Node => 5,
    };
    let family = if flow.peer.is_ipv6() { IPV6 } else { 0 };
    let connected = if flow.connection.is_some() { CONNECTED } else { 0 };
    bytes.push(transport | family | connected);
    match flow.peer.ip() {
        IpAddr::V4(ip) => bytes.extend_from_slice(&ip.octets()),
        IpAddr::V6(ip) => bytes.extend_from_slice(&ip.octets()),
    }
    bytes.extend_from_slice(&flow.peer.port().to_be_bytes());
    if let Some(ConnectionId(id)) = flow.connection {
        // Most are small, and each byte saved is one less in three places of each message.
        bytes.extend(id.to_be_bytes().into_iter().skip_while(|byte| *byte == 0));
    }
}

fn read_content(content: &[u8]) -> Option<Token> {
    let (&kind, rest) = content.split_first()?;
    match kind {
        PATH => {
            let (owner, rest) = rest.split_first_chunk()?;
            Some(Token::Path {
                owner: Mark(u64::from_be_bytes(*owner)),
                flow: read_flow(rest)?,
            })
        }
        TO_DEVICE => Some(Token::ToDevice { flow: read_flow(rest)? }),
        TO_NODE => {
            let (owner, rest) = rest.split_first_chunk()?;
            Some(Token::ToNode {
                owner: Mark(u64::from_be_bytes(*owner)),
                node: read_node(rest)?,
            })
        }
        BACK_TO_DEVICE | BACK_TO_NODE => {
            let (transaction, rest) = rest.split_first_chunk()?;
            let (round, rest) = rest.split_first_chunk()?;
            let trace = Trace {
                transaction: u64::from_be_bytes(*transaction),
                round: u32::from_be_bytes(*round),
            };
            let hop = match kind {
                BACK_TO_DEVICE => Hop::Flow(read_flow(rest)?),
                _ => Hop::Node(read_node(rest)?),
            };
            Some(Token::Back { trace, hop })
        }
        _ => None,
    }
}

fn read_node(bytes: &[u8]) -> Option<NodeName> {
    NodeName::new(std::str::from_utf8(bytes).ok()?).ok()
}

fn read_flow(bytes: &[u8]) -> Option<Flow> {
    let (&first, rest) = bytes.split_first()?;
    let transport = match first & 0x0f {
        0 => Transport::Udp,
        1 => Transport::Tcp,
        2 => Transport::Tls,
        3 => Transport::Ws,
        4 => Transport::Wss,
        _ => return None,
    };
    let (ip, rest) = if first & IPV6 != 0 {
        let (ip, rest) = rest.split_first_chunk::<16>()?;
        (IpAddr::V6(Ipv6Addr::from(*ip)), rest)
    } else {
        let (ip, rest) = rest.split_first_chunk::<4>()?;
        (IpAddr::V4(Ipv4Addr::from(*ip)), rest)
    };
    let (port, rest) = rest.split_first_chunk::<2>()?;
    let is_connected = first & CONNECTED != 0;
    if rest.len() > 8 || (!is_connected && !rest.is_empty()) {
        return None;
    }
    let id = rest.iter().fold(0, |id: u64, byte| id << 8 | u64::from(*byte));
    Some(Flow {
        transport,
        peer: SocketAddr::new(ip, u16::from_be_bytes(*port)),
        connection: is_connected.then_some(ConnectionId(id)),
    })
}

#[cfg(test)]
mod tests;
