//! The pretend recogniser of a world's node: it understands what the pretend voice says, word by word, and nothing else.

use super::answers::Answers;
use super::voice::words_said;
use crate::scenario::Reference;
use patchcord_control::words::{Heard, SPOKEN_DIGITS, Said};
use patchcord_media::{Utterance, is_sound, measure};
use patchcord_switch::{Query, ToRecognise};
use std::time::{Duration, Instant};

/// Least correlation of what was said with a phrase, or with a digit.
const LIKENESS: f64 = 0.75;
/// Its energy is so many times the phrase's: more is something else beside it.
const ENERGY: std::ops::RangeInclusive<f64> = 0.65..=1.45;
/// Samples of a frame by which the beginning is found, 20 ms.
const FRAME: usize = 160;
/// How much later than expected a digit may begin: 75 ms.
const LATE: usize = 600;
/// How the pretend recogniser behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listener {
    /// It understands what the pretend voice says, each time after so long.
    Listens {
        /// From the question to the answer.
        after: Duration,
    },
    /// It says why not, each time after so long.
    Fails {
        /// What the handler is told.
        why: String,
        /// From the question to the refusal.
        after: Duration,
    },
}

impl Default for Listener {
    fn default() -> Self {
        Listener::Listens { after: Duration::ZERO }
    }
}

/// The recogniser of a world: what it was asked, and the answers that are not due yet.
#[derive(Debug, Default)]
pub(super) struct Recogniser {
    pub(super) listener: Listener,
    asked: Vec<ToRecognise>,
    pub(super) answers: Answers<Result<Heard, String>>,
}

impl Recogniser {
    pub(super) fn asked(&self) -> &[ToRecognise] {
        &self.asked
    }

    pub(super) fn ask(&mut self, now: Instant, query: Query, wanted: ToRecognise) {
        let (after, heard) = match &self.listener {
            Listener::Listens { after } => (*after, Ok(heard(&wanted))),
            Listener::Fails { why, after } => (*after, Err(why.clone())),
        };
        self.answers.give(now + after, query, heard);
        self.asked.push(wanted);
    }
}

/// The likest of the phrases and the digits, if any is like what was said.
fn heard(wanted: &ToRecognise) -> Heard {
    let phrases = wanted.phrases.iter().filter_map(|phrase| {
        let likeness = like(&wanted.sound, &words_said(phrase.reveal()))?;
        Some((phrase.clone(), likeness))
    });
    let digits = digits(&wanted.sound, wanted.digits).map(|(digits, likeness)| (digits.into(), likeness));
    let likest = phrases.chain(digits).max_by(|(_, a), (_, b)| a.total_cmp(b));
    likest.map_or(Heard::NoMatch, |(phrase, likeness)| {
        let confidence = (likeness * 100.0).min(100.0) as u8;
        Heard::Said(Said { phrase, confidence })
    })
}

/// How like a sound is to what was said, if it is all of it.
fn like(said: &Utterance, sound: &[i16]) -> Option<f64> {
    if !ENERGY.contains(&(energy(said.samples()) / energy(sound))) {
        return None;
    }
    let found = Reference::new(sound.to_vec()).find(said.samples())?;
    Some(found.likeness).filter(|likeness| *likeness >= LIKENESS)
}

/// Digits said one after the other, at most so many, and how like they are.
fn digits(said: &Utterance, most: u8) -> Option<(String, f64)> {
    let samples = said.samples();
    let frames = samples.as_chunks::<FRAME>().0;
    let mut at = frames.iter().position(|frame| is_sound(frame))?.saturating_sub(1) * FRAME;
    let (mut digits, mut sound) = (String::new(), Vec::new());
    while digits.len() < usize::from(most) {
        let candidates = SPOKEN_DIGITS.iter().filter_map(|(word, digit)| {
            let word = words_said(word);
            let window = samples.get(at..(at + word.len() + LATE).min(samples.len()))?;
            let found = measure::find(&word, window)?;
            Some((found.correlation, found.lag, word, *digit))
        });
        let Some((correlation, lag, word, digit)) = candidates.max_by(|a, b| a.0.total_cmp(&b.0)) else {
            break;
        };
        if correlation < LIKENESS {
            break;
        }
        digits.push(digit);
        at += lag + word.len();
        sound.extend(word);
    }
    let likeness = like(said, &sound).filter(|_| !digits.is_empty())?;
    Some((digits, likeness))
}

fn energy(samples: &[i16]) -> f64 {
    samples.iter().map(|sample| f64::from(*sample).powi(2)).sum()
}

#[cfg(test)]
mod tests;
