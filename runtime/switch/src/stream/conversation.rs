//! What one connection serves: a stream, or a recognition. Whoever has connections drives both alike.

use super::{Input, Output, Stream, StreamKey};
use crate::recognise::Recognition;
use patchcord_control::stream_urls::StreamUrl;
use patchcord_media::{LiveOrder, SessionId};
use std::time::Instant;

/// A stream or a recognition.
#[derive(Debug)]
pub enum Conversation {
    /// A stream, to the server that its handler named.
    Stream(Box<Stream>),
    /// A recognition, by the recogniser of the node.
    Recognition(Box<Recognition>),
}

impl Conversation {
    /// Its key.
    pub fn key(&self) -> StreamKey {
        match self {
            Self::Stream(stream) => stream.setup().key,
            Self::Recognition(recognition) => recognition.setup().key,
        }
    }

    /// The server that was named; none: the recogniser of the node.
    pub fn url(&self) -> Option<&StreamUrl> {
        match self {
            Self::Stream(stream) => Some(&stream.setup().url),
            Self::Recognition(_) => None,
        }
    }

    /// Where its live sound is to be played, if it has any: the session, and its media thread.
    pub fn plays_to(&self) -> Option<(SessionId, usize)> {
        match self {
            Self::Stream(stream) => Some((stream.setup().session, stream.setup().thread)),
            Self::Recognition(_) => None,
        }
    }

    /// See there; so with all that follow.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) {
        match self {
            Self::Stream(stream) => stream.handle(now, input),
            Self::Recognition(recognition) => recognition.handle(now, input),
        }
    }

    /// The next thing it wants.
    pub fn poll(&mut self) -> Option<Output> {
        match self {
            Self::Stream(stream) => stream.poll(),
            Self::Recognition(recognition) => recognition.poll(),
        }
    }

    /// The next order for live sound.
    pub fn next_order(&mut self) -> Option<LiveOrder> {
        match self {
            Self::Stream(stream) => stream.next_order(),
            Self::Recognition(_) => None,
        }
    }

    /// Whether there is one.
    pub fn has_orders(&self) -> bool {
        match self {
            Self::Stream(stream) => stream.has_orders(),
            Self::Recognition(_) => false,
        }
    }

    /// The next text frame for the server.
    pub fn next_text(&mut self) -> Option<String> {
        match self {
            Self::Stream(stream) => stream.next_text(),
            Self::Recognition(recognition) => recognition.next_text(),
        }
    }

    /// When it acts by itself next.
    pub fn wake_at(&self) -> Option<Instant> {
        match self {
            Self::Stream(stream) => stream.wake_at(),
            Self::Recognition(recognition) => recognition.wake_at(),
        }
    }
}
