//! The pretend store: the production's entries, in memory, under the virtual clock.

use super::answers::Answers;
use super::setup::TENANT;
use patchcord_control::ids::Tenant;
use patchcord_control::store::Store;
use patchcord_control::words::{Error, StoreAction, StoreReply};
use patchcord_switch::{Query, ToStore};
use std::time::{Duration, Instant};

/// How long the store takes for an answer.
const ANSWERS_AFTER: Duration = Duration::from_millis(1);

/// What the store does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Shelving {
    /// What it is asked.
    #[default]
    Works,
    /// Nothing: it says why.
    Fails(String),
    /// Nothing: it does not answer.
    Hangs,
}

/// The store of a world, and the answers that are not due yet.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    store: Store,
    pub(super) shelving: Shelving,
    pub(super) answers: Answers<Result<StoreReply, Error>>,
}

impl Shelf {
    /// Keeps a value of the world's tenant, before anything happens.
    pub(super) fn put(&mut self, now_ms: u64, key: &str, value: &[u8]) -> Result<(), Error> {
        let set = StoreAction::Set {
            value: value.to_vec().into(),
            ttl_ms: None,
        };
        self.act(now_ms, key, &set).map(|_| ())
    }

    /// What is kept at a key of the world's tenant.
    pub(super) fn get(&mut self, now_ms: u64, key: &str) -> Option<Vec<u8>> {
        match self.act(now_ms, key, &StoreAction::Get) {
            Ok(StoreReply::Entry(entry)) => entry.map(|entry| entry.value.into_inner()),
            _ => None,
        }
    }

    fn act(&mut self, now_ms: u64, key: &str, action: &StoreAction) -> Result<StoreReply, Error> {
        self.store.act(now_ms, &Tenant(TENANT.to_owned()), key, action).0
    }

    pub(super) fn ask(&mut self, (now, now_ms): (Instant, u64), query: Query, wanted: &ToStore) {
        let reply = match &self.shelving {
            Shelving::Works => {
                let key = wanted.key.reveal();
                self.store.act(now_ms, &wanted.tenant, key, &wanted.action).0
            }
            Shelving::Fails(why) => Err(Error::Unavailable(why.clone())),
            Shelving::Hangs => return,
        };
        self.answers.give(now + ANSWERS_AFTER, query, reply);
    }
}
