//! `inbox`: what somebody outside says to the call.

use super::{define, started};
use crate::bindings::patchcord::handler::inbox::Message;
use crate::bindings::patchcord::handler::types::Error;
use crate::handles::Operation;
use crate::slot::State;
use patchcord_control::ask::{Answer, Ask};
use wasmtime::component::LinkerInstance;

pub(super) fn link(inbox: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    define(
        inbox,
        "receive",
        |(timeout_ms,): (Option<u32>,)| Ask::ReceiveMessage { timeout_ms },
        |_, answer| match answer {
            Answer::Message(Ok(message)) => Some((Ok(message.map(Message::from)),)),
            Answer::Message(Err(why)) => Some((Err(Error::from(why)),)),
            _ => None,
        },
    )?;
    define(inbox, "waiting", |(): ()| Ask::InboxOperation, started::<Operation>)
}
