//! Playing a prompt: its segments, one after the other without a gap, cut into frames of 20 ms. Not here: the packets,
//! and when a tick is.

use crate::{Clip, Codec, FRAME, FRAME_SAMPLES, PlayId, Prompt, Segment, StopOnKey, g711, tone};
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
        // Segments without sound in a row: what comes late may be empty, and a whole round of that never ends.
        let mut soundless = 0;
        while filled < FRAME_SAMPLES && !self.ended {
            let Some(length) = length(&self.segments[self.index]) else {
                break;
            };
            let copied = self.copy(codec, length, &mut frame[filled..]);
            filled += copied;
            soundless = if copied == 0 { soundless + 1 } else { 0 };
            if self.position == length {
                self.next_segment();
            }
            if soundless > self.segments.len() {
                self.ended = true;
            }
        }
        frame[filled..].fill(g711::silence(codec));
        self.frames = self.frames.saturating_add(u32::from(filled > 0));
    }

    fn copy(&mut self, codec: Codec, length: u64, room: &mut [u8]) -> usize {
        let segment = &self.segments[self.index];
        let left = length - self.position;
        let count = room.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let room = &mut room[..count];
        match segment {
            Segment::Clip(clip) => copy_clip(clip, codec, self.position, room),
            Segment::Coming(coming) => {
                if let Some(clip) = coming.clip() {
                    copy_clip(clip, codec, self.position, room);
                }
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

    /// Goes to the next segment.
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

fn copy_clip(clip: &Clip, codec: Codec, position: u64, room: &mut [u8]) {
    let from = position as usize;
    room.copy_from_slice(&clip.coded(codec)[from..from + room.len()]);
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
