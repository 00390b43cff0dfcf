//! The reader's half: how far the copy of each writer is, what is missing, whom to ask, and who is lost. Not here: the copies.

use super::{
    ALLOWANCE, ASK_AGAIN, ASKS_AT_ONCE, Body, HELD_MAX, Me, Message, NODE_LEASE, PARTS_MAX, PATIENCE, WRITERS_MAX,
    Wheel,
};
use crate::regions::{NodeId, Region};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Instant;

/// The number of this node among the writers.
pub(crate) const ME: u32 = 0;

/// What is to be done with a copy, in this order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step<C> {
    /// A change is to be made.
    Apply {
        writer: u32,
        /// When it came: leases count from then.
        heard: Instant,
        change: C,
    },
    /// This is everything.
    Replace {
        writer: u32,
        /// When the first part of it came.
        heard: Instant,
        entries: Vec<C>,
    },
    /// There is nothing any more.
    Clear { writer: u32, why: Cleared },
    /// Everything of this node is to be asked for.
    AskOf(NodeId),
    /// A node asks for everything of ours.
    AskedBy(NodeId),
    /// Another process has taken this node's name after it: this one has to stop.
    Replaced,
}

/// Why there is nothing of a writer any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cleared {
    /// It has not been heard for its lease.
    Lost,
    /// It said so.
    Left,
    /// It began anew.
    Restarted,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Here,
    /// Since when. What it was is remembered, so that old messages of it do nothing.
    Gone(Instant),
}

/// A writer. Number [`ME`] is this node, of which only names and incarnation count.
#[derive(Debug)]
struct Peer<C> {
    name: NodeId,
    region: Region,
    incarnation: u64,
    /// The newest message heard.
    number: u64,
    standing: Standing,
    /// The last change in the copy.
    applied: u64,
    /// The last change that is known to be.
    known: u64,
    /// The copy lacks something that it should have by its sequence.
    is_torn: bool,
    held: BTreeMap<u64, (Instant, C)>,
    gathered: Option<Gathered<C>>,
    /// When to ask for everything, if it is missing still.
    ask_at: Option<Instant>,
    is_asked: bool,
}

/// Parts of everything, until they are all there.
#[derive(Debug)]
struct Gathered<C> {
    through: u64,
    heard: Instant,
    parts: Vec<Option<Vec<C>>>,
    missing: usize,
}

/// All writers.
#[derive(Debug)]
pub(crate) struct Peers<C> {
    peers: Vec<Peer<C>>,
    by_name: HashMap<NodeId, u32>,
    leases: Wheel,
    asks: BTreeSet<(Instant, u32)>,
    asked_now: usize,
    is_replaced: bool,
    unheard: u64,
    asked: u64,
    lost: u64,
}

impl<C> Peer<C> {
    fn new(name: NodeId, region: Region, incarnation: u64) -> Self {
        Self {
            name,
            region,
            incarnation,
            number: 0,
            standing: Standing::Here,
            applied: 0,
            known: 0,
            is_torn: false,
            held: BTreeMap::new(),
            gathered: None,
            ask_at: None,
            is_asked: false,
        }
    }

    /// The copy is empty again.
    fn empty(&mut self) {
        (self.applied, self.known, self.is_torn) = (0, 0, false);
        self.held = BTreeMap::new();
        self.gathered = None;
    }

    fn is_behind(&self) -> bool {
        self.standing == Standing::Here && (self.applied < self.known || self.is_torn)
    }

    /// A change with its sequence: made now, held, or known already.
    fn change(&mut self, writer: u32, now: Instant, sequence: u64, change: C, steps: &mut Vec<Step<C>>) {
        if sequence <= self.applied {
            return;
        }
        if sequence > self.applied + 1 {
            if self.held.len() < HELD_MAX {
                self.held.entry(sequence).or_insert((now, change));
            }
            return;
        }
        self.applied = sequence;
        steps.push(Step::Apply {
            writer,
            heard: now,
            change,
        });
    }

    /// What was held and fits now.
    fn catch_up(&mut self, writer: u32, steps: &mut Vec<Step<C>>) {
        while let Some(first) = self.held.first_entry().filter(|first| *first.key() <= self.applied + 1) {
            let (sequence, (heard, change)) = first.remove_entry();
            if sequence > self.applied {
                self.applied = sequence;
                steps.push(Step::Apply { writer, heard, change });
            }
        }
    }

    /// A part of everything. The steps, once it is the last that was missing.
    fn part(&mut self, writer: u32, now: Instant, place: Place, entries: Vec<C>, steps: &mut Vec<Step<C>>) {
        let Place { through, part, parts } = place;
        let is_old = through < self.applied || (through == self.applied && !self.is_torn);
        if is_old || part >= parts || parts > PARTS_MAX {
            return;
        }
        let before = self.gathered.take();
        // Of two the one that is further.
        let newest = before.as_ref().map_or(0, |gathered| gathered.through);
        let mut gathered = match before {
            Some(gathered) if newest > through => {
                self.gathered = Some(gathered);
                return;
            }
            Some(gathered) if newest == through && gathered.parts.len() == parts as usize => gathered,
            _ => Gathered {
                through,
                heard: now,
                parts: (0..parts).map(|_| None).collect(),
                missing: parts as usize,
            },
        };
        let slot = &mut gathered.parts[part as usize];
        if slot.is_none() {
            *slot = Some(entries);
            gathered.missing -= 1;
        }
        if gathered.missing > 0 {
            self.gathered = Some(gathered);
            return;
        }
        self.applied = through;
        self.known = self.known.max(through);
        self.is_torn = false;
        steps.push(Step::Replace {
            writer,
            heard: gathered.heard,
            entries: gathered.parts.into_iter().flatten().flatten().collect(),
        });
    }
}

/// Where a part belongs.
#[derive(Debug, Clone, Copy)]
struct Place {
    through: u64,
    part: u32,
    parts: u32,
}

impl<C> Peers<C> {
    /// Nobody but this node.
    pub(crate) fn new(now: Instant, me: &Me) -> Self {
        let Me {
            node,
            region,
            incarnation,
        } = me.clone();
        Self {
            by_name: HashMap::from([(node.clone(), ME)]),
            peers: vec![Peer::new(node, region, incarnation)],
            leases: Wheel::new(now),
            asks: BTreeSet::new(),
            asked_now: 0,
            is_replaced: false,
            unheard: 0,
            asked: 0,
            lost: 0,
        }
    }

    /// A message came. What is to be done about it, in order.
    pub(crate) fn receive(&mut self, now: Instant, message: Message<C>) -> Vec<Step<C>> {
        let mut steps = Vec::new();
        let Some(writer) = self.writer_of(&message) else {
            self.unheard += 1;
            return steps;
        };
        if writer == ME {
            let is_after = message.incarnation > self.peers[ME as usize].incarnation;
            if is_after && !std::mem::replace(&mut self.is_replaced, true) {
                steps.push(Step::Replaced);
            }
            return steps;
        }
        let peer = &mut self.peers[writer as usize];
        if message.incarnation < peer.incarnation {
            return steps;
        }
        if message.incarnation > peer.incarnation {
            if peer.standing == Standing::Here {
                let why = Cleared::Restarted;
                steps.push(Step::Clear { writer, why });
            }
            peer.empty();
            (peer.incarnation, peer.number) = (message.incarnation, 0);
            peer.region = message.region.clone();
        }
        if message.number > peer.number {
            peer.number = message.number;
            peer.standing = Standing::Here;
            self.leases.set(writer, now + NODE_LEASE + ALLOWANCE);
        } else if peer.standing != Standing::Here {
            return steps;
        }
        self.take_in(now, writer, message, &mut steps);
        self.consider_asking(now, writer);
        steps
    }

    fn take_in(&mut self, now: Instant, writer: u32, message: Message<C>, steps: &mut Vec<Step<C>>) {
        let peer = &mut self.peers[writer as usize];
        match message.body {
            Body::Beat { sequence } => peer.known = peer.known.max(sequence),
            Body::Changes { first, changes } => {
                for (sequence, change) in (first..).zip(changes) {
                    peer.known = peer.known.max(sequence);
                    peer.change(writer, now, sequence, change, steps);
                }
                peer.catch_up(writer, steps);
            }
            Body::Part {
                through,
                part,
                parts,
                entries,
            } => {
                peer.known = peer.known.max(through);
                peer.part(writer, now, Place { through, part, parts }, entries, steps);
                peer.catch_up(writer, steps);
                self.progress(now, writer);
            }
            Body::Ask => steps.push(Step::AskedBy(message.from)),
            Body::Left => {
                self.part_with(now, writer);
                let why = Cleared::Left;
                steps.push(Step::Clear { writer, why });
            }
        }
    }

    /// The copy of a writer lacks what it should have: everything is to be asked for.
    pub(crate) fn tear(&mut self, now: Instant, writer: u32) {
        self.peers[writer as usize].is_torn = true;
        self.consider_asking(now, writer);
    }

    /// Time passed. What is to be done about it.
    pub(crate) fn deadline(&mut self, now: Instant) -> Vec<Step<C>> {
        let mut steps = Vec::new();
        while let Some(writer) = self.leases.expired(now) {
            self.lost += 1;
            self.part_with(now, writer);
            let why = Cleared::Lost;
            steps.push(Step::Clear { writer, why });
        }
        while let Some((at, writer)) = self.asks.first().copied().filter(|(at, _)| *at <= now) {
            self.asks.remove(&(at, writer));
            let peer = &mut self.peers[writer as usize];
            let again = match peer.is_asked || self.asked_now < ASKS_AT_ONCE {
                true => {
                    self.asked_now += usize::from(!peer.is_asked);
                    peer.is_asked = true;
                    self.asked += 1;
                    steps.push(Step::AskOf(peer.name.clone()));
                    now + ASK_AGAIN
                }
                false => now + PATIENCE,
            };
            peer.ask_at = Some(again);
            self.asks.insert((again, writer));
        }
        steps
    }

    /// When [`Peers::deadline`] is due.
    pub(crate) fn wake_at(&self) -> Option<Instant> {
        let ask = self.asks.first().map(|(at, _)| *at);
        [self.leases.wake_at(), ask].into_iter().flatten().min()
    }

    /// The number of a node that is here.
    pub(crate) fn find(&self, node: &NodeId) -> Option<u32> {
        let writer = *self.by_name.get(node)?;
        (self.peers[writer as usize].standing == Standing::Here).then_some(writer)
    }

    pub(crate) fn name(&self, writer: u32) -> &NodeId {
        &self.peers[writer as usize].name
    }

    pub(crate) fn region(&self, writer: u32) -> &Region {
        &self.peers[writer as usize].region
    }

    pub(crate) fn incarnation(&self, writer: u32) -> u64 {
        self.peers[writer as usize].incarnation
    }

    /// All that are here, this node first and then in no order that means anything.
    pub(crate) fn here(&self) -> impl Iterator<Item = u32> {
        let all = (0..).zip(&self.peers);
        all.filter(|(_, peer)| peer.standing == Standing::Here)
            .map(|(writer, _)| writer)
    }

    /// Whether the copies of all that are here are complete, as far as is known.
    #[cfg(test)]
    pub(crate) fn is_complete(&self) -> bool {
        !self.peers.iter().any(Peer::is_behind)
    }

    pub(crate) fn count_into(&self, mishaps: &mut super::Mishaps) {
        (mishaps.unheard, mishaps.asked, mishaps.lost) = (self.unheard, self.asked, self.lost);
    }

    /// The number of who wrote a message; none if there is no room for one more.
    fn writer_of(&mut self, message: &Message<C>) -> Option<u32> {
        if let Some(writer) = self.by_name.get(&message.from) {
            return Some(*writer);
        }
        let new = Peer::new(message.from.clone(), message.region.clone(), message.incarnation);
        let writer = match self.peers.len() < WRITERS_MAX {
            true => {
                self.peers.push(new);
                (self.peers.len() - 1) as u32
            }
            false => {
                let writer = self.gone_longest()?;
                let before = std::mem::replace(&mut self.peers[writer as usize], new);
                self.by_name.remove(&before.name);
                writer
            }
        };
        self.by_name.insert(message.from.clone(), writer);
        Some(writer)
    }

    fn gone_longest(&self) -> Option<u32> {
        let gone = (0..).zip(&self.peers).filter_map(|(writer, peer)| match peer.standing {
            Standing::Here => None,
            Standing::Gone(since) => Some((since, writer)),
        });
        gone.min().map(|(_, writer)| writer)
    }

    /// A writer is gone, and what is known of its copy.
    fn part_with(&mut self, now: Instant, writer: u32) {
        self.leases.clear(writer);
        let peer = &mut self.peers[writer as usize];
        peer.standing = Standing::Gone(now);
        peer.empty();
        self.consider_asking(now, writer);
    }

    /// An answer is on its way: there is no need to ask again yet.
    fn progress(&mut self, now: Instant, writer: u32) {
        let peer = &mut self.peers[writer as usize];
        let Some(before) = peer.ask_at.filter(|_| peer.is_asked) else {
            return;
        };
        let again = now + ASK_AGAIN;
        peer.ask_at = Some(again);
        self.asks.remove(&(before, writer));
        self.asks.insert((again, writer));
    }

    /// Who is behind is asked after a while, and who is not is not.
    fn consider_asking(&mut self, now: Instant, writer: u32) {
        let peer = &mut self.peers[writer as usize];
        match (peer.is_behind(), peer.ask_at) {
            (true, None) => {
                let at = now + PATIENCE;
                peer.ask_at = Some(at);
                self.asks.insert((at, writer));
            }
            (false, Some(at)) => {
                self.asks.remove(&(at, writer));
                self.asked_now -= usize::from(std::mem::take(&mut peer.is_asked));
                peer.ask_at = None;
            }
            _ => {}
        }
    }
}
