//! The announcement can be played, and the CPU clock counts work and not waiting.

use super::*;

#[test]
fn the_announcement_is_a_few_seconds_of_sound() {
    let clip = announcement();
    let seconds = clip.duration().as_secs_f64();
    assert!((2.0..6.0).contains(&seconds), "{seconds} s");
    let loudest = clip.samples().iter().map(|s| i32::from(*s).abs()).max();
    assert!(loudest > Some(8_000), "{loudest:?}");
}

#[test]
fn the_cpu_clock_stands_while_the_thread_sleeps() {
    let before = thread_cpu();
    std::thread::sleep(Duration::from_millis(50));
    let slept = thread_cpu() - before;
    assert!(slept < Duration::from_millis(20), "{slept:?}");
    let mut sum = 0_u64;
    while thread_cpu() - before < Duration::from_millis(30) {
        sum = std::hint::black_box(sum.wrapping_mul(31) + 7);
    }
}
