//! Keys from the far end: one for each press, at the first of its packets that arrives (RFC 4733 sections 2.3 and 2.5).
//!
//! A press is a timestamp. What belongs before the newest press seen, by its packet number, is old news; so end packets
//! may be lost, repeated or late. Not here: tones in the sound.

/// The largest duration a packet can state; a longer press continues under a timestamp this much later
/// (RFC 4733 section 2.5.1.3).
const LONGEST_SEGMENT: u32 = 0xffff;
/// Largest event that is a key.
const LAST_KEY: u8 = 15;

/// What an event packet was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// A new press.
    Key {
        /// 0 to 15.
        event: u8,
        /// In 1/8000 s, as the packet states.
        duration: u32,
    },
    /// More of the newest press.
    Same,
    /// Not a key, or older than the newest press.
    Ignored,
    /// Too short for an event.
    Malformed,
}

/// One session's keys.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeyDetector {
    newest: Option<Press>,
}

#[derive(Debug, Clone)]
struct Press {
    event: u8,
    timestamp: u32,
    /// The longest duration seen under this timestamp.
    duration: u32,
    /// Number of the newest packet of it.
    number: u64,
    ended: bool,
}

impl KeyDetector {
    /// A packet with its unwrapped number; none of its fields is trusted.
    pub(crate) fn packet(&mut self, number: u64, timestamp: u32, marker: bool, payload: &[u8]) -> Event {
        let Some(&[event, flags, high, low]) = payload.first_chunk::<4>() else {
            return Event::Malformed;
        };
        let duration = u32::from(u16::from_be_bytes([high, low]));
        let ended = flags & 0x80 != 0;
        if event > LAST_KEY {
            return Event::Ignored;
        }
        if let Some(press) = self.newest.as_mut() {
            if press.timestamp == timestamp && press.event == event {
                press.duration = press.duration.max(duration);
                press.number = press.number.max(number);
                press.ended |= ended;
                return Event::Same;
            }
            if number <= press.number {
                return Event::Ignored;
            }
            if !marker && press.continues_at(event, timestamp) {
                *press = Press {
                    event,
                    timestamp,
                    duration,
                    number,
                    ended,
                };
                return Event::Same;
            }
        }
        self.newest = Some(Press {
            event,
            timestamp,
            duration,
            number,
            ended,
        });
        Event::Key { event, duration }
    }

    /// The stream began anew: numbers and timestamps mean something else now.
    pub(crate) fn restart(&mut self) {
        self.newest = None;
    }
}

impl Press {
    /// Whether a packet under another timestamp is the next part of this press held long.
    fn continues_at(&self, event: u8, timestamp: u32) -> bool {
        let later = timestamp.wrapping_sub(self.timestamp);
        let adjoins = later.is_multiple_of(LONGEST_SEGMENT) || later == self.duration;
        !self.ended && event == self.event && adjoins && later <= LONGEST_SEGMENT * 2
    }
}

#[cfg(test)]
mod tests;
