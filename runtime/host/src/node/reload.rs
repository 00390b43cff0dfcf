//! What a node takes over of a configuration while it runs: who may call in, and what carries calls. Not here: routes and handlers, which
//! are the directory's.

use super::shards::trunks;
use super::{Node, NodeConfig, random};
use crate::shard_threads::Order;
use crate::start_error::StartError;
use patchcord_sip::{Gate, Trunk};
use patchcord_switch::{Reload, ShardError};
use std::sync::Arc;
use std::time::Instant;

impl Node {
    /// Takes over users, strangers and trunks as a configuration has them that was read again. Calls that run go on; a trunk that is as
    /// it was keeps its registration, and one that is gone gives it up. Routes and what tenants may call come with
    /// [`Node::set_directory`] afterwards.
    ///
    /// # Errors
    /// What is wrong with it. Then all stays as it was.
    pub fn reload(&self, config: &NodeConfig) -> Result<(), StartError> {
        let Some(gate) = config.gate.clone() else { return Ok(()) };
        let now = Instant::now();
        let strangers = gate.strangers;
        let trunks = trunks(&self.doors.told, &config.trunks, random()?);
        // As each shard will, so that none finds anything wrong.
        Gate::new(now, gate.clone(), [0; 32]).map_err(|why| StartError::Shard(ShardError::Gate(why)))?;
        for trunk in &trunks {
            Trunk::new(now, trunk.clone()).map_err(|why| StartError::Shard(ShardError::Trunk(why)))?;
        }
        if let Some(border) = &self.border {
            border.set_strangers(strangers);
        }
        self.order(&Order::Reload(Arc::new(Reload { gate, trunks })));
        Ok(())
    }
}
