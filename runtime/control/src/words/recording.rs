//! The contract's words for recordings. `wit/` is the source; see there for ranges.

use super::{Interruption, Key};

/// The file a recording becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RecordFormat {
    /// WAV.
    Wav,
    /// Ogg with Opus.
    Opus,
}

/// How something is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordOptions {
    /// The file it becomes.
    pub format: RecordFormat,
    /// Longest recording, pauses that are skipped not counted.
    pub longest_ms: u32,
    /// Keys of which each ends it.
    pub finish_on: Vec<Key>,
    /// So much silence ends it; none: silence does not.
    pub silence_ms: Option<u32>,
    /// Whether a beep is played before it.
    pub beep: Beep,
    /// What becomes of silence at its ends.
    pub trim: TrimSilence,
}

/// Whether a recording is announced by a beep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Beep {
    /// Nothing is played.
    No,
    /// Each leg hears it; the recording begins after it.
    Yes,
}

/// What becomes of silence at the ends of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TrimSilence {
    /// It stays.
    Keep,
    /// It is cut off.
    Ends,
}

/// What stands for a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PauseWith {
    /// Nothing.
    Skip,
    /// As much silence.
    Silence,
}

/// Why a recording ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordEnd {
    /// One of its keys.
    Key(Key),
    /// Nothing was heard for as long as its options say.
    Silence,
    /// It is as long as it may be.
    Longest,
    /// The handler stopped it.
    Stopped,
    /// A leg it records is gone.
    Left(Interruption),
}

/// Why there is no recording, or not a whole one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotRecorded {
    /// It could not be written where recordings are kept.
    Storage,
    /// The node has more to record than it can write.
    Overloaded,
    /// It was not known to be kept in time.
    Late,
}

/// A recording that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Its name.
    pub id: String,
    /// Length of its sound.
    pub length_ms: u64,
    /// Why it ended.
    pub ended_by: RecordEnd,
}
