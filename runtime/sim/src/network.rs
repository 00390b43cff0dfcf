//! A network as a machine: packets go in with a time and come out later, twice, out of order or never, from a seed.
//!
//! It carries bytes between addresses and reads none of them. Not here: bandwidth, queues of routers, fragmentation.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Packets under way at the same time; further ones are lost and counted.
pub const PACKETS_IN_FLIGHT: usize = 65_536;
/// Buffers of delivered packets kept for the next ones; further ones are freed.
const SPARE_BUFFERS: usize = 256;

/// What a direction of a link does to packets. The default delivers everything at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conditions {
    /// Share of packets that never arrive, 0 to 1.
    pub loss: f64,
    /// Share of packets that arrive twice, 0 to 1; each copy takes its own time.
    pub duplicate: f64,
    /// Share of packets held back by `reorder_delay`, 0 to 1, so that later ones overtake them.
    pub reorder: f64,
    /// How long a packet that is held back takes longer.
    pub reorder_delay: Duration,
    /// How long every packet takes.
    pub delay: Duration,
    /// What is added to it at most, evenly spread.
    pub jitter: Duration,
}

impl Default for Conditions {
    fn default() -> Self {
        Self {
            loss: 0.0,
            duplicate: 0.0,
            reorder: 0.0,
            reorder_delay: Duration::from_millis(50),
            delay: Duration::ZERO,
            jitter: Duration::ZERO,
        }
    }
}

/// One direction between two ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkId(usize);

/// A packet on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Its sender.
    pub from: SocketAddr,
    /// Its receiver.
    pub to: SocketAddr,
    /// Its payload.
    pub bytes: Vec<u8>,
}

/// What became of a packet that was put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It arrives.
    Sent,
    /// It arrives twice.
    Twice,
    /// It never arrives.
    Lost,
}

/// What the network did so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Carried {
    /// Packets put in.
    pub sent: u64,
    /// Lost by the conditions of their link.
    pub lost: u64,
    /// Delivered twice.
    pub doubled: u64,
    /// Held back.
    pub held_back: u64,
    /// Lost because [`PACKETS_IN_FLIGHT`] were under way.
    pub overflowed: u64,
}

struct Link {
    conditions: Conditions,
    random: ChaCha8Rng,
}

/// All links between the ends of a world.
pub struct Network {
    seed: u64,
    links: Vec<Link>,
    /// When, in which order, and where in `packets`.
    flights: BinaryHeap<Reverse<(Instant, u64, usize)>>,
    packets: Vec<Option<Packet>>,
    free: Vec<usize>,
    spare: Vec<Vec<u8>>,
    order: u64,
    carried: Carried,
}

impl Network {
    /// A network without links. What happens on one link depends on the seed and its own packets only.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            links: Vec::new(),
            flights: BinaryHeap::new(),
            packets: Vec::new(),
            free: Vec::new(),
            spare: Vec::new(),
            order: 0,
            carried: Carried::default(),
        }
    }

    /// Adds a direction between two ends.
    pub fn link(&mut self, conditions: Conditions) -> LinkId {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(self.links.len() as u64);
        self.links.push(Link { conditions, random });
        LinkId(self.links.len() - 1)
    }

    /// Changes what a link does from now on; packets under way keep their time.
    pub fn set(&mut self, link: LinkId, conditions: Conditions) {
        self.links[link.0].conditions = conditions;
    }

    /// Puts a packet in.
    pub fn send(&mut self, now: Instant, link: LinkId, from: SocketAddr, to: SocketAddr, bytes: &[u8]) -> Fate {
        self.carried.sent += 1;
        let Link { conditions, random } = &mut self.links[link.0];
        let conditions = *conditions;
        if happens(random, conditions.loss) {
            self.carried.lost += 1;
            return Fate::Lost;
        }
        let twice = happens(random, conditions.duplicate);
        let first = arrival(random, &conditions, now, &mut self.carried);
        let second = twice.then(|| arrival(random, &conditions, now, &mut self.carried));
        if !self.carry(first, from, to, bytes) {
            return Fate::Lost;
        }
        match second {
            Some(at) if self.carry(at, from, to, bytes) => {
                self.carried.doubled += 1;
                Fate::Twice
            }
            _ => Fate::Sent,
        }
    }

    /// The next packet that has arrived by now. Hand its buffer back with [`Network::recycle`].
    pub fn poll(&mut self, now: Instant) -> Option<Packet> {
        let Reverse((at, _, _)) = self.flights.peek()?;
        if *at > now {
            return None;
        }
        let Reverse((_, _, place)) = self.flights.pop()?;
        self.free.push(place);
        Some(
            self.packets[place]
                .take()
                .expect("a flight names a packet that is under way"),
        )
    }

    /// Takes a buffer back for later packets.
    pub fn recycle(&mut self, mut bytes: Vec<u8>) {
        if self.spare.len() < SPARE_BUFFERS {
            bytes.clear();
            self.spare.push(bytes);
        }
    }

    /// When the next packet arrives.
    pub fn wake_at(&self) -> Option<Instant> {
        self.flights.peek().map(|Reverse((at, _, _))| *at)
    }

    /// Packets under way.
    pub fn in_flight(&self) -> usize {
        self.flights.len()
    }

    /// What it did so far.
    pub fn carried(&self) -> Carried {
        self.carried
    }

    fn carry(&mut self, at: Instant, from: SocketAddr, to: SocketAddr, bytes: &[u8]) -> bool {
        if self.flights.len() >= PACKETS_IN_FLIGHT {
            self.carried.overflowed += 1;
            return false;
        }
        let mut buffer = self.spare.pop().unwrap_or_default();
        buffer.extend_from_slice(bytes);
        let packet = Some(Packet {
            from,
            to,
            bytes: buffer,
        });
        let place = match self.free.pop() {
            Some(place) => {
                self.packets[place] = packet;
                place
            }
            None => {
                self.packets.push(packet);
                self.packets.len() - 1
            }
        };
        self.order += 1;
        self.flights.push(Reverse((at, self.order, place)));
        true
    }
}

fn happens(random: &mut ChaCha8Rng, share: f64) -> bool {
    // Nothing is drawn for what never happens: a perfect link costs no random numbers.
    share > 0.0 && f64::from(random.next_u32()) < share * f64::from(u32::MAX)
}

fn arrival(random: &mut ChaCha8Rng, conditions: &Conditions, now: Instant, carried: &mut Carried) -> Instant {
    let mut takes = conditions.delay;
    let most = conditions.jitter.as_micros() as u64;
    if most > 0 {
        takes += Duration::from_micros(random.next_u64() % (most + 1));
    }
    if happens(random, conditions.reorder) {
        carried.held_back += 1;
        takes += conditions.reorder_delay;
    }
    now + takes
}

#[cfg(test)]
mod tests;
