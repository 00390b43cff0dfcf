//! `secrets`: what the operator gives a handler by name.

use super::define;
use crate::bindings::patchcord::handler::types::Error;
use crate::slot::State;
use patchcord_control::ask::{Answer, Ask};
use wasmtime::component::LinkerInstance;

pub(super) fn link(secrets: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    define(
        secrets,
        "get",
        |(name,): (String,)| Ask::Secret { name },
        |_, answer| match answer {
            Answer::Secret(Ok(value)) => Some((Ok(value.into_inner()),)),
            Answer::Secret(Err(why)) => Some((Err(Error::from(why)),)),
            _ => None,
        },
    )
}
