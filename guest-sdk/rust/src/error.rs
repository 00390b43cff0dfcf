//! Errors a handler makes or turns into others.

use crate::{Error, GatherFailure, Interruption};

impl Error {
    /// The handler's own reason to give up. The caller hears the platform's announcement, the record keeps the words.
    pub fn failed(why: impl Into<String>) -> Error {
        Error::Failed(why.into())
    }

    /// Why the call was taken away, if that is what happened.
    pub fn interruption(&self) -> Option<Interruption> {
        match self {
            Error::Interrupted(why) => Some(*why),
            _ => None,
        }
    }
}

/// Lets `?` leave with the reason; match on the failure instead to use the keys that had come.
impl From<GatherFailure> for Error {
    fn from(failure: GatherFailure) -> Error {
        failure.reason
    }
}
