//! What somebody outside does to the calls of a world's node: as the node's API would.

use super::World;
use patchcord_control::call::{CallSnapshot, Change, ChangeError, Changed};
use patchcord_control::ids::{CallId, Tenant};
use patchcord_switch::{CallPage, PlaceError, PlacedCall};

impl World {
    /// Places a call.
    ///
    /// # Errors
    /// As [`patchcord_switch::Shard::place_call`].
    pub fn place_call(&mut self, wanted: PlacedCall) -> Result<CallId, PlaceError> {
        let placed = self.node.shard.place_call(self.now, wanted);
        self.drain_node();
        placed
    }

    /// Changes a live call of a tenant.
    ///
    /// # Errors
    /// As [`patchcord_switch::Shard::change_call`].
    pub fn change_call(&mut self, tenant: &Tenant, call: CallId, change: Change) -> Result<Changed, ChangeError> {
        let changed = self.node.shard.change_call(self.now, tenant, call, change);
        self.drain_node();
        changed
    }

    /// A live call of a tenant as it is now.
    pub fn describe_call(&self, tenant: &Tenant, call: CallId) -> Option<CallSnapshot> {
        self.node.shard.describe_call(self.now, tenant, call)
    }

    /// The live calls of a tenant after one, or the first of them.
    pub fn list_calls(&self, tenant: &Tenant, after: Option<CallId>) -> CallPage {
        self.node.shard.list_calls(self.now, tenant, after)
    }
}
