//! Presence in a world: the node's desk, asked at once and told by whoever tests. Watchers that are no handler are here, too.

use super::{PhoneId, TENANT, World};
use patchcord_control::ids::Tenant;
use patchcord_control::presence::{Status, View, WatcherId};
use patchcord_switch::{Input, LegOf, OnCall, Output, PresenceAsk, PresenceDesk, PresenceTold, Query};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What somebody was told, and when.
type Told = (Duration, Vec<Arc<View>>);

/// The desk, and who watches.
#[derive(Default)]
pub(super) struct Presence {
    pub(super) desk: PresenceDesk,
    /// What the shard watches.
    queries: BTreeMap<WatcherId, Query>,
    /// What others were told.
    told: BTreeMap<WatcherId, Vec<Told>>,
    /// Legs of identities that are not over.
    on_call: i64,
}

impl Presence {
    pub(super) fn wake_at(&self) -> Option<Instant> {
        self.desk.wake_at()
    }
}

impl World {
    /// Somebody says something of a user's device, by its instance, as a client would.
    ///
    /// # Panics
    /// If that may not be said.
    pub fn publish(&mut self, tenant: &str, user: &str, instance: &str, status: Status) {
        let tenant = Tenant(tenant.to_owned());
        let said = self
            .node
            .presence
            .desk
            .publish(self.now, (&tenant, user), instance, status);
        said.expect("a test says what may be said");
        self.drain_node();
    }

    /// A phone that is registered says something of itself; false if it is not registered.
    pub fn publish_from(&mut self, phone: PhoneId, status: Status) -> bool {
        let seat = self.seat(phone);
        let Some(user) = seat.user.clone() else { return false };
        let (at, tenant) = (seat.sip(), Tenant(TENANT.to_owned()));
        let known = self.node.presence.desk.instances((&tenant, &user));
        let Some(here) = known.into_iter().find(|known| known.address == at) else {
            return false;
        };
        self.publish(TENANT, &user, &here.instance, status);
        true
    }

    /// An operator says something of an identity, or no longer.
    ///
    /// # Panics
    /// If that may not be said.
    pub fn set_presence(&mut self, tenant: &str, user: &str, status: Option<Status>) {
        let tenant = Tenant(tenant.to_owned());
        let said = self.node.presence.desk.set(self.now, (&tenant, user), status);
        said.expect("a test says what may be said");
        self.drain_node();
    }

    /// How an identity is.
    ///
    /// # Panics
    /// If the name is none.
    pub fn presence(&self, tenant: &str, user: &str) -> View {
        let tenant = Tenant(tenant.to_owned());
        self.node
            .presence
            .desk
            .view((&tenant, user))
            .expect("a test names somebody")
    }

    /// Somebody watches.
    ///
    /// # Panics
    /// If there are too many.
    pub fn watch(&mut self, tenant: &str, users: &[&str]) -> WatcherId {
        let tenant = Tenant(tenant.to_owned());
        let watched = self.node.presence.desk.watch(&tenant, users.iter().copied());
        let watcher = watched.expect("a test watches what may be watched");
        self.node.presence.told.insert(watcher, Vec::new());
        self.drain_node();
        watcher
    }

    /// What a watcher was told, and when, one message after the other.
    pub fn told_watcher(&self, watcher: WatcherId) -> &[(Duration, Vec<Arc<View>>)] {
        self.node.presence.told.get(&watcher).map_or(&[], Vec::as_slice)
    }

    /// Watchers and identities that the node knows.
    pub fn presence_sizes(&self) -> (usize, usize) {
        self.node.presence.desk.sizes()
    }

    /// Legs of identities of which the desk was told that they began and not that they are over.
    pub fn on_call(&self) -> i64 {
        self.node.presence.on_call
    }

    pub(super) fn presence_output(&mut self, output: Output) {
        let now = self.now;
        let presence = &mut self.node.presence;
        match output {
            Output::Location(change) => presence.desk.located(now, &change),
            Output::OnCall(leg) => presence.count(now, &leg),
            Output::LeavePresence { query } => presence.leave(query),
            Output::AskPresence {
                query,
                tenant,
                ask: PresenceAsk::Watch { identities, ringing },
            } => {
                let names = identities.iter().map(|name| name.reveal().as_str());
                match presence.desk.watch(&tenant, names) {
                    Ok(watcher) => {
                        if ringing {
                            presence.desk.hear_ringing(watcher);
                        }
                        presence.queries.insert(watcher, query);
                    }
                    Err(why) => {
                        let told = PresenceTold::NotWatched(why.to_string());
                        self.node.shard.handle(now, Input::Presence { query, told });
                    }
                }
            }
            Output::AskPresence { query, tenant, ask } => {
                let told = presence.desk.ask(now, &tenant, &ask);
                self.node.shard.handle(now, Input::Presence { query, told });
            }
            _ => unreachable!("outputs of presence alone are given here"),
        }
    }

    /// Gives the next message of the desk to whoever watches; false if there is none.
    pub(super) fn tell_presence(&mut self) -> bool {
        let (now, since) = (self.now, self.now());
        let presence = &mut self.node.presence;
        if presence.wake_at().is_some_and(|at| at <= now) {
            presence.desk.deadline(now);
        }
        let Some(told) = presence.desk.poll() else {
            return false;
        };
        if let Some(query) = presence.queries.get(&told.watcher).copied() {
            let told = PresenceTold::News(told.views);
            self.node.shard.handle(now, Input::Presence { query, told });
        } else if let Some(messages) = presence.told.get_mut(&told.watcher) {
            messages.push((since, told.views));
        }
        true
    }
}

impl Presence {
    fn count(&mut self, now: Instant, leg: &OnCall) {
        self.on_call += match leg.what {
            LegOf::Began | LegOf::Rings => 1,
            LegOf::Over | LegOf::RingsNoMore => -1,
        };
        self.desk.on_call(now, leg);
    }

    fn leave(&mut self, query: Query) {
        let watcher = self
            .queries
            .iter()
            .find(|(_, known)| **known == query)
            .map(|(watcher, _)| *watcher);
        if let Some(watcher) = watcher {
            self.queries.remove(&watcher);
            self.desk.unwatch(watcher);
        }
    }
}
