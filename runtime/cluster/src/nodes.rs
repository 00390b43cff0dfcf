//! Who is in the cluster, as one node has heard it: a table without a connection or a clock.
//!
//! **When is a node lost?** Not by anybody's clock alone: a node counts as lost when, since we heard of it last, we have heard of
//! our own renewals through the same watch for a whole lease. If the watch is slow, sick or cut, we do not hear ourselves either,
//! and nobody is declared lost for it; after a cut, everybody has a lease to be heard again.

use crate::frames::{Entry, TOPICS};
use bytes::Bytes;
use patchcord_control::regions::{NodeId, Region};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Nodes that are known, at most; further ones are not seen.
pub const NODES_MAX: usize = 4096;

/// Another node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its name.
    pub node: NodeId,
    /// Where it is.
    pub region: Region,
    /// Which life of it.
    pub incarnation: u64,
    /// What its host says of it.
    pub entry: Bytes,
}

/// How a node went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Going {
    Left,
    Lost,
}

#[derive(Debug)]
pub(crate) struct Present {
    pub(crate) node: Node,
    pub(crate) heads: [u64; TOPICS],
    /// Grows with each change of region, incarnation or entry.
    pub(crate) version: u64,
    heard: Instant,
}

/// The table.
#[derive(Debug)]
pub(crate) struct Nodes {
    present: BTreeMap<NodeId, Present>,
    /// How those went that are not there any more, for whoever still thinks of them as there; as many as may be there.
    gone: BTreeMap<NodeId, Going>,
    /// Since when the watch sees everything.
    watched: Option<Instant>,
    versions: u64,
}

impl Nodes {
    pub(crate) fn new() -> Self {
        Self {
            present: BTreeMap::new(),
            gone: BTreeMap::new(),
            watched: None,
            versions: 0,
        }
    }

    pub(crate) fn present(&self) -> &BTreeMap<NodeId, Present> {
        &self.present
    }

    pub(crate) fn going(&self, node: &NodeId) -> Going {
        self.gone.get(node).copied().unwrap_or(Going::Lost)
    }

    /// A new watch begins: who is heard of in it, or was before, has a lease from now on.
    pub(crate) fn watch_begins(&mut self, now: Instant) {
        self.watched = Some(now);
    }

    /// An entry was heard. Whether anything but its time is new.
    pub(crate) fn heard(&mut self, now: Instant, node: &NodeId, entry: Entry) -> bool {
        if !self.present.contains_key(node) && self.present.len() >= NODES_MAX {
            return false;
        }
        self.versions += 1;
        let fresh = Present {
            node: Node {
                node: node.clone(),
                region: entry.region,
                incarnation: entry.incarnation,
                entry: entry.bytes,
            },
            heads: entry.heads,
            version: self.versions,
            heard: now,
        };
        match self.present.get_mut(node) {
            Some(known) if known.node == fresh.node => {
                known.heard = now;
                let told_more = known.heads != fresh.heads;
                known.heads = fresh.heads;
                told_more
            }
            // An older life of the node whose entry comes late.
            Some(known) if known.node.incarnation > fresh.node.incarnation => false,
            _ => {
                self.gone.remove(node);
                self.present.insert(node.clone(), fresh);
                true
            }
        }
    }

    /// A node left by its own will.
    pub(crate) fn left(&mut self, node: &NodeId) -> bool {
        self.remove(node, Going::Left)
    }

    /// Our own renewal was heard: who was not heard for a lease is lost.
    pub(crate) fn heard_ourselves(&mut self, now: Instant, lease: Duration) -> bool {
        let Some(watched) = self.watched else { return false };
        let silent = |present: &Present| now.saturating_duration_since(present.heard.max(watched)) > lease;
        let lost: Vec<NodeId> = self
            .present
            .iter()
            .filter(|(_, present)| silent(present))
            .map(|(node, _)| node.clone())
            .collect();
        lost.iter().filter(|node| self.remove(node, Going::Lost)).count() > 0
    }

    fn remove(&mut self, node: &NodeId, going: Going) -> bool {
        if self.present.remove(node).is_none() {
            return false;
        }
        while self.gone.len() >= NODES_MAX {
            self.gone.pop_first();
        }
        self.gone.insert(node.clone(), going);
        true
    }
}

#[cfg(test)]
mod tests;
