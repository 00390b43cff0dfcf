//! Event sinks: a component that is told of an event runs as a call without legs, with the same limits and the same errands as any
//! handler, and with no function that changes a call. It leaves no end record and no journal: whoever told it hears how it went.

use crate::directory::{Directory, Program};
use crate::io::Output;
use crate::leg_sip::{CallerFacts, Target};
use crate::live::Live;
use crate::shard::Shard;
use patchcord_control::call::{Call, Description, Turn};
use patchcord_control::events::Event;
use patchcord_control::grants::Grants;
use patchcord_control::ids::{CallId, Tenant};
use patchcord_control::record::{CallRecord, HandlerEnd};
use patchcord_control::tenancy::Seat;
use patchcord_control::words::{Began, LegInfo};
use patchcord_guest::Instance;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The longest that a sink may have for one event; then what it waits for is interrupted, and it may clean up.
pub const SINK_TIME: Duration = Duration::from_secs(30);

/// An event sink.
#[derive(Debug, Clone)]
pub struct Sink {
    /// Whose.
    pub tenant: Tenant,
    /// Its component; its name is the sink's.
    pub program: Arc<Program>,
    /// What it is granted.
    pub grants: Arc<Grants>,
}

/// An event on its way to a sink, named until it has been received or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SinkKey(pub u64);

/// What a sink is to be told.
#[derive(Debug)]
pub struct ToSink {
    /// By which name the answer is known.
    pub key: SinkKey,
    /// Which sink.
    pub sink: Arc<str>,
    /// What happened.
    pub event: Arc<Event>,
    /// The number it has for this sink.
    pub sequence: u32,
}

/// Why a sink has not received an event. It may be told again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotReceived {
    /// There is no sink of this name any more.
    NoSuchSink,
    /// As many run as may, on the node or of the tenant.
    Busy,
    /// It failed; for its developer to read.
    Failed(String),
}

impl fmt::Display for NotReceived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchSink => f.write_str("there is no event sink of this name any more"),
            Self::Busy => f.write_str("as many event sinks run as may"),
            Self::Failed(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for NotReceived {}

impl Shard {
    /// Runs a sink for an event. [`Output::Received`] follows, exactly once.
    pub(crate) fn tell_sink(&mut self, now: Instant, to: &ToSink) {
        if let Err(why) = self.begin_sink(now, to) {
            let (key, received) = (to.key, Err(why));
            self.outputs.push_back(Output::Received { key, received });
        }
    }

    fn begin_sink(&mut self, now: Instant, to: &ToSink) -> Result<(), NotReceived> {
        let directory = self.directory.clone().ok_or(NotReceived::NoSuchSink)?;
        let sink = directory.sink(&to.sink).ok_or(NotReceived::NoSuchSink)?.clone();
        if self.has_all_calls() {
            return Err(NotReceived::Busy);
        }
        let seat = self
            .share_of(&sink.tenant)
            .and_then(|share| share.instance(self.instance_memory()))
            .map_err(|_| NotReceived::Busy)?;
        let module = &sink.program.module;
        let instance = Instance::start_sink(module, self.config.instance, &to.event, to.sequence);
        let instance = instance.map_err(|fault| NotReceived::Failed(fault.to_string()))?;
        let id = self.new_call_id();
        let call = self.call_of(now, id, &sink, (directory.clone(), seat.share().nothing()));
        let live = Live {
            instance: Some(instance),
            told: Some(to.key),
            ..Live::new(call, sink.program, directory, seat)
        };
        self.calls.insert(id, live);
        self.take_turn(now, id, None, Turn::New);
        self.drive(now, id);
        Ok(())
    }

    fn call_of(&mut self, now: Instant, id: CallId, sink: &Sink, (directory, seat): (Arc<Directory>, Seat)) -> Call {
        let target = Target {
            directory,
            tenant: sink.tenant.clone(),
            program: sink.program.clone(),
            fallbacks: Arc::default(),
            began: Began::Offered,
            continues: None,
            seat,
            candidate: None,
        };
        let facts = CallerFacts {
            info: LegInfo::default(),
            headers: Vec::new(),
            description: Description::Offered,
        };
        let mut setup = self.setup(now, id, facts, &target);
        setup.grants = sink.grants.clone();
        setup.receivers = Vec::new();
        setup.limits.call_duration = SINK_TIME;
        Call::without_legs(now, setup)
    }

    /// A sink is done with an event.
    pub(crate) fn sink_over(&mut self, key: SinkKey, record: &CallRecord) {
        let received = match &record.handler_end {
            HandlerEnd::Done | HandlerEnd::NotRun => Ok(()),
            HandlerEnd::Faulted(fault) => Err(NotReceived::Failed(fault.text.clone())),
        };
        self.outputs.push_back(Output::Received { key, received });
    }
}
