//! A pretend network in virtual time: two peers, the sockets they have, and datagrams that are delayed, reordered, lost or blocked, all from
//! a seed.

use crate::tests::{Noise, start};
use crate::*;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// Made once: a key takes time, and it does not matter whose it is.
static IDENTITIES: LazyLock<[Identity; 3]> =
    LazyLock::new(|| [1, 2, 3].map(|seed| Identity::with_seed(Some(seed)).unwrap()));

pub(crate) fn identity(which: usize) -> Identity {
    IDENTITIES[which].clone()
}

pub(crate) fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

pub(crate) fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// What the network does to a datagram.
pub(crate) struct Weather {
    pub(crate) loss_percent: usize,
    /// Least and most, in milliseconds; what is later may overtake.
    pub(crate) delay: (u64, u64),
    /// Whether nothing passes from one address to another.
    pub(crate) blocks: fn(SocketAddr, SocketAddr, &[u8]) -> bool,
}

pub(crate) const FAIR: Weather = Weather {
    loss_percent: 0,
    delay: (20, 20),
    blocks: |_, _, _| false,
};

/// What one side has said.
#[derive(Default)]
pub(crate) struct Said {
    pub(crate) states: Vec<(Duration, State)>,
    pub(crate) selected: Vec<Option<Path>>,
    pub(crate) keys: Vec<Keys>,
    pub(crate) closed: Option<(Duration, Closed)>,
    pub(crate) sent: usize,
    pub(crate) datagrams: Vec<(Path, Vec<u8>)>,
}

/// Two peers; the first made the offer, and the second says hello.
pub(crate) struct World {
    seed: u64,
    pub(crate) now: Instant,
    pub(crate) began: Instant,
    pub(crate) peers: [Peer; 2],
    pub(crate) said: [Said; 2],
    pub(crate) weather: Weather,
    pub(crate) noise: Noise,
    /// Address of a socket, and the address that a NAT gives it.
    pub(crate) nat: BTreeMap<SocketAddr, SocketAddr>,
    pub(crate) under_way: Vec<(Instant, usize, Path, Vec<u8>)>,
    pub(crate) owners: BTreeMap<SocketAddr, usize>,
}

impl World {
    pub(crate) fn new(seed: u64, modes: [IceMode; 2], weather: Weather) -> Self {
        Self::with_sides(seed, modes, [Side::Offerer, Side::Answerer], weather)
    }

    pub(crate) fn with_sides(seed: u64, modes: [IceMode; 2], sides: [Side; 2], weather: Weather) -> Self {
        let now = start();
        let peer = |which: usize| {
            let mut bytes = [which as u8; 32];
            bytes[..8].copy_from_slice(&seed.to_be_bytes());
            let settings = Settings {
                ice: modes[which],
                side: sides[which],
                identity: identity(which),
                seed: bytes,
            };
            Peer::new(now, settings)
        };
        Self {
            seed,
            now,
            began: now,
            peers: [peer(0), peer(1)],
            said: Default::default(),
            weather,
            noise: Noise::new(seed),
            nat: BTreeMap::new(),
            under_way: Vec::new(),
            owners: BTreeMap::new(),
        }
    }

    /// Two that know each other, with a socket each.
    pub(crate) fn introduced(seed: u64, modes: [IceMode; 2], weather: Weather) -> Self {
        let mut world = Self::new(seed, modes, weather);
        world.describe();
        world.add_sockets();
        world
    }

    pub(crate) fn add_sockets(&mut self) {
        for (side, socket) in [(0, "10.0.0.1:1000"), (1, "192.0.2.2:2000")] {
            self.add_socket(side, address(socket), 100);
        }
    }

    /// A socket, of which both are told.
    pub(crate) fn add_socket(&mut self, side: usize, socket: SocketAddr, preference: u16) {
        self.owners.insert(socket, side);
        let candidate = Candidate::host(socket, preference);
        self.tell(side, Input::LocalCandidate(candidate.clone()));
        self.tell(1 - side, Input::RemoteCandidate(candidate));
    }

    pub(crate) fn remote_of(&self, side: usize) -> Remote {
        Remote {
            credentials: self.peers[1 - side].local().clone(),
            ice: self.peers[1 - side].mode(),
            fingerprints: vec![identity(1 - side).fingerprint().clone()],
            setup: if side == 1 { Setup::Active } else { Setup::Passive },
        }
    }

    /// Both hear the other's description.
    pub(crate) fn describe(&mut self) {
        for side in 0..2 {
            self.tell(side, Input::Remote(self.remote_of(side)));
        }
    }

    pub(crate) fn tell(&mut self, side: usize, input: Input<'_>) {
        self.peers[side].handle(self.now, input).unwrap();
        self.drain(side);
    }

    pub(crate) fn since(&self) -> Duration {
        self.now - self.began
    }

    pub(crate) fn drain(&mut self, side: usize) {
        while let Some(output) = self.peers[side].poll() {
            let since = self.since();
            let said = &mut self.said[side];
            match output {
                Output::Send { path, bytes } => {
                    said.sent += 1;
                    said.datagrams.push((path, bytes.clone()));
                    self.send(path, bytes);
                }
                Output::State(state) => said.states.push((since, state)),
                Output::Selected(path) => said.selected.push(path),
                Output::Keys(keys) => said.keys.push(keys),
                Output::Closed(why) => said.closed = Some((since, why)),
                Output::HandshakeWanted => {
                    let now = self.now;
                    self.peers[side].handle(now, Input::Handshake).unwrap();
                }
                Output::Opened(path) => assert!(self.peers[side].accepts(path)),
                Output::Gone(path) => assert!(!self.peers[side].accepts(path)),
            }
        }
    }

    pub(crate) fn send(&mut self, path: Path, bytes: Vec<u8>) {
        let seen_as = self.nat.get(&path.local).copied().unwrap_or(path.local);
        let inside = self.nat.iter().find(|(_, outside)| **outside == path.remote);
        let to = inside.map_or(path.remote, |(inside, _)| *inside);
        // Nobody reaches the inside by its own address.
        let is_hidden = self.nat.contains_key(&path.remote) && !self.nat.contains_key(&path.local);
        let Some(side) = self.owners.get(&to).copied().filter(|_| !is_hidden) else {
            return;
        };
        if self.noise.below(100) < self.weather.loss_percent || (self.weather.blocks)(path.local, to, &bytes) {
            return;
        }
        let (least, most) = self.weather.delay;
        let delay = ms(least + self.noise.below((most - least + 1) as usize) as u64);
        let arrives = Path {
            transport: path.transport,
            local: to,
            remote: seen_as,
        };
        self.under_way.push((self.now + delay, side, arrives, bytes));
    }

    /// A datagram from anywhere, now.
    pub(crate) fn arrive(&mut self, side: usize, path: Path, bytes: &[u8]) {
        // What is over takes nothing.
        let _ = self.peers[side].handle(self.now, Input::Datagram { path, bytes });
        self.drain(side);
    }

    /// Lets so much time pass.
    pub(crate) fn run(&mut self, by: Duration) {
        let end = self.now + by;
        loop {
            let arrival = self.under_way.iter().map(|(at, ..)| *at).min();
            let deadline = self.peers.iter().filter_map(Peer::wake_at).min();
            let Some(next) = arrival.into_iter().chain(deadline).min().filter(|next| *next <= end) else {
                self.now = end;
                return;
            };
            self.now = self.now.max(next);
            let due = self
                .under_way
                .iter()
                .enumerate()
                .filter(|(_, (at, ..))| *at <= self.now);
            let first = due.min_by_key(|(_, (at, ..))| *at).map(|(index, _)| index);
            if let Some(index) = first {
                let (_, side, path, bytes) = self.under_way.remove(index);
                self.arrive(side, path, &bytes);
                continue;
            }
            for side in 0..2 {
                if self.peers[side].wake_at().is_some_and(|at| at <= self.now) {
                    self.tell(side, Input::Deadline);
                    let again = self.peers[side].wake_at();
                    let is_later = again.is_none_or(|at| at > self.now);
                    assert!(
                        is_later,
                        "side {side} of seed {} does nothing about its deadline",
                        self.seed
                    );
                }
            }
        }
    }

    /// Whether both can send each other media, with keys that fit.
    pub(crate) fn is_connected(&self) -> bool {
        let [Some(a), Some(b)] = [self.peers[0].selected(), self.peers[1].selected()] else {
            return false;
        };
        let outside = |address: SocketAddr| self.nat.get(&address).copied().unwrap_or(address);
        let is_one_way = outside(a.local) == b.remote && outside(b.local) == a.remote;
        let states = self.peers.iter().all(|peer| peer.state() == State::Connected);
        let [first, second] = [0, 1].map(|side| self.said[side].keys.last());
        let keys = first
            .zip(second)
            .is_some_and(|(a, b)| a.send == b.receive && a.receive == b.send);
        is_one_way && states && keys && self.peers[0].accepts(a) && self.peers[1].accepts(b)
    }
}
