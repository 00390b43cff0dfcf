//! One tenant's share of a node: its limits, what is taken of them, and what it has used. Each counter goes from a state in
//! which the limit holds to another one, by compare-and-swap; none ever stands above its limit but for what is counted
//! whatever the limit.

use super::bucket::{Bucket, Rate, Taken};
use super::limits::{Bounds, Limit, Limits, Refused};
use super::seat::Seat;
use super::usage::{Counters, InUse, Usage};
use super::{Counts, REFUSALS_KEPT, TOLD_EVERY};
use crate::destinations::Micros;
use crate::ids::Tenant;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::time::{Duration, Instant};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// A tenant's share: one counter for each limit, hence so many fields.
#[derive(Debug)]
pub struct Share {
    tenant: Tenant,
    start: Instant,
    bounds: Bounds,
    calls: AtomicU64,
    memory: AtomicU64,
    /// Bytes of recordings that are kept.
    recordings: AtomicU64,
    new_calls: Bucket,
    fuel: Bucket,
    http: Bucket,
    http_bytes: Bucket,
    refusals: Bucket,
    used: Counters,
    told: [Told; Limit::ALL.len()],
    counts: Arc<Counts>,
}

/// When a refusal may be told again, in nanoseconds since the start, and how many there were since one was.
#[derive(Debug, Default)]
struct Told {
    again_at: AtomicU64,
    times: AtomicU64,
}

impl Share {
    pub(super) fn new(tenant: Tenant, start: Instant, limits: Limits, counts: Arc<Counts>) -> Self {
        Self {
            tenant,
            start,
            bounds: Bounds::new(limits),
            calls: AtomicU64::new(0),
            memory: AtomicU64::new(0),
            recordings: AtomicU64::new(0),
            new_calls: Bucket::default(),
            fuel: Bucket::default(),
            http: Bucket::default(),
            http_bytes: Bucket::default(),
            refusals: Bucket::default(),
            used: Counters::default(),
            told: Default::default(),
            counts,
        }
    }

    /// Whose it is.
    pub fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// Its limits as they are now.
    pub fn limits(&self) -> Limits {
        self.bounds.limits()
    }

    pub(super) fn set_limits(&self, limits: Limits) {
        self.bounds.set(limits);
    }

    /// A place for a new call, whose instance may have so much memory. A call that is refused has used nothing up.
    ///
    /// # Errors
    /// The first limit that refuses: calls, memory, fuel, calls a second.
    pub fn new_call(self: &Arc<Self>, now: Instant, memory: u64) -> Result<Seat, Refused> {
        let seat = self.another_call(memory)?;
        self.has_fuel(now).map_err(|refused| self.refuse(refused))?;
        if let Some(per_second) = self.bounds.small(Limit::NewCalls) {
            let rate = Rate {
                most: u64::from(per_second),
                within: SECOND,
            };
            if self.new_calls.take(self.passed(now), rate) == Taken::No {
                return Err(self.refuse(Refused::TooFast { per_second }));
            }
        }
        self.used.calls.fetch_add(1, Relaxed);
        Ok(seat)
    }

    /// A place for one more call that a call of the tenant makes of its own legs: nothing new came in.
    ///
    /// # Errors
    /// Too many calls, or too much memory.
    pub fn another_call(self: &Arc<Self>, memory: u64) -> Result<Seat, Refused> {
        self.take(&self.calls, Limit::CallsAtOnce, 1)
            .map_err(|most| Refused::TooManyCalls { most: small(most) })
            .map_err(|refused| self.refuse(refused))?;
        // Dropped on an error, it gives the place back.
        let mut seat = Seat::new(self.clone(), 1, 0);
        self.take_memory(memory)?;
        seat.add_memory(memory);
        Ok(seat)
    }

    /// A place for a call that goes on with another handler: it is in the house already, and not refused.
    pub fn moved_call(self: &Arc<Self>, memory: u64) -> Seat {
        self.calls.fetch_add(1, AcqRel);
        self.memory.fetch_add(memory, AcqRel);
        Seat::new(self.clone(), 1, memory)
    }

    /// A place for an instance that is no call's own: an event sink, a shadow.
    ///
    /// # Errors
    /// Too much memory.
    pub fn instance(self: &Arc<Self>, memory: u64) -> Result<Seat, Refused> {
        self.take_memory(memory)?;
        Ok(Seat::new(self.clone(), 0, memory))
    }

    /// A place that counts nothing, for what is only tried.
    pub fn nothing(self: &Arc<Self>) -> Seat {
        Seat::new(self.clone(), 0, 0)
    }

    pub(super) fn leave(&self, calls: u32, memory: u64) {
        self.calls.fetch_sub(u64::from(calls), AcqRel);
        self.memory.fetch_sub(memory, AcqRel);
    }

    fn take_memory(&self, memory: u64) -> Result<(), Refused> {
        self.take(&self.memory, Limit::Memory, memory)
            .map_err(|most| self.refuse(Refused::NoMemory { most }))
    }

    /// Takes so much if the limit holds afterwards; else the limit.
    fn take(&self, counter: &AtomicU64, limit: Limit, amount: u64) -> Result<(), u64> {
        let most = self.bounds.get(limit).unwrap_or(u64::MAX);
        let more = |taken: u64| taken.checked_add(amount).filter(|taken| *taken <= most);
        counter.fetch_update(AcqRel, Acquire, more).map(drop).map_err(|_| most)
    }

    /// Whether its instances may begin a turn now.
    ///
    /// # Errors
    /// The minute's fuel is used. Not counted as a refusal: the turn is only held.
    pub fn has_fuel(&self, now: Instant) -> Result<(), Refused> {
        let (Some(per_minute), Some(at)) = (self.bounds.get(Limit::Fuel), self.fuel_at()) else {
            return Ok(());
        };
        if now >= at {
            return Ok(());
        }
        let wait = at.saturating_duration_since(now);
        Err(Refused::FuelUsed {
            per_minute,
            wait_ms: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
        })
    }

    /// From when on its instances may begin a turn; none without a limit.
    pub fn fuel_at(&self) -> Option<Instant> {
        let rate = self.fuel_rate()?;
        // A moment that cannot be told is far away.
        let far = || self.start + Duration::from_secs(u64::from(u32::MAX));
        let at = self.start.checked_add(self.fuel.settled_at(rate));
        Some(at.unwrap_or_else(far))
    }

    /// A turn has used so much. What was not there is a debt, at most of a turn for each that runs at the same time.
    pub fn burn(&self, now: Instant, fuel: u64) {
        self.used.fuel.fetch_add(fuel, Relaxed);
        if let Some(rate) = self.fuel_rate() {
            self.fuel.use_up(self.passed(now), rate, fuel);
        }
    }

    fn fuel_rate(&self) -> Option<Rate> {
        let most = self.bounds.get(Limit::Fuel)?;
        Some(Rate { most, within: MINUTE })
    }

    /// A turn waits for fuel.
    pub fn hold(&self) {
        self.counts.hold();
    }

    /// Counts a request of so many bytes to a web server.
    ///
    /// # Errors
    /// There were as many within a minute as there may be, or as many bytes.
    pub fn http_request(&self, now: Instant, bytes: u64) -> Result<(), Refused> {
        if let Some(rate) = self.http_bytes_rate()
            && self.http_bytes.settled_at(rate) > self.passed(now)
        {
            return Err(self.refuse(Refused::TooManyBytes { per_minute: rate.most }));
        }
        if let Some(per_minute) = self.bounds.small(Limit::Http) {
            let rate = Rate {
                most: u64::from(per_minute),
                within: MINUTE,
            };
            if self.http.take(self.passed(now), rate) == Taken::No {
                return Err(self.refuse(Refused::TooManyRequests { per_minute }));
            }
        }
        self.used.http_requests.fetch_add(1, Relaxed);
        self.http_bytes(now, bytes);
        Ok(())
    }

    /// So many bytes went to web servers, or came from them.
    pub fn http_bytes(&self, now: Instant, bytes: u64) {
        self.used.http_bytes.fetch_add(bytes, Relaxed);
        if let Some(rate) = self.http_bytes_rate() {
            self.http_bytes.use_up(self.passed(now), rate, bytes);
        }
    }

    fn http_bytes_rate(&self) -> Option<Rate> {
        let most = self.bounds.get(Limit::HttpBytes)?;
        Some(Rate { most, within: MINUTE })
    }

    /// A call out has cost so much.
    pub fn spent(&self, money: Micros) {
        self.used.spend_micros.fetch_add(money.0, Relaxed);
    }

    /// A call out was refused because the money of the day is spent.
    pub fn no_money(&self, limit: Micros) -> Refused {
        self.refuse(Refused::MoneySpent { micros: limit.0 })
    }

    /// Whether a recording may begin. How long it becomes nobody knows: the last one may reach beyond the limit.
    ///
    /// # Errors
    /// So much is kept already.
    pub fn may_record(&self) -> Result<(), Refused> {
        match self.bounds.get(Limit::Recordings) {
            Some(most) if self.recordings.load(Acquire) >= most => Err(self.refuse(Refused::RecordingsFull { most })),
            _ => Ok(()),
        }
    }

    /// A recording is kept.
    pub fn recorded(&self, bytes: u64) {
        self.used.recording_bytes.fetch_add(bytes, Relaxed);
        self.add_recordings(bytes);
    }

    /// Bytes of recordings that are kept from before the node started.
    pub fn add_recordings(&self, bytes: u64) {
        let more = |kept: u64| Some(kept.saturating_add(bytes));
        let _always = self.recordings.fetch_update(AcqRel, Acquire, more);
    }

    /// A recording was deleted.
    pub fn recording_deleted(&self, bytes: u64) {
        let less = |kept: u64| Some(kept.saturating_sub(bytes));
        let _always = self.recordings.fetch_update(AcqRel, Acquire, less);
    }

    /// A call is over that lasted so long.
    pub fn call_over(&self, lasted: Duration) {
        let ms = u64::try_from(lasted.as_millis()).unwrap_or(u64::MAX);
        self.used.call_ms.fetch_add(ms, Relaxed);
    }

    /// What it has used since the start.
    pub fn usage(&self) -> Usage {
        self.used.look()
    }

    /// What it has now.
    pub fn in_use(&self) -> InUse {
        InUse {
            calls: self.calls.load(Acquire),
            memory_bytes: self.memory.load(Acquire),
            recording_bytes: self.recordings.load(Acquire),
        }
    }

    /// How often a limit was met since that was told, if it is time to tell it again: the first time, and then once in
    /// [`TOLD_EVERY`]. A storm of refusals is not to become a storm of lines.
    pub fn tell(&self, now: Instant, limit: Limit) -> Option<u64> {
        let told = &self.told[limit as usize];
        told.times.fetch_add(1, AcqRel);
        let passed = nanoseconds(self.passed(now));
        let next = |again_at: u64| (passed >= again_at).then(|| passed.saturating_add(nanoseconds(TOLD_EVERY)));
        told.again_at.fetch_update(AcqRel, Acquire, next).ok()?;
        Some(told.times.swap(0, AcqRel))
    }

    /// Whether a call that was refused is to leave a record: [`REFUSALS_KEPT`] a minute do.
    pub fn keeps_refusal(&self, now: Instant) -> bool {
        let rate = Rate {
            most: REFUSALS_KEPT,
            within: MINUTE,
        };
        self.refusals.take(self.passed(now), rate) == Taken::Yes
    }

    fn refuse(&self, refused: Refused) -> Refused {
        self.counts.refuse(refused.limit());
        refused
    }

    fn passed(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.start)
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn small(limit: u64) -> u32 {
    u32::try_from(limit).unwrap_or(u32::MAX)
}
