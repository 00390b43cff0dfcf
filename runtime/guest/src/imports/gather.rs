//! `gather`: keys from a leg.

use super::call::nothing;
use super::{define, define_as_operation, define_operation, started};
use crate::bindings::patchcord::handler::gather::{Failure, Gathered, Options};
use crate::convert::result;
use crate::handles::{Gathering, Leg, leg, operation};
use crate::slot::State;
use patchcord_control::ask::{Answer, Ask};
use wasmtime::component::{LinkerInstance, Resource};

pub(super) fn link(gather: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    define_operation::<Gathering>(gather, "gathering")?;
    define(
        gather,
        "gather",
        |(it, options): (Resource<Leg>, Options)| Ask::Gather {
            leg: leg(&it),
            options: options.into(),
        },
        gathered,
    )?;
    define(
        gather,
        "start",
        |(it, options): (Resource<Leg>, Options)| Ask::StartGather {
            leg: leg(&it),
            options: options.into(),
        },
        started::<Gathering>,
    )?;
    define(
        gather,
        "flush",
        |(it,): (Resource<Leg>,)| Ask::Flush { leg: leg(&it) },
        nothing,
    )?;
    define_as_operation::<Gathering>(gather, "[method]gathering.operation")?;
    define(
        gather,
        "[method]gathering.result",
        |(it,): (Resource<Gathering>,)| Ask::GatherResult {
            operation: operation(&it),
        },
        |_, answer| match answer {
            Answer::GatherResult(known) => Some((known.map(result::<_, Gathered, _, Failure>),)),
            _ => None,
        },
    )?;
    define(
        gather,
        "[method]gathering.cancel",
        |(it,): (Resource<Gathering>,)| Ask::CancelGather {
            operation: operation(&it),
        },
        gathered,
    )
}

fn gathered(_: &mut State, answer: Answer) -> Option<(Result<Gathered, Failure>,)> {
    match answer {
        Answer::Gathered(gathered) => Some((result(gathered),)),
        _ => None,
    }
}
