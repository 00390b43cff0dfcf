//! One rate made another, 20 ms at a time: a polyphase FIR with a Kaiser window. Linear, so that the sum of many legs costs
//! one run and not one for each leg. Not for prompts: those are resampled once, at loading, with a longer filter.
//!
//! Quality: within 0.1 dB up to 0.85 of half the lower rate, and what would fold over from 1.15 of it on is 70 dB down;
//! 2 ms of delay where the lower rate is 8 kHz, 1 ms where it is 16 kHz.

use super::{Rate, round};
use std::f64::consts::PI;

/// Length of the filter in samples of the lower rate.
const SPAN: usize = 32;
/// Shape of the Kaiser window, for 75 dB.
const BETA: f64 = 7.3;
/// Sums kept beside each other, so that the compiler may use vector registers; divides every filter's length.
const LANES: usize = 8;

/// A filter and what it remembers.
#[derive(Debug)]
pub(crate) struct Resampler {
    /// Upsampling: phases of the filter.
    up: usize,
    down: usize,
    /// Coefficients of a phase.
    taps: usize,
    /// Phase after phase, each back to front.
    coefficients: Vec<f32>,
    /// The last `taps - 1` samples before the frame, then the frame.
    line: Vec<f32>,
    /// Whether the line holds nothing but zeros.
    quiet: bool,
}

impl Resampler {
    /// For sound of one rate that is wanted at another.
    pub(crate) fn new(from: Rate, to: Rate) -> Self {
        let (input, output) = (from.hertz() as usize, to.hertz() as usize);
        let common = greatest_common_divisor(input, output);
        let (up, down) = (output / common, input / common);
        let lower = input.min(output);
        let taps = SPAN * input / lower;
        let prototype = prototype(taps * up, lower as f64 / (input * up) as f64, up as f64);
        let mut coefficients = Vec::with_capacity(taps * up);
        for phase in 0..up {
            coefficients.extend((0..taps).rev().map(|tap| prototype[phase + tap * up]));
        }
        Self {
            up,
            down,
            taps,
            coefficients,
            line: vec![0.0; taps - 1 + from.frame()],
            quiet: true,
        }
    }

    /// Whether without new sound nothing comes out any more.
    pub(super) fn quiet(&self) -> bool {
        self.quiet
    }

    /// Takes a frame and adds the resampled one to `sum`. None is a frame of silence.
    pub(super) fn add(&mut self, frame: Option<&[i32]>, sum: &mut [i32]) {
        let before = self.taps - 1;
        let length = self.line.len() - before;
        match frame {
            Some(frame) => {
                for (place, &sample) in self.line[before..].iter_mut().zip(frame) {
                    *place = sample as f32;
                }
            }
            None => self.line[before..].fill(0.0),
        }
        self.run(length, sum, |out, sample| *out += sample);
        self.quiet = frame.is_none();
    }

    /// Takes sound of any length and writes the resampled one to the beginning of `out`, which has room for it; how much
    /// that is. A rest that is no whole sample of the other rate is left out.
    pub(crate) fn convert(&mut self, sound: &[i16], out: &mut [i16]) -> usize {
        let before = self.taps - 1;
        let longest = self.line.len() - before;
        let mut written = 0;
        for piece in sound.chunks(longest) {
            for (place, &sample) in self.line[before..].iter_mut().zip(piece) {
                *place = f32::from(sample);
            }
            let room = &mut out[written..][..piece.len() * self.up / self.down];
            self.run(piece.len(), room, |out, sample| {
                *out = sample.clamp(i16::MIN.into(), i16::MAX.into()) as i16;
            });
            written += room.len();
        }
        self.quiet = false;
        written
    }

    /// Filters what lies in the line, and keeps its end for the next time.
    fn run<T>(&mut self, count: usize, out: &mut [T], mut put: impl FnMut(&mut T, i32)) {
        let (mut at, mut phase) = (0, 0);
        for out in out.iter_mut() {
            let coefficients = &self.coefficients[phase * self.taps..][..self.taps];
            put(out, round(dot(coefficients, &self.line[at..at + self.taps])));
            phase += self.down;
            at += phase / self.up;
            phase %= self.up;
        }
        self.line.copy_within(count..count + self.taps - 1, 0);
    }
}

/// The sum of products.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; LANES];
    for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum()
}

/// A low-pass of so many coefficients; `cutoff` is twice its edge as part of its sampling rate.
fn prototype(count: usize, cutoff: f64, gain: f64) -> Vec<f32> {
    let middle = (count - 1) as f64 / 2.0;
    (0..count)
        .map(|n| {
            let x = n as f64 - middle;
            let sinc = if x == 0.0 {
                1.0
            } else {
                (PI * cutoff * x).sin() / (PI * cutoff * x)
            };
            let place = x / middle;
            let window = bessel(BETA * (1.0 - place * place).max(0.0).sqrt()) / bessel(BETA);
            (sinc * cutoff * gain * window) as f32
        })
        .collect()
}

/// The modified Bessel function of order 0, by its series.
fn bessel(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for k in 1..40 {
        term *= (x / 2.0 / f64::from(k)).powi(2);
        sum += term;
    }
    sum
}

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests;
