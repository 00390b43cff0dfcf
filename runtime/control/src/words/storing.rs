//! The contract's words for the store. `wit/` is the source; see there for ranges.

use crate::private::Private;

/// What is done at a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreAction {
    /// Tells what is kept.
    Get,
    /// Keeps a value.
    Set {
        /// Which.
        value: Private<Vec<u8>>,
        /// It expires after so many milliseconds.
        ttl_ms: Option<u64>,
    },
    /// Removes what is kept.
    Delete,
    /// Keeps a value under a condition.
    Swap {
        /// What must be there.
        expected: Expected,
        /// Which.
        value: Private<Vec<u8>>,
        /// It expires after so many milliseconds.
        ttl_ms: Option<u64>,
    },
    /// Adds to a number.
    Add {
        /// How much.
        by: i64,
        /// A new number expires after so many milliseconds.
        ttl_ms: Option<u64>,
    },
}

/// What must be at a key for it to be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Expected {
    /// Nothing.
    Absent,
    /// A value of this version.
    Version(u64),
}

/// What is kept at a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreEntry {
    /// Any bytes.
    pub value: Private<Vec<u8>>,
    /// Changes with every change of the value.
    pub version: u64,
}

/// What came of a change under a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Swapped {
    /// It was made; the new version.
    Done(u64),
    /// Something else is there, of this version, or nothing.
    Conflict(Option<u64>),
}

/// What came of an action, one variant for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreReply {
    /// Of `Get`: what is kept, if anything.
    Entry(Option<StoreEntry>),
    /// Of `Set`: the version.
    Version(u64),
    /// Of `Delete`: whether there was something.
    Deleted(bool),
    /// Of `Swap`.
    Swapped(Swapped),
    /// Of `Add`: the sum.
    Sum(i64),
}

impl StoreReply {
    /// Whether an action has a reply of this kind.
    pub fn fits(&self, action: &StoreAction) -> bool {
        matches!(
            (action, self),
            (StoreAction::Get, Self::Entry(_))
                | (StoreAction::Set { .. }, Self::Version(_))
                | (StoreAction::Delete, Self::Deleted(_))
                | (StoreAction::Swap { .. }, Self::Swapped(_))
                | (StoreAction::Add { .. }, Self::Sum(_))
        )
    }
}
