//! Sound files of any kind that people have for prompts: WAV, MP3, FLAC, and Ogg with Opus or Vorbis, told apart by how they
//! begin and not by their names. Mixed to one channel; other rates are `resample`'s. Not here: streams, tags, pictures.
//!
//! The files are a stranger's: what is wrong with one is a value, its size and length are limited, and a decoder that breaks
//! on it breaks nothing else.

mod opus;

use crate::{MAX_CLIP_SECONDS, MAX_WAV_BYTES, WavError, wav};
use std::fmt;
use std::io::{Cursor, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use symphonia::core::audio::GenericAudioBufferRef;
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::Packet;

/// Lowest and highest rate read.
const RATES: std::ops::RangeInclusive<u32> = 4_000..=192_000;
/// Most channels read.
const MAX_CHANNELS: usize = 8;
/// Packets that may be damaged in a file: an MP3 that was cut out of another one begins with some that refer to what was
/// before.
const MAX_DAMAGED: u32 = 4;

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SoundFormat {
    /// RIFF/WAVE.
    Wav,
    /// MPEG 1, 2 or 2.5, layer 3.
    Mp3,
    /// FLAC in its own container.
    Flac,
    /// Ogg with Opus or Vorbis.
    Ogg,
}

impl fmt::Display for SoundFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SoundFormat::Wav => "WAV",
            SoundFormat::Mp3 => "MP3",
            SoundFormat::Flac => "FLAC",
            SoundFormat::Ogg => "Ogg",
        })
    }
}

/// Why a sound file was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoundError {
    /// What kind of file it is; none if that is not known.
    pub format: Option<SoundFormat>,
    /// What is wrong.
    pub what: SoundProblem,
}

/// What can be wrong with a sound file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SoundProblem {
    /// It begins like none of the kinds.
    UnknownFormat,
    /// A WAV file, and what is wrong with it.
    Wav(WavError),
    /// Larger than [`MAX_WAV_BYTES`](crate::MAX_WAV_BYTES).
    TooLarge,
    /// Longer than [`MAX_CLIP_SECONDS`](crate::MAX_CLIP_SECONDS).
    TooLong,
    /// No sound in it.
    NoSound,
    /// It ends in the middle of something.
    Truncated,
    /// It cannot be read; the reader's own words.
    Damaged(&'static str),
    /// A coding that is not read.
    UnknownCoding,
    /// A rate outside 4,000 to 192,000 hertz.
    BadRate(u32),
    /// No channel, or more than eight; with Opus more than two.
    BadChannels(usize),
    /// The decoder itself broke on it.
    DecoderBroke,
}

impl fmt::Display for SoundError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(format), false) = (self.format, matches!(self.what, SoundProblem::Wav(_))) {
            write!(f, "as {format}: ")?;
        }
        match &self.what {
            SoundProblem::UnknownFormat => {
                f.write_str("it begins like no sound file; use WAV, MP3, FLAC, or Ogg with Opus or Vorbis")
            }
            SoundProblem::Wav(why) => write!(f, "{why}"),
            SoundProblem::TooLarge => write!(f, "larger than {} MiB, the limit of a prompt", MAX_WAV_BYTES >> 20),
            SoundProblem::TooLong => write!(f, "longer than {MAX_CLIP_SECONDS} seconds, the limit of a prompt"),
            SoundProblem::NoSound => f.write_str("no sound in it"),
            SoundProblem::Truncated => f.write_str("the file is cut off; make it anew from the original"),
            SoundProblem::Damaged(why) => write!(f, "damaged ({why}); make it anew from the original"),
            SoundProblem::UnknownCoding => {
                f.write_str("its coding is not read; use MP3, FLAC, Opus, Vorbis, or PCM in a WAV file")
            }
            SoundProblem::BadRate(rate) => {
                write!(f, "{rate} Hz; {} to {} are read", RATES.start(), RATES.end())
            }
            SoundProblem::BadChannels(channels) => {
                write!(
                    f,
                    "{channels} channels; one or two are read, and up to {MAX_CHANNELS} but with Opus"
                )
            }
            SoundProblem::DecoderBroke => f.write_str("the decoder broke on it; make it anew from the original"),
        }
    }
}

impl std::error::Error for SoundError {}

/// The kind of a file by its first bytes.
pub(crate) fn format(bytes: &[u8]) -> Option<SoundFormat> {
    match bytes {
        [b'R', b'I', b'F', b'F', ..] => Some(SoundFormat::Wav),
        [b'f', b'L', b'a', b'C', ..] => Some(SoundFormat::Flac),
        [b'O', b'g', b'g', b'S', ..] => Some(SoundFormat::Ogg),
        [b'I', b'D', b'3', ..] => Some(SoundFormat::Mp3),
        // Eleven bits of ones, then no reserved version, and layer 3.
        [0xff, second, ..] if second & 0xe6 == 0xe2 && second & 0x18 != 0x08 => Some(SoundFormat::Mp3),
        _ => None,
    }
}

/// The sound of a file, mixed to one channel, -1 to 1.
pub(crate) fn read(bytes: &[u8]) -> Result<wav::Sound, SoundError> {
    let format = format(bytes);
    let wrong = |what| SoundError { format, what };
    match format {
        None => Err(wrong(SoundProblem::UnknownFormat)),
        Some(SoundFormat::Wav) => wav::read(bytes).map_err(|why| wrong(SoundProblem::Wav(why))),
        Some(_) if bytes.len() > MAX_WAV_BYTES => Err(wrong(SoundProblem::TooLarge)),
        Some(_) => catch_unwind(AssertUnwindSafe(|| decode(bytes)))
            .unwrap_or(Err(SoundProblem::DecoderBroke))
            .map_err(wrong),
    }
}

/// Sound as it comes out of a decoder.
struct Mixed {
    rate: u32,
    samples: Vec<f32>,
}

impl Mixed {
    /// Adds samples whose channels are interleaved.
    fn add(&mut self, rate: u32, channels: usize, interleaved: &[f32]) -> Result<(), SoundProblem> {
        if !RATES.contains(&rate) {
            return Err(SoundProblem::BadRate(rate));
        }
        if channels == 0 || channels > MAX_CHANNELS {
            return Err(SoundProblem::BadChannels(channels));
        }
        if self.rate != 0 && self.rate != rate {
            return Err(SoundProblem::Damaged("its rate changes on the way"));
        }
        self.rate = rate;
        let moments = interleaved.chunks_exact(channels);
        if (self.samples.len() + moments.len()) as u64 > u64::from(rate) * u64::from(MAX_CLIP_SECONDS) {
            return Err(SoundProblem::TooLong);
        }
        let mean = |moment: &[f32]| moment.iter().sum::<f32>() / channels as f32;
        let mixed = moments.map(mean);
        self.samples
            .extend(mixed.map(|sample| if sample.is_nan() { 0.0 } else { sample.clamp(-1.0, 1.0) }));
        Ok(())
    }
}

/// What turns packets into samples.
enum Decoder {
    Library(Box<dyn AudioDecoder>),
    Opus(Box<opus::Decoder>),
}

impl Decoder {
    fn of(parameters: &AudioCodecParameters) -> Result<Self, SoundProblem> {
        if parameters.codec == CODEC_ID_OPUS {
            return opus::Decoder::new(parameters).map(Box::new).map(Decoder::Opus);
        }
        symphonia::default::get_codecs()
            .make_audio_decoder(parameters, &AudioDecoderOptions::default())
            .map(Decoder::Library)
            .map_err(|error| problem(&error))
    }

    /// Adds a packet's sound. True if it was damaged, which some may be.
    fn packet(&mut self, packet: &Packet, samples: &mut Vec<f32>, mixed: &mut Mixed) -> Result<bool, SoundProblem> {
        let decoder = match self {
            Decoder::Opus(decoder) => return decoder.packet(packet, mixed),
            Decoder::Library(decoder) => decoder,
        };
        match decoder.decode(packet) {
            Ok(buffer) => add(&buffer, samples, mixed).map(|()| false),
            Err(Error::DecodeError(_)) => Ok(true),
            Err(error) => Err(problem(&error)),
        }
    }
}

fn add(buffer: &GenericAudioBufferRef<'_>, samples: &mut Vec<f32>, mixed: &mut Mixed) -> Result<(), SoundProblem> {
    buffer.copy_to_vec_interleaved(samples);
    mixed.add(buffer.spec().rate(), buffer.spec().channels().count(), samples)
}

fn decode(bytes: &[u8]) -> Result<wav::Sound, SoundProblem> {
    let mut reader = open(bytes)?;
    let track = reader.default_track(TrackType::Audio).ok_or(SoundProblem::NoSound)?;
    let id = track.id;
    let parameters = track.codec_params.as_ref().and_then(|parameters| parameters.audio());
    let mut decoder = Decoder::of(parameters.ok_or(SoundProblem::UnknownCoding)?)?;
    let mut mixed = Mixed {
        rate: 0,
        samples: Vec::new(),
    };
    let (mut samples, mut damaged) = (Vec::new(), 0);
    // Each packet takes bytes of the file, so this ends with it.
    while let Some(packet) = reader.next_packet().map_err(|error| problem(&error))? {
        if packet.track_id != id {
            continue;
        }
        damaged += u32::from(decoder.packet(&packet, &mut samples, &mut mixed)?);
        if damaged > MAX_DAMAGED {
            return Err(SoundProblem::Damaged("too many packets cannot be decoded"));
        }
    }
    if mixed.samples.is_empty() {
        return Err(SoundProblem::NoSound);
    }
    Ok(wav::Sound {
        rate: mixed.rate,
        samples: mixed.samples,
    })
}

fn open(bytes: &[u8]) -> Result<Box<dyn FormatReader + '_>, SoundProblem> {
    let source = MediaSourceStream::new(Box::new(Cursor::new(bytes)), MediaSourceStreamOptions::default());
    symphonia::default::get_probe()
        .probe(
            &Hint::new(),
            source,
            FormatOptions::default(),
            MetadataOptions::default(),
        )
        .map_err(|error| problem(&error))
}

fn problem(error: &Error) -> SoundProblem {
    match error {
        Error::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => SoundProblem::Truncated,
        Error::IoError(_) | Error::SeekError(_) => SoundProblem::Damaged("it cannot be read"),
        Error::DecodeError(why) | Error::LimitError(why) => SoundProblem::Damaged(why),
        Error::Unsupported(_) => SoundProblem::UnknownCoding,
        Error::ResetRequired => SoundProblem::Damaged("it changes on the way"),
        _ => SoundProblem::Damaged("it cannot be read"),
    }
}

#[cfg(test)]
mod tests;
