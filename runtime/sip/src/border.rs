//! The border of a region: a stateless proxy between the other nodes and the devices that are registered here. A call runs
//! on one node, its anchor; the device may be at another, and this is what that one does: pass messages on, over the flow by
//! which the device registered, and back. RFC 3261 16.11 (stateless proxy) and 16.12 (loose routing), RFC 3327 (Path),
//! RFC 5626 5.3 (flow tokens), RFC 5658 (two Record-Routes).
//!
//! It keeps nothing: no call, no transaction, no timer. Where a message goes stands in the message, in tokens that only
//! this border can make. No address from a message is ever sent to. Not here: sockets, the proof of who a node or a device
//! is, which node holds a call, and calls of this node's own.
//!
//! Since nothing is kept, nothing is repeated: what is lost between the border and a device on UDP is repeated by the
//! ends, and a node is told by a parameter of Route and Via that it has to.
//!
//! Record-Route is written twice, since a device is told a public door and a node the internal one: each then sends what
//! belongs to the call where it can send to. Both tokens come back in each request of the call, so the one proves that the
//! other is shown by whom it was made for.

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;

use crate::flow::{Flow, LOSSY, Listener, Transport, door};
use crate::limits::MESSAGE_BYTES;
use crate::message::{Message, Request};
use crate::parse::{Malformed, read};

mod assertion;
mod edit;
mod names;
mod refusal;
mod request;
mod response;
mod token;

pub use assertion::{
    ACTION_BYTES, Asserted, Assertion, AssertionError, GRANTS_BYTES, IDENTITY_BYTES, ORIGIN_HEADER, TENANT_BYTES,
};
pub use names::{BadName, NODE_BYTES, NodeName, REGION_BYTES, Region};
pub use refusal::NotPassed;

use token::{Mint, PREFIX, Token};

/// Via values of a message that is passed on. With more it has come by too many hops: 483.
pub const VIAS: usize = 70;

/// Bytes of the largest datagram (RFC 768 over RFC 791). A longer message for a device on UDP is refused: 513.
const DATAGRAM: usize = 65_507;

/// How a border is set up. `Debug` leaves the secret out.
#[derive(Clone)]
pub struct BorderConfig {
    /// This node, as the others know it. Tokens are good at this node only.
    pub node: NodeName,
    /// Where it is: told to the anchor of a call that a device begins.
    pub region: Region,
    /// The door for other nodes, over mutual TLS, as they reach it.
    pub internal: SocketAddr,
    /// The doors for devices, as they reach them. At least one.
    pub doors: Vec<Listener>,
    /// Makes the tokens. Random, and new whenever the process starts: connections are numbered anew then, so that an old
    /// token would name a connection of somebody else.
    pub secret: [u8; 32],
    /// Bytes of a message, as it comes and as it goes on. Longer: 513. At most [`MESSAGE_BYTES`].
    pub message_bytes: usize,
}

/// Why there can be no border.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BorderError {
    /// No door for devices: there is nothing to write into their Record-Route.
    NoDoors,
    /// A limit of messages above [`MESSAGE_BYTES`].
    MessageBytes,
}

/// Passes messages between nodes and devices. Any number of threads may use one.
pub struct Border {
    region: Region,
    internal: SocketAddr,
    doors: Vec<Listener>,
    message_bytes: usize,
    mint: Mint,
}

/// A device, as the host knows it from its connection or its registration.
#[derive(Clone, Copy)]
pub struct Device<'a> {
    /// The way its message came.
    pub flow: Flow,
    /// Whose it is, in any words that are its owner's alone (a tenant and an identity, say), if the host knows: then the
    /// device may go on with its calls after it has come back another way. Always the same words for the same owner.
    pub owner: Option<&'a str>,
}

/// Where a message came from.
#[derive(Clone, Copy)]
pub enum Arrival<'a> {
    /// Another node, as its certificate proves.
    Node(&'a NodeName),
    /// A device, or anybody else.
    Device(Device<'a>),
}

/// Where a message goes. `Debug` leaves addresses out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hop {
    /// A device's flow. One with a connection goes over that connection or not at all, see [`Border::unreachable`].
    Flow(Flow),
    /// The internal door of this node.
    Node(NodeName),
}

/// What is to become of a message. `Debug` tells sizes only.
#[derive(Clone, PartialEq, Eq)]
pub enum Passed<'a> {
    /// Send these bytes there.
    Send {
        /// The next hop.
        to: Hop,
        /// The message.
        bytes: Vec<u8>,
    },
    /// Not for passing on: it is this node's own. If it is a device's new request and the call is anchored elsewhere, give
    /// `bytes` to [`Border::begin`].
    Ours {
        /// The message, without [`ORIGIN_HEADER`]. Borrowed if it is as it came.
        bytes: Cow<'a, [u8]>,
        /// Who another node says has sent it. Without it a node's message is nobody's: it may belong to a call, and begin
        /// none.
        asserted: Option<Asserted>,
    },
    /// Answer with these bytes. A host that says nothing to strangers keeps the answer to one.
    Refuse {
        /// Whom.
        to: Hop,
        /// The response.
        bytes: Vec<u8>,
        /// Why, for counting.
        why: NotPassed,
    },
    /// Forget it: it is a response or an ACK, which are never answered, or nothing that could be.
    Drop(NotPassed),
}

impl Border {
    /// A border.
    ///
    /// # Errors
    /// There is no door for devices, or messages may be longer than can be read.
    pub fn new(config: BorderConfig) -> Result<Self, BorderError> {
        if config.doors.is_empty() {
            return Err(BorderError::NoDoors);
        }
        if config.message_bytes > MESSAGE_BYTES {
            return Err(BorderError::MessageBytes);
        }
        Ok(Self {
            mint: Mint::new(&config.secret, config.node),
            region: config.region,
            internal: config.internal,
            doors: config.doors,
            message_bytes: config.message_bytes,
        })
    }

    /// The Path of a device's registration (RFC 3327): what whoever calls it writes as its Route and where it sends the
    /// INVITE. To be kept with the location, and told to nodes only: whoever shows it at the internal door reaches the
    /// device. `ob`: requests inside calls find the flow too (RFC 5626 5.1).
    pub fn path(&self, device: Device<'_>) -> String {
        let token = Token::Path {
            owner: self.mint.mark(device.owner),
            flow: device.flow,
        };
        let token = self.mint.write(&token, "");
        let lossy = lossy(device.flow);
        format!("<sip:{token}@{};transport=tls;lr;ob{lossy}>", self.internal)
    }

    /// What is to become of a message that came. A message that has nothing to do with the border is told by a scan, not
    /// read.
    pub fn pass<'a>(&self, from: Arrival<'_>, bytes: &'a [u8]) -> Passed<'a> {
        if bytes.len() > self.message_bytes {
            return Passed::Drop(NotPassed::TooLong);
        }
        let names_origin = has_origin_line(bytes);
        if !names_origin && memchr::memmem::find(bytes, PREFIX.as_bytes()).is_none() {
            return Passed::Ours {
                bytes: Cow::Borrowed(bytes),
                asserted: None,
            };
        }
        match read(bytes) {
            Ok((Message::Request(request), None)) => self.request(from, bytes, &request),
            Ok((Message::Response(response), None)) => self.response(from, bytes, &response),
            Ok((_, Some(fault))) | Err(fault) => malformed(from, bytes, names_origin, fault),
        }
    }

    /// Passes a new request of a device on to the node that is to hold its call, and tells it who the device is. The ACK
    /// to a refusal of it and its CANCEL have to come here as well and name the same anchor, and so do repetitions: they
    /// bear no token, so the host chooses the anchor by what they have in common, or remembers it for a while. Then all of
    /// them go the same way under one branch.
    ///
    /// Refused are requests that belong to a call already (481) and such as bear a token (403).
    pub fn begin<'a>(&self, from: Device<'_>, bytes: &'a [u8], anchor: &NodeName, who: &Assertion) -> Passed<'a> {
        if bytes.len() > self.message_bytes {
            return Passed::Drop(NotPassed::TooLong);
        }
        match read(bytes) {
            Ok((Message::Request(request), None)) => self.new_request(from, bytes, &request, anchor, who),
            Ok((Message::Response(_), None)) => Passed::Drop(NotPassed::NotARequest),
            Ok((_, Some(fault))) | Err(fault) => Passed::Drop(NotPassed::Malformed(fault.why)),
        }
    }

    /// The answer to a message that was to be passed on and could not be sent: a node hears that the flow has failed (430,
    /// RFC 5626 5.3.1), a device that there is no service (503). `from` and `bytes` as they came.
    pub fn unreachable(&self, from: Arrival<'_>, bytes: &[u8]) -> Passed<'static> {
        let why = match from {
            Arrival::Node(_) => NotPassed::FlowGone,
            Arrival::Device(_) => NotPassed::NodeGone,
        };
        match read(bytes) {
            Ok((Message::Request(request), None)) => self.refuse(from, &request, why),
            _ => Passed::Drop(why),
        }
    }

    /// The address of a token's door as a device is told it.
    fn device_route(&self, token: &str, flow: Flow, scheme: &str) -> String {
        let door = door(&self.doors, flow.transport, flow.peer.ip());
        match flow.transport {
            Transport::Udp => format!("<{scheme}:{token}@{door};lr>"),
            // In a sips address TLS goes without saying (RFC 3261 26.2.2).
            Transport::Tls if scheme == "sips" => format!("<{scheme}:{token}@{door};lr>"),
            transport => format!("<{scheme}:{token}@{door};transport={};lr>", transport.param()),
        }
    }

    /// The same as a node is told it.
    fn node_route(&self, token: &str, flow: Flow, scheme: &str) -> String {
        let (internal, lossy) = (self.internal, lossy(flow));
        match scheme {
            "sips" => format!("<sips:{token}@{internal};lr{lossy}>"),
            _ => format!("<{scheme}:{token}@{internal};transport=tls;lr{lossy}>"),
        }
    }

    /// What may be sent there, in bytes.
    fn longest(&self, to: &Hop) -> usize {
        match to {
            Hop::Flow(flow) if flow.transport == Transport::Udp => self.message_bytes.min(DATAGRAM),
            _ => self.message_bytes,
        }
    }
}

/// The parameter that tells a node to repeat itself as if it sent datagrams.
fn lossy(flow: Flow) -> String {
    match flow.transport.is_reliable() {
        true => String::new(),
        false => format!(";{LOSSY}"),
    }
}

/// A message that cannot be read. A device's is this node's to answer, as any stranger's; but not if it names the private
/// header, which nobody could take out.
fn malformed<'a>(from: Arrival<'_>, bytes: &'a [u8], names_origin: bool, fault: Malformed) -> Passed<'a> {
    match from {
        Arrival::Device(_) if !names_origin => Passed::Ours {
            bytes: Cow::Borrowed(bytes),
            asserted: None,
        },
        _ => Passed::Drop(NotPassed::Malformed(fault.why)),
    }
}

/// Whether some line begins with the private header's name.
fn has_origin_line(bytes: &[u8]) -> bool {
    let name = ORIGIN_HEADER.as_bytes();
    memchr::memchr_iter(b'\n', bytes).any(|at| {
        let line = &bytes[at + 1..];
        line.get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name))
    })
}

/// The Call-ID; parsing has made sure that there is one.
fn call_id(request: &Request) -> &str {
    request.call_id().unwrap_or_default()
}

impl fmt::Debug for BorderConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BorderConfig({} in {})", self.node, self.region)
    }
}

impl fmt::Debug for Border {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Border(in {})", self.region)
    }
}

impl fmt::Debug for Passed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send { to, bytes } => write!(f, "Send({to:?}, {} bytes)", bytes.len()),
            Self::Ours { bytes, asserted } => write!(f, "Ours({} bytes, {asserted:?})", bytes.len()),
            Self::Refuse { to, why, .. } => write!(f, "Refuse({to:?}, {why:?})"),
            Self::Drop(why) => write!(f, "Drop({why:?})"),
        }
    }
}

impl fmt::Display for BorderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoDoors => f.write_str("a border needs at least one door for devices"),
            Self::MessageBytes => write!(f, "messages of a border have at most {MESSAGE_BYTES} bytes"),
        }
    }
}

impl std::error::Error for BorderError {}

#[cfg(test)]
mod tests;
