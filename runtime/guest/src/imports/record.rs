//! `record`: what far ends say, kept.

use super::call::nothing;
use super::{define, define_as_operation, define_operation, named, started};
use crate::bindings::patchcord::handler::record::{Options, PauseWith, Recorded};
use crate::bindings::patchcord::handler::types::Error;
use crate::convert::result;
use crate::handles::{Leg, Recording, Room, leg, operation};
use crate::slot::State;
use patchcord_control::ask::{Answer, Ask};
use wasmtime::component::{LinkerInstance, Resource};

pub(super) fn link(record: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    define_operation::<Recording>(record, "recording")?;
    define(
        record,
        "record",
        |(it, options): (Resource<Leg>, Options)| Ask::Record {
            leg: leg(&it),
            options: options.into(),
        },
        recorded,
    )?;
    define(
        record,
        "start",
        |(it, options): (Resource<Leg>, Options)| Ask::StartRecord {
            legs: vec![leg(&it)],
            options: options.into(),
        },
        started::<Recording>,
    )?;
    define(
        record,
        "start-both",
        |(first, second, options): (Resource<Leg>, Resource<Leg>, Options)| Ask::StartRecord {
            legs: vec![leg(&first), leg(&second)],
            options: options.into(),
        },
        started::<Recording>,
    )?;
    define(
        record,
        "start-room",
        |(room, options): (Resource<Room>, Options)| Ask::StartRoomRecord {
            room: operation(&room),
            options: options.into(),
        },
        started::<Recording>,
    )?;
    link_recording(record)
}

/// What a recording under way is asked.
fn link_recording(record: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    define_as_operation::<Recording>(record, "[method]recording.operation")?;
    define(
        record,
        "[method]recording.id",
        |(it,): (Resource<Recording>,)| Ask::RecordingName {
            operation: operation(&it),
        },
        named,
    )?;
    define(
        record,
        "[method]recording.result",
        |(it,): (Resource<Recording>,)| Ask::RecordResult {
            operation: operation(&it),
        },
        |_, answer| match answer {
            Answer::RecordResult(known) => Some((known.map(result::<_, Recorded, _, Error>),)),
            _ => None,
        },
    )?;
    define(
        record,
        "[method]recording.pause",
        |(it, with): (Resource<Recording>, PauseWith)| Ask::PauseRecord {
            operation: operation(&it),
            with: with.into(),
        },
        nothing,
    )?;
    define(
        record,
        "[method]recording.resume",
        |(it,): (Resource<Recording>,)| Ask::ResumeRecord {
            operation: operation(&it),
        },
        nothing,
    )?;
    define(
        record,
        "[method]recording.stop",
        |(it,): (Resource<Recording>,)| Ask::StopRecord {
            operation: operation(&it),
        },
        recorded,
    )
}

fn recorded(_: &mut State, answer: Answer) -> Option<(Result<Recorded, Error>,)> {
    match answer {
        Answer::Recorded(recorded) => Some((result(recorded),)),
        _ => None,
    }
}
