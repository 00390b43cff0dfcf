//! How each node comes to hold a copy of what every node says: who writes, what is sent, and the limits. What is said is up to
//! whoever uses it ([`crate::locations`], [`crate::nodes`]). Pure, and no consensus: messages are values, and so is time. Not
//! here: how messages travel, and who may send them.
//!
//! **One writer.** A node alone says what it holds. Its changes are numbered from 1 in this *incarnation* of it, a number that
//! grows with every start; a copy of what it says is therefore known by incarnation and *sequence*, and of two copies the later
//! is right. Taking a message twice, late or in any order leads to the same copy, whatever the clocks of the nodes show.
//!
//! **Gaps.** Changes are taken in order. Those that come too early are held, and what stays missing for [`PATIENCE`] is answered
//! by asking the writer for the whole. A writer says by a *beat* every [`BEAT`] how far it is, so that the loss of its last
//! change is noticed too.
//!
//! **Leases.** A writer that has not been heard for [`NODE_LEASE`] and [`ALLOWANCE`] is lost, and all it said is forgotten. Only
//! a message that is newer than any that was heard counts, so that an old one that comes late keeps nobody alive.

mod feed;
mod outbox;
mod peers;
mod wheel;
mod wire;

pub use feed::{Missed, NOTICES_MAX};
pub use wire::{FORMAT, Fault, Input, MESSAGE_BYTES, Out, Wire, WireError};

pub(crate) use feed::Feed;
pub(crate) use outbox::Outbox;
pub(crate) use peers::{Cleared, ME, Peers, Step};
pub(crate) use wheel::Wheel;
pub(crate) use wire::{IP_BYTES, NUMBER_BYTES, WORD_BYTES, text_bytes};

use crate::regions::{NodeId, Region};
use std::time::Duration;

/// How often a node says that it is there.
pub const BEAT: Duration = Duration::from_secs(5);
/// How long what a node said counts after it was heard last.
pub const NODE_LEASE: Duration = Duration::from_secs(15);
/// What is added to every lease that another node counts: for the way of a message, and for clocks that go a little faster.
pub const ALLOWANCE: Duration = Duration::from_secs(5);
/// How long a change may be missing before the whole is asked for: others may have overtaken it.
pub const PATIENCE: Duration = Duration::from_millis(200);
/// How long an answer to that may take, and each part of it, before it is asked for again.
pub const ASK_AGAIN: Duration = Duration::from_secs(5);
/// Writers that are asked at the same time. Others wait, so that a node that starts is not flooded by a thousand answers.
pub const ASKS_AT_ONCE: usize = 32;
/// Changes that wait to be sent. Above it they are all dropped, and who misses them asks for the whole.
pub const OUTGOING_MAX: usize = 4_096;
/// Changes in one message, and entries in one part of a whole: so many that the longest of them make no message longer than
/// [`MESSAGE_BYTES`].
pub const CHANGES_PER_MESSAGE: usize = 64;
/// Changes of one writer that are held because an earlier one is missing. Others are dropped, and come with the whole.
pub const HELD_MAX: usize = 1_024;
/// Parts of a whole. A message that speaks of more is ignored.
pub const PARTS_MAX: u32 = 2_048;
/// Writers that a node remembers, itself among them. When there are as many, those that were lost longest ago are forgotten; while
/// all are there, a new one is not listened to.
pub const WRITERS_MAX: usize = 4_096;

/// What a node sends to others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message<C> {
    /// The writer.
    pub from: NodeId,
    /// Where it is.
    pub region: Region,
    /// Which start of it: later ones have greater numbers.
    pub incarnation: u64,
    /// Which message of this incarnation, from 1: to see which of two is newer. Others may have got the ones between.
    pub number: u64,
    /// What it says.
    pub body: Body<C>,
}

/// What is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body<C> {
    /// The writer is there.
    Beat {
        /// Its last change; 0: there is none.
        sequence: u64,
    },
    /// Something is new.
    Changes {
        /// The sequence of the first; the others follow without a gap.
        first: u64,
        /// At most [`CHANGES_PER_MESSAGE`].
        changes: Vec<C>,
    },
    /// A part of everything there is; whatever is in none of the parts is gone.
    Part {
        /// It is the state after this change.
        through: u64,
        /// Which part, from 0.
        part: u32,
        /// Of how many, 1 to [`PARTS_MAX`].
        parts: u32,
        /// At most [`CHANGES_PER_MESSAGE`].
        entries: Vec<C>,
    },
    /// Please send everything.
    Ask,
    /// The writer goes, and everything of it.
    Left,
}

/// To whom a message goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum To {
    /// All other nodes.
    All,
    /// One of them.
    Node(NodeId),
}

/// A message to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing<C> {
    /// To whom.
    pub to: To,
    /// What.
    pub message: Message<C>,
}

/// Which node this is, and which start of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Me {
    /// Its name.
    pub node: NodeId,
    /// Where it is.
    pub region: Region,
    /// Greater than at any start before. Whoever starts the node sees to that.
    pub incarnation: u64,
}

/// What went wrong so far, for the counters of the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mishaps {
    /// Changes of this node that were dropped because too many waited ([`OUTGOING_MAX`]).
    pub dropped: u64,
    /// Messages of writers for whom there was no room ([`WRITERS_MAX`]).
    pub unheard: u64,
    /// How often the whole of a writer was asked for.
    pub asked: u64,
    /// Writers whose lease ran out.
    pub lost: u64,
}

impl Mishaps {
    /// Of what one node says, and of what it hears.
    pub(crate) fn of<C>(outbox: &Outbox<C>, peers: &Peers<C>) -> Self {
        let mut mishaps = Self {
            dropped: outbox.dropped(),
            ..Self::default()
        };
        peers.count_into(&mut mishaps);
        mishaps
    }
}

#[cfg(test)]
pub(crate) mod tests;
