//! The wheel of leases against a list that is read through.

use super::Dice;
use crate::replica::Wheel;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

#[allow(clippy::disallowed_methods, reason = "a test begins at some moment")]
fn start() -> Instant {
    Instant::now()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_lease_runs_out_once_and_never_early() {
    let start = start();
    let mut wheel = Wheel::new(start);
    wheel.set(7, start + Duration::from_millis(2_500));
    assert_eq!(wheel.expired(start + seconds(2)), None);
    assert_eq!(wheel.wake_at(), Some(start + seconds(3)));
    assert_eq!(wheel.expired(start + seconds(3)), Some(7));
    assert_eq!(wheel.expired(start + seconds(9)), None);
    assert_eq!(wheel.wake_at(), None);
    assert_eq!(wheel.until(7), None);
}

#[test]
fn a_renewal_and_an_end_count_whatever_was_said_before() {
    let start = start();
    let mut wheel = Wheel::new(start);
    wheel.set(0, start + seconds(10));
    wheel.set(1, start + seconds(10));
    wheel.set(2, start + seconds(9_000));
    wheel.set(0, start + seconds(20));
    wheel.set(2, start + seconds(5));
    wheel.clear(1);
    assert_eq!(wheel.until(0), Some(start + seconds(20)));
    assert_eq!(wheel.expired(start + seconds(15)), Some(2));
    assert_eq!(wheel.expired(start + seconds(15)), None);
    assert_eq!(wheel.expired(start + seconds(20)), Some(0));
}

#[test]
fn any_order_of_leases_ends_as_in_a_list() {
    for seed in 0..300 {
        let dice = &mut Dice::new(seed);
        let start = start();
        let mut wheel = Wheel::new(start);
        let mut list: BTreeMap<u32, u64> = BTreeMap::new();
        let mut now = 0;
        for _ in 0..300 {
            let id = dice.below(20) as u32;
            match dice.below(10) {
                0 => {
                    wheel.clear(id);
                    list.remove(&id);
                }
                1..=6 => {
                    let longest = [5, 300, 20_000][dice.below(3) as usize];
                    let until = now + 1 + dice.below(longest);
                    wheel.set(id, start + seconds(until));
                    list.insert(id, until);
                }
                _ => {
                    let longest = [3, 100, 9_000][dice.below(3) as usize];
                    now += dice.below(longest);
                    let mut ended: Vec<u32> = std::iter::from_fn(|| wheel.expired(start + seconds(now))).collect();
                    ended.sort_unstable();
                    let over = list.extract_if(.., |_, until| *until <= now);
                    let expected: Vec<u32> = over.map(|(id, _)| id).collect();
                    assert_eq!(ended, expected, "seed {seed}: at {now} s");
                }
            }
            let next = list.values().min().map(|until| start + seconds(*until));
            assert!(wheel.wake_at() <= next || next.is_none(), "seed {seed}: woken too late");
            assert_eq!(
                wheel.wake_at().is_some(),
                next.is_some(),
                "seed {seed}: woken for nothing"
            );
        }
    }
}
