//! Keys in the forms that gateways and phones send.

use super::*;
use crate::message::Message;
use crate::parse::parse;

fn info(kind: &str, body: &str) -> Info {
    let raw = format!(
        "INFO sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>;tag=2\r\n\
         Call-ID: c\r\nCSeq: 1 INFO\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let Ok(Message::Request(request)) = parse(raw.as_bytes()) else {
        panic!("{raw}")
    };
    read(&request)
}

#[test]
fn reads_both_types() {
    let key = |event, duration_ms| Info::Key { event, duration_ms };
    for (kind, body, expected) in [
        ("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", key(5, 160)),
        ("application/dtmf-relay", "Signal= *\nDuration= 250", key(10, 250)),
        ("Application/DTMF-Relay ; x=1", "duration=1\r\nsignal=11", key(11, 1)),
        ("application/dtmf-relay", "Signal=hf\r\n", key(16, 0)),
        ("application/dtmf-relay", "Signal=5\r\nDuration=long\r\n", key(5, 0)),
        ("application/dtmf", "#", key(11, 0)),
        ("application/dtmf", " d \r\n", key(15, 0)),
        ("application/dtmf", "Signal=1\r\nDuration=100", key(1, 100)),
        ("application/dtmf", "17", Info::Unreadable),
        ("application/dtmf-relay", "Duration=160\r\n", Info::Unreadable),
        ("application/dtmf-relay", "\u{e9}", Info::Unreadable),
        ("application/sdp", "v=0", Info::Other),
        ("application/dtmf", "", Info::Empty),
    ] {
        assert_eq!(info(kind, body), expected, "{kind}: {body:?}");
    }
}

#[test]
fn what_is_written_is_read_again() {
    for event in 0..=FLASH {
        let expected = Info::Key { event, duration_ms: 90 };
        assert_eq!(info("application/dtmf-relay", &write(event, 90)), expected);
    }
}
