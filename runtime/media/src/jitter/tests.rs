//! A steady stream, then one that is late, lost, swapped and repeated by seed.

mod impairments;

use super::*;
use crate::FRAME_SAMPLES;
use crate::g711::FROM_PCMU;
use crate::measure;
use crate::random::Random;
use crate::{Law, g711};

/// A sound in which every place is different: two tones that share no short period.
fn sound(frames: usize) -> Vec<i16> {
    (0..frames * FRAME_SAMPLES)
        .map(|n| {
            let t = n as f64 / 8000.0;
            (6000.0 * (t * 2711.0).sin() + 5000.0 * (t * t * 900.0).sin()) as i16
        })
        .collect()
}

/// Plays packets that arrive after `delay(packet)` in ms (none: lost); what is heard, frames covered, packets late.
fn run(sound: &[i16], mut delay: impl FnMut(usize) -> Option<u64>) -> (Vec<i16>, usize, usize) {
    let mut arrivals: Vec<(u64, usize)> = Vec::new();
    for packet in 0..sound.len() / FRAME_SAMPLES {
        if let Some(delay) = delay(packet) {
            arrivals.push((packet as u64 * 20 + delay, packet));
        }
    }
    arrivals.sort();
    let (mut buffer, mut heard, mut covered, mut late) = (JitterBuffer::new(Rate::Hz8000), Vec::new(), 0, 0);
    let mut arrivals = arrivals.into_iter().peekable();
    for tick in 0..sound.len() / FRAME_SAMPLES + 20 {
        while let Some((_, packet)) = arrivals.next_if(|(at, _)| *at <= tick as u64 * 20 + 7) {
            let samples = &sound[packet * FRAME_SAMPLES..][..FRAME_SAMPLES];
            let payload: Vec<u8> = samples.iter().map(|&s| g711::encode(Law::Pcmu, s)).collect();
            let timestamp = (packet * FRAME_SAMPLES) as u32;
            let placed = buffer.insert(timestamp.wrapping_add(u32::MAX - 5_000), &payload, &FROM_PCMU);
            late += usize::from(placed == Placed::Late);
        }
        let mut frame = [0; FRAME_SAMPLES];
        covered += usize::from(buffer.pull(&mut frame));
        heard.extend_from_slice(&frame);
    }
    (heard, covered, late)
}

#[test]
fn a_steady_stream_comes_out_as_it_went_in() {
    let sound = sound(500);
    let (heard, covered, late) = run(&sound, |_| Some(3));
    let found = measure::find(&sound[..60 * FRAME_SAMPLES], &heard).expect("found");
    assert_eq!((found.lag, late), (320, 0), "40 ms later, not more");
    assert!(found.correlation > 0.99, "{found:?}");
    assert!(covered <= 3, "only after the end: {covered}");
}

#[test]
fn swapped_and_repeated_packets_do_no_harm() {
    let sound = sound(150);
    let (steady, ..) = run(&sound, |_| Some(3));
    // Every seventh packet comes after the one that follows it, still before its turn.
    let (heard, covered, late) = run(&sound, |n| Some(if n % 7 == 3 { 24 } else { 3 }));
    assert_eq!((heard, late), (steady, 0));
    assert!(covered <= 3);
}

#[test]
fn losses_are_covered_counted_and_keep_the_rest_in_its_place() {
    let sound = sound(1_000);
    for seed in 0..5 {
        let mut random = Random::new(seed);
        let mut lost = 0;
        let (heard, covered, _) = run(&sound, |n| {
            let keep = n == 0 || random.fraction() > 0.1;
            lost += usize::from(!keep);
            keep.then_some(3)
        });
        // Once the buffer has shrunk by half a frame, one lost packet is a hole in two frames.
        assert!(
            covered >= lost - 5 && covered <= lost * 2 + 4,
            "seed {seed}: {covered} covered of {lost}"
        );
        let found = measure::find(&sound[..190 * FRAME_SAMPLES], &heard).expect("found");
        assert_eq!(found.lag, 320, "seed {seed}");
        // A tenth of the sound is made up: some 0.95 at best, less where the cover does not fit.
        assert!(found.correlation > 0.8, "seed {seed}: {found:?}");
    }
}

#[test]
fn it_learns_how_late_packets_come() {
    let sound = sound(2_000);
    for seed in 0..5 {
        let mut random = Random::new(seed);
        let (_, covered, late) = run(&sound, |_| Some(random.next() % 120));
        assert!(late <= 40, "seed {seed}: {late} of 2,000 late");
        assert!(covered <= 60, "seed {seed}: {covered} covered");
    }
}

#[test]
fn it_becomes_quick_again_when_the_network_does() {
    let sound = sound(6_000);
    let (heard, ..) = run(&sound, |n| Some(if n < 100 && n % 10 == 5 { 140 } else { 3 }));
    let end = sound.len() - 100 * FRAME_SAMPLES;
    let found = measure::find(&sound[end..], &heard[end..]).expect("found");
    assert!(found.lag <= 500, "still {} samples behind", found.lag);
    assert!(found.correlation > 0.99);
}

#[test]
fn a_way_that_becomes_longer_for_good_is_followed() {
    let sound = sound(600);
    let (heard, ..) = run(&sound, |n| Some(if n < 100 { 3 } else { 503 }));
    let found = measure::find(&sound[350 * FRAME_SAMPLES..450 * FRAME_SAMPLES], &heard).expect("found");
    assert!(found.correlation > 0.99, "{found:?}");
}

#[test]
fn a_hole_fades_to_silence_and_a_pause_is_no_loss() {
    let sound = sound(200);
    let (heard, covered, late) = run(&sound, |n| (!(50..150).contains(&n)).then_some(3));
    let hole = &heard[60 * FRAME_SAMPLES..150 * FRAME_SAMPLES];
    assert!(hole.iter().all(|&s| s == 0), "after 60 ms nothing is made up");
    assert!(covered <= 8 && late == 0, "{covered} covered, {late} late");
}

#[test]
fn random_timestamps_and_lengths_never_panic() {
    let (mut random, mut buffer, mut frame) = (Random::new(9), JitterBuffer::new(Rate::Hz8000), [0; FRAME_SAMPLES]);
    for _ in 0..20_000 {
        let payload = vec![random.next() as u8; (random.next() % 1_500) as usize];
        let spread = if random.next().is_multiple_of(3) {
            u32::MAX
        } else {
            4_000
        };
        buffer.insert(random.next() as u32 % spread, &payload, &FROM_PCMU);
        buffer.pull(&mut frame);
    }
}

#[test]
fn a_silence_on_purpose_is_noise_until_there_is_sound_again() {
    let mut buffer = JitterBuffer::new(Rate::Hz8000);
    let loud = [g711::encode(Law::Pcmu, 8_000); 160];
    let mut levels = Vec::new();
    let mut concealed = 0;
    for tick in 0..60u32 {
        match tick {
            0..=9 | 40..=59 => drop(buffer.insert(tick * 160, &loud, &FROM_PCMU)),
            10 => buffer.noise(Noise::at(50, 3)),
            _ => {}
        }
        let mut frame = [0; FRAME_SAMPLES];
        concealed += usize::from(buffer.pull(&mut frame));
        levels.push(measure::level_dbfs(&frame).round() as i32);
    }
    // -50 dBov is 3 dB more by the measure of a sine of full scale.
    assert!(
        levels[13..41].iter().all(|level| (-49..=-45).contains(level)),
        "{levels:?}"
    );
    assert!(
        levels[3..12].iter().chain(&levels[43..]).all(|level| *level > -15),
        "{levels:?}"
    );
    assert_eq!(concealed, 0);
}
