//! Playing a prompt: its segments, one after the other without a gap, cut into frames of 20 ms. Not here: the packets,
//! and when a tick is.

use crate::{Codec, FRAME, FRAME_SAMPLES, PlayId, Prompt, Segment, StopOnKey, g711, tone};
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
    frames: u32,
    ended: bool,
}

impl Player {
    /// At the beginning of a prompt. One without any sound has ended already, however often it is to be repeated.
    pub(crate) fn new(play: PlayId, prompt: Prompt, stop_on_key: StopOnKey) -> Self {
        let mut segments = prompt.segments;
        segments.retain(|segment| length(segment) > 0);
        let silent = segments.is_empty();
        let mut player = Self {
            play,
            stop_on_key,
            segments,
            rounds: (prompt.times > 0).then_some(prompt.times),
            index: 0,
            position: 0,
            oscillator: tone::Oscillator::default(),
            frames: 0,
            ended: silent,
        };
        if !silent {
            player.enter();
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

    /// Writes its next 20 ms, coded; after its end, silence.
    pub(crate) fn fill(&mut self, codec: Codec, frame: &mut [u8; FRAME_SAMPLES]) {
        let mut filled = 0;
        while filled < FRAME_SAMPLES && !self.ended {
            filled += self.copy(codec, &mut frame[filled..]);
            if self.position == length(&self.segments[self.index]) {
                self.next_segment();
            }
        }
        frame[filled..].fill(g711::silence(codec));
        self.frames = self.frames.saturating_add(1);
    }

    fn copy(&mut self, codec: Codec, room: &mut [u8]) -> usize {
        let segment = &self.segments[self.index];
        let left = length(segment) - self.position;
        let count = room.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let room = &mut room[..count];
        match segment {
            Segment::Clip(clip) => {
                let from = self.position as usize;
                room.copy_from_slice(&clip.coded(codec)[from..from + count]);
            }
            Segment::Silence(_) => room.fill(g711::silence(codec)),
            Segment::Tone(_) => {
                for (byte, position) in room.iter_mut().zip(self.position..) {
                    *byte = g711::encode(codec, self.oscillator.sample(position));
                }
            }
        }
        self.position += count as u64;
        count
    }

    /// Goes to the next segment; none is empty.
    fn next_segment(&mut self) {
        self.position = 0;
        self.index += 1;
        if self.index == self.segments.len() {
            self.index = 0;
            match &mut self.rounds {
                Some(1) => {
                    self.ended = true;
                    return;
                }
                Some(left) => *left -= 1,
                None => {}
            }
        }
        self.enter();
    }

    fn enter(&mut self) {
        if let Segment::Tone(tone) = &self.segments[self.index] {
            self.oscillator = tone::Oscillator::new(tone);
        }
    }
}

fn length(segment: &Segment) -> u64 {
    match segment {
        Segment::Clip(clip) => clip.samples().len() as u64,
        Segment::Tone(tone) => tone::length(tone),
        Segment::Silence(time) => tone::samples(*time),
    }
}

#[cfg(test)]
mod tests;
