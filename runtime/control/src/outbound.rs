//! Calls that wait to be placed: when each may go out. A core of its own, without calls, clocks or I/O.
//!
//! **One input, then drain [`OutboundQueue::poll`] until it is empty; [`OutboundQueue::wake_at`] then names the next
//! deadline.** Each call that is added has exactly one [`Outcome`]. It goes out not before its time and not after it has
//! expired, as fast as its tenant and its trunk let it, and while its tenant has less than so many under way. Tenants take
//! turns, one call each, so ten thousand calls of one do not hold up another's. Within a tenant those that were due first go
//! first; a trunk that is busy holds up only what goes over it.
//!
//! Not here: the ledger's limits of spending and what policy forbids; they are asked when a call is placed.

mod pace;

pub use pace::Pace;

use crate::ids::{CallId, Tenant};
use pace::Meter;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Most calls that can be configured to wait in one queue.
pub const WAITING_MAX: usize = 1_000_000;

/// How a queue works.
#[derive(Debug, Clone)]
pub struct OutboundSettings {
    /// Calls that wait at the same time, of all tenants; at most [`WAITING_MAX`].
    pub waiting: usize,
    /// Limits of a tenant that has none of its own.
    pub tenant: TenantPace,
    /// Limits of single tenants.
    pub tenants: BTreeMap<Tenant, TenantPace>,
    /// How fast calls go over single trunks; others are as fast as their tenants.
    pub trunks: BTreeMap<Arc<str>, Pace>,
}

/// How fast calls of a tenant go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TenantPace {
    /// Calls a second.
    pub pace: Pace,
    /// Calls under way at the same time; at least one.
    pub at_once: usize,
    /// Calls that wait at the same time; one more is refused.
    pub waiting: usize,
}

/// A call to be placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting<T> {
    /// Its id, under which it is cancelled, and which it keeps.
    pub id: CallId,
    /// Whose.
    pub tenant: Tenant,
    /// The trunk that will carry it, if that is known.
    pub trunk: Option<Arc<str>>,
    /// It goes out no earlier.
    pub not_before: Option<Instant>,
    /// It goes out earlier than this, or not at all.
    pub expires_at: Option<Instant>,
    /// What is placed.
    pub wanted: T,
}

/// Everything that can wake a queue.
#[derive(Debug)]
pub enum Input<T> {
    /// One more call.
    Add(Waiting<T>),
    /// A call is not wanted any more. Nothing happens to one that is not waiting.
    Cancel(CallId),
    /// A call that was placed is over, or was never begun.
    Over(CallId),
    /// Time passed.
    Deadline,
}

/// What came of a call that was added. The queue knows nothing more of it, but that a placed one is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<T> {
    /// It is to be placed now; [`Input::Over`] must follow when it is over.
    Place(T),
    /// It was cancelled.
    Cancelled,
    /// It could not go out in time.
    Expired,
    /// It was not taken.
    Refused(NotQueued),
}

/// Why a call is not taken into the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotQueued {
    /// So many calls wait already, of all tenants.
    Full(usize),
    /// So many calls of this tenant wait already.
    TenantFull(usize),
    /// A call of this id waits or is under way.
    SameId,
}

impl fmt::Display for NotQueued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(most) => write!(f, "{most} calls wait to be placed, and no more may; try again later"),
            Self::TenantFull(most) => {
                write!(
                    f,
                    "{most} calls of this tenant wait to be placed, and no more may; try again later"
                )
            }
            Self::SameId => f.write_str("a call of this id waits already or is under way"),
        }
    }
}

impl std::error::Error for NotQueued {}

/// Calls that wait to be placed.
#[derive(Debug)]
pub struct OutboundQueue<T> {
    settings: OutboundSettings,
    /// Tenants with calls that wait, calls under way, or a pace that has not recovered.
    lines: BTreeMap<Tenant, Line>,
    trunks: BTreeMap<Arc<str>, Meter>,
    waiting: BTreeMap<CallId, (Place, Waiting<T>)>,
    expiries: BTreeSet<(Instant, CallId)>,
    /// Calls that were placed and are not over. Bounded by the limits of all tenants.
    under_way: BTreeMap<CallId, Tenant>,
    /// The tenant that had its turn last.
    last: Option<Tenant>,
    /// Calls added so far.
    added: u64,
    outputs: VecDeque<(CallId, Outcome<T>)>,
}

/// Where a call stands among those of its tenant: by its time, then by its arrival.
type Place = (Instant, u64);

/// What a queue keeps of a tenant.
#[derive(Debug)]
struct Line {
    limits: TenantPace,
    meter: Meter,
    under_way: usize,
    waiting: usize,
    /// By trunk; none is empty.
    by_trunk: BTreeMap<Option<Arc<str>>, BTreeMap<Place, CallId>>,
}

impl<T> OutboundQueue<T> {
    /// A queue in which nothing waits.
    pub fn new(settings: OutboundSettings) -> Self {
        Self {
            settings,
            lines: BTreeMap::new(),
            trunks: BTreeMap::new(),
            waiting: BTreeMap::new(),
            expiries: BTreeSet::new(),
            under_way: BTreeMap::new(),
            last: None,
            added: 0,
            outputs: VecDeque::new(),
        }
    }

    /// Takes one input. Drain [`OutboundQueue::poll`] before the next.
    pub fn handle(&mut self, now: Instant, input: Input<T>) {
        match input {
            Input::Add(call) => self.add(now, call),
            Input::Cancel(id) => self.leave(id, Outcome::Cancelled),
            Input::Over(id) => self.over(id),
            Input::Deadline => {}
        }
        self.expire(now);
        while self.place_one(now) {}
        self.forget_idle(now);
    }

    /// The next outcome; none when the queue is at rest.
    pub fn poll(&mut self) -> Option<(CallId, Outcome<T>)> {
        self.outputs.pop_front()
    }

    /// When a call goes out or expires next: [`Input::Deadline`] is due then.
    pub fn wake_at(&self) -> Option<Instant> {
        let expiry = self.expiries.first().map(|(at, _)| *at);
        let next = self.lines.values().filter_map(|line| self.next_of(line)).min();
        // A tenant's line is forgotten once its pace has recovered; nobody waits for that.
        [expiry, next].into_iter().flatten().min()
    }

    /// How many calls wait.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// How many calls were placed and are not over.
    pub fn under_way(&self) -> usize {
        self.under_way.len()
    }

    fn add(&mut self, now: Instant, call: Waiting<T>) {
        if let Err(why) = self.room_for(&call) {
            return self.outputs.push_back((call.id, Outcome::Refused(why)));
        }
        self.added += 1;
        let place = (call.not_before.map_or(now, |at| at.max(now)), self.added);
        let limits = self.limits_of(&call.tenant);
        let line = self.lines.entry(call.tenant.clone()).or_insert_with(|| Line {
            limits,
            meter: Meter::new(limits.pace),
            under_way: 0,
            waiting: 0,
            by_trunk: BTreeMap::new(),
        });
        line.waiting += 1;
        let lane = line.by_trunk.entry(call.trunk.clone()).or_default();
        lane.insert(place, call.id);
        if let Some(at) = call.expires_at {
            self.expiries.insert((at, call.id));
        }
        self.waiting.insert(call.id, (place, call));
    }

    fn room_for(&self, call: &Waiting<T>) -> Result<(), NotQueued> {
        if self.waiting.contains_key(&call.id) || self.under_way.contains_key(&call.id) {
            return Err(NotQueued::SameId);
        }
        let most = self.limits_of(&call.tenant).waiting;
        if self.lines.get(&call.tenant).map_or(0, |line| line.waiting) >= most {
            return Err(NotQueued::TenantFull(most));
        }
        let most = self.settings.waiting.min(WAITING_MAX);
        if self.waiting.len() >= most {
            return Err(NotQueued::Full(most));
        }
        Ok(())
    }

    fn limits_of(&self, tenant: &Tenant) -> TenantPace {
        let own = self.settings.tenants.get(tenant);
        own.copied().unwrap_or(self.settings.tenant)
    }

    /// Takes a call out of the queue.
    fn take(&mut self, id: CallId) -> Option<Waiting<T>> {
        let (place, call) = self.waiting.remove(&id)?;
        if let Some(at) = call.expires_at {
            self.expiries.remove(&(at, id));
        }
        if let Some(line) = self.lines.get_mut(&call.tenant) {
            line.waiting -= 1;
            if let Some(lane) = line.by_trunk.get_mut(&call.trunk) {
                lane.remove(&place);
                if lane.is_empty() {
                    line.by_trunk.remove(&call.trunk);
                }
            }
        }
        Some(call)
    }

    fn leave(&mut self, id: CallId, outcome: Outcome<T>) {
        if self.take(id).is_some() {
            self.outputs.push_back((id, outcome));
        }
    }

    fn over(&mut self, id: CallId) {
        let Some(tenant) = self.under_way.remove(&id) else {
            return;
        };
        if let Some(line) = self.lines.get_mut(&tenant) {
            line.under_way = line.under_way.saturating_sub(1);
        }
    }

    fn expire(&mut self, now: Instant) {
        while let Some((at, id)) = self.expiries.first().copied()
            && at <= now
        {
            self.leave(id, Outcome::Expired);
        }
    }

    /// Places the next call of the tenant whose turn it is; false if none may go out now.
    fn place_one(&mut self, now: Instant) -> bool {
        let after = |(tenant, _): &(&Tenant, &Line)| self.last.as_ref().is_some_and(|last| *tenant > last);
        let before = |it: &(&Tenant, &Line)| !after(it);
        let turns = self.lines.iter().filter(after).chain(self.lines.iter().filter(before));
        let mut due = turns.filter_map(|(tenant, line)| Some((tenant.clone(), self.due_of(now, line)?)));
        let Some((tenant, id)) = due.next() else { return false };
        drop(due);
        let Some(call) = self.take(id) else { return false };
        if let Some(line) = self.lines.get_mut(&tenant) {
            line.meter.count(now);
            line.under_way += 1;
        }
        if let Some(trunk) = &call.trunk
            && let Some(pace) = self.settings.trunks.get(trunk)
        {
            let meter = self.trunks.entry(trunk.clone()).or_insert_with(|| Meter::new(*pace));
            meter.count(now);
        }
        self.under_way.insert(id, tenant.clone());
        self.last = Some(tenant);
        self.outputs.push_back((id, Outcome::Place(call.wanted)));
        true
    }

    /// The call of a tenant that may go out now: of the first of each trunk, the one that was due first.
    fn due_of(&self, now: Instant, line: &Line) -> Option<CallId> {
        if line.under_way >= line.limits.at_once || line.meter.ready_at().is_some_and(|at| at > now) {
            return None;
        }
        let firsts = line.by_trunk.iter().filter_map(|(trunk, lane)| {
            let (place, id) = lane.first_key_value()?;
            let free = self.trunk_ready_at(trunk.as_ref()).is_none_or(|at| at <= now);
            (place.0 <= now && free).then_some((*place, *id))
        });
        firsts.min().map(|(_, id)| id)
    }

    /// When the next call of a tenant may go out, if nothing else happens before; none if others have to be over first.
    fn next_of(&self, line: &Line) -> Option<Instant> {
        if line.under_way >= line.limits.at_once {
            return None;
        }
        let firsts = line.by_trunk.iter().filter_map(|(trunk, lane)| {
            let ((due, _), _) = lane.first_key_value()?;
            let ready = [self.trunk_ready_at(trunk.as_ref()), line.meter.ready_at()];
            Some(ready.into_iter().flatten().fold(*due, Instant::max))
        });
        firsts.min()
    }

    fn trunk_ready_at(&self, trunk: Option<&Arc<str>>) -> Option<Instant> {
        self.trunks.get(trunk?)?.ready_at()
    }

    /// Forgets tenants and trunks of which nothing is left to know.
    fn forget_idle(&mut self, now: Instant) {
        self.lines
            .retain(|_, line| line.waiting > 0 || line.under_way > 0 || !line.meter.is_idle(now));
        self.trunks.retain(|_, meter| !meter.is_idle(now));
    }
}

/// One call a second more or less: the time between two calls of a pace.
pub(crate) fn interval(per_second: u32) -> Duration {
    Duration::from_secs(1) / per_second.max(1)
}

#[cfg(test)]
mod tests;
