//! Subjects and buckets, all of which begin with the cluster's name. `docs/nats.conf` permits exactly these.

use crate::Topic;
use patchcord_control::regions::NodeId;
use std::sync::Arc;

/// The names of one cluster, as one of its nodes sees them.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    cluster: Arc<str>,
    me: NodeId,
}

impl Names {
    pub(crate) fn new(cluster: &str, me: NodeId) -> Self {
        Self {
            cluster: Arc::from(cluster),
            me,
        }
    }

    pub(crate) fn me(&self) -> &NodeId {
        &self.me
    }

    /// Where a node is asked; its kind stands in the subject, so that permissions can tell kinds apart.
    pub(crate) fn ask(&self, node: &NodeId, kind: &str) -> String {
        format!("{}.ask.{node}.{kind}", self.cluster)
    }

    /// Where this node is asked, whatever kind.
    pub(crate) fn asked(&self) -> String {
        self.ask(&self.me, "*")
    }

    /// Where a node is asked for a snapshot.
    pub(crate) fn snapshot(&self, node: &NodeId, topic: Topic) -> String {
        format!("{}.snapshot.{node}.{topic}", self.cluster)
    }

    /// Where this node is asked for one.
    pub(crate) fn snapshot_asked(&self, topic: Topic) -> String {
        self.snapshot(&self.me, topic)
    }

    /// Where this node tells its changes.
    pub(crate) fn tell(&self, topic: Topic) -> String {
        format!("{}.told.{topic}.{}", self.cluster, self.me)
    }

    /// Where all nodes tell theirs.
    pub(crate) fn told(&self, topic: Topic) -> String {
        format!("{}.told.{topic}.*", self.cluster)
    }

    /// The node that told something at this subject.
    pub(crate) fn teller(&self, subject: &str) -> Option<NodeId> {
        NodeId::new(subject.rsplit('.').next()?).ok()
    }

    /// Where answers to this node come in, its own and those of JetStream.
    pub(crate) fn inbox(&self) -> String {
        format!("{}.inbox.{}", self.cluster, self.me)
    }

    /// Where the answer to one request comes in. An earlier life of the node has other subjects.
    pub(crate) fn answer(&self, incarnation: u64, token: u64) -> String {
        format!("{}.answer.{incarnation}.{token}", self.inbox())
    }

    /// Where all of them do.
    pub(crate) fn answers(&self, incarnation: u64) -> String {
        format!("{}.answer.{incarnation}.*", self.inbox())
    }

    /// The bucket of the nodes' entries.
    pub(crate) fn nodes_bucket(&self) -> String {
        format!("{}-nodes", self.cluster)
    }

    /// The bucket of modules.
    pub(crate) fn modules_bucket(&self) -> String {
        format!("{}-modules", self.cluster)
    }
}
