//! `play`: prompts to a leg.

use super::{define, define_as_operation, define_operation, started};
use crate::bindings::patchcord::handler::play::{Options, Played};
use crate::bindings::patchcord::handler::types::{Error, Segment};
use crate::convert::{prompt, result};
use crate::handles::{Leg, Playing, leg, operation};
use crate::slot::State;
use patchcord_control::ask::{Answer, Ask};
use wasmtime::component::{LinkerInstance, Resource};

pub(super) fn link(play: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    define_operation::<Playing>(play, "playing")?;
    define(
        play,
        "play",
        |(it, segments, options): (Resource<Leg>, Vec<Segment>, Options)| Ask::Play {
            leg: leg(&it),
            prompt: prompt(segments),
            options: options.into(),
        },
        played,
    )?;
    define(
        play,
        "start",
        |(it, segments, options): (Resource<Leg>, Vec<Segment>, Options)| Ask::StartPlay {
            leg: leg(&it),
            prompt: prompt(segments),
            options: options.into(),
        },
        started::<Playing>,
    )?;
    define_as_operation::<Playing>(play, "[method]playing.operation")?;
    define(
        play,
        "[method]playing.result",
        |(it,): (Resource<Playing>,)| Ask::PlayResult {
            operation: operation(&it),
        },
        |_, answer| match answer {
            Answer::PlayResult(known) => Some((known.map(result::<_, Played, _, Error>),)),
            _ => None,
        },
    )?;
    define(
        play,
        "[method]playing.stop",
        |(it,): (Resource<Playing>,)| Ask::StopPlay {
            operation: operation(&it),
        },
        played,
    )
}

fn played(_: &mut State, answer: Answer) -> Option<(Result<Played, Error>,)> {
    match answer {
        Answer::Played(played) => Some((result(played),)),
        _ => None,
    }
}
