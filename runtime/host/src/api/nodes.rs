//! The nodes of the cluster, as this one knows them.

use super::endpoint::{Asked, Outcome, Reply};
use crate::cluster::Entry;
use hyper::StatusCode;
use patchcord_cluster::State;
use schemars::JsonSchema;
use serde::Serialize;

/// A node of the cluster.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Node")]
pub(crate) struct NodeResource {
    node: String,
    region: String,
    /// Of its program.
    version: String,
    /// Words for what it has: `clients`, `record`, `recognise`, `say:` and a language, `codec:` and a name, `trunk:` and a name.
    capabilities: Vec<String>,
    /// Calls, as of some seconds ago.
    calls: u64,
    /// Calls at the same time at most.
    capacity: u64,
    /// Whether it takes no new calls any more.
    draining: bool,
}

/// How this node stands to its cluster.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "ClusterState")]
pub(crate) enum Stands {
    /// It is in none.
    Alone,
    Joined,
    /// It is cut off: calls go on, and what is said of the others is what was known before.
    Cut,
    /// Another process has its name.
    Replaced,
}

/// The nodes of the cluster.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "NodeList")]
pub(crate) struct NodeList {
    state: Stands,
    /// The others that are there, by name.
    others: Vec<NodeResource>,
}

pub(crate) async fn list(asked: Asked) -> Outcome {
    let Some(others) = &asked.office.others else {
        let alone = NodeList {
            state: Stands::Alone,
            others: Vec::new(),
        };
        return Ok(Reply::json(StatusCode::OK, &alone));
    };
    let cluster = others.cluster();
    let resource = |node: patchcord_cluster::Node| {
        let entry = Entry::read(&node.entry)?;
        Some(NodeResource {
            node: node.node.to_string(),
            region: node.region.to_string(),
            version: entry.version,
            capabilities: entry.capabilities,
            calls: entry.calls,
            capacity: entry.capacity,
            draining: entry.draining,
        })
    };
    let list = NodeList {
        state: match *cluster.state().borrow() {
            State::Joined | State::Healed { .. } => Stands::Joined,
            State::Cut { .. } | State::Left => Stands::Cut,
            State::Replaced { .. } => Stands::Replaced,
        },
        others: cluster.nodes().into_iter().filter_map(resource).collect(),
    };
    Ok(Reply::json(StatusCode::OK, &list))
}
