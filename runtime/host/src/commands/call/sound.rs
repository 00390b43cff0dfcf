//! What a recording holds: stretches of sound and tones with their times and levels. Measured, for people and scripts.

use patchcord_media::{SAMPLE_RATE, measure};

/// What is measured at once: 50 ms, so that frequencies are told apart to 20 Hz and times to 50 ms.
const WINDOW: usize = SAMPLE_RATE as usize / 20;
/// Quieter than this is silence.
pub(crate) const SILENCE_DBFS: f64 = -45.0;
/// A window is a tone if one frequency holds all of its power but this much, in decibels.
const TONE_SHARE_DB: f64 = 0.6;
/// Frequencies looked for, in hertz.
const LOWEST_HZ: u32 = 200;
const HIGHEST_HZ: u32 = 3_600;
const STEP_HZ: u32 = 10;
/// Windows whose strongest frequencies differ by no more belong to one tone.
const SAME_TONE_HZ: u32 = 20;
/// A tone is at least so many windows long; shorter ones are a vowel or a click.
const TONE_WINDOWS: usize = 4;
/// Silence of fewer windows is a breath within speech.
const BREATH_WINDOWS: usize = 6;
/// At most so much of a tone is looked at to measure its frequency to a hertz.
const FINE_SAMPLES: usize = SAMPLE_RATE as usize;

/// A stretch of a recording that is not silence.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stretch {
    /// Where it begins, in seconds of the recording.
    pub(crate) start_s: f64,
    /// How long it is.
    pub(crate) length_s: f64,
    /// Its level; 0 is a sine that just fits.
    pub(crate) level_dbfs: f64,
    /// Its frequency in hertz if it is a single tone.
    pub(crate) tone_hz: Option<u32>,
}

/// What a window is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Silence,
    Sound,
    Tone(u32),
}

impl Kind {
    fn of(window: &[i16]) -> Kind {
        let level = measure::level_dbfs(window);
        if level < SILENCE_DBFS {
            return Kind::Silence;
        }
        let (hz, power) = strongest(window, (LOWEST_HZ..=HIGHEST_HZ).step_by(STEP_HZ as usize));
        if power >= level - TONE_SHARE_DB {
            Kind::Tone(hz)
        } else {
            Kind::Sound
        }
    }

    fn goes_with(self, other: Kind) -> bool {
        match (self, other) {
            (Kind::Tone(one), Kind::Tone(two)) => one.abs_diff(two) <= SAME_TONE_HZ,
            _ => self == other,
        }
    }
}

/// Equal windows in a row.
#[derive(Debug, Clone, Copy)]
struct Run {
    kind: Kind,
    windows: usize,
}

/// The stretches of a recording at 8 kHz, in order.
pub(crate) fn stretches(samples: &[i16]) -> Vec<Stretch> {
    let kinds = samples.chunks(WINDOW).map(Kind::of);
    let runs = merge(kinds.map(|kind| Run { kind, windows: 1 }));
    let runs = settle(&runs);
    let mut found = Vec::new();
    let mut at = 0;
    for run in runs {
        let end = samples.len().min(at + run.windows * WINDOW);
        if run.kind != Kind::Silence {
            found.push(stretch(&samples[at..end], at, run.kind));
        }
        at = end;
    }
    found
}

fn merge(runs: impl Iterator<Item = Run>) -> Vec<Run> {
    let mut merged: Vec<Run> = Vec::new();
    for run in runs {
        match merged.last_mut().filter(|last| last.kind.goes_with(run.kind)) {
            Some(last) => last.windows += run.windows,
            None => merged.push(run),
        }
    }
    merged
}

/// Makes tones that are too short sound, breaths part of the speech around them, and the half-filled window at either end
/// of a tone part of the tone.
fn settle(runs: &[Run]) -> Vec<Run> {
    let mut runs = runs.to_vec();
    for run in &mut runs {
        if matches!(run.kind, Kind::Tone(_)) && run.windows < TONE_WINDOWS {
            run.kind = Kind::Sound;
        }
    }
    let mut runs = merge(runs.into_iter());
    for i in 0..runs.len() {
        let before = i.checked_sub(1).map(|i| runs[i].kind);
        let after = runs.get(i + 1).map(|run| run.kind);
        let is_tone = |kind: Option<Kind>| kind.filter(|kind| matches!(kind, Kind::Tone(_)));
        let tone = is_tone(before).or(is_tone(after));
        match runs[i] {
            Run {
                kind: Kind::Sound,
                windows: 1,
            } => runs[i].kind = tone.unwrap_or(Kind::Sound),
            Run {
                kind: Kind::Silence,
                windows,
            } => {
                let within_speech = before == Some(Kind::Sound) && after == Some(Kind::Sound);
                if within_speech && windows < BREATH_WINDOWS {
                    runs[i].kind = Kind::Sound;
                }
            }
            _ => {}
        }
    }
    merge(runs.into_iter())
}

fn stretch(samples: &[i16], start: usize, kind: Kind) -> Stretch {
    let tone_hz = match kind {
        Kind::Tone(about) => {
            // The middle second is surely all tone.
            let middle = samples.len().saturating_sub(FINE_SAMPLES) / 2;
            let part = &samples[middle..samples.len().min(middle + FINE_SAMPLES)];
            Some(strongest(part, about.saturating_sub(STEP_HZ)..=about + STEP_HZ).0)
        }
        Kind::Silence | Kind::Sound => None,
    };
    Stretch {
        start_s: seconds(start),
        length_s: seconds(samples.len()),
        level_dbfs: measure::level_dbfs(samples),
        tone_hz,
    }
}

/// The strongest of some frequencies and its level.
fn strongest(samples: &[i16], candidates: impl Iterator<Item = u32>) -> (u32, f64) {
    let levels = candidates.map(|hz| (hz, measure::frequency_dbfs(samples, SAMPLE_RATE, f64::from(hz))));
    levels.fold(
        (0, f64::NEG_INFINITY),
        |best, next| if next.1 > best.1 { next } else { best },
    )
}

/// Samples in seconds.
pub(crate) fn seconds(samples: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a recording has far fewer than 2^52 samples")]
    let samples = samples as f64;
    samples / f64::from(SAMPLE_RATE)
}

#[cfg(test)]
mod tests;
