//! `stream`: live sound of a leg to and from a WebSocket server.

use super::{define, define_as_operation, define_operation, named, started};
use crate::bindings::patchcord::handler::stream::{Options, Streamed};
use crate::bindings::patchcord::handler::types::Error;
use crate::convert::result;
use crate::handles::{Leg, Streaming, leg, operation};
use crate::slot::State;
use patchcord_control::ask::{Answer, Ask};
use wasmtime::component::{LinkerInstance, Resource};

pub(super) fn link(stream: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    define_operation::<Streaming>(stream, "streaming")?;
    define(
        stream,
        "stream",
        |(it, options): (Resource<Leg>, Options)| Ask::Stream {
            leg: leg(&it),
            options: options.into(),
        },
        streamed,
    )?;
    define(
        stream,
        "start",
        |(it, options): (Resource<Leg>, Options)| Ask::StartStream {
            leg: leg(&it),
            options: options.into(),
        },
        started::<Streaming>,
    )?;
    define_as_operation::<Streaming>(stream, "[method]streaming.operation")?;
    define(
        stream,
        "[method]streaming.id",
        |(it,): (Resource<Streaming>,)| Ask::StreamName {
            operation: operation(&it),
        },
        named,
    )?;
    define(
        stream,
        "[method]streaming.result",
        |(it,): (Resource<Streaming>,)| Ask::StreamResult {
            operation: operation(&it),
        },
        |_, answer| match answer {
            Answer::StreamResult(known) => Some((known.map(result::<_, Streamed, _, Error>),)),
            _ => None,
        },
    )?;
    link_texts(stream)?;
    define(
        stream,
        "[method]streaming.stop",
        |(it,): (Resource<Streaming>,)| Ask::StopStream {
            operation: operation(&it),
        },
        streamed,
    )
}

/// Texts to and from the server.
fn link_texts(stream: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    define(
        stream,
        "[method]streaming.send",
        |(it, text): (Resource<Streaming>, String)| Ask::SendStream {
            operation: operation(&it),
            text: text.into(),
        },
        super::call::unit,
    )?;
    define(
        stream,
        "[method]streaming.receive",
        |(it, timeout_ms): (Resource<Streaming>, Option<u32>)| Ask::ReceiveStream {
            operation: operation(&it),
            timeout_ms,
        },
        |_, answer| match answer {
            Answer::Text(Ok(text)) => Some((Ok(text.map(|text| text.into_inner())),)),
            Answer::Text(Err(why)) => Some((Err(Error::from(why)),)),
            _ => None,
        },
    )
}

fn streamed(_: &mut State, answer: Answer) -> Option<(Result<Streamed, Error>,)> {
    match answer {
        Answer::Streamed(streamed) => Some((result(streamed),)),
        _ => None,
    }
}
