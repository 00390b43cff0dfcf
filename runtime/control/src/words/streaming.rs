//! The contract's words for streams. `wit/` is the source; see there for ranges.

use super::Interruption;
use crate::private::Private;

/// How a leg is streamed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamOptions {
    /// Where to. Private: a token may be in it.
    pub url: Private<String>,
    /// How sound is coded.
    pub format: StreamFormat,
    /// Who speaks.
    pub direction: StreamDirection,
    /// What the server is told, by names.
    pub parameters: Vec<(String, Private<String>)>,
    /// How often a connection is opened again, in all.
    pub reconnect: u8,
}

/// How the sound of a stream is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StreamFormat {
    /// G.711 mu-law at 8 kHz.
    Mulaw8k,
    /// 16 bits at 16 kHz.
    L16at16k,
    /// 16 bits at 24 kHz.
    L16at24k,
}

/// Who speaks on a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StreamDirection {
    /// The leg.
    Listen,
    /// The server, too.
    Both,
}

/// Why a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamEnd {
    /// The handler stopped it.
    Stopped,
    /// The server ended it.
    Finished,
    /// Its leg is gone.
    Left(Interruption),
    /// The server refused it with this HTTP status.
    Refused(u16),
    /// No connection came about.
    Unreachable,
    /// The connection broke.
    Lost,
    /// The node has as many as it may.
    Overloaded,
}

/// What went over a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StreamCounts {
    /// Sound of the leg that was sent, in milliseconds.
    pub heard_ms: u64,
    /// Sound of the leg that was left out.
    pub dropped_ms: u64,
    /// Sound of the server that was played.
    pub played_ms: u64,
    /// Sound of the server that was not, because it was cleared or the stream ended.
    pub cleared_ms: u64,
    /// Sound of the server that found no room.
    pub overrun_ms: u64,
    /// Connections that came about.
    pub connections: u32,
    /// Messages of the server without effect.
    pub ignored: u32,
}

/// What came of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Streamed {
    /// Its name.
    pub id: String,
    /// Why it ended.
    pub ended_by: StreamEnd,
    /// How long it was, in milliseconds.
    pub lasted_ms: u64,
    /// What went over it.
    pub counts: StreamCounts,
}
