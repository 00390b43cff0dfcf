//! What a recogniser says: JSON in text frames, one object each, told apart by `event`. It is a stranger's: bounded, and
//! without effect if it is not as it should be. What it is told is in [`crate::stream`]'s messages.

use crate::stream::MAX_TEXT_BYTES;
use patchcord_control::words::RecogniseFailure;
use serde::Deserialize;

/// Bytes of what was said, in one result.
const RESULT_BYTES: usize = 4_096;

/// What it said. It has no `Debug`: what was said is not for logs.
pub(super) enum Said {
    Partial(Spoken),
    Final(Spoken),
    Error(RecogniseFailure),
    Stop,
}

/// A result.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Spoken {
    pub(super) text: String,
    confidence: Option<f64>,
    pub(super) from_ms: Option<u64>,
    pub(super) to_ms: Option<u64>,
}

impl Spoken {
    /// Whether it is short enough to be told.
    pub(super) fn fits(&self) -> bool {
        self.text.len() <= RESULT_BYTES
    }

    /// 0 to 100; whoever does not say is sure.
    pub(super) fn confidence(&self) -> u8 {
        // What is no number becomes 0.
        (self.confidence.unwrap_or(1.0).clamp(0.0, 1.0) * 100.0).round() as u8
    }
}

#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum In {
    Partial(Spoken),
    Final(Spoken),
    Error {
        #[serde(default)]
        code: String,
    },
    Stop,
}

/// Reads a message; none if it is none of the protocol.
pub(super) fn read(text: &str) -> Option<Said> {
    if text.len() > MAX_TEXT_BYTES {
        return None;
    }
    Some(match serde_json::from_str(text).ok()? {
        In::Partial(spoken) => Said::Partial(spoken),
        In::Final(spoken) => Said::Final(spoken),
        In::Error { code } => Said::Error(match code.as_str() {
            "language" => RecogniseFailure::Language,
            "busy" => RecogniseFailure::Overloaded,
            _ => RecogniseFailure::Recogniser,
        }),
        In::Stop => Said::Stop,
    })
}
