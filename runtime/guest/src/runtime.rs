//! The engine and the host functions, once per process.

use std::time::Duration;

/// Gives the CPU time the current thread has used. The host supplies it; a simulation has none.
pub type CpuClock = fn() -> Duration;

/// How a [`Runtime`] is sized.
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// Instances alive at once; one more fails with [`crate::Fault::Start`]. Address space of `memory_max` bytes is reserved for
    /// each, and the kernel's `vm.max_map_count` must allow about six times this number.
    pub max_instances: u32,
    /// The most linear memory an instance may ever be allowed, in bytes.
    pub memory_max: usize,
    /// CPU time of the current thread. None: time is counted in whole ticks of wall time instead.
    pub cpu_clock: Option<CpuClock>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_instances: 4_000,
            memory_max: 32 * 1024 * 1024,
            cpu_clock: None,
        }
    }
}

/// The engine and the host functions of every module.
pub struct Runtime {}

impl Runtime {
    /// Sets up the engine. The error is a sentence for the operator: what could not be had, and why.
    pub fn new(config: Config) -> Result<Runtime, String> {
        let _ = config;
        todo!()
    }

    /// Says that [`crate::EPOCH_MS`] passed. The host calls it from a thread of its own, so that a handler in an endless
    /// loop is stopped.
    pub fn tick(&self) {
        todo!()
    }
}
