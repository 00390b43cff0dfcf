//! A piece of sound ready to be sent: 8 kHz samples and both codings of them.

use crate::{Codec, SAMPLE_RATE, SoundError, WavError, g711, resample, sound_file, wav};
use std::fmt;
use std::time::Duration;

/// Recorded sound at 8 kHz, coded beforehand so that playing it is copying. Four bytes a sample; share it by `Arc`.
#[derive(Clone, PartialEq, Eq)]
pub struct Clip {
    samples: Box<[i16]>,
    pcmu: Box<[u8]>,
    pcma: Box<[u8]>,
}

impl Clip {
    /// A clip of mono samples at 8 kHz.
    pub fn from_samples(samples: &[i16]) -> Clip {
        let coded = |codec| samples.iter().map(|&sample| g711::encode(codec, sample)).collect();
        Clip {
            samples: samples.into(),
            pcmu: coded(Codec::Pcmu),
            pcma: coded(Codec::Pcma),
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
        let samples: Vec<i16> = resample::to_8_khz(sound.samples, sound.rate)
            .into_iter()
            .map(|s| (s * 32_768.0).round() as i16)
            .collect();
        Clip::from_samples(&samples)
    }

    /// Its samples at 8 kHz.
    pub fn samples(&self) -> &[i16] {
        &self.samples
    }

    /// How long it sounds.
    pub fn duration(&self) -> Duration {
        Duration::from_micros(self.samples.len() as u64 * 1_000_000 / u64::from(SAMPLE_RATE))
    }

    /// Its bytes in a codec.
    pub(crate) fn coded(&self, codec: Codec) -> &[u8] {
        match codec {
            Codec::Pcmu => &self.pcmu,
            Codec::Pcma => &self.pcma,
        }
    }
}

impl fmt::Debug for Clip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clip({:?})", self.duration())
    }
}

#[cfg(test)]
mod tests;
