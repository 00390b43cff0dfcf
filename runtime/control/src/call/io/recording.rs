//! What storage and a call say to each other of a recording.

use crate::ids::RecordingId;
use crate::words::{NotRecorded, RecordFormat, TrimSilence};

/// What can happen to a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordingSignal {
    /// A channel has been quiet for as long as its tap was told.
    Quiet {
        /// Which.
        channel: u8,
    },
    /// It no longer is.
    Sound {
        /// Which.
        channel: u8,
    },
    /// A tap is gone; what it gave is on its way to storage. Comes once for each.
    TapOver {
        /// Which.
        channel: u8,
        /// Why.
        why: Tapped,
    },
    /// Storage has kept it, as [`RecordingCommand::Finish`] asked, or has given it up, at any time. Comes once.
    Stored(Result<Saved, NotRecorded>),
}

/// Why a tap is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tapped {
    /// As the call wanted.
    AsOrdered,
    /// It has given as much as it may.
    Longest,
    /// Its session closed, or was never open.
    Closed,
    /// Its sound could not be taken away in time.
    Dropped,
}

/// A recording that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Saved {
    /// The length of its sound.
    pub length_ms: u64,
    /// Bytes of its file.
    pub bytes: u64,
    /// Of its file.
    pub sha256: [u8; 32],
}

/// What storage is told of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordingCommand {
    /// A new one. [`RecordingSignal::Stored`] follows, as a rule after `Finish`.
    Begin {
        /// Its name.
        id: RecordingId,
        /// 1 or 2.
        channels: u8,
        /// What becomes of silence at its ends.
        trim: TrimSilence,
        /// The file it becomes.
        format: RecordFormat,
    },
    /// Nothing more comes.
    Finish {
        /// Which.
        id: RecordingId,
    },
}
