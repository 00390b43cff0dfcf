//! From payloads to samples of the rate that is wanted. One decoder for the whole of a stream, in order: most codecs
//! remember what they decoded before.

use super::Codec;
use crate::mixer::{Rate, Resampler};
use crate::{MAX_PACKET_BYTES, g711};
use audio_codec::Decoder as _;
use audio_codec::g722::G722Decoder;
use ropus::{Channels, DecodeMode};
use std::fmt;

/// Samples of the longest payload at the highest rate: a whole packet of G.722, or of G.711 made wide band.
const MAX_SAMPLES: usize = MAX_PACKET_BYTES * 2;
/// Longest loss Opus is asked to cover at a time, in ms.
const MAX_CONCEALED_MS: usize = 60;

/// What a payload was decoded to.
pub(crate) struct Sound {
    samples: [i16; MAX_SAMPLES],
    length: usize,
}

impl Sound {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        Self {
            samples: [0; MAX_SAMPLES],
            length: 0,
        }
    }

    /// Makes silence of it.
    pub(crate) fn hush(&mut self) {
        self.samples[..self.length].fill(0);
    }

    /// What there is.
    pub(crate) fn samples(&self) -> &[i16] {
        &self.samples[..self.length]
    }
}

/// The decoder of a stream.
pub(crate) struct Decoder {
    core: Core,
    resampler: Option<Box<Resampler>>,
    rate: Rate,
}

enum Core {
    Law(&'static [i16; 256]),
    Linear,
    G722(Box<G722Decoder>),
    Opus(Box<ropus::Decoder>),
}

impl Decoder {
    /// For a stream in a codec, wanted at a rate of at most 16 kHz.
    pub(crate) fn new(codec: Codec, rate: Rate) -> Self {
        let core = match codec {
            Codec::L16Narrow | Codec::L16Wide => Core::Linear,
            Codec::G722 => Core::G722(Box::default()),
            Codec::Opus => Core::Opus(Box::new(
                ropus::Decoder::new(rate.hertz(), Channels::Mono).expect("Opus decodes to every rate there is"),
            )),
            Codec::Pcmu | Codec::Pcma => {
                let law = codec.law().expect("both are G.711");
                Core::Law(g711::samples_of(law))
            }
        };
        let decodes_to = if codec == Codec::Opus { rate } else { codec.rate() };
        let resampler = (decodes_to != rate).then(|| Box::new(Resampler::new(decodes_to, rate)));
        Self { core, resampler, rate }
    }

    /// Decodes the next payload. False, and no sound, if it is damaged.
    pub(crate) fn decode(&mut self, payload: &[u8], sound: &mut Sound) -> bool {
        let Some(resampler) = self.resampler.as_mut() else {
            sound.length = self.core.decode(payload, &mut sound.samples, DecodeMode::Normal);
            return sound.length > 0;
        };
        let mut native = [0; MAX_SAMPLES];
        let length = self.core.decode(payload, &mut native, DecodeMode::Normal);
        sound.length = resampler.convert(&native[..length], &mut sound.samples);
        sound.length > 0
    }

    /// Makes up for a lost payload of so many samples: from the one after it, where that is known and tells. False, and
    /// no sound, if the codec has no way to.
    pub(crate) fn conceal(&mut self, samples: usize, next: Option<&[u8]>, sound: &mut Sound) -> bool {
        sound.length = 0;
        let Core::Opus(_) = self.core else { return false };
        if samples == 0 || samples > MAX_CONCEALED_MS * self.rate.hertz() as usize / 1_000 {
            return false;
        }
        let (packet, mode) = match next {
            Some(next) => (next, DecodeMode::Fec),
            None => (&[][..], DecodeMode::Normal),
        };
        sound.length = self.core.decode(packet, &mut sound.samples[..samples], mode);
        sound.length > 0
    }
}

impl Core {
    fn decode(&mut self, payload: &[u8], out: &mut [i16], mode: DecodeMode) -> usize {
        match self {
            Core::Law(table) => {
                for (out, &byte) in out.iter_mut().zip(payload) {
                    *out = table[usize::from(byte)];
                }
                payload.len().min(out.len())
            }
            Core::Linear => {
                let samples = payload.as_chunks::<2>().0;
                for (out, &bytes) in out.iter_mut().zip(samples) {
                    *out = i16::from_be_bytes(bytes);
                }
                samples.len().min(out.len())
            }
            Core::G722(decoder) => decoder.decode_into(payload, out).unwrap_or(0),
            Core::Opus(decoder) => decoder.decode(payload, out, mode).unwrap_or(0),
        }
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let codec = match self.core {
            Core::Law(_) => "G.711",
            Core::Linear => "L16",
            Core::G722(_) => "G.722",
            Core::Opus(_) => "Opus",
        };
        write!(f, "Decoder({codec} to {} Hz)", self.rate.hertz())
    }
}
