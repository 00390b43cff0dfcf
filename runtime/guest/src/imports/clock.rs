//! `clock`: the call's time.

use super::define;
use crate::bindings::patchcord::handler::clock::Datetime;
use crate::slot::State;
use patchcord_control::ask::{Answer, Ask};
use wasmtime::component::LinkerInstance;

pub(super) fn link(clock: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    define(
        clock,
        "now",
        |(): ()| Ask::Now,
        |_, answer| match answer {
            Answer::Now(time) => Some((Datetime::from(time),)),
            _ => None,
        },
    )?;
    define(
        clock,
        "elapsed-ms",
        |(): ()| Ask::Elapsed,
        |_, answer| match answer {
            Answer::Elapsed(ms) => Some((ms,)),
            _ => None,
        },
    )
}
