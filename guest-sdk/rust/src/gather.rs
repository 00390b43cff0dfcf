//! Collecting the keys a far end presses, or hearing what it says in their place.

use crate::bindings::patchcord::handler::gather::{self, Hearing, Options};
use crate::key::named;
use crate::prompt::ms;
use crate::{GatherFailure, Gathered, Gathering, Leg, Prompt, Result};
use std::time::Duration;

const FIRST_KEY: Duration = Duration::from_secs(5);
const NEXT_KEY: Duration = Duration::from_secs(3);
const END_SILENCE: Duration = Duration::from_millis(800);
const LONGEST_SPEECH: Duration = Duration::from_secs(10);

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
            speech: None,
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

    /// Any of these words or short phrases may be said in place of keys: 1 to 64, of letters, apostrophes and spaces, up to
    /// 100 bytes each. [`Gathered::phrase`] gives the one that was said. For what is being said before it is over, let
    /// [`Leg::recognise`] listen as well.
    pub fn phrases(mut self, phrases: impl IntoIterator<Item = impl Into<String>>) -> Gather {
        let phrases = phrases.into_iter().map(Into::into);
        self.speech().phrases.extend(phrases);
        self
    }

    /// Up to so many digits may be said one after the other in place of keys, 1 to 16; [`Gathered::phrase`] gives them as
    /// "427".
    pub fn spoken_digits(mut self, most: u8) -> Gather {
        self.speech().digits = most;
        self
    }

    /// The language of what is said, as a tag such as "en" or "de-AT"; the platform's own without this.
    pub fn spoken_in(mut self, language: impl Into<String>) -> Gather {
        self.speech().language = Some(language.into());
        self
    }

    /// What is said is over after so much silence, 0.2 to 5 s; 0.8 s without this.
    pub fn end_silence(mut self, time: Duration) -> Gather {
        self.speech().end_silence_ms = ms(time);
        self
    }

    /// What is said is over after so long in any case, 0.5 to 30 s; 10 s without this.
    pub fn longest_speech(mut self, time: Duration) -> Gather {
        self.speech().max_ms = ms(time);
        self
    }

    fn speech(&mut self) -> &mut Hearing {
        self.0.speech.get_or_insert_with(|| Hearing {
            phrases: Vec::new(),
            digits: 0,
            language: None,
            end_silence_ms: ms(END_SILENCE),
            max_ms: ms(LONGEST_SPEECH),
        })
    }

    /// Keys and speech do not stop the prompt. Keys count all the same, speech only after its end.
    pub fn hear_it_out(mut self) -> Gather {
        self.0.barge_in = false;
        self
    }

    /// How long to wait for the first key or for something said, from the end of the prompt; up to 10 minutes.
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

impl Gathered {
    /// What was said, if that ended it: one of the phrases as it was asked for, or digits.
    pub fn phrase(&self) -> Option<&str> {
        self.said.as_ref().map(|said| said.phrase.as_str())
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

#[cfg(test)]
mod tests;
