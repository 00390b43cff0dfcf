//! What became of instances, in order, for those on this node that follow it: presence, and calls that wait for somebody. Not
//! here: how an instance is now, which is read where it is kept.

use super::facts::{Endpoint, InstanceId};

/// What became of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// It can be reached.
    Came,
    /// It is at another gateway, or something else is said of it.
    Changed,
    /// It cannot be reached any more.
    Gone,
}

/// That something became of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Its number on this node, from 1.
    pub sequence: u64,
    /// Whose.
    pub endpoint: Endpoint,
    /// Which.
    pub instance: InstanceId,
    /// What.
    pub event: Event,
}
