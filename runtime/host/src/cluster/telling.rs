//! Telling the other nodes what was changed. Each is waited for a moment, so that a change counts everywhere once it is answered; who
//! did not hear it is told again to read all, for as long as it is there. Who was cut off reads all by itself when it is back.

use crate::deployments::Changed;
use bytes::Bytes;
use futures_util::future::join_all;
use patchcord_cluster::{Cluster, Error, Node};
use patchcord_control::ids::Tenant;
use patchcord_control::regions::NodeId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long another node may take to read what was changed.
const PATIENCE: Duration = Duration::from_secs(3);
/// The kind of these requests.
pub(crate) const KIND: &str = "changed";
/// What is answered once it was read.
const DONE: &[u8] = b"done";
const NOT_DONE: &[u8] = b"not done";

/// What another node is to read again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Notice {
    /// This of a tenant's.
    Of { tenant: String, changed: Changed },
    /// Everything.
    All,
}

impl Notice {
    pub(crate) fn of(tenant: &Tenant, changed: &Changed) -> Self {
        Self::Of {
            tenant: tenant.0.clone(),
            changed: changed.clone(),
        }
    }

    fn bytes(&self) -> Bytes {
        serde_json::to_vec(self).expect("words are JSON").into()
    }

    /// One of a node with a program that says something else is one to read all.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        serde_json::from_slice(bytes).unwrap_or(Self::All)
    }

    /// The answer to it.
    pub(crate) fn answer(is_read: bool) -> Bytes {
        Bytes::from_static(if is_read { DONE } else { NOT_DONE })
    }
}

/// The other nodes.
pub(crate) struct Others {
    cluster: Cluster,
    /// Who has not heard all.
    behind: Mutex<BTreeSet<NodeId>>,
}

impl Others {
    pub(super) fn new(cluster: Cluster) -> Self {
        Self {
            cluster,
            behind: Mutex::default(),
        }
    }

    pub(crate) fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Tells everybody who is there, and waits until they have read it, or a moment.
    pub(crate) async fn tell(&self, notice: &Notice) {
        let bytes = notice.bytes();
        let asked = self
            .cluster
            .nodes()
            .into_iter()
            .map(|node| self.told(node, bytes.clone()));
        for (node, is_told) in join_all(asked).await {
            if !is_told {
                tracing::warn!(%node, "a node has not heard of a change; it is told again");
                self.behind().insert(node);
            }
        }
    }

    /// Tells those who are behind to read all; those who are gone read all when they are back.
    pub(super) async fn catch_up(&self) {
        if self.behind().is_empty() {
            return;
        }
        let there = self.cluster.nodes();
        self.behind().retain(|node| there.iter().any(|one| one.node == *node));
        let behind: Vec<Node> = there
            .into_iter()
            .filter(|one| self.behind().contains(&one.node))
            .collect();
        for node in behind {
            let (node, is_told) = self.told(node, Notice::All.bytes()).await;
            if is_told {
                self.behind().remove(&node);
            }
        }
    }

    async fn told(&self, node: Node, bytes: Bytes) -> (NodeId, bool) {
        let answer = self.cluster.ask(&node.node, KIND, bytes, PATIENCE).await;
        let is_told = match answer {
            Ok(answer) => answer == DONE,
            // It is gone: in its next life it reads all.
            Err(Error::Nobody(_)) => true,
            Err(_) => false,
        };
        (node.node, is_told)
    }

    pub(super) async fn leave(self) {
        if let Err(why) = self.cluster.leave().await {
            tracing::warn!(%why, "the cluster was not told that this node leaves");
        }
    }

    fn behind(&self) -> MutexGuard<'_, BTreeSet<NodeId>> {
        // Nothing is left half done in it.
        self.behind.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
