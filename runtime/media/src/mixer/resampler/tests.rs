//! The filter's quality, measured with sines between all rates, and that it is linear and comes to rest.

use super::*;
use crate::measure::frequency_dbfs;

const AMPLITUDE: f64 = 16_000.0;

/// So many frames of a sine through the filter; the first ones, in which it fills, are left out.
fn sine(from: Rate, to: Rate, hertz: f64) -> Vec<i16> {
    let mut resampler = Resampler::new(from, to);
    let turn = std::f64::consts::TAU * hertz / f64::from(from.hertz());
    let mut heard = Vec::new();
    for tick in 0..12 {
        let frame: Vec<i32> = (0..from.frame())
            .map(|n| (AMPLITUDE * (turn * (tick * from.frame() + n) as f64).sin()).round() as i32)
            .collect();
        let mut out = vec![0; to.frame()];
        resampler.add(Some(&frame), &mut out);
        if tick >= 2 {
            heard.extend(out.iter().map(|&sample| sample as i16));
        }
    }
    heard
}

fn pairs() -> impl Iterator<Item = (Rate, Rate)> {
    Rate::ALL
        .into_iter()
        .flat_map(|from| Rate::ALL.map(|to| (from, to)))
        .filter(|(from, to)| from != to)
}

#[test]
fn what_both_rates_can_carry_passes_unchanged() {
    let full = 20.0 * (AMPLITUDE / 32_767.0).log10();
    for (from, to) in pairs() {
        let half = f64::from(from.hertz().min(to.hertz())) / 2.0;
        for part in [0.05, 0.2, 0.5, 0.7, 0.8, 0.85] {
            let hertz = (half * part / 10.0).round() * 10.0;
            let level = frequency_dbfs(&sine(from, to, hertz), to.hertz(), hertz);
            assert!(
                (level - full).abs() < 0.1,
                "{from:?} to {to:?}, {hertz} Hz: {} dB",
                level - full
            );
        }
    }
}

#[test]
fn what_the_lower_rate_cannot_carry_is_gone() {
    let full = 20.0 * (AMPLITUDE / 32_767.0).log10();
    for (from, to) in pairs().filter(|(from, to)| from.hertz() > to.hertz()) {
        let half = f64::from(to.hertz()) / 2.0;
        for part in [1.15, 1.3, 1.6, 1.9] {
            let hertz = half * part;
            if hertz < f64::from(from.hertz()) / 2.0 {
                let level = crate::measure::level_dbfs(&sine(from, to, hertz)) - full;
                assert!(level < -70.0, "{from:?} to {to:?}, {hertz} Hz: {level} dB");
            }
        }
    }
}

#[test]
fn images_of_upsampling_are_gone() {
    for (from, to) in pairs().filter(|(from, to)| from.hertz() < to.hertz()) {
        let hertz = f64::from(from.hertz()) / 2.0 * 0.5;
        let image = f64::from(from.hertz()) - hertz;
        let heard = sine(from, to, hertz);
        if image < f64::from(to.hertz()) / 2.0 {
            let level = frequency_dbfs(&heard, to.hertz(), image);
            assert!(level < -70.0, "{from:?} to {to:?}: image at {level} dBFS");
        }
    }
}

#[test]
fn it_comes_to_rest_with_zeros_after_one_silent_frame() {
    for (from, to) in pairs() {
        let mut resampler = Resampler::new(from, to);
        assert!(resampler.quiet(), "nothing came yet");
        let mut out = vec![0; to.frame()];
        resampler.add(Some(&vec![9_000; from.frame()]), &mut out);
        assert!(!resampler.quiet());
        out.fill(0);
        resampler.add(None, &mut out);
        assert!(out.iter().any(|&sample| sample != 0), "{from:?} to {to:?}: its tail");
        assert!(resampler.quiet());
        out.fill(0);
        resampler.add(None, &mut out);
        assert!(out.iter().all(|&sample| sample == 0), "{from:?} to {to:?}");
    }
}
