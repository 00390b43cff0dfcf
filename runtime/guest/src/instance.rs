//! One run of a module beside one call: given an answer, it names the next ask.

use crate::{Fault, Limits, Module};
use patchcord_control::ask::{Answer, Ask};
use patchcord_control::words::Error;

/// What an instance did with an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// It asks this and is at rest until [`Instance::resume`] brings the answer.
    Asked(Ask),
    /// The handler returned. The instance is gone.
    Finished(Result<(), Error>),
    /// It was ended. The instance is gone.
    Failed(Fault),
}

/// What an instance has used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Wasm instructions, more or less.
    pub fuel: u64,
    /// The most linear memory it had at any time, in bytes.
    pub memory_peak: u64,
    /// Host calls, waiting or not.
    pub host_calls: u64,
    /// Turns: times it was resumed after a wait, and once for its start.
    pub turns: u64,
}

/// A handler beside its call. Dropping it ends the guest cleanly.
pub struct Instance {}

impl Instance {
    /// Prepares an instance. No code of the module runs yet.
    pub fn start(module: &Module, limits: Limits) -> Result<Instance, Fault> {
        let _ = (module, limits);
        todo!()
    }

    /// Runs the guest until it asks, finishes or fails. `answer` is none the first time, then the answer to the last ask.
    ///
    /// # Panics
    /// If the answer is not of the variant its ask names, if there is none where one is due, or after the end.
    pub fn resume(&mut self, answer: Option<Answer>) -> Step {
        let _ = answer;
        todo!()
    }

    /// Says that the next answer was waited for: the per-turn limits begin anew with the next [`Instance::resume`].
    pub fn begin_turn(&mut self) {
        todo!()
    }

    /// What it has used until its last ask or its end.
    pub fn usage(&self) -> Usage {
        todo!()
    }

    /// Ends it where it stands and gives its memory back. The guest runs no further code.
    pub fn kill(self) {
        todo!()
    }
}
