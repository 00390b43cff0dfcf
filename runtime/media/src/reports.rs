//! The queue of reports: allocated once, so that packets and ticks do not.

use crate::{MAX_TAPS, Report};
use std::collections::VecDeque;

/// Reports one session can make in one call of the engine: in a tick the end of a prompt, silence, a verdict, a key that
/// was heard in the sound, something said, a mark in live sound, how it goes, and one of each tap; and what a room for each
/// session can: another speaker, and one of each tap.
const REPORTS_PER_CALL: usize = 7 + 2 * MAX_TAPS;

/// Reports waiting to be taken. Room for what one call can make with every session; when full, further ones are
/// dropped and counted, which cannot happen to an owner that drains after each call.
#[derive(Debug)]
pub(crate) struct Reports {
    waiting: VecDeque<Report>,
    room: usize,
    dropped: u64,
}

impl Reports {
    pub(crate) fn new(max_sessions: usize) -> Self {
        // One session more, for commands of an engine that may hold none.
        let room = max_sessions.saturating_add(1).saturating_mul(REPORTS_PER_CALL);
        Self {
            waiting: VecDeque::with_capacity(room),
            room,
            dropped: 0,
        }
    }

    pub(crate) fn push(&mut self, report: Report) {
        if self.waiting.len() < self.room {
            self.waiting.push_back(report);
        } else {
            self.dropped += 1;
        }
    }

    pub(crate) fn take(&mut self) -> Option<Report> {
        self.waiting.pop_front()
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }
}
