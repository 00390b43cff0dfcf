//! `http`: requests to web servers.

use super::define;
use crate::bindings::patchcord::handler::http::{Request, Response};
use crate::bindings::patchcord::handler::types::Error;
use crate::convert::result;
use crate::slot::State;
use patchcord_control::ask::{Answer, Ask};
use wasmtime::component::LinkerInstance;

pub(super) fn link(http: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    define(
        http,
        "send",
        |(request,): (Request,)| Ask::Http {
            request: request.into(),
        },
        |_, answer| match answer {
            Answer::Responded(response) => Some((result::<_, Response, _, Error>(response),)),
            _ => None,
        },
    )
}
