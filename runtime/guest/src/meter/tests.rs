//! The meters alone: no engine.

use super::*;
use std::cell::Cell;

thread_local! {
    static CPU: Cell<u64> = const { Cell::new(0) };
}

fn pretend_clock() -> Duration {
    Duration::from_millis(CPU.get())
}

#[test]
fn without_a_clock_ticks_are_counted_and_the_first_is_free() {
    let mut meter = TickMeter::new(None, 100, TimeAway::default());
    for tick in 0..10 {
        assert!(!meter.over(), "tick {tick}");
    }
    assert!(meter.over());
    meter.begin_turn();
    assert!(!meter.over());
}

#[test]
fn with_a_clock_time_on_other_threads_does_not_count() {
    let mut meter = TickMeter::new(Some(pretend_clock), 100, TimeAway::default());
    CPU.set(5_000);
    for _ in 0..1_000 {
        assert!(!meter.over(), "a thousand ticks of wall time, but no CPU time");
    }
    CPU.set(5_099);
    assert!(!meter.over());
    CPU.set(5_100);
    assert!(meter.over());
    meter.begin_turn();
    assert!(!meter.over());
}

#[test]
fn time_between_two_slices_does_not_count() {
    let away = TimeAway::default();
    let mut meter = TickMeter::new(Some(pretend_clock), 100, away.clone());
    CPU.set(1_000);
    assert!(!meter.over());
    CPU.set(5_050);
    away.add(Duration::from_millis(4_000));
    assert!(!meter.over(), "50 ms are its own");
    CPU.set(5_100);
    assert!(meter.over());
    meter.begin_turn();
    assert!(!meter.over(), "what was away before the turn is no part of it");
    CPU.set(5_199);
    assert!(!meter.over());
    CPU.set(5_200);
    assert!(meter.over());
}

#[test]
fn memory_is_summed_over_all_memories_and_the_peak_kept() {
    let mut meter = MemoryMeter::new(100, 10);
    assert!(meter.memory_growing(0, 60, None).expect("counted"));
    assert!(meter.memory_growing(0, 40, None).expect("counted"));
    assert!(!meter.refused());
    assert!(!meter.memory_growing(40, 41, None).expect("counted"));
    assert!(meter.refused());
    assert_eq!(meter.peak(), 100);
    meter.begin_turn();
    assert!(
        !meter.refused(),
        "a refusal that the guest survived is forgotten with its turn"
    );
}

#[test]
fn tables_are_limited_too() {
    let mut meter = MemoryMeter::new(100, 10);
    assert!(meter.table_growing(0, 10, None).expect("counted"));
    assert!(!meter.table_growing(10, 11, None).expect("counted"));
}
