//! Listening to a recording as it grows: a known sound by correlation, a tone by its frequency, silence by its level.

use super::likeness::Reference;
use patchcord_media::{SAMPLE_RATE, measure};
use std::time::Duration;

/// A tone or silence is judged in blocks of 40 ms: short enough for its length, long enough to tell 440 from 480 Hz.
const BLOCK: usize = 320;
/// A tone is at least this loud.
const TONE_DBFS: f64 = -40.0;
/// A block is a tone if nearly all of its power is at that frequency.
const TONE_PURITY_DB: f64 = 2.0;
/// Silence is at most this loud.
const SILENCE_DBFS: f64 = -50.0;
/// New sound to gather before a known sound is looked for again: looking costs a transform of all that is looked at.
const LOOK_EVERY: usize = 4_000;
/// How much longer a sound may have become on the way.
const SLACK: usize = 4_000;

/// What is listened for.
pub(super) enum Wanted {
    /// This sound.
    Sound { reference: Reference, at_least: f64 },
    /// A tone for so long.
    Tone { hz: f64, blocks: usize },
    /// Silence for so long.
    Silence { blocks: usize },
}

impl Wanted {
    pub(super) fn sound(samples: Vec<i16>, at_least: f64) -> Self {
        Wanted::Sound {
            reference: Reference::new(samples),
            at_least,
        }
    }

    pub(super) fn tone(hz: u32, for_ms: u64) -> Self {
        Wanted::Tone {
            hz: f64::from(hz),
            blocks: blocks(for_ms),
        }
    }

    pub(super) fn silence(for_ms: u64) -> Self {
        Wanted::Silence { blocks: blocks(for_ms) }
    }
}

/// Whether more can come after what was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// The call goes on.
    Growing,
    /// The call is over: this is all.
    Whole,
}

/// An ear for one thing, from one moment on.
pub(super) struct Ear {
    wanted: Wanted,
    /// Samples looked at without finding it.
    looked: usize,
    /// Blocks in a row that fit, up to now and at most.
    run: usize,
    longest: usize,
    best: f64,
}

impl Ear {
    pub(super) fn new(wanted: Wanted) -> Self {
        Self {
            wanted,
            looked: 0,
            run: 0,
            longest: 0,
            best: 0.0,
        }
    }

    /// Looks at what was heard since the ear began to listen. Where the thing ends in it, if it is there.
    pub(super) fn listen(&mut self, heard: &[i16], extent: Heard) -> Option<usize> {
        match &self.wanted {
            Wanted::Sound { reference, at_least } => {
                let least = reference.least();
                let enough = if extent == Heard::Whole {
                    1
                } else {
                    LOOK_EVERY.min(least)
                };
                if heard.len() < least || heard.len() - self.looked < enough {
                    return None;
                }
                // A place where all of it would have been looked at is not looked at again.
                let from = self.looked.saturating_sub(least + SLACK);
                self.looked = heard.len();
                let found = reference.find(&heard[from..])?;
                self.best = self.best.max(found.likeness);
                (found.likeness >= *at_least).then_some(from + found.end)
            }
            Wanted::Tone { hz, blocks } => {
                let (hz, blocks) = (*hz, *blocks);
                self.runs(heard, blocks, |block| {
                    let tone = measure::frequency_dbfs(block, SAMPLE_RATE, hz);
                    tone > TONE_DBFS && measure::level_dbfs(block) - tone < TONE_PURITY_DB
                })
            }
            Wanted::Silence { blocks } => {
                let blocks = *blocks;
                self.runs(heard, blocks, |block| measure::level_dbfs(block) < SILENCE_DBFS)
            }
        }
    }

    /// What was heard instead, for the one who reads that it failed.
    pub(super) fn closest(&self) -> String {
        let ms = |blocks: usize| blocks * BLOCK * 1_000 / SAMPLE_RATE as usize;
        match &self.wanted {
            Wanted::Sound { at_least, .. } => {
                format!(
                    "the best correlation was {:.2}, wanted at least {at_least:.2}",
                    self.best
                )
            }
            Wanted::Tone { hz, blocks } => {
                format!(
                    "the longest tone of {hz} Hz was {} ms, wanted {} ms",
                    ms(self.longest),
                    ms(*blocks)
                )
            }
            Wanted::Silence { blocks } => {
                format!(
                    "the longest silence was {} ms, wanted {} ms",
                    ms(self.longest),
                    ms(*blocks)
                )
            }
        }
    }

    fn runs(&mut self, heard: &[i16], wanted: usize, fits: impl Fn(&[i16]) -> bool) -> Option<usize> {
        while let Some(block) = heard.get(self.looked..self.looked + BLOCK) {
            self.looked += BLOCK;
            self.run = if fits(block) { self.run + 1 } else { 0 };
            self.longest = self.longest.max(self.run);
            if self.run >= wanted {
                return Some(self.looked);
            }
        }
        None
    }
}

/// In words, what a stretch of sound is: for failure texts.
pub(super) fn describe(heard: &[i16]) -> String {
    if heard.len() < BLOCK {
        return "nothing".to_owned();
    }
    let seconds = heard.len() as f64 / f64::from(SAMPLE_RATE);
    let level = measure::level_dbfs(heard);
    let last = &heard[heard.len() - BLOCK..];
    let tone = (100..3_800).step_by(10).map(f64::from).max_by(|a, b| {
        let power = |hz: &f64| measure::frequency_dbfs(last, SAMPLE_RATE, *hz);
        power(a).total_cmp(&power(b))
    });
    let tone = tone.filter(|_| measure::level_dbfs(last) > TONE_DBFS);
    let end = tone.map_or("silence at its end".to_owned(), |hz| {
        format!("strongest at {hz} Hz at its end")
    });
    format!("{seconds:.1} s at {level:.0} dBFS, {end}")
}

/// Samples that so much time takes.
pub(super) fn samples(time: Duration) -> usize {
    (time.as_micros() as u64 * u64::from(SAMPLE_RATE) / 1_000_000) as usize
}

fn blocks(for_ms: u64) -> usize {
    (samples(Duration::from_millis(for_ms)) / BLOCK).max(1)
}

#[cfg(test)]
mod tests;
