//! `random`: recorded random numbers.

use super::define;
use crate::bindings::patchcord::handler::types::Error;
use crate::convert::result;
use crate::slot::State;
use patchcord_control::ask::{Answer, Ask};
use wasmtime::component::LinkerInstance;

pub(super) fn link(random: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    define(
        random,
        "bytes",
        |(count,): (u32,)| Ask::RandomBytes { count },
        |_, answer| match answer {
            Answer::Bytes(bytes) => Some((result::<_, Vec<u8>, _, Error>(bytes),)),
            _ => None,
        },
    )?;
    define(
        random,
        "number",
        |(): ()| Ask::RandomNumber,
        |_, answer| match answer {
            Answer::Number(number) => Some((number,)),
            _ => None,
        },
    )
}
