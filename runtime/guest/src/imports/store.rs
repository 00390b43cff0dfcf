//! `store`: values that outlive the call.

use super::define;
use crate::bindings::patchcord::handler::store::{Entry, Expected, Swapped};
use crate::bindings::patchcord::handler::types::Error;
use crate::slot::State;
use patchcord_control::ask::{Answer, Ask};
use patchcord_control::private::Private;
use patchcord_control::words::{StoreAction, StoreReply};
use wasmtime::component::LinkerInstance;

pub(super) fn link(store: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    define(
        store,
        "get",
        |(key,): (String,)| ask(key, StoreAction::Get),
        |_, answer| {
            reply(answer, |reply| match reply {
                StoreReply::Entry(entry) => Some(entry.map(Entry::from)),
                _ => None,
            })
        },
    )?;
    define(
        store,
        "set",
        |(key, value, ttl_ms): (String, Vec<u8>, Option<u64>)| {
            let value = Private::new(value);
            ask(key, StoreAction::Set { value, ttl_ms })
        },
        |_, answer| {
            reply(answer, |reply| match reply {
                StoreReply::Version(version) => Some(version),
                _ => None,
            })
        },
    )?;
    define(
        store,
        "delete",
        |(key,): (String,)| ask(key, StoreAction::Delete),
        |_, answer| {
            reply(answer, |reply| match reply {
                StoreReply::Deleted(was_there) => Some(was_there),
                _ => None,
            })
        },
    )?;
    define(
        store,
        "compare-and-set",
        |(key, expected, value, ttl_ms): (String, Expected, Vec<u8>, Option<u64>)| {
            let swap = StoreAction::Swap {
                expected: expected.into(),
                value: Private::new(value),
                ttl_ms,
            };
            ask(key, swap)
        },
        |_, answer| {
            reply(answer, |reply| match reply {
                StoreReply::Swapped(swapped) => Some(Swapped::from(swapped)),
                _ => None,
            })
        },
    )?;
    define(
        store,
        "add",
        |(key, by, ttl_ms): (String, i64, Option<u64>)| ask(key, StoreAction::Add { by, ttl_ms }),
        |_, answer| {
            reply(answer, |reply| match reply {
                StoreReply::Sum(sum) => Some(sum),
                _ => None,
            })
        },
    )
}

fn ask(key: String, action: StoreAction) -> Ask {
    Ask::Store {
        key: Private::new(key),
        action,
    }
}

/// The result of a function, of the reply that its action has.
fn reply<T>(answer: Answer, take: fn(StoreReply) -> Option<T>) -> Option<(Result<T, Error>,)> {
    match answer {
        Answer::Stored(Ok(reply)) => Some((Ok(take(reply)?),)),
        Answer::Stored(Err(why)) => Some((Err(why.into()),)),
        _ => None,
    }
}
