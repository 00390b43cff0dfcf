//! Whether a frame is one pure tone, and how long such a tone goes on: the beep of an answering machine, the answer of a
//! fax. Found by the recurrence that every sine obeys, sharpened by the turn of its phase, proved by what it explains of
//! the frame's power.

use crate::{FRAME_SAMPLES, SAMPLE_RATE};
use std::f32::consts::TAU;
use std::ops::RangeInclusive;

/// Frames of a beep: 9 whole ones of 20 ms are at least 180, and what sounds for 200 ms has as many.
const BEEP_FRAMES: u32 = 9;
/// Frames from which an answering tone of a fax is one: 1 s.
const FAX_FRAMES: u32 = 50;
/// Hertz of beeps.
const BEEP_HZ: RangeInclusive<f32> = 300.0..=2_500.0;
/// Hertz of the answering tone: 2,100 and what T.30 allows, and a little more.
const FAX_HZ: RangeInclusive<f32> = 2_080.0..=2_120.0;
/// A steady tone stays within so many hertz of its first frame.
const STEADY_HZ: f32 = 15.0;
/// Its power changes from frame to frame by no more than this factor, 3 dB.
const STEADY_POWER: f32 = 2.0;
/// The part of a frame's power that one sine explains if it is a tone.
const PURE: f32 = 0.88;
/// Half a frame, between which the phase turns.
const HALF: usize = FRAME_SAMPLES / 2;

/// A pure tone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tone {
    hz: f32,
    power: f32,
}

/// What a frame did to the tone that sounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// No tone before, none now.
    None,
    /// Its first frame; another one may have ended before it without having been a beep.
    Began,
    /// One more.
    Goes,
    /// The tone before is over.
    Ended,
}

/// The steady tone that sounds.
#[derive(Debug, Default)]
pub(super) struct Tones {
    first: Option<Tone>,
    last_power: f32,
    frames: u32,
}

/// Whether a tone of so many frames was a beep.
pub(super) fn is_beep(frames: u32) -> bool {
    frames >= BEEP_FRAMES
}

impl Tones {
    /// Takes a frame's tone.
    pub(super) fn next(&mut self, tone: Option<Tone>) -> Step {
        let steady = match (self.first, tone) {
            (Some(first), Some(tone)) => {
                let change = tone.power / self.last_power;
                (first.hz - tone.hz).abs() <= STEADY_HZ && (1.0 / STEADY_POWER..=STEADY_POWER).contains(&change)
            }
            _ => false,
        };
        if let Some(tone) = tone.filter(|_| steady) {
            self.frames += 1;
            self.last_power = tone.power;
            return Step::Goes;
        }
        let was_beep = is_beep(self.frames);
        let step = match (was_beep, tone) {
            (true, _) => Step::Ended,
            (false, Some(_)) => Step::Began,
            (false, None) => Step::None,
        };
        self.first = tone;
        self.frames = u32::from(tone.is_some());
        self.last_power = tone.map_or(0.0, |tone| tone.power);
        step
    }

    /// Frames of the tone that sounds.
    pub(super) fn length(&self) -> u32 {
        self.frames
    }

    /// Whether what sounds is a beep already.
    pub(super) fn is_long(&self) -> bool {
        is_beep(self.frames)
    }

    /// Whether a fax answers.
    pub(super) fn is_fax(&self) -> bool {
        self.frames >= FAX_FRAMES && self.first.is_some_and(|tone| FAX_HZ.contains(&tone.hz))
    }
}

/// The tone a frame consists of, if it is one that may be a beep.
pub(super) fn find(samples: &[i16; FRAME_SAMPLES]) -> Option<Tone> {
    let mut frame = [0.0f32; FRAME_SAMPLES];
    let mean = samples.iter().map(|&s| f32::from(s)).sum::<f32>() / FRAME_SAMPLES as f32;
    for (out, &sample) in frame.iter_mut().zip(samples) {
        *out = f32::from(sample) - mean;
    }
    let turn = rough_turn(&frame)?;
    let turn = turn + phase_turn(&frame, turn) / HALF as f32;
    let hz = turn * SAMPLE_RATE as f32 / TAU;
    if !BEEP_HZ.contains(&hz) {
        return None;
    }
    let energy: f32 = frame.iter().map(|s| s * s).sum();
    let explained = Fit::of(&frame, turn).energy();
    (explained >= PURE * energy).then_some(Tone {
        hz,
        power: energy / FRAME_SAMPLES as f32,
    })
}

/// Radians a sample by least squares of x[n-1] + x[n+1] = 2 cos(turn) x[n].
fn rough_turn(frame: &[f32; FRAME_SAMPLES]) -> Option<f32> {
    let (mut products, mut squares) = (0.0f32, 0.0f32);
    for window in frame.windows(3) {
        products += window[1] * (window[0] + window[2]);
        squares += window[1] * window[1];
    }
    let cosine = products / (2.0 * squares);
    (cosine.abs() < 1.0).then(|| cosine.acos())
}

/// How far the phase of the second half is ahead of where this turn would have it.
fn phase_turn(frame: &[f32; FRAME_SAMPLES], turn: f32) -> f32 {
    let (first, second) = (Fit::of(&frame[..HALF], turn), Fit::of(&frame[HALF..], turn));
    let expected = turn * HALF as f32;
    let difference = second.phase() - first.phase() - expected;
    difference - TAU * (difference / TAU).round()
}

/// The sine of one turn that fits sound best: a cos(n turn) + b sin(n turn).
struct Fit {
    a: f32,
    b: f32,
    energy: f32,
}

impl Fit {
    fn of(sound: &[f32], turn: f32) -> Fit {
        let (step_sin, step_cos) = turn.sin_cos();
        let (mut cos, mut sin) = (1.0f32, 0.0f32);
        let (mut xc, mut xs, mut cc, mut cs) = (0.0f32, 0.0f32, 0.0f32, 0.0f32);
        for x in sound {
            xc += x * cos;
            xs += x * sin;
            cc += cos * cos;
            cs += cos * sin;
            (cos, sin) = (cos * step_cos - sin * step_sin, sin * step_cos + cos * step_sin);
        }
        let ss = sound.len() as f32 - cc;
        let determinant = cc * ss - cs * cs;
        let (a, b) = ((xc * ss - xs * cs) / determinant, (xs * cc - xc * cs) / determinant);
        Fit {
            a,
            b,
            energy: a * xc + b * xs,
        }
    }

    /// The power it explains, times the length.
    fn energy(&self) -> f32 {
        self.energy
    }

    /// Of cos(n turn + phase).
    fn phase(&self) -> f32 {
        (-self.b).atan2(self.a)
    }
}
