//! Against sums done the slow way.

use super::*;
use crate::random::Random;

fn noise(seed: u64, len: usize, peak: i16) -> Vec<i16> {
    let mut random = Random::new(seed);
    (0..len)
        .map(|_| ((random.fraction() * 2.0 - 1.0) * f64::from(peak)) as i16)
        .collect()
}

fn sine(hz: f64, amplitude: f64, len: usize) -> Vec<i16> {
    (0..len)
        .map(|n| (amplitude * (std::f64::consts::TAU * hz * n as f64 / 8000.0).sin()).round() as i16)
        .collect()
}

#[test]
fn a_full_sine_is_0_dbfs_and_half_of_it_6_less() {
    assert!(level_dbfs(&sine(1000.0, 32_767.0, 8000)).abs() < 0.01);
    assert!((level_dbfs(&sine(1000.0, 16_383.0, 8000)) + 6.02).abs() < 0.01);
    assert_eq!(level_dbfs(&[0; 100]), -120.0);
    assert_eq!(level_dbfs(&[]), -120.0);
}

#[test]
fn one_frequency_is_told_from_another() {
    let sound = sine(770.0, 8_000.0, 4_000);
    let expected = 20.0 * (8_000.0f64 / 32_767.0).log10();
    assert!((frequency_dbfs(&sound, 8000, 770.0) - expected).abs() < 0.1);
    assert!(frequency_dbfs(&sound, 8000, 852.0) < expected - 40.0);
    assert_eq!(frequency_dbfs(&[], 8000, 852.0), -120.0);
}

#[test]
fn a_sound_is_found_where_it_is() {
    let reference = noise(1, 3_000, 9_000);
    for lag in [0, 1, 777, 20_000] {
        let mut recording = noise(2, 24_000, 300);
        for (out, &s) in recording[lag..].iter_mut().zip(&reference) {
            *out += s / 4;
        }
        let found = find(&reference, &recording).expect("found");
        assert_eq!(found.lag, lag);
        assert!(found.correlation > 0.98, "{found:?}");
    }
}

#[test]
fn what_is_not_there_is_not_found() {
    let found = find(&noise(1, 4_000, 9_000), &noise(3, 20_000, 9_000)).expect("some best place");
    assert!(found.correlation < 0.15, "{found:?}");
    assert_eq!(find(&[0; 10], &noise(1, 100, 9)), None);
    assert_eq!(find(&noise(1, 100, 9), &[0; 200]), None);
    assert_eq!(find(&noise(1, 100, 9), &[1; 99]), None);
    assert_eq!(find(&[], &[]), None);
}

#[test]
fn it_agrees_with_the_slow_sum() {
    let (reference, recording) = (noise(5, 37, 5_000), noise(6, 301, 5_000));
    let products = correlate(&reference, &recording, 512);
    for lag in 0..=264 {
        let slow: f64 = (0..37)
            .map(|n| f64::from(reference[n]) * f64::from(recording[lag + n]))
            .sum();
        assert!(
            (products[lag] - slow).abs() < 1.0,
            "lag {lag}: {} and {slow}",
            products[lag]
        );
    }
}
