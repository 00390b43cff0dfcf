//! When a node is there, and when it is lost: by what was heard, never by a clock alone.

#![allow(clippy::disallowed_methods, reason = "a test needs an origin for its virtual clock")]

use super::*;

const LEASE: Duration = Duration::from_secs(15);

fn node(name: &str) -> NodeId {
    NodeId::new(name).expect("a node")
}

fn entry(incarnation: u64, bytes: &'static str) -> Entry {
    Entry {
        incarnation,
        heads: [0; TOPICS],
        region: Region::new("eu1").expect("a region"),
        bytes: Bytes::from_static(bytes.as_bytes()),
    }
}

/// A table whose watch began at its first moment.
fn table() -> (Nodes, Instant) {
    let start = Instant::now();
    let mut nodes = Nodes::new();
    nodes.watch_begins(start);
    (nodes, start)
}

#[test]
fn a_renewal_is_nothing_new_and_a_change_is() {
    let (mut nodes, start) = table();
    assert!(nodes.heard(start, &node("a"), entry(1, "x")));
    assert!(!nodes.heard(start, &node("a"), entry(1, "x")));
    assert!(nodes.heard(start, &node("a"), entry(1, "y")));
    let mut told = entry(1, "y");
    told.heads = [4, 0];
    assert!(nodes.heard(start, &node("a"), told));
    assert_eq!(nodes.present()[&node("a")].heads, [4, 0]);
}

#[test]
fn who_is_not_heard_for_a_lease_in_which_we_hear_ourselves_is_lost() {
    let (mut nodes, start) = table();
    nodes.heard(start, &node("a"), entry(1, "x"));
    nodes.heard(start + LEASE / 3, &node("b"), entry(1, "x"));
    assert!(!nodes.heard_ourselves(start + LEASE, LEASE));
    assert!(nodes.heard_ourselves(start + LEASE + LEASE / 3, LEASE));
    assert!(!nodes.present().contains_key(&node("a")) && nodes.present().contains_key(&node("b")));
    assert_eq!(nodes.going(&node("a")), Going::Lost);
}

#[test]
fn after_a_cut_everybody_has_a_lease_to_be_heard_again() {
    let (mut nodes, start) = table();
    nodes.heard(start, &node("a"), entry(1, "x"));
    let healed = start + 20 * LEASE;
    nodes.watch_begins(healed);
    assert!(!nodes.heard_ourselves(healed + LEASE, LEASE));
    assert!(!nodes.heard(healed + LEASE, &node("a"), entry(1, "x")));
    assert!(!nodes.heard_ourselves(healed + LEASE + LEASE / 2, LEASE));
    assert!(nodes.heard_ourselves(healed + 3 * LEASE, LEASE));
}

#[test]
fn nobody_is_lost_while_we_do_not_hear_ourselves() {
    let (mut nodes, start) = table();
    nodes.heard(start, &node("a"), entry(1, "x"));
    // The watch was silent for an hour and then brings both at once.
    let late = start + Duration::from_secs(3600);
    nodes.heard(late, &node("a"), entry(1, "x"));
    assert!(!nodes.heard_ourselves(late, LEASE));
}

#[test]
fn who_leaves_has_left_and_who_comes_back_is_there() {
    let (mut nodes, start) = table();
    nodes.heard(start, &node("a"), entry(1, "x"));
    assert!(nodes.left(&node("a")) && !nodes.left(&node("a")));
    assert_eq!(nodes.going(&node("a")), Going::Left);
    assert!(nodes.heard(start, &node("a"), entry(2, "x")));
    assert_eq!(nodes.present()[&node("a")].node.incarnation, 2);
    assert!(
        !nodes.heard(start, &node("a"), entry(1, "x")),
        "an earlier life comes late"
    );
}

#[test]
fn the_table_has_an_end() {
    let (mut nodes, start) = table();
    for number in 0..NODES_MAX {
        assert!(nodes.heard(start, &node(&format!("n{number}")), entry(1, "x")));
    }
    assert!(!nodes.heard(start, &node("one-more"), entry(1, "x")));
    assert!(
        !nodes.heard(start, &node("n7"), entry(1, "x")),
        "a renewal is no new node"
    );
    assert!(nodes.left(&node("n7")) && nodes.heard(start, &node("one-more"), entry(1, "x")));
}
