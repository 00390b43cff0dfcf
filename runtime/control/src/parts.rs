//! What nodes tell each other of identities beside the devices at their gateways: in how many calls each is there and at which of its
//! instances, how many ring, and what an operator said of it. Pure: messages and time are arguments ([`crate::replica`] says how
//! copies are kept). Not here: devices ([`crate::locations`]), what follows for whoever is called ([`crate::presence`]), and
//! how messages travel.
//!
//! **Calls** are said by the node that has them, and go with it when it is lost. What counts for an identity is the sum of all nodes.
//!
//! **An operator's word** belongs to nobody: of two the one that was said later counts ([`Word::is_after`]), at every node alike, and
//! it outlives the node where it was said. Every node keeps the word that counts. One tells it, as a part of its own: at first the
//! node where it was said. When nobody is there who tells it, those that keep it wait, each longer than the one before it in the
//! order of names after the node that said it, and the first to have waited tells it from then on; of two that do, the lesser name
//! goes on. So a word reaches every node that comes, costs one entry and not one of each node, and comes to rest. **"No longer" is
//! a word too**: it is kept for [`WORD_KEPT`], because somebody may come who knows only the word before, and each telling takes
//! [`RELAY`] off what is left, so that it ends however often it is told again. Who was cut off for longer may bring an old
//! word back. Who begins while nobody tells a word hears it when somebody does, within half a minute. When all nodes stop at
//! once, all words are lost.

mod table;
mod wire;
mod words;

pub use crate::replica::{Missed, NOTICES_MAX};

use crate::locations::InstanceId;
use crate::presence::{Identity, Status, TENANT_BYTES, TEXT_BYTES};
use crate::regions::NodeId;
use crate::replica::{
    CHANGES_PER_MESSAGE, Feed, ME, Me, Message, Mishaps, OUTGOING_MAX, Outbox, Outgoing, PARTS_MAX, Peers, Step,
};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};
use table::Table;

/// Instances of one identity that calls are told of by name; those of others are told as of no instance.
pub const LEGS_MAX: usize = 32;
/// Identities that one node tells of. Above it more are refused.
pub const OWN_MAX: usize = 100_000;
/// Identities that a node knows anything of. Above it more are refused, and those of other nodes are left out and counted.
pub const IDENTITIES_MAX: usize = 500_000;
/// Of these, of one tenant: a node refuses more of its own above it.
pub const OF_TENANT_MAX: usize = 100_000;
/// How long it is kept that nothing is said of an identity any more.
pub const WORD_KEPT: Duration = Duration::from_secs(24 * 3_600);
/// What each telling takes off that.
pub const RELAY: Duration = Duration::from_secs(60);
/// Words that are looked at by one call of [`Parts::deadline`], which is due at once again if there are more.
pub const LOOKS_PER_CALL: usize = 1_000;
// Everything of a node goes into one whole, and what follows from one call into what may wait.
const _: () = assert!(OWN_MAX <= PARTS_MAX as usize * CHANGES_PER_MESSAGE && 2 * LOOKS_PER_CALL <= OUTGOING_MAX);

/// What is said of an identity: by one node, or by several together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Part {
    /// Calls by instance; none: at no instance that is known. At most [`LEGS_MAX`] by one node.
    pub legs: BTreeMap<Option<InstanceId>, u32>,
    /// Calls that ring and are not answered.
    pub ringing: u32,
    /// What an operator said of the identity itself.
    pub said: Option<Said>,
}

impl Part {
    /// Instances without calls are left out, and those beyond the limit are told as none.
    fn cut(mut self) -> Self {
        self.legs.retain(|_, calls| *calls > 0);
        while self.legs.len() > LEGS_MAX {
            // None stands first, so it is never the last of several.
            let (_, calls) = self.legs.pop_last().expect("there are more than the limit");
            let none = self.legs.entry(None).or_default();
            *none = none.saturating_add(calls);
        }
        self
    }
}

/// An operator's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// When, in milliseconds since 1970 by the clock of the node where it was said.
    pub at_ms: u64,
    /// What; none: nothing any more.
    pub status: Option<Status>,
}

/// An operator's word, and where it was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// At which node.
    pub by: NodeId,
    /// When and what.
    pub said: Said,
}

impl Word {
    /// Whether it counts over another: it was said later, or at the same time at a node of a greater name. Of two that one node said at
    /// the same time one counts too, the same everywhere.
    pub fn is_after(&self, other: &Self) -> bool {
        self.rank() > other.rank()
    }

    fn rank(&self) -> impl Ord {
        let Said { at_ms, status } = &self.said;
        let said = status.as_ref().map(|status| {
            let Status {
                availability,
                reason,
                text,
            } = status;
            (*availability, *reason, text)
        });
        (*at_ms, &self.by, said)
    }
}

/// What a node tells of an identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Whom.
    pub identity: Identity,
    /// Calls by instance, as in [`Part`].
    pub legs: BTreeMap<Option<InstanceId>, u32>,
    /// Calls that ring.
    pub ringing: u32,
    /// The word that counts, if it is this node that tells it.
    pub word: Option<Word>,
    /// How long it is kept after it was heard, if it is that nothing is said any more; nothing for other words.
    pub left: Duration,
}

/// What a node tells the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// This is all that it says of an identity.
    Put(Entry),
    /// It says nothing of an identity any more.
    Remove(Identity),
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// A message is to be sent.
    Send(Outgoing<Change>),
    /// Another process has this node's name and began later. Nothing is said any more: this process has to stop.
    Replaced,
}

/// That the sum of an identity changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Its number on this node, from 1.
    pub sequence: u64,
    /// Whose.
    pub identity: Identity,
}

/// Why something is not said. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The name of the tenant is empty or too long.
    Tenant,
    /// The text of the status is too long.
    Text,
    /// This node tells of as many identities as it may.
    Own,
    /// The tenant has as many identities as it may.
    OfTenant,
    /// The node knows as many identities as it may.
    Identities,
    /// The node has left, or another has its name.
    Closed,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tenant => write!(f, "the name of a tenant has 1 to {TENANT_BYTES} bytes"),
            Self::Text => write!(f, "the text of a status has at most {TEXT_BYTES} bytes"),
            Self::Own => write!(f, "a node tells of at most {OWN_MAX} identities; try again later"),
            Self::OfTenant => write!(
                f,
                "at most {OF_TENANT_MAX} identities of a tenant are known; try again later"
            ),
            Self::Identities => write!(f, "{IDENTITIES_MAX} identities are known already; try again later"),
            Self::Closed => f.write_str("this node tells nothing any more; ask another one"),
        }
    }
}

impl std::error::Error for Refusal {}

/// What all nodes say, as one of them knows it. `Debug` tells only how many identities.
pub struct Parts {
    outbox: Outbox<Change>,
    peers: Peers<Change>,
    table: Table,
    /// When words end that say that there is none.
    ends: BTreeSet<(Instant, Identity)>,
    /// When it is looked at who tells a word.
    looks: BTreeSet<(Instant, Identity)>,
    /// All nodes that are there, by name; as of an input before if `is_ring_old`.
    ring: Vec<NodeId>,
    is_ring_old: bool,
    feed: Feed<Notice>,
    is_replaced: bool,
    /// The last time that was told.
    now: Instant,
    /// Identities it knows at most: [`IDENTITIES_MAX`].
    most: usize,
    left_out: u64,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Parts({} identities)", self.table.len())
    }
}

impl Parts {
    /// Those of a node that begins.
    pub fn new(now: Instant, me: Me) -> Self {
        Self {
            peers: Peers::new(now, &me),
            outbox: Outbox::new(now, me),
            table: Table::default(),
            ends: BTreeSet::new(),
            looks: BTreeSet::new(),
            ring: Vec::new(),
            is_ring_old: true,
            feed: Feed::default(),
            is_replaced: false,
            now,
            most: IDENTITIES_MAX,
            left_out: 0,
        }
    }

    /// This node says this of an identity. Its calls take the place of those it had before. What was said of it is heard if it is
    /// later than what is known, and does nothing otherwise: none takes nothing back. To say the same again does nothing.
    ///
    /// # Errors
    /// Any [`Refusal`]; a part without calls is told always, unless it has a new word.
    pub fn set_part(&mut self, now: Instant, identity: &Identity, part: Part) -> Result<(), Refusal> {
        self.now = now;
        let Part { legs, ringing, said } = part.cut();
        let word = said.map(|said| Word {
            by: self.peers.name(ME).clone(),
            said,
        });
        let word = word.filter(|word| self.table.word(identity).is_none_or(|known| word.is_after(known)));
        self.admit(identity, word.as_ref(), !legs.is_empty() || ringing > 0)?;
        let is_changed = self.table.set_calls(ME, identity, legs, ringing);
        let is_said = word.is_some();
        if let Some(word) = word {
            let word = self.keep(now, identity, word, WORD_KEPT);
            self.table.set_word(ME, identity, Some(word));
            self.note(identity);
        }
        if is_changed || is_said {
            self.publish(now, identity);
        }
        self.table.forget_if_idle(identity);
        Ok(())
    }

    /// An operator says something of an identity, or nothing any more, at this time in milliseconds since 1970. It counts over all that is
    /// known: where a clock is behind, as if it had been said a millisecond after. The time that it was given.
    ///
    /// # Errors
    /// Any [`Refusal`].
    pub fn say(
        &mut self,
        now: Instant,
        identity: &Identity,
        at_ms: u64,
        status: Option<Status>,
    ) -> Result<u64, Refusal> {
        let known = self.table.word(identity).map(|word| word.said.at_ms);
        let at_ms = known.map_or(at_ms, |known| at_ms.max(known.saturating_add(1)));
        let part = Part {
            said: Some(Said { at_ms, status }),
            ..self.table.part_of(ME, identity)
        };
        self.set_part(now, identity, part)?;
        Ok(at_ms)
    }

    /// A message of another node came.
    pub fn handle(&mut self, now: Instant, message: Message<Change>) {
        self.now = now;
        let steps = self.peers.receive(now, message);
        self.carry_out(now, steps);
    }

    /// Time passed: nodes are lost, words end, and those that nobody tells are told.
    pub fn deadline(&mut self, now: Instant) {
        self.now = now;
        let steps = self.peers.deadline(now);
        self.carry_out(now, steps);
        self.end_words(now);
        self.look_at_words(now);
        self.outbox.deadline(now);
    }

    /// What is to be done next; none when all is done.
    pub fn poll(&mut self) -> Option<Output> {
        if std::mem::take(&mut self.is_replaced) {
            return Some(Output::Replaced);
        }
        let Self { outbox, table, now, .. } = self;
        let all = || {
            table
                .of_writer(ME)
                .filter_map(|identity| table.entry_of_mine(*now, identity))
        };
        outbox.poll(|| all().map(Change::Put).collect()).map(Output::Send)
    }

    /// When [`Parts::deadline`] is due.
    pub fn wake_at(&self) -> Option<Instant> {
        let end = self.ends.first().map(|(at, _)| *at);
        let look = self.looks.first().map(|(at, _)| *at);
        let due = [self.peers.wake_at(), self.outbox.wake_at(), end, look];
        due.into_iter().flatten().min()
    }

    /// This node leaves, and its calls with it: the others are told once, and nothing more after that.
    pub fn shut(&mut self) {
        self.outbox.leave();
    }

    /// What all other nodes say of an identity: calls and ringing added up. The word is the one that counts, whoever said it, this
    /// node too.
    pub fn sum(&self, identity: &Identity) -> Part {
        self.table.sum(identity)
    }

    /// What this node says of an identity: its calls. The word is there if this node is the one that tells it.
    pub fn own(&self, identity: &Identity) -> Part {
        self.table.part_of(ME, identity)
    }

    /// All identities of which anything is known, in no order: for who missed notices.
    pub fn identities(&self) -> impl Iterator<Item = &Identity> {
        self.table.identities()
    }

    /// Whose sum changed after a notice that was read; 0: from the first. Of all tenants: each identity says whose it is.
    ///
    /// # Errors
    /// Some are not kept any more.
    pub fn since(&self, sequence: u64) -> Result<impl Iterator<Item = &Notice>, Missed> {
        self.feed.since(sequence)
    }

    /// The newest notice; 0: there is none.
    pub fn newest(&self) -> u64 {
        self.feed.newest()
    }

    /// Identities of other nodes that were left out because of [`IDENTITIES_MAX`].
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// What went wrong in keeping copies.
    pub fn mishaps(&self) -> Mishaps {
        Mishaps::of(&self.outbox, &self.peers)
    }

    fn admit(&self, identity: &Identity, word: Option<&Word>, has_calls: bool) -> Result<(), Refusal> {
        if !self.outbox.is_open() {
            return Err(Refusal::Closed);
        }
        if !(1..=TENANT_BYTES).contains(&identity.tenant().0.len()) {
            return Err(Refusal::Tenant);
        }
        let status = word.and_then(|word| word.said.status.as_ref());
        status.map_or(Ok(()), Status::check).map_err(|_| Refusal::Text)?;
        if (!has_calls && word.is_none()) || self.table.is_told_by(ME, identity) {
            return Ok(());
        }
        if self.table.of_writer(ME).len() >= OWN_MAX {
            return Err(Refusal::Own);
        }
        if self.table.knows(identity) {
            return Ok(());
        }
        if self.table.of_tenant(identity.tenant()) >= OF_TENANT_MAX {
            return Err(Refusal::OfTenant);
        }
        match self.table.len() >= self.most {
            true => Err(Refusal::Identities),
            false => Ok(()),
        }
    }

    fn carry_out(&mut self, now: Instant, steps: Vec<Step<Change>>) {
        self.is_ring_old = true;
        for step in steps {
            match step {
                Step::Apply { writer, heard, change } => match change {
                    Change::Put(entry) => self.put(now, writer, heard, entry),
                    Change::Remove(identity) => self.remove(now, writer, &identity),
                },
                Step::Replace { writer, heard, entries } => self.replace(now, writer, heard, entries),
                Step::Clear { writer, .. } => self.replace(now, writer, now, Vec::new()),
                Step::AskOf(node) => self.outbox.ask(node),
                Step::AskedBy(node) => self.outbox.asked_by(node),
                Step::Replaced => {
                    self.outbox.fall_silent();
                    self.is_replaced = true;
                }
            }
        }
    }

    fn put(&mut self, now: Instant, writer: u32, heard: Instant, entry: Entry) {
        let Entry {
            identity,
            legs,
            ringing,
            word,
            left,
        } = entry;
        if self.table.len() >= self.most && !self.table.knows(&identity) {
            self.left_out += 1;
            return;
        }
        let mut is_changed = self.table.set_calls(writer, &identity, legs, ringing);
        let word = word.map(|word| match self.table.word(&identity) {
            Some(known) if !word.is_after(known) => Arc::new(word),
            _ => {
                is_changed = true;
                self.keep(heard, &identity, word, left)
            }
        });
        self.table.set_word(writer, &identity, word);
        self.settle(now, &identity, is_changed);
    }

    fn remove(&mut self, now: Instant, writer: u32, identity: &Identity) {
        if !self.table.is_told_by(writer, identity) {
            return;
        }
        let is_changed = self.table.set_calls(writer, identity, BTreeMap::new(), 0);
        self.table.set_word(writer, identity, None);
        self.settle(now, identity, is_changed);
    }

    /// A writer says this, and nothing else.
    fn replace(&mut self, now: Instant, writer: u32, heard: Instant, entries: Vec<Change>) {
        let mut gone: HashSet<Identity> = self.table.of_writer(writer).cloned().collect();
        for entry in entries {
            if let Change::Put(entry) = entry {
                gone.remove(&entry.identity);
                self.put(now, writer, heard, entry);
            }
        }
        for identity in gone {
            self.remove(now, writer, &identity);
        }
    }

    /// What follows when something was heard of an identity.
    fn settle(&mut self, now: Instant, identity: &Identity, is_changed: bool) {
        if is_changed {
            self.note(identity);
        }
        self.consider(now, identity);
        self.table.forget_if_idle(identity);
    }

    fn note(&mut self, identity: &Identity) {
        let identity = identity.clone();
        self.feed.tell(|sequence| Notice { sequence, identity });
    }

    /// What this node says of an identity is told.
    fn publish(&mut self, now: Instant, identity: &Identity) {
        let change = match self.table.entry_of_mine(now, identity) {
            Some(entry) => Change::Put(entry),
            None => Change::Remove(identity.clone()),
        };
        self.outbox.publish(change);
    }
}

#[cfg(test)]
mod tests;
