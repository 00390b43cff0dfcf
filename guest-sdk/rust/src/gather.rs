//! Collecting the keys a far end presses.

use crate::bindings::patchcord::handler::gather::{self, Options};
use crate::key::named;
use crate::prompt::ms;
use crate::{GatherFailure, Gathered, Gathering, Leg, Prompt, Result};
use std::time::Duration;

const FIRST_KEY: Duration = Duration::from_secs(5);
const NEXT_KEY: Duration = Duration::from_secs(3);

/// What to collect. Without more words: up to so many keys, the first within 5 s, each further one within 3 s, any key
/// stops the prompt.
#[derive(Debug, Clone)]
pub struct Gather(Options);

impl Gather {
    /// Up to `max` keys, 1 to 64.
    pub fn keys(max: u8) -> Gather {
        Gather(Options {
            min: 1,
            max,
            finish_on: None,
            first_key_ms: ms(FIRST_KEY),
            next_key_ms: ms(NEXT_KEY),
            prompt: None,
            barge_in: true,
        })
    }

    /// Fewer keys than this make the result incomplete.
    pub fn at_least(mut self, min: u8) -> Gather {
        self.0.min = min;
        self
    }

    /// This key ends it and is not part of the result: 0 to 9, `*`, `#`, A to D.
    ///
    /// # Panics
    /// If there is no such key on a telephone.
    pub fn finish_on(mut self, key: char) -> Gather {
        self.0.finish_on = Some(named(key));
        self
    }

    /// Played before and while keys are collected.
    pub fn prompt(mut self, prompt: Prompt) -> Gather {
        self.0.prompt = Some(prompt.0);
        self
    }

    /// Keys do not stop the prompt; they count all the same.
    pub fn hear_it_out(mut self) -> Gather {
        self.0.barge_in = false;
        self
    }

    /// How long to wait for the first key, from the end of the prompt; up to 10 minutes.
    pub fn first_key_within(mut self, time: Duration) -> Gather {
        self.0.first_key_ms = ms(time);
        self
    }

    /// How long to wait for each further key, 100 ms to 10 minutes.
    pub fn next_key_within(mut self, time: Duration) -> Gather {
        self.0.next_key_ms = ms(time);
        self
    }
}

impl Leg {
    /// Collects keys and waits for the result. Keys pressed since the last collection count first.
    pub fn gather(&self, what: Gather) -> Result<Gathered, GatherFailure> {
        gather::gather(self, &what.0)
    }

    /// Starts collecting and returns at once. Dropping the result cancels it.
    pub fn start_gather(&self, what: Gather) -> Result<Gathering> {
        gather::start(self, &what.0)
    }

    /// Forgets the keys pressed since the last collection.
    pub fn flush_keys(&self) {
        gather::flush(self);
    }
}
