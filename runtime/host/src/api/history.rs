//! Calls that are over, the latest of each tenant, in memory: what the API shows of them while they are written to the database. Also
//! who waits for the end of a call, and is told. What was seen of calls beside their records is in [`Sightings`].

use super::past::PastQueue;
use crate::sightings::Sightings;
use patchcord_control::ids::{CallId, RecordingId, Tenant};
use patchcord_control::record::CallRecord;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Records of one tenant; the oldest makes room.
const OF_TENANT: usize = 2_000;
/// Tenants; calls of further ones are not kept.
const TENANTS: usize = 1_000;

#[derive(Debug, Default)]
struct Latest {
    calls: HashMap<Tenant, VecDeque<Arc<CallRecord>>>,
    /// Calls whose end is waited for; bounded by those that were placed and are not over.
    awaited: HashSet<CallId>,
    /// Of these, those that have ended and were not told.
    ended: VecDeque<CallId>,
}

/// The latest calls.
#[derive(Debug)]
pub(crate) struct History {
    /// What handlers said and how legs sounded.
    pub(crate) sightings: Sightings,
    latest: Mutex<Latest>,
    ended: Notify,
    past: PastQueue,
}

impl History {
    /// None yet; all are handed on to be written.
    pub(crate) fn new(past: PastQueue) -> Self {
        Self {
            sightings: Sightings::default(),
            latest: Mutex::default(),
            ended: Notify::default(),
            past,
        }
    }

    /// A call is over.
    pub(crate) fn put(&self, record: Arc<CallRecord>) {
        self.past.put(record.clone());
        let mut all = self.lock();
        if all.awaited.remove(&record.id) {
            all.ended.push_back(record.id);
            self.ended.notify_one();
        }
        if all.calls.len() >= TENANTS && !all.calls.contains_key(&record.tenant) {
            return;
        }
        let latest = all.calls.entry(record.tenant.clone()).or_default();
        if latest.len() >= OF_TENANT {
            latest.pop_front();
        }
        latest.push_back(record);
    }

    /// A call of a tenant that is over.
    pub(crate) fn find(&self, tenant: &Tenant, call: CallId) -> Option<Arc<CallRecord>> {
        let all = self.lock();
        let mut latest = all.calls.get(tenant)?.iter().rev();
        latest.find(|record| record.id == call).cloned()
    }

    /// All that are kept of a tenant.
    pub(crate) fn of(&self, tenant: &Tenant) -> Vec<Arc<CallRecord>> {
        self.lock().calls.get(tenant).into_iter().flatten().cloned().collect()
    }

    /// A recording of a call that is over was removed: nothing is said of it any more.
    pub(crate) fn remove_recording(&self, tenant: &Tenant, recording: RecordingId) {
        let mut all = self.lock();
        let calls = all.calls.get_mut(tenant).into_iter().flatten();
        for record in calls.filter(|record| record.id == recording.call) {
            Arc::make_mut(record).recordings.retain(|kept| kept.id != recording);
        }
    }

    /// The end of a call is waited for from now on.
    pub(crate) fn await_end(&self, call: CallId) {
        self.lock().awaited.insert(call);
    }

    /// It is not any more.
    pub(crate) fn forget_end(&self, call: CallId) {
        self.lock().awaited.remove(&call);
    }

    /// The next call that has ended of those that are waited for. One task waits.
    pub(crate) async fn awaited(&self) -> CallId {
        loop {
            if let Some(call) = self.next_ended() {
                return call;
            }
            self.ended.notified().await;
        }
    }

    fn next_ended(&self) -> Option<CallId> {
        self.lock().ended.pop_front()
    }

    fn lock(&self) -> MutexGuard<'_, Latest> {
        // Nothing is left half done in it.
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
