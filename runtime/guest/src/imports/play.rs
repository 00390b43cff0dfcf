//! `play`: prompts to a leg.

use super::call::{nothing, unit};
use super::{define, define_as_operation, define_operation, started};
use crate::bindings::patchcord::handler::play::{Options, Played};
use crate::bindings::patchcord::handler::types::{Error, Segment};
use crate::convert::{prompt, result};
use crate::handles::{Leg, Playing, leg, operation};
use crate::slot::State;
use patchcord_control::ask::{Answer, Ask};
use patchcord_control::words::PlayChange;
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
    changes(play)?;
    define(
        play,
        "[method]playing.stop",
        |(it,): (Resource<Playing>,)| Ask::StopPlay {
            operation: operation(&it),
        },
        played,
    )
}

/// What changes a prompt that plays.
fn changes(play: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    define(
        play,
        "[method]playing.pause",
        |(it,): (Resource<Playing>,)| change(&it, PlayChange::Pause),
        nothing,
    )?;
    define(
        play,
        "[method]playing.resume",
        |(it,): (Resource<Playing>,)| change(&it, PlayChange::Resume),
        nothing,
    )?;
    define(
        play,
        "[method]playing.seek",
        |(it, to_ms): (Resource<Playing>, u32)| change(&it, PlayChange::Seek(to_ms)),
        nothing,
    )?;
    define(
        play,
        "[method]playing.skip",
        |(it, ms): (Resource<Playing>, i32)| change(&it, PlayChange::Skip(ms)),
        nothing,
    )?;
    define(
        play,
        "[method]playing.set-volume",
        |(it, decibels): (Resource<Playing>, i8)| change(&it, PlayChange::Volume(decibels)),
        unit,
    )
}

fn change(it: &Resource<Playing>, change: PlayChange) -> Ask {
    Ask::ChangePlay {
        operation: operation(it),
        change,
    }
}

fn played(_: &mut State, answer: Answer) -> Option<(Result<Played, Error>,)> {
    match answer {
        Answer::Played(played) => Some((result(played),)),
        _ => None,
    }
}
