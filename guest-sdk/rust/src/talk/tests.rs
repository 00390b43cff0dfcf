//! The arithmetic of a conversation; the rest needs a call and is tested with `examples/office`.

use super::take_off;

#[test]
fn the_longest_time_is_that_of_the_whole_conversation() {
    let mut left = Some(10_000);
    assert!(take_off(&mut left, 4_000) && left == Some(6_000));
    assert!(take_off(&mut left, 5_999) && left == Some(1));
    assert!(!take_off(&mut left, u64::MAX));
    let mut endless = None;
    assert!(take_off(&mut endless, u64::MAX) && endless.is_none());
}
