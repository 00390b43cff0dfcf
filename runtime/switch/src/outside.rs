//! Live calls as they are seen and changed from outside: each by its tenant and its id. What a change does stands at
//! [`Change`]. Not here: who may do that, and how it is asked.

use crate::shard::Shard;
use patchcord_control::call::{CallSnapshot, Change, ChangeError, Changed};
use patchcord_control::ids::{CallId, Tenant};
use std::ops::Bound;
use std::time::Instant;

/// Calls in one page of a list.
pub const CALLS_PER_PAGE: usize = 100;

/// Some of the live calls of a tenant, in the order of their ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallPage {
    /// At most [`CALLS_PER_PAGE`].
    pub calls: Vec<CallSnapshot>,
    /// The last of them, if there may be more: the next page is what comes after it.
    pub more_after: Option<CallId>,
}

impl Shard {
    /// Changes a live call from outside. Drain [`Shard::poll`] afterwards.
    ///
    /// # Errors
    /// The tenant has no such call, or it cannot be changed so now; nothing was done then.
    pub fn change_call(
        &mut self,
        now: Instant,
        tenant: &Tenant,
        id: CallId,
        change: Change,
    ) -> Result<Changed, ChangeError> {
        let live = self.calls.get(&id).filter(|live| live.is_call_of(tenant));
        let live = live.ok_or(ChangeError::NoSuchCall)?;
        if live.is_proof() && change != Change::End {
            return Err(ChangeError::Proof);
        }
        self.changed(now, id, change)
    }

    /// Changes a call that is alive.
    pub(crate) fn changed(&mut self, now: Instant, id: CallId, change: Change) -> Result<Changed, ChangeError> {
        let live = self.live(id);
        let summary = live.journal.is_some().then(|| change.clone());
        let changed = live.call.change(now, change);
        if let (Some(journal), Some(change), Ok(changed)) = (&mut live.journal, summary, &changed) {
            journal.changed(now, &change, *changed);
        }
        self.drive(now, id);
        self.settle(now);
        self.report_messages(now);
        changed
    }

    /// A live call as it is now; none if the tenant has no such call.
    pub fn describe_call(&self, now: Instant, tenant: &Tenant, id: CallId) -> Option<CallSnapshot> {
        let live = self.calls.get(&id).filter(|live| live.is_call_of(tenant))?;
        Some(live.call.snapshot(now))
    }

    /// The live calls of a tenant that come after one, or the first of them.
    pub fn list_calls(&self, now: Instant, tenant: &Tenant, after: Option<CallId>) -> CallPage {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let of_tenant = self.calls.range((from, Bound::Unbounded));
        let mut of_tenant = of_tenant.filter(|(_, live)| live.is_call_of(tenant));
        let calls: Vec<CallSnapshot> = of_tenant
            .by_ref()
            .take(CALLS_PER_PAGE)
            .map(|(_, live)| live.call.snapshot(now))
            .collect();
        let more = of_tenant.next().is_some();
        let last = calls.last().map(|call| call.id);
        CallPage {
            calls,
            more_after: last.filter(|_| more),
        }
    }
}
