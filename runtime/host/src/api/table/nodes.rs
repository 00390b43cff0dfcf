//! The row of the nodes of a cluster.

use super::{get, json_answer};
use crate::api::endpoint::Endpoint;
use crate::api::keys::Scope;
use crate::api::nodes::{self, NodeList};
use serde_json::json;

pub(super) fn rows() -> Vec<Endpoint> {
    vec![Endpoint {
        scope: Some(Scope::Operator),
        about: "A node whose lease has run out is not among them.",
        answer: json_answer::<NodeList>(
            "This node's place, and the others.",
            json!({ "state": "joined", "others": [{
                "node": "us1-a", "region": "us1", "version": "0.1.0", "capabilities": ["clients", "record", "codec:opus"],
                "calls": 12, "capacity": 1000, "draining": false,
            }] }),
        ),
        ..get("/v1/nodes", "listNodes", "Nodes of the cluster", |asked| {
            Box::pin(nodes::list(asked))
        })
    }]
}
