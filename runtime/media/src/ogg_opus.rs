//! A recording as an Ogg file with Opus (RFC 3533, RFC 7845): pages come out as sound goes in, each whole in itself, so a file
//! that was cut off anywhere is one that ends early. Pure: whoever has a file writes the bytes.

mod page;
#[cfg(test)]
mod tests;

pub use page::{OGG_PAGE_BYTES, OggPage};

use crate::SAMPLE_RATE;
use page::{Kind, write_page};
use ropus::{Application, Bitrate, Channels};
use std::fmt;

/// Samples of a packet: 20 ms.
const FRAME: usize = SAMPLE_RATE as usize / 50;
/// Units of a granule position for a sample (RFC 7845 section 4: they are of 48 kHz).
const UNITS: u64 = 48_000 / SAMPLE_RATE as u64;
/// Bits a second for a channel: speech of the narrow band, with hardly anything lost.
const CHANNEL_BITS: u32 = 20_000;
/// How hard it tries: a recording waits for nobody, but a thread has many.
const COMPLEXITY: u8 = 3;
/// Largest packet: a frame of Opus.
const PACKET_BYTES: usize = 1_275;
/// Packets of a page at most: a second. A page goes out earlier whenever what came so far is to be written.
const PAGE_PACKETS: usize = 50;

/// The writer of a file.
pub struct OggOpus {
    encoder: ropus::Encoder,
    channels: usize,
    serial: u32,
    next_page: u32,
    /// Samples of a channel that were coded.
    coded: u64,
    /// Samples that the decoder leaves out at the beginning, in units of a granule position.
    pre_skip: u64,
    /// Interleaved samples that are no whole frame yet.
    rest: Vec<i16>,
    packets: Vec<Vec<u8>>,
    /// Where each page of sound begins in the file, and the granule position at its end.
    pages: Vec<(u64, u64)>,
    /// Bytes put out.
    bytes: u64,
}

/// How a file ends: it is cut off, and its last page is written again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OggEnd {
    /// Where the last page begins.
    pub last_page: u64,
    /// The granule position it is to have.
    pub granule: u64,
}

impl OggOpus {
    /// A file of one or two channels; its headers go to `out`. `serial` tells its stream from others.
    pub fn new(channels: u8, serial: u32, out: &mut Vec<u8>) -> Self {
        let (layout, channels) = if channels > 1 {
            (Channels::Stereo, 2)
        } else {
            (Channels::Mono, 1)
        };
        let bits = Bitrate::try_bits(CHANNEL_BITS * channels as u32).expect("some thousands are in range");
        let encoder = ropus::Encoder::builder(SAMPLE_RATE, layout, Application::Voip)
            .bitrate(bits)
            .complexity(COMPLEXITY)
            .build()
            .expect("every setting is in its range");
        let pre_skip = u64::from(encoder.lookahead()) * UNITS;
        let mut file = Self {
            encoder,
            channels,
            serial,
            next_page: 0,
            coded: 0,
            pre_skip,
            rest: Vec::new(),
            packets: Vec::new(),
            pages: Vec::new(),
            bytes: 0,
        };
        let head = file.identification();
        file.page(Kind::First, 0, &[head], out);
        // No vendor and no comments (RFC 7845 section 5.2).
        let tags = [&b"OpusTags"[..], &9u32.to_le_bytes(), b"patchcord", &0u32.to_le_bytes()].concat();
        file.page(Kind::Middle, 0, &[tags], out);
        file
    }

    /// Takes interleaved samples at 8 kHz; whole pages go to `out`.
    pub fn push(&mut self, samples: impl Iterator<Item = i16>, out: &mut Vec<u8>) {
        self.rest.extend(samples);
        let frame = FRAME * self.channels;
        let whole = self.rest.len() / frame * frame;
        let rest = self.rest.split_off(whole);
        for samples in std::mem::replace(&mut self.rest, rest).chunks_exact(frame) {
            self.code(samples);
            if self.packets.len() == PAGE_PACKETS {
                self.flush(out);
            }
        }
    }

    /// What came so far goes to `out`, but for what is no whole frame yet.
    pub fn flush(&mut self, out: &mut Vec<u8>) {
        if self.packets.is_empty() {
            return;
        }
        let granule = self.coded * UNITS;
        self.pages.push((self.bytes, granule));
        let packets = std::mem::take(&mut self.packets);
        self.page(Kind::Middle, granule, &packets, out);
    }

    /// Nothing more comes: the rest goes to `out`, and the file is to end after so many samples of a channel.
    pub fn finish(&mut self, samples: u64, out: &mut Vec<u8>) -> OggEnd {
        let frame = FRAME * self.channels;
        let granule = samples * UNITS + self.pre_skip;
        if !self.rest.is_empty() {
            self.rest.resize(frame, 0);
            let rest = std::mem::take(&mut self.rest);
            self.code(&rest);
        }
        // What the decoder still holds back comes out by silence after it.
        while self.coded * UNITS < granule || self.coded == 0 {
            self.code(&vec![0; frame]);
        }
        self.flush(out);
        let last = self.pages.iter().find(|(_, end)| *end >= granule);
        OggEnd {
            last_page: last.or(self.pages.last()).map_or(0, |(start, _)| *start),
            granule,
        }
    }

    fn code(&mut self, samples: &[i16]) {
        let mut packet = vec![0; PACKET_BYTES];
        // Every frame is of a length that it codes, and the buffer holds the largest.
        let length = self.encoder.encode(samples, &mut packet).unwrap_or(0);
        packet.truncate(length);
        self.packets.push(packet);
        self.coded += FRAME as u64;
    }

    fn page(&mut self, kind: Kind, granule: u64, packets: &[Vec<u8>], out: &mut Vec<u8>) {
        let before = out.len();
        write_page(kind, granule, (self.serial, self.next_page), packets, out);
        self.next_page += 1;
        self.bytes += (out.len() - before) as u64;
    }

    /// RFC 7845 section 5.1.
    fn identification(&self) -> Vec<u8> {
        let mut head = b"OpusHead\x01".to_vec();
        head.push(self.channels as u8);
        head.extend((self.pre_skip as u16).to_le_bytes());
        head.extend(SAMPLE_RATE.to_le_bytes());
        // Neither gain nor a mapping of channels.
        head.extend([0, 0, 0]);
        head
    }
}

/// The samples of a channel that a file has, of its identification header and the granule position of its last page; none
/// if the header is none.
pub fn ogg_opus_samples(first_packet: &[u8], granule: u64) -> Option<u64> {
    let head = first_packet.strip_prefix(b"OpusHead\x01")?.first_chunk::<3>()?;
    let pre_skip = u64::from(u16::from_le_bytes([head[1], head[2]]));
    Some(granule.saturating_sub(pre_skip) / UNITS)
}

impl fmt::Debug for OggOpus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OggOpus({} channels, {} samples)", self.channels, self.coded)
    }
}
