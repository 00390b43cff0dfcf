//! Datagrams in all kinds of pieces.

use super::*;
use crate::tests::{Noise, fuzz_rounds};

fn framed(datagrams: &[Vec<u8>]) -> Vec<u8> {
    datagrams
        .iter()
        .flat_map(|datagram| [&Frames::head(datagram).unwrap()[..], datagram].concat())
        .collect()
}

#[test]
fn datagrams_come_out_of_pieces_of_any_size() {
    let datagrams: Vec<Vec<u8>> = [1, 20, 2_048, 3]
        .iter()
        .map(|length| vec![*length as u8; *length])
        .collect();
    let stream = framed(&datagrams);
    for size in 1..stream.len() {
        let (mut frames, mut taken) = (Frames::new(), Vec::new());
        for piece in stream.chunks(size) {
            frames.read(piece, |datagram| taken.push(datagram.to_vec())).unwrap();
        }
        assert_eq!(taken, datagrams, "pieces of {size}");
        assert!(frames.begun.is_empty());
    }
}

#[test]
fn a_length_that_is_not_taken_ends_it() {
    for (bytes, length) in [([0, 0, 1], 0), ([8, 1, 1], 2_049), ([b'G', b'E', b'T'], 0x4745)] {
        assert_eq!(Frames::new().read(&bytes, |_| panic!()), Err(BadFrame { length }));
        let mut frames = Frames::new();
        frames.read(&bytes[..1], |_| panic!()).unwrap();
        assert_eq!(frames.read(&bytes[1..], |_| panic!()), Err(BadFrame { length }));
    }
}

#[test]
fn fuzz_streams_are_held_within_the_limit() {
    let model = framed(&[vec![1; 5], vec![2; 300], vec![3; 1]]);
    for round in fuzz_rounds(5_000) {
        let mut noise = Noise::new(round);
        let bytes = noise.spoil(&model);
        let mut frames = Frames::new();
        for piece in bytes.chunks(1 + noise.below(40)) {
            if frames.read(piece, |datagram| assert!(!datagram.is_empty())).is_err() {
                break;
            }
            assert!(frames.begun.len() < 2 + DATAGRAM_BYTES);
        }
    }
}
