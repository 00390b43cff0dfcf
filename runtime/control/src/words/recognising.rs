//! The contract's words for continuous recognition. `wit/` is the source; see there for ranges.

use super::Interruption;
use crate::private::Private;

/// Hints of one recognition.
pub const HINTS_MAX: usize = 128;

/// How a leg is listened to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecogniseOptions {
    /// The language's tag; none: the platform's own.
    pub language: Option<String>,
    /// Words and short phrases that are likely.
    pub hints: Vec<Private<String>>,
    /// Whether results come before something is said to its end.
    pub partials: Partials,
    /// The longest it may last.
    pub longest_ms: u32,
}

/// Whether results come before something is said to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Partials {
    /// Yes.
    Wanted,
    /// No.
    Unwanted,
}

/// What came of listening. Places are milliseconds of the recognition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeardSpeech {
    /// Something is being said.
    Partial(PartialText),
    /// Something was said.
    Final(FinalText),
    /// Sound that nobody recognised.
    Gap(Gap),
    /// So many final texts and gaps found no room.
    Missed(u32),
}

/// What is being said, as far as it is recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartialText {
    /// All of it so far.
    pub text: Private<String>,
    /// Where it began.
    pub from_ms: u64,
}

/// What was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinalText {
    /// All of it.
    pub text: Private<String>,
    /// 0 to 100.
    pub confidence: u8,
    /// Where it began.
    pub from_ms: u64,
    /// Where it ended.
    pub to_ms: u64,
}

/// Sound that nobody recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// Where it begins.
    pub from_ms: u64,
    /// Where it ends.
    pub to_ms: u64,
}

/// Why a recognition ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecogniseEnd {
    /// The handler stopped it.
    Stopped,
    /// It lasted as long as it may.
    Longest,
    /// Its leg is gone.
    Left(Interruption),
    /// It failed.
    Failed(RecogniseFailure),
}

/// Why a recognition failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecogniseFailure {
    /// The recogniser refused it with this HTTP status.
    Refused(u16),
    /// No connection came about.
    Unreachable,
    /// The connection broke too often.
    Lost,
    /// There are as many as there may be.
    Overloaded,
    /// The recogniser does not know the language.
    Language,
    /// The recogniser gave up.
    Recogniser,
}

/// What went over a recognition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RecogniseCounts {
    /// Sound that was sent, in milliseconds.
    pub heard_ms: u64,
    /// Sound that was left out.
    pub dropped_ms: u64,
    /// Final texts that came.
    pub finals: u32,
    /// Final texts that were no use: too long, or too many at once.
    pub finals_refused: u32,
    /// Connections that came about.
    pub connections: u32,
    /// Messages of the recogniser without effect.
    pub ignored: u32,
}

/// What came of a recognition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recognised {
    /// Why it ended.
    pub ended_by: RecogniseEnd,
    /// How long it was, in milliseconds.
    pub lasted_ms: u64,
    /// Final texts and gaps that the handler was not given.
    pub missed: u32,
    /// What went over it.
    pub counts: RecogniseCounts,
}
