//! Comfort noise (RFC 3389): what stands for the sound of a line whose far end sends none while nobody speaks. White, at the
//! level it tells; what it tells of its colour is not used.

use crate::random::Random;

/// The level of a packet without one, and the loudest that is played: whoever claims more is not silent.
const QUIETEST: u8 = 127;
const LOUDEST: u8 = 30;

/// A source of noise.
#[derive(Debug, Clone)]
pub(crate) struct Noise {
    random: Random,
    amplitude: f32,
}

impl Noise {
    /// So many dB below overload, as a packet tells it.
    pub(crate) fn at(level: u8, seed: u64) -> Self {
        let rms = 32_768.0 * 10f32.powf(-f32::from(level.max(LOUDEST)) / 20.0);
        Self {
            random: Random::new(seed),
            // Uniform up to this amplitude.
            amplitude: rms * 3f32.sqrt(),
        }
    }

    /// The next sample.
    pub(crate) fn sample(&mut self) -> i16 {
        (self.amplitude * (2.0 * self.random.fraction() as f32 - 1.0)).round() as i16
    }
}

/// The level of a comfort-noise packet, in dB below overload, 0 to 127.
pub(crate) fn level_of(payload: &[u8]) -> u8 {
    payload.first().map_or(QUIETEST, |level| level & 0x7f)
}
