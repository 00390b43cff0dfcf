//! The messages of a stream: JSON in text frames, one object each, told apart by `event`. What a server writes is a
//! stranger's: bounded, and without effect if it is not as it should be.

use base64ct::{Base64, Encoding};
use patchcord_control::words::{StreamFormat, StreamOptions};
use serde::{Deserialize, Serialize};

/// Bytes of a text frame of a server; a longer one breaks the connection.
pub const MAX_TEXT_BYTES: usize = 256 * 1024;
/// Bytes of the name of a mark.
const MARK_BYTES: usize = 256;
/// Bytes of a text for the handler.
const MESSAGE_BYTES: usize = 4_096;

/// Why there is no connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The server's answer was this HTTP status.
    Refused(u16),
    /// There was no answer, or it was none of a WebSocket.
    Unreachable,
}

/// What a server said.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Sound(Vec<u8>),
    Mark(String),
    Clear,
    Message(String),
    Stop,
}

#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum In {
    Media { payload: String },
    Mark { name: String },
    Clear,
    Message { text: String },
    Stop,
}

/// Reads a message; none if it is none of the protocol.
pub(crate) fn read(text: &str) -> Option<Said> {
    if text.len() > MAX_TEXT_BYTES {
        return None;
    }
    let said = match serde_json::from_str(text).ok()? {
        In::Media { payload } => Said::Sound(Base64::decode_vec(&payload).ok()?),
        In::Mark { name } if name.len() <= MARK_BYTES => Said::Mark(name),
        In::Message { text } if text.len() <= MESSAGE_BYTES => Said::Message(text),
        In::Mark { .. } | In::Message { .. } => return None,
        In::Clear => Said::Clear,
        In::Stop => Said::Stop,
    };
    Some(said)
}

/// What a server is told.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename_all = "lowercase", rename_all_fields = "camelCase")]
pub(crate) enum Told {
    Connected {
        protocol: &'static str,
        version: &'static str,
    },
    Start {
        stream_sid: String,
        call_id: String,
        format: Format,
        direction: &'static str,
        /// Which connection of the stream it is, from 1.
        connection: u32,
        parameters: serde_json::Map<String, serde_json::Value>,
    },
    Media {
        timestamp: u64,
        payload: String,
    },
    Key {
        digit: char,
    },
    Mark {
        name: String,
        played: bool,
        played_ms: u64,
    },
    Cleared {
        played_ms: u64,
        cleared_ms: u64,
    },
    Message {
        text: String,
    },
    Stop {
        reason: &'static str,
    },
    /// The `start` of a recognition.
    #[serde(rename = "start")]
    Listen {
        #[serde(skip_serializing_if = "Option::is_none")]
        call_id: Option<String>,
        format: Format,
        /// Which connection of the recognition it is, from 1.
        connection: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        language: Option<String>,
        hints: Vec<String>,
        digits: u8,
        partials: bool,
    },
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Format {
    encoding: &'static str,
    rate: u32,
}

impl Format {
    pub(crate) fn of(format: StreamFormat) -> Self {
        let (encoding, rate) = match format {
            StreamFormat::Mulaw8k => ("mulaw", 8_000),
            StreamFormat::L16at16k => ("l16", 16_000),
            StreamFormat::L16at24k => ("l16", 24_000),
        };
        Self { encoding, rate }
    }
}

/// The parameters of a stream; of two with one name the last.
pub(crate) fn parameters(options: &StreamOptions) -> serde_json::Map<String, serde_json::Value> {
    let all = options.parameters.iter();
    all.map(|(name, value)| (name.clone(), value.reveal().clone().into()))
        .collect()
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    Base64::encode_string(bytes)
}

#[derive(Serialize)]
struct Numbered<'a> {
    #[serde(flatten)]
    told: &'a Told,
    #[serde(rename = "sequenceNumber")]
    number: u64,
}

/// Writes a message under its number.
pub(crate) fn write(told: &Told, number: u64) -> String {
    serde_json::to_string(&Numbered { told, number }).expect("maps have names for keys, and nothing else can fail")
}
