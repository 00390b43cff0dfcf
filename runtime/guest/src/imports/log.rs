//! `log`: lines for the call's log.

use super::call::nothing;
use super::define;
use crate::bindings::patchcord::handler::log::Level;
use crate::slot::State;
use patchcord_control::ask::Ask;
use wasmtime::component::LinkerInstance;

pub(super) fn link(log: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    define(
        log,
        "log",
        |(level, message): (Level, String)| Ask::Log {
            level: level.into(),
            message,
        },
        nothing,
    )
}
