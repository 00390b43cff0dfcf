//! Which nodes there are: where each is, how to reach it, what it offers and how busy that is. Pure: messages and time are arguments
//! ([`crate::replica`] says how copies are kept). Not here: what the words for what is offered mean, which node is chosen, and
//! what a lost one held.
//!
//! A node says of itself what [`Facts`] hold, and says it again when they change: at once, or every [`LOADS_EVERY`] while only loads
//! change. A node joined once its facts are known. It is lost when its lease ran out, and when it began anew: what the process
//! before held is gone. A node that drains goes on with what it has, and is not to be given more.

mod facts;
mod wire;

pub use facts::{CAPABILITIES_MAX, Capability, Duty, Facts, NotAFact, URL_BYTES, WORD_BYTES};

use crate::regions::{NodeId, Region};
use crate::replica::{Cleared, ME, Me, Message, Mishaps, Outbox, Outgoing, Peers, Step};
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

/// How often changes of loads alone are told.
pub const LOADS_EVERY: Duration = Duration::from_secs(1);

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// A message is to be sent.
    Send(Outgoing<Facts>),
    /// Something became of another node.
    Event(Event),
    /// Another process has this node's name and began later. Nothing is said any more: this process has to stop.
    Replaced,
}

/// What became of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It is there.
    Joined(NodeId),
    /// Its facts are others.
    Changed(NodeId),
    /// It is gone, and did not say so; or it began anew, and joins again.
    Lost(NodeId),
    /// It said that it goes.
    Left(NodeId),
}

/// A node that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen<'a> {
    /// Its name.
    pub node: &'a NodeId,
    /// Where it is.
    pub region: &'a Region,
    /// Which start of it: one that is known again by another number has lost all it held.
    pub incarnation: u64,
    /// What it says.
    pub facts: &'a Facts,
}

/// All nodes, as one of them knows them.
#[derive(Debug)]
pub struct Nodes {
    outbox: Outbox<Facts>,
    peers: Peers<Facts>,
    seen: BTreeMap<NodeId, (u32, Facts)>,
    /// What differs only by loads from what was told, and waits.
    loads: Option<Facts>,
    tell_loads_at: Instant,
    /// Drained after each input: at most two of each other node.
    events: VecDeque<Output>,
}

impl Nodes {
    /// Those that a node knows that begins: itself.
    pub fn new(now: Instant, me: Me, facts: Facts) -> Self {
        let mut nodes = Self {
            peers: Peers::new(now, &me),
            outbox: Outbox::new(now, me),
            seen: BTreeMap::new(),
            loads: None,
            tell_loads_at: now,
            events: VecDeque::new(),
        };
        nodes.tell(now, facts);
        nodes
    }

    /// This node's facts are these. To say the same again does nothing.
    pub fn say(&mut self, now: Instant, facts: Facts) {
        let (_, told) = &self.seen[self.peers.name(ME)];
        self.loads = None;
        if *told == facts {
            return;
        }
        match now < self.tell_loads_at && told.is_but_for_loads(&facts) {
            true => self.loads = Some(facts),
            false => self.tell(now, facts),
        }
    }

    /// A message of another node came.
    pub fn handle(&mut self, now: Instant, message: Message<Facts>) {
        let steps = self.peers.receive(now, message);
        self.carry_out(steps);
    }

    /// Time passed: leases run out, and others are told what they have to know.
    pub fn deadline(&mut self, now: Instant) {
        let steps = self.peers.deadline(now);
        self.carry_out(steps);
        if self.tell_loads_at <= now
            && let Some(facts) = self.loads.take()
        {
            self.tell(now, facts);
        }
        self.outbox.deadline(now);
    }

    /// What is to be done next; none when all is done.
    pub fn poll(&mut self) -> Option<Output> {
        if let Some(event) = self.events.pop_front() {
            return Some(event);
        }
        let Self {
            outbox, peers, seen, ..
        } = self;
        let all = || {
            seen.get(peers.name(ME))
                .map(|(_, facts)| facts.clone())
                .into_iter()
                .collect()
        };
        outbox.poll(all).map(Output::Send)
    }

    /// When [`Nodes::deadline`] is due.
    pub fn wake_at(&self) -> Option<Instant> {
        let loads = self.loads.as_ref().map(|_| self.tell_loads_at);
        let due = [self.peers.wake_at(), self.outbox.wake_at(), loads];
        due.into_iter().flatten().min()
    }

    /// This node leaves: the others are told once, and nothing more after that.
    pub fn shut(&mut self) {
        self.loads = None;
        self.outbox.leave();
    }

    /// A node that is there.
    pub fn get(&self, node: &NodeId) -> Option<Seen<'_>> {
        self.seen.get_key_value(node).map(|known| self.view(known))
    }

    /// All that are there, this one among them, by name.
    pub fn all(&self) -> impl Iterator<Item = Seen<'_>> {
        self.seen.iter().map(|known| self.view(known))
    }

    /// Those of a region, by name.
    pub fn of_region<'a>(&'a self, region: &Region) -> impl Iterator<Item = Seen<'a>> {
        self.all().filter(move |seen| seen.region == region)
    }

    /// Those that offer something, have room for more of it and do not drain, by name.
    pub fn offering<'a>(&'a self, word: &str) -> impl Iterator<Item = Seen<'a>> {
        self.all().filter(move |seen| {
            let room = seen.facts.capability(word).map_or(0, |offered| offered.room());
            seen.facts.duty() == Duty::Open && room > 0
        })
    }

    /// What went wrong in keeping copies.
    pub fn mishaps(&self) -> Mishaps {
        Mishaps::of(&self.outbox, &self.peers)
    }

    fn view<'a>(&'a self, (node, (writer, facts)): (&'a NodeId, &'a (u32, Facts))) -> Seen<'a> {
        Seen {
            node,
            region: self.peers.region(*writer),
            incarnation: self.peers.incarnation(*writer),
            facts,
        }
    }

    fn tell(&mut self, now: Instant, facts: Facts) {
        self.tell_loads_at = now + LOADS_EVERY;
        self.outbox.publish(facts.clone());
        self.seen.insert(self.peers.name(ME).clone(), (ME, facts));
    }

    fn carry_out(&mut self, steps: Vec<Step<Facts>>) {
        for step in steps {
            match step {
                Step::Apply { writer, change, .. } => self.learn(writer, change),
                Step::Replace { writer, entries, .. } => {
                    // A node has facts from its first moment on: the whole is one entry.
                    for facts in entries {
                        self.learn(writer, facts);
                    }
                }
                Step::Clear { writer, why } => {
                    let node = self.peers.name(writer).clone();
                    if self.seen.remove(&node).is_some() {
                        let event = match why {
                            Cleared::Left => Event::Left(node),
                            Cleared::Lost | Cleared::Restarted => Event::Lost(node),
                        };
                        self.events.push_back(Output::Event(event));
                    }
                }
                Step::AskOf(node) => self.outbox.ask(node),
                Step::AskedBy(node) => self.outbox.asked_by(node),
                Step::Replaced => {
                    self.outbox.fall_silent();
                    self.events.push_back(Output::Replaced);
                }
            }
        }
    }

    fn learn(&mut self, writer: u32, facts: Facts) {
        let node = self.peers.name(writer).clone();
        let event = match self.seen.get(&node) {
            Some((_, known)) if *known == facts => return,
            Some(_) => Event::Changed(node.clone()),
            None => Event::Joined(node.clone()),
        };
        self.seen.insert(node, (writer, facts));
        self.events.push_back(Output::Event(event));
    }
}

#[cfg(test)]
mod tests;
