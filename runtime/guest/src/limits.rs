//! Every limit a module and its instances are held to, with its default and what happens beyond it.

/// The host calls [`crate::Runtime::tick`] this often, in milliseconds.
pub const EPOCH_MS: u32 = 10;

/// Fuel after which a guest in the middle of a turn comes back to whoever runs it: some 50 to 100 microseconds of a machine of
/// today. It has no part in what a turn may use or is said to have used.
pub const SLICE_FUEL: u64 = 100_000;

/// The largest module accepted, prompts included; beyond it: [`crate::Refused::TooLarge`].
pub const MAX_MODULE_BYTES: usize = 64 * 1024 * 1024;

/// The longest name of a prompt in a module, in bytes; beyond it: [`crate::Refused::Invalid`].
pub const MAX_PROMPT_NAME_BYTES: usize = 255;

/// Limits of one instance. Beyond any of them the instance fails with the [`crate::Fault`] named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory in bytes, all memories of the instance together. Growing is refused as wasm defines it; if the
    /// guest then gives up in the same turn: [`crate::Fault::Memory`].
    pub memory_bytes: u64,
    /// Elements of all its tables together. As memory, but the guest's trap is reported as it is.
    pub table_elements: usize,
    /// CPU time in milliseconds between two turns, to the precision of [`EPOCH_MS`]: [`crate::Fault::CpuTime`].
    pub turn_cpu_ms: u32,
    /// Wasm instructions between two turns: [`crate::Fault::TurnFuel`]. The exact twin of `turn_cpu_ms` for simulations
    /// and replays, which have no clock; several times what a machine of today does in `turn_cpu_ms`.
    pub turn_fuel: u64,
    /// Host calls in one turn: [`crate::Fault::HostCallFlood`].
    pub host_calls_per_turn: u32,
    /// Bytes one host call may carry in, all its strings and lists together as the host holds them:
    /// [`crate::Fault::StringTooLong`]. Far above what the contract allows for a string, so that a handler that is only a
    /// little wrong gets the contract's typed error instead.
    pub host_call_bytes: usize,
    /// Resource handles (legs, operations, gatherings, playings) the instance holds at once: [`crate::Fault::Handles`].
    pub handles: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 32 * 1024 * 1024,
            table_elements: 20_000,
            turn_cpu_ms: 100,
            turn_fuel: 1_000_000_000,
            host_calls_per_turn: 10_000,
            host_call_bytes: 1024 * 1024,
            handles: 4_096,
        }
    }
}
