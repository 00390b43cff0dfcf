//! `presence`: who can be reached.

use super::{define, define_as_operation, define_operation, started};
use crate::bindings::patchcord::handler::presence::{Policy, Status, View};
use crate::bindings::patchcord::handler::types::Error;
use crate::handles::{Watching, operation};
use crate::slot::State;
use patchcord_control::ask::{Answer, Ask};
use patchcord_control::private::Private;
use patchcord_control::words::{PresenceAction, PresenceReply};
use wasmtime::component::{LinkerInstance, Resource};

pub(super) fn link(presence: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    define(
        presence,
        "get",
        |(identities,): (Vec<String>,)| {
            ask(PresenceAction::Get {
                identities: names(identities),
            })
        },
        |_, answer| {
            reply(answer, |reply| match reply {
                PresenceReply::Views(views) => Some(views.into_iter().map(View::from).collect::<Vec<_>>()),
                _ => None,
            })
        },
    )?;
    define(
        presence,
        "set",
        |(identity, status): (String, Option<Status>)| {
            ask(PresenceAction::Set {
                identity: identity.into(),
                status: status.map(Into::into),
            })
        },
        |_, answer| {
            reply(answer, |reply| match reply {
                PresenceReply::Said => Some(()),
                _ => None,
            })
        },
    )?;
    define(
        presence,
        "pick",
        |(candidates, policy): (Vec<String>, Policy)| {
            ask(PresenceAction::Pick {
                candidates: names(candidates),
                policy: policy.into(),
            })
        },
        |_, answer| {
            reply(answer, |reply| match reply {
                PresenceReply::Picked(identity) => Some(identity.map(Private::into_inner)),
                _ => None,
            })
        },
    )?;
    define(
        presence,
        "watch",
        |(identities,): (Vec<String>,)| Ask::WatchPresence {
            identities: names(identities),
        },
        started::<Watching>,
    )?;
    define_operation::<Watching>(presence, "watching")?;
    define_as_operation::<Watching>(presence, "[method]watching.operation")?;
    define(
        presence,
        "[method]watching.news",
        |(watching,): (Resource<Watching>,)| Ask::PresenceNews {
            operation: operation(&watching),
        },
        |_, answer| match answer {
            Answer::PresenceNews(views) => Some((views.into_iter().map(View::from).collect::<Vec<_>>(),)),
            _ => None,
        },
    )
}

fn ask(action: PresenceAction) -> Ask {
    Ask::Presence { action }
}

fn names(names: Vec<String>) -> Vec<Private<String>> {
    names.into_iter().map(Private::new).collect()
}

/// The result of a function, of the reply that its action has.
fn reply<T>(answer: Answer, take: fn(PresenceReply) -> Option<T>) -> Option<(Result<T, Error>,)> {
    match answer {
        Answer::Presence(Ok(reply)) => Some((Ok(take(reply)?),)),
        Answer::Presence(Err(why)) => Some((Err(why.into()),)),
        _ => None,
    }
}
