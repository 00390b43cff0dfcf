//! Keys in and out, and prompts they stop.

use super::*;
use crate::{FRAME_SAMPLES, KeyPress, MAX_KEY_PRESSES, g711};

#[test]
fn a_key_stops_the_prompt_before_its_next_packet() {
    let mut bench = Bench::new();
    bench.play(9, vec![clip(8_000)], 0, StopOnKey::Stop);
    bench.ticks(5);
    bench.event(10, 5_000, 3, 10, 160);
    assert!(matches!(
        bench.reports[..],
        [
            Report::Key {
                event: 3,
                duration_ms: 20,
                ..
            },
            Report::PlayEnded { .. }
        ]
    ));
    assert_eq!(bench.ended(), [(9, 100, PlayEnd::Key)]);
    let before = bench.rtp().len();
    bench.ticks(1);
    assert_eq!(bench.rtp()[before].payload, [0xff; 160]);
}

#[test]
fn a_prompt_that_plays_on_is_not_touched() {
    let mut bench = Bench::new();
    bench.play(9, vec![clip(8_000)], 1, StopOnKey::PlayOn);
    bench.event(10, 5_000, 3, 10, 160);
    bench.ticks(60);
    assert_eq!(
        (bench.keys(), bench.ended()),
        (vec![3], vec![(9, 1_000, PlayEnd::Finished)])
    );
}

#[test]
fn repeated_and_reordered_packets_are_one_key_each() {
    let mut bench = Bench::new();
    // Two presses of 1, the end of the first one late, then one of 2 of which only ends arrive.
    for (sequence, timestamp, event, flags, duration) in [
        (1, 1_000, 1, 10, 160),
        (1, 1_000, 1, 10, 160),
        (3, 1_000, 1, 10, 480),
        (2, 1_000, 1, 10, 320),
        (20, 4_000, 1, 10, 160),
        (5, 1_000, 1, 0x8a, 480),
        (21, 4_000, 1, 0x8a, 320),
        (40, 9_000, 2, 0x8a, 800),
        (41, 9_000, 2, 0x8a, 800),
    ] {
        bench.event(sequence, timestamp, event, flags, duration);
    }
    assert_eq!(bench.keys(), [1, 1, 2]);
    assert_eq!((bench.counters().keys, bench.counters().duplicates), (3, 1));
}

#[test]
fn keys_of_strangers_and_on_hold_are_no_keys() {
    let mut bench = Bench::new();
    bench.sound(remote(), 1, &[0xff; 160]);
    let event = packet(EVENT, 2, 1_000, 77, &[5, 10, 0, 160]);
    bench.receive(Lane::Rtp, at("198.51.100.66:4000"), &event);
    bench.receive(Lane::Rtp, at("192.0.2.7:4444"), &event);
    bench.command(Command::Update {
        session: SESSION,
        plan: Plan {
            flow: Flow::SendOnly,
            ..plan()
        },
    });
    bench.receive(Lane::Rtp, remote(), &event);
    assert_eq!(bench.keys(), [] as [u8; 0]);
    assert_eq!((bench.counters().wrong_source, bench.counters().unwanted), (2, 1));
}

#[test]
fn sent_keys_are_heard_by_another_engine() {
    let mut phone = Bench::new();
    let keys: Vec<KeyPress> = [1, 2, 2, 11]
        .map(|event| KeyPress {
            event,
            duration_ms: 100,
            pause_ms: 60,
        })
        .to_vec();
    phone.play(1, vec![clip(80_000)], 1, StopOnKey::Stop);
    phone.command(Command::SendKeys { session: SESSION, keys });
    phone.ticks(60);
    let mut server = Bench::new();
    for sent in phone.sink.sent.iter().filter(|sent| sent.lane == Lane::Rtp) {
        server.receive(Lane::Rtp, remote(), &sent.bytes);
    }
    assert_eq!(server.keys(), [1, 2, 2, 11]);
    assert_eq!(phone.counters().keys_out, 4);
    assert_eq!(phone.rtp().len(), 60, "one packet a tick");
    assert_eq!(server.counters().lost, 0);
}

fn key(event: u8) -> KeyPress {
    KeyPress {
        event,
        duration_ms: 100,
        pause_ms: 60,
    }
}

#[test]
fn keys_that_cannot_be_sent_are_refused() {
    let mut bench = Bench::new();
    bench.command(Command::SendKeys {
        session: SESSION,
        keys: vec![key(16)],
    });
    bench.command(Command::SendKeys {
        session: SESSION,
        keys: vec![key(1); MAX_KEY_PRESSES + 1],
    });
    bench.command(Command::Update {
        session: SESSION,
        plan: Plan {
            telephone_event: None,
            ..plan()
        },
    });
    bench.command(Command::SendKeys {
        session: SESSION,
        keys: vec![key(1); MAX_KEY_PRESSES + 1],
    });
    let refused: Vec<Refusal> = bench
        .reports
        .iter()
        .filter_map(|report| {
            if let Report::Refused { why, .. } = report {
                Some(*why)
            } else {
                None
            }
        })
        .collect();
    assert_eq!(refused, [Refusal::NotAKey, Refusal::TooManyKeys, Refusal::TooManyKeys]);
    assert_eq!(bench.engine.totals().refused_commands, 3);
}

/// A session whose far end knows no telephone events.
fn without_events() -> Plan {
    Plan {
        telephone_event: None,
        ..plan()
    }
}

/// The sound of keys, in packets of 20 ms.
fn tones(events: &[u8]) -> Vec<Vec<u8>> {
    let mut generator = crate::dtmf::ToneGenerator::default();
    let press = |&event: &u8| KeyPress {
        event,
        duration_ms: 80,
        pause_ms: 80,
    };
    generator.push(events.iter().map(press).collect());
    let mut frame = [0; FRAME_SAMPLES];
    let frames = std::iter::from_fn(|| generator.fill(&mut frame).map(|_| frame));
    frames
        .map(|frame| frame.map(|sample| g711::encode(Law::Pcmu, sample)).to_vec())
        .collect()
}

/// The keys reported while this sound comes in, a packet a tick.
fn heard(bench: &mut Bench, sound: &[Vec<u8>], from: u16) -> Vec<u8> {
    bench.reports.clear();
    for (n, payload) in sound.iter().enumerate() {
        bench.sound(remote(), from + n as u16, payload);
        bench.tick();
    }
    bench.ticks(10);
    bench.keys()
}

#[test]
fn without_telephone_events_keys_are_heard_in_the_sound() {
    let mut bench = Bench::new();
    let sound = tones(&[1, 1, 15, 10]);
    assert_eq!(
        heard(&mut bench, &sound, 1),
        [],
        "with them, tones are sound and nothing else"
    );
    bench.command(Command::Update {
        session: SESSION,
        plan: without_events(),
    });
    assert_eq!(heard(&mut bench, &sound, 100), [1, 1, 15, 10]);
    assert_eq!(bench.engine.counters(SESSION).expect("open").keys, 4);
    bench.command(Command::Update {
        session: SESSION,
        plan: Plan {
            flow: Flow::SendOnly,
            ..without_events()
        },
    });
    assert_eq!(heard(&mut bench, &sound, 200), [], "nobody listens");
}

#[test]
fn a_key_heard_in_the_sound_stops_a_prompt() {
    let mut bench = Bench::new();
    bench.command(Command::Update {
        session: SESSION,
        plan: without_events(),
    });
    bench.play(3, vec![clip(80_000)], 1, StopOnKey::Stop);
    heard(&mut bench, &tones(&[5]), 1);
    let [(3, played, PlayEnd::Key)] = bench.ended()[..] else {
        panic!("{:?}", bench.reports)
    };
    assert!((60..=140).contains(&played), "soon after it began: {played} ms");
}

#[test]
fn without_telephone_events_keys_are_played_as_tones() {
    let mut bench = Bench::new();
    bench.command(Command::Update {
        session: SESSION,
        plan: without_events(),
    });
    bench.command(Command::SendKeys {
        session: SESSION,
        keys: vec![key(3), key(11)],
    });
    let mut detector = crate::dtmf::ToneDetector::default();
    let mut keys = Vec::new();
    for _ in 0..30 {
        bench.tick();
    }
    for packet in bench.rtp() {
        let sound: Vec<i16> = packet
            .payload
            .iter()
            .map(|&byte| g711::FROM_PCMU[usize::from(byte)])
            .collect();
        keys.extend(detector.hear(&sound));
    }
    assert_eq!(keys, [3, 11]);
    assert_eq!(bench.engine.counters(SESSION).expect("open").keys_out, 2);
}

#[test]
fn no_report_shows_a_key_when_it_is_printed() {
    let report = Report::Key {
        session: SESSION,
        event: 7,
        duration_ms: 20,
        at: Instant::now(),
    };
    assert_eq!(format!("{report:?}"), "Key { session: SessionId(4), event: <private> }");
    let key = KeyPress {
        event: 7,
        duration_ms: 777,
        pause_ms: 77,
    };
    assert!(
        !format!(
            "{:?}",
            Command::SendKeys {
                session: SESSION,
                keys: vec![key]
            }
        )
        .contains('7')
    );
}
