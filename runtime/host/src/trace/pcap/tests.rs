//! The capture file, read again by hand; `tshark` has read it too.

use super::{checksum, file};
use crate::trace::Direction::{In, Out};
use crate::trace::tests::{INVITE, call, flow, sip};
use patchcord_sip::Transport;

struct Packet {
    time: (u32, u32),
    length: u32,
    bytes: Vec<u8>,
}

fn packets(file: &[u8]) -> Vec<Packet> {
    assert_eq!(file[..4], [0xd4, 0xc3, 0xb2, 0xa1]);
    assert_eq!(file[20..24], 101_u32.to_le_bytes());
    let mut rest = &file[24..];
    let mut packets = Vec::new();
    while !rest.is_empty() {
        let number = |at: usize| u32::from_le_bytes(rest[at..at + 4].try_into().unwrap());
        let kept = number(8) as usize;
        packets.push(Packet {
            time: (number(0), number(4)),
            length: number(12),
            bytes: rest[16..16 + kept].to_vec(),
        });
        rest = &rest[16 + kept..];
    }
    packets
}

#[test]
fn every_message_is_a_packet_and_nothing_else_is() {
    let packets = packets(&file(&call()));
    assert_eq!(packets.len(), 7);
    let first = &packets[0];
    assert_eq!((first.time, first.length as usize), ((1_800_000_000, 0), 28 + INVITE.len()));
    assert_eq!(checksum(&first.bytes[..20]), 0);
    assert_eq!(first.bytes[12..20], [198, 51, 100, 7, 192, 0, 2, 10]);
    assert_eq!(first.bytes[20..24], [0x13, 0xc6, 0x13, 0xc4]);
    assert_eq!(&first.bytes[28..], INVITE.as_bytes());
    // Ours go the other way, from the door of their transport.
    let dialled = &packets[3];
    assert_eq!(dialled.time, (1_800_000_000, 610_000));
    assert_eq!(dialled.bytes[12..20], [192, 0, 2, 10, 203, 0, 113, 9]);
    assert_eq!(dialled.bytes[20..24], [0x13, 0xc5, 0x13, 0xc5]);
}

#[test]
fn ipv6_has_its_checksum() {
    let mut trace = call();
    trace.records = vec![sip(0, 0, In, flow(Transport::Udp, "[2001:db8::1]:5060"), "odd")];
    let packets = packets(&file(&trace));
    let packet = &packets[0].bytes;
    assert_eq!((packet[0], packet.len()), (0x60, 40 + 8 + 3));
    let mut pseudo = packet[8..40].to_vec();
    pseudo.extend_from_slice(&[0, 0, 0, 11, 0, 0, 0, 17]);
    pseudo.extend_from_slice(&packet[40..]);
    assert_eq!(checksum(&pseudo), 0);
}

#[test]
fn what_is_longer_than_a_packet_is_cut() {
    let mut trace = call();
    let long = "x".repeat(65_536);
    trace.records = ["192.0.2.1:1", "[2001:db8::1]:1"]
        .map(|peer| sip(0, 0, Out, flow(Transport::Tcp, peer), &long))
        .into();
    for packet in packets(&file(&trace)) {
        assert_eq!(packet.bytes.len(), 65_535);
        assert!(packet.length > 65_535);
    }
}
