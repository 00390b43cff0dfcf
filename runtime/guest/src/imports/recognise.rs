//! `recognise`: what a leg says, written down while it is said.

use super::{define, define_as_operation, define_operation, started};
use crate::bindings::patchcord::handler::recognise::{Heard, Options, Recognised};
use crate::bindings::patchcord::handler::types::Error;
use crate::convert::result;
use crate::handles::{Leg, Recognising, leg, operation};
use crate::slot::State;
use patchcord_control::ask::{Answer, Ask};
use wasmtime::component::{LinkerInstance, Resource};

pub(super) fn link(recognise: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    define_operation::<Recognising>(recognise, "recognising")?;
    define(
        recognise,
        "start",
        |(it, options): (Resource<Leg>, Options)| Ask::StartRecognise {
            leg: leg(&it),
            options: options.into(),
        },
        started::<Recognising>,
    )?;
    define_as_operation::<Recognising>(recognise, "[method]recognising.operation")?;
    define(
        recognise,
        "[method]recognising.receive",
        |(it, timeout_ms): (Resource<Recognising>, Option<u32>)| Ask::ReceiveHeard {
            operation: operation(&it),
            timeout_ms,
        },
        |_, answer| match answer {
            Answer::HeardSpeech(Ok(heard)) => Some((Ok(heard.map(Heard::from)),)),
            Answer::HeardSpeech(Err(why)) => Some((Err(Error::from(why)),)),
            _ => None,
        },
    )?;
    define(
        recognise,
        "[method]recognising.result",
        |(it,): (Resource<Recognising>,)| Ask::RecogniseResult {
            operation: operation(&it),
        },
        |_, answer| match answer {
            Answer::RecogniseResult(known) => Some((known.map(result::<_, Recognised, _, Error>),)),
            _ => None,
        },
    )?;
    define(
        recognise,
        "[method]recognising.stop",
        |(it,): (Resource<Recognising>,)| Ask::StopRecognise {
            operation: operation(&it),
        },
        |_, answer| match answer {
            Answer::Recognised(recognised) => Some((result::<_, Recognised, _, Error>(recognised),)),
            _ => None,
        },
    )
}
