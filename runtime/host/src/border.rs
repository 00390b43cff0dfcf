//! The border in use ([`patchcord_sip::border`]): what comes in passes it before it reaches a shard, and what it passes on goes out by
//! the sockets that there are. Only a node with a door for other nodes has one. Not here: what a message may do (the core), connections
//! ([`crate::transports`]), and which node has which door ([`NodeDoors`]).

mod figures;

pub(crate) use figures::BorderFigures;

use crate::cluster::NodeDoors;
use crate::net::Datagrams;
use crate::transports::{Ordered, SendOrder, Sender, StreamQueue};
use patchcord_sip::border::{Arrival, Border, BorderConfig, BorderError, Device, Hop, NodeName, NotPassed, Passed};
use patchcord_sip::{Flow, GateConfig, Proven, Strangers, Transport};
use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The way to a node with this door, as shards know it: whoever opened the connection, and over whichever.
pub(crate) fn node_flow(door: SocketAddr) -> Flow {
    Flow {
        transport: Transport::Node,
        peer: door,
        connection: None,
    }
}

/// What a border is made of beside the core.
pub(crate) struct WaysOut {
    pub(crate) datagrams: Datagrams,
    pub(crate) streams: StreamQueue,
    pub(crate) nodes: Arc<NodeDoors>,
    pub(crate) figures: Arc<BorderFigures>,
}

/// The border of a running node. Any thread may use it; it never waits.
pub(crate) struct BorderProxy {
    border: Border,
    /// Where other nodes reach this one.
    door: SocketAddr,
    out: WaysOut,
    /// Whether a stranger hears why it is refused, as it would from a shard.
    answers_strangers: AtomicBool,
}

/// A message that was passed on to a connection, as it came: for the answer if it cannot be sent.
pub(crate) struct Passage {
    from: Whence,
    bytes: Box<[u8]>,
}

impl fmt::Debug for Passage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Passage({} bytes)", self.bytes.len())
    }
}

#[cfg(test)]
impl Passage {
    /// A message that came this way.
    pub(crate) fn of_device(flow: Flow, bytes: &[u8]) -> Arc<Self> {
        Arc::new(Self {
            from: Whence::Device(flow, None),
            bytes: bytes.into(),
        })
    }
}

/// Where a message came from, for as long as that matters.
#[derive(Clone)]
enum Whence {
    Device(Flow, Option<Arc<Proven>>),
    Node(NodeName),
}

impl Whence {
    fn arrival<'a>(&'a self, owner: Option<&'a str>) -> Arrival<'a> {
        match self {
            Self::Device(flow, _) => Arrival::Device(Device { flow: *flow, owner }),
            Self::Node(name) => Arrival::Node(name),
        }
    }

    fn owner(&self) -> Option<String> {
        match self {
            Self::Device(_, proven) => proven.as_ref().map(|proven| owner(&proven.tenant, &proven.identity)),
            Self::Node(_) => None,
        }
    }
}

/// Whose a device is, in words that nobody else's are: no name has the byte in between.
fn owner(tenant: &str, identity: &str) -> String {
    format!("{tenant}\0{identity}")
}

impl BorderProxy {
    /// A border before shards with this gate; without one everybody is let in.
    ///
    /// # Errors
    /// See [`BorderError`].
    pub(crate) fn new(config: BorderConfig, gate: Option<&GateConfig>, out: WaysOut) -> Result<Self, BorderError> {
        let proxy = Self {
            door: config.internal,
            border: Border::new(config)?,
            out,
            answers_strangers: AtomicBool::new(true),
        };
        if let Some(gate) = gate {
            proxy.set_strangers(gate.strangers);
        }
        Ok(proxy)
    }

    /// Where other nodes reach this one.
    pub(crate) fn door(&self) -> SocketAddr {
        self.door
    }

    /// What strangers hear from now on.
    pub(crate) fn set_strangers(&self, strangers: Strangers) {
        self.answers_strangers
            .store(strangers != Strangers::Drop, Ordering::Relaxed);
    }

    /// The Path by which other nodes reach a device on this flow (RFC 3327), to be kept with its location. `whose`: its tenant and
    /// its identity there, if it has proved them where its connection was opened; each of its messages is known by them then.
    pub(crate) fn path(&self, flow: Flow, whose: Option<(&str, &str)>) -> String {
        let owner = whose.map(|(tenant, identity)| owner(tenant, identity));
        self.border.path(Device {
            flow,
            owner: owner.as_deref(),
        })
    }

    /// A message of a device or a stranger: what is this node's own is given back, all else is done.
    pub(crate) fn of_device<'a>(
        &self,
        flow: Flow,
        bytes: &'a [u8],
        proven: Option<&Arc<Proven>>,
    ) -> Option<Cow<'a, [u8]>> {
        let owner = proven.map(|proven| owner(&proven.tenant, &proven.identity));
        let device = Device {
            flow,
            owner: owner.as_deref(),
        };
        let whence = || Whence::Device(flow, proven.cloned());
        self.pass(Arrival::Device(device), bytes, &whence)
    }

    /// A message of another node, as its certificate proves. What is given back begins no call: that is for the gate to see to.
    pub(crate) fn of_node<'a>(&self, node: &NodeName, bytes: &'a [u8]) -> Option<Cow<'a, [u8]>> {
        self.pass(Arrival::Node(node), bytes, &|| Whence::Node(node.clone()))
    }

    /// What was passed on could not be sent.
    pub(crate) fn failed(&self, passage: &Passage) {
        let owner = passage.from.owner();
        let from = passage.from.arrival(owner.as_deref());
        self.answer(&passage.from, self.border.unreachable(from, &passage.bytes));
    }

    fn pass<'a>(&self, from: Arrival<'_>, bytes: &'a [u8], whence: &dyn Fn() -> Whence) -> Option<Cow<'a, [u8]>> {
        match self.border.pass(from, bytes) {
            // Nothing is made yet of whom a node asserts.
            Passed::Ours { bytes, .. } => Some(bytes),
            Passed::Send { to, bytes: on } => {
                match to {
                    Hop::Flow(_) => self.out.figures.to_devices.one(),
                    Hop::Node(_) => self.out.figures.to_nodes.one(),
                }
                let is_unanswered = bytes.starts_with(b"SIP/2.0 ") || bytes.starts_with(b"ACK ");
                let passage = || {
                    Arc::new(Passage {
                        from: whence(),
                        bytes: bytes.into(),
                    })
                };
                self.send(to, on, (!is_unanswered).then(passage));
                None
            }
            refused => {
                self.answer(&whence(), refused);
                None
            }
        }
    }

    /// Carries out a refusal.
    fn answer(&self, from: &Whence, passed: Passed<'_>) {
        match passed {
            Passed::Refuse { to, bytes, why } => {
                self.out.figures.refused[why.kind()].one();
                if self.may_hear(from, why) {
                    self.send(to, bytes, None);
                }
            }
            Passed::Drop(why) => self.out.figures.refused[why.kind()].one(),
            Passed::Ours { .. } | Passed::Send { .. } => {}
        }
    }

    /// Whether a refusal is sent. Who showed a token that is good for it is no stranger, whatever else is wrong.
    fn may_hear(&self, from: &Whence, why: NotPassed) -> bool {
        let is_a_strangers = matches!(
            why,
            NotPassed::ForgedToken
                | NotPassed::StrayToken
                | NotPassed::WrongSide
                | NotPassed::NotItsToken
                | NotPassed::Malformed(_)
                | NotPassed::Assertion(_)
        );
        match from {
            Whence::Node(_) | Whence::Device(_, Some(_)) => true,
            Whence::Device(_, None) => !is_a_strangers || self.answers_strangers.load(Ordering::Relaxed),
        }
    }

    fn send(&self, to: Hop, bytes: Vec<u8>, passage: Option<Arc<Passage>>) {
        let (to, name) = match to {
            Hop::Flow(flow) if flow.transport == Transport::Udp => {
                if self.out.datagrams.send(flow.peer, &bytes).is_err() {
                    // Lost on the way: the ends send again.
                    self.out.figures.send_errors.one();
                }
                return;
            }
            Hop::Flow(flow) => (flow, None),
            Hop::Node(node) => match self.out.nodes.door_of(&node) {
                Some(door) => (node_flow(door), Some(Arc::from(node.as_str()))),
                None => return self.failed_at_once(passage.as_deref()),
            },
        };
        let order = SendOrder {
            sender: Sender::Border(passage.clone()),
            to,
            name,
            bytes: bytes.into(),
        };
        if self.out.streams.send(order) == Ordered::Dropped {
            self.failed_at_once(passage.as_deref());
        }
    }

    fn failed_at_once(&self, passage: Option<&Passage>) {
        if let Some(passage) = passage {
            self.failed(passage);
        }
    }
}

#[cfg(test)]
mod tests;
