//! What the node tells those outside, event sinks, and whoever runs it: whoever tests them sees all of it, and tells sinks himself.

use super::World;
use patchcord_control::events::{Event, Telling};
use patchcord_control::ids::Tenant;
use patchcord_control::tenancy::Refused;
use patchcord_switch::{Input, NotReceived, SinkKey, ToSink};
use std::sync::Arc;

/// What was told, and what sinks have made of it.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) tellings: Vec<Telling>,
    pub(super) received: Vec<(SinkKey, Result<(), NotReceived>)>,
    pub(super) limited: Vec<(Tenant, Refused, u64)>,
}

impl World {
    /// Everything that receivers were to be told, in order.
    pub fn tellings(&self) -> &[Telling] {
        &self.told.tellings
    }

    /// Limits that tenants have reached, and how often since that was told last.
    pub fn limited(&self) -> &[(Tenant, Refused, u64)] {
        &self.told.limited
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
