//! Playing prompts to a leg.

use crate::bindings::patchcord::handler::play::{self, Options};
use crate::{Leg, Played, Playing, Prompt, Result};
use std::time::Duration;

/// A prompt and how it behaves. A plain [`Prompt`] is played once and no key stops it.
#[derive(Debug, Clone)]
pub struct Play {
    prompt: Prompt,
    options: Options,
}

impl Play {
    /// A prompt, played once.
    pub fn prompt(prompt: Prompt) -> Play {
        Play {
            prompt,
            options: Options {
                barge_in: false,
                times: 1,
                from_ms: 0,
                volume_db: 0,
            },
        }
    }

    /// Any key stops it at once; the key stays for the next [`Leg::gather`].
    pub fn barge_in(mut self) -> Play {
        self.options.barge_in = true;
        self
    }

    /// Played so often, 1 to 1,000.
    pub fn times(mut self, times: u16) -> Play {
        self.options.times = times;
        self
    }

    /// Begins at this place of the prompt, such as the [`Played::position_ms`] of an earlier playing.
    pub fn from(mut self, place: Duration) -> Play {
        self.options.from_ms = u32::try_from(place.as_millis()).unwrap_or(u32::MAX);
        self
    }

    /// Louder or softer than it was recorded, in dB: -40 to 12.
    pub fn volume(mut self, decibels: i8) -> Play {
        self.options.volume_db = decibels;
        self
    }

    /// Played until stopped, a key with [`Play::barge_in`], or the end of the call.
    pub fn forever(self) -> Play {
        self.times(0)
    }
}

impl From<Prompt> for Play {
    fn from(prompt: Prompt) -> Play {
        Play::prompt(prompt)
    }
}

impl Leg {
    /// Plays a prompt and waits for its end. The leg must be answered, or have [`Leg::early_media`].
    pub fn play(&self, what: impl Into<Play>) -> Result<Played> {
        let Play { prompt, options } = what.into();
        play::play(self, &prompt.0, options)
    }

    /// Starts a prompt and returns at once. Dropping the result does not stop the prompt.
    pub fn start_play(&self, what: impl Into<Play>) -> Result<Playing> {
        let Play { prompt, options } = what.into();
        play::start(self, &prompt.0, options)
    }
}
