//! The border of a node that has a door for other nodes, and what stands behind it: who deals messages out. Not here: what either does.

use super::{Ground, Node, NodeConfig, Queues, random};
use crate::border::{self, BorderProxy};
use crate::deal::Dealer;
use crate::shard_threads::{Inbox, Outbox};
use crate::start_error::StartError;
use patchcord_sip::border::BorderConfig;
use patchcord_sip::limits::MESSAGE_BYTES;
use patchcord_sip::{Flow, Listener, Transport};
use std::net::SocketAddr;
use std::sync::Arc;

impl Ground {
    /// Those of the shards; the last is that of the event sinks.
    pub(super) fn inboxes(&self) -> (Vec<Inbox>, Vec<Outbox>) {
        (0..=self.layout.shards).map(|_| Inbox::new()).unzip()
    }

    /// The doors as peers are told, each by its transport: those for devices, then the one for other nodes.
    pub(super) fn told(&self) -> Vec<Listener> {
        let own = self.own_door.as_ref().map(|own| Listener {
            transport: Transport::Node,
            address: own.address,
        });
        self.doors.told.iter().copied().chain(own).collect()
    }

    /// Who deals messages out, and the border before that if there is one.
    pub(super) fn dealer(
        &self,
        config: &NodeConfig,
        queues: &Queues,
    ) -> Result<(Option<Arc<BorderProxy>>, Arc<Dealer>), StartError> {
        let border = self.border(config, queues)?;
        let shards = queues.inboxes[..self.layout.shards].to_vec();
        let dealer = Dealer::new(shards, self.key).behind(border.clone());
        Ok((border, Arc::new(dealer)))
    }

    fn border(&self, config: &NodeConfig, queues: &Queues) -> Result<Option<Arc<BorderProxy>>, StartError> {
        let Some(own) = &self.own_door else { return Ok(None) };
        let of_core = BorderConfig {
            node: own.node.clone(),
            region: own.region.clone(),
            internal: own.address,
            doors: self.doors.told.clone(),
            secret: random()?,
            message_bytes: MESSAGE_BYTES,
        };
        let out = border::WaysOut {
            datagrams: self.datagrams.clone(),
            streams: queues.streams.clone(),
            nodes: own.nodes.clone(),
            figures: self.figures.border.clone(),
        };
        let border = BorderProxy::new(of_core, config.gate.as_ref(), out);
        let border = border.expect("a node has a door for datagrams, and messages are as long as they may be");
        let border = Arc::new(border);
        // It is set once, here.
        let _ = own.border.set(border.clone());
        Ok(Some(border))
    }
}

impl Node {
    /// Where other nodes of the cluster reach this one by SIP, if they can.
    pub fn door_for_nodes(&self) -> Option<SocketAddr> {
        self.border.as_ref().map(|border| border.door())
    }

    /// The Path (RFC 3327) by which other nodes reach a device that is connected to this node on `flow`: they write it as Route of
    /// their INVITE and send that to [`Node::door_for_nodes`]. None without such a door.
    pub fn path_to(&self, flow: Flow) -> Option<String> {
        self.border.as_ref().map(|border| border.path(flow, None))
    }
}
