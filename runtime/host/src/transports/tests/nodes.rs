//! Connections between nodes: who is let in and who is hung up on, whom we connect to, and what becomes of what cannot be sent.

use super::rig::{Authority, LOCALHOST, PATIENCE, Plan, Rig, dial, expect, options, write};
use super::secure::{carrier, client_config, common_name, plan, secure, secure_as, shaken};
use crate::border::node_flow;
use crate::cluster::NodeDoors;
use patchcord_control::regions::NodeId;
use patchcord_sip::{Flow, Transport};
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

fn node(name: &str) -> NodeId {
    name.parse().unwrap()
}

/// A node that knows of node `a`, with a certificate for `localhost` of its own, and with a second door for telephones.
fn among(authority: &Authority, door_of_a: SocketAddr) -> (Rig, Arc<NodeDoors>) {
    let nodes = Arc::new(NodeDoors::default());
    nodes.set(&node("a"), door_of_a);
    let mut plan: Plan = plan(Transport::Node, authority);
    plan.doors.push((Transport::Tcp, LOCALHOST));
    plan.tls.client_ca = Some(authority.file());
    plan.nodes = Some(nodes.clone());
    (plan.start(), nodes)
}

fn nowhere() -> SocketAddr {
    SocketAddr::new(LOCALHOST, 9)
}

/// What comes until the connection ends, by an alert or without.
fn rest(stream: &mut impl Read) -> Vec<u8> {
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    rest
}

#[test]
fn a_node_is_known_by_its_certificate_and_its_messages_come_its_way() {
    let authority = Authority::new();
    let (rig, nodes) = among(&authority, nowhere());
    let own = client_config(&authority, Some(authority.sign("a")));
    let mut known = secure_as(rig.dial(), own.clone(), "localhost");
    write(&mut known, &options("1"));
    assert_eq!(rig.message(), (node_flow(nowhere()), options("1")));
    write(&mut known, b"\r\n\r\n");
    expect(&mut known, b"\r\n");
    assert_eq!((rig.border.accepted.get(), rig.border.ended.get()), (1, 0));
    drop(known);
    rig.wait(|_| rig.border.ended.get(), 1);

    // Once it tells of another door it is known by that.
    let moved = SocketAddr::new(LOCALHOST, 10);
    nodes.set(&node("a"), moved);
    let mut known = secure_as(rig.dial(), own, "localhost");
    write(&mut known, &options("2"));
    assert_eq!(rig.message(), (node_flow(moved), options("2")));
}

#[test]
fn who_is_no_node_is_hung_up_on_and_counted() {
    let authority = Authority::new();
    let (rig, _) = among(&authority, nowhere());
    let stranger = Authority::new();
    for own in [None, Some(stranger.sign("a"))] {
        let mut unknown = secure_as(rig.dial(), client_config(&authority, own), "localhost");
        // TLS 1.3 says no only after the client is done; whatever it sends is not heard.
        let _ = unknown.write_all(&options("1"));
        assert_eq!(rest(&mut unknown), b"");
    }
    let mut plain = rig.dial();
    write(&mut plain, &options("2"));
    rest(&mut plain);
    rig.wait(|_| rig.border.no_certificate.get(), 3);

    // By the authority of the nodes, and in the name of none that is there.
    for name in ["c", "a.example.com", "127.0.0.1"] {
        let own = client_config(&authority, Some(authority.sign(name)));
        let mut other = secure_as(rig.dial(), own, "localhost");
        let _ = other.write_all(&options("3"));
        assert_eq!(rest(&mut other), b"", "{name}");
    }
    rig.wait(|_| rig.border.not_a_node.get(), 3);
    assert_eq!(rig.border.accepted.get(), 0);
    rig.silence();
}

#[test]
fn whom_we_connect_to_must_be_the_node_that_has_the_door() {
    let authority = Authority::new();
    let (rig, nodes) = among(&authority, nowhere());
    let at = |flow: Flow| node_flow(flow.peer);

    let (to, right) = carrier(&authority, "a", 6);
    nodes.set(&node("a"), to.peer);
    // Whether the shard names it or not.
    rig.send(at(to), None, b"secret");
    assert_eq!(right.join().unwrap().as_deref(), Some(&b"secret"[..]));
    assert_eq!(rig.failure(), at(to), "it hung up afterwards");
    let (to, right) = carrier(&authority, "a", 6);
    nodes.set(&node("a"), to.peer);
    rig.send(at(to), Some("a"), b"secret");
    assert_eq!(right.join().unwrap().as_deref(), Some(&b"secret"[..]));
    assert_eq!(rig.failure(), at(to));
    assert_eq!((rig.border.opened.get(), rig.border.not_opened.get()), (2, 0));

    let (to, other_name) = carrier(&authority, "c", 6);
    nodes.set(&node("a"), to.peer);
    rig.send(at(to), Some("a"), b"secret");
    assert_eq!(rig.failure(), at(to));
    assert_eq!(other_name.join().unwrap(), None);
    let (to, other_authority) = carrier(&Authority::new(), "a", 6);
    nodes.set(&node("a"), to.peer);
    rig.send(at(to), None, b"secret");
    assert_eq!(rig.failure(), at(to));
    assert_eq!(other_authority.join().unwrap(), None);
    rig.wait(|_| rig.border.not_opened.get(), 2);

    // A door of another node than was meant, and one of nobody: nothing is opened.
    rig.send(at(to), Some("c"), b"secret");
    assert_eq!(rig.failure(), at(to));
    rig.send(node_flow(nowhere()), None, b"secret");
    assert_eq!(rig.failure(), node_flow(nowhere()));
    assert_eq!(rig.border.not_opened.get(), 2);
}

#[test]
fn what_waits_for_a_node_that_cannot_be_reached_is_answered() {
    let authority = Authority::new();
    let (rig, _) = among(&authority, nowhere());
    let mut phone = dial(rig.addresses[1]);
    write(&mut phone, &options("1"));
    let (flow, _) = rig.message();
    let bye = b"BYE sip:a SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.1;branch=z9hG4bK1\r\nMax-Forwards: 70\r\nFrom: <sip:p@b>;tag=1\r\n\
        To: <sip:a>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n";
    rig.pass((flow, bye), node_flow(nowhere()));
    expect(&mut phone, b"SIP/2.0 503 ");
    assert_eq!(rig.border.not_opened.get(), 1);
}

#[test]
fn certificates_of_nodes_are_loaded_again_when_their_files_change() {
    let authority = Authority::new();
    let (rig, _) = among(&authority, nowhere());
    let connect = || {
        let own = client_config(&authority, Some(authority.sign("a")));
        let mut known = secure_as(dial(rig.addresses[0]), own, "localhost");
        shaken(&mut known).unwrap();
        common_name(&known)
    };
    let before = connect();
    assert_eq!(before, connect());
    authority.write("localhost");
    // The files are looked at every some seconds.
    let until = Instant::now() + PATIENCE;
    while connect() == before {
        assert!(Instant::now() < until, "the old certificate stays");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

#[test]
fn a_door_for_phones_does_not_ask_who_is_a_node() {
    let authority = Authority::new();
    let rig = plan(Transport::Tls, &authority).start();
    let mut phone = secure(rig.dial(), &authority, "localhost");
    write(&mut phone, &options("1"));
    assert_eq!(rig.message().0.transport, Transport::Tls);
}
