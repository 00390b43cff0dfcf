//! The packets of short, long and following keys; and that our own detector hears what was sent.

use super::*;

/// Of a tick.
const FRAME: u32 = 160;
use crate::keys_in::{Event, KeyDetector};

fn key(event: u8, duration_ms: u16, pause_ms: u16) -> KeyPress {
    KeyPress {
        event,
        duration_ms,
        pause_ms,
    }
}

fn send(keys: Vec<KeyPress>, ticks: u32) -> Vec<Option<EventPacket>> {
    let mut sender = KeySender::default();
    sender.push(keys);
    (0..ticks).map(|tick| sender.tick(5_000 + tick * FRAME)).collect()
}

#[test]
fn a_key_of_60_ms_is_three_packets_and_two_repeats() {
    let sent: Vec<EventPacket> = send(vec![key(5, 60, 40)], 20).into_iter().flatten().collect();
    let durations: Vec<u8> = vec![
        160,
        (320u16 & 0xff) as u8,
        (480u16 & 0xff) as u8,
        (480u16 & 0xff) as u8,
        (480u16 & 0xff) as u8,
    ];
    assert_eq!(sent.iter().map(|p| p.payload[3]).collect::<Vec<_>>(), durations);
    assert_eq!(
        sent.iter().map(|p| p.payload[1] & 0x80 != 0).collect::<Vec<_>>(),
        [false, false, true, true, true]
    );
    assert_eq!(
        sent.iter().map(|p| p.marker).collect::<Vec<_>>(),
        [true, false, false, false, false]
    );
    assert!(sent.iter().all(|p| p.timestamp == 5_000 && p.payload[0] == 5));
}

#[test]
fn the_pause_separates_two_keys_and_leaves_its_ticks_to_the_sound() {
    let sent = send(vec![key(1, 100, 100), key(1, 100, 100)], 30);
    let pattern: String = sent.iter().map(|p| if p.is_some() { 'k' } else { '.' }).collect();
    assert_eq!(pattern, "kkkkkkk...kkkkkkk.............");
    assert_eq!(sent[10].expect("the second key").timestamp, 5_000 + 10 * FRAME);
}

#[test]
fn a_long_press_is_cut_into_segments_and_still_one_key() {
    let ticks = 60_000 / 20 + 10;
    let sent = send(vec![key(9, 60_000, 40)], ticks);
    let mut detector = KeyDetector::default();
    let mut keys = 0;
    let mut total = 0;
    for (number, packet) in sent.iter().flatten().enumerate() {
        let event = detector.packet(number as u64, packet.timestamp, packet.marker, &packet.payload);
        keys += usize::from(matches!(event, Event::Key { .. }));
        total = packet.timestamp - 5_000 + u32::from(u16::from_be_bytes([packet.payload[2], packet.payload[3]]));
    }
    assert_eq!(keys, 1);
    assert_eq!(total, 60_000 * 8);
    let ended = sent.iter().flatten().filter(|p| p.payload[1] & 0x80 != 0).count();
    assert_eq!(ended, 3);
}

#[test]
fn the_shortest_key_is_one_frame() {
    let sent: Vec<EventPacket> = send(vec![key(0, 0, 0)], 10).into_iter().flatten().collect();
    assert_eq!(sent.len(), 3);
    assert!(sent.iter().all(|p| p.payload[1] & 0x80 != 0));
    assert!(sent[0].marker && !sent[1].marker);
}
