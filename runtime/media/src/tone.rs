//! Tones, sample by sample: up to four sines that keep their phase from frame to frame, switched on and off along ramps.
//! Power as ITU-T G.711 fixes it: a sine that fills 16 bits is +3.14 dBm0.

use crate::{SAMPLE_RATE, Tone};
use std::f64::consts::TAU;
use std::time::Duration;

/// Frequencies sounding together; further ones of a tone are not played.
const MAX_FREQUENCIES: usize = 4;
/// Length of the ramp at both edges of a sound at 8 kHz: 4 ms.
const RAMP_SAMPLES: u64 = 32;
/// Power of a sine of full scale.
#[expect(clippy::approx_constant, reason = "the figure of the recommendation, no circle")]
pub(crate) const FULL_SCALE_DBM0: f64 = 3.14;

/// A tone being played.
#[derive(Debug, Clone, Default)]
pub(crate) struct Oscillator {
    sines: [Sine; MAX_FREQUENCIES],
    count: usize,
    amplitude: f64,
    ramp: u64,
    on: u64,
    cycle: u64,
}

/// A point on a circle, turned by the same angle for each sample.
#[derive(Debug, Clone, Copy, Default)]
struct Sine {
    cos: f64,
    sin: f64,
    turn_cos: f64,
    turn_sin: f64,
}

/// Samples in a time.
pub(crate) fn samples(time: Duration) -> u64 {
    (time.as_micros() * u128::from(SAMPLE_RATE) / 1_000_000).min(u128::from(u64::MAX)) as u64
}

/// Samples of a whole tone with its silences.
pub(crate) fn length(tone: &Tone) -> u64 {
    samples(tone.on)
        .saturating_add(samples(tone.off))
        .saturating_mul(u64::from(tone.count.max(1)))
}

impl Oscillator {
    /// At the beginning of a tone, at so many times 8 kHz.
    pub(crate) fn new(tone: &Tone, times: u64) -> Self {
        let audible = tone
            .frequencies
            .iter()
            .filter(|&&hz| hz > 0 && u32::from(hz) < SAMPLE_RATE / 2);
        let mut sines = [Sine::default(); MAX_FREQUENCIES];
        let mut count = 0;
        for (sine, &hz) in sines.iter_mut().zip(audible) {
            let (turn_sin, turn_cos) = (TAU * f64::from(hz) / (f64::from(SAMPLE_RATE) * times as f64)).sin_cos();
            *sine = Sine {
                cos: 1.0,
                sin: 0.0,
                turn_cos,
                turn_sin,
            };
            count += 1;
        }
        let each_dbm0 = f64::from(tone.level_dbm0.min(0)) - 10.0 * (count.max(1) as f64).log10();
        let amplitude = f64::from(i16::MAX) * 10f64.powf((each_dbm0 - FULL_SCALE_DBM0) / 20.0);
        let (on, off) = (
            samples(tone.on).saturating_mul(times),
            samples(tone.off).saturating_mul(times),
        );
        Self {
            sines,
            count,
            amplitude,
            ramp: RAMP_SAMPLES * times,
            on,
            cycle: on.saturating_add(off).max(1),
        }
    }

    /// The sample at a position of the tone; positions are asked for one after the other.
    pub(crate) fn sample(&mut self, position: u64) -> i16 {
        let within = position % self.cycle;
        if within >= self.on {
            return 0;
        }
        let mut sum = 0.0;
        for sine in &mut self.sines[..self.count] {
            if within == 0 {
                (sine.cos, sine.sin) = (1.0, 0.0);
            }
            sum += sine.sin;
            let cos = sine.cos * sine.turn_cos - sine.sin * sine.turn_sin;
            sine.sin = sine.sin * sine.turn_cos + sine.cos * sine.turn_sin;
            sine.cos = cos;
        }
        let from_edge = within.min(self.on - 1 - within);
        let ramp = if from_edge < self.ramp {
            from_edge as f64 / self.ramp as f64
        } else {
            1.0
        };
        (sum * self.amplitude * ramp).round() as i16
    }
}

#[cfg(test)]
mod tests;
