//! What is played: files of the module, tones, silence, one after the other.

use crate::bindings::patchcord::handler::types::{Segment, Tone};
use std::time::Duration;

/// Segments played one after the other without a gap; 1 to 64 of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt(pub(crate) Vec<Segment>);

/// Power of a [`tone`] in dBm0: clear, and comfortable on a handset.
const TONE_LEVEL_DBM0: i8 = -16;

/// A sound file (WAV, MP3, FLAC, Ogg with Opus or Vorbis) that was built into the module, by its path below `prompts/`.
pub fn file(name: &str) -> Prompt {
    Prompt(vec![Segment::File(name.to_owned())])
}

/// A tone of one frequency, 20 to 3,800 Hz, for 20 ms to 60 s.
pub fn tone(hz: u16, duration: Duration) -> Prompt {
    let tone = Tone {
        frequencies: vec![hz],
        on_ms: ms(duration),
        off_ms: 0,
        count: 1,
        level_dbm0: TONE_LEVEL_DBM0,
    };
    Prompt(vec![Segment::Tone(tone)])
}

/// Silence, up to 60 s.
pub fn silence(duration: Duration) -> Prompt {
    Prompt(vec![Segment::Silence(ms(duration))])
}

impl Prompt {
    /// Followed by another.
    pub fn then(mut self, next: Prompt) -> Prompt {
        self.0.extend(next.0);
        self
    }
}

/// Whole milliseconds; too long a time becomes the longest, which the runtime refuses by name.
pub(crate) fn ms(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}
