//! The pretend voice: what a world's node has texts spoken by. Each word is two tones of its own, as long as it is written;
//! the same text in the same language and voice sounds the same in every world, and no two texts sound alike.

use super::answers::Answers;
use patchcord_control::speech::{Speech, pieces};
use patchcord_media::{Clip, MAX_SEGMENTS, SAMPLE_RATE};
use patchcord_switch::{Query, ToSpeak};
use std::f64::consts::TAU;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a word lasts: so long, and so long for each of its letters.
const WORD_MS: usize = 80;
const LETTER_MS: usize = 40;
/// The pause after a word.
const PAUSE_MS: usize = 40;
/// The two tones of a word lie in these ranges of hertz, below and above the tones of scenarios' handlers.
const LOW_HZ: std::ops::Range<u64> = 200..400;
const HIGH_HZ: std::ops::Range<u64> = 1_800..2_600;
const AMPLITUDE: f64 = 6_000.0;

/// How the pretend voice behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Voice {
    /// It speaks everything, each text after so long.
    Speaks {
        /// From the question to the sound.
        after: Duration,
    },
    /// It takes so long for every text, and nothing is heard meanwhile. At once.
    Drawls {
        /// The length of each sound.
        length: Duration,
    },
    /// It says why not, each time after so long.
    Fails {
        /// What the handler is told.
        why: String,
        /// From the question to the refusal.
        after: Duration,
    },
}

impl Default for Voice {
    fn default() -> Self {
        Voice::Speaks { after: Duration::ZERO }
    }
}

/// A text that the voice was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spoken {
    /// When, from the world's beginning.
    pub at: Duration,
    /// What.
    pub wanted: ToSpeak,
}

/// A text's sound, or why there is none.
type Sound = Result<Arc<Clip>, String>;

/// The voice of a world: what it was asked, and the answers that are not due yet.
#[derive(Debug, Default)]
pub(super) struct Speaker {
    pub(super) voice: Voice,
    asked: Vec<Spoken>,
    pub(super) answers: Answers<Sound>,
}

impl Speaker {
    pub(super) fn asked(&self) -> &[Spoken] {
        &self.asked
    }

    pub(super) fn ask(&mut self, (base, now): (Instant, Instant), query: Query, wanted: ToSpeak) {
        let (after, sound) = match &self.voice {
            Voice::Speaks { after } => (*after, Ok(Arc::new(Clip::from_samples(&spoken(&wanted))))),
            Voice::Drawls { length } => {
                let samples = vec![0; samples_in(length.as_millis() as usize)];
                (Duration::ZERO, Ok(Arc::new(Clip::from_samples(&samples))))
            }
            Voice::Fails { why, after } => (*after, Err(why.clone())),
        };
        self.answers.give(now + after, query, sound);
        let at = now - base;
        self.asked.push(Spoken { at, wanted });
    }
}

/// The sound of a whole text as a world's node speaks it in a prompt of its own, to compare with what is heard; none if
/// nothing can be said of it. Samples at 8 kHz.
pub fn speech(wanted: &Speech) -> Option<Vec<i16>> {
    let pieces = pieces(wanted, MAX_SEGMENTS).ok()?;
    let samples = pieces.into_iter().flat_map(|piece| {
        spoken(&ToSpeak {
            tenant: patchcord_control::ids::Tenant(super::TENANT.to_owned()),
            piece,
            language: wanted.language.clone(),
            voice: wanted.voice.clone(),
        })
    });
    let samples: Vec<i16> = samples.collect();
    (!samples.is_empty()).then_some(samples)
}

/// Words as a phone says them: in the pretend voice, which the pretend recogniser understands. Samples at 8 kHz.
pub fn words_said(text: &str) -> Vec<i16> {
    sound_of(text, 0)
}

fn spoken(wanted: &ToSpeak) -> Vec<i16> {
    let manner = hash(0, wanted.language.as_deref().unwrap_or_default());
    let manner = hash(manner, wanted.voice.as_deref().unwrap_or_default());
    sound_of(wanted.piece.reveal(), manner)
}

fn sound_of(text: &str, manner: u64) -> Vec<i16> {
    let mut samples = Vec::new();
    for word in words(text) {
        let number = hash(manner, &word);
        let within = |range: std::ops::Range<u64>, number: u64| range.start + number % (range.end - range.start);
        let (low, high) = (within(LOW_HZ, number), within(HIGH_HZ, number >> 32));
        let letters = word.chars().count();
        let length = samples_in(WORD_MS + LETTER_MS * letters);
        for at in 0..length {
            // Up and down again, so that no word clicks.
            let envelope = (TAU / 2.0 * at as f64 / length as f64).sin();
            let turn = |hz: u64| (TAU * hz as f64 * at as f64 / f64::from(SAMPLE_RATE)).sin();
            samples.push((AMPLITUDE * envelope * (turn(low) + turn(high))) as i16);
        }
        samples.extend(std::iter::repeat_n(0, samples_in(PAUSE_MS)));
    }
    samples
}

/// What is between the tags, word by word, in lower case.
fn words(ssml: &str) -> Vec<String> {
    let mut text = String::new();
    let mut rest = ssml;
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(before);
        text.push(' ');
        rest = tag.split_once('>').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    let words = text.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

/// FNV-1a: the same on every machine.
fn hash(from: u64, text: &str) -> u64 {
    text.bytes().fold(from ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn samples_in(ms: usize) -> usize {
    ms * SAMPLE_RATE as usize / 1_000
}

#[cfg(test)]
mod tests;
