//! The border as nodes and devices see it: bytes in, bytes and a next hop out. Whole dialogs are in `dialogs`.

mod dialogs;
mod hostile;
mod requests;
mod responses;

use super::*;
use crate::flow::ConnectionId;
use crate::tests::address;

/// Where the device's messages come from.
pub(super) fn phone() -> Flow {
    Flow::udp(address("192.0.2.1:5062"))
}

/// A device on a connection.
pub(super) fn browser() -> Flow {
    Flow {
        transport: Transport::Wss,
        peer: address("192.0.2.9:40001"),
        connection: Some(ConnectionId(77)),
    }
}

pub(super) fn node(name: &str) -> NodeName {
    NodeName::new(name).expect("a test's node")
}

pub(super) fn config(name: &str, internal: &str) -> BorderConfig {
    let door = |transport, at: &str| Listener {
        transport,
        address: address(at),
    };
    BorderConfig {
        node: node(name),
        region: Region::new("us1").expect("a region"),
        internal: address(internal),
        doors: vec![
            door(Transport::Udp, "198.51.100.2:5060"),
            door(Transport::Wss, "198.51.100.2:443"),
            door(Transport::Tls, "198.51.100.2:5061"),
        ],
        secret: [7; 32],
        message_bytes: MESSAGE_BYTES,
    }
}

/// The border of these tests, at node `b`.
pub(super) fn border() -> Border {
    Border::new(config("b", "10.0.0.2:5071")).expect("a good configuration")
}

pub(super) fn device(flow: Flow) -> Device<'static> {
    Device { flow, owner: None }
}

pub(super) fn from_device(flow: Flow) -> Arrival<'static> {
    Arrival::Device(device(flow))
}

/// What is sent on, and where.
#[track_caller]
pub(super) fn sent(passed: Passed<'_>) -> (Hop, String) {
    match passed {
        Passed::Send { to, bytes } => (to, String::from_utf8(bytes).expect("tests send text")),
        other => panic!("expected to be sent on, got {other:?}"),
    }
}

/// Why it is answered, and with what.
#[track_caller]
pub(super) fn refused(passed: Passed<'_>) -> (NotPassed, String) {
    match passed {
        Passed::Refuse { bytes, why, .. } => (why, String::from_utf8(bytes).expect("tests send text")),
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[track_caller]
pub(super) fn dropped(passed: Passed<'_>) -> NotPassed {
    match passed {
        Passed::Drop(why) => why,
        other => panic!("expected to be dropped, got {other:?}"),
    }
}

#[track_caller]
pub(super) fn ours(passed: Passed<'_>) -> (String, Option<Asserted>) {
    match passed {
        Passed::Ours { bytes, asserted } => (
            String::from_utf8(bytes.into_owned()).expect("tests send text"),
            asserted,
        ),
        other => panic!("expected to be ours, got {other:?}"),
    }
}

/// The values of a header, line by line, as written.
pub(super) fn values<'a>(message: &'a str, name: &str) -> Vec<&'a str> {
    let head = message.split("\r\n\r\n").next().unwrap_or_default();
    let lines = head.split("\r\n").filter_map(|line| line.split_once(':'));
    lines
        .filter(|(found, _)| found.trim_end().eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
        .collect()
}

pub(super) fn branch(via: &str) -> &str {
    let (_, rest) = via.split_once("branch=").expect("a branch");
    rest.split([';', ',']).next().expect("a branch")
}

/// A request of node `a`, with these lines first.
pub(super) fn from_a(method: &str, branch: &str, lines: &str, to_tag: &str, body: &str) -> String {
    format!(
        "{method} sip:phone@192.168.1.7:5062 SIP/2.0\r\nVia: SIP/2.0/TLS 10.0.0.1:5071;branch=z9hG4bK{branch};rport;alias\r\n\
         {lines}Max-Forwards: 70\r\nFrom: <sip:menu@example.com>;tag=anchor\r\nTo: <sip:phone@example.com>{to_tag}\r\n\
         Call-ID: call-1\r\nCSeq: 1 {method}\r\nContact: <sip:10.0.0.1:5071;transport=tls>\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A request of the phone, with these lines first.
pub(super) fn from_phone(method: &str, branch: &str, lines: &str, to_tag: &str, body: &str) -> String {
    format!(
        "{method} sip:menu@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.168.1.7:5062;branch=z9hG4bK{branch};rport\r\n\
         {lines}Max-Forwards: 70\r\nFrom: <sip:phone@example.com>;tag=phone\r\nTo: <sip:menu@example.com>{to_tag}\r\n\
         Call-ID: call-1\r\nCSeq: 1 {method}\r\nContact: <sip:phone@192.168.1.7:5062>\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// What both sides know of a call that rang: Route lines of the node and of the device.
pub(super) fn routes_of_call(border: &Border, flow: Flow, owner: Option<&str>) -> (String, String) {
    let path = border.path(Device { flow, owner });
    let invite = from_a("INVITE", "first", &format!("Route: {path}\r\n"), "", "");
    let (_, on) = sent(border.pass(Arrival::Node(&node("a")), invite.as_bytes()));
    let told = values(&on, "Record-Route");
    assert_eq!(told.len(), 2);
    // The caller turns the order round, the called keeps it (RFC 3261 12.1).
    let for_node = format!("Route: {}\r\nRoute: {}\r\n", told[1], told[0]);
    let for_device = format!("Route: {}\r\nRoute: {}\r\n", told[0], told[1]);
    (for_node, for_device)
}
