//! The wire between nodes: who is in the cluster, what they tell each other, what they ask each other, and the modules they share,
//! over NATS with JetStream. Not here: what any of the bytes mean, calls, HTTP, records (PostgreSQL has those), configuration files.
//!
//! This is the only crate that knows NATS. Nothing in it waits for the servers where the host does not ask to wait: telling, the
//! table of nodes and the state are always there at once, and what needs another node fails at once while this one is cut off.
//! Every queue, table and message has a named end (`limits`). How it is made, and why: ARCHITECTURE.md, "Cluster"; what a server
//! has to permit: docs/nats.conf of this crate.

mod answer;
mod ask;
mod bucket;
mod config;
mod error;
mod frames;
mod gaps;
pub mod limits;
mod link;
mod modules;
mod names;
mod nodes;
mod registry;
mod state;
mod topics;
mod watch;

pub use answer::Asked;
pub use config::{
    ANSWERED_AT_ONCE, ANSWERED_AT_ONCE_MAX, CLUSTER_BYTES, Certificate, Config, Credentials, ENTRY_BYTES,
    LONGEST_LEASE, SHORTEST_LEASE, Tls,
};
pub use error::{Error, JoinError};
pub use gaps::Missed;
pub use modules::Hash;
pub use nodes::{NODES_MAX, Node};
pub use state::State;
pub use topics::{Changes, Published, Publisher, Snapshot, SnapshotAsked, Told, Topic};
pub use watch::{NodeEvent, Watch};

use answer::Answering;
use ask::{Asking, Question};
use async_nats::{Client, Subscriber};
use bytes::Bytes;
use frames::Numbered;
use modules::Modules;
use names::Names;
use nodes::Nodes;
use patchcord_control::regions::NodeId;
use registry::{Ends, Heads, Leaving, Parts, Registry};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc, oneshot, watch as channel};
use tokio::task::JoinSet;

/// Bytes of a request's kind.
const KIND_BYTES: usize = 32;

/// A node's place in its cluster. Dropped without [`Cluster::leave`], it is to the others as if it had died.
pub struct Cluster {
    names: Names,
    incarnation: u64,
    asking: Asking,
    modules: Modules,
    nodes: channel::Receiver<Nodes>,
    state: channel::Receiver<State>,
    entry: channel::Sender<Bytes>,
    leave: mpsc::Sender<Leaving>,
    client: Client,
    /// Aborted with it.
    _tasks: JoinSet<()>,
}

/// What a node has when it has joined.
pub struct Joined {
    /// Its place.
    pub cluster: Cluster,
    /// What others ask it.
    pub requests: Requests,
    /// The topic of locations: its voice and its ears.
    pub locations: (Publisher, Changes),
    /// The topic of presence.
    pub presence: (Publisher, Changes),
}

/// What others ask this node. Dropped, all is unanswered.
#[derive(Debug)]
pub struct Requests(mpsc::Receiver<Asked>);

impl Requests {
    /// Waits for the next; `None` when this node is none any more. Give it to a task of its own if its answer takes long: as many
    /// as [`Config::answered_at_once`] may be open.
    pub async fn next(&mut self) -> Option<Asked> {
        self.0.recv().await
    }
}

impl Cluster {
    /// Joins. Within seconds, or, if an earlier life of the node crashed a moment ago, as soon as its lease has run out.
    ///
    /// # Errors
    /// See [`JoinError`]: each says who, where, and what would be right.
    pub async fn join(config: Config) -> Result<Joined, JoinError> {
        let servers = config.checked()?;
        let names = Names::new(&config.cluster, config.node.clone());
        let named = link::named(&servers);
        let (client, link) = link::connect(&config, &names, servers).await?;
        let context = bucket::jetstream(client.clone());
        bucket::has_jetstream(&context, &link, named.clone()).await?;
        let store = bucket::open_first(&context, &names, &config, &link).await?;
        // Before the name is taken: whoever sees the node can ask it. If another process is that node, its requests are not read here.
        let ears = Ears::open(&client, &names, config.incarnation).await;
        let ears = ears.map_err(|why| JoinError::Unreachable { servers: named, why })?;
        let watch = bucket::watch_first(&store, &names, &link).await?;
        // What the server does not permit to hear, it said before it answered that.
        let not_permitted = link.borrow().refused.clone();
        if let Some(why) = not_permitted {
            return Err(JoinError::NotPermitted { why });
        }
        let revision = bucket::claim(&store, &names, &config, &link).await?;
        let parts = Parts {
            client: client.clone(),
            context: context.clone(),
            names: names.clone(),
            store,
            link: link.clone(),
            heads: Arc::new(Heads::default()),
            revision,
            watch,
        };
        Ok(assemble(&config, parts, ears))
    }

    /// How this node stands to its cluster, now and whenever it changes.
    pub fn state(&self) -> channel::Receiver<State> {
        self.state.clone()
    }

    /// Who comes and goes, beginning with who is there.
    pub fn watch(&self) -> Watch {
        Watch::new(self.nodes.clone())
    }

    /// The other nodes that are there, by name.
    pub fn nodes(&self) -> Vec<Node> {
        let nodes = self.nodes.borrow();
        nodes.present().values().map(|present| present.node.clone()).collect()
    }

    /// Changes this node's own entry. Several changes in quick succession may be written as one.
    ///
    /// # Errors
    /// It has more than [`ENTRY_BYTES`], or this node is none any more.
    pub fn set_entry(&self, entry: Bytes) -> Result<(), Error> {
        if entry.len() > ENTRY_BYTES {
            return Err(Error::TooLarge {
                what: "an entry",
                bytes: entry.len(),
                limit: ENTRY_BYTES,
            });
        }
        self.entry.send(entry).map_err(|_| Error::Left)
    }

    /// Asks a node, which may be this one, and waits for the answer: at most [`limits::REQUEST_BYTES`] there,
    /// [`limits::ANSWER_BYTES`] back, and [`limits::LONGEST_PATIENCE`]. The kind is 1 to 32 of `a-z`, `0-9` and `-`, a letter first.
    ///
    /// # Errors
    /// See [`Error`]. After `TimedOut` and `Cut`, the other node may have done what it was asked.
    pub async fn ask(&self, node: &NodeId, kind: &str, bytes: Bytes, patience: Duration) -> Result<Bytes, Error> {
        if !config::is_name(kind, KIND_BYTES) {
            return Err(Error::Invalid(
                "the request's kind",
                "a small letter, then at most 31 of a-z, 0-9 and -",
            ));
        }
        self.question(Question {
            node: node.clone(),
            subject: self.names.ask(node, kind),
            bytes,
            patience,
            limit: limits::ANSWER_BYTES,
        })
        .await
    }

    /// Asks a node for all that it holds in a topic.
    ///
    /// # Errors
    /// As for [`Cluster::ask`].
    pub async fn snapshot(&self, node: &NodeId, topic: Topic, patience: Duration) -> Result<Snapshot, Error> {
        let question = Question {
            node: node.clone(),
            subject: self.names.snapshot(node, topic),
            bytes: Bytes::new(),
            patience,
            limit: limits::SNAPSHOT_BYTES + frames::NUMBERED_HEAD,
        };
        let answer = self.question(question).await?;
        let read = Numbered::read(answer).ok_or_else(|| Error::Malformed(node.clone()))?;
        Ok(Snapshot {
            incarnation: read.incarnation,
            sequence: read.sequence,
            bytes: read.bytes,
        })
    }

    async fn question(&self, question: Question) -> Result<Bytes, Error> {
        self.state.borrow().open()?;
        let answer_at = |token| self.names.answer(self.incarnation, token);
        self.asking.ask(question, answer_at).await
    }

    /// Stores a module for all nodes, at most [`limits::MODULE_BYTES`]. The hash is that of its bytes, or it is refused.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn put_module(&self, hash: &Hash, bytes: &Bytes) -> Result<(), Error> {
        self.state.borrow().open()?;
        self.modules.put(hash, bytes).await
    }

    /// The module of this hash. Its bytes were checked against it.
    ///
    /// # Errors
    /// `NotFound`; `Corrupt` if the store holds something else under this name; see [`Error`].
    pub async fn module(&self, hash: &Hash) -> Result<Bytes, Error> {
        self.state.borrow().open()?;
        self.modules.get(hash).await
    }

    /// Leaves: the others hear of it at once.
    ///
    /// # Errors
    /// `Cut`: they could not be told and hear of it when the lease has run out. The node has left in any case.
    pub async fn leave(self) -> Result<(), Error> {
        let (leaving, left) = oneshot::channel();
        self.leave.send(leaving).await.map_err(|_| Error::Left)?;
        let told = left.await.map_err(|_| Error::Left)?;
        let _ = tokio::time::timeout(limits::STORE_PATIENCE, self.client.flush()).await;
        told
    }
}

/// The subscriptions of a node.
struct Ears {
    answers: Subscriber,
    asked: Subscriber,
    told: [Subscriber; frames::TOPICS],
    snapshots: [Subscriber; frames::TOPICS],
}

impl Ears {
    async fn open(client: &Client, names: &Names, incarnation: u64) -> Result<Self, String> {
        let subscribe = async |subject: String| client.subscribe(subject).await.map_err(|error| error.to_string());
        let [locations, presence] = Topic::ALL;
        let ears = Self {
            answers: subscribe(names.answers(incarnation)).await?,
            asked: subscribe(names.asked()).await?,
            told: [
                subscribe(names.told(locations)).await?,
                subscribe(names.told(presence)).await?,
            ],
            snapshots: [
                subscribe(names.snapshot_asked(locations)).await?,
                subscribe(names.snapshot_asked(presence)).await?,
            ],
        };
        Ok(ears)
    }
}

/// Starts what keeps the node in its cluster.
fn assemble(config: &Config, parts: Parts, ears: Ears) -> Joined {
    let mut tasks = JoinSet::new();
    let (client, names, link, heads) = (
        parts.client.clone(),
        parts.names.clone(),
        parts.link.clone(),
        parts.heads.clone(),
    );
    let modules = Modules::new(parts.context.clone(), &names, config);
    let (registry, watch, ends) = Registry::new(config, parts);
    let Ends {
        nodes,
        state,
        entry,
        leave,
    } = ends;
    tasks.spawn(registry.run(watch));
    let (asking, taking) = Asking::new(client.clone(), config.node.clone(), link.clone(), ears.answers);
    tasks.spawn(taking);
    let (host, requests) = mpsc::channel(config.answered_at_once);
    let answering = Answering {
        client: client.clone(),
        asked: ears.asked,
        state: state.clone(),
        host,
        free: Arc::new(Semaphore::new(config.answered_at_once)),
        at_once: config.answered_at_once,
        limit: limits::ANSWER_BYTES,
    };
    tasks.spawn(answering.run());
    let mut topics = Topic::ALL.into_iter().zip(ears.told.into_iter().zip(ears.snapshots));
    let mut open = || {
        let (topic, (told, asked)) = topics.next().expect("a subscription for each topic");
        let (publisher, changes, work) = topics::open(topics::Wires {
            topic,
            client: client.clone(),
            names: names.clone(),
            incarnation: config.incarnation,
            heads: heads.clone(),
            link: link.clone(),
            state: state.clone(),
            nodes: nodes.clone(),
            told,
            asked,
        });
        tasks.spawn(work.speaking.run());
        tasks.spawn(work.listening.run());
        tasks.spawn(work.snapshots.run());
        (publisher, changes)
    };
    let (locations, presence) = (open(), open());
    let cluster = Cluster {
        names,
        incarnation: config.incarnation,
        asking,
        modules,
        nodes,
        state,
        entry,
        leave,
        client,
        _tasks: tasks,
    };
    Joined {
        cluster,
        requests: Requests(requests),
        locations,
        presence,
    }
}
