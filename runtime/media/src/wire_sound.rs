//! Sound as streams carry it: G.711 mu-law at 8 kHz, or 16 bits (little-endian) at 16 or 24 kHz. Not here: frames of a
//! connection, and when they are sent.

use crate::mixer::{Rate, Resampler};
use crate::{FRAME, Law, g711};
use std::time::Duration;

/// How the sound of a stream is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WireFormat {
    /// G.711 mu-law at 8 kHz.
    Mulaw8k,
    /// 16 bits at 16 kHz.
    L16at16k,
    /// 16 bits at 24 kHz.
    L16at24k,
}

impl WireFormat {
    /// Its rate.
    pub fn rate(self) -> Rate {
        match self {
            Self::Mulaw8k => Rate::Hz8000,
            Self::L16at16k => Rate::Hz16000,
            Self::L16at24k => Rate::Hz24000,
        }
    }

    /// The samples that bytes stand for; none if these are no whole samples.
    pub fn decode(self, bytes: &[u8]) -> Option<Vec<i16>> {
        if self == Self::Mulaw8k {
            let table = g711::samples_of(Law::Pcmu);
            return Some(bytes.iter().map(|&byte| table[usize::from(byte)]).collect());
        }
        let (samples, rest) = bytes.as_chunks::<2>();
        let whole = rest.is_empty();
        whole.then(|| samples.iter().map(|&sample| i16::from_le_bytes(sample)).collect())
    }

    /// How long sound of so many samples is.
    pub fn length(self, samples: u64) -> Duration {
        let nanoseconds = u128::from(samples) * 1_000_000_000 / u128::from(self.rate().hertz());
        Duration::from_nanos(nanoseconds as u64)
    }
}

/// Codes the sound of a tap.
#[derive(Debug)]
pub struct WireEncoder {
    format: WireFormat,
    /// From the rate of what came last; none if that is the rate of the format.
    resampler: Option<(Rate, Resampler)>,
}

impl WireEncoder {
    /// At its beginning.
    pub fn new(format: WireFormat) -> Self {
        Self {
            format,
            resampler: None,
        }
    }

    /// Codes a frame of a tap, which has so many samples a second. Sound of a rate that is not known here becomes silence of
    /// the same length.
    pub fn encode(&mut self, rate: u32, samples: &[i16]) -> Vec<u8> {
        let wanted = self.format.rate();
        let known = [Rate::Hz8000, Rate::Hz16000, Rate::Hz24000, Rate::Hz48000];
        let Some(from) = known.into_iter().find(|known| known.hertz() == rate) else {
            return self.code(&vec![0; (wanted.hertz() as u128 * FRAME.as_millis() / 1_000) as usize]);
        };
        if from == wanted {
            self.resampler = None;
            return self.code(samples);
        }
        let (_, resampler) = match self.resampler.take() {
            Some(known) if known.0 == from => self.resampler.insert(known),
            _ => self.resampler.insert((from, Resampler::new(from, wanted))),
        };
        let mut converted = vec![0; samples.len() * wanted.hertz() as usize / rate as usize];
        let written = resampler.convert(samples, &mut converted);
        self.code(&converted[..written])
    }

    fn code(&self, samples: &[i16]) -> Vec<u8> {
        match self.format {
            WireFormat::Mulaw8k => samples.iter().map(|&sample| g711::encode(Law::Pcmu, sample)).collect(),
            WireFormat::L16at16k | WireFormat::L16at24k => {
                samples.iter().flat_map(|sample| sample.to_le_bytes()).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests;
