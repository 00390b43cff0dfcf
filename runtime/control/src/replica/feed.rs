//! The last notices of a core, by number, for those on this node that follow it. Not here: what is told, and the state itself, which
//! is read where it is kept.

use std::collections::VecDeque;
use std::fmt;

/// Notices that are kept. Who is further behind reads everything again.
pub const NOTICES_MAX: usize = 65_536;

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

/// The last notices, numbered from 1.
#[derive(Debug)]
pub(crate) struct Feed<N> {
    newest: u64,
    notices: VecDeque<N>,
}

impl<N> Default for Feed<N> {
    fn default() -> Self {
        Self {
            newest: 0,
            notices: VecDeque::new(),
        }
    }
}

impl<N> Feed<N> {
    /// One more, made with its number. The oldest goes where [`NOTICES_MAX`] are kept.
    pub(crate) fn tell(&mut self, notice: impl FnOnce(u64) -> N) {
        self.newest += 1;
        if self.notices.len() >= NOTICES_MAX {
            self.notices.pop_front();
        }
        self.notices.push_back(notice(self.newest));
    }

    /// The number of the last; 0: there is none.
    pub(crate) fn newest(&self) -> u64 {
        self.newest
    }

    /// Those after one that was read; 0: from the first.
    pub(crate) fn since(&self, sequence: u64) -> Result<impl Iterator<Item = &N>, Missed> {
        let newest = self.newest;
        let behind = newest.checked_sub(sequence).ok_or(Missed { newest })?;
        let skipped = (self.notices.len() as u64)
            .checked_sub(behind)
            .ok_or(Missed { newest })?;
        Ok(self.notices.iter().skip(skipped as usize))
    }
}
