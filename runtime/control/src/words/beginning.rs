//! Why a handler has a call.

use super::AnsweredBy;
use std::fmt;

/// What a handler broke by: kinds that a route's fallbacks tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Breakage {
    /// A trap, a panic among them, or the end of the stack.
    Trap,
    /// A limit on time, instructions, memory, host calls, handles or lengths.
    Budget,
    /// There was no instance of it to be had.
    Start,
    /// It returned an error, or too early.
    Returned,
}

impl Breakage {
    /// All of them.
    pub const ALL: [Breakage; 4] = [Breakage::Trap, Breakage::Budget, Breakage::Start, Breakage::Returned];

    /// The name in configurations.
    pub fn name(self) -> &'static str {
        match self {
            Breakage::Trap => "trap",
            Breakage::Budget => "budget",
            Breakage::Start => "start",
            Breakage::Returned => "returned",
        }
    }
}

impl fmt::Display for Breakage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A handler that had the call before and broke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Its name.
    pub handler: String,
    /// Which kind.
    pub kind: Breakage,
    /// What happened; at most [`BROKEN_TEXT`] bytes.
    pub text: String,
    /// The last thing it asked for, in words and without private values; empty if it asked for nothing.
    pub last_request: String,
}

/// Bytes of a text about a handler that broke.
pub const BROKEN_TEXT: usize = 1_000;

/// Why a handler has a call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Began {
    /// It came in, and the route leads here.
    #[default]
    Offered,
    /// The handler of another call gave a leg away.
    Given,
    /// The handler before broke.
    Fallback(Broken),
    /// Somebody outside moved the caller here and says this; at most [`REDIRECT_TEXT`] bytes.
    Redirected(String),
    /// Somebody outside placed it, and its first leg was answered: by whom, if that was asked for.
    Placed(Option<AnsweredBy>),
}

/// Bytes of what goes with a redirection.
pub const REDIRECT_TEXT: usize = 256;
