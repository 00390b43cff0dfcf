//! The node's desk of presence: one for all shards and the API, behind a lock that each holds for a moment. A thread lets time pass
//! for it and hands over what changed: to shards through their inboxes, to readers through a place that always holds the newest of
//! each identity, so that a slow one skips states and never falls behind. The rules are in [`patchcord_switch::PresenceDesk`]. In a
//! cluster it shares what it knows with the desks of the other nodes.

mod reader;
mod sharing;
mod speaking;

pub(crate) use reader::{PresenceReader, Reading};
pub(crate) use sharing::{BorderPlace, Located};
pub(crate) use speaking::{HEARD, Speaking, topic_of};

use crate::async_thread::{self, AsyncThread};
use crate::figures::Figure;
use crate::shard_threads::{Inbox, Taken};
use crate::start_error::StartError;
use patchcord_cluster::Topic;
use patchcord_control::ids::Tenant;
use patchcord_control::presence::{PresenceError, Status, View, WatcherId};
use patchcord_sip::LocationChange;
use patchcord_switch::{InstanceView, OnCall, PresenceAsk, PresenceDesk, PresenceSaid, PresenceTold, Query};
use reader::Place;
use sharing::{Sharing, ToSend};
use speaking::Voice;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// When a shard that had no room for what is new is told again.
const AGAIN: Duration = Duration::from_millis(100);

/// Whoever is told what changed.
enum Told {
    Shard(usize, Query),
    Reader(Arc<Place>),
}

/// A question of a shard: which, and its number there.
type Asker = (usize, Query);
/// What is new, of each identity the newest.
type News = BTreeMap<Arc<str>, Arc<View>>;

#[derive(Default)]
struct Inner {
    desk: PresenceDesk,
    /// None on a node that is alone.
    sharing: Option<Sharing>,
    /// As many as the desk has watchers.
    told: HashMap<WatcherId, Told>,
    /// Those of them that are shards.
    asked: HashMap<Asker, WatcherId>,
    /// What shards had no room for. Of each the newest state of what it watches.
    late: HashMap<Asker, News>,
}

/// What is counted of presence.
#[derive(Debug, Default)]
pub(crate) struct PresenceFigures {
    /// Identities that are known.
    pub(crate) identities: Figure,
    /// Whoever watches.
    pub(crate) watchers: Figure,
    /// Messages to them.
    pub(crate) messages: Figure,
    /// Registrations that are no client.
    pub(crate) not_clients: Figure,
    /// Registrations of all nodes.
    pub(crate) registrations: Figure,
    /// Messages for other nodes that were dropped.
    pub(crate) not_told: Figure,
}

impl Inner {
    fn wake_at(&self) -> Option<Instant> {
        let sharing = self.sharing.as_ref().and_then(Sharing::wake_at);
        [self.desk.wake_at(), sharing].into_iter().flatten().min()
    }

    /// Tells other nodes what is new here, and the desk what is new elsewhere.
    fn share(&mut self, now: Instant) {
        if let Some(sharing) = &mut self.sharing {
            sharing.settle(now, &mut self.desk);
        }
    }
}

struct Shared {
    figures: Arc<PresenceFigures>,
    inner: Mutex<Inner>,
    /// Something may be due earlier than it was.
    stirred: Notify,
    inboxes: Vec<Inbox>,
}

/// The way to the desk. Cheap to copy.
#[derive(Clone)]
pub(crate) struct PresenceQueue {
    shared: Arc<Shared>,
}

/// Starts the desk.
pub(crate) fn start(
    inboxes: &[Inbox],
    figures: &Arc<PresenceFigures>,
    speaking: Option<Speaking>,
) -> Result<(AsyncThread, PresenceQueue), StartError> {
    let inner = speaking.as_ref().map_or_else(Inner::default, |speaking| Inner {
        desk: PresenceDesk::among_others(speaking.me.node.as_str()),
        sharing: Some(Sharing::new(Instant::now(), &speaking.me, speaking.border.clone())),
        ..Inner::default()
    });
    let shared = Arc::new(Shared {
        figures: figures.clone(),
        inner: Mutex::new(inner),
        stirred: Notify::new(),
        inboxes: inboxes.to_vec(),
    });
    let voice = Voice {
        shared: shared.clone(),
        speaking,
    };
    let thread = async_thread::start("presence", pass_time(shared.clone(), voice)).map_err(StartError::Thread)?;
    Ok((thread, PresenceQueue { shared }))
}

async fn pass_time(shared: Arc<Shared>, mut voice: Voice) {
    loop {
        voice.speak();
        let due = shared.wake_at();
        let sleep = async {
            match due {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        let heard = tokio::select! {
            () = sleep => None,
            () = shared.stirred.notified() => None,
            heard = voice.hear() => Some(heard),
        };
        shared.pass(
            Instant::now(),
            heard.as_ref().map(|(topic, bytes)| (*topic, &bytes[..])),
        );
    }
}

impl Shared {
    /// Nothing that holds the lock panics half-way through a change of its own.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake_at(&self) -> Option<Instant> {
        let inner = self.lock();
        let again = (!inner.late.is_empty()).then(|| Instant::now() + AGAIN);
        [inner.wake_at(), again].into_iter().flatten().min()
    }

    /// Time passed, or another node said something.
    fn pass(&self, now: Instant, heard: Option<(Topic, &[u8])>) {
        let mut inner = self.lock();
        if let Some(sharing) = &mut inner.sharing {
            if let Some((topic, bytes)) = heard {
                sharing.heard(now, topic, bytes);
            }
            sharing.deadline(now);
        }
        if inner.desk.wake_at().is_some_and(|at| at <= now) {
            inner.desk.deadline(now);
        }
        inner.share(now);
        self.hand_over(&mut inner);
    }

    fn next_to_send(&self) -> Option<ToSend> {
        self.lock().sharing.as_mut()?.poll()
    }

    /// The other nodes are told that this one leaves.
    fn shut(&self, now: Instant) {
        let inner = &mut *self.lock();
        if let Some(sharing) = &mut inner.sharing {
            sharing.shut(now, &mut inner.desk);
        }
    }

    /// Nothing is shared any more.
    fn be_alone(&self) {
        self.lock().sharing = None;
    }

    /// Gives everybody what is new for it.
    fn hand_over(&self, inner: &mut Inner) {
        for (asker, news) in std::mem::take(&mut inner.late) {
            self.tell_shard(inner, asker, news);
        }
        while let Some(told) = inner.desk.poll() {
            self.figures.messages.one();
            match inner.told.get(&told.watcher) {
                Some(Told::Reader(place)) => place.put(told.views),
                Some(Told::Shard(shard, query)) => {
                    let asker = (*shard, *query);
                    let mut news = inner.late.remove(&asker).unwrap_or_default();
                    news.extend(told.views.into_iter().map(|view| (view.name.clone(), view)));
                    self.tell_shard(inner, asker, news);
                }
                None => {}
            }
        }
        let (watchers, identities) = inner.desk.sizes();
        self.figures.watchers.set(watchers as u64);
        self.figures.identities.set(identities as u64);
        self.figures.not_clients.set(inner.desk.not_clients());
        if let Some(sharing) = &inner.sharing {
            self.figures.registrations.set(sharing.registrations() as u64);
            self.figures.not_told.set(sharing.dropped());
        }
    }

    fn tell_shard(&self, inner: &mut Inner, asker: Asker, news: News) {
        let told = PresenceTold::News(news.values().cloned().collect());
        if self.inboxes[asker.0].presence(asker.1, told) != Taken::Yes {
            inner.late.insert(asker, news);
        }
    }
}

impl PresenceQueue {
    /// Does something at the desk, and hands over what came of it.
    fn at_desk<T>(&self, work: impl FnOnce(&mut Inner, Instant) -> T) -> T {
        let mut inner = self.shared.lock();
        let before = inner.wake_at();
        let now = Instant::now();
        let done = work(&mut inner, now);
        inner.share(now);
        self.shared.hand_over(&mut inner);
        let earlier = match (inner.wake_at(), before) {
            (Some(at), Some(before)) => at < before,
            (at, _) => at.is_some(),
        };
        let speaks = inner.sharing.as_ref().is_some_and(Sharing::speaks);
        if earlier || speaks || !inner.late.is_empty() {
            self.shared.stirred.notify_one();
        }
        done
    }

    /// Somebody registered, renewed, or left.
    pub(crate) fn located(&self, change: &LocationChange) {
        self.at_desk(|inner, now| {
            inner.desk.located(now, change);
            if let Some(sharing) = &mut inner.sharing {
                sharing.located(now, change);
            }
        });
    }

    /// A leg of an identity begins, or is over.
    pub(crate) fn on_call(&self, leg: &OnCall) {
        self.at_desk(|inner, now| inner.desk.on_call(now, leg));
    }

    /// Answers a shard; none if the answer comes to its inbox.
    pub(crate) fn ask(&self, (shard, query): Asker, tenant: &Tenant, ask: &PresenceAsk) -> Option<PresenceTold> {
        self.at_desk(|inner, now| {
            let PresenceAsk::Watch { identities, ringing } = ask else {
                return Some(inner.desk.ask(now, tenant, ask));
            };
            let names = identities.iter().map(|name| name.reveal().as_str());
            match inner.desk.watch(tenant, names) {
                Ok(watcher) => {
                    if *ringing {
                        inner.desk.hear_ringing(watcher);
                    }
                    inner.told.insert(watcher, Told::Shard(shard, query));
                    inner.asked.insert((shard, query), watcher);
                    None
                }
                Err(why) => Some(PresenceTold::NotWatched(why.to_string())),
            }
        })
    }

    /// A shard wants to be told no more.
    pub(crate) fn leave(&self, asker: Asker) {
        self.at_desk(|inner, _| {
            inner.late.remove(&asker);
            if let Some(watcher) = inner.asked.remove(&asker) {
                inner.told.remove(&watcher);
                inner.desk.unwatch(watcher);
            }
        });
    }

    /// A client says something of itself, by its instance; see [`PresenceDesk::publish`].
    ///
    /// # Errors
    /// The name, the instance or the text is out of its range.
    pub(crate) fn publish(
        &self,
        tenant: &Tenant,
        identity: &str,
        instance: &str,
        status: Status,
    ) -> Result<PresenceSaid, PresenceError> {
        self.at_desk(|inner, now| inner.desk.publish(now, (tenant, identity), instance, status))
    }

    /// An operator or application says something of an identity itself, or no longer.
    ///
    /// # Errors
    /// The name or the text is out of its range, or the node knows as many identities as it may.
    pub(crate) fn set(&self, tenant: &Tenant, identity: &str, status: Option<Status>) -> Result<(), PresenceError> {
        self.at_desk(|inner, now| inner.desk.set(now, (tenant, identity), status))
    }

    /// How an identity is, and what was said of itself.
    ///
    /// # Errors
    /// The name is out of its range.
    pub(crate) fn view(&self, tenant: &Tenant, identity: &str) -> Result<(View, Option<Status>), PresenceError> {
        let inner = self.shared.lock();
        let view = inner.desk.view((tenant, identity))?;
        Ok((view, inner.desk.set_status((tenant, identity))))
    }

    /// Where the clients of an identity are registered.
    pub(crate) fn instances(&self, tenant: &Tenant, identity: &str) -> Vec<InstanceView> {
        self.shared.lock().desk.instances((tenant, identity))
    }

    /// Where an identity is registered at all nodes of the cluster; nowhere if this one is alone.
    pub(crate) fn locations(&self, tenant: &Tenant, identity: &str) -> Vec<Located> {
        let inner = self.shared.lock();
        let sharing = inner.sharing.as_ref();
        sharing.map_or_else(Vec::new, |sharing| sharing.find(tenant, identity))
    }

    /// Another node says this, to this one alone.
    pub(crate) fn heard(&self, topic: Topic, bytes: &[u8]) {
        self.shared.pass(Instant::now(), Some((topic, bytes)));
        self.shared.stirred.notify_one();
    }

    /// Is told what changes from now on, and at once how they are. A reader that is slow gets the newest of each identity.
    ///
    /// # Errors
    /// A name is out of its range, or there are as many watchers as there may be.
    pub(crate) fn watch<'a>(
        &self,
        tenant: &Tenant,
        identities: impl IntoIterator<Item = &'a str>,
    ) -> Result<PresenceReader, PresenceError> {
        let place = Arc::new(Place::default());
        let watcher = self.at_desk(|inner, _| {
            let watcher = inner.desk.watch(tenant, identities)?;
            inner.told.insert(watcher, Told::Reader(place.clone()));
            Ok(watcher)
        })?;
        Ok(PresenceReader::new(self.clone(), watcher, place))
    }

    fn unwatch(&self, watcher: WatcherId) {
        self.at_desk(|inner, _| {
            inner.told.remove(&watcher);
            inner.desk.unwatch(watcher);
        });
    }
}

#[cfg(test)]
mod tests;
