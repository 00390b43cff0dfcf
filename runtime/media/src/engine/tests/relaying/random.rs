//! Anything in any order to a bridged pair, and what must hold of the stream a far end gets all the same.

use super::*;
use crate::random::Random;
use crate::reception::{Arrival, Reception};

const SEEDS: u64 = 1_000;
const STEPS: u64 = 300;
/// The most the stream's time may differ from the clock's: what the delays of the source make.
/// A clock that moved a little at each switch would be seconds away at the end.
const MOST_AHEAD_MS: i64 = 1_000;

/// A source with a network that loses, repeats and delays.
struct Line {
    random: Random,
    late: Vec<Vec<u8>>,
    /// Samples sent for which no tick has passed yet.
    untold: usize,
}

impl Line {
    fn carry(&mut self, bridge: &mut Bridge, bytes: Vec<u8>) {
        match self.random.next() % 12 {
            0 => {}
            1 => self.late.push(bytes),
            2 => {
                bridge.arrive(&bytes);
                bridge.arrive(&bytes);
            }
            _ => bridge.arrive(&bytes),
        }
        if !self.late.is_empty() && self.random.next().is_multiple_of(3) {
            let bytes = self.late.remove(0);
            bridge.arrive(&bytes);
        }
    }
}

fn step(bridge: &mut Bridge, line: &mut Line, n: u64, press: &mut Option<(u32, u8, u16)>) {
    let chance = line.random.next();
    match chance % 40 {
        0 => bridge.play_to_b(n as u32, (chance >> 8) as usize % 2_000),
        1 => bridge.bench.command(Command::SendKeys {
            session: B,
            keys: vec![
                KeyPress {
                    event: (n % 12) as u8,
                    duration_ms: 60,
                    pause_ms: 60
                };
                1
            ],
        }),
        2 | 3 => {
            let flow = [Flow::SendRecv, Flow::RecvOnly, Flow::SendOnly, Flow::Inactive][(chance >> 8) as usize % 4];
            bridge.update_b(Plan { flow, ..plan_of_b() });
        }
        4 => bridge.update_b(plan_of(b(), Codec::Pcma, Some(B_EVENT))),
        5 => bridge.relay(A, None, RelayKeys::Pass),
        6 | 7 => {
            let keys = [RelayKeys::Pass, RelayKeys::Keep][(chance >> 8) as usize % 2];
            bridge.relay(A, Some(B), keys);
        }
        8 => (bridge.ssrc, bridge.sequence, bridge.timestamp) = ((chance >> 8) as u32, (chance >> 16) as u16, n as u32),
        9 => bridge.timestamp = bridge.timestamp.wrapping_add((chance >> 16) as u32),
        // The source is silent for a while.
        10 => {
            let ticks = (chance >> 8) as usize % 12;
            bridge.bench.ticks(ticks);
            bridge.timestamp = bridge.timestamp.wrapping_add(ticks as u32 * 160);
        }
        11 if press.is_none() => *press = Some((bridge.timestamp, (n % 16) as u8, 0)),
        // The thread stalls.
        12 => {
            let frames = (chance >> 8) as u32 % 8;
            bridge.bench.now += crate::FRAME * frames;
            bridge.timestamp = bridge.timestamp.wrapping_add(frames * 160);
        }
        _ => {}
    }
    // 10 to 60 ms of sound, or a packet of a key, and the time of it.
    let length = [80, 160, 160, 160, 240, 320, 480][(chance >> 32) as usize % 7];
    match press.as_mut() {
        Some((began, event, packets)) => {
            *packets += 1;
            let flags = if *packets > 5 { 0x8a } else { 10 };
            let (began, event, duration, over) = (*began, *event, (*packets).min(6) * 160, *packets == 8);
            let bytes = bridge.next_event(began, event, flags, duration);
            bridge.timestamp = bridge.timestamp.wrapping_add(160);
            line.carry(bridge, bytes);
            bridge.bench.tick();
            if over {
                *press = None;
            }
        }
        None => {
            let bytes = bridge.next_packet(&vec![n as u8; length]);
            line.carry(bridge, bytes);
            line.untold += length;
            bridge.bench.ticks(line.untold / 160);
            line.untold %= 160;
        }
    }
}

/// What a far end would make of the stream.
fn check(seed: u64, sent: &[(Instant, Heard)]) {
    let (mut reception, mut counters) = (Reception::default(), Counters::default());
    let mut sound: Vec<(u64, u32, usize)> = Vec::new();
    let (start, first) = (sent[0].0, &sent[0].1.header);
    for (n, (at, heard)) in sent.iter().enumerate() {
        let header = &heard.header;
        assert_eq!(header.ssrc, first.ssrc, "seed {seed}");
        let number = match reception.packet(header.ssrc, header.sequence, &mut counters) {
            Arrival::New(number) => number,
            Arrival::Restart(number) if n == 0 => number,
            other => panic!("seed {seed}, packet {n}: {other:?}"),
        };
        if header.payload_type != B_EVENT {
            sound.push((
                number,
                header.timestamp.wrapping_sub(first.timestamp),
                heard.payload.len(),
            ));
            let ours = i64::from(header.timestamp.wrapping_sub(first.timestamp) as i32) / 8;
            let went = at.duration_since(start).as_millis() as i64;
            // A late packet is that of an earlier time.
            let late = sound.iter().any(|(earlier, ..)| *earlier > number);
            assert!(
                late || (ours - went).abs() <= MOST_AHEAD_MS,
                "seed {seed}, packet {n}: {ours} ms of sound after {went} ms"
            );
        }
    }
    sound.sort_unstable();
    for pair in sound.windows(2) {
        let ((_, before, length), (_, after, _)) = (pair[0], pair[1]);
        assert!(
            after.wrapping_sub(before) as i32 >= length as i32,
            "seed {seed}: a time sent twice, {pair:?}"
        );
    }
    assert_eq!((counters.duplicates, counters.restarts), (0, 0), "seed {seed}");
}

#[test]
fn the_far_end_hears_one_stream_whatever_happens() {
    let (mut relayed, mut own) = (0, 0);
    for seed in 0..SEEDS {
        let mut bridge = Bridge::new(RelayKeys::Pass);
        let mut line = Line {
            random: Random::new(seed),
            late: Vec::new(),
            untold: 0,
        };
        let (mut press, mut sent) = (None, Vec::new());
        for n in 0..STEPS {
            step(&mut bridge, &mut line, n, &mut press);
            // To the millisecond is enough: a step takes at most 60 ms.
            let now = bridge.bench.now;
            sent.extend(bridge.to_b().into_iter().map(|heard| (now, heard)));
            bridge.bench.sink.sent.clear();
        }
        check(seed, &sent);
        let counters = bridge.bench.engine.counters(B).expect("open");
        relayed += counters.relayed;
        own += counters.packets_out - counters.relayed;
        assert_eq!(bridge.bench.engine.totals().dropped_reports, 0);
    }
    assert!(relayed > SEEDS * 50 && own > SEEDS * 50, "{relayed} relayed, {own} own");
}
