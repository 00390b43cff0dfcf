//! What became of instances, in order, for those on this node that follow it: presence, and calls that wait for somebody. Not
//! here: how an instance is now, which is read where it is kept.

use super::facts::{Endpoint, InstanceId};
use std::collections::VecDeque;
use std::fmt;

/// Notices that are kept. Who is further behind reads everything again.
pub const NOTICES_MAX: usize = 65_536;

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

/// Some notices are not kept any more: read everything, and go on from the newest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missed {
    /// The newest.
    pub newest: u64,
}

impl fmt::Display for Missed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let newest = self.newest;
        write!(
            f,
            "more than {NOTICES_MAX} notices were missed; read everything, and go on from {newest}"
        )
    }
}

impl std::error::Error for Missed {}

/// The last notices.
#[derive(Debug, Default)]
pub(super) struct Feed {
    newest: u64,
    notices: VecDeque<Notice>,
}

impl Feed {
    pub(super) fn tell(&mut self, endpoint: Endpoint, instance: InstanceId, event: Event) {
        self.newest += 1;
        if self.notices.len() >= NOTICES_MAX {
            self.notices.pop_front();
        }
        self.notices.push_back(Notice {
            sequence: self.newest,
            endpoint,
            instance,
            event,
        });
    }

    pub(super) fn newest(&self) -> u64 {
        self.newest
    }

    pub(super) fn since(&self, sequence: u64) -> Result<impl Iterator<Item = &Notice>, Missed> {
        let newest = self.newest;
        let behind = newest.checked_sub(sequence).ok_or(Missed { newest })?;
        let skipped = (self.notices.len() as u64)
            .checked_sub(behind)
            .ok_or(Missed { newest })?;
        Ok(self.notices.iter().skip(skipped as usize))
    }
}
