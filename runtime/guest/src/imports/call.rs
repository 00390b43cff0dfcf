//! `call`: the leg resource.

use super::define;
use crate::bindings::patchcord::handler::call::{Beginning, LegInfo, Quality, RejectReason};
use crate::bindings::patchcord::handler::types::{Error, LegState};
use crate::convert::private;
use crate::handles::{Leg, leg};
use crate::slot::{self, State};
use patchcord_control::ask::{Answer, Ask};
use wasmtime::component::{LinkerInstance, Resource, ResourceType};

pub(super) fn link(call: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    // A leg outlives the handles to it: nothing happens when one is dropped.
    call.resource("leg", ResourceType::host::<Leg>(), |_, _| Ok(()))?;
    define(
        call,
        "begun",
        |(): ()| Ask::Beginning,
        |_, answer| match answer {
            Answer::Began(began) => Some((Beginning::from(began),)),
            _ => None,
        },
    )?;
    link_views(call)?;
    link_same_as(call)?;
    link_opening(call)?;
    link_answered(call)?;
    define(
        call,
        "[method]leg.hang-up",
        |(it,): (Resource<Leg>,)| Ask::HangUp { leg: leg(&it) },
        nothing,
    )
}

/// What only looks.
fn link_views(call: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    define(
        call,
        "[method]leg.info",
        |(it,): (Resource<Leg>,)| Ask::Info { leg: leg(&it) },
        |_, answer| match answer {
            Answer::Info(info) => Some((LegInfo::from(info),)),
            _ => None,
        },
    )?;
    define(
        call,
        "[method]leg.header",
        |(it, name): (Resource<Leg>, String)| Ask::Header { leg: leg(&it), name },
        |_, answer| match answer {
            Answer::Header(values) => Some((values,)),
            _ => None,
        },
    )?;
    define(
        call,
        "[method]leg.state",
        |(it,): (Resource<Leg>,)| Ask::State { leg: leg(&it) },
        |_, answer| match answer {
            Answer::State(state) => Some((LegState::from(state),)),
            _ => None,
        },
    )?;
    define(
        call,
        "[method]leg.quality",
        |(it,): (Resource<Leg>,)| Ask::Quality { leg: leg(&it) },
        |_, answer| match answer {
            Answer::Quality(quality) => Some((quality.map(Quality::from),)),
            _ => None,
        },
    )?;
    define(
        call,
        "[method]leg.is-held",
        |(it,): (Resource<Leg>,)| Ask::IsHeld { leg: leg(&it) },
        flag,
    )
}

/// Defines the comparison of two handles. The call does not hear of it: the number behind a handle is the leg.
fn link_same_as(call: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    call.func_wrap(
        "[method]leg.same-as",
        |mut store, (it, other): (Resource<Leg>, Resource<Leg>)| {
            slot::count_call(store.data_mut())?;
            Ok((leg(&it) == leg(&other),))
        },
    )
}

/// What is done with a leg that is not answered yet.
fn link_opening(call: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    define(
        call,
        "[method]leg.ring",
        |(it,): (Resource<Leg>,)| Ask::Ring { leg: leg(&it) },
        unit,
    )?;
    define(
        call,
        "[method]leg.early-media",
        |(it,): (Resource<Leg>,)| Ask::EarlyMedia { leg: leg(&it) },
        unit,
    )?;
    define(
        call,
        "[method]leg.answer",
        |(it,): (Resource<Leg>,)| Ask::Answer { leg: leg(&it) },
        unit,
    )?;
    define(
        call,
        "[method]leg.reject",
        |(it, reason): (Resource<Leg>, RejectReason)| Ask::Reject {
            leg: leg(&it),
            reason: reason.into(),
        },
        unit,
    )?;
    define(
        call,
        "[method]leg.redirect",
        |(it, to): (Resource<Leg>, Vec<String>)| Ask::Redirect {
            leg: leg(&it),
            to: private(to),
        },
        unit,
    )
}

/// What is done with a leg that has audio.
fn link_answered(call: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    define(
        call,
        "[method]leg.hold",
        |(it,): (Resource<Leg>,)| Ask::Hold { leg: leg(&it) },
        unit,
    )?;
    define(
        call,
        "[method]leg.resume",
        |(it,): (Resource<Leg>,)| Ask::Resume { leg: leg(&it) },
        unit,
    )?;
    define(
        call,
        "[method]leg.mute",
        |(it,): (Resource<Leg>,)| Ask::Mute { leg: leg(&it) },
        nothing,
    )?;
    define(
        call,
        "[method]leg.unmute",
        |(it,): (Resource<Leg>,)| Ask::Unmute { leg: leg(&it) },
        nothing,
    )?;
    define(
        call,
        "[method]leg.send-keys",
        |(it, keys): (Resource<Leg>, String)| Ask::SendKeys {
            leg: leg(&it),
            keys: keys.into(),
        },
        unit,
    )
}

/// The result of functions that only succeed or fail.
pub(super) fn unit(_: &mut State, answer: Answer) -> Option<(Result<(), Error>,)> {
    match answer {
        Answer::Unit(result) => Some((result.map_err(Error::from),)),
        _ => None,
    }
}

/// The result of functions that have none.
pub(super) fn nothing(_: &mut State, answer: Answer) -> Option<()> {
    (answer == Answer::Nothing).then_some(())
}

/// The result of questions with yes or no.
pub(super) fn flag(_: &mut State, answer: Answer) -> Option<(bool,)> {
    match answer {
        Answer::Flag(yes) => Some((yes,)),
        _ => None,
    }
}
