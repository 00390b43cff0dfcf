//! What ended an instance that did not finish by itself: the handler's own fault, or a limit it ran into.

use std::fmt;

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
