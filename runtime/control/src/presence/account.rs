//! An identity as it is kept: its clients, its calls, and who watches.

use super::status::{Availability, ClientView, Reason, Status, View};
use super::{ClientId, Identity, WatcherId};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A client application that is registered.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) device: String,
    pub(super) app: String,
    /// As it published it.
    pub(super) status: Status,
    pub(super) lease: Duration,
    pub(super) until: Instant,
    /// When it published something else the last time.
    pub(super) changed: Instant,
    /// Calls at this client.
    pub(super) calls: u32,
    /// When its last call was over, or it registered.
    pub(super) idle_since: Instant,
}

impl Client {
    /// What counts: who is in a call is busy.
    pub(super) fn status(&self) -> Status {
        match self.calls {
            0 => self.status.clone(),
            _ => self.status.in_a_call(),
        }
    }
}

/// An identity.
#[derive(Debug)]
pub(super) struct Account {
    /// At most [`CLIENTS_MAX`](super::CLIENTS_MAX).
    pub(super) clients: BTreeMap<ClientId, Client>,
    /// Calls of it at no client that is known.
    pub(super) calls: u32,
    /// Calls that ring.
    pub(super) ringing: u32,
    /// What was said of the identity itself.
    pub(super) own: Option<Status>,
    pub(super) watchers: BTreeSet<WatcherId>,
    /// What watchers were told last.
    pub(super) told: Arc<View>,
}

impl Account {
    /// One that nobody has registered for: unavailable.
    pub(super) fn new(identity: &Identity) -> Self {
        let told = View {
            name: identity.name().into(),
            status: Status::new(Availability::Unavailable),
            calls: 0,
            ringing: 0,
            clients: Vec::new(),
        };
        Self {
            clients: BTreeMap::new(),
            calls: 0,
            ringing: 0,
            own: None,
            watchers: BTreeSet::new(),
            told: Arc::new(told),
        }
    }

    /// Whether nothing is lost if it is forgotten.
    pub(super) fn is_idle(&self) -> bool {
        self.clients.is_empty()
            && self.calls == 0
            && self.ringing == 0
            && self.watchers.is_empty()
            && self.own.is_none()
    }

    /// Calls of the identity, wherever.
    pub(super) fn all_calls(&self) -> u32 {
        self.clients.values().map(|client| client.calls).sum::<u32>() + self.calls
    }

    /// What its clients say, or what was said of it: the worse counts.
    pub(super) fn status(&self) -> Status {
        let best = self.best();
        match &self.own {
            Some(own) => own.beside(best),
            None => best,
        }
    }

    /// The best of its clients; of several the one that changed last, because its words are the newest.
    fn best(&self) -> Status {
        let best = self.clients.values().map(|client| (client.status(), client.changed));
        let best = best.min_by_key(|(status, changed)| (status.availability, Reverse(*changed)));
        match (best, self.calls) {
            (Some((status, _)), 0) => status,
            (Some((status, _)), _) => status.in_a_call(),
            (None, 0) => Status::new(Availability::Unavailable),
            // A telephone that only makes calls.
            (None, _) => Status {
                reason: Some(Reason::OnACall),
                ..Status::new(Availability::Busy)
            },
        }
    }

    pub(super) fn view(&self, identity: &Identity) -> View {
        let mut clients: Vec<ClientView> = self
            .clients
            .values()
            .map(|client| {
                let Status {
                    availability,
                    reason,
                    text,
                } = client.status();
                ClientView {
                    device: client.device.clone(),
                    app: client.app.clone(),
                    availability,
                    reason,
                    text,
                }
            })
            .collect();
        clients.sort();
        View {
            name: match &*self.told.name == identity.name() {
                true => self.told.name.clone(),
                false => identity.name().into(),
            },
            status: self.status(),
            calls: self.all_calls(),
            ringing: self.ringing,
            clients,
        }
    }
}
