//! Strangers and a bridge: nothing they send is relayed, moves anything that is, or brings them a packet.

use super::*;
use crate::random::Random;

const SEEDS: u64 = 60;
const STEPS: u64 = 400;

/// A packet of somebody who guesses: right or wrong payload types, numbers, sources and lanes, or no RTP at all.
fn guess(random: &mut Random, bridge: &Bridge) -> (SessionId, Lane, SocketAddr, Vec<u8>) {
    let session = if random.next().is_multiple_of(2) { A } else { B };
    let lane = if random.next().is_multiple_of(5) {
        Lane::Rtcp
    } else {
        Lane::Rtp
    };
    let from = match random.next() % 4 {
        // Another port of the far end's own host, a neighbour, and anybody; never the far ends themselves. RTCP of a far
        // end may come from any port of its host, so there the host is no stranger.
        0 | 1 if lane == Lane::Rtcp => at("192.0.2.9:4001"),
        0 => SocketAddr::new(a().ip(), 4_002 + (random.next() % 1_000) as u16),
        1 => SocketAddr::new(b().ip(), 4_002 + (random.next() % 1_000) as u16),
        2 => at("192.0.2.9:4000"),
        _ => SocketAddr::from(([198, 51, 100, random.next() as u8], random.next() as u16 | 1)),
    };
    let kind = [0, 8, 13, EVENT, B_EVENT, 77][random.next() as usize % 6];
    let near = bridge.sequence.wrapping_add((random.next() % 5) as u16);
    let payload: Vec<u8> = match random.next() % 3 {
        0 => vec![random.next() as u8; 160],
        1 => vec![(random.next() % 16) as u8, 10, 0, 160],
        _ => vec![0; (random.next() % 1_600) as usize],
    };
    let ssrc = if random.next().is_multiple_of(2) {
        bridge.ssrc
    } else {
        random.next() as u32
    };
    let mut bytes = packet(kind, near, bridge.timestamp, ssrc, &payload);
    if random.next().is_multiple_of(8) {
        bytes.truncate((random.next() % 20) as usize);
    }
    (session, lane, from, bytes)
}

/// Everything the two sessions send, and the keys they report, while the far ends talk; with strangers or without.
fn run(seed: u64, strangers: u64) -> (Vec<Sent>, Vec<u8>) {
    let (mut random, mut chance) = (Random::new(seed), Random::new(seed ^ 0xdead));
    let mut bridge = Bridge::new(RelayKeys::Pass);
    bridge.relay(B, Some(A), RelayKeys::Pass);
    // The first packets of the far ends settle whom the sessions take.
    bridge.say(&[1; 160]);
    bridge.bench.packet(B, Lane::Rtp, b(), &packet(0, 1, 1, 5, &[2; 160]));
    for n in 0..STEPS {
        for _ in 0..strangers {
            let (session, lane, from, bytes) = guess(&mut chance, &bridge);
            bridge.bench.packet(session, lane, from, &bytes);
        }
        match random.next() % 12 {
            0 => {
                let bytes = bridge.next_event(bridge.timestamp, (n % 12) as u8, 10, 160);
                bridge.arrive(&bytes);
            }
            1 => drop(bridge.next_packet(&[0; 160])),
            2 => bridge.play_to_b(n as u32, 320),
            _ => bridge.say(&[n as u8; 160]),
        }
        let bytes = packet(0, 2 + n as u16, n as u32 * 160, 5, &[n as u8; 160]);
        bridge.bench.packet(B, Lane::Rtp, b(), &bytes);
        bridge.bench.tick();
    }
    let keys = bridge.bench.keys();
    (bridge.bench.sink.sent, keys)
}

#[test]
fn with_or_without_them_the_same_is_sent() {
    for seed in 0..SEEDS {
        let (quiet, quiet_keys) = run(seed, 0);
        let (noisy, noisy_keys) = run(seed, 12);
        assert_eq!(quiet.len(), noisy.len(), "seed {seed}");
        assert!(quiet == noisy, "seed {seed}: a stranger changed what is sent");
        assert_eq!(quiet_keys, noisy_keys, "seed {seed}");
        assert!(quiet.len() > STEPS as usize, "seed {seed}");
        let far_ends = [a().ip(), b().ip()];
        assert!(
            noisy
                .iter()
                .all(|sent| far_ends.contains(&sent.to.ip()) && [4_000, 4_001].contains(&sent.to.port())),
            "seed {seed}: a stranger got a packet"
        );
    }
}
