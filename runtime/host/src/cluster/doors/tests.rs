//! Which node has which door: what they tell, who goes, and in whose name a certificate is.

use super::*;
use patchcord_cluster::Node;
use rcgen::{CertificateParams, KeyPair};

fn id(name: &str) -> NodeId {
    name.parse().unwrap()
}

fn name(name: &str) -> NodeName {
    NodeName::new(name).unwrap()
}

fn door(port: u16) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, 1], port))
}

fn certificate(names: &[&str]) -> CertificateDer<'static> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let key = KeyPair::generate().unwrap();
    let made = CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
    made.der().clone()
}

/// A node with this entry.
fn tells(node: &str, entry: &str) -> Node {
    Node {
        node: id(node),
        region: "eu1".parse().unwrap(),
        incarnation: 1,
        entry: entry.to_owned().into(),
    }
}

fn entry(sip: &str) -> String {
    format!("{{\"version\":\"1\",\"capabilities\":[],\"calls\":0,\"capacity\":1,\"draining\":false{sip}}}")
}

#[test]
fn what_nodes_tell_is_followed() {
    let doors = NodeDoors::default();
    let with = entry(",\"sip\":\"10.0.0.1:1\",\"newer\":7");
    doors.heard(&NodeEvent::Joined(tells("a", &with)));
    doors.heard(&NodeEvent::Joined(tells("b", &entry(""))));
    doors.heard(&NodeEvent::Joined(tells("c", "of another program")));
    assert_eq!(doors.door_of(&name("a")), Some(door(1)));
    assert_eq!(doors.node_at(door(1)), Some(name("a")));
    assert_eq!((doors.door_of(&name("b")), doors.door_of(&name("c"))), (None, None));
    let moved = entry(",\"sip\":\"10.0.0.1:2\"");
    doors.heard(&NodeEvent::Changed(tells("a", &moved)));
    assert_eq!(doors.door_of(&name("a")), Some(door(2)));
    assert_eq!(doors.node_at(door(1)), None);
}

#[test]
fn who_is_lost_is_let_in_no_more_but_can_still_be_looked_for() {
    let doors = NodeDoors::default();
    doors.set(&id("a"), door(1));
    let of_a = certificate(&["a"]);
    assert_eq!(doors.node_of(&of_a), Some((name("a"), door(1))));
    doors.heard(&NodeEvent::Lost {
        node: id("a"),
        incarnation: 1,
    });
    assert_eq!(doors.node_of(&of_a), None);
    assert_eq!(doors.door_of(&name("a")), Some(door(1)));
    // Another node has its door now.
    doors.set(&id("b"), door(1));
    assert_eq!(doors.node_at(door(1)), Some(name("b")));
    doors.set(&id("a"), door(2));
    assert_eq!(doors.node_of(&of_a), Some((name("a"), door(2))));
    assert_eq!(doors.node_at(door(1)), Some(name("b")));
}

#[test]
fn a_certificate_is_in_a_nodes_name_as_a_dns_name_and_no_other() {
    let doors = NodeDoors::default();
    doors.set(&id("eu1-a"), door(1));
    doors.set(&id("eu1-b"), door(2));
    for (names, whose) in [
        (&["eu1-a"][..], Some(("eu1-a", 1))),
        (&["other.example.com", "eu1-b"], Some(("eu1-b", 2))),
        (&["EU1-A"], Some(("eu1-a", 1))),
        (&["eu1"], None),
        (&["eu1-aa"], None),
        (&["eu1-a.example.com"], None),
        (&["*"], None),
        (&["10.0.0.1"], None),
        (&[], None),
    ] {
        let whose = whose.map(|(whose, port)| (name(whose), door(port)));
        assert_eq!(doors.node_of(&certificate(names)), whose, "{names:?}");
    }
    assert_eq!(doors.node_of(&CertificateDer::from(vec![1, 2, 3])), None);
}

#[test]
fn there_are_so_many_nodes_at_most_and_who_is_gone_makes_room() {
    let doors = NodeDoors::default();
    for number in 0..NODES_MAX {
        let ip = u32::try_from(number).unwrap() + 1;
        doors.set(&id(&format!("n{number}")), SocketAddr::from((ip.to_be_bytes(), 5071)));
    }
    doors.set(&id("late"), door(1));
    assert_eq!(doors.door_of(&name("late")), None);
    doors.heard(&NodeEvent::Left {
        node: id("n7"),
        incarnation: 1,
    });
    doors.set(&id("late"), door(1));
    assert_eq!(doors.door_of(&name("late")), Some(door(1)));
    assert_eq!(doors.door_of(&name("n7")), None);
}

#[test]
fn a_name_that_cannot_stand_in_a_certificate_has_no_door() {
    assert!(can_be_certified(&id("eu1-a")));
    assert!(!can_be_certified(&id("eu1-")));
    assert!(!can_be_certified(&id(&"n".repeat(64))));
    let doors = NodeDoors::default();
    doors.set(&id("eu1-"), door(1));
    assert_eq!(doors.node_at(door(1)), None);
}
