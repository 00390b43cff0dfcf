//! Two ends, and those between them.

use super::*;
use crate::random::Random;

const TAGS: [(SrtpSuite, usize); 4] = [
    (SrtpSuite::Tag80, 10),
    (SrtpSuite::Tag32, 4),
    (SrtpSuite::Gcm128, 16),
    (SrtpSuite::Gcm256, 16),
];

fn key(n: u8) -> SrtpKey {
    SrtpKey(std::array::from_fn(|at| (at as u8).wrapping_mul(7).wrapping_add(n)))
}

fn pair(suite: SrtpSuite) -> (Srtp, Srtp) {
    let ours = SrtpKeys {
        suite,
        send: key(1),
        receive: key(2),
    };
    let theirs = SrtpKeys {
        send: key(2),
        receive: key(1),
        ..ours
    };
    (Srtp::new(ours), Srtp::new(theirs))
}

fn rtp(sequence: u16, ssrc: u32) -> Vec<u8> {
    let mut packet = vec![0x80, 0];
    packet.extend(sequence.to_be_bytes());
    packet.extend([0, 0, 0, 9]);
    packet.extend(ssrc.to_be_bytes());
    packet.extend([sequence as u8; 160]);
    packet
}

fn protect(srtp: &mut Srtp, packet: &[u8]) -> Vec<u8> {
    let mut buffer = packet.to_vec();
    buffer.resize(packet.len() + MAX_TRAILER, 0);
    let length = srtp.protect_rtp(&mut buffer, packet.len());
    buffer.truncate(length);
    buffer
}

fn unprotect(srtp: &mut Srtp, packet: &[u8]) -> Option<Vec<u8>> {
    let mut buffer = packet.to_vec();
    let length = srtp.unprotect_rtp(&mut buffer)?;
    buffer.truncate(length);
    Some(buffer)
}

#[test]
fn what_one_end_protects_the_other_reads_over_many_rollovers() {
    for (suite, tag) in TAGS {
        let (mut here, mut there) = pair(suite);
        // Every 100th packet of four rounds, begun just before the first rollover.
        for n in (65_500u64..65_500 + 4 * 65_536).step_by(100) {
            let packet = rtp(n as u16, 77);
            let protected = protect(&mut here, &packet);
            assert_eq!(protected.len(), packet.len() + tag);
            assert_ne!(protected[12..172], packet[12..], "it cannot be read on the way");
            assert_eq!(unprotect(&mut there, &protected), Some(packet));
        }
    }
}

#[test]
fn late_and_lost_packets_are_understood_and_repeated_ones_are_not() {
    let (mut here, mut there) = pair(SrtpSuite::Tag80);
    let packets: Vec<Vec<u8>> = (0..400u16)
        .map(|n| protect(&mut here, &rtp(n.wrapping_add(65_400), 7)))
        .collect();
    let mut order: Vec<usize> = (0..400).filter(|n| n % 9 != 4).collect();
    order.chunks_mut(7).for_each(<[usize]>::reverse);
    for &n in &order {
        assert!(unprotect(&mut there, &packets[n]).is_some(), "{n}");
        assert!(unprotect(&mut there, &packets[n]).is_none(), "{n} again");
    }
    assert!(
        unprotect(&mut there, &packets[4]).is_none(),
        "too old to know whether it came"
    );
}

#[test]
fn what_was_changed_on_the_way_has_no_effect() {
    for (suite, _) in TAGS {
        let (mut here, mut there) = pair(suite);
        let mut random = Random::new(8);
        for n in 0..500u16 {
            let good = protect(&mut here, &rtp(n, 77));
            let mut bad = good.clone();
            let at = random.next() as usize % bad.len();
            bad[at] ^= 1 << (random.next() % 8);
            assert_eq!(unprotect(&mut there, &bad), None, "byte {at}");
            bad.truncate(random.next() as usize % bad.len());
            assert_eq!(unprotect(&mut there, &bad), None);
            assert_eq!(unprotect(&mut there, &rtp(n + 1, 77)), None, "in the clear");
            assert!(unprotect(&mut there, &good).is_some());
        }
    }
}

#[test]
fn a_far_end_may_send_as_another_and_come_back() {
    let (mut here, mut there) = pair(SrtpSuite::Tag80);
    for (sequence, ssrc) in [(1, 1), (2, 2), (3, 1), (4, 3), (5, 2)] {
        let packet = rtp(sequence, ssrc);
        assert_eq!(unprotect(&mut there, &protect(&mut here, &packet)), Some(packet));
    }
}

#[test]
fn reports_are_protected_too() {
    for (suite, growth) in [(SrtpSuite::Tag32, 14), (SrtpSuite::Gcm128, 20), (SrtpSuite::Gcm256, 20)] {
        let (mut here, mut there) = pair(suite);
        let report: Vec<u8> = (0..52u8).map(|n| if n == 0 { 0x80 } else { n }).collect();
        let mut last = Vec::new();
        for _ in 0..3 {
            let mut buffer = report.clone();
            buffer.resize(report.len() + growth, 0);
            assert_eq!(here.protect_rtcp(&mut buffer, report.len()), report.len() + growth);
            assert_ne!(buffer[8..52], report[8..]);
            last = buffer.clone();
            assert_eq!(there.unprotect_rtcp(&mut buffer), Some(52));
            assert_eq!(buffer[..52], report);
        }
        assert_eq!(there.unprotect_rtcp(&mut last.clone()), None, "it came before");
        let mut next = report.clone();
        next.resize(report.len() + growth, 0);
        here.protect_rtcp(&mut next, report.len());
        for at in 0..next.len() {
            let mut bad = next.clone();
            bad[at] ^= 1;
            assert_eq!(there.unprotect_rtcp(&mut bad), None, "{suite:?} byte {at}");
        }
        assert_eq!(there.unprotect_rtcp(&mut next), Some(52));
        for length in 0..30 {
            assert_eq!(there.unprotect_rtcp(&mut vec![0x80; length]), None);
        }
    }
}

#[test]
fn a_key_is_as_long_as_its_suite_has_it() {
    for (suite, _) in TAGS {
        let (key, salt) = suite.key_and_salt();
        let bytes: Vec<u8> = (1..=60).collect();
        let made = SrtpKey::new(suite, &bytes[..key + salt]).expect("as long as it should be");
        assert_eq!(made.0[..key + salt], bytes[..key + salt]);
        assert!(made.0[key + salt..].iter().all(|byte| *byte == 0));
        for length in [0, key, key + salt - 1, key + salt + 1, 60] {
            assert_eq!(SrtpKey::new(suite, &bytes[..length]), None, "{suite:?} {length}");
        }
    }
}

#[test]
fn keys_that_stay_keep_their_count() {
    let (mut here, mut there) = pair(SrtpSuite::Tag80);
    for n in [65_535u16, 0, 1] {
        assert!(unprotect(&mut there, &protect(&mut here, &rtp(n, 77))).is_some());
    }
    there.update(SrtpKeys {
        send: key(9),
        ..there.keys
    });
    assert!(unprotect(&mut there, &protect(&mut here, &rtp(2, 77))).is_some());
    here.update(SrtpKeys {
        send: key(5),
        ..here.keys
    });
    there.update(SrtpKeys {
        receive: key(5),
        ..there.keys
    });
    assert!(unprotect(&mut there, &protect(&mut here, &rtp(3, 77))).is_some());
}
