//! Who comes and goes, told to a host: the difference between what it was told last and what is now. Nothing queues up, and nothing
//! is lost but what was over before the host looked.

use crate::nodes::{Going, Node, Nodes};
use patchcord_control::regions::NodeId;
use std::collections::{BTreeMap, VecDeque};
use tokio::sync::watch;

/// What happened to another node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeEvent {
    /// It is there.
    Joined(Node),
    /// Its entry is another.
    Changed(Node),
    /// It left by its own will.
    Left {
        /// Its name.
        node: NodeId,
        /// Which life of it.
        incarnation: u64,
    },
    /// Its lease ran out, or it is there in a new life without having left the old one.
    Lost {
        /// Its name.
        node: NodeId,
        /// Which life of it.
        incarnation: u64,
    },
}

/// What the host was told of a node.
#[derive(Debug, Clone, Copy)]
struct Seen {
    incarnation: u64,
    version: u64,
}

/// The other nodes as they come and go. It begins with those that are there. Any number of watches may be open.
#[derive(Debug)]
pub struct Watch {
    nodes: watch::Receiver<Nodes>,
    seen: BTreeMap<NodeId, Seen>,
    /// At most three for each node.
    events: VecDeque<NodeEvent>,
}

impl Watch {
    pub(crate) fn new(mut nodes: watch::Receiver<Nodes>) -> Self {
        nodes.mark_changed();
        Self {
            nodes,
            seen: BTreeMap::new(),
            events: VecDeque::new(),
        }
    }

    /// Waits for the next; `None` when this node is none any more.
    pub async fn next(&mut self) -> Option<NodeEvent> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            self.nodes.changed().await.ok()?;
            let nodes = self.nodes.borrow_and_update();
            compare(&mut self.seen, &nodes, &mut self.events);
        }
    }
}

fn compare(seen: &mut BTreeMap<NodeId, Seen>, nodes: &Nodes, events: &mut VecDeque<NodeEvent>) {
    seen.retain(|node, known| {
        let present = nodes.present().get(node);
        let same_life = present.is_some_and(|present| present.node.incarnation == known.incarnation);
        if !same_life {
            let (node, incarnation) = (node.clone(), known.incarnation);
            // A new life while the old one was there means that the old one ended without a word.
            let going = if present.is_some() {
                Going::Lost
            } else {
                nodes.going(&node)
            };
            events.push_back(match going {
                Going::Left => NodeEvent::Left { node, incarnation },
                Going::Lost => NodeEvent::Lost { node, incarnation },
            });
        }
        same_life
    });
    for (node, present) in nodes.present() {
        let now = Seen {
            incarnation: present.node.incarnation,
            version: present.version,
        };
        match seen.insert(node.clone(), now) {
            None => events.push_back(NodeEvent::Joined(present.node.clone())),
            Some(before) if before.version != now.version => {
                events.push_back(NodeEvent::Changed(present.node.clone()));
            }
            Some(_) => {}
        }
    }
}
