//! Presses as real phones and bad networks deliver them.

use super::*;

/// (number, timestamp, event, ended, duration)
type Packet = (u64, u32, u8, bool, u16);

fn keys(packets: &[Packet]) -> Vec<u8> {
    let mut detector = KeyDetector::default();
    packets
        .iter()
        .filter_map(|&(number, timestamp, event, ended, duration)| {
            let [high, low] = duration.to_be_bytes();
            let flags = if ended { 0x8a } else { 0x0a };
            match detector.packet(number, timestamp, false, &[event, flags, high, low]) {
                Event::Key { event, .. } => Some(event),
                _ => None,
            }
        })
        .collect()
}

fn press(first_number: u64, timestamp: u32, event: u8) -> Vec<Packet> {
    let mut packets: Vec<Packet> = (0..5)
        .map(|n| (first_number + n, timestamp, event, false, (n as u16 + 1) * 160))
        .collect();
    packets.extend((5..8).map(|n| (first_number + n, timestamp, event, true, 960)));
    packets
}

#[test]
fn eight_packets_are_one_key() {
    assert_eq!(keys(&press(1, 1000, 5)), [5]);
}

#[test]
fn every_subset_of_a_press_is_one_key() {
    let all = press(1, 1000, 7);
    for chosen in 1u32..256 {
        let some: Vec<Packet> = (0..8)
            .filter(|bit| chosen >> bit & 1 == 1)
            .map(|bit| all[bit as usize])
            .collect();
        assert_eq!(keys(&some), [7], "packets {chosen:08b}");
    }
}

#[test]
fn two_presses_of_one_key_are_two_even_without_any_end() {
    let mut packets = press(1, 1000, 1);
    packets.truncate(3);
    packets.extend(press(20, 4000, 1));
    assert_eq!(keys(&packets), [1, 1]);
}

#[test]
fn packets_of_an_older_press_are_no_key() {
    let mut packets = press(1, 1000, 1);
    let late_end = packets.pop().expect("eight of them");
    packets.extend(press(20, 4000, 2));
    packets.push(late_end);
    packets.extend(press(40, 9000, 1));
    assert_eq!(keys(&packets), [1, 2, 1]);
}

#[test]
fn reordering_and_repeating_within_a_press_change_nothing() {
    let mut packets = press(1, 1000, 3);
    packets.reverse();
    packets.extend(press(1, 1000, 3));
    assert_eq!(keys(&packets), [3]);
}

#[test]
fn a_key_held_for_half_a_minute_is_one() {
    let mut packets = Vec::new();
    for n in 0..1_500u64 {
        let elapsed = n as u32 * 160;
        let (segment, within) = (elapsed / 0xffff, elapsed % 0xffff);
        // Every third packet is lost.
        if n % 3 != 0 || n == 0 {
            packets.push((n, 1000 + segment * 0xffff, 9, false, within as u16));
        }
    }
    assert_eq!(keys(&packets), [9]);
}

#[test]
fn a_clock_that_jumps_back_does_not_silence_the_keys() {
    let mut packets = press(1, 900_000, 4);
    packets.extend(press(30, 500, 6));
    assert_eq!(keys(&packets), [4, 6]);
}

#[test]
fn other_events_and_short_packets_are_no_keys() {
    let mut detector = KeyDetector::default();
    assert_eq!(detector.packet(1, 1, true, &[16, 10, 0, 160]), Event::Ignored);
    assert_eq!(detector.packet(2, 1, true, &[1, 10, 0]), Event::Malformed);
    assert_eq!(detector.packet(3, 1, true, &[]), Event::Malformed);
    assert_eq!(
        detector.packet(4, 1, true, &[15, 10, 0, 160]),
        Event::Key {
            event: 15,
            duration: 160
        }
    );
}

#[test]
fn a_new_stream_forgets_the_old_press() {
    let mut detector = KeyDetector::default();
    assert_eq!(
        detector.packet(90_000, 1, true, &[1, 10, 0, 160]),
        Event::Key {
            event: 1,
            duration: 160
        }
    );
    detector.restart();
    assert_eq!(
        detector.packet(70_000, 1, true, &[1, 10, 0, 160]),
        Event::Key {
            event: 1,
            duration: 160
        }
    );
}
