//! All browsers of one set of sockets: each datagram is given to its peer. STUN is told by the name in it that is ours, its answers by the
//! mark in the transaction, everything else by its way, which ICE has to have proved before. Media is only named, neither copied nor
//! looked into: it is the owner's. What fits nobody costs a look into a table, and there is a limit even to that.
//!
//! A way belongs to the peer that proved it first, for as long as it is in use there: who claims to be at another's address gets nothing.

use crate::budget::Budget;
use crate::credentials::OUR_UFRAG;
use crate::limits;
use crate::path::{Kind, Path};
use crate::peer::{Input, Output, Peer, Refused, Settings};
use crate::random::Random;
use crate::stun;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::fmt;
use std::time::Instant;

/// How much a port takes on.
#[derive(Debug, Clone, Copy)]
pub struct PortSettings {
    /// Most peers.
    pub peers: usize,
    /// Most handshakes at once.
    pub handshakes: usize,
    /// Most datagrams of no known peer that are looked into in a second.
    pub strangers_a_second: u32,
    /// Random bytes, new for each port.
    pub seed: [u8; 32],
}

impl PortSettings {
    /// With the limits of [`limits`].
    #[must_use]
    pub fn new(seed: [u8; 32]) -> Self {
        Self {
            peers: limits::PEERS,
            handshakes: limits::HANDSHAKES,
            strangers_a_second: limits::STRANGERS_A_SECOND,
            seed,
        }
    }
}

/// A peer of a port; never used a second time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PeerId {
    slot: u32,
    turn: u32,
}

/// What a datagram was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// Encrypted sound of this peer.
    Rtp(PeerId),
    /// Encrypted reports of this peer.
    Rtcp(PeerId),
    /// It was for ICE or the handshake: drain [`Port::poll`].
    Taken,
    /// Nothing has changed.
    Dropped(Dropped),
}

/// Why a datagram was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dropped {
    /// It is for nobody here, or from where nobody is.
    Stranger,
    /// The same, but it was not even looked at: there were too many this second.
    Flood,
    /// It says it is of one peer and comes from where another is.
    TakenPath,
    /// It is nothing that a browser sends.
    Unknown,
    /// More than [`limits::DATAGRAM_BYTES`], and no media.
    TooLong,
}

/// How many datagrams were dropped, by reason, since the port was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DropCounts {
    /// [`Dropped::Stranger`]
    pub strangers: u64,
    /// [`Dropped::Flood`]
    pub floods: u64,
    /// [`Dropped::TakenPath`]
    pub taken_paths: u64,
    /// [`Dropped::Unknown`]
    pub unknown: u64,
    /// [`Dropped::TooLong`]
    pub too_long: u64,
}

/// There is no room for another peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

/// Where a peer's handshake stands in the queue of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    None,
    Waits,
    Runs,
}

struct Slot {
    turn: u32,
    peer: Option<Peer>,
    names: Vec<[u8; OUR_UFRAG]>,
    sessions: u32,
    wake_at: Option<Instant>,
    handshake: Turn,
}

/// All browsers of one set of sockets.
pub struct Port {
    settings: PortSettings,
    random: Random,
    /// Hides slots in transactions from who is outside.
    mask: u32,
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// Tables are looked into and never gone through, so that what happens does not hang on their order.
    by_name: HashMap<[u8; OUR_UFRAG], u32>,
    by_path: HashMap<Path, PeerId>,
    deadlines: BTreeSet<(Instant, u32)>,
    waiting: VecDeque<PeerId>,
    running: usize,
    strangers: Budget,
    counts: DropCounts,
    outputs: VecDeque<(PeerId, Output)>,
}

impl Port {
    /// Without peers.
    #[must_use]
    pub fn new(settings: PortSettings) -> Self {
        let mut random = Random::new(settings.seed);
        Self {
            mask: random.next() as u32,
            random,
            slots: Vec::new(),
            free: Vec::new(),
            by_name: HashMap::new(),
            by_path: HashMap::new(),
            deadlines: BTreeSet::new(),
            waiting: VecDeque::new(),
            running: 0,
            strangers: Budget::new(settings.strangers_a_second),
            counts: DropCounts::default(),
            outputs: VecDeque::new(),
            settings,
        }
    }

    /// Another peer. Its seed is mixed with the port's, so that two with the same seed differ.
    ///
    /// # Errors
    /// There are as many as the settings allow.
    pub fn add(&mut self, now: Instant, mut settings: Settings) -> Result<PeerId, Full> {
        if self.peers() >= self.settings.peers {
            return Err(Full);
        }
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot {
                turn: 0,
                peer: None,
                names: Vec::new(),
                sessions: 0,
                wake_at: None,
                handshake: Turn::None,
            });
            self.slots.len() as u32 - 1
        });
        for (byte, ours) in settings.seed.iter_mut().zip(self.random.seed()) {
            *byte ^= ours;
        }
        let place = &mut self.slots[slot as usize];
        place.turn += 1;
        place.peer = Some(Peer::with_mark(now, settings, slot ^ self.mask));
        place.handshake = Turn::None;
        let id = PeerId { slot, turn: place.turn };
        self.name(slot);
        Ok(id)
    }

    /// How many there are.
    #[must_use]
    pub fn peers(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// A peer, for what it knows; none if it was removed.
    #[must_use]
    pub fn peer(&self, id: PeerId) -> Option<&Peer> {
        let slot = self.slots.get(id.slot as usize).filter(|slot| slot.turn == id.turn)?;
        slot.peer.as_ref()
    }

    /// Whose way this is; none if nobody has proved to be there.
    #[must_use]
    pub fn owner(&self, path: Path) -> Option<PeerId> {
        self.by_path.get(&path).copied()
    }

    /// What was dropped so far.
    #[must_use]
    pub fn counts(&self) -> DropCounts {
        self.counts
    }

    /// An input for one peer. Drain [`Port::poll`] afterwards, then look at [`Port::wake_at`].
    ///
    /// # Errors
    /// What the peer refuses; [`Refused::Over`] if it was removed.
    pub fn handle(&mut self, now: Instant, id: PeerId, input: Input<'_>) -> Result<(), Refused> {
        self.peer(id).ok_or(Refused::Over)?;
        let result = self.give(now, id, input);
        self.grant(now);
        result
    }

    /// Forgets a peer at once and without a word; close it before, if it should say goodbye.
    pub fn remove(&mut self, now: Instant, id: PeerId) {
        if self.peer(id).is_none() {
            return;
        }
        let place = &mut self.slots[id.slot as usize];
        for path in place.peer.take().iter().flat_map(Peer::paths) {
            self.by_path.remove(path);
        }
        for name in place.names.drain(..) {
            self.by_name.remove(&name);
        }
        if let Some(at) = place.wake_at.take() {
            self.deadlines.remove(&(at, id.slot));
        }
        match std::mem::replace(&mut place.handshake, Turn::None) {
            Turn::Runs => self.running -= 1,
            Turn::Waits => self.waiting.retain(|waiting| *waiting != id),
            Turn::None => {}
        }
        self.free.push(id.slot);
        self.grant(now);
    }

    /// A datagram from one of the sockets.
    pub fn receive(&mut self, now: Instant, path: Path, bytes: &[u8]) -> Arrival {
        let owner = self.by_path.get(&path).copied();
        match (Kind::of(bytes), owner) {
            (Some(Kind::Rtp), Some(id)) => Arrival::Rtp(id),
            (Some(Kind::Rtcp), Some(id)) => Arrival::Rtcp(id),
            (None, _) => self.drop(Dropped::Unknown),
            (Some(Kind::Stun | Kind::Dtls), _) if bytes.len() > limits::DATAGRAM_BYTES => self.drop(Dropped::TooLong),
            (Some(Kind::Dtls), Some(id)) => self.take(now, id, path, bytes),
            (Some(Kind::Stun), _) => self.receive_stun(now, path, bytes, owner),
            (Some(_), None) => self.drop(Dropped::Stranger),
        }
    }

    fn receive_stun(&mut self, now: Instant, path: Path, bytes: &[u8], owner: Option<PeerId>) -> Arrival {
        if owner.is_none() && self.strangers.is_spent(now) {
            return self.drop(Dropped::Flood);
        }
        let found = self.addressee(bytes);
        match (found, owner) {
            (Some(id), None) => self.take(now, id, path, bytes),
            (Some(id), Some(owner)) if owner == id => self.take(now, id, path, bytes),
            (Some(_), Some(_)) => self.drop(Dropped::TakenPath),
            (None, _) => {
                self.strangers.spend(now);
                self.drop(Dropped::Stranger)
            }
        }
    }

    /// Whom a STUN message is for.
    fn addressee(&self, bytes: &[u8]) -> Option<PeerId> {
        let slot = match stun::answered(bytes) {
            Some(transaction) => u32::from_be_bytes(*transaction.0.first_chunk()?) ^ self.mask,
            None => *self.by_name.get(stun::addressee(bytes)?.as_bytes())?,
        };
        let place = self.slots.get(slot as usize)?;
        place.peer.as_ref()?;
        Some(PeerId { slot, turn: place.turn })
    }

    fn take(&mut self, now: Instant, id: PeerId, path: Path, bytes: &[u8]) -> Arrival {
        // A peer that is over takes nothing, which is no news.
        let _ = self.give(now, id, Input::Datagram { path, bytes });
        self.grant(now);
        Arrival::Taken
    }

    fn drop(&mut self, why: Dropped) -> Arrival {
        let count = match why {
            Dropped::Stranger => &mut self.counts.strangers,
            Dropped::Flood => &mut self.counts.floods,
            Dropped::TakenPath => &mut self.counts.taken_paths,
            Dropped::Unknown => &mut self.counts.unknown,
            Dropped::TooLong => &mut self.counts.too_long,
        };
        *count += 1;
        Arrival::Dropped(why)
    }

    /// Sees to peers whose deadline has come, [`limits::DEADLINES_AT_ONCE`] at most; if there are more, [`Port::wake_at`] is still past.
    pub fn tick(&mut self, now: Instant) {
        for _ in 0..limits::DEADLINES_AT_ONCE {
            let Some((_, slot)) = self.deadlines.first().copied().filter(|(at, _)| *at <= now) else {
                break;
            };
            let id = PeerId {
                slot,
                turn: self.slots[slot as usize].turn,
            };
            // Only one that is over refuses it, and that one has no deadline any more.
            let _ = self.give(now, id, Input::Deadline);
        }
        self.grant(now);
    }

    /// The next output, and whose it is. [`Output::Opened`], [`Output::Gone`] and [`Output::HandshakeWanted`] are seen to here.
    pub fn poll(&mut self) -> Option<(PeerId, Output)> {
        self.outputs.pop_front()
    }

    /// When [`Port::tick`] is due; none if nothing is.
    #[must_use]
    pub fn wake_at(&self) -> Option<Instant> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    fn give(&mut self, now: Instant, id: PeerId, input: Input<'_>) -> Result<(), Refused> {
        let Some(peer) = self.slots[id.slot as usize].peer.as_mut() else {
            return Err(Refused::Over);
        };
        let result = peer.handle(now, input);
        while let Some(output) = self.slots[id.slot as usize].peer.as_mut().and_then(Peer::poll) {
            self.follow(id, output);
        }
        self.name(id.slot);
        let place = &mut self.slots[id.slot as usize];
        let wake_at = place.peer.as_ref().and_then(Peer::wake_at);
        if wake_at != place.wake_at {
            if let Some(at) = place.wake_at {
                self.deadlines.remove(&(at, id.slot));
            }
            if let Some(at) = wake_at {
                self.deadlines.insert((at, id.slot));
            }
            place.wake_at = wake_at;
        }
        result
    }

    fn follow(&mut self, id: PeerId, output: Output) {
        let place = &mut self.slots[id.slot as usize];
        match output {
            Output::Opened(path) => {
                self.by_path.insert(path, id);
                return;
            }
            Output::Gone(path) => {
                self.by_path.remove(&path);
                return;
            }
            Output::HandshakeWanted => {
                place.handshake = Turn::Waits;
                self.waiting.push_back(id);
                return;
            }
            Output::Keys(_) | Output::Closed(_) => match std::mem::replace(&mut place.handshake, Turn::None) {
                Turn::Runs => self.running -= 1,
                Turn::Waits => self.waiting.retain(|waiting| *waiting != id),
                Turn::None => {}
            },
            Output::Send { .. } | Output::Selected(_) | Output::State(_) => {}
        }
        self.outputs.push_back((id, output));
    }

    /// Lets handshakes begin, in the order in which they were wanted.
    fn grant(&mut self, now: Instant) {
        while self.running < self.settings.handshakes {
            let Some(id) = self.waiting.pop_front() else {
                return;
            };
            self.slots[id.slot as usize].handshake = Turn::Runs;
            self.running += 1;
            // It has asked for this, so it takes it.
            let _ = self.give(now, id, Input::Handshake);
        }
    }

    /// Keeps the table of names as the peer has them.
    fn name(&mut self, slot: u32) {
        let place = &mut self.slots[slot as usize];
        let Some(peer) = place.peer.as_ref() else {
            return;
        };
        let (sessions, names) = peer.names();
        if sessions == place.sessions && !place.names.is_empty() {
            return;
        }
        let names: Vec<_> = names.filter_map(|name| name.as_bytes().try_into().ok()).collect();
        for name in place.names.drain(..) {
            self.by_name.remove(&name);
        }
        // Two of 48 random bits that are alike would be found out by their passwords: one of the two peers would not connect.
        self.by_name.extend(names.iter().map(|name| (*name, slot)));
        place.names = names;
        place.sessions = sessions;
    }
}

impl fmt::Debug for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Port({} peers)", self.peers())
    }
}

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the port has as many peers as it may have")
    }
}

impl std::error::Error for Full {}

#[cfg(test)]
mod tests;
