//! `report`: telling others what happens in a call.

use super::define;
use crate::bindings::patchcord::handler::events::Kind;
use crate::bindings::patchcord::handler::types::Error;
use crate::convert::list;
use crate::slot::State;
use patchcord_control::ask::{Answer, Ask};
use wasmtime::component::LinkerInstance;

pub(super) fn link(report: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    define(
        report,
        "emit",
        |(name, data): (String, String)| Ask::Emit {
            name,
            data: data.into(),
        },
        |_, answer| done(answer),
    )?;
    define(
        report,
        "subscribe",
        |(url, kinds, secret): (String, Vec<Kind>, String)| Ask::Subscribe {
            url: url.into(),
            kinds: list(kinds),
            secret,
        },
        |_, answer| done(answer),
    )
}

fn done(answer: Answer) -> Option<(Result<(), Error>,)> {
    match answer {
        Answer::Unit(done) => Some((done.map_err(Error::from),)),
        _ => None,
    }
}
