//! Trembling, stalled and hasty ticks.

use super::*;
use crate::random::Random;

#[test]
fn ten_hours_of_trembling_ticks_stand_for_ten_hours() {
    let (start, mut random, mut pace, mut frames) = (Instant::now(), Random::new(1), Pace::default(), 0);
    let ticks: u64 = 10 * 3600 * 50;
    for tick in 0..ticks {
        let tremble = Duration::from_micros(random.next() % 15_000);
        frames += 1 + pace.tick(start + FRAME * tick as u32 + tremble).expect("never early");
    }
    assert_eq!(frames, ticks);
}

#[test]
fn a_stall_is_counted_and_made_good() {
    let (start, mut pace) = (Instant::now(), Pace::default());
    assert_eq!(pace.tick(start), Some(0));
    assert_eq!(pace.tick(start + Duration::from_millis(20)), Some(0));
    assert_eq!(
        pace.tick(start + Duration::from_millis(240)),
        Some(10),
        "220 ms after the last, 200 late"
    );
    assert_eq!(pace.tick(start + Duration::from_millis(260)), Some(0), "in step again");
}

#[test]
fn ticks_in_a_burst_do_not_run_ahead_of_the_time() {
    let (start, mut pace) = (Instant::now(), Pace::default());
    let done = (0..50).filter(|_| pace.tick(start).is_some()).count();
    assert_eq!(done, 2);
}
