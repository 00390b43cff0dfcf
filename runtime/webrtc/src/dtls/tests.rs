//! Handshakes between two of ours over a network that loses and reorders, with whom we did not expect, and with noise.

use super::*;
use crate::tests::{Noise, fuzz_rounds, start};
use std::time::Duration;

fn identity(seed: u64) -> Identity {
    Identity::with_seed(Some(seed)).unwrap()
}

/// Two sides and what is under way between them.
struct Pair {
    now: Instant,
    sides: [Handshake; 2],
    keys: [Option<Keys>; 2],
    ends: [Option<HandshakeEnd>; 2],
    /// When it arrives, at which side.
    under_way: Vec<(Instant, usize, Vec<u8>)>,
    noise: Noise,
    loss_percent: usize,
}

impl Pair {
    /// The first says hello.
    fn new(seed: u64, loss_percent: usize, expected: [Fingerprint; 2], ours: [&Identity; 2]) -> Self {
        let now = start();
        let [first, second] = expected;
        Self {
            now,
            sides: [
                Handshake::new(now, ours[0], Setup::Active, vec![first]),
                Handshake::new(now, ours[1], Setup::Passive, vec![second]),
            ],
            keys: [None, None],
            ends: [None, None],
            under_way: Vec::new(),
            noise: Noise::new(seed),
            loss_percent,
        }
    }

    fn follow(&mut self, side: usize, events: Vec<Event>) {
        for event in events {
            match event {
                Event::Datagram(bytes) => {
                    if self.noise.below(100) >= self.loss_percent {
                        let delay = Duration::from_millis(20 + self.noise.below(60) as u64);
                        self.under_way.push((self.now + delay, 1 - side, bytes));
                    }
                }
                Event::Keys(keys) => assert!(self.keys[side].replace(keys).is_none()),
                Event::Over(end) => assert!(self.ends[side].replace(end).is_none()),
            }
        }
    }

    fn run(&mut self, by: Duration) {
        let end = self.now + by;
        for side in 0..2 {
            let mut events = Vec::new();
            self.sides[side].settle(self.now, |event| events.push(event));
            self.follow(side, events);
        }
        loop {
            let arrival = self.under_way.iter().map(|(at, _, _)| *at).min();
            let deadline = self.sides.iter().filter_map(Handshake::wake_at).min();
            let Some(next) = arrival.into_iter().chain(deadline).min().filter(|next| *next <= end) else {
                self.now = end;
                return;
            };
            self.now = self.now.max(next);
            if let Some(at) = self.under_way.iter().position(|(at, _, _)| *at <= self.now) {
                let (_, side, bytes) = self.under_way.swap_remove(at);
                let mut events = Vec::new();
                self.sides[side].receive(self.now, &bytes, |event| events.push(event));
                self.follow(side, events);
                continue;
            }
            for side in 0..2 {
                if self.sides[side].wake_at().is_some_and(|at| at <= self.now) {
                    let mut events = Vec::new();
                    self.sides[side].settle(self.now, |event| events.push(event));
                    self.follow(side, events);
                }
            }
        }
    }
}

#[test]
fn both_sides_agree_on_keys_over_a_bad_network() {
    let (a, b) = (identity(1), identity(2));
    for seed in 0..30 {
        let mut pair = Pair::new(
            seed,
            (seed % 4) as usize * 10,
            [b.fingerprint().clone(), a.fingerprint().clone()],
            [&a, &b],
        );
        pair.run(Duration::from_secs(25));
        let [Some(ours), Some(theirs)] = &pair.keys else {
            panic!("seed {seed}: {:?} {:?}", pair.keys, pair.ends);
        };
        assert_eq!(ours.profile, theirs.profile);
        assert_eq!(
            (&ours.send, &ours.receive),
            (&theirs.receive, &theirs.send),
            "seed {seed}"
        );
        assert_ne!(ours.send, ours.receive);
        assert_eq!(pair.ends, [None, None]);
    }
}

#[test]
fn who_has_another_certificate_gets_no_keys() {
    let (a, b, other) = (identity(1), identity(2), identity(3));
    for wrong in 0..2 {
        let mut expected = [b.fingerprint().clone(), a.fingerprint().clone()];
        expected[wrong] = other.fingerprint().clone();
        let mut pair = Pair::new(7, 0, expected, [&a, &b]);
        pair.run(Duration::from_secs(25));
        assert_eq!(pair.keys[wrong], None);
        assert_eq!(pair.ends[wrong], Some(HandshakeEnd::WrongFingerprint));
    }
}

#[test]
fn goodbye_is_heard() {
    let (a, b) = (identity(1), identity(2));
    let mut pair = Pair::new(1, 0, [b.fingerprint().clone(), a.fingerprint().clone()], [&a, &b]);
    pair.run(Duration::from_secs(5));
    let mut events = Vec::new();
    pair.sides[0].close(pair.now, |event| events.push(event));
    pair.follow(0, events);
    pair.run(Duration::from_secs(5));
    assert_eq!(pair.ends[1], Some(HandshakeEnd::Goodbye));
}

#[test]
fn an_identity_shows_no_key_and_is_its_own() {
    let (a, b) = (Identity::generate().unwrap(), Identity::generate().unwrap());
    assert_ne!(a.fingerprint(), b.fingerprint());
    assert!(a.fingerprint().fits(&a.certificate().certificate));
    let certificate = a.certificate().certificate;
    let (curve, point) = certificate::public_key(&certificate).unwrap();
    assert_eq!((curve, point.len(), point[0]), (certificate::Curve::P256, 65, 4));
}

#[test]
fn what_somebody_else_slips_in_does_not_end_a_handshake() {
    let (a, b) = (identity(1), identity(2));
    for seed in 0..20 {
        let mut pair = Pair::new(seed, 0, [b.fingerprint().clone(), a.fingerprint().clone()], [&a, &b]);
        for _ in 0..20 {
            pair.run(Duration::from_millis(30));
            // Bytes that nobody of the two has said, before what is under way: with the head of a record, or without.
            let length = pair.noise.below(80);
            let mut bytes: Vec<u8> = (0..length).map(|_| pair.noise.next() as u8).collect();
            if seed % 2 == 0 {
                bytes.splice(..0, [22, 254, 253, 0, 0, 0, 0, 0, 0, 9, seed as u8, 0, length as u8]);
            }
            for side in 0..2 {
                pair.under_way.push((pair.now, side, bytes.clone()));
            }
        }
        pair.run(Duration::from_secs(20));
        assert_eq!(pair.ends, [None, None], "seed {seed}");
        assert!(pair.keys.iter().all(Option::is_some), "seed {seed}");
    }
}

#[test]
fn fuzz_certificates_are_read_or_refused() {
    let model = identity(1).certificate().certificate;
    for round in fuzz_rounds(5_000) {
        let bytes = Noise::new(round).spoil(&model);
        if let Some((_, point)) = certificate::public_key(&bytes) {
            assert!(point.len() <= bytes.len());
        }
    }
}

#[test]
fn fuzz_handshakes_survive_damaged_datagrams() {
    let (a, b) = (identity(1), identity(2));
    for seed in fuzz_rounds(40) {
        let mut pair = Pair::new(seed, 5, [b.fingerprint().clone(), a.fingerprint().clone()], [&a, &b]);
        for _ in 0..30 {
            pair.run(Duration::from_millis(30));
            if let Some((_, _, bytes)) = pair.under_way.first() {
                // A damaged copy comes before what was sent, on either side.
                let damaged = pair.noise.spoil(&bytes.clone());
                let side = pair.noise.below(2);
                pair.under_way.push((pair.now, side, damaged));
            }
        }
    }
}
