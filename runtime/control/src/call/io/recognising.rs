//! What goes into a call and what comes out of it, of continuous recognition.

use crate::ids::LegId;
use crate::words::{HeardSpeech, RecogniseCounts, RecogniseFailure, RecogniseOptions, StreamEnd};

/// What can happen to a recognition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecogniseSignal {
    /// Something was heard.
    Heard(HeardSpeech),
    /// It is over. Comes once for each; none: as the call wanted, or because its leg has no session.
    Over {
        /// Why, if it failed.
        failure: Option<RecogniseFailure>,
        /// What went over it.
        counts: RecogniseCounts,
    },
}

/// What a recognition is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecogniseCommand {
    /// A new one. [`RecogniseSignal::Over`] follows in the end.
    Begin {
        /// Whose sound.
        leg: LegId,
        /// How.
        options: RecogniseOptions,
    },
    /// The end, and why, as of a stream; what was said last is still to be recognised.
    End(StreamEnd),
}

/// How the node's recogniser listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listens {
    /// All the time that it is asked to.
    Continuously,
    /// To one sentence at a time, in place of keys.
    OnceAtATime,
    /// Not at all.
    Never,
}
