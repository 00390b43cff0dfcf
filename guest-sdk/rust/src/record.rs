//! Recording what far ends say.

use crate::bindings::patchcord::handler::record::{self, Format, Options, PauseWith};
use crate::key::named;
use crate::prompt::ms;
use crate::{Leg, Recorded, Recording, Result};
use std::time::Duration;

const LONGEST: Duration = Duration::from_secs(3_600);

/// How something is recorded. Without more words: as it is, for an hour at most, until it is stopped or a leg is gone.
#[derive(Debug, Clone)]
pub struct Record(pub(crate) Options);

impl Default for Record {
    fn default() -> Self {
        Self(Options {
            longest_ms: ms(LONGEST),
            finish_on: Vec::new(),
            silence_ms: None,
            beep: false,
            trim_silence: false,
            format: Format::Wav,
        })
    }
}

impl Record {
    /// The longest recording, 1 s to 4 hours.
    pub fn longest(mut self, time: Duration) -> Record {
        self.0.longest_ms = ms(time);
        self
    }

    /// This key ends it too and is used up: 0 to 9, `*`, `#`, A to D.
    ///
    /// # Panics
    /// If there is no such key on a telephone.
    pub fn finish_on(mut self, key: char) -> Record {
        self.0.finish_on.push(named(key));
        self
    }

    /// So much silence ends it, half a second to 10 minutes.
    pub fn until_silent_for(mut self, time: Duration) -> Record {
        self.0.silence_ms = Some(ms(time));
        self
    }

    /// It becomes a file in Ogg with Opus, a sixth of the usual WAV.
    pub fn opus(mut self) -> Record {
        self.0.format = Format::Opus;
        self
    }

    /// A tone is heard before it.
    pub fn beep(mut self) -> Record {
        self.0.beep = true;
        self
    }

    /// Silence at its beginning and end is left out.
    pub fn trim(mut self) -> Record {
        self.0.trim_silence = true;
        self
    }
}

impl Leg {
    /// Records what the far end says and waits until that has ended and is kept. If the far end leaves meanwhile, what it
    /// said until then is the result.
    pub fn record(&self, how: Record) -> Result<Recorded> {
        record::record(self, &how.0)
    }

    /// Starts recording and returns at once. Dropping the result does not stop it.
    pub fn start_record(&self, how: Record) -> Result<Recording> {
        record::start(self, &how.0)
    }

    /// Starts recording this leg and another side by side, left and right, bridged or not. Dropping the result does not
    /// stop it.
    pub fn start_record_with(&self, other: &Leg, how: Record) -> Result<Recording> {
        record::start_both(self, other, &how.0)
    }
}

impl Recording {
    /// Leaves out what is said from now on; what comes after the pause follows what came before it.
    pub fn pause_with_skip(&self) {
        self.pause(PauseWith::Skip);
    }

    /// Keeps silence instead of what is said from now on.
    pub fn pause_with_silence(&self) {
        self.pause(PauseWith::Silence);
    }
}
