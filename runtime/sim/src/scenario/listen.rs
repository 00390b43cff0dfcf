//! Listening to a recording as it grows: a known sound by correlation, a tone by its frequency, silence by its level.

use super::likeness::Reference;
use patchcord_media::{SAMPLE_RATE, measure};
use std::time::Duration;

/// A tone or silence is judged in blocks of 40 ms: short enough for its length, long enough to tell 440 from 480 Hz.
pub(super) const BLOCK: usize = 320;
/// A tone is at least this loud.
pub(super) const TONE_DBFS: f64 = -40.0;
/// A block is a tone if nearly all of its power is at that frequency.
pub(super) const TONE_PURITY_DB: f64 = 2.0;
/// Silence is at most this loud.
pub(super) const SILENCE_DBFS: f64 = -50.0;
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
    /// What a known sound is called.
    name: String,
    wanted: Wanted,
    /// Samples looked at without finding it.
    looked: usize,
    /// Blocks in a row that fit, up to now and at most.
    run: usize,
    longest: usize,
    best: f64,
}

impl Ear {
    /// An ear; `name` is what a failure calls the thing, if it is a known sound.
    pub(super) fn new(name: String, wanted: Wanted) -> Self {
        Self {
            name,
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

    /// What is listened for, in words.
    pub(super) fn wanted(&self) -> String {
        match &self.wanted {
            Wanted::Sound { .. } => self.name.clone(),
            Wanted::Tone { hz, blocks } => format!("a tone of {hz} Hz for {} ms", ms(*blocks)),
            Wanted::Silence { blocks } => format!("silence for {} ms", ms(*blocks)),
        }
    }

    /// How near what was heard came to it.
    pub(super) fn closest(&self) -> String {
        match &self.wanted {
            Wanted::Sound { at_least, .. } => {
                format!("it was not heard (likeness {:.2}, enough is {at_least:.2})", self.best)
            }
            Wanted::Tone { .. } | Wanted::Silence { .. } if self.longest == 0 => "there was none".to_owned(),
            Wanted::Tone { .. } | Wanted::Silence { .. } => format!("the longest was {} ms", ms(self.longest)),
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

/// Samples that so much time takes.
pub(super) fn samples(time: Duration) -> usize {
    (time.as_micros() as u64 * u64::from(SAMPLE_RATE) / 1_000_000) as usize
}

fn ms(blocks: usize) -> usize {
    blocks * BLOCK * 1_000 / SAMPLE_RATE as usize
}

fn blocks(for_ms: u64) -> usize {
    (samples(Duration::from_millis(for_ms)) / BLOCK).max(1)
}

#[cfg(test)]
mod tests;
