//! Where endpoints are reached in the whole cluster: each device of an endpoint, at which gateway, in which region. Pure: messages
//! and time are arguments ([`crate::replica`] says how copies are kept). Not here: SIP's bindings of one node, who may register,
//! which way a call goes, and how messages travel.
//!
//! An **endpoint** of a tenant has up to [`INSTANCES_MAX`] instances. Each is registered by the **gateway** it is connected to, and by
//! that alone. When it comes in at another one, that takes an *epoch* greater than any it knows; of two that know of equally many
//! the greater name counts. So all nodes agree which of two counts without comparing clocks. **The one that does not count is told
//! ([`Output::Drop`]) and takes its entry back**: an instance that is wrongly dropped comes again, and knows better then.
//!
//! **Leases.** A registration ends when its gateway does not hear of the instance for its lease, and at other nodes [`ALLOWANCE`]
//! after the last they heard of it. Renewals are told only when less than half a lease is left of what others were told. Everything of a
//! gateway that is lost ends with it.
//!
//! **Memory.** A registration costs a node some 420 bytes, and 16 more with the bytes of the way to it (`make bench` counts 575 with a
//! way of 139). Each way is its own, in one piece; a profile is kept once for all that have it, and so is the status of those that are
//! available and say nothing else.
//!
//! [`ALLOWANCE`]: crate::replica::ALLOWANCE

mod facts;
mod feed;
mod gateway;
mod merge;
mod name;
mod queries;
mod slab;
mod table;
mod way;
mod wire;

pub use crate::replica::{Missed, NOTICES_MAX};
pub use facts::{
    ABILITIES_MAX, ABILITY_BYTES, Before, ClientKind, Endpoint, HISTORY_MAX, History, INSTANCE_BYTES, Instance,
    InstanceId, Link, Media, NAME_BYTES, Network, NotAFact, Place, Profile, State, TENANT_BYTES,
};
pub use feed::{Event, Notice};
pub use gateway::{Arrival, Refusal, Registered, Update};
pub use queries::{Found, PAGE_MAX, Page};
pub use way::{CONTACT_BYTES, Carrier, PATH_BYTES, Way};
pub(crate) use wire::{INSTANCE_WIRE_BYTES, read_instance, write_instance};

use crate::regions::NodeId;
use crate::replica::{CHANGES_PER_MESSAGE, Feed, ME, Me, Message, Mishaps, Outbox, Outgoing, PARTS_MAX, Peers, Wheel};
use gateway::Own;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::time::{Duration, Instant};
use table::{Table, Turn};

/// Instances of one endpoint, as many as a SIP user has bindings.
pub const INSTANCES_MAX: usize = 10;
/// Instances at one gateway. Above it a new one is refused.
pub const GATEWAY_MAX: usize = 100_000;
/// Registrations that a node knows. Above it a gateway refuses new ones, and those of others are left out and counted.
pub const REGISTRATIONS_MAX: usize = 4_000_000;
/// Of these, of one tenant: a gateway refuses new ones above it.
pub const OF_TENANT_MAX: usize = 1_000_000;
// Everything of a gateway goes into one whole.
const _: () = assert!(GATEWAY_MAX <= PARTS_MAX as usize * CHANGES_PER_MESSAGE);
/// The shortest and the longest lease.
pub const LEASE_MIN: Duration = Duration::from_secs(10);
/// See [`LEASE_MIN`].
pub const LEASE_MAX: Duration = Duration::from_secs(24 * 3_600);
/// Leases that are ended by one call of [`Registrar::deadline`], which is due at once again if there are more.
pub const EXPIRIES_PER_CALL: usize = 1_000;

/// What a gateway says of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// Whose instance.
    pub endpoint: Endpoint,
    /// Greater than that of any registration of the instance that the gateway knew when it came.
    pub epoch: u32,
    /// All that is said of it.
    pub instance: Instance,
    /// How long this counts after it was heard, if nothing else is heard.
    pub lease: Duration,
}

/// What a gateway tells the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// An instance is there, or something else is said of it.
    Put(Registration),
    /// It is still there.
    Renew {
        /// Whose.
        endpoint: Endpoint,
        /// Which.
        instance: InstanceId,
        /// How long this counts after it was heard.
        lease: Duration,
    },
    /// It is not there any more.
    Remove {
        /// Whose.
        endpoint: Endpoint,
        /// Which.
        instance: InstanceId,
    },
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// A message is to be sent.
    Send(Outgoing<Change>),
    /// An instance of this gateway is registered no more: its connection can be closed.
    Drop {
        /// Whose.
        endpoint: Endpoint,
        /// Which.
        instance: InstanceId,
        /// Why.
        why: Dropped,
    },
    /// Another process has this node's name and began later. Nothing is sent or registered any more: this process has to stop.
    Replaced,
}

/// Why an instance is registered no more, without its gateway having asked for that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dropped {
    /// Nothing was heard of it for its lease.
    Expired,
    /// It is at another gateway.
    Moved(NodeId),
    /// Its endpoint has [`INSTANCES_MAX`] others: they came at several gateways at the same time.
    Crowded,
}

/// The registrations of all nodes, as one of them knows them. `Debug` tells only how many.
pub struct Registrar {
    outbox: Outbox<Change>,
    peers: Peers<Change>,
    table: Table,
    leases: Wheel,
    own: HashMap<u32, Own>,
    feed: Feed<Notice>,
    /// Drained after each input: one of each instance that the input dropped, at most.
    outputs: VecDeque<Output>,
    /// The last time that was told.
    now: Instant,
    /// Registrations it knows at most: [`REGISTRATIONS_MAX`].
    most: usize,
    left_out: u64,
}

impl fmt::Debug for Registrar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Registrar({} registrations)", self.table.len())
    }
}

impl Registrar {
    /// That of a node that begins.
    pub fn new(now: Instant, me: Me) -> Self {
        let mut table = Table::default();
        table.name(ME, &me.node);
        Self {
            peers: Peers::new(now, &me),
            outbox: Outbox::new(now, me),
            table,
            leases: Wheel::new(now),
            own: HashMap::new(),
            feed: Feed::default(),
            outputs: VecDeque::new(),
            now,
            most: REGISTRATIONS_MAX,
            left_out: 0,
        }
    }

    /// A message of another node came.
    pub fn handle(&mut self, now: Instant, message: Message<Change>) {
        self.now = now;
        let steps = self.peers.receive(now, message);
        self.carry_out(now, steps);
    }

    /// Time passed: leases run out, and others are told what they have to know.
    pub fn deadline(&mut self, now: Instant) {
        self.now = now;
        let steps = self.peers.deadline(now);
        self.carry_out(now, steps);
        for _ in 0..EXPIRIES_PER_CALL {
            let Some(id) = self.leases.expired(now) else {
                break;
            };
            self.expired(now, id);
        }
        self.outbox.deadline(now);
    }

    /// What is to be done next; none when all is done.
    pub fn poll(&mut self) -> Option<Output> {
        if let Some(output) = self.outputs.pop_front() {
            return Some(output);
        }
        let Self {
            outbox,
            table,
            own,
            now,
            ..
        } = self;
        let all = || gateway::everything(*now, table, own);
        outbox.poll(all).map(Output::Send)
    }

    /// When [`Registrar::deadline`] is due.
    pub fn wake_at(&self) -> Option<Instant> {
        let due = [self.leases.wake_at(), self.peers.wake_at(), self.outbox.wake_at()];
        due.into_iter().flatten().min()
    }

    /// What went wrong in keeping copies.
    pub fn mishaps(&self) -> Mishaps {
        Mishaps::of(&self.outbox, &self.peers)
    }

    /// Registrations of other gateways that were left out because of [`REGISTRATIONS_MAX`].
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    fn tell(&mut self, endpoint: Endpoint, instance: InstanceId, turn: Turn) {
        let event = match turn {
            Turn::None => return,
            Turn::Came => Event::Came,
            Turn::Changed => Event::Changed,
            Turn::Gone => Event::Gone,
        };
        self.feed.tell(|sequence| Notice {
            sequence,
            endpoint,
            instance,
            event,
        });
    }
}

#[cfg(test)]
mod tests;
