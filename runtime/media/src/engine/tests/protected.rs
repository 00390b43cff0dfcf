//! Sessions under SRTP: what goes out is protected, what comes in has to be.

use super::*;
use crate::srtp::{MAX_TRAILER, Srtp};
use crate::{Listening, RelayKeys, SRTP_KEY_BYTES, SrtpKey, SrtpKeys, SrtpSuite, g711};

fn keys() -> SrtpKeys {
    SrtpKeys {
        suite: SrtpSuite::Tag80,
        send: SrtpKey([1; SRTP_KEY_BYTES]),
        receive: SrtpKey([2; SRTP_KEY_BYTES]),
    }
}

/// The far end of a session with these keys.
fn far_end() -> Srtp {
    Srtp::new(SrtpKeys {
        send: keys().receive,
        receive: keys().send,
        ..keys()
    })
}

fn protected(far: &mut Srtp, packet: &[u8]) -> Vec<u8> {
    let mut buffer = packet.to_vec();
    buffer.resize(packet.len() + MAX_TRAILER, 0);
    let length = far.protect_rtp(&mut buffer, packet.len());
    buffer.truncate(length);
    buffer
}

fn open() -> Bench {
    let mut bench = Bench::empty(Config::default());
    let plan = Plan {
        srtp: Some(keys()),
        ..plan()
    };
    let session = SESSION;
    bench.command(Command::Open { session, plan });
    let listening = Listening::On;
    bench.command(Command::Listen { session, listening });
    bench
}

#[test]
fn sound_and_reports_are_readable_by_the_far_end_alone() {
    let mut bench = open();
    let mut far = far_end();
    bench.play(1, vec![clip(8_000)], 1, StopOnKey::PlayOn);
    for n in 0..400u16 {
        let loud = packet(0, n, u32::from(n) * 160, 77, &[g711::encode(Law::Pcmu, 4_000); 160]);
        bench.receive(Lane::Rtp, remote(), &protected(&mut far, &loud));
        bench.tick();
    }
    assert_eq!(
        bench.sink.heard[16_000],
        g711::FROM_PCMU[usize::from(g711::encode(Law::Pcmu, 4_000))]
    );
    assert_eq!((bench.counters().unauthentic, bench.counters().malformed), (0, 0));
    let (mut sound, mut reports) = (0, 0);
    for sent in &mut bench.sink.sent {
        if sent.lane == Lane::Rtp {
            let length = far.unprotect_rtp(&mut sent.bytes).expect("authentic");
            assert_eq!(rtp::parse(&sent.bytes[..length]).expect("RTP").payload.len(), 160);
            sound += 1;
        } else {
            let length = far.unprotect_rtcp(&mut sent.bytes).expect("authentic");
            assert!(crate::rtcp::parse(&sent.bytes[..length], 0).is_some());
            reports += 1;
        }
    }
    assert!(sound == 400 && reports >= 1, "{sound}, {reports}");
}

#[test]
fn a_stranger_changes_nothing_even_before_the_far_end_spoke() {
    let mut bench = open();
    let mut far = far_end();
    let stranger = at("203.0.113.66:666");
    let other = SrtpKeys {
        send: SrtpKey([3; SRTP_KEY_BYTES]),
        receive: SrtpKey([3; SRTP_KEY_BYTES]),
        ..keys()
    };
    let mut other = Srtp::new(other);
    for n in 0..50u16 {
        let said = packet(0, n, u32::from(n) * 160, 66, &[0; 160]);
        bench.receive(Lane::Rtp, stranger, &said);
        bench.receive(Lane::Rtp, stranger, &protected(&mut other, &said));
        bench.receive(Lane::Rtcp, stranger, &[0x81, 201, 0, 7, 0, 0, 0, 1]);
        bench.tick();
    }
    assert_eq!((bench.counters().unauthentic, bench.counters().packets_in), (150, 0));
    assert!(bench.sink.sent.iter().all(|sent| sent.to.ip() == remote().ip()));
    // The far end behind another address than it said is believed, since it has the key.
    let moved = at("198.51.100.9:5000");
    for n in 0..5 {
        let said = packet(0, n, u32::from(n) * 160, 77, &[0; 160]);
        bench.receive(Lane::Rtp, moved, &protected(&mut far, &said));
    }
    bench.sink.sent.clear();
    bench.tick();
    assert_eq!(bench.sink.sent[0].to, moved);
}

#[test]
fn a_bridge_takes_off_one_protection_and_puts_on_the_other() {
    let mut bench = open();
    let mut far = far_end();
    let plain = SessionId(9);
    let plan = Plan {
        remote: at("192.0.2.8:4000"),
        ..plan()
    };
    bench.command(Command::Open { session: plain, plan });
    for (session, to) in [(SESSION, plain), (plain, SESSION)] {
        let (to, keys) = (Some(to), RelayKeys::Pass);
        bench.command(Command::Relay { session, to, keys });
    }
    let said = packet(0, 5, 800, 77, &[0x33; 160]);
    bench.receive(Lane::Rtp, remote(), &protected(&mut far, &said));
    let onward = bench.sink.sent.pop().expect("it goes on at once");
    assert_eq!(
        rtp::parse(&onward.bytes).expect("RTP in the clear").payload,
        [0x33; 160]
    );
    bench.packet(
        plain,
        Lane::Rtp,
        at("192.0.2.8:4000"),
        &packet(0, 9, 800, 78, &[0x44; 160]),
    );
    let mut onward = bench.sink.sent.pop().expect("it goes on at once");
    assert_eq!(onward.to, remote());
    let length = far.unprotect_rtp(&mut onward.bytes).expect("authentic");
    assert_eq!(rtp::parse(&onward.bytes[..length]).expect("RTP").payload, [0x44; 160]);
}
