//! This node's lease and what is heard of the others: one task, the only writer of the node's entry, of the table of nodes and of
//! the state. It hears of cuts, and heals them.

use crate::bucket;
use crate::config::Config;
use crate::frames::{Entry, TOPICS};
use crate::names::Names;
use crate::nodes::Nodes;
use crate::state::{Link, State};
use crate::{Error, limits};
use async_nats::Client;
use async_nats::connection::State as Connection;
use async_nats::jetstream::Context;
use async_nats::jetstream::kv::{self, Operation, Store, UpdateErrorKind, Watch};
use bytes::Bytes;
use futures_util::StreamExt as _;
use patchcord_control::regions::{NodeId, Region};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, timeout};

/// What this node told last in each topic.
#[derive(Debug, Default)]
pub(crate) struct Heads([AtomicU64; TOPICS]);

impl Heads {
    pub(crate) fn set(&self, topic: usize, sequence: u64) {
        self.0[topic].store(sequence, Ordering::Release);
    }

    fn now(&self) -> [u64; TOPICS] {
        std::array::from_fn(|topic| self.0[topic].load(Ordering::Acquire))
    }
}

/// Between two entries that the host changes, so that one that changes it without end costs little.
const ENTRY_PAUSE: Duration = Duration::from_millis(100);
/// Before the second attempt to heal; then it doubles, up to a third of the lease.
const HEAL_PAUSE: Duration = Duration::from_millis(200);

/// Who wants to leave, and hears how it went.
pub(crate) type Leaving = oneshot::Sender<Result<(), Error>>;

pub(crate) struct Registry {
    pub(crate) client: Client,
    pub(crate) context: Context,
    pub(crate) names: Names,
    pub(crate) store: Store,
    pub(crate) link: watch::Receiver<Link>,
    pub(crate) nodes: watch::Sender<Nodes>,
    pub(crate) state: watch::Sender<State>,
    pub(crate) entry: watch::Receiver<Bytes>,
    pub(crate) heads: Arc<Heads>,
    pub(crate) leaving: mpsc::Receiver<Leaving>,
    lease: Lease,
}

/// The lease as it is configured, and how it stands.
struct Lease {
    length: Duration,
    replicas: usize,
    region: Region,
    incarnation: u64,
    /// Of our entry.
    revision: u64,
    /// What the entry says was told, when it is renewed next.
    told: [u64; TOPICS],
    renewed: Instant,
    /// In the watch.
    heard: Instant,
    /// Of the connection that the watch is over.
    connects: u64,
    cuts: u64,
}

impl Lease {
    fn renewal(&self) -> Duration {
        self.length / 3
    }
}

/// What the registry is made of, beside what it makes.
pub(crate) struct Parts {
    pub(crate) client: Client,
    pub(crate) context: Context,
    pub(crate) names: Names,
    pub(crate) store: Store,
    pub(crate) link: watch::Receiver<Link>,
    pub(crate) heads: Arc<Heads>,
    pub(crate) revision: u64,
    pub(crate) watch: Watch,
}

/// What the others hold of it.
pub(crate) struct Ends {
    pub(crate) nodes: watch::Receiver<Nodes>,
    pub(crate) state: watch::Receiver<State>,
    pub(crate) entry: watch::Sender<Bytes>,
    pub(crate) leave: mpsc::Sender<Leaving>,
}

/// Why the watch is not followed any more.
enum End {
    Cut,
    /// It brings nothing, not even our own renewals.
    Sick,
    /// Left or replaced.
    Over,
}

/// Why the entry was not renewed.
enum Unrenewed {
    Failed,
    Replaced(u64),
}

impl Registry {
    pub(crate) fn new(config: &Config, parts: Parts) -> (Self, Watch, Ends) {
        let (nodes, nodes_end) = watch::channel(Nodes::new());
        let (state, state_end) = watch::channel(State::Joined);
        let (entry_end, entry) = watch::channel(config.entry.clone());
        let (leave, leaving) = mpsc::channel(1);
        let connects = parts.link.borrow().connects;
        let registry = Self {
            client: parts.client,
            context: parts.context,
            names: parts.names,
            store: parts.store,
            link: parts.link,
            nodes,
            state,
            entry,
            heads: parts.heads,
            leaving,
            lease: Lease {
                length: config.lease,
                replicas: config.replicas,
                region: config.region.clone(),
                incarnation: config.incarnation,
                revision: parts.revision,
                told: [0; TOPICS],
                renewed: Instant::now(),
                heard: Instant::now(),
                connects,
                cuts: 0,
            },
        };
        let ends = Ends {
            nodes: nodes_end,
            state: state_end,
            entry: entry_end,
            leave,
        };
        (registry, parts.watch, ends)
    }

    /// Until the node leaves or is replaced.
    pub(crate) async fn run(mut self, first: Watch) {
        self.watch_begins();
        let mut watch = Some(first);
        loop {
            let end = match watch.take() {
                Some(watch) => self.follow(watch).await,
                None => End::Cut,
            };
            watch = match end {
                End::Over => return,
                End::Cut => self.heal(State::Cut { since: now() }).await,
                End::Sick => {
                    let same = *self.state.borrow();
                    self.heal(same).await
                }
            };
            if watch.is_none() {
                return;
            }
        }
    }

    /// Begins to watch, from what is there.
    async fn watch(&mut self) -> Result<Watch, Unrenewed> {
        let watch = bucket::watch(&self.store).await.map_err(|_| Unrenewed::Failed)?;
        self.watch_begins();
        Ok(watch)
    }

    fn watch_begins(&mut self) {
        self.nodes.send_if_modified(|nodes| {
            nodes.watch_begins(now());
            false
        });
        self.lease.heard = Instant::now();
    }

    async fn follow(&mut self, mut watch: Watch) -> End {
        let renewal = self.lease.renewal();
        let mut timer = interval_at(self.lease.renewed + renewal, renewal);
        timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                heard = watch.next() => match heard {
                    Some(Ok(entry)) => self.hear(&entry),
                    _ => return End::Sick,
                },
                _ = timer.tick() => match self.keep().await {
                    Ok(true) => {}
                    Ok(false) => timer.reset_after(renewal / 4),
                    Err(end) => return end,
                },
                changed = self.entry.changed() => {
                    if changed.is_err() {
                        return End::Over;
                    }
                    match self.keep().await {
                        Ok(true) => timer.reset(),
                        Ok(false) => timer.reset_after(renewal / 4),
                        Err(end) => return end,
                    }
                    sleep(ENTRY_PAUSE).await;
                }
                _ = self.link.changed() => {
                    let link = self.link.borrow_and_update();
                    if !link.connected || link.connects != self.lease.connects {
                        return End::Cut;
                    }
                }
                leaving = self.leaving.recv() => {
                    if let Some(leaving) = leaving {
                        self.leave(leaving).await;
                    }
                    return End::Over;
                }
            }
        }
    }

    /// Renews. `Ok(false)`: it did not work, but may soon.
    async fn keep(&mut self) -> Result<bool, End> {
        // Events of the client may be dropped in a flood; its state is not.
        if self.client.connection_state() != Connection::Connected {
            return Err(End::Cut);
        }
        let told = self.lease.told;
        match self.renew(told).await {
            Err(Unrenewed::Replaced(by)) => {
                self.state.send_replace(State::Replaced { by });
                return Err(End::Over);
            }
            Err(Unrenewed::Failed) if self.lease.renewed.elapsed() > self.lease.length => return Err(End::Cut),
            Err(Unrenewed::Failed) => return Ok(false),
            Ok(()) => {}
        }
        match self.lease.heard.elapsed() > self.lease.length {
            true => Err(End::Sick),
            false => Ok(true),
        }
    }

    /// Writes our entry, on top of none but our own.
    async fn renew(&mut self, told: [u64; TOPICS]) -> Result<(), Unrenewed> {
        let heads = self.heads.now();
        let entry = Entry {
            incarnation: self.lease.incarnation,
            heads: told,
            region: self.lease.region.clone(),
            bytes: self.entry.borrow_and_update().clone(),
        };
        let began = Instant::now();
        // As long as the next renewal is away, so that a server that hangs does not keep us from hearing that it does.
        let patience = self.lease.renewal().min(limits::STORE_PATIENCE);
        let written = timeout(patience, self.write(entry.write())).await;
        self.lease.revision = written.unwrap_or(Err(Unrenewed::Failed))?;
        self.lease.renewed = began;
        self.lease.told = heads;
        Ok(())
    }

    async fn write(&self, value: Bytes) -> Result<u64, Unrenewed> {
        let (store, me) = (&self.store, self.names.me());
        match store.update(me.as_str(), value.clone(), self.lease.revision).await {
            Ok(revision) => return Ok(revision),
            Err(error) if error.kind() != UpdateErrorKind::WrongLastRevision => return Err(Unrenewed::Failed),
            Err(_) => {}
        }
        // It ran out, or our last renewal was written but its answer lost, or somebody else is this node.
        let failed = |_| Unrenewed::Failed;
        match bucket::holder(store, me).await {
            None => store.create(me.as_str(), value).await.map_err(|_| Unrenewed::Failed),
            Some((by, revision)) if by == self.lease.incarnation => {
                store.update(me.as_str(), value, revision).await.map_err(failed)
            }
            Some((by, _)) => Err(Unrenewed::Replaced(by)),
        }
    }

    /// Takes in what the watch brings.
    fn hear(&mut self, entry: &kv::Entry) {
        let Ok(node) = NodeId::new(&entry.key) else { return };
        let read = match entry.operation {
            Operation::Put => Entry::read(entry.value.clone()),
            Operation::Delete if node != *self.names.me() => {
                self.nodes.send_if_modified(|nodes| nodes.left(&node));
                return;
            }
            Operation::Delete | Operation::Purge => return,
        };
        let Some(read) = read else {
            tracing::warn!(%node, "its entry cannot be read; is it of another release?");
            return;
        };
        if node != *self.names.me() {
            self.nodes.send_if_modified(|nodes| nodes.heard(now(), &node, read));
        } else if read.incarnation == self.lease.incarnation {
            self.lease.heard = Instant::now();
            let lease = self.lease.length;
            self.nodes.send_if_modified(|nodes| nodes.heard_ourselves(now(), lease));
        }
    }

    /// Tries until it is registered and watches again. `None`: the node left or was replaced meanwhile.
    async fn heal(&mut self, state: State) -> Option<Watch> {
        self.set(state);
        let mut pause = HEAL_PAUSE;
        loop {
            let resumed = self.resume().await;
            let stands = *self.state.borrow();
            match resumed {
                Ok(watch) => {
                    if let State::Cut { since } = stands {
                        self.lease.cuts += 1;
                        let lasted = now().saturating_duration_since(since);
                        let times = self.lease.cuts;
                        self.state.send_replace(State::Healed { times, lasted });
                        tracing::info!(?lasted, "the cluster is whole again");
                    }
                    return Some(watch);
                }
                Err(Unrenewed::Replaced(by)) => {
                    self.set(State::Replaced { by });
                    return None;
                }
                Err(Unrenewed::Failed) if stands.open().is_ok() => self.set(State::Cut { since: now() }),
                Err(Unrenewed::Failed) => {}
            }
            tokio::select! {
                () = sleep(pause) => {}
                _ = self.link.changed() => {}
                leaving = self.leaving.recv() => {
                    self.set(State::Left);
                    if let Some(leaving) = leaving {
                        let _ = leaving.send(Err(Error::Cut));
                    }
                    return None;
                }
            }
            pause = (pause * 2).min(self.lease.renewal());
        }
    }

    fn set(&self, state: State) {
        let before = self.state.send_replace(state);
        if let (State::Cut { .. }, true) = (state, before != state) {
            tracing::warn!("cut off from the cluster");
        }
    }

    async fn resume(&mut self) -> Result<Watch, Unrenewed> {
        let link = self.link.borrow_and_update().clone();
        if !link.connected {
            return Err(Unrenewed::Failed);
        }
        self.lease.connects = link.connects;
        let opened = bucket::open(&self.context, &self.names, self.lease.length, self.lease.replicas);
        let store = timeout(2 * limits::STORE_PATIENCE, opened).await;
        self.store = store.ok().and_then(Result::ok).ok_or(Unrenewed::Failed)?;
        // Whatever was told during the cut is not under way any more.
        let told = self.heads.now();
        self.renew(told).await?;
        self.watch().await
    }

    async fn leave(&mut self, leaving: Leaving) {
        let me = self.names.me().as_str();
        let gone = self.store.delete_expect_revision(me, Some(self.lease.revision));
        let gone = timeout(limits::STORE_PATIENCE, gone).await;
        self.set(State::Left);
        let done = match gone {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) if error.kind() == UpdateErrorKind::WrongLastRevision => Ok(()),
            _ => Err(Error::Cut),
        };
        let _ = leaving.send(done);
    }
}

fn now() -> std::time::Instant {
    Instant::now().into_std()
}
