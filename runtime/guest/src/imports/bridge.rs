//! `bridge`: connecting two legs, and moving legs between calls.

use super::call::nothing;
use super::{define, define_as_operation, define_operation, started};
use crate::bindings::patchcord::handler::bridge::{Bridged, Options};
use crate::bindings::patchcord::handler::types::Error;
use crate::convert::{call_id, result};
use crate::handles::{Bridging, Leg, give_leg, leg, operation};
use crate::slot::State;
use patchcord_control::ask::{Answer, Ask};
use wasmtime::component::{LinkerInstance, Resource};

type Arguments = (Resource<Leg>, Resource<Leg>, Options);

pub(super) fn link(bridge: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    define_operation::<Bridging>(bridge, "bridging")?;
    define(
        bridge,
        "bridge",
        |(first, second, options): Arguments| Ask::Bridge {
            first: leg(&first),
            second: leg(&second),
            options: options.into(),
        },
        |_, answer| match answer {
            Answer::Bridged(bridged) => Some((result::<_, Bridged, _, Error>(bridged),)),
            _ => None,
        },
    )?;
    define(
        bridge,
        "start",
        |(first, second, options): Arguments| Ask::StartBridge {
            first: leg(&first),
            second: leg(&second),
            options: options.into(),
        },
        started::<Bridging>,
    )?;
    link_bridging(bridge)?;
    define(
        bridge,
        "take",
        |(call,): (String,)| Ask::Take { call: call_id(&call) },
        taken,
    )?;
    define(
        bridge,
        "give",
        |(it, handler): (Resource<Leg>, String)| Ask::Give { leg: leg(&it), handler },
        |_, answer| match answer {
            Answer::Given(call) => Some((call.map(|id| id.to_string()).map_err(Error::from),)),
            _ => None,
        },
    )
}

/// What a bridge that stands is asked.
fn link_bridging(bridge: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    define_as_operation::<Bridging>(bridge, "[method]bridging.operation")?;
    define(
        bridge,
        "[method]bridging.result",
        |(it,): (Resource<Bridging>,)| Ask::BridgeResult {
            operation: operation(&it),
        },
        |_, answer| match answer {
            Answer::BridgeResult(known) => Some((known.map(result::<_, Bridged, _, Error>),)),
            _ => None,
        },
    )?;
    define(
        bridge,
        "[method]bridging.stop",
        |(it,): (Resource<Bridging>,)| Ask::StopBridge {
            operation: operation(&it),
        },
        nothing,
    )
}

/// The result of functions that take a leg out of another call.
pub(super) fn taken(_: &mut State, answer: Answer) -> Option<(Result<Resource<Leg>, Error>,)> {
    match answer {
        Answer::Taken(taken) => Some((taken.map(give_leg).map_err(Error::from),)),
        _ => None,
    }
}
