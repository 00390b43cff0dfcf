//! Keys to the far end: telephone events every 20 ms, the end said three times (RFC 4733 section 2.5.1). One packet a
//! tick. Not here: who may send keys, and the RTP header.

use crate::{KeyPress, MAX_KEY_PRESSES, SAMPLE_RATE};
use std::collections::VecDeque;

/// A segment of a long press ends here (RFC 4733 section 2.5.1.3).
const LONGEST_SEGMENT: u32 = 0xffff;
/// Power of the key as stated, in dBm0 without the sign.
const VOLUME: u8 = 10;
/// How often the end is repeated after it was said first.
const END_REPEATS: u32 = 2;
/// Ticks a second.
const TICKS: u32 = 50;

/// The units keys are told in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Clocks {
    /// Units a second of an event's duration.
    pub(crate) event: u32,
    /// Units a second of the stream's timestamps.
    pub(crate) stream: u32,
}

impl Default for Clocks {
    fn default() -> Self {
        Self {
            event: SAMPLE_RATE,
            stream: SAMPLE_RATE,
        }
    }
}

/// One event packet to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EventPacket {
    pub(crate) marker: bool,
    pub(crate) timestamp: u32,
    pub(crate) payload: [u8; 4],
}

/// The keys a session has to send.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeySender {
    waiting: VecDeque<KeyPress>,
    state: State,
    clocks: Clocks,
}

#[derive(Debug, Clone, Default)]
enum State {
    #[default]
    Idle,
    Pressing {
        event: u8,
        segment: u32,
        /// Duration said so far in this segment.
        said: u32,
        /// Still to be held, in units of an event's duration.
        left: u32,
        pause_ms: u16,
    },
    Ending {
        packet: EventPacket,
        repeats: u32,
        pause_ms: u16,
    },
    Pausing {
        frames: u32,
    },
}

impl KeySender {
    /// Whether so many more keys have room.
    pub(crate) fn has_room(&self, more: usize) -> bool {
        self.waiting.len().saturating_add(more) <= MAX_KEY_PRESSES
    }

    /// Whether a key is under way or waits.
    pub(crate) fn busy(&self) -> bool {
        !matches!(self.state, State::Idle) || !self.waiting.is_empty()
    }

    /// Adds keys; the caller has made sure of the room.
    pub(crate) fn push(&mut self, keys: Vec<KeyPress>) {
        assert!(self.has_room(keys.len()), "the session refuses keys above the limit");
        self.waiting.extend(keys);
    }

    /// Forgets all keys, also the one under way.
    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
        self.state = State::Idle;
    }

    /// In which units keys are told; one under way is forgotten if they change.
    pub(crate) fn set_clocks(&mut self, clocks: Clocks) {
        if self.clocks != clocks {
            self.clocks = clocks;
            self.state = State::Idle;
        }
    }

    /// What to send in the tick that begins at `timestamp`; none leaves the tick to the sound.
    pub(crate) fn tick(&mut self, timestamp: u32) -> Option<EventPacket> {
        if let State::Pausing { frames } = &mut self.state {
            *frames = frames.saturating_sub(1);
            if *frames == 0 {
                self.state = State::Idle;
            }
            return None;
        }
        if let State::Idle = self.state {
            let key = self.waiting.pop_front()?;
            let frames = u32::from(key.duration_ms).div_ceil(20).max(1);
            self.state = State::Pressing {
                event: key.event,
                segment: timestamp,
                said: 0,
                left: frames.saturating_mul(self.clocks.event / TICKS),
                pause_ms: key.pause_ms,
            };
            return self.press(true);
        }
        if let State::Ending {
            packet,
            repeats,
            pause_ms,
        } = &mut self.state
        {
            let packet = *packet;
            *repeats -= 1;
            if *repeats == 0 {
                // The repeats took their time out of the pause.
                let frames = u32::from(*pause_ms).div_ceil(20).saturating_sub(END_REPEATS);
                self.state = if frames == 0 {
                    State::Idle
                } else {
                    State::Pausing { frames }
                };
            }
            return Some(packet);
        }
        self.press(false)
    }

    fn press(&mut self, marker: bool) -> Option<EventPacket> {
        let Clocks { event: clock, stream } = self.clocks;
        let frame = clock / TICKS;
        let State::Pressing {
            event,
            segment,
            said,
            left,
            pause_ms,
        } = &mut self.state
        else {
            return None;
        };
        if *said == LONGEST_SEGMENT {
            *segment = segment.wrapping_add((u64::from(LONGEST_SEGMENT) * u64::from(stream) / u64::from(clock)) as u32);
            *said = 0;
        }
        let grown = *said + frame.min(*left);
        // No room for another whole step: this segment ends at its limit, a few milliseconds early.
        let reaches = if grown + frame > LONGEST_SEGMENT && *left > frame {
            LONGEST_SEGMENT
        } else {
            grown
        };
        *left = left.saturating_sub(reaches - *said);
        *said = reaches;
        let ended = *left == 0;
        let [high, low] = (reaches as u16).to_be_bytes();
        let flags = if ended { 0x80 | VOLUME } else { VOLUME };
        let packet = EventPacket {
            marker,
            timestamp: *segment,
            payload: [*event, flags, high, low],
        };
        if ended {
            let pause_ms = *pause_ms;
            self.state = State::Ending {
                packet: EventPacket {
                    marker: false,
                    ..packet
                },
                repeats: END_REPEATS,
                pause_ms,
            };
        }
        Some(packet)
    }
}

#[cfg(test)]
mod tests;
