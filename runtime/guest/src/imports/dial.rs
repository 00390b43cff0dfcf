//! `dial`: calling others.

use super::call::nothing;
use super::{define, define_as_operation, define_operation, started};
use crate::bindings::patchcord::handler::dial::{Endpoint, Options, Outcome};
use crate::bindings::patchcord::handler::types::Error;
use crate::convert::{list, result};
use crate::handles::{Dialing, Leg, leg, operation};
use crate::slot::State;
use patchcord_control::ask::{Answer, Ask};
use wasmtime::component::{LinkerInstance, Resource};

type Arguments = (Option<Resource<Leg>>, Vec<Endpoint>, Options);

pub(super) fn link(dial: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    define_operation::<Dialing>(dial, "dialing")?;
    define(
        dial,
        "dial",
        |(caller, endpoints, options): Arguments| Ask::Dial {
            caller: caller.as_ref().map(leg),
            endpoints: list(endpoints),
            options: options.into(),
        },
        |_, answer| match answer {
            Answer::Dialled(outcome) => Some((result::<_, Outcome, _, Error>(outcome),)),
            _ => None,
        },
    )?;
    define(
        dial,
        "start",
        |(caller, endpoints, options): Arguments| Ask::StartDial {
            caller: caller.as_ref().map(leg),
            endpoints: list(endpoints),
            options: options.into(),
        },
        started::<Dialing>,
    )?;
    define_as_operation::<Dialing>(dial, "[method]dialing.operation")?;
    define(
        dial,
        "[method]dialing.result",
        |(it,): (Resource<Dialing>,)| Ask::DialResult {
            operation: operation(&it),
        },
        |_, answer| match answer {
            Answer::DialResult(known) => Some((known.map(result::<_, Outcome, _, Error>),)),
            _ => None,
        },
    )?;
    define(
        dial,
        "[method]dialing.cancel",
        |(it,): (Resource<Dialing>,)| Ask::CancelDial {
            operation: operation(&it),
        },
        nothing,
    )
}
