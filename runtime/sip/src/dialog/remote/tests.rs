//! Which way a request goes to a peer on a stream, behind a translator, or under a name.

use crate::dialog::Remote;
use crate::flow::{ConnectionId, Flow, Target, Transport};
use crate::message::Message;
use crate::parse::parse;
use crate::tests::address;

fn stream(transport: Transport, peer: &str) -> Flow {
    Flow {
        transport,
        peer: address(peer),
        connection: Some(ConnectionId(3)),
    }
}

fn of_invite(via: &str, contact: &str, routes: &str, flow: Flow) -> Remote {
    let raw = format!(
        "INVITE sip:b@h SIP/2.0\r\nVia: SIP/2.0/{via};branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\n\
         Call-ID: c\r\nCSeq: 5 INVITE\r\nContact: {contact}\r\n{routes}\r\n"
    );
    let Ok(Message::Request(request)) = parse(raw.as_bytes()) else {
        panic!("{raw}")
    };
    Remote::of_invite(&request, flow).expect("usable")
}

fn to(remote: &Remote) -> Target {
    remote.way().2
}

#[test]
fn a_connected_peer_is_reached_over_its_connection() {
    let flow = stream(Transport::Tcp, "192.0.2.1:40000");
    for contact in ["<sip:a@192.0.2.1:5060;transport=tcp>", "<sip:a@192.0.2.1>"] {
        let remote = of_invite("TCP 192.0.2.1:5060", contact, "", flow);
        assert_eq!(to(&remote).flow, flow, "{contact}");
    }
    let websocket = stream(Transport::Wss, "192.0.2.1:40000");
    let remote = of_invite(
        "WSS df7jal23ls0d.invalid",
        "<sip:x@df7jal23ls0d.invalid;transport=ws>",
        "",
        websocket,
    );
    assert_eq!(to(&remote).flow, websocket);
}

#[test]
fn a_contact_elsewhere_is_reached_there() {
    let remote = of_invite(
        "TCP 192.0.2.9",
        "<sip:a@192.0.2.1;transport=tcp>",
        "",
        stream(Transport::Tcp, "192.0.2.9:40000"),
    );
    let expected = Flow {
        transport: Transport::Tcp,
        peer: address("192.0.2.1:5060"),
        connection: None,
    };
    assert_eq!(to(&remote).flow, expected);
    let secure = of_invite(
        "UDP 192.0.2.9",
        "<sips:a@192.0.2.1>",
        "",
        Flow::udp(address("192.0.2.9:5060")),
    );
    assert_eq!(
        (to(&secure).flow.transport, to(&secure).flow.peer),
        (Transport::Tls, address("192.0.2.1:5061"))
    );
}

#[test]
fn a_route_at_the_connected_address_uses_the_connection() {
    let flow = stream(Transport::Tls, "192.0.2.10:41000");
    let routes = "Record-Route: <sip:192.0.2.10;transport=tls;lr>\r\n";
    let remote = of_invite("TLS 192.0.2.10", "<sip:a@192.0.2.1>", routes, flow);
    assert_eq!(to(&remote).flow, flow);
    let remote = of_invite(
        "TLS 192.0.2.10",
        "<sip:a@192.0.2.1>",
        "Record-Route: <sip:192.0.2.10;lr>\r\n",
        flow,
    );
    assert_eq!(to(&remote).flow, flow, "a route that names no transport");
}

#[test]
fn a_phone_called_at_a_translated_address_stays_reachable() {
    let sent = Target::from(Flow::udp(address("203.0.113.7:1024")));
    let uri = "sip:a@10.0.0.5:5060".parse().expect("an address");
    let mut remote = Remote::of_outgoing("<sip:a@h>".to_owned(), uri, &sent);
    let raw = "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:b@h>;tag=1\r\nTo: <sip:a@h>;tag=2\r\n\
        Call-ID: c\r\nCSeq: 1 INVITE\r\nContact: <sip:a@10.0.0.5:5060>\r\n\r\n";
    let Ok(Message::Response(response)) = parse(raw.as_bytes()) else {
        panic!("{raw}")
    };
    remote.confirm(&response, sent.flow).expect("usable");
    assert_eq!(
        (to(&remote).flow, remote.way().0.as_str()),
        (sent.flow, "sip:a@10.0.0.5:5060")
    );
}

#[test]
fn ipv6_contacts_are_addresses_too() {
    let flow = Flow::udp(address("[2001:db8::9]:5060"));
    let remote = of_invite("UDP [2001:db8::9]", "<sip:a@[2001:db8::1]:5070>", "", flow);
    assert_eq!(to(&remote).flow, Flow::udp(address("[2001:db8::1]:5070")));
}
