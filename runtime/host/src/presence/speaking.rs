//! How what desks share travels between nodes: what is for all by the cluster's topics, what is for one as a request. Lost messages are
//! found by the cores that keep the copies. Not here: what is said ([`super::sharing`]).

use super::Shared;
use super::sharing::{BorderPlace, ToSend};
use crate::cluster::{Named, Others};
use bytes::Bytes;
use patchcord_cluster::{Changes, Publisher, Told, Topic};
use patchcord_control::replica::To;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a node may take to say that it has a message.
const PATIENCE: Duration = Duration::from_secs(5);
/// The answer to a message that is for one node.
pub(crate) const HEARD: Bytes = Bytes::from_static(b"heard");

/// This node's voice in the topics of its cluster, and its ears.
pub(crate) struct Speaking {
    pub(crate) me: Named,
    pub(crate) others: Arc<Others>,
    pub(crate) locations: (Publisher, Changes),
    pub(crate) presence: (Publisher, Changes),
    pub(crate) border: BorderPlace,
}

/// What came of which topic.
pub(super) type Heard = (Topic, Bytes);

/// The kind of a message for one node.
pub(crate) fn topic_of(kind: &str) -> Option<Topic> {
    Topic::ALL.into_iter().find(|topic| topic.to_string() == kind)
}

impl Speaking {
    /// Waits for a message of another node; for ever once this node is none any more.
    async fn hear(&mut self) -> Heard {
        loop {
            let (topic, told) = tokio::select! {
                told = self.locations.1.next() => (Topic::Locations, told),
                told = self.presence.1.next() => (Topic::Presence, told),
            };
            match told {
                Some(Told::Change { bytes, .. }) => return (topic, bytes),
                // The core notices it too, and asks whom it has to.
                Some(Told::Missed(_)) => {}
                None => std::future::pending().await,
            }
        }
    }

    fn send(&mut self, (topic, to, bytes): ToSend) {
        let node = match to {
            To::All => {
                let (publisher, _) = match topic {
                    Topic::Locations => &mut self.locations,
                    Topic::Presence => &mut self.presence,
                };
                // Refused once this node is none any more; what is lost on the way is a gap for the others.
                let _ = publisher.publish(bytes);
                return;
            }
            To::Node(node) => node,
        };
        let others = self.others.clone();
        tokio::spawn(async move {
            // A node that does not hear it is told again when it asks again.
            let _ = others.cluster().ask(&node, &topic.to_string(), bytes, PATIENCE).await;
        });
    }
}

/// A desk with or without a voice. Dropped, it says that the node leaves.
pub(super) struct Voice {
    pub(super) shared: Arc<Shared>,
    pub(super) speaking: Option<Speaking>,
}

impl Voice {
    pub(super) async fn hear(&mut self) -> Heard {
        match &mut self.speaking {
            Some(speaking) => speaking.hear().await,
            None => std::future::pending().await,
        }
    }

    /// Sends what waits.
    pub(super) fn speak(&mut self) {
        if let Some(speaking) = &mut self.speaking {
            while let Some(message) = self.shared.next_to_send() {
                speaking.send(message);
            }
        }
    }
}

impl Drop for Voice {
    fn drop(&mut self) {
        if self.speaking.is_some() {
            self.shared.shut(Instant::now());
            self.speak();
            self.shared.be_alone();
        }
    }
}
