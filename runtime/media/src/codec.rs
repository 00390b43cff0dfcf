//! The codecs sound goes over RTP in: their clocks, the rates they code, and how much time a payload is.

mod decoder;
mod encoder;
#[cfg(test)]
mod tests;

pub(crate) use decoder::{Decoder, Sound};
pub(crate) use encoder::Encoder;

use crate::Law;
use crate::mixer::Rate;

/// How sound is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711 mu-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
    /// G.722 at 64 kbit/s: wide band, under an RTP clock of 8 kHz (RFC 3551 section 4.5.2).
    G722,
    /// Opus (RFC 6716, RFC 7587). It is received in any band, one or two channels, and passed on as it is; what is coded
    /// here is wide band and one channel.
    Opus,
    /// 16-bit samples at 8 kHz (RFC 3551 section 4.5.11).
    L16Narrow,
    /// 16-bit samples at 16 kHz.
    L16Wide,
}

/// What the far end asks of the Opus that is sent to it (RFC 7587 section 6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpusOptions {
    /// Whether packets may carry what restores the one before (`useinbandfec`); they do once loss is reported.
    pub fec: bool,
    /// Whether silence may go unsent (`usedtx`).
    pub dtx: bool,
    /// Bits a second, 6,000 to 510,000; what is out of range is brought into it.
    pub bit_rate: u32,
}

impl Default for OpusOptions {
    fn default() -> Self {
        Self {
            fec: true,
            dtx: false,
            bit_rate: 24_000,
        }
    }
}

impl Codec {
    /// Ticks a second of its RTP timestamps.
    pub fn clock(self) -> u32 {
        match self {
            Codec::Pcmu | Codec::Pcma | Codec::G722 | Codec::L16Narrow => 8_000,
            Codec::L16Wide => 16_000,
            Codec::Opus => 48_000,
        }
    }

    /// The rate of the sound that is coded.
    pub fn rate(self) -> Rate {
        match self {
            Codec::Pcmu | Codec::Pcma | Codec::L16Narrow => Rate::Hz8000,
            Codec::G722 | Codec::L16Wide | Codec::Opus => Rate::Hz16000,
        }
    }

    /// Its law, if it is G.711.
    pub fn law(self) -> Option<Law> {
        match self {
            Codec::Pcmu => Some(Law::Pcmu),
            Codec::Pcma => Some(Law::Pcma),
            Codec::G722 | Codec::Opus | Codec::L16Narrow | Codec::L16Wide => None,
        }
    }

    /// The time of a payload in ticks of its clock; none for one that is empty or damaged.
    pub fn ticks(self, payload: &[u8]) -> Option<u32> {
        let length = payload.len() as u32;
        let ticks = match self {
            Codec::Pcmu | Codec::Pcma | Codec::G722 => length,
            Codec::L16Narrow | Codec::L16Wide => length / 2,
            Codec::Opus => opus_ticks(payload)?,
        };
        (ticks > 0).then_some(ticks)
    }

    /// Whether a payload says that silence is not sent from now on.
    pub(crate) fn rests(self, payload: &[u8]) -> bool {
        self == Codec::Opus && payload.len() <= OPUS_REST_BYTES
    }

    /// Whether a sound of so many samples of its rate can be one payload of at most so many bytes.
    pub(crate) fn packs(self, samples: usize, room: usize) -> bool {
        match self {
            Codec::Pcmu | Codec::Pcma => samples <= room,
            Codec::G722 => samples.is_multiple_of(2) && samples / 2 <= room,
            Codec::L16Narrow | Codec::L16Wide => samples * 2 <= room,
            Codec::Opus => OPUS_FRAMES.contains(&samples),
        }
    }
}

/// The frames Opus codes, in samples at 16 kHz: 2.5, 5, 10, 20, 40 and 60 ms.
const OPUS_FRAMES: [usize; 6] = [40, 80, 160, 320, 640, 960];
/// Opus packets no longer than this hold no sound (RFC 7587 section 3.1.3).
pub(crate) const OPUS_REST_BYTES: usize = 2;
/// Longest Opus packet: 120 ms.
const OPUS_LONGEST: u32 = 5_760;

/// The time of an Opus packet at 48 kHz (RFC 6716 section 3.1).
fn opus_ticks(packet: &[u8]) -> Option<u32> {
    let (&toc, rest) = packet.split_first()?;
    let frame = match toc >> 3 {
        silk @ 0..12 => [480, 960, 1_920, 2_880][usize::from(silk & 3)],
        hybrid @ 12..16 => [480, 960][usize::from(hybrid & 1)],
        celt => 120 << (celt & 3),
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u32::from(rest.first()? & 0x3f),
    };
    Some(frame * frames).filter(|ticks| *ticks <= OPUS_LONGEST)
}
