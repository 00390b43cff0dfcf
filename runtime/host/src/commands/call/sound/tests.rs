//! Recordings made here, whose content is known.

use super::*;
use std::f64::consts::TAU;

fn sine(hz: f64, seconds: f64, amplitude: f64) -> Vec<i16> {
    let count = (seconds * f64::from(SAMPLE_RATE)) as u32;
    (0..count)
        .map(|n| (amplitude * (TAU * hz * f64::from(n) / f64::from(SAMPLE_RATE)).sin()) as i16)
        .collect()
}

/// Something like speech: many frequencies at once, none of which dominates.
fn babble(seconds: f64) -> Vec<i16> {
    let parts: Vec<_> = [310.0, 730.0, 1_190.0, 2_050.0]
        .map(|hz| sine(hz, seconds, 2_000.0))
        .into();
    (0..parts[0].len())
        .map(|i| parts.iter().map(|part| part[i]).sum())
        .collect()
}

fn silence(seconds: f64) -> Vec<i16> {
    vec![3; (seconds * f64::from(SAMPLE_RATE)) as usize]
}

#[test]
fn silence_holds_nothing() {
    assert_eq!(stretches(&silence(2.0)), []);
    assert_eq!(stretches(&[]), []);
}

#[test]
fn a_tone_is_found_with_its_frequency_time_and_level() {
    let recording = [silence(1.02), sine(443.0, 2.0, 3_276.8), silence(0.5)].concat();
    let found = stretches(&recording);
    assert_eq!(found.len(), 1, "{found:?}");
    let tone = &found[0];
    assert_eq!(tone.tone_hz, Some(443));
    assert!(
        (tone.start_s - 1.02).abs() <= 0.05 && (tone.length_s - 2.0).abs() <= 0.1,
        "{tone:?}"
    );
    assert!((tone.level_dbfs + 20.0).abs() < 0.5, "{tone:?}");
}

#[test]
fn speech_then_tone_are_two_stretches() {
    let recording = [
        babble(0.8),
        silence(0.15),
        babble(0.7),
        silence(0.6),
        sine(620.0, 1.0, 5_000.0),
    ]
    .concat();
    let kinds: Vec<_> = stretches(&recording).iter().map(|found| found.tone_hz).collect();
    assert_eq!(kinds, [None, Some(620)]);
}

#[test]
fn two_tones_in_a_row_are_told_apart() {
    let recording = [sine(440.0, 0.5, 5_000.0), sine(880.0, 0.5, 5_000.0)].concat();
    let kinds: Vec<_> = stretches(&recording).iter().map(|found| found.tone_hz).collect();
    assert_eq!(kinds, [Some(440), Some(880)]);
}

#[test]
fn a_click_of_a_tone_is_just_sound() {
    let kinds: Vec<_> = stretches(&[silence(0.5), sine(440.0, 0.1, 5_000.0), silence(0.5)].concat())
        .iter()
        .map(|found| found.tone_hz)
        .collect();
    assert_eq!(kinds, [None]);
}
