//! The tones of keys to be sent, 20 ms at a time: -6 dBm0 for the high tone and -8 dBm0 for the low one (the high ones
//! lose more on the way), with edges of 4 ms. Not here: which sessions send keys as sound.

use super::{FREQUENCIES, tones_of};
use crate::{KeyPress, MAX_KEY_PRESSES};
use std::collections::VecDeque;
use std::f64::consts::TAU;

/// Amplitudes, of which 32,767 is +3.14 dBm0.
const LOW: f64 = 9_087.0;
const HIGH: f64 = 11_440.0;
/// Length of an edge.
const RAMP_MS: u32 = 4;
const FRAME_MS: u32 = 20;
/// Shorter keys and pauses are not sent: no receiver has to hear them (ITU-T Q.24).
const SHORTEST_MS: u16 = 40;

/// The keys a session has to play.
#[derive(Debug, Clone, Default)]
pub struct ToneGenerator {
    waiting: VecDeque<KeyPress>,
    now: Option<Sounding>,
}

#[derive(Debug, Clone)]
struct Sounding {
    turns: [f64; 2],
    /// Samples played, of those with sound and of all.
    played: u32,
    sound: u32,
    all: u32,
    ramp: u32,
}

impl ToneGenerator {
    /// Whether so many more keys have room: [`MAX_KEY_PRESSES`] may wait.
    pub fn has_room(&self, more: usize) -> bool {
        self.waiting.len().saturating_add(more) <= MAX_KEY_PRESSES
    }

    /// Whether a key or the pause after it sounds, or one waits.
    pub fn busy(&self) -> bool {
        self.now.is_some() || !self.waiting.is_empty()
    }

    /// Adds keys, of which those above 15 are left out, as are those that have no room. Keys and pauses shorter than
    /// 40 ms are made 40 ms long.
    pub fn push(&mut self, keys: Vec<KeyPress>) {
        let room = MAX_KEY_PRESSES - self.waiting.len();
        self.waiting
            .extend(keys.into_iter().filter(|key| key.event <= 15).take(room));
    }

    /// Forgets all keys, also the one that sounds.
    pub fn clear(&mut self) {
        self.waiting.clear();
        self.now = None;
    }

    /// Writes the next 20 ms, whose length says at what rate: tones, or the silence between them. How many keys began in
    /// it; none, and nothing written, if nothing is to be played.
    pub fn fill(&mut self, frame: &mut [i16]) -> Option<u64> {
        if !self.busy() {
            return None;
        }
        let per_ms = frame.len() as u32 / FRAME_MS;
        let mut began = 0;
        for out in frame.iter_mut() {
            if self.now.is_none() {
                self.now = self.waiting.pop_front().map(|key| Sounding::new(key, per_ms));
                began += u64::from(self.now.is_some());
            }
            *out = match self.now.as_mut() {
                Some(sounding) => sounding.sample(),
                None => 0,
            };
            if self
                .now
                .as_ref()
                .is_some_and(|sounding| sounding.played == sounding.all)
            {
                self.now = None;
            }
        }
        Some(began)
    }
}

impl Sounding {
    fn new(key: KeyPress, per_ms: u32) -> Self {
        let samples = |ms: u16| u32::from(ms.max(SHORTEST_MS)) * per_ms;
        let sound = samples(key.duration_ms);
        Self {
            turns: tones_of(key.event).map(|tone| TAU * FREQUENCIES[tone] / (f64::from(per_ms) * 1_000.0)),
            played: 0,
            sound,
            all: sound + samples(key.pause_ms),
            ramp: RAMP_MS * per_ms,
        }
    }

    fn sample(&mut self) -> i16 {
        let n = self.played;
        self.played += 1;
        if n >= self.sound {
            return 0;
        }
        let edge = f64::from(n.min(self.sound - n).min(self.ramp)) / f64::from(self.ramp);
        let [low, high] = self.turns.map(|turn| (turn * f64::from(n)).sin());
        ((LOW * low + HIGH * high) * edge).round() as i16
    }
}
