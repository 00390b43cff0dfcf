//! What was seen of calls beside their records: the lines of their handlers' logs, and how their legs sounded, of those that go on
//! and of the latest of each tenant that are over. In memory, and bounded: what has no room is left out and counted. Those who
//! read lines as they come are told of each; who reads too slowly is told how much was lost.
//!
//! Shards put things in, the API takes them out. Not here: the operator's own log ([`crate::log`](mod@crate::log)).

use patchcord_control::ids::{CallId, LegId, Tenant};
use patchcord_control::record::CallRecord;
use patchcord_control::words::{LogLevel, Quality, UnixTime};
use patchcord_switch::Notice;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::broadcast;

/// Lines of one call; later ones are left out. Their bytes are within the call's own limit.
const LINES: usize = 1_000;
/// Times at which one leg was measured. When there are more, every second one goes, and only every second one is kept from then on.
const SAMPLES: usize = 120;
/// Legs of a call that are kept.
const LEGS: usize = 32;
/// Calls of one tenant that are over; the oldest makes room.
const OVER: usize = 200;
/// Tenants of which calls that are over are kept; those of further ones are forgotten with their end.
const TENANTS: usize = 1_000;
/// Bytes of all that is kept; with more, lines are passed on and not kept.
const ALL_BYTES: usize = 256 * 1024 * 1024;
/// What a line or a measurement takes beside its text.
const COST: usize = 128;
/// What a reader of lines may be behind.
const READER: usize = 4_096;

/// A line of a handler's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogLine {
    pub(crate) at: UnixTime,
    pub(crate) tenant: Tenant,
    pub(crate) call: CallId,
    pub(crate) handler: Arc<str>,
    pub(crate) level: LogLevel,
    pub(crate) text: String,
}

/// How a leg sounded at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sample {
    pub(crate) at: UnixTime,
    pub(crate) quality: Quality,
}

/// The lines of a call.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log {
    pub(crate) lines: Vec<Arc<LogLine>>,
    /// Lines that had no room.
    pub(crate) left_out: u64,
}

/// All that is kept.
#[derive(Debug)]
pub(crate) struct Sightings {
    kept: Mutex<Kept>,
    readers: broadcast::Sender<Arc<LogLine>>,
}

impl Default for Sightings {
    fn default() -> Self {
        Self {
            kept: Mutex::default(),
            readers: broadcast::channel(READER).0,
        }
    }
}

#[derive(Debug, Default)]
struct Kept {
    /// Those that go on, bounded as the node's calls are, and those in `over`.
    calls: HashMap<CallId, Seen>,
    /// Oldest first.
    over: HashMap<Tenant, VecDeque<CallId>>,
    /// Of all calls.
    bytes: usize,
}

/// What was seen of one call.
#[derive(Debug)]
struct Seen {
    tenant: Tenant,
    handler: Arc<str>,
    log: Log,
    legs: BTreeMap<LegId, Samples>,
    bytes: usize,
}

/// How a leg sounded over time.
#[derive(Debug, Default)]
struct Samples {
    kept: Vec<Sample>,
    /// Of so many measurements one is kept; a power of two.
    every: usize,
    came: usize,
}

impl Samples {
    fn push(&mut self, sample: Sample) {
        let every = self.every.max(1);
        if self.came.is_multiple_of(every) {
            if self.kept.len() >= SAMPLES {
                let mut place = 0;
                self.kept.retain(|_| {
                    place += 1;
                    place % 2 == 1
                });
                self.every = 2 * every;
            }
            self.kept.push(sample);
        }
        self.came += 1;
    }
}

impl Sightings {
    /// Something happened in a call.
    pub(crate) fn notice(&self, call: CallId, at: UnixTime, notice: &Notice) {
        match notice {
            Notice::Started { tenant, handler, .. } => self.lock().begin(call, tenant, handler),
            Notice::Log { level, message } => {
                let line = self.lock().line(call, at, *level, message);
                if let Some(line) = line {
                    // Nobody may be reading.
                    let _ = self.readers.send(line);
                }
            }
            Notice::Turn(_) | Notice::Trial { .. } | Notice::Fault(_) => {}
        }
    }

    /// How a leg sounds.
    pub(crate) fn sound(&self, (call, leg): (CallId, LegId), at: UnixTime, quality: Quality) {
        self.lock().sound((call, leg), Sample { at, quality });
    }

    /// A call is over. Of each leg the last measurement is in its record.
    pub(crate) fn ended(&self, record: &CallRecord) {
        let mut kept = self.lock();
        for (leg, it) in record.legs.iter().zip(0..).map(|(it, leg)| (LegId(leg), it)) {
            if let Some(media) = &it.media {
                let (at, quality) = (it.ended_at, Quality::from(media));
                kept.sound((record.id, leg), Sample { at, quality });
            }
        }
        kept.ended(record.id);
    }

    /// The lines of a tenant's call; none if nothing is kept of it.
    pub(crate) fn log(&self, tenant: &Tenant, call: CallId) -> Option<Log> {
        self.lock().of(tenant, call).map(|seen| seen.log.clone())
    }

    /// How the legs of a tenant's call sounded, oldest first.
    pub(crate) fn legs(&self, tenant: &Tenant, call: CallId) -> Option<Vec<(LegId, Vec<Sample>)>> {
        let kept = self.lock();
        let legs = &kept.of(tenant, call)?.legs;
        Some(legs.iter().map(|(leg, samples)| (*leg, samples.kept.clone())).collect())
    }

    /// Lines of all tenants from now on; whoever reads passes over those of others.
    pub(crate) fn read(&self) -> broadcast::Receiver<Arc<LogLine>> {
        self.readers.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // Nothing is left half done in it.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn begin(&mut self, call: CallId, tenant: &Tenant, handler: &str) {
        let seen = Seen {
            tenant: tenant.clone(),
            handler: handler.into(),
            log: Log::default(),
            legs: BTreeMap::new(),
            bytes: 0,
        };
        self.calls.insert(call, seen);
    }

    fn line(&mut self, call: CallId, at: UnixTime, level: LogLevel, text: &str) -> Option<Arc<LogLine>> {
        let has_room = self.bytes < ALL_BYTES;
        let seen = self.calls.get_mut(&call)?;
        let line = Arc::new(LogLine {
            at,
            tenant: seen.tenant.clone(),
            call,
            handler: seen.handler.clone(),
            level,
            text: text.to_owned(),
        });
        if has_room && seen.log.lines.len() < LINES {
            seen.log.lines.push(line.clone());
            seen.bytes += COST + text.len();
            self.bytes += COST + text.len();
        } else {
            seen.log.left_out += 1;
        }
        Some(line)
    }

    fn sound(&mut self, (call, leg): (CallId, LegId), sample: Sample) {
        let has_room = self.bytes < ALL_BYTES;
        let Some(seen) = self.calls.get_mut(&call) else { return };
        if has_room && (seen.legs.len() < LEGS || seen.legs.contains_key(&leg)) {
            let samples = seen.legs.entry(leg).or_default();
            let before = samples.kept.len();
            samples.push(sample);
            let after = samples.kept.len();
            seen.bytes = seen.bytes + COST * after - COST * before;
            self.bytes = self.bytes + COST * after - COST * before;
        }
    }

    fn ended(&mut self, call: CallId) {
        let Some(seen) = self.calls.get(&call) else { return };
        if self.over.len() >= TENANTS && !self.over.contains_key(&seen.tenant) {
            return self.forget(call);
        }
        let over = self.over.entry(seen.tenant.clone()).or_default();
        over.push_back(call);
        let oldest = if over.len() > OVER { over.pop_front() } else { None };
        if let Some(oldest) = oldest {
            self.forget(oldest);
        }
    }

    fn forget(&mut self, call: CallId) {
        if let Some(seen) = self.calls.remove(&call) {
            self.bytes -= seen.bytes;
        }
    }

    fn of(&self, tenant: &Tenant, call: CallId) -> Option<&Seen> {
        self.calls.get(&call).filter(|seen| seen.tenant == *tenant)
    }
}

#[cfg(test)]
mod tests;
