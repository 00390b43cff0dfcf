//! A recording under construction: frames of one or two taps become interleaved 16-bit PCM in the order of time, without
//! the silence at its ends if wanted. And the header of the file it goes into. Pure: bytes come out, whoever has a file
//! writes them. Not here: files, pauses and limits ([`TapOrder`](crate::TapOrder)).

use crate::tap::is_sound;
use crate::wav::wav_header;
use crate::{SAMPLE_RATE, Tapped};
use std::collections::VecDeque;
use std::time::Duration;

/// Bytes before the sound in a recording's file.
pub const RECORDING_HEADER_BYTES: usize = 44;
/// Channels of a recording at most.
pub const MAX_RECORDING_CHANNELS: u8 = 2;
/// A channel is waited for so many frames, 500 ms, as much as a session makes up for after ticks that were missed; then
/// it is silent, and what comes later for that time is left out.
const LAG: usize = 25;
/// Frames left at each end when silence is trimmed, 100 ms: speech begins and ends softly.
const MARGIN: usize = 5;
/// Longest hole that is filled with silence, 10 s; a tap makes none longer than some frames.
const MAX_HOLE: u64 = 500;

/// What becomes of silence at the beginning and end of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trim {
    /// It stays.
    Keep,
    /// It goes, but for 100 ms.
    Ends,
}

/// A recording under construction. Memory: at most half a second of sound.
#[derive(Debug)]
pub struct Recorder {
    channels: usize,
    trim: Trim,
    rate: u32,
    /// Samples of a frame of one channel.
    frame: usize,
    waiting: [VecDeque<Waiting>; MAX_RECORDING_CHANNELS as usize],
    /// The frame that is written next, by the taps' count.
    next: u64,
    /// Frames before the first sound, held back.
    lead: VecDeque<Vec<i16>>,
    begun: bool,
    written: u64,
    /// Frames written until the last sound.
    sound_until: u64,
}

#[derive(Debug)]
struct Waiting {
    position: u64,
    samples: Vec<i16>,
}

impl Recorder {
    /// An empty one of 1 or 2 channels.
    pub fn new(channels: u8, trim: Trim) -> Self {
        Self {
            channels: usize::from(channels.clamp(1, MAX_RECORDING_CHANNELS)),
            trim,
            rate: SAMPLE_RATE,
            frame: SAMPLE_RATE as usize / 50,
            waiting: Default::default(),
            next: 0,
            lead: VecDeque::new(),
            begun: trim == Trim::Keep,
            written: 0,
            sound_until: 0,
        }
    }

    /// Takes a frame; what can be written now goes to the end of `out`. A channel the recording does not have, another
    /// rate than the first frame's, and what comes too late are left out.
    pub fn push(&mut self, tapped: &Tapped<'_>, out: &mut Vec<u8>) {
        let channel = usize::from(tapped.tap.channel);
        if self.next == 0 && self.waiting.iter().all(VecDeque::is_empty) {
            self.rate = tapped.rate;
            self.frame = tapped.samples.len();
        }
        let fits = tapped.rate == self.rate && tapped.samples.len() == self.frame;
        if channel >= self.channels || !fits || tapped.position < self.next {
            return;
        }
        self.waiting[channel].push_back(Waiting {
            position: tapped.position,
            samples: tapped.samples.to_vec(),
        });
        while self.is_ready() {
            self.write_next(out);
        }
    }

    /// Nothing more comes: what still waits goes to the end of `out`. How many bytes of all that was put out belong to the
    /// recording; what is after them is silence to be cut off.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> u64 {
        while self.waiting.iter().any(|waiting| !waiting.is_empty()) {
            self.write_next(out);
        }
        let frames = match self.trim {
            Trim::Keep => self.written,
            Trim::Ends => self.written.min(self.sound_until + MARGIN as u64),
        };
        frames * self.frame_bytes()
    }

    /// The time that so many bytes of sound last.
    pub fn length(&self, bytes: u64) -> Duration {
        recording_length(self.rate, self.channels as u16, bytes)
    }

    /// The header of the file when it has so many bytes of sound.
    pub fn header(&self, bytes: u64) -> [u8; RECORDING_HEADER_BYTES] {
        wav_header(self.rate, self.channels as u16, bytes)
    }

    fn frame_bytes(&self) -> u64 {
        (self.frame * self.channels * 2) as u64
    }

    /// Whether the next frame is complete, or must not wait any longer.
    fn is_ready(&self) -> bool {
        let waiting = &self.waiting[..self.channels];
        let longest = waiting.iter().map(VecDeque::len).max().unwrap_or_default();
        longest > LAG || waiting.iter().all(|waiting| !waiting.is_empty())
    }

    fn write_next(&mut self, out: &mut Vec<u8>) {
        let first = self
            .waiting
            .iter()
            .filter_map(|waiting| waiting.front())
            .map(|it| it.position);
        let Some(first) = first.min() else { return };
        // A hole in all channels.
        if first > self.next + MAX_HOLE {
            self.next = first;
        }
        let mut mixed = vec![0; self.frame * self.channels];
        let mut sound = false;
        for channel in 0..self.channels {
            let waiting = &mut self.waiting[channel];
            while waiting.front().is_some_and(|it| it.position < self.next) {
                waiting.pop_front();
            }
            if waiting.front().is_some_and(|it| it.position == self.next)
                && let Some(it) = waiting.pop_front()
            {
                sound |= is_sound(&it.samples);
                let places = mixed.iter_mut().skip(channel).step_by(self.channels);
                places.zip(&it.samples).for_each(|(place, sample)| *place = *sample);
            }
        }
        self.next += 1;
        self.emit(mixed, sound, out);
    }

    fn emit(&mut self, frame: Vec<i16>, sound: bool, out: &mut Vec<u8>) {
        if !self.begun && !sound {
            if self.lead.len() == MARGIN {
                self.lead.pop_front();
            }
            self.lead.push_back(frame);
            return;
        }
        self.begun = true;
        while let Some(held) = self.lead.pop_front() {
            self.append(&held, out);
        }
        self.append(&frame, out);
        if sound {
            self.sound_until = self.written;
        }
    }

    fn append(&mut self, frame: &[i16], out: &mut Vec<u8>) {
        out.extend(frame.iter().flat_map(|sample| sample.to_le_bytes()));
        self.written += 1;
    }
}

/// The time that so many bytes of 16-bit PCM last.
pub fn recording_length(rate: u32, channels: u16, bytes: u64) -> Duration {
    let bytes_a_second = u64::from(rate) * u64::from(channels) * 2;
    Duration::from_nanos((u128::from(bytes) * 1_000_000_000 / u128::from(bytes_a_second.max(1))) as u64)
}

/// The header of a recording's file that has so many bytes of sound.
pub fn recording_wav_header(rate: u32, channels: u16, bytes: u64) -> [u8; RECORDING_HEADER_BYTES] {
    wav_header(rate, channels, bytes)
}

/// What the header of a recording's file says: rate and channels. None if it is not one that [`Recorder::header`] made.
pub fn recording_header(bytes: &[u8; RECORDING_HEADER_BYTES]) -> Option<(u32, u16)> {
    let half = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    let (rate, channels, data) = (word(24), half(22), word(40));
    let known = wav_header(rate, channels, u64::from(data));
    let ours = rate > 0 && (1..=u16::from(MAX_RECORDING_CHANNELS)).contains(&channels) && known == *bytes;
    ours.then_some((rate, channels))
}

#[cfg(test)]
mod tests;
