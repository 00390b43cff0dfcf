//! A piece of sound ready to be sent: 8 kHz samples, both codings of G.711, and 16 kHz where it was recorded so.

use crate::mixer::Rate;
use crate::{Law, SAMPLE_RATE, SoundError, WavError, g711, resample, sound_file, wav};
use std::f64::consts::PI;
use std::fmt;
use std::sync::LazyLock;
use std::time::Duration;

/// Samples at 8 kHz to either side that one between two of them is made of.
const BETWEEN: usize = 16;

/// Recorded sound at 8 kHz, coded beforehand so that playing it is copying, and at 16 kHz too if it was recorded at more
/// than 8. Four or eight bytes a sample; share it by `Arc`.
#[derive(Clone, PartialEq, Eq)]
pub struct Clip {
    samples: Box<[i16]>,
    /// Twice as many; none if there is no more to hear than at 8 kHz.
    wide: Option<Box<[i16]>>,
    pcmu: Box<[u8]>,
    pcma: Box<[u8]>,
}

impl Clip {
    /// A clip of mono samples at 8 kHz.
    pub fn from_samples(samples: &[i16]) -> Clip {
        let coded = |law| samples.iter().map(|&sample| g711::encode(law, sample)).collect();
        Clip {
            samples: samples.into(),
            wide: None,
            pcmu: coded(Law::Pcmu),
            pcma: coded(Law::Pcma),
        }
    }

    /// Reads a RIFF/WAVE file: PCM of 8, 16, 24 or 32 bits, float, mu-law or A-law, mixed to one channel and brought to
    /// 8 kHz from any rate from 4 to 192 kHz. At most [`MAX_WAV_BYTES`](crate::MAX_WAV_BYTES) and
    /// [`MAX_CLIP_SECONDS`](crate::MAX_CLIP_SECONDS). Takes milliseconds a second of sound: not for the media thread.
    ///
    /// # Errors
    /// What is wrong with the file, and at which byte.
    pub fn from_wav(bytes: &[u8]) -> Result<Clip, WavError> {
        wav::read(bytes).map(Clip::from_sound)
    }

    /// Reads a sound file of any kind that prompts may have: WAV as above, MP3, FLAC, or Ogg with Opus or Vorbis, with the
    /// same limits. Takes up to 20 ms a second of sound: not for the media thread.
    ///
    /// # Errors
    /// What is wrong with the file, and what would be right.
    pub fn from_file(bytes: &[u8]) -> Result<Clip, SoundError> {
        sound_file::read(bytes).map(Clip::from_sound)
    }

    fn from_sound(sound: wav::Sound) -> Clip {
        let rounded =
            |samples: Vec<f32>| -> Vec<i16> { samples.iter().map(|s| (s * 32_768.0).round() as i16).collect() };
        let wide = (sound.rate > SAMPLE_RATE).then(|| {
            let wide = resample::to(Rate::Hz16000, &sound.samples, sound.rate);
            rounded(wide)
        });
        let narrow = resample::to(Rate::Hz8000, &sound.samples, sound.rate);
        let mut clip = Clip::from_samples(&rounded(narrow));
        clip.wide = wide.map(|mut wide| {
            wide.resize(clip.samples.len() * 2, 0);
            wide.into()
        });
        clip
    }

    /// Its samples at 8 kHz.
    pub fn samples(&self) -> &[i16] {
        &self.samples
    }

    /// Memory it takes, in bytes.
    pub fn memory(&self) -> usize {
        let wide = self.wide.as_ref().map_or(0, |wide| wide.len() * size_of::<i16>());
        self.samples.len() * (size_of::<i16>() + 2) + wide
    }

    /// How long it sounds.
    pub fn duration(&self) -> Duration {
        Duration::from_micros(self.samples.len() as u64 * 1_000_000 / u64::from(SAMPLE_RATE))
    }

    /// Its bytes in one of the laws.
    pub(crate) fn coded(&self, law: Law) -> &[u8] {
        match law {
            Law::Pcmu => &self.pcmu,
            Law::Pcma => &self.pcma,
        }
    }

    /// Writes samples at 16 kHz from one at 8 kHz on, two for each; there are so many.
    pub(crate) fn copy_wide(&self, from: usize, out: &mut [i16]) {
        if let Some(wide) = &self.wide {
            return out.copy_from_slice(&wide[from * 2..][..out.len()]);
        }
        for (n, pair) in out.chunks_mut(2).enumerate() {
            pair[0] = self.samples[from + n];
            if let Some(between) = pair.get_mut(1) {
                *between = self.between(from + n);
            }
        }
    }

    /// What lies between a sample and the next, by the ideal filter cut off after some samples (a Hann window): flat within
    /// 0.5 dB up to 3.4 kHz, and what it adds above 4.6 kHz is 35 dB down.
    fn between(&self, left: usize) -> i16 {
        let sample = |at: Option<usize>| f32::from(at.and_then(|at| self.samples.get(at)).copied().unwrap_or(0));
        let sum: f32 = BETWEEN_WEIGHTS
            .iter()
            .enumerate()
            .map(|(n, weight)| weight * (sample(left.checked_sub(n)) + sample(Some(left + 1 + n))))
            .sum();
        sum.round().clamp(f32::from(i16::MIN), f32::from(i16::MAX)) as i16
    }
}

/// Weights of the samples to either side, nearest first; together they make 1/2.
static BETWEEN_WEIGHTS: LazyLock<[f32; BETWEEN]> = LazyLock::new(|| {
    let weights: [f64; BETWEEN] = std::array::from_fn(|n| {
        let distance = n as f64 + 0.5;
        let window = 0.5 + 0.5 * (PI * distance / (BETWEEN as f64 + 0.5)).cos();
        (PI * distance).sin() / (PI * distance) * window
    });
    let sum: f64 = weights.iter().sum();
    weights.map(|weight| (weight / sum / 2.0) as f32)
});

impl fmt::Debug for Clip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clip({:?})", self.duration())
    }
}

#[cfg(test)]
mod tests;
