//! Collecting keys, or something said in their place: one small machine, fed with keys, speech, the end of its prompt, and
//! time.

use crate::ids::LegId;
use crate::words::{Error, GatherEnd, GatherFailure, GatherOptions, Gathered, Heard, Hearing, Key, Said};
use std::time::{Duration, Instant};

/// A collection under way.
#[derive(Debug)]
pub(crate) struct Gathering {
    pub(crate) leg: LegId,
    options: GatherOptions,
    keys: String,
    prompt: Prompt,
    /// When the next key must have come; none while the prompt holds the clock.
    deadline: Option<Instant>,
    /// Decided, but held back until a prompt without barge-in has been heard.
    decided: Option<GatherEnd>,
    speech: Speech,
    said: Option<Said>,
}

/// Where the collection is with what is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Speech {
    /// It does not count, or no longer: a key came.
    Deaf,
    /// Nobody has said anything.
    Awaited,
    /// It is being said, or recognised. No time runs out meanwhile: both have limits of their own.
    Heard,
}

/// Where the collection's prompt is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prompt {
    /// There is none, or it has ended.
    Over,
    /// It plays.
    Playing,
}

impl Gathering {
    /// Begins; `prompt` says whether one was started. Speech does not count where keys were typed ahead.
    pub(crate) fn new(now: Instant, leg: LegId, options: GatherOptions, prompt: Prompt) -> Self {
        let speech = match options.speech {
            Some(_) => Speech::Awaited,
            None => Speech::Deaf,
        };
        let mut gathering = Self {
            leg,
            options,
            keys: String::new(),
            prompt,
            deadline: None,
            decided: None,
            speech,
            said: None,
        };
        if prompt == Prompt::Over {
            gathering.wait_for_first_key(now);
        }
        gathering
    }

    /// The moment something happens by itself.
    pub(crate) fn wake_at(&self) -> Option<Instant> {
        self.deadline
    }

    /// A key came. The result if that was the last thing needed.
    pub(crate) fn key(&mut self, now: Instant, key: Key) -> Option<Gathered> {
        self.speech = Speech::Deaf;
        if self.options.finish_on == Some(key) {
            return self.decide(GatherEnd::FinishKey);
        }
        self.keys.push(key.char());
        if self.keys.len() >= usize::from(self.options.max) {
            return self.decide(GatherEnd::MaxKeys);
        }
        self.deadline = Some(now + Duration::from_millis(u64::from(self.options.next_key_ms)));
        None
    }

    /// What is to be listened for now, if anything is. A prompt that is to be heard out is heard out first.
    pub(crate) fn listens_for(&self) -> Option<&Hearing> {
        let hears = self.speech != Speech::Deaf && (self.options.barge_in || self.prompt == Prompt::Over);
        self.options.speech.as_ref().filter(|_| hears)
    }

    /// Somebody begins to say something.
    pub(crate) fn speech_began(&mut self) {
        if self.speech == Speech::Awaited {
            self.speech = Speech::Heard;
            self.deadline = None;
        }
    }

    /// What was said is recognised. The result, unless a key was faster.
    pub(crate) fn heard(&mut self, heard: Heard) -> Option<Gathered> {
        if self.speech == Speech::Deaf {
            return None;
        }
        match heard {
            Heard::Said(said) => {
                self.said = Some(said);
                self.decide(GatherEnd::Said)
            }
            Heard::NoMatch => self.decide(GatherEnd::NoMatch),
        }
    }

    /// Whether its prompt plays.
    pub(crate) fn prompt_plays(&self) -> bool {
        self.prompt == Prompt::Playing
    }

    /// It breaks off with its prompt. A result that is there already stays.
    pub(crate) fn broken(&mut self, reason: Error, outcome: &mut Option<Result<Gathered, GatherFailure>>) {
        self.prompt = Prompt::Over;
        let keys = self.keys.clone().into();
        outcome.get_or_insert(Err(GatherFailure { reason, keys }));
    }

    /// Whether another key would still be taken.
    pub(crate) fn takes_keys(&self) -> bool {
        self.decided.is_none()
    }

    /// The prompt ended, for whatever reason.
    pub(crate) fn prompt_over(&mut self, now: Instant) -> Option<Gathered> {
        self.prompt = Prompt::Over;
        if let Some(end) = self.decided {
            return Some(self.gathered(end));
        }
        if self.keys.is_empty() && self.speech != Speech::Heard {
            self.wait_for_first_key(now);
        }
        None
    }

    /// Time passed.
    pub(crate) fn deadline(&mut self, now: Instant) -> Option<Gathered> {
        if self.deadline.is_none_or(|at| at > now) {
            return None;
        }
        self.decide(if self.keys.is_empty() {
            GatherEnd::FirstKeyTimeout
        } else {
            GatherEnd::NextKeyTimeout
        })
    }

    /// The result if the collection is broken off here.
    pub(crate) fn cancelled(&self) -> Gathered {
        self.gathered(GatherEnd::Cancelled)
    }

    fn decide(&mut self, end: GatherEnd) -> Option<Gathered> {
        self.deadline = None;
        // A prompt that must be heard holds the result back; one with barge-in was stopped by the media engine.
        if self.prompt == Prompt::Playing && !self.options.barge_in {
            self.decided = Some(end);
            return None;
        }
        Some(self.gathered(end))
    }

    fn wait_for_first_key(&mut self, now: Instant) {
        self.deadline = Some(now + Duration::from_millis(u64::from(self.options.first_key_ms)));
    }

    fn gathered(&self, ended_by: GatherEnd) -> Gathered {
        Gathered {
            keys: self.keys.clone().into(),
            ended_by,
            complete: self.said.is_some() || self.keys.len() >= usize::from(self.options.min),
            said: self.said.clone(),
        }
    }
}
