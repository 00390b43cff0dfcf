//! The table of refused calls: how many, and for how long.

use super::*;
use crate::tests::start;
use std::time::Duration;

#[test]
fn the_oldest_refusals_are_forgotten_when_there_are_too_many() {
    let now = start();
    let later = now + Duration::from_secs(32);
    let mut refused = Refused::default();
    for print in 0..=EXCESS_CALLS_KEPT as u64 {
        refused.note(later, print);
    }
    assert_eq!(
        (refused.known.len(), refused.until.len()),
        (EXCESS_CALLS_KEPT, EXCESS_CALLS_KEPT)
    );
    assert!(!refused.holds(now, 0) && refused.holds(now, 1));
    assert!(!refused.holds(later, 1) && refused.known.is_empty());
}
