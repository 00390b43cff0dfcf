//! From samples to payloads. One encoder for the whole of a stream: most codecs remember what they coded before.

use super::{Codec, OPUS_REST_BYTES, OpusOptions};
use crate::{Law, g711};
use audio_codec::Encoder as _;
use audio_codec::g722::G722Encoder;
use ropus::{Application, Bitrate, Channels, InbandFec};
use std::fmt;

/// How hard Opus tries, 0 to 10: above this one it costs more than is heard of it.
const OPUS_COMPLEXITY: u8 = 5;
/// After so many packets of silence the one coded last says it as well: 200 ms of those of 20 ms.
const SILENCE_SETTLES: u32 = 10;
/// Longest coded silence that is kept.
const SILENCE_BYTES: usize = 64;

/// The encoder of a stream.
pub(crate) enum Encoder {
    /// G.711.
    Law(Law),
    /// 16-bit samples, most significant byte first.
    Linear,
    /// G.722.
    G722(Box<G722Encoder>),
    /// Opus.
    Opus(Box<Opus>),
}

/// Opus, and the silence it coded.
pub(crate) struct Opus {
    encoder: ropus::Encoder,
    dtx: bool,
    loss_percent: u8,
    silent_frames: u32,
    silence: [u8; SILENCE_BYTES],
    silence_length: usize,
    /// How long it is: packets may be longer or shorter later.
    silence_samples: usize,
}

impl Encoder {
    /// For a stream in a codec.
    pub(crate) fn new(codec: Codec, options: OpusOptions) -> Self {
        match codec {
            Codec::Pcmu => Encoder::Law(Law::Pcmu),
            Codec::Pcma => Encoder::Law(Law::Pcma),
            Codec::L16Narrow | Codec::L16Wide => Encoder::Linear,
            Codec::G722 => Encoder::G722(Box::default()),
            Codec::Opus => Encoder::Opus(Box::new(Opus::new(options))),
        }
    }

    /// Codes samples of the codec's rate, a number that [`Codec::packs`]; the length of the payload. 0: nothing is to be
    /// sent for this time.
    pub(crate) fn encode(&mut self, samples: &[i16], out: &mut [u8]) -> usize {
        match self {
            Encoder::Law(law) => {
                for (byte, &sample) in out.iter_mut().zip(samples) {
                    *byte = g711::encode(*law, sample);
                }
                samples.len().min(out.len())
            }
            Encoder::Linear => {
                for (bytes, sample) in out.chunks_exact_mut(2).zip(samples) {
                    bytes.copy_from_slice(&sample.to_be_bytes());
                }
                (samples.len() * 2).min(out.len() / 2 * 2)
            }
            Encoder::G722(encoder) => encoder.encode_into(samples, out).unwrap_or(0),
            Encoder::Opus(opus) => opus.encode(samples, out),
        }
    }

    /// The far end loses so much of what is sent, in percent.
    pub(crate) fn expect_loss(&mut self, percent: u8) {
        if let Encoder::Opus(opus) = self
            && opus.loss_percent != percent
        {
            opus.loss_percent = percent;
            // Out of range only above 100.
            let _ = opus.encoder.set_packet_loss_perc(percent.min(100));
        }
    }
}

impl Opus {
    fn new(options: OpusOptions) -> Self {
        let bits = options.bit_rate.clamp(6_000, 510_000);
        let fec = if options.fec {
            InbandFec::Enabled
        } else {
            InbandFec::Disabled
        };
        let encoder = ropus::Encoder::builder(Codec::Opus.rate().hertz(), Channels::Mono, Application::Voip)
            .bitrate(Bitrate::try_bits(bits).expect("it was brought into range"))
            .complexity(OPUS_COMPLEXITY)
            .inband_fec(fec)
            .dtx(options.dtx)
            .build()
            .expect("every setting is in its range");
        Self {
            encoder,
            dtx: options.dtx,
            loss_percent: 0,
            silent_frames: 0,
            silence: [0; SILENCE_BYTES],
            silence_length: 0,
            silence_samples: 0,
        }
    }

    fn encode(&mut self, samples: &[i16], out: &mut [u8]) -> usize {
        let silent = samples.iter().all(|&sample| sample == 0);
        if !silent {
            self.silent_frames = 0;
            self.silence_length = 0;
        } else if self.silent_frames >= SILENCE_SETTLES
            && self.silence_length > 0
            && self.silence_samples == samples.len()
        {
            out[..self.silence_length].copy_from_slice(&self.silence[..self.silence_length]);
            return self.silence_length;
        }
        let Ok(length) = self.encoder.encode(samples, out) else {
            return 0;
        };
        if silent {
            self.silent_frames += 1;
            // One length of frame is enough: what nobody says comes in packets of one length.
            if !self.dtx && length <= SILENCE_BYTES {
                self.silence[..length].copy_from_slice(&out[..length]);
                self.silence_length = length;
                self.silence_samples = samples.len();
            }
        }
        if self.dtx && length <= OPUS_REST_BYTES {
            0
        } else {
            length
        }
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Encoder::Law(_) => "Encoder(G.711)",
            Encoder::Linear => "Encoder(L16)",
            Encoder::G722(_) => "Encoder(G.722)",
            Encoder::Opus(_) => "Encoder(Opus)",
        })
    }
}
