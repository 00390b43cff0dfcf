//! The writer's half: the changes of this node on their way to the others, its beats, and the whole for those that ask. Not
//! here: what others say.

use super::{BEAT, Body, CHANGES_PER_MESSAGE, Me, Message, OUTGOING_MAX, Outgoing, To, WRITERS_MAX};
use crate::regions::NodeId;
use std::collections::{BTreeSet, VecDeque};
use std::time::Instant;

/// What this node has to say.
#[derive(Debug)]
pub(crate) struct Outbox<C> {
    me: Me,
    number: u64,
    /// Of the last change, sent or not.
    sequence: u64,
    /// The last changes, at most [`OUTGOING_MAX`].
    waiting: VecDeque<C>,
    dropped: u64,
    is_beat_due: bool,
    next_beat: Instant,
    /// Whose everything is to be asked for. Not more than are asked at once.
    asks: VecDeque<NodeId>,
    /// Who asked for everything of ours.
    askers: BTreeSet<NodeId>,
    /// The parts for one of them.
    parts: VecDeque<Body<C>>,
    asker: Option<NodeId>,
    leaving: Leaving,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leaving {
    No,
    /// To be said.
    Leaves,
    Left,
}

impl<C> Outbox<C> {
    /// A node that says at once that it is there.
    pub(crate) fn new(now: Instant, me: Me) -> Self {
        Self {
            me,
            number: 0,
            sequence: 0,
            waiting: VecDeque::new(),
            dropped: 0,
            is_beat_due: true,
            next_beat: now + BEAT,
            asks: VecDeque::new(),
            askers: BTreeSet::new(),
            parts: VecDeque::new(),
            asker: None,
            leaving: Leaving::No,
        }
    }

    /// Something is new.
    pub(crate) fn publish(&mut self, change: C) {
        self.sequence += 1;
        if self.waiting.len() >= OUTGOING_MAX {
            self.dropped += self.waiting.len() as u64;
            self.waiting.clear();
        }
        self.waiting.push_back(change);
    }

    /// Everything of a node is wanted.
    pub(crate) fn ask(&mut self, node: NodeId) {
        if !self.asks.contains(&node) {
            self.asks.push_back(node);
        }
    }

    /// A node wants everything. One that is being answered already waits for that.
    pub(crate) fn asked_by(&mut self, node: NodeId) {
        let is_served = !self.parts.is_empty() && self.asker.as_ref() == Some(&node);
        if !is_served && self.askers.len() < WRITERS_MAX {
            self.askers.insert(node);
        }
    }

    /// The last that is said, after what waits.
    pub(crate) fn leave(&mut self) {
        if self.leaving == Leaving::No {
            self.leaving = Leaving::Leaves;
        }
    }

    /// Nothing more is said, not even that.
    pub(crate) fn fall_silent(&mut self) {
        self.leaving = Leaving::Left;
    }

    /// Whether there is more to be said.
    pub(crate) fn is_open(&self) -> bool {
        self.leaving == Leaving::No
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Time passed.
    pub(crate) fn deadline(&mut self, now: Instant) {
        if self.next_beat <= now {
            self.is_beat_due = true;
            self.next_beat = now + BEAT;
        }
    }

    /// When [`Outbox::deadline`] is due.
    pub(crate) fn wake_at(&self) -> Option<Instant> {
        self.is_open().then_some(self.next_beat)
    }

    /// The next message. `all` is everything this node holds, if somebody wants it.
    pub(crate) fn poll(&mut self, all: impl FnOnce() -> Vec<C>) -> Option<Outgoing<C>> {
        if self.leaving == Leaving::Left {
            return None;
        }
        if !self.waiting.is_empty() {
            let first = self.sequence - self.waiting.len() as u64 + 1;
            let many = self.waiting.len().min(CHANGES_PER_MESSAGE);
            let changes = self.waiting.drain(..many).collect();
            return Some(self.message(To::All, Body::Changes { first, changes }));
        }
        if self.leaving == Leaving::Leaves {
            self.leaving = Leaving::Left;
            return Some(self.message(To::All, Body::Left));
        }
        if std::mem::take(&mut self.is_beat_due) {
            let sequence = self.sequence;
            return Some(self.message(To::All, Body::Beat { sequence }));
        }
        if let Some(node) = self.asks.pop_front() {
            return Some(self.message(To::Node(node), Body::Ask));
        }
        if self.parts.is_empty() {
            self.asker = self.askers.pop_first();
            self.asker.as_ref()?;
            self.parts = self.cut(all());
        }
        let node = self.asker.clone()?;
        let part = self.parts.pop_front()?;
        Some(self.message(To::Node(node), part))
    }

    /// Everything, in parts; one without entries if there is nothing.
    fn cut(&self, entries: Vec<C>) -> VecDeque<Body<C>> {
        let parts = entries.len().div_ceil(CHANGES_PER_MESSAGE).max(1);
        let parts = u32::try_from(parts).expect("a node holds less than four thousand million entries");
        let mut entries = entries.into_iter();
        let part = |part| Body::Part {
            through: self.sequence,
            part,
            parts,
            entries: entries.by_ref().take(CHANGES_PER_MESSAGE).collect(),
        };
        (0..parts).map(part).collect()
    }

    fn message(&mut self, to: To, body: Body<C>) -> Outgoing<C> {
        self.number += 1;
        let Me {
            node,
            region,
            incarnation,
        } = self.me.clone();
        Outgoing {
            to,
            message: Message {
                from: node,
                region,
                incarnation,
                number: self.number,
                body,
            },
        }
    }
}
