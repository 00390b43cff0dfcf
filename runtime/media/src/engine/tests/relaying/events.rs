//! Keys between bridged sessions: passed on as events of the target's own payload type, or kept.

use super::*;
use crate::keys_in::{Event, KeyDetector};

/// The keys a far end recognises in what it got.
fn recognised(heard: &[Heard]) -> Vec<u8> {
    let mut detector = KeyDetector::default();
    let events = heard.iter().filter(|packet| packet.header.payload_type == B_EVENT);
    let keys = events.filter_map(|packet| {
        let header = packet.header;
        let number = 0x1_0000 + u64::from(header.sequence.wrapping_sub(heard[0].header.sequence));
        match detector.packet(number, header.timestamp, header.marker, &packet.payload) {
            Event::Key { event, .. } => Some(event),
            _ => None,
        }
    });
    keys.collect()
}

/// A press of so many packets 20 ms apart, its end said three times, then sound again; a tick with each.
fn press(bridge: &mut Bridge, event: u8, packets: u16) {
    let began = bridge.timestamp;
    for n in 1..=packets + 2 {
        let flags = if n >= packets { 0x8a } else { 10 };
        let bytes = bridge.next_event(began, event, flags, n.min(packets) * 160);
        bridge.arrive(&bytes);
        bridge.bench.tick();
    }
    bridge.timestamp = began.wrapping_add(u32::from(packets + 2) * 160);
}

fn numbers_without_a_hole(heard: &[Heard]) -> bool {
    heard
        .windows(2)
        .all(|w| w[1].header.sequence == w[0].header.sequence.wrapping_add(1))
}

#[test]
fn passed_keys_keep_their_times_and_ends_under_the_targets_payload_type() {
    let mut bridge = Bridge::new(RelayKeys::Pass);
    bridge.talk(3, 1);
    press(&mut bridge, 5, 4);
    bridge.talk(2, 2);
    let heard = bridge.to_b();
    assert!(numbers_without_a_hole(&heard));
    let events = &heard[3..9];
    assert!(events.iter().all(|packet| packet.header.payload_type == B_EVENT));
    let began = heard[2].header.timestamp.wrapping_add(160);
    assert!(events.iter().all(|packet| packet.header.timestamp == began));
    let said: Vec<(u8, u16)> = events
        .iter()
        .map(|packet| {
            (
                packet.payload[1],
                u16::from_be_bytes([packet.payload[2], packet.payload[3]]),
            )
        })
        .collect();
    assert_eq!(
        said,
        [(10, 160), (10, 320), (10, 480), (0x8a, 640), (0x8a, 640), (0x8a, 640)]
    );
    assert_eq!(
        events.iter().map(|packet| packet.header.marker).collect::<Vec<_>>(),
        [true, false, false, false, false, false]
    );
    assert_eq!(
        heard[9].header.timestamp,
        began.wrapping_add(6 * 160),
        "sound goes on in its own time"
    );
    assert_eq!((recognised(&heard), bridge.bench.keys()), (vec![5], vec![5]));
}

#[test]
fn kept_keys_are_reported_and_leave_no_trace() {
    let mut bridge = Bridge::new(RelayKeys::Keep);
    bridge.talk(3, 1);
    press(&mut bridge, 5, 10);
    bridge.talk(3, 2);
    let heard = bridge.to_b();
    assert!(numbers_without_a_hole(&heard));
    assert!(heard.iter().all(|packet| packet.header.payload_type == 0));
    // 12 packets of the key: the first five ticks wait for more sound, then there is silence.
    let silence = vec![0xff; 12 - 5];
    assert_eq!(first_bytes(&heard), [vec![1; 3], silence, vec![2; 3]].concat());
    assert_eq!(bridge.bench.keys(), [5]);
}

#[test]
fn a_short_kept_key_leaves_no_hole_in_the_numbers() {
    let mut bridge = Bridge::new(RelayKeys::Keep);
    bridge.talk(3, 1);
    press(&mut bridge, 5, 2);
    // A packet from before the key that comes only now would get a number given already.
    let late = packet(0, bridge.sequence.wrapping_sub(6), bridge.timestamp, 77, &[9; 160]);
    bridge.arrive(&late);
    bridge.talk(3, 2);
    let heard = bridge.to_b();
    assert!(numbers_without_a_hole(&heard));
    assert_eq!(first_bytes(&heard), [1, 1, 1, 2, 2, 2]);
    assert_eq!(
        heard[3].header.timestamp.wrapping_sub(heard[2].header.timestamp),
        5 * 160,
        "the time of the key went by"
    );
}

#[test]
fn a_target_without_events_gets_none() {
    let mut bridge = Bridge::new(RelayKeys::Pass);
    bridge.update_b(plan_of(b(), Codec::Pcmu, None));
    bridge.talk(3, 1);
    press(&mut bridge, 5, 2);
    bridge.talk(3, 2);
    let heard = bridge.to_b();
    assert!(numbers_without_a_hole(&heard));
    assert_eq!(first_bytes(&heard), [1, 1, 1, 2, 2, 2]);
    assert_eq!(bridge.bench.keys(), [5]);
    assert_eq!(bridge.bench.engine.counters(B).expect("open").relay_dropped, 4);
}

#[test]
fn events_that_are_no_keys_and_what_is_no_event() {
    let mut bridge = Bridge::new(RelayKeys::Pass);
    bridge.talk(1, 1);
    let began = bridge.timestamp;
    let flash = bridge.next_event(began, 16, 10, 160);
    bridge.arrive(&flash);
    for payload in [&[][..], &[5, 10, 0], &[6, 10, 0, 160, 7, 10, 0, 160, 1]] {
        let bytes = packet(EVENT, bridge.sequence, began.wrapping_add(320), 77, payload);
        bridge.sequence = bridge.sequence.wrapping_add(1);
        bridge.arrive(&bytes);
    }
    let heard = bridge.to_b();
    assert!(numbers_without_a_hole(&heard));
    assert_eq!(heard[1].payload, [16, 10, 0, 160]);
    assert_eq!(heard[2].payload, [6, 10, 0, 160], "one event a packet");
    assert_eq!(heard.len(), 3);
}

#[test]
fn keys_pass_while_a_prompt_plays_and_through_its_ends() {
    for (before, samples) in [(0, 8_000), (2, 8_000), (0, 480), (2, 480)] {
        let mut bridge = Bridge::new(RelayKeys::Pass);
        bridge.talk(3, 1);
        let began = bridge.timestamp;
        for n in 1..=12u16 {
            if n == before + 1 {
                bridge.play_to_b(1, samples);
            }
            let flags = if n > 9 { 0x8a } else { 10 };
            let bytes = bridge.next_event(began, 8, flags, n.min(10) * 160);
            bridge.arrive(&bytes);
            bridge.bench.tick();
        }
        let heard = bridge.to_b();
        assert!(numbers_without_a_hole(&heard));
        assert_eq!(
            recognised(&heard),
            [8],
            "{before} packets before the prompt of {samples}"
        );
        let times: Vec<u32> = heard
            .iter()
            .filter(|packet| packet.header.payload_type == B_EVENT)
            .map(|packet| packet.header.timestamp)
            .collect();
        assert_eq!(times, vec![times[0]; 12]);
        let prompt = heard.iter().filter(|packet| packet.payload.len() == 160).count();
        assert!(prompt >= 3 + 3, "the prompt plays beside it: {prompt} packets");
    }
}

#[test]
fn lost_repeated_and_late_event_packets() {
    let mut bridge = Bridge::new(RelayKeys::Pass);
    bridge.talk(2, 1);
    let began = bridge.timestamp;
    let first: Vec<Vec<u8>> = (1..=6u16)
        .map(|n| bridge.next_event(began, 3, if n > 3 { 0x8a } else { 10 }, n.min(4) * 160))
        .collect();
    let second = bridge.next_event(began.wrapping_add(2_000), 3, 10, 320);
    // The first packet is lost, some come twice, and the end of the first press after the beginning of the second.
    for bytes in [&first[2], &first[1], &first[1], &first[4], &first[4]] {
        bridge.arrive(bytes);
    }
    bridge.bench.now += Duration::from_millis(250);
    bridge.arrive(&second);
    bridge.arrive(&first[5]);
    let heard = bridge.to_b();
    let base = heard[1].header;
    let placed: Vec<(u16, u32, bool)> = heard[2..]
        .iter()
        .map(|packet| {
            let header = packet.header;
            (
                header.sequence.wrapping_sub(base.sequence),
                header.timestamp.wrapping_sub(base.timestamp),
                header.marker,
            )
        })
        .collect();
    assert_eq!(
        placed,
        [(3, 160, true), (2, 160, false), (5, 160, false), (7, 2_160, true)],
        "the late end of an event that is over is not passed on"
    );
    assert_eq!(recognised(&heard), [3, 3]);
}

#[test]
fn a_press_longer_than_its_duration_can_say_stays_one() {
    let mut bridge = Bridge::new(RelayKeys::Pass);
    bridge.talk(2, 1);
    let began = bridge.timestamp;
    for n in 1..=500u32 {
        let (segment, said) = if n <= 409 {
            (began, (n * 160).min(0xffff))
        } else {
            (began.wrapping_add(0xffff), n * 160 - 0xffff)
        };
        let bytes = bridge.next_event(segment, 3, 10, said as u16);
        bridge.arrive(&bytes);
        bridge.bench.tick();
    }
    let heard = bridge.to_b();
    assert!(numbers_without_a_hole(&heard));
    assert_eq!((recognised(&heard), bridge.bench.keys()), (vec![3], vec![3]));
    let began = heard[2].header.timestamp;
    assert_eq!(heard.last().expect("sent").header.timestamp.wrapping_sub(began), 0xffff);
}

#[test]
fn a_press_our_own_key_came_into_is_not_begun_again() {
    let mut bridge = Bridge::new(RelayKeys::Pass);
    bridge.talk(2, 1);
    let began = bridge.timestamp;
    for n in 1..=20u16 {
        if n == 4 {
            bridge.bench.command(Command::SendKeys {
                session: B,
                keys: vec![KeyPress {
                    event: 7,
                    duration_ms: 40,
                    pause_ms: 40,
                }],
            });
        }
        let bytes = bridge.next_event(began, 8, if n > 17 { 0x8a } else { 10 }, n.min(18) * 160);
        bridge.arrive(&bytes);
        bridge.bench.tick();
    }
    assert_eq!(recognised(&bridge.to_b()), [8, 7]);
}
