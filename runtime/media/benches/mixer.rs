//! What a room costs: for each leg and 20 ms frame, with all talking and with three, beside the bare loop that only sums
//! the frames; and 1,000 legs of which five talk. Prints nanoseconds and legs per core. No target is asserted.

#![allow(clippy::disallowed_methods, reason = "a bench reads the clock: it measures")]

use patchcord_media::mixer::*;
use std::time::{Duration, Instant};

const TICKS: u32 = 1_000;
/// Different frames to push, so that nothing is learnt by heart.
const FRAMES: usize = 64;

fn noise(count: usize, seed: u64) -> Vec<i16> {
    let mut state = seed;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 52) as i16 - 2_048
    };
    std::iter::repeat_with(next).take(count).collect()
}

fn frames(rate: Rate) -> Vec<Vec<i16>> {
    (0..FRAMES).map(|n| noise(rate.frame(), n as u64)).collect()
}

/// The bare loop: every frame added to one sum.
fn sum(rate: Rate, talking: usize) -> Duration {
    let frames = frames(rate);
    let mut total = vec![0i32; rate.frame()];
    let start = Instant::now();
    for tick in 0..TICKS as usize {
        total.fill(0);
        for leg in 0..talking {
            let frame = std::hint::black_box(&frames[(leg + tick) % FRAMES]);
            for (sum, &sample) in total.iter_mut().zip(frame) {
                *sum += i32::from(sample);
            }
        }
        std::hint::black_box(&total);
    }
    start.elapsed() / TICKS
}

fn room(rates: &[Rate], legs: usize, talking: usize, what: &str) {
    let config = MixerConfig {
        max_legs: legs,
        loudest: None,
    };
    let mut mixer = Mixer::new(config).expect("a room");
    let legs: Vec<_> = (0..legs)
        .map(|n| {
            let rate = rates[n % rates.len()];
            (mixer.add(rate, Part::Talks).expect("a place"), rate)
        })
        .collect();
    let frames: Vec<_> = rates.iter().map(|&rate| frames(rate)).collect();
    let silence = vec![0i16; 960];
    let (mut pushing, mut mixing, mut reading) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    for tick in 0..TICKS {
        let start = Instant::now();
        for (n, &(leg, rate)) in legs.iter().enumerate() {
            let frame = if n < talking {
                &frames[n % rates.len()][(n + tick as usize) % FRAMES]
            } else {
                &silence[..rate.frame()]
            };
            mixer.push(leg, frame).expect("its rate");
        }
        let pushed = Instant::now();
        mixer.mix(u64::from(tick));
        let mixed = Instant::now();
        for &(leg, _) in &legs {
            std::hint::black_box(mixer.heard(leg).map(Heard::samples));
        }
        (pushing, mixing) = (pushing + (pushed - start), mixing + (mixed - pushed));
        reading += mixed.elapsed();
        while mixer.poll_event().is_some() {}
    }
    let whole = (pushing + mixing + reading) / TICKS;
    let bare = sum(rates[0], talking);
    let leg_ns = whole.as_secs_f64() * 1e9 / legs.len() as f64;
    println!(
        "{what:34} {:4} legs: {:7.1} us a tick (push {:.1}, mix {:.1}, read {:.1}), {leg_ns:5.0} ns a leg, {:6.1} times \
         the bare sum of the {talking} talking ({:.2} us), {:.0} legs per core",
        legs.len(),
        whole.as_secs_f64() * 1e6,
        pushing.as_secs_f64() * 1e6 / f64::from(TICKS),
        mixing.as_secs_f64() * 1e6 / f64::from(TICKS),
        reading.as_secs_f64() * 1e6 / f64::from(TICKS),
        whole.as_secs_f64() / bare.as_secs_f64(),
        bare.as_secs_f64() * 1e6,
        0.02 / (leg_ns / 1e9)
    );
}

fn main() {
    let all = [Rate::Hz8000, Rate::Hz16000, Rate::Hz24000, Rate::Hz48000];
    for rate in all {
        room(&[rate], 30, 30, &format!("all talking, {} Hz", rate.hertz()));
        room(&[rate], 30, 3, &format!("three talking, {} Hz", rate.hertz()));
    }
    room(&all, 30, 30, "all talking, four rates");
    room(&all, 30, 3, "three talking, four rates");
    room(&[Rate::Hz8000], 1_000, 5, "five talking, 8000 Hz");
    room(&[Rate::Hz48000], 1_000, 5, "five talking, 48000 Hz");
    room(&[Rate::Hz8000], 1_000, 1_000, "all talking, 8000 Hz");
}
