//! Compound packets there and back, and broken ones.

use super::*;
use crate::random::Random;

const QUALITY: Quality = Quality {
    ssrc: 9,
    fraction_lost: 25,
    lost: -3,
    highest_sequence: 0x1_0007,
    jitter: 44,
};

fn compound() -> Compound {
    Compound {
        ssrc: 0xaabb_ccdd,
        cname: *b"0123456789abcdef",
        sender: Some(SenderInfo {
            ntp: 0x1122_3344_5566_7788,
            timestamp: 1,
            packets: 2,
            bytes: 3,
        }),
        reception: Some((QUALITY, 5, 6)),
        farewell: Farewell::Bye,
    }
}

#[test]
fn the_far_end_reads_what_we_write() {
    let written = compound().write();
    let heard = parse(written.bytes(), 9).expect("well formed");
    assert_eq!(heard.sender_time, Some(0x3344_5566));
    assert_eq!(
        heard.about_us,
        Some(Block {
            fraction_lost: QUALITY.fraction_lost,
            lost: -3,
            jitter: 44,
            last_report: 5,
            delay: 6
        })
    );
    assert!(heard.bye);
    assert_eq!(
        parse(written.bytes(), 10).expect("well formed").about_us,
        None,
        "a block about somebody else"
    );
}

#[test]
fn the_bytes_are_those_of_the_rfc() {
    let receiver = Compound {
        sender: None,
        reception: None,
        farewell: Farewell::Stay,
        ..compound()
    };
    let expected = b"\x80\xc9\x00\x01\xaa\xbb\xcc\xdd\x81\xca\x00\x06\xaa\xbb\xcc\xdd\x01\x100123456789abcdef\0\0";
    assert_eq!(receiver.write().bytes(), expected);
    assert_eq!(compound().write().bytes().len(), MAX_WRITTEN);
}

#[test]
fn broken_compounds_are_refused() {
    let good = compound().write().bytes().to_vec();
    for cut in 0..good.len() {
        // A cut between two packets of the compound leaves a shorter, valid one.
        let valid = [52, 80].contains(&cut);
        assert_eq!(parse(&good[..cut], 9).is_some(), valid, "cut at {cut}");
    }
    let mut version = good.clone();
    version[52] = 0x41;
    assert_eq!(parse(&version, 9), None);
    assert_eq!(parse(&good[52..], 9), None, "does not begin with a report");
    let mut too_many_blocks = good.clone();
    too_many_blocks[0] = 0x82;
    assert_eq!(parse(&too_many_blocks, 9), None);
    let mut padded_first = good.clone();
    padded_first[0] |= 0x20;
    assert_eq!(parse(&padded_first, 9), None, "padding before the last packet");
}

#[test]
fn random_changes_never_panic() {
    let good = compound().write().bytes().to_vec();
    let mut random = Random::new(3);
    for _ in 0..300_000 {
        let mut bytes = good.clone();
        for _ in 0..1 + random.next() % 4 {
            let at = random.next() as usize % bytes.len();
            bytes[at] = random.next() as u8;
        }
        bytes.truncate(random.next() as usize % (bytes.len() + 1));
        parse(&bytes, 9);
    }
}
