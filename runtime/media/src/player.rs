//! Playing a prompt: its segments, one after the other without a gap, cut into frames of 20 ms. Not here: the packets,
//! and when a tick is.

mod loudness;

use crate::{Clip, FRAME, FRAME_SAMPLES, Law, PlayChange, PlayId, Prompt, SAMPLE_RATE, Segment, StopOnKey, g711, tone};
use loudness::Loudness;
use std::time::Duration;

/// A prompt that plays. It stays after its end until another takes its place, so that no memory is freed in a tick.
#[derive(Debug)]
pub(crate) struct Player {
    play: PlayId,
    stop_on_key: StopOnKey,
    segments: Vec<Segment>,
    /// Rounds still to play, this one included; none: without end.
    rounds: Option<u16>,
    index: usize,
    /// Samples of the segment already played.
    position: u64,
    oscillator: tone::Oscillator,
    /// The rate it was tuned for, as times 8 kHz.
    times: u64,
    loudness: Loudness,
    frames: u32,
    ended: bool,
}

/// What of a prompt is in a frame beside silence, and from which place on: of the clip at 8 kHz, of the tone at the rate
/// that is written.
enum Piece<'a> {
    Clip(&'a Clip, usize),
    Tone(&'a mut tone::Oscillator, u64),
}

impl Player {
    /// At the beginning of a prompt. One without any sound has ended already, however often it is to be repeated.
    pub(crate) fn new(play: PlayId, prompt: Prompt, stop_on_key: StopOnKey) -> Self {
        let mut segments = prompt.segments;
        segments.retain(|segment| length(segment) != Some(0));
        let silent = segments.is_empty();
        let mut player = Self {
            play,
            stop_on_key,
            segments,
            rounds: (prompt.times > 0).then_some(prompt.times),
            index: 0,
            position: 0,
            oscillator: tone::Oscillator::default(),
            times: 1,
            loudness: Loudness::default(),
            frames: 0,
            ended: silent,
        };
        if !silent {
            player.tune();
        }
        player
    }

    /// Its name.
    pub(crate) fn play(&self) -> PlayId {
        self.play
    }

    /// Whether a key ends it.
    pub(crate) fn stops_on_key(&self) -> bool {
        self.stop_on_key == StopOnKey::Stop
    }

    /// Whether nothing is left of it.
    pub(crate) fn ended(&self) -> bool {
        self.ended
    }

    /// Ends it before its time.
    pub(crate) fn end(&mut self) {
        self.ended = true;
    }

    /// What was taken of it.
    pub(crate) fn played(&self) -> Duration {
        FRAME * self.frames
    }

    /// Where in its round it stands, from the beginning of that; at the end of the last one, how long that is.
    pub(crate) fn position(&self) -> Duration {
        let passed = self.segments[..self.index].iter().filter_map(length).sum::<u64>();
        let samples = passed.saturating_add(self.position);
        Duration::from_micros(samples.saturating_mul(1_000_000) / u64::from(SAMPLE_RATE))
    }

    /// Carries out a change.
    pub(crate) fn change(&mut self, change: PlayChange) {
        match change {
            PlayChange::Pause => self.loudness.pause(),
            PlayChange::Resume => self.loudness.resume(),
            PlayChange::Volume { decibels } => self.loudness.set_volume(decibels),
            PlayChange::Seek(place) => self.seek(place),
            PlayChange::Skip { ms } => {
                let by = Duration::from_millis(ms.unsigned_abs().into());
                let place = self.position();
                self.seek(if ms < 0 {
                    place.saturating_sub(by)
                } else {
                    place.saturating_add(by)
                });
            }
        }
        if self.frames == 0 {
            self.loudness.settle();
        }
    }

    /// Goes to a place of this round, or to its end if that is before it.
    fn seek(&mut self, place: Duration) {
        if self.ended {
            return;
        }
        let mut left = tone::samples(place);
        (self.index, self.position) = (0, 0);
        for (index, segment) in self.segments.iter().enumerate() {
            (self.index, self.position) = (index, 0);
            // What is not there yet is waited for.
            let Some(length) = length(segment) else { break };
            if left < length {
                self.position = left;
                break;
            }
            // The end of the last one ends the round when the next frame is made.
            self.position = length;
            left -= length;
        }
        self.tune();
        self.loudness.fade_in();
    }

    /// Writes its next 20 ms in one of the laws of G.711; after its end, silence.
    pub(crate) fn fill_coded(&mut self, law: Law, frame: &mut [u8]) {
        if !self.loudness.is_plain() {
            let mut samples = [0; FRAME_SAMPLES];
            self.fill(&mut samples);
            for (byte, sample) in frame.iter_mut().zip(samples) {
                *byte = g711::encode(law, sample);
            }
            return;
        }
        self.fill_with(1, frame, g711::silence(law), |room, piece| match piece {
            Piece::Clip(clip, from) => {
                let count = room.len();
                room.copy_from_slice(&clip.coded(law)[from..from + count]);
            }
            Piece::Tone(oscillator, position) => {
                for (byte, position) in room.iter_mut().zip(position..) {
                    *byte = g711::encode(law, oscillator.sample(position));
                }
            }
        });
    }

    /// Writes its next 20 ms, whose length says whether at 8 or 16 kHz; after its end, silence.
    pub(crate) fn fill(&mut self, frame: &mut [i16]) {
        if self.loudness.is_paused() {
            return frame.fill(0);
        }
        let times = (frame.len() / FRAME_SAMPLES).max(1);
        self.fill_with(times, frame, 0, |room, piece| match piece {
            Piece::Clip(clip, from) if times == 1 => {
                let count = room.len();
                room.copy_from_slice(&clip.samples()[from..from + count]);
            }
            Piece::Clip(clip, from) => clip.copy_wide(from, room),
            Piece::Tone(oscillator, position) => {
                for (sample, position) in room.iter_mut().zip(position..) {
                    *sample = oscillator.sample(position);
                }
            }
        });
        self.loudness.apply(frame);
    }

    /// Goes through the segments that are in its next 20 ms, which are `times` as many places as samples at 8 kHz.
    fn fill_with<T: Copy>(
        &mut self,
        times: usize,
        frame: &mut [T],
        silence: T,
        mut write: impl FnMut(&mut [T], Piece<'_>),
    ) {
        if self.times != times as u64 {
            self.times = times as u64;
            self.tune();
        }
        let mut filled = 0;
        // Segments without sound in a row: what comes late may be empty, and a whole round of that never ends.
        let mut soundless = 0;
        while filled < frame.len() && !self.ended {
            let segment = &self.segments[self.index];
            let Some(length) = length(segment) else { break };
            let left = usize::try_from(length - self.position).unwrap_or(usize::MAX);
            let count = left.min((frame.len() - filled) / times);
            let room = &mut frame[filled..filled + count * times];
            let from = self.position as usize;
            match segment {
                Segment::Clip(clip) => write(room, Piece::Clip(clip, from)),
                Segment::Coming(coming) => {
                    if let Some(clip) = coming.clip() {
                        write(room, Piece::Clip(clip, from));
                    }
                }
                Segment::Silence(_) => room.fill(silence),
                Segment::Tone(_) => write(room, Piece::Tone(&mut self.oscillator, self.position * self.times)),
            }
            filled += room.len();
            self.position += count as u64;
            soundless = if count == 0 { soundless + 1 } else { 0 };
            if self.position == length {
                self.next_segment();
            }
            if soundless > self.segments.len() {
                self.ended = true;
            }
        }
        frame[filled..].fill(silence);
        self.frames = self.frames.saturating_add(u32::from(filled > 0));
    }

    /// Goes to the next segment.
    fn next_segment(&mut self) {
        self.position = 0;
        self.index += 1;
        if self.index == self.segments.len() {
            self.index = 0;
            match &mut self.rounds {
                Some(1) => {
                    self.index = self.segments.len();
                    self.ended = true;
                    return;
                }
                Some(left) => *left -= 1,
                None => {}
            }
        }
        self.tune();
    }

    /// Sets the oscillator to the segment's tone.
    fn tune(&mut self) {
        if let Segment::Tone(tone) = &self.segments[self.index] {
            self.oscillator = tone::Oscillator::new(tone, self.times);
        }
    }
}

/// Samples of a segment; none while it is not there.
fn length(segment: &Segment) -> Option<u64> {
    let of_clip = |clip: &Clip| clip.samples().len() as u64;
    match segment {
        Segment::Clip(clip) => Some(of_clip(clip)),
        Segment::Coming(coming) => coming.clip().map(of_clip),
        Segment::Tone(tone) => Some(tone::length(tone)),
        Segment::Silence(time) => Some(tone::samples(*time)),
    }
}

#[cfg(test)]
mod tests;
