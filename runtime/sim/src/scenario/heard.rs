//! What was heard, in words, for the one who reads that a step failed: stretches of a tone, of silence, of other sound.

use super::listen::{BLOCK, SILENCE_DBFS, TONE_DBFS, TONE_PURITY_DB};
use patchcord_media::{SAMPLE_RATE, measure};

/// Only the last half minute is put in words: what sounded before it does not explain why something is missing now.
const LATEST: usize = 30 * SAMPLE_RATE as usize;
/// Stretches named; of more only the last.
const STRETCHES: usize = 6;
/// A stretch of fewer blocks (120 ms) goes with the one before: the edges of tones and words are neither.
const SHORT: usize = 3;
/// Tones are told apart to 10 Hz.
const HZ_STEP: usize = 10;
const HZ: std::ops::Range<usize> = 100..3_800;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Silence,
    Tone(usize),
    Sound,
}

/// In words, what a stretch of sound holds.
pub(super) fn describe(heard: &[i16]) -> String {
    let latest = &heard[heard.len().saturating_sub(LATEST)..];
    let stretches = stretches(latest);
    let Some(((kind, blocks), before)) = stretches.split_last() else {
        return "nothing at all".to_owned();
    };
    if before.is_empty() && *kind == Kind::Silence {
        return format!("only silence, for {}", seconds(*blocks));
    }
    let from = stretches.len().saturating_sub(STRETCHES);
    let words: Vec<String> = stretches[from..]
        .iter()
        .map(|(kind, blocks)| match kind {
            Kind::Silence => format!("{} of silence", seconds(*blocks)),
            Kind::Tone(hz) => format!("a tone of {hz} Hz for {}", seconds(*blocks)),
            Kind::Sound => format!("{} of other sound", seconds(*blocks)),
        })
        .collect();
    let earlier = if from > 0 || latest.len() < heard.len() {
        "at last "
    } else {
        ""
    };
    format!("{earlier}{}", words.join(", "))
}

/// Kinds and their lengths in blocks.
fn stretches(heard: &[i16]) -> Vec<(Kind, usize)> {
    let mut found: Vec<(Kind, usize)> = Vec::new();
    for block in heard.chunks_exact(BLOCK) {
        let kind = kind(block);
        match found.last_mut() {
            Some((last, blocks)) if *last == kind => *blocks += 1,
            _ => found.push((kind, 1)),
        }
    }
    let mut long: Vec<(Kind, usize)> = Vec::new();
    for (kind, blocks) in found {
        match long.last_mut() {
            Some((last, so_far)) if *last == kind || blocks < SHORT => *so_far += blocks,
            // What begins with a short stretch begins with the next one.
            Some(last) if last.1 < SHORT => *last = (kind, last.1 + blocks),
            _ => long.push((kind, blocks)),
        }
    }
    long
}

fn kind(block: &[i16]) -> Kind {
    let level = measure::level_dbfs(block);
    if level < SILENCE_DBFS {
        return Kind::Silence;
    }
    let power = |hz: usize| measure::frequency_dbfs(block, SAMPLE_RATE, hz as f64);
    let strongest = HZ.step_by(HZ_STEP).max_by(|a, b| power(*a).total_cmp(&power(*b)));
    match strongest {
        Some(hz) if power(hz) > TONE_DBFS && level - power(hz) < TONE_PURITY_DB => Kind::Tone(hz),
        _ => Kind::Sound,
    }
}

fn seconds(blocks: usize) -> String {
    format!("{:.1} s", (blocks * BLOCK) as f64 / f64::from(SAMPLE_RATE))
}

#[cfg(test)]
mod tests;
