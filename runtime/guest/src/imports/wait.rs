//! `wait`: time and operations.

use super::call::unit;
use super::define;
use crate::bindings::patchcord::handler::types::Error;
use crate::convert::result;
use crate::handles::{Operation, operation};
use crate::slot::State;
use patchcord_control::ask::{Answer, Ask};
use wasmtime::component::{LinkerInstance, Resource};

pub(super) fn link(wait: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    define(wait, "sleep", |(ms,): (u32,)| Ask::Sleep { ms }, unit)?;
    define(
        wait,
        "any",
        |(operations, timeout_ms): (Vec<Resource<Operation>>, Option<u32>)| Ask::WaitAny {
            operations: operations.iter().map(operation).collect(),
            timeout_ms,
        },
        |_, answer| match answer {
            Answer::Any(first) => Some((result::<_, Option<u32>, _, Error>(first),)),
            _ => None,
        },
    )
}
