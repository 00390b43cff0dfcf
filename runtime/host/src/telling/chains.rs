//! What waits to be told: one chain for each receiver of each call, so that a receiver has the events of a call in order, and what
//! one call waits for holds up no other.

use patchcord_control::events::{Event, Receiver};
use patchcord_control::ids::{CallId, Tenant};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Events that wait, in all. One more is lost, and counted.
const WAITING: usize = 32_768;
/// Of these, of one tenant.
const WAITING_OF_TENANT: usize = 8_192;
/// Events that one receiver is told at the same time, of different calls.
const AT_ONCE_OF_RECEIVER: usize = 16;

/// A receiver and a call.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Chain {
    pub(super) receiver: Receiver,
    call: CallId,
    tenant: Tenant,
}

impl Chain {
    pub(super) fn of(receiver: Receiver, event: &Event) -> Self {
        Self {
            receiver,
            call: event.call,
            tenant: event.tenant.clone(),
        }
    }
}

/// An event that waits.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    pub(super) event: Arc<Event>,
    pub(super) sequence: u32,
}

/// Where an event was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Put {
    /// It is the only one of its chain.
    First,
    /// Others are told before.
    Behind,
    /// Too much waits: it is lost.
    NoRoom,
}

/// What a chain holds after one was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    Nothing,
    More,
}

/// A receiver's places, and how many chains share them.
#[derive(Debug)]
struct Places {
    places: Arc<Semaphore>,
    chains: usize,
}

/// All that waits.
#[derive(Debug, Default)]
pub(super) struct Chains {
    chains: HashMap<Chain, VecDeque<Waiting>>,
    places: HashMap<Receiver, Places>,
    of_tenant: HashMap<Tenant, usize>,
    waiting: usize,
}

impl Chains {
    /// How many events wait, those that are being told included.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    pub(super) fn put(&mut self, chain: Chain, waiting: Waiting) -> Put {
        let of_tenant = self.of_tenant.get(&chain.tenant).copied().unwrap_or_default();
        if self.waiting >= WAITING || of_tenant >= WAITING_OF_TENANT {
            return Put::NoRoom;
        }
        self.waiting += 1;
        self.of_tenant.insert(chain.tenant.clone(), of_tenant + 1);
        match self.chains.entry(chain) {
            Entry::Occupied(mut held) => {
                held.get_mut().push_back(waiting);
                Put::Behind
            }
            Entry::Vacant(free) => {
                let places = self
                    .places
                    .entry(free.key().receiver.clone())
                    .or_insert_with(|| Places {
                        places: Arc::new(Semaphore::new(AT_ONCE_OF_RECEIVER)),
                        chains: 0,
                    });
                places.chains += 1;
                free.insert([waiting].into());
                Put::First
            }
        }
    }

    /// The event that is told now, and the places of its receiver.
    pub(super) fn first(&self, chain: &Chain) -> Option<(Waiting, Arc<Semaphore>)> {
        let first = self.chains.get(chain)?.front()?.clone();
        let places = self.places.get(&chain.receiver)?.places.clone();
        Some((first, places))
    }

    /// The first event of a chain was told, or given up.
    pub(super) fn over(&mut self, chain: &Chain) -> Left {
        let Some(held) = self.chains.get_mut(chain) else {
            return Left::Nothing;
        };
        held.pop_front();
        let left = held.len();
        self.waiting -= 1;
        if let Some(of_tenant) = self.of_tenant.get_mut(&chain.tenant) {
            *of_tenant -= 1;
            if *of_tenant == 0 {
                self.of_tenant.remove(&chain.tenant);
            }
        }
        if left > 0 {
            return Left::More;
        }
        self.chains.remove(chain);
        if let Some(places) = self.places.get_mut(&chain.receiver) {
            places.chains -= 1;
            if places.chains == 0 {
                self.places.remove(&chain.receiver);
            }
        }
        Left::Nothing
    }
}

#[cfg(test)]
mod tests;
