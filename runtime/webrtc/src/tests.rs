//! What the tests of several modules share: noise for parsers, and how long it goes on.

use std::time::{Duration, Instant};

/// How long fuzzing runs: as the environment says, else so many rounds.
#[allow(
    clippy::disallowed_methods,
    reason = "how long it runs is the wish of whoever runs it"
)]
pub(crate) fn fuzz_rounds(default: u64) -> impl Iterator<Item = u64> {
    let seconds = std::env::var("PATCHCORD_FUZZ_SECONDS")
        .ok()
        .and_then(|text| text.parse::<u64>().ok());
    let begun = Instant::now();
    (0..).take_while(move |round| match seconds {
        Some(seconds) => begun.elapsed() < Duration::from_secs(seconds),
        None => *round < default,
    })
}

/// One moment to begin at.
#[allow(
    clippy::disallowed_methods,
    reason = "a test needs one moment to begin at; it never looks again"
)]
pub(crate) fn start() -> Instant {
    Instant::now()
}

/// Chance from a seed (SplitMix64).
pub(crate) struct Noise(u64);

impl Noise {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 up to, not including, so much.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// A model with a few bytes changed, cut out, doubled, or cut off; sometimes nothing but noise.
    pub(crate) fn spoil(&mut self, model: &[u8]) -> Vec<u8> {
        if self.below(16) == 0 {
            return (0..self.below(200)).map(|_| self.next() as u8).collect();
        }
        let mut bytes = model.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len() + 1);
            match self.below(5) {
                0 if at < bytes.len() => bytes[at] = self.next() as u8,
                1 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
                2 => bytes.truncate(at),
                3 => bytes.insert(at, self.next() as u8),
                _ if at < bytes.len() => {
                    let end = at + self.below(bytes.len() - at);
                    bytes.drain(at..end);
                }
                _ => {}
            }
        }
        bytes
    }
}
