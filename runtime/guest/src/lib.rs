//! THE CUSTOMER'S CODE: the check of an uploaded module, and one instance of it per call as a core that is fed answers
//! and names its next ask.
//!
//! This is the only crate that names the wasm engine. It has no clock, no threads and no async runtime: the engine's
//! futures are polled by hand, and whoever owns a clock calls [`Runtime::tick`].
//!
//! Reading order: [`Runtime`] (once per process), [`Module`] (once per upload), [`Instance`] (once per call).

mod bindings;
mod check;
mod contract;
mod convert;
mod fault;
mod handles;
mod imports;
mod instance;
mod limits;
mod meter;
mod module;
mod refused;
mod runtime;
mod same_type;
mod sections;
mod slot;
#[cfg(test)]
mod testing;
mod wrap;

pub use contract::ModuleKind;
pub use fault::Fault;
pub use imports::contract;
pub use instance::{Instance, Step, Usage};
pub use limits::{EPOCH_MS, Limits, MAX_MODULE_BYTES, MAX_PROMPT_NAME_BYTES, SLICE_FUEL};
pub use module::{Import, Module};
pub use refused::Refused;
pub use runtime::{Config, CpuClock, Runtime};
pub use wrap::{WrapError, wrap};
