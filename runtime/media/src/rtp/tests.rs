//! Packets written out by hand.

use super::*;
use crate::random::Random;

const HEADER: Header = Header {
    marker: true,
    payload_type: 101,
    sequence: 0x1234,
    timestamp: 0x89ab_cdef,
    ssrc: 7,
};

fn packet(first: u8, rest: &[u8]) -> Vec<u8> {
    let mut bytes = HEADER.bytes().to_vec();
    bytes[0] = first;
    bytes.extend_from_slice(rest);
    bytes
}

#[test]
fn what_is_written_is_read() {
    let bytes = packet(0x80, b"sound");
    assert_eq!(
        parse(&bytes),
        Some(Packet {
            header: HEADER,
            payload: b"sound"
        })
    );
}

#[test]
fn sources_extension_and_padding_are_not_payload() {
    let bytes = packet(0x80 | 0x20 | 0x10 | 2, b"aaaabbbb\xbe\xde\x00\x01eeeePAY\x00\x00\x03");
    assert_eq!(parse(&bytes).expect("well formed").payload, b"PAY");
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    assert_eq!(parse(&packet(0x40, b"x")), None, "version 1");
    assert_eq!(parse(&packet(0x82, b"aaaabbb")), None, "sources cut off");
    assert_eq!(parse(&packet(0x90, b"\x00\x00\x00")), None, "extension head cut off");
    assert_eq!(parse(&packet(0x90, b"\x00\x00\x00\x02eeee")), None, "extension cut off");
    assert_eq!(parse(&packet(0xa0, b"ab\x04")), None, "more padding than payload");
    assert_eq!(
        parse(&packet(0xa0, b"ab\x00")),
        None,
        "no padding where some is announced"
    );
    assert_eq!(parse(&packet(0xa0, b"")), None, "padding announced in an empty packet");
    assert_eq!(parse(&packet(0x80, b"")[..11]), None, "header cut off");
    assert_eq!(parse(b""), None);
}

#[test]
fn random_bytes_never_panic_and_never_give_more_than_came() {
    let mut random = Random::new(0x5eed);
    let mut read = 0;
    for _ in 0..300_000 {
        let len = (random.next() % 64) as usize;
        let mut bytes: Vec<u8> = (0..len).map(|_| random.next() as u8).collect();
        if let Some(first) = bytes.first_mut() {
            *first = (*first & 0x3f) | 0x80;
        }
        if let Some(packet) = parse(&bytes) {
            assert!(packet.payload.len() + HEADER_BYTES <= bytes.len());
            read += 1;
        }
    }
    assert!(read > 1_000, "the test must reach the inside of the parser: {read}");
}
