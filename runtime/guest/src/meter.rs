//! What an instance may take of the machine while it runs: memory and CPU time. Fuel is counted by the engine.

use crate::{CpuClock, EPOCH_MS};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use wasmtime::ResourceLimiter;

/// Counts linear memory and table elements, and refuses growth over the limits.
pub(crate) struct MemoryMeter {
    memory_limit: u64,
    table_limit: usize,
    memory: u64,
    table: usize,
    peak: u64,
    refused: bool,
}

impl MemoryMeter {
    pub(crate) fn new(memory_limit: u64, table_limit: usize) -> MemoryMeter {
        MemoryMeter {
            memory_limit,
            table_limit,
            memory: 0,
            table: 0,
            peak: 0,
            refused: false,
        }
    }

    /// The most bytes there were at any time.
    pub(crate) fn peak(&self) -> u64 {
        self.peak
    }

    /// Whether growth was refused in this turn: then a trap that follows is the guest giving up for want of memory.
    pub(crate) fn refused(&self) -> bool {
        self.refused
    }

    pub(crate) fn begin_turn(&mut self) {
        self.refused = false;
    }
}

impl ResourceLimiter for MemoryMeter {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let grown = self.memory + (desired - current) as u64;
        if grown > self.memory_limit {
            self.refused = true;
            return Ok(false);
        }
        self.memory = grown;
        self.peak = self.peak.max(grown);
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        // The pool's own ceiling was reached. What `memory_growing` counted stays counted: too much, so still safe.
        self.refused = true;
        Ok(())
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let grown = self.table + (desired - current);
        if grown > self.table_limit {
            return Ok(false);
        }
        self.table = grown;
        Ok(true)
    }
}

/// CPU time of the thread, in nanoseconds, that went to others while a guest was between two slices of a turn: counted by its
/// instance, taken off by its [`TickMeter`].
#[derive(Clone, Default)]
pub(crate) struct TimeAway(Arc<AtomicU64>);

impl TimeAway {
    pub(crate) fn add(&self, away: Duration) {
        let nanos = u64::try_from(away.as_nanos()).unwrap_or(u64::MAX);
        self.0.fetch_add(nanos, Relaxed);
    }

    fn total(&self) -> Duration {
        Duration::from_nanos(self.0.load(Relaxed))
    }
}

/// Measures the CPU time of a turn when the epoch ticks, which is the only moment a busy guest can be stopped.
pub(crate) struct TickMeter {
    clock: Option<CpuClock>,
    limit_ms: u32,
    ticks: u32,
    /// By the clock, without the time away.
    first_tick: Option<Duration>,
    away: TimeAway,
}

impl TickMeter {
    pub(crate) fn new(clock: Option<CpuClock>, limit_ms: u32, away: TimeAway) -> TickMeter {
        TickMeter {
            clock,
            limit_ms,
            ticks: 0,
            first_tick: None,
            away,
        }
    }

    pub(crate) fn begin_turn(&mut self) {
        self.ticks = 0;
        self.first_tick = None;
    }

    /// A tick met the guest running; whether its time is over. The turn's start is taken to be its first tick, so a turn
    /// gets up to [`EPOCH_MS`] more than the limit, never less.
    pub(crate) fn over(&mut self) -> bool {
        self.ticks = self.ticks.saturating_add(1);
        match self.clock {
            Some(clock) => {
                let now = clock().saturating_sub(self.away.total());
                let start = *self.first_tick.get_or_insert(now);
                now.saturating_sub(start) >= Duration::from_millis(u64::from(self.limit_ms))
            }
            None => u64::from(self.ticks - 1) * u64::from(EPOCH_MS) >= u64::from(self.limit_ms),
        }
    }
}

#[cfg(test)]
mod tests;
