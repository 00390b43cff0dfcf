//! A small call on two legs that the tests of this folder share, and which of our ends a message has.

use super::*;
use patchcord_sip::ConnectionId;

pub(super) fn at(milliseconds: u64) -> UnixTime {
    UnixTime {
        seconds: 1_800_000_000 + milliseconds / 1_000,
        nanoseconds: (milliseconds % 1_000 * 1_000_000) as u32,
    }
}

pub(super) const CALL: CallId = CallId(0x1234);

pub(super) fn flow(transport: Transport, peer: &str) -> Flow {
    Flow {
        transport,
        peer: peer.parse().unwrap(),
        connection: transport.is_reliable().then_some(ConnectionId(7)),
    }
}

pub(super) fn doors() -> Vec<Listener> {
    let door = |transport, address: &str| Listener {
        transport,
        address: address.parse().unwrap(),
    };
    vec![
        door(Transport::Udp, "192.0.2.10:5060"),
        door(Transport::Tls, "192.0.2.10:5061"),
        door(Transport::Udp, "[2001:db8::10]:5060"),
    ]
}

pub(super) const INVITE: &str = "INVITE sip:bob@192.0.2.10 SIP/2.0\r\n\
    Via: SIP/2.0/UDP 198.51.100.7:5062;branch=z9hG4bKabc;rport\r\n\
    From: \"Alice Liddell\" <sip:+4930123456@example.com>;tag=tag-1\r\n\
    To: <sip:bob@192.0.2.10>\r\nCall-ID: secret-id@198.51.100.7\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\n\
    Contact: <sip:alice@198.51.100.7:5062;transport=udp>;expires=60\r\nX-Account: 4711\r\n\
    Authorization: Digest username=\"alice\",\r\n response=\"0123456789abcdef\"\r\n\
    Content-Type: application/sdp\r\nContent-Length: 131\r\n\r\n\
    v=0\r\no=alice 1 1 IN IP4 198.51.100.7\r\ns=talk\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\n\
    m=audio 4000 RTP/AVP 0\r\na=sendrecv\r\na=crypto:1 AES inline:c2VjcmV0\r\n";

pub(super) fn sip(milliseconds: u64, leg: u32, direction: Direction, flow: Flow, text: &str) -> TraceRecord {
    TraceRecord {
        at: at(milliseconds),
        call: CALL,
        leg: Some(LegId(leg)),
        what: What::Sip {
            direction,
            flow,
            bytes: text.as_bytes().into(),
        },
    }
}

pub(super) fn other(milliseconds: u64, what: What) -> TraceRecord {
    TraceRecord {
        at: at(milliseconds),
        call: CALL,
        leg: None,
        what,
    }
}

fn response(status: &str, method: &str) -> String {
    format!("SIP/2.0 {status}\r\nCSeq: 1 {method}\r\nl: 0\r\n\r\n")
}

/// A caller on UDP, whose handler dials somebody over TLS.
pub(super) fn call() -> CallTrace {
    use Direction::{In, Out};
    let caller = flow(Transport::Udp, "198.51.100.7:5062");
    let callee = flow(Transport::Tls, "203.0.113.9:5061");
    let turn = |ask: &str, answer: &str, waited| What::Turn {
        ask: ask.to_owned(),
        answer: answer.to_owned(),
        waited: Duration::from_millis(waited),
    };
    let bye = "BYE sip:bob@192.0.2.10 SIP/2.0\r\nCSeq: 2 BYE\r\n\r\n";
    CallTrace {
        call: CALL,
        doors: doors(),
        left_out: 0,
        records: vec![
            sip(0, 0, In, caller, INVITE),
            sip(1, 0, Out, caller, &response("100 Trying", "INVITE")),
            sip(500, 0, In, caller, INVITE),
            other(600, turn("dial(<private>)", "ringing", 590)),
            sip(610, 1, Out, callee, INVITE),
            sip(900, 1, In, callee, &response("180 Ringing", "INVITE")),
            other(1_000, What::Note("answered on bridge".to_owned())),
            sip(1_234, 0, Out, caller, &response("200 OK", "INVITE")),
            sip(9_000, 0, In, caller, bye),
        ],
    }
}

#[test]
fn our_end_is_the_door_of_the_same_kind() {
    let trace = call();
    let own = |transport, peer| trace.own_end(&flow(transport, peer)).to_string();
    assert_eq!(own(Transport::Tls, "203.0.113.9:5061"), "192.0.2.10:5061");
    assert_eq!(own(Transport::Udp, "[2001:db8::1]:5060"), "[2001:db8::10]:5060");
    // Connections we open have no door.
    assert_eq!(own(Transport::Tcp, "203.0.113.9:5060"), "192.0.2.10:5060");
    let bare = CallTrace { doors: Vec::new(), ..trace };
    assert_eq!(bare.own_end(&flow(Transport::Udp, "[2001:db8::1]:1")).to_string(), "[::]:5060");
}

#[test]
fn debug_tells_no_message() {
    let shown = format!("{:?}", call());
    for private in ["alice", "Alice", "4930", "198.51.100.7", "secret"] {
        assert!(!shown.contains(private), "{private} in {shown}");
    }
}
