//! What the node tells those outside, and event sinks: whoever tests them sees all of it, and tells sinks himself.

use super::World;
use patchcord_control::events::{Event, Telling};
use patchcord_switch::{Input, NotReceived, SinkKey, ToSink};
use std::sync::Arc;

/// What was told, and what sinks have made of it.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) tellings: Vec<Telling>,
    pub(super) received: Vec<(SinkKey, Result<(), NotReceived>)>,
}

impl World {
    /// Everything that receivers were to be told, in order.
    pub fn tellings(&self) -> &[Telling] {
        &self.told.tellings
    }

    /// Tells a sink an event under a name of the caller's choice.
    pub fn tell_sink(&mut self, key: SinkKey, sink: &str, event: &Event, sequence: u32) {
        let to = ToSink {
            key,
            sink: sink.into(),
            event: Arc::new(event.clone()),
            sequence,
        };
        self.tell_node(Input::Tell(Box::new(to)));
    }

    /// What sinks have made of events, in the order in which they were done.
    pub fn received(&self) -> &[(SinkKey, Result<(), NotReceived>)] {
        &self.told.received
    }
}
