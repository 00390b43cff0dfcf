//! What somebody outside does to the calls of a world's node: as the node's API would.

use super::World;
use patchcord_control::call::{CallSnapshot, Change, ChangeError, Changed};
use patchcord_control::ids::{CallId, LegId, Tenant};
use patchcord_switch::{CallPage, JoinError, PlaceError, PlacedCall, RedirectError, Redirection};

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

    /// Joins two calls of a tenant: the legs of the second come into the first.
    ///
    /// # Errors
    /// As [`patchcord_switch::Shard::join_calls`].
    pub fn join_calls(&mut self, tenant: &Tenant, both: (CallId, CallId)) -> Result<Vec<LegId>, JoinError> {
        let joined = self.node.shard.join_calls(self.now, tenant, both);
        self.drain_node();
        joined
    }

    /// Splits a leg off its call into a new one.
    ///
    /// # Errors
    /// As [`patchcord_switch::Shard::move_leg`].
    pub fn move_leg(&mut self, call: CallId, leg: LegId, to: &Redirection) -> Result<CallId, RedirectError> {
        let moved = self.node.shard.move_leg(self.now, (call, leg), to);
        self.drain_node();
        moved
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
