//! What nodes tell each other without being asked: changes of what each of them holds, numbered, by plain publishing; and the
//! snapshot of it that whoever missed changes asks for. What the bytes mean is the host's.

use crate::answer::{Answering, Asked};
use crate::frames::{NUMBERED_HEAD, Numbered};
use crate::gaps::{Gaps, Missed, Verdict};
use crate::names::Names;
use crate::nodes::Nodes;
use crate::registry::Heads;
use crate::state::{Link, State, over};
use crate::{Error, limits};
use async_nats::{Client, Message, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::ReadyChunks;
use patchcord_control::regions::NodeId;
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use tokio::sync::{Semaphore, mpsc, watch};

/// Changes that are taken in or sent in one go.
const BATCH: usize = 64;

/// What is told about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// Where endpoints are: the instances whose gateway a node is.
    Locations,
    /// How they feel: the presence that a node keeps.
    Presence,
}

impl Topic {
    /// Both.
    pub const ALL: [Self; crate::frames::TOPICS] = [Self::Locations, Self::Presence];

    pub(crate) fn index(self) -> usize {
        match self {
            Self::Locations => 0,
            Self::Presence => 1,
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Locations => "locations",
            Self::Presence => "presence",
        })
    }
}

/// This node's voice in a topic: there is one, and it numbers what it says.
#[derive(Debug)]
pub struct Publisher {
    topic: Topic,
    sequence: u64,
    incarnation: u64,
    heads: Arc<Heads>,
    queue: mpsc::Sender<Numbered>,
    asked: mpsc::Receiver<Asked>,
    link: watch::Receiver<Link>,
    state: watch::Receiver<State>,
}

/// A change that has its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// Its number, from 1.
    pub sequence: u64,
    /// Whether it is on its way. If not, since this node is cut off or tells more than the connection takes, the others hear of a
    /// gap as soon as they hear anything, and ask for the snapshot.
    pub on_its_way: bool,
}

impl Publisher {
    /// Tells a change, without waiting for anything.
    ///
    /// # Errors
    /// It has more than [`limits::CHANGE_BYTES`], or this node has left or been replaced; then it has no number.
    pub fn publish(&mut self, bytes: Bytes) -> Result<Published, Error> {
        if let Err(over @ (Error::Left | Error::Replaced)) = self.state.borrow().open() {
            return Err(over);
        }
        if bytes.len() > limits::CHANGE_BYTES {
            return Err(Error::TooLarge {
                what: "a change",
                bytes: bytes.len(),
                limit: limits::CHANGE_BYTES,
            });
        }
        self.sequence += 1;
        self.heads.set(self.topic.index(), self.sequence);
        let change = Numbered {
            incarnation: self.incarnation,
            sequence: self.sequence,
            bytes,
        };
        let connected = self.link.borrow().connected;
        Ok(Published {
            sequence: self.sequence,
            on_its_way: connected && self.queue.try_send(change).is_ok(),
        })
    }

    /// The number of the last change.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Waits for a node that wants a snapshot; `None` when this node is none any more. At most [`limits::SNAPSHOTS_AT_ONCE`] are
    /// open, whoever else asks is refused as busy.
    pub async fn asked(&mut self) -> Option<SnapshotAsked> {
        let asked = self.asked.recv().await?;
        let incarnation = self.incarnation;
        Some(SnapshotAsked { asked, incarnation })
    }
}

/// A node wants the whole of what this node holds in a topic. Dropped, it is unanswered.
#[derive(Debug)]
pub struct SnapshotAsked {
    asked: Asked,
    incarnation: u64,
}

impl SnapshotAsked {
    /// Who asks.
    pub fn from(&self) -> &NodeId {
        &self.asked.from
    }

    /// Answers with what this node holds as of its change `sequence`, at most [`limits::SNAPSHOT_BYTES`].
    pub fn answer(self, sequence: u64, bytes: Bytes) {
        let snapshot = Numbered {
            incarnation: self.incarnation,
            sequence,
            bytes,
        };
        self.asked.answer(snapshot.write());
    }
}

/// What another node holds in a topic. Changes of it up to `sequence` are in it.
#[derive(Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Which life of the node.
    pub incarnation: u64,
    /// Its last change that is in it.
    pub sequence: u64,
    /// What the node's host wrote.
    pub bytes: Bytes,
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (incarnation, sequence, bytes) = (self.incarnation, self.sequence, self.bytes.len());
        write!(
            f,
            "Snapshot {{ incarnation: {incarnation}, sequence: {sequence}, {bytes} bytes }}"
        )
    }
}

/// What comes from the other nodes. Its `Debug` hides the bytes.
#[derive(Clone, PartialEq, Eq)]
pub enum Told {
    /// A change, after all that were before it, unless [`Told::Missed`] said otherwise.
    Change {
        /// Whose.
        node: NodeId,
        /// Which life of it.
        incarnation: u64,
        /// Its number.
        sequence: u64,
        /// What the node's host wrote, at most [`limits::CHANGE_BYTES`].
        bytes: Bytes,
    },
    /// Changes were missed: ask the node for its snapshot, and leave out changes that it has.
    Missed(Missed),
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Change {
                node,
                incarnation,
                sequence,
                bytes,
            } => write!(f, "Change {sequence} of {node}/{incarnation}, {} bytes", bytes.len()),
            Self::Missed(missed) => fmt::Debug::fmt(missed, f),
        }
    }
}

/// The changes of all other nodes in one topic.
#[derive(Debug)]
pub struct Changes(mpsc::Receiver<Told>);

impl Changes {
    /// Waits for the next; `None` when this node is none any more. While nobody takes them, they wait up to a limit and are then
    /// missed, which is told.
    pub async fn next(&mut self) -> Option<Told> {
        self.0.recv().await
    }
}

/// What a topic is connected with.
pub(crate) struct Wires {
    pub(crate) topic: Topic,
    pub(crate) client: Client,
    pub(crate) names: Names,
    pub(crate) incarnation: u64,
    pub(crate) heads: Arc<Heads>,
    pub(crate) link: watch::Receiver<Link>,
    pub(crate) state: watch::Receiver<State>,
    pub(crate) nodes: watch::Receiver<Nodes>,
    pub(crate) told: Subscriber,
    pub(crate) asked: Subscriber,
}

/// What the topic's tasks are.
pub(crate) struct Work {
    pub(crate) speaking: Speaking,
    pub(crate) listening: Listening,
    pub(crate) snapshots: Answering,
}

/// Both ends of a topic for the host, and the work behind them.
pub(crate) fn open(wires: Wires) -> (Publisher, Changes, Work) {
    let (queue, queued) = mpsc::channel(limits::WAITING_CHANGES);
    let (host, changes) = mpsc::channel(limits::WAITING_TOLD);
    let (ask, asked) = mpsc::channel(limits::SNAPSHOTS_AT_ONCE);
    let publisher = Publisher {
        topic: wires.topic,
        sequence: 0,
        incarnation: wires.incarnation,
        heads: wires.heads,
        queue,
        asked,
        link: wires.link,
        state: wires.state.clone(),
    };
    let work = Work {
        speaking: Speaking {
            client: wires.client.clone(),
            subject: wires.names.tell(wires.topic),
            queued,
            state: wires.state.clone(),
        },
        listening: Listening {
            topic: wires.topic,
            names: wires.names,
            told: wires.told.ready_chunks(BATCH),
            nodes: wires.nodes,
            state: wires.state.clone(),
            gaps: Gaps::default(),
            host,
        },
        snapshots: Answering {
            client: wires.client,
            asked: wires.asked,
            state: wires.state,
            host: ask,
            free: Arc::new(Semaphore::new(limits::SNAPSHOTS_AT_ONCE)),
            at_once: limits::SNAPSHOTS_AT_ONCE,
            limit: limits::SNAPSHOT_BYTES + NUMBERED_HEAD,
        },
    };
    (publisher, Changes(changes), work)
}

/// Sends this node's changes, in their order.
pub(crate) struct Speaking {
    client: Client,
    subject: String,
    queued: mpsc::Receiver<Numbered>,
    state: watch::Receiver<State>,
}

impl Speaking {
    pub(crate) async fn run(mut self) {
        let mut changes = Vec::with_capacity(BATCH);
        let mut over = pin!(over(&mut self.state));
        loop {
            let count = tokio::select! {
                count = self.queued.recv_many(&mut changes, BATCH) => count,
                () = &mut over => 0,
            };
            if count == 0 {
                return;
            }
            for change in changes.drain(..) {
                // What cannot be sent is a gap for the others.
                let _ = self.client.publish(self.subject.clone(), change.write()).await;
            }
        }
    }
}

/// Takes in the changes of the others, and tells gaps.
pub(crate) struct Listening {
    topic: Topic,
    names: Names,
    told: ReadyChunks<Subscriber>,
    nodes: watch::Receiver<Nodes>,
    state: watch::Receiver<State>,
    gaps: Gaps,
    host: mpsc::Sender<Told>,
}

impl Listening {
    pub(crate) async fn run(mut self) {
        let mut state = self.state.clone();
        let mut over = pin!(over(&mut state));
        let mut told = Vec::with_capacity(2 * BATCH);
        loop {
            tokio::select! {
                messages = self.told.next() => match messages {
                    Some(messages) => messages.into_iter().for_each(|message| self.hear(message, &mut told)),
                    None => return,
                },
                changed = self.nodes.changed() => match changed {
                    Ok(()) => self.compare(&mut told),
                    Err(_) => return,
                },
                () = &mut over => return,
            }
            // While the host is late, nothing is taken in; what the client then drops is found as a gap.
            for told in told.drain(..) {
                if self.host.send(told).await.is_err() {
                    return;
                }
            }
        }
    }

    fn hear(&mut self, message: Message, told: &mut Vec<Told>) {
        let node = self.names.teller(&message.subject);
        let Some(node) = node.filter(|node| node != self.names.me()) else {
            return;
        };
        let Some(change) = Numbered::read(message.payload) else {
            return;
        };
        match self.gaps.change(&node, change.incarnation, change.sequence) {
            Verdict::Old => return,
            Verdict::Next => {}
            Verdict::After(missed) => told.push(Told::Missed(missed)),
        }
        told.push(Told::Change {
            node,
            incarnation: change.incarnation,
            sequence: change.sequence,
            bytes: change.bytes,
        });
    }

    /// What the nodes' entries say they told, against what was heard.
    fn compare(&mut self, told: &mut Vec<Told>) {
        let nodes = self.nodes.borrow_and_update();
        let present = nodes.present();
        self.gaps.keep(|node| present.contains_key(node));
        let index = self.topic.index();
        let missed = present.values().filter_map(|present| {
            let node = &present.node;
            self.gaps.head(&node.node, node.incarnation, present.heads[index])
        });
        told.extend(missed.map(Told::Missed));
    }
}
