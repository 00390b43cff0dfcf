//! What a leg says, written down while it is said.

use crate::bindings::patchcord::handler::recognise::{self, Heard, Options, Partials};
use crate::prompt::ms;
use crate::{Leg, Recognising, Result};
use std::time::Duration;

const LONGEST: Duration = Duration::from_secs(4 * 3600);

/// How a leg is listened to. Without more words: in the platform's language, with partial texts, for up to four hours.
///
/// ```no_run
/// # use patchcord::prelude::*;
/// # fn handle(caller: Leg) -> Result<()> {
/// let listening = caller.recognise(Recognise::new().hints(["operator", "goodbye"]))?;
/// while let Some(heard) = listening.receive(None)? {
///     match heard {
///         Heard::Partial(so_far) => debug!("{} bytes so far", so_far.text.len()),
///         Heard::Final(said) if said.text.contains("goodbye") => break,
///         Heard::Final(said) => info!("a sentence, {} % sure", said.confidence),
///         Heard::Gap(_) | Heard::Missed(_) => warn!("something was not recognised"),
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Recognise(Options);

impl Default for Recognise {
    fn default() -> Self {
        Self::new()
    }
}

impl Recognise {
    /// Whatever is said.
    pub fn new() -> Recognise {
        Recognise(Options {
            language: None,
            hints: Vec::new(),
            partials: Partials::Wanted,
            longest_ms: ms(LONGEST),
        })
    }

    /// The language of what is said, as a tag such as "en" or "de-AT".
    pub fn language(mut self, tag: impl Into<String>) -> Recognise {
        self.0.language = Some(tag.into());
        self
    }

    /// Words and short phrases that are likely: up to 128, of letters, apostrophes and spaces, up to 100 bytes each.
    pub fn hints(mut self, hints: impl IntoIterator<Item = impl Into<String>>) -> Recognise {
        self.0.hints.extend(hints.into_iter().map(Into::into));
        self
    }

    /// No partial texts.
    pub fn finals_only(mut self) -> Recognise {
        self.0.partials = Partials::Unwanted;
        self
    }

    /// It ends by itself after so long, 1 s to 4 h.
    pub fn longest(mut self, time: Duration) -> Recognise {
        self.0.longest_ms = ms(time);
        self
    }
}

impl Leg {
    /// Starts to write down what the far end says, and returns at once. Dropping the result ends it.
    pub fn recognise(&self, how: Recognise) -> Result<Recognising> {
        recognise::start(self, &how.0)
    }
}

impl Recognising {
    /// The next result; none if none comes in time, or the recognition is over and all it heard was received.
    pub fn receive_within(&self, time: Duration) -> Result<Option<Heard>> {
        self.receive(Some(ms(time)))
    }
}
