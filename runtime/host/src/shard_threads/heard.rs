//! What comes out of an inbox, for tests of those who put something in.

use super::Outbox;
use super::inbox::{File, Received, Stored, ToShard};
use crate::recognition::Recognised;
use crate::sounds::Sound;
use crate::tenant_store;
use crate::web_requests;
use patchcord_control::call::{RecogniseSignal, StreamSignal};
use patchcord_media::SessionId;
use patchcord_sip::{Flow, Proven, Target};
use patchcord_switch::stream::StreamKey;
use patchcord_switch::{DoorEvent, PresenceTold, Query, RecordingKey, ToSink};
use std::time::Duration;
use tokio::sync::oneshot;

/// What a test sees of an inbox.
#[derive(Debug, PartialEq)]
pub(crate) enum Heard {
    Message(Flow, Vec<u8>),
    /// One of a client that has proved who it is.
    Proven(Flow, std::sync::Arc<Proven>, Vec<u8>),
    Failed(Flow),
    Resolved(Query, Vec<Target>),
    Fetched(Query, File),
    Recorded(RecordingKey, Stored),
    Spoken(Query, Sound),
    Recognised(Query, Recognised),
    KeptFor(Query, tenant_store::Stored),
    Responded(Query, web_requests::Responded),
    Stream(StreamKey, StreamSignal),
    Recognition(StreamKey, RecogniseSignal),
    Door(SessionId, DoorEvent),
    Presence(Query, PresenceTold),
    Other,
}

/// What an event sink's shard is asked.
pub(crate) struct SinkWish {
    pub(crate) to: Box<ToSink>,
    pub(crate) done: oneshot::Sender<Received>,
}

impl Outbox {
    /// The next event for a sink, if one comes in time and nothing else before it.
    pub(crate) fn sink(&self, wait: Duration) -> Option<SinkWish> {
        match self.receiver.recv_timeout(wait).ok()? {
            ToShard::Sink { to, done } => Some(SinkWish { to, done }),
            _ => None,
        }
    }

    /// What comes next, if anything comes in time.
    pub(crate) fn heard(&self, wait: Duration) -> Option<Heard> {
        let told = self.receiver.recv_timeout(wait).ok()?;
        Some(match told {
            ToShard::Message {
                flow,
                bytes,
                proven,
                class,
                ..
            } => {
                self.waiting.leave(class);
                match proven {
                    Some(proven) => Heard::Proven(flow, proven, bytes.into()),
                    None => Heard::Message(flow, bytes.into()),
                }
            }
            ToShard::SendFailed { flow } => Heard::Failed(flow),
            ToShard::Resolved { query, targets } => Heard::Resolved(query, targets),
            ToShard::Fetched { query, file } => Heard::Fetched(query, file),
            ToShard::Recorded { key, stored } => Heard::Recorded(key, stored),
            ToShard::Door { session, event } => Heard::Door(session, event),
            ToShard::Spoken { query, sound } => Heard::Spoken(query, sound),
            ToShard::Recognised { query, heard } => Heard::Recognised(query, heard),
            ToShard::KeptFor { query, reply } => Heard::KeptFor(query, reply),
            ToShard::Responded { query, response } => Heard::Responded(query, response),
            ToShard::Stream { key, signal } => Heard::Stream(key, signal),
            ToShard::Recognition { key, signal } => Heard::Recognition(key, signal),
            ToShard::Presence { query, told } => Heard::Presence(query, told),
            ToShard::Report(_)
            | ToShard::Order(_)
            | ToShard::Request(_)
            | ToShard::Sink { .. }
            | ToShard::Location(_)
            | ToShard::Trunk(_) => Heard::Other,
        })
    }
}
