//! Live streams of legs to WebSocket servers: what goes over the wire, when a connection is opened again, and the ledger of
//! what was heard and played. A core of its own beside the shard: whoever has the connection drives it, the host or a
//! pretend machine. The messages are in `wit/stream.md`.
//!
//! **One input, then drain [`Stream::poll`], [`Stream::next_order`] and, while there is a connection, [`Stream::next_text`];
//! [`Stream::wake_at`] then names the next deadline.**

mod conversation;
mod core;
pub(crate) mod line;
pub(crate) mod message;
pub(crate) mod outgoing;

pub use self::conversation::Conversation;
pub use self::core::{CLOSE_TIME, Input, Output, Stream};
pub use message::{Failure, MAX_TEXT_BYTES};

use patchcord_control::ids::StreamId;
use patchcord_control::stream_urls::StreamUrl;
use patchcord_control::words::StreamOptions;
use patchcord_media::SessionId;

/// A stream while it runs, by the numbers of its tap and of its live sound; unique in the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamKey(pub u64);

/// The channel of taps that are for streams; recordings have [`MAX_RECORDING_CHANNELS`](patchcord_media::MAX_RECORDING_CHANNELS).
pub const STREAM_CHANNEL: u8 = u8::MAX;

/// What a stream is made from.
#[derive(Debug, Clone)]
pub struct StreamSetup {
    /// Its key.
    pub key: StreamKey,
    /// Its name.
    pub id: StreamId,
    /// The session of its leg, for live sound.
    pub session: SessionId,
    /// The media thread that has the session.
    pub thread: usize,
    /// Where to.
    pub url: StreamUrl,
    /// How.
    pub options: StreamOptions,
}
