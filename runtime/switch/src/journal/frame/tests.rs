//! Records in bytes: whole, cut and damaged.

use super::{RECORD_BYTES, Stop, crc32, read, write};

fn framed(bodies: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for body in bodies {
        assert!(write(&mut bytes, |to| to.extend_from_slice(body)).is_ok());
    }
    bytes
}

#[test]
fn the_checksum_is_the_known_one() {
    assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
}

#[test]
fn records_of_every_length_are_read_back() {
    for length in [0, 1, 127, 128, 16_383, 16_384, RECORD_BYTES] {
        let body = vec![7; length];
        let bytes = framed(&[&body, b"next"]);
        let (first, rest) = read(&bytes).expect("it is whole");
        assert_eq!(first, body, "{length}");
        assert_eq!(read(rest), Ok((&b"next"[..], &b""[..])));
    }
}

#[test]
fn a_record_that_is_too_long_is_not_written() {
    let mut bytes = framed(&[b"first"]);
    let before = bytes.clone();
    assert!(write(&mut bytes, |to| to.resize(to.len() + RECORD_BYTES + 1, 0)).is_err());
    assert_eq!(bytes, before);
}

#[test]
fn cut_anywhere_it_says_so_and_nothing_is_read_of_it() {
    let bytes = framed(&[b"a record"]);
    for end in 1..bytes.len() {
        assert_eq!(read(&bytes[..end]), Err(Stop::Cut), "{end}");
    }
    assert_eq!(read(&[]), Err(Stop::End));
}

#[test]
fn a_bit_that_flips_is_never_taken_for_a_record() {
    let bytes = framed(&[b"a record"]);
    for bit in 0..8 * bytes.len() {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(read(&flipped).is_err(), "{bit}");
    }
}
