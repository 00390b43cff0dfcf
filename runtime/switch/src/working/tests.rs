//! Who goes on next.

#![allow(clippy::disallowed_methods, reason = "a test begins at some moment")]

use super::*;

fn call(number: u128) -> CallId {
    CallId(number)
}

#[test]
fn tenants_take_turns() {
    let now = Instant::now();
    let (noisy, quiet) = (Tenant("noisy".to_owned()), Tenant("quiet".to_owned()));
    let mut working = WorkingTurns::default();
    assert_eq!(working.wake_at(), None);
    for number in 1..=3 {
        working.push(now, &noisy, (call(number), now));
    }
    working.push(now, &quiet, (call(4), now));
    assert_eq!(working.wake_at(), Some(now));
    let order: Vec<_> = std::iter::from_fn(|| working.pop()).collect();
    assert_eq!(order, [call(1), call(4), call(2), call(3)]);
    assert_eq!(working.wake_at(), None);
}

#[test]
fn one_that_leaves_is_not_woken() {
    let now = Instant::now();
    let tenant = Tenant("t".to_owned());
    let mut working = WorkingTurns::default();
    working.push(now, &tenant, (call(1), now));
    working.push(now, &tenant, (call(2), now));
    working.leave(call(1));
    assert_eq!(working.pop(), Some(call(2)));
    working.push(now, &tenant, (call(3), now));
    working.leave(call(3));
    assert_eq!((working.wake_at(), working.pop()), (None, None));
}

#[test]
fn a_tenant_that_computes_enough_gets_no_new_calls_and_its_neighbour_does() {
    let now = Instant::now();
    let (noisy, quiet) = (Tenant("noisy".to_owned()), Tenant("quiet".to_owned()));
    let mut working = WorkingTurns::default();
    for number in 0..WORKING_SOME as u128 {
        working.push(now, &noisy, (call(number), now));
    }
    assert!(!working.has_enough(now, &noisy), "a burst is no standing queue");
    assert!(working.has_enough(now + WORKING_OLD, &noisy));
    assert!(!working.has_enough(now + WORKING_OLD, &quiet));
    working.pop();
    assert!(!working.has_enough(now + WORKING_OLD, &noisy));
    for number in 100..100 + WORKING_MOST as u128 {
        working.push(now, &noisy, (call(number), now));
    }
    assert!(working.has_enough(now, &noisy));
}
