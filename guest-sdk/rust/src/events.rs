//! What happens in calls, as event sinks and webhooks are told.

pub use crate::bindings::patchcord::handler::events::{
    CallEnd, CallStart, Event, Failure, Happening, Kind, LegEnd, Note, Party, RecordingEnd,
};
