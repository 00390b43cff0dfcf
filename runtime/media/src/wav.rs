//! RIFF/WAVE files in and out. Read: PCM of 8 to 32 bits, float of 32 and 64, mu-law and A-law, any number of channels up to
//! 32, mixed to one. Not here: other rates ([`Clip`](crate::Clip)), RF64, compressed codings.

use crate::{MAX_CLIP_SECONDS, MAX_WAV_BYTES, g711};
use std::fmt;

/// Lowest and highest rate read.
const RATES: std::ops::RangeInclusive<u32> = 4_000..=192_000;
/// Most channels read.
const MAX_CHANNELS: u16 = 32;
/// The length a program writes that could not know it when it began (a pipe): the sound goes to the end of the file.
const UNKNOWN_LENGTH: u32 = u32::MAX;
const HEADER_BYTES: usize = 44;

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
        match self.what {
            WavProblem::NotWav => f.write_str("not a WAV file: it does not begin with RIFF and WAVE")?,
            WavProblem::Truncated => f.write_str("the file is cut off")?,
            WavProblem::NoFormat => f.write_str("no `fmt ` part before the sound")?,
            WavProblem::NoSound => f.write_str("no sound in it")?,
            WavProblem::UnknownCoding(tag) => {
                write!(f, "coding {tag} is not read; use PCM, float, mu-law or A-law")?;
            }
            WavProblem::BadSampleSize(bits) => write!(f, "{bits} bits in a sample do not go with its coding")?,
            WavProblem::BadChannels(channels) => write!(f, "{channels} channels; 1 to {MAX_CHANNELS} are read")?,
            WavProblem::BadRate(rate) => {
                write!(f, "{rate} Hz; {} to {} are read", RATES.start(), RATES.end())?;
            }
            WavProblem::TooLarge => write!(f, "larger than {} MiB", MAX_WAV_BYTES >> 20)?,
            WavProblem::TooLong => write!(f, "longer than {MAX_CLIP_SECONDS} seconds")?,
        }
        write!(f, " (at byte {})", self.at)
    }
}

impl std::error::Error for WavError {}

/// A whole WAV file of mono 16-bit PCM.
pub fn write_wav(rate: u32, samples: &[i16]) -> Vec<u8> {
    let mut writer = WavWriter::new(rate);
    writer.push(samples);
    writer.finish()
}

/// A WAV file of mono 16-bit PCM that grows in memory, 16 kB a second at 8 kHz; whoever feeds it bounds it.
#[derive(Debug, Clone)]
pub struct WavWriter {
    bytes: Vec<u8>,
}

impl WavWriter {
    /// An empty file of this rate in hertz.
    pub fn new(rate: u32) -> Self {
        Self {
            bytes: wav_header(rate, 1, 0).to_vec(),
        }
    }

    /// Adds sound.
    pub fn push(&mut self, samples: &[i16]) {
        self.bytes
            .extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    }

    /// The file.
    pub fn finish(mut self) -> Vec<u8> {
        let length = |bytes: usize| u32::try_from(bytes).unwrap_or(UNKNOWN_LENGTH).to_le_bytes();
        let (riff, data) = (length(self.bytes.len() - 8), length(self.bytes.len() - HEADER_BYTES));
        self.bytes[4..8].copy_from_slice(&riff);
        self.bytes[HEADER_BYTES - 4..HEADER_BYTES].copy_from_slice(&data);
        self.bytes
    }
}

/// The header of a file of 16-bit PCM with so many bytes of sound; more than it can name are told as of unknown length.
pub(crate) fn wav_header(rate: u32, channels: u16, data_bytes: u64) -> [u8; HEADER_BYTES] {
    let length = |bytes: u64| u32::try_from(bytes).unwrap_or(UNKNOWN_LENGTH).to_le_bytes();
    let block = channels.saturating_mul(2);
    let mut header = [0; HEADER_BYTES];
    header[..4].copy_from_slice(b"RIFF");
    header[4..8].copy_from_slice(&length(data_bytes.saturating_add(HEADER_BYTES as u64 - 8)));
    header[8..16].copy_from_slice(b"WAVEfmt ");
    header[16..20].copy_from_slice(&16u32.to_le_bytes());
    header[20..22].copy_from_slice(&1u16.to_le_bytes());
    header[22..24].copy_from_slice(&channels.to_le_bytes());
    header[24..28].copy_from_slice(&rate.to_le_bytes());
    header[28..32].copy_from_slice(&rate.saturating_mul(u32::from(block)).to_le_bytes());
    header[32..34].copy_from_slice(&block.to_le_bytes());
    header[34..36].copy_from_slice(&16u16.to_le_bytes());
    header[36..40].copy_from_slice(b"data");
    header[40..].copy_from_slice(&length(data_bytes));
    header
}

/// The sound of a file, mixed to one channel, -1 to 1.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sound {
    pub(crate) rate: u32,
    pub(crate) samples: Vec<f32>,
}

#[derive(Debug, Clone, Copy)]
struct Format {
    coding: Coding,
    channels: u16,
    rate: u32,
}

#[derive(Debug, Clone, Copy)]
enum Coding {
    Pcm8,
    Pcm16,
    Pcm24,
    Pcm32,
    Float32,
    Float64,
    Pcmu,
    Pcma,
}

/// Reads a file. Memory: four bytes for each sampling moment of the file.
pub(crate) fn read(file: &[u8]) -> Result<Sound, WavError> {
    if file.len() > MAX_WAV_BYTES {
        return Err(WavError {
            what: WavProblem::TooLarge,
            at: MAX_WAV_BYTES,
        });
    }
    if file.get(..4) != Some(b"RIFF") || file.get(8..12) != Some(b"WAVE") {
        return Err(WavError {
            what: WavProblem::NotWav,
            at: 0,
        });
    }
    let mut format = None;
    let mut at = 12;
    while at < file.len() {
        let truncated = WavError {
            what: WavProblem::Truncated,
            at,
        };
        let head = file.get(at..at + 8).ok_or(truncated)?;
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
        let body_at = at + 8;
        let body = if length == UNKNOWN_LENGTH && &head[..4] == b"data" {
            &file[body_at..]
        } else {
            file.get(body_at..)
                .and_then(|rest| rest.get(..length as usize))
                .ok_or(truncated)?
        };
        match &head[..4] {
            b"fmt " => format = Some(read_format(body, body_at)?),
            b"data" => {
                let format = format.ok_or(WavError {
                    what: WavProblem::NoFormat,
                    at,
                })?;
                return mix(format, body, body_at);
            }
            _ => {}
        }
        // Parts begin at even bytes.
        at = body_at + body.len() + body.len() % 2;
    }
    Err(WavError {
        what: WavProblem::NoSound,
        at: file.len(),
    })
}

fn read_format(body: &[u8], at: usize) -> Result<Format, WavError> {
    let wrong = |what, offset| WavError { what, at: at + offset };
    let half = |offset: usize| body.get(offset..offset + 2).map(|b| u16::from_le_bytes([b[0], b[1]]));
    let truncated = wrong(WavProblem::Truncated, body.len());
    let fixed = body.first_chunk::<16>().ok_or(truncated)?;
    let (mut tag, channels) = (
        u16::from_le_bytes([fixed[0], fixed[1]]),
        u16::from_le_bytes([fixed[2], fixed[3]]),
    );
    let rate = u32::from_le_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]);
    let (block, bits) = (
        u16::from_le_bytes([fixed[12], fixed[13]]),
        u16::from_le_bytes([fixed[14], fixed[15]]),
    );
    if tag == 0xfffe {
        // The extensible form: the first half of the sub-format is the tag.
        tag = half(24).ok_or(truncated)?;
    }
    if channels == 0 || channels > MAX_CHANNELS {
        return Err(wrong(WavProblem::BadChannels(channels), 2));
    }
    if !RATES.contains(&rate) {
        return Err(wrong(WavProblem::BadRate(rate), 4));
    }
    let coding = match (tag, bits) {
        (1, 8) => Coding::Pcm8,
        (1, 16) => Coding::Pcm16,
        (1, 24) => Coding::Pcm24,
        (1, 32) => Coding::Pcm32,
        (3, 32) => Coding::Float32,
        (3, 64) => Coding::Float64,
        (6, 8) => Coding::Pcma,
        (7, 8) => Coding::Pcmu,
        (1 | 3 | 6 | 7, _) => return Err(wrong(WavProblem::BadSampleSize(bits), 14)),
        _ => return Err(wrong(WavProblem::UnknownCoding(tag), 0)),
    };
    if usize::from(block) != usize::from(channels) * coding.bytes() {
        return Err(wrong(WavProblem::BadSampleSize(bits), 12));
    }
    Ok(Format { coding, channels, rate })
}

fn mix(format: Format, body: &[u8], at: usize) -> Result<Sound, WavError> {
    let (size, channels) = (format.coding.bytes(), usize::from(format.channels));
    let moments = body.len() / (size * channels);
    if moments == 0 {
        return Err(WavError {
            what: WavProblem::NoSound,
            at,
        });
    }
    if moments as u64 > u64::from(format.rate) * u64::from(MAX_CLIP_SECONDS) {
        return Err(WavError {
            what: WavProblem::TooLong,
            at,
        });
    }
    let samples = body
        .chunks_exact(size * channels)
        .map(|moment| {
            let sum: f32 = moment
                .chunks_exact(size)
                .map(|sample| format.coding.sample(sample))
                .sum();
            sum / channels as f32
        })
        .collect();
    Ok(Sound {
        rate: format.rate,
        samples,
    })
}

impl Coding {
    fn bytes(self) -> usize {
        match self {
            Coding::Pcm8 | Coding::Pcmu | Coding::Pcma => 1,
            Coding::Pcm16 => 2,
            Coding::Pcm24 => 3,
            Coding::Pcm32 | Coding::Float32 => 4,
            Coding::Float64 => 8,
        }
    }

    /// One sample, -1 to 1; what a float file has outside that, or as no number, is cut to it.
    fn sample(self, b: &[u8]) -> f32 {
        let value = match self {
            Coding::Pcm8 => (f32::from(b[0]) - 128.0) / 128.0,
            Coding::Pcm16 => f32::from(i16::from_le_bytes([b[0], b[1]])) / 32_768.0,
            Coding::Pcm24 => i32::from_le_bytes([0, b[0], b[1], b[2]]) as f32 / 2_147_483_648.0,
            Coding::Pcm32 => i32::from_le_bytes([b[0], b[1], b[2], b[3]]) as f32 / 2_147_483_648.0,
            Coding::Float32 => f32::from_le_bytes([b[0], b[1], b[2], b[3]]),
            Coding::Float64 => f64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]) as f32,
            Coding::Pcmu => f32::from(g711::FROM_PCMU[usize::from(b[0])]) / 32_768.0,
            Coding::Pcma => f32::from(g711::FROM_PCMA[usize::from(b[0])]) / 32_768.0,
        };
        if value.is_nan() { 0.0 } else { value.clamp(-1.0, 1.0) }
    }
}

#[cfg(test)]
mod tests;
