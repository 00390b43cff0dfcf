//! Collecting: what is seen of each call until it is over, then its spans into a batch. Never waits for who sends.

use super::spans::{self, Span, Turn};
use super::{TelemetryConfig, TelemetryFigures};
use crate::watch::{Seen, WATCH_QUEUE};
use patchcord_control::ids::CallId;
use patchcord_control::record::CallRecord;
use patchcord_switch::Notice;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::time::{Duration, Instant};

/// Turns of a call that have a span; those after them are left out.
const TURNS: usize = 512;
/// Calls whose turns are kept; for one more, those of the oldest are left out. The end of a call may have been missed.
const CALLS: usize = 65_536;
/// Spans of a batch; a batch that has them goes out.
const BATCH: usize = 512;
/// How long spans wait for others.
const BATCH_TIME: Duration = Duration::from_secs(1);

/// The collecting thread.
pub(super) struct Collector {
    percent: u8,
    seen: Receiver<Seen>,
    batches: SyncSender<Vec<Span>>,
    closing: Arc<AtomicBool>,
    figures: Arc<TelemetryFigures>,
    /// Turns of calls that go on.
    turns: HashMap<CallId, Vec<Turn>>,
    /// Those calls, the oldest first; some may be over.
    order: VecDeque<CallId>,
    batch: Vec<Span>,
    since: Instant,
}

impl Collector {
    pub(super) fn new(
        config: &TelemetryConfig,
        seen: Receiver<Seen>,
        (batches, closing): (SyncSender<Vec<Span>>, Arc<AtomicBool>),
        figures: Arc<TelemetryFigures>,
    ) -> Self {
        Self {
            percent: config.sample_percent,
            seen,
            batches,
            closing,
            figures,
            turns: HashMap::new(),
            order: VecDeque::new(),
            batch: Vec::new(),
            since: Instant::now(),
        }
    }

    /// Until the node that is watched is gone, or nobody wants its traces any more.
    pub(super) fn run(mut self) {
        while !self.closing.load(Ordering::Acquire) {
            match self.seen.recv_timeout(BATCH_TIME) {
                Ok(seen) => self.see(seen),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.hand_over(),
            }
            let full = self.batch.len() >= BATCH;
            if full || (!self.batch.is_empty() && self.since.elapsed() >= BATCH_TIME) {
                self.hand_over();
            }
        }
        // Bounded by the watcher's queue, but for what comes meanwhile.
        for _ in 0..WATCH_QUEUE {
            let Ok(seen) = self.seen.try_recv() else { break };
            self.see(seen);
        }
        self.hand_over();
    }

    fn see(&mut self, seen: Seen) {
        match seen {
            Seen::Notice {
                call,
                notice: Notice::Turn(turn),
            } if spans::is_sampled(call, self.percent) => self.keep(call, Turn::of(&turn)),
            Seen::Notice { .. } => {}
            Seen::Ended(record) => self.over(&record),
        }
    }

    fn keep(&mut self, call: CallId, turn: Turn) {
        if !self.turns.contains_key(&call) {
            self.order.push_back(call);
            self.make_room();
        }
        let turns = self.turns.entry(call).or_default();
        if turns.len() < TURNS {
            turns.push(turn);
        } else {
            self.figures.dropped.one();
        }
    }

    /// Calls that are over leave the order when it is twice as long as it should be, or they reach its front.
    fn make_room(&mut self) {
        while self.turns.len() >= CALLS || self.order.len() > 2 * CALLS {
            let Some(oldest) = self.order.pop_front() else { return };
            let lost = self.turns.remove(&oldest).map_or(0, |turns| turns.len());
            self.figures.dropped.add(lost as u64);
        }
    }

    fn over(&mut self, record: &CallRecord) {
        if !spans::is_sampled(record.id, self.percent) {
            return;
        }
        let turns = self.turns.remove(&record.id).unwrap_or_default();
        if self.batch.is_empty() {
            self.since = Instant::now();
        }
        self.batch.extend(spans::of_call(record, &turns));
    }

    fn hand_over(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        if batch.is_empty() {
            return;
        }
        if let Err(TrySendError::Full(batch) | TrySendError::Disconnected(batch)) = self.batches.try_send(batch) {
            self.figures.dropped.add(batch.len() as u64);
        }
    }
}
