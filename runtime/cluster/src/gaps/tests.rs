//! What is a gap and what is not.

use super::*;

fn node() -> NodeId {
    NodeId::new("eu1-a").expect("a node")
}

fn missed(incarnation: u64, after: u64, through: u64) -> Missed {
    Missed {
        node: node(),
        incarnation,
        after,
        through,
    }
}

#[test]
fn a_node_heard_from_its_first_change_on_has_no_gap() {
    let mut gaps = Gaps::default();
    for sequence in 1..=3 {
        assert_eq!(gaps.change(&node(), 9, sequence), Verdict::Next);
    }
    assert_eq!(gaps.head(&node(), 9, 3), None);
    assert_eq!(
        gaps.head(&node(), 9, 0),
        None,
        "an entry may be older than what was heard"
    );
    assert_eq!(gaps.change(&node(), 9, 3), Verdict::Old);
}

#[test]
fn a_skipped_number_is_a_gap_once() {
    let mut gaps = Gaps::default();
    gaps.change(&node(), 9, 1);
    assert_eq!(gaps.change(&node(), 9, 4), Verdict::After(missed(9, 1, 3)));
    assert_eq!(gaps.change(&node(), 9, 5), Verdict::Next);
}

#[test]
fn a_lost_last_change_is_found_by_the_entry() {
    let mut gaps = Gaps::default();
    gaps.change(&node(), 9, 1);
    assert_eq!(gaps.head(&node(), 9, 2), Some(missed(9, 1, 2)));
    assert_eq!(gaps.head(&node(), 9, 2), None);
    assert_eq!(gaps.change(&node(), 9, 3), Verdict::Next);
}

#[test]
fn who_is_seen_first_by_its_entry_is_a_gap_and_its_next_change_is_none() {
    let mut gaps = Gaps::default();
    assert_eq!(gaps.head(&node(), 9, 0), Some(missed(9, 0, 0)));
    assert_eq!(gaps.change(&node(), 9, 12), Verdict::Next);
    assert_eq!(gaps.change(&node(), 9, 14), Verdict::After(missed(9, 12, 13)));
}

#[test]
fn who_is_seen_first_in_the_middle_is_a_gap() {
    let mut gaps = Gaps::default();
    assert_eq!(gaps.change(&node(), 9, 5), Verdict::After(missed(9, 0, 4)));
}

#[test]
fn a_new_life_begins_anew_and_an_earlier_one_is_not_heard() {
    let mut gaps = Gaps::default();
    gaps.change(&node(), 9, 1);
    assert_eq!(gaps.change(&node(), 10, 1), Verdict::Next);
    assert_eq!(gaps.change(&node(), 9, 2), Verdict::Old);
    assert_eq!(gaps.head(&node(), 9, 2), None);
    assert_eq!(gaps.head(&node(), 11, 6), Some(missed(11, 0, 6)));
}

#[test]
fn who_went_and_comes_back_is_new() {
    let mut gaps = Gaps::default();
    gaps.change(&node(), 9, 1);
    gaps.keep(|_| false);
    assert_eq!(gaps.head(&node(), 9, 1), Some(missed(9, 0, 1)));
}

#[test]
fn the_table_has_an_end() {
    let mut gaps = Gaps::default();
    for number in 0..NODES_MAX {
        let node = NodeId::new(&format!("n{number}")).expect("a node");
        assert_eq!(gaps.change(&node, 1, 1), Verdict::Next);
    }
    assert_eq!(gaps.change(&node(), 1, 1), Verdict::Old);
    assert_eq!(gaps.head(&node(), 1, 1), None);
}
