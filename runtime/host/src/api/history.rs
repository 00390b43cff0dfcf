//! Calls that are over, the latest of each tenant: what the API shows of them. In memory: the end records are in the file of
//! `[records]`, and older ones are there.

use patchcord_control::ids::{CallId, Tenant};
use patchcord_control::record::CallRecord;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Records of one tenant; the oldest makes room.
const OF_TENANT: usize = 2_000;
/// Tenants; calls of further ones are not kept.
const TENANTS: usize = 1_000;

type Latest = HashMap<Tenant, VecDeque<Arc<CallRecord>>>;

/// The latest calls.
#[derive(Debug, Default)]
pub(crate) struct History(Mutex<Latest>);

impl History {
    /// A call is over.
    pub(crate) fn put(&self, record: Arc<CallRecord>) {
        let mut all = self.lock();
        if all.len() >= TENANTS && !all.contains_key(&record.tenant) {
            return;
        }
        let latest = all.entry(record.tenant.clone()).or_default();
        if latest.len() >= OF_TENANT {
            latest.pop_front();
        }
        latest.push_back(record);
    }

    /// A call of a tenant that is over.
    pub(crate) fn find(&self, tenant: &Tenant, call: CallId) -> Option<Arc<CallRecord>> {
        let all = self.lock();
        let mut latest = all.get(tenant)?.iter().rev();
        latest.find(|record| record.id == call).cloned()
    }

    /// All that are kept of a tenant.
    pub(crate) fn of(&self, tenant: &Tenant) -> Vec<Arc<CallRecord>> {
        self.lock().get(tenant).into_iter().flatten().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Latest> {
        // Nothing is left half done in it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
