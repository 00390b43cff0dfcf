//! Opus packets of an Ogg file (RFC 7845), one stream of one or two channels (mapping family 0).

use super::{Mixed, SoundProblem};
use ropus::{Channels, DecodeMode};
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::packet::Packet;

/// Opus decodes to any of its rates; this one loses nothing.
const RATE: u32 = 48_000;
/// Longest packet: 120 ms.
const MAX_FRAME: usize = 5_760;
/// Bytes of the identification header up to the mapping family, that included.
const HEAD_BYTES: usize = 19;

/// A decoder and what it writes into.
pub(super) struct Decoder {
    decoder: ropus::Decoder,
    channels: usize,
    samples: Vec<f32>,
    /// Samples of a channel still to be left out at the beginning (RFC 7845 section 4.2).
    skip: usize,
}

impl Decoder {
    pub(super) fn new(parameters: &AudioCodecParameters) -> Result<Self, SoundProblem> {
        let head = parameters
            .extra_data
            .as_deref()
            .and_then(|head| head.first_chunk::<HEAD_BYTES>());
        let head = head.ok_or(SoundProblem::Truncated)?;
        let (channels, gain, family) = (usize::from(head[9]), i16::from_le_bytes([head[16], head[17]]), head[18]);
        let layout = match (channels, family) {
            (1, 0) => Channels::Mono,
            (2, 0) => Channels::Stereo,
            _ => return Err(SoundProblem::BadChannels(channels)),
        };
        let mut decoder =
            ropus::Decoder::new(RATE, layout).map_err(|_| SoundProblem::Damaged("no decoder for its header"))?;
        decoder
            .set_gain(i32::from(gain))
            .map_err(|_| SoundProblem::Damaged("its gain"))?;
        Ok(Self {
            decoder,
            channels,
            samples: vec![0.0; MAX_FRAME * channels],
            skip: usize::from(u16::from_le_bytes([head[10], head[11]])),
        })
    }

    /// Adds a packet's sound, less what the file says is none of it. True if it was damaged.
    pub(super) fn packet(&mut self, packet: &Packet, mixed: &mut Mixed) -> Result<bool, SoundProblem> {
        if packet.data.is_empty() {
            return Ok(true);
        }
        let decoded = self
            .decoder
            .decode_float(&packet.data, &mut self.samples, DecodeMode::Normal);
        let Ok(count) = decoded else { return Ok(true) };
        let trim = |trim: u64| usize::try_from(trim).unwrap_or(usize::MAX).min(count);
        let skipped = self.skip.min(count);
        self.skip -= skipped;
        let start = skipped.max(trim(packet.trim_start.get()));
        let end = count - trim(packet.trim_end.get());
        if start < end {
            mixed.add(
                RATE,
                self.channels,
                &self.samples[start * self.channels..end * self.channels],
            )?;
        }
        Ok(false)
    }
}
