//! What ended an instance that did not finish by itself: the handler's own fault, or a limit it ran into.

use crate::slot::State;
use std::fmt;
use wasmtime::{Trap, WasmBacktrace};

/// How many functions of a trap's backtrace are named.
const TRAP_FRAMES: usize = 8;

/// Why an instance failed. The text says what happened and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The handler's code trapped: a panic, an arithmetic fault, an out-of-bounds access.
    Trap {
        /// The trap, then the innermost functions by name where the module kept its name section.
        what: String,
    },
    /// It computed too long between two turns.
    CpuTime {
        /// The limit in milliseconds.
        limit_ms: u32,
    },
    /// It ran too many instructions between two turns.
    TurnFuel {
        /// The limit in wasm instructions.
        limit: u64,
    },
    /// It was refused memory and gave up.
    Memory {
        /// The limit in bytes.
        limit: u64,
    },
    /// Its calls nest too deeply.
    StackOverflow,
    /// It called the host too often in one turn.
    HostCallFlood {
        /// The limit in host calls.
        limit: u32,
    },
    /// One host call carried too many bytes.
    StringTooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// It held too many resource handles at once.
    Handles {
        /// The limit in handles.
        limit: usize,
    },
    /// It could not be started: no free slot, or more memory than allowed from the start.
    Start(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Trap { what } => write!(f, "the handler trapped: {what}"),
            Fault::CpuTime { limit_ms } => write!(
                f,
                "the handler computed for more than {limit_ms} ms between two turns; split the work with `wait.sleep`, \
                 or look for an endless loop"
            ),
            Fault::TurnFuel { limit } => write!(
                f,
                "the handler ran more than {limit} instructions between two turns; split the work with `wait.sleep`, or \
                 look for an endless loop"
            ),
            Fault::Memory { limit } => {
                write!(
                    f,
                    "the handler needed more memory than its limit of {limit} bytes; keep less, or ask for more"
                )
            }
            Fault::StackOverflow => {
                f.write_str("the handler's calls nest too deeply for its stack; replace the recursion by a loop")
            }
            Fault::HostCallFlood { limit } => write!(
                f,
                "the handler called the runtime more than {limit} times without waiting; wait with `wait.any` or \
                 `wait.sleep` instead of asking in a loop"
            ),
            Fault::StringTooLong { limit } => write!(
                f,
                "one call to the runtime carried more than {limit} bytes; the contract allows 65536 bytes per string"
            ),
            Fault::Handles { limit } => write!(
                f,
                "the handler held more than {limit} handles at once; drop operations when their result is known"
            ),
            Fault::Start(why) => write!(f, "the handler could not be started: {why}"),
        }
    }
}

impl std::error::Error for Fault {}

impl Fault {
    /// What an error of the engine means when the guest was running.
    pub(crate) fn while_running(error: &wasmtime::Error, state: &State) -> Fault {
        if let Some(Stop(Some(fault))) = error.downcast_ref::<Stop>() {
            return fault.clone();
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::OutOfFuel) => Fault::TurnFuel {
                limit: state.limits.turn_fuel,
            },
            Some(Trap::StackOverflow) => Fault::StackOverflow,
            _ if state.memory.refused() => Fault::Memory {
                limit: state.limits.memory_bytes,
            },
            Some(trap) => Fault::Trap {
                what: format!("{trap}{}", backtrace(error)),
            },
            None => Fault::of_engine_text(error, state),
        }
    }

    /// What an error of the engine means when the guest was being set up.
    pub(crate) fn at_start(error: &wasmtime::Error, state: &State) -> Fault {
        if error.downcast_ref::<Stop>().is_some() || error.downcast_ref::<Trap>().is_some() {
            return Fault::while_running(error, state);
        }
        if state.memory.refused() {
            return Fault::Memory {
                limit: state.limits.memory_bytes,
            };
        }
        Fault::Start(format!("{:#}", error.root_cause()))
    }

    /// Two limits the engine enforces have no type of their own; their texts are held by tests.
    fn of_engine_text(error: &wasmtime::Error, state: &State) -> Fault {
        let text = error.root_cause().to_string();
        if text.contains("fuel allocated for hostcalls") {
            return Fault::StringTooLong {
                limit: state.limits.host_call_bytes,
            };
        }
        if text.contains("store handle limit exceeded") {
            return Fault::Handles {
                limit: state.limits.handles,
            };
        }
        Fault::Trap {
            what: format!("{text}{}", backtrace(error)),
        }
    }
}

/// The innermost functions that were running, as far as the module kept its names.
fn backtrace(error: &wasmtime::Error) -> String {
    let Some(trace) = error.downcast_ref::<WasmBacktrace>() else {
        return String::new();
    };
    let names: Vec<String> = trace
        .frames()
        .iter()
        .take(TRAP_FRAMES)
        .map(|frame| match frame.func_name() {
            Some(name) => format!("{:#}", rustc_demangle::demangle(name)),
            None => format!("function {}", frame.func_index()),
        })
        .collect();
    if names.is_empty() {
        String::new()
    } else {
        format!(", in {}", names.join(" < "))
    }
}

/// How a host function ends its guest: an error that carries the fault, or none if the instance was killed.
#[derive(Debug)]
pub(crate) struct Stop(Option<Fault>);

impl Stop {
    pub(crate) fn error(fault: Fault) -> wasmtime::Error {
        wasmtime::Error::from(Stop(Some(fault)))
    }

    pub(crate) fn killed() -> wasmtime::Error {
        wasmtime::Error::from(Stop(None))
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(fault) => fault.fmt(f),
            None => f.write_str("the instance was ended"),
        }
    }
}

impl std::error::Error for Stop {}
