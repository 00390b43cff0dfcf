//! Transports by address, doors by peer, shards by Call-ID.

use super::*;
use crate::tests::address;

fn transport(uri: &str) -> Option<Transport> {
    Transport::of_uri(&uri.parse().expect("a test's address"))
}

#[test]
fn an_address_names_its_transport() {
    for (uri, expected) in [
        ("sip:a@h", Some(Transport::Udp)),
        ("sip:a@h;transport=UDP", Some(Transport::Udp)),
        ("sip:a@h;transport=tcp", Some(Transport::Tcp)),
        ("sip:a@h;transport=TLS", Some(Transport::Tls)),
        ("sips:a@h", Some(Transport::Tls)),
        ("sips:a@h;transport=tcp", Some(Transport::Tls)),
        ("sips:a@h;transport=udp", None),
        ("sip:a@h;transport=ws", Some(Transport::Ws)),
        ("sips:a@h;transport=ws", Some(Transport::Wss)),
        ("sip:a@h;transport=wss", Some(Transport::Wss)),
        ("sip:a@h;transport=sctp", None),
    ] {
        assert_eq!(transport(uri), expected, "{uri}");
    }
}

#[test]
fn a_peer_is_told_the_door_that_fits_best() {
    let listener = |transport, at: &str| Listener {
        transport,
        address: address(at),
    };
    let doors = [
        listener(Transport::Udp, "192.0.2.1:5060"),
        listener(Transport::Udp, "[2001:db8::1]:5060"),
        listener(Transport::Tls, "192.0.2.1:5061"),
    ];
    let told = |transport, peer: &str| door(&doors, transport, address(peer).ip()).to_string();
    assert_eq!(told(Transport::Udp, "198.51.100.1:1"), "192.0.2.1:5060");
    assert_eq!(told(Transport::Udp, "[2001:db8::2]:1"), "[2001:db8::1]:5060");
    assert_eq!(told(Transport::Udp, "[::ffff:198.51.100.1]:1"), "192.0.2.1:5060");
    assert_eq!(told(Transport::Tls, "[2001:db8::2]:1"), "192.0.2.1:5061");
    assert_eq!(told(Transport::Tcp, "[2001:db8::2]:1"), "[2001:db8::1]:5060");
}

#[test]
fn only_a_node_is_told_the_door_for_nodes() {
    let listener = |transport, at: &str| Listener {
        transport,
        address: address(at),
    };
    let doors = [
        listener(Transport::Node, "10.0.0.1:5071"),
        listener(Transport::Udp, "[2001:db8::1]:5060"),
    ];
    let told = |transport, peer: &str| door(&doors, transport, address(peer).ip()).to_string();
    assert_eq!(told(Transport::Node, "10.0.0.2:5071"), "10.0.0.1:5071");
    for transport in [Transport::Udp, Transport::Tcp, Transport::Tls] {
        assert_eq!(told(transport, "192.0.2.1:5060"), "[2001:db8::1]:5060");
    }
    assert!(Transport::Node.is_secure() && Transport::Node.is_reliable());
    assert_eq!((Transport::Node.via(), Transport::Node.param()), ("TLS", "tls"));
}

#[test]
fn call_ids_are_spread_by_key() {
    let mut hits = [0; 4];
    for number in 0..4_000 {
        let shard = shard_of(format!("call-{number}").as_bytes(), 4, 9);
        assert_eq!(shard, shard_of(format!("call-{number}").as_bytes(), 4, 9));
        hits[shard] += 1;
    }
    assert!(hits.iter().all(|hits| (850..1_150).contains(hits)), "{hits:?}");
    let moved = (0..100)
        .filter(|n| shard_of(&[*n], 4, 1) != shard_of(&[*n], 4, 2))
        .count();
    assert!(moved > 50, "another key spreads otherwise");
    assert_eq!((shard_of(b"x", 0, 1), shard_of(b"x", 1, 1)), (0, 0));
}

#[test]
fn debug_tells_no_address() {
    let flow = Flow {
        connection: Some(ConnectionId(7)),
        transport: Transport::Tls,
        peer: address("192.0.2.77:5061"),
    };
    let target = Target {
        flow,
        name: Some("pbx.example".into()),
    };
    assert_eq!(format!("{target:?}"), "Target(Flow(Tls, connection 7))");
    assert_eq!(flow.any_connection().connection, None);
}
