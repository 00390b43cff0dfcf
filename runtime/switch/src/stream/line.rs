//! The connection of a conversation with a server, as far as a core knows it: whether it is there, and when the next try is
//! due. Not here: sockets.

use super::message::Failure;
use std::time::{Duration, Instant};

/// The pause before a connection is opened again, doubled each time up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// A connection that is opened, kept, and opened again.
#[derive(Debug)]
pub(crate) struct Line {
    state: State,
    /// How often it is opened again, in all.
    tries_again: u32,
    /// Connections tried, and of these those that came about.
    tried: u32,
    opened: u32,
    failure: Failure,
}

/// Where the connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// To be opened then.
    Down {
        again: Instant,
    },
    Opening,
    Open,
    /// None any more.
    Ended,
}

/// What follows when a connection is gone or did not come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gone {
    /// It will be opened again.
    ForNow,
    /// The server refuses for good.
    Refused(Failure),
    /// There are no tries left: no connection ever came about, and why, or the last one broke.
    ForGood(Option<Failure>),
}

impl Line {
    /// To be opened now.
    pub(crate) fn new(now: Instant, tries_again: u32) -> Self {
        Self {
            state: State::Down { again: now },
            tries_again,
            tried: 0,
            opened: 0,
            failure: Failure::Unreachable,
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.state == State::Open
    }

    pub(crate) fn is_ended(&self) -> bool {
        self.state == State::Ended
    }

    /// Connections that came about.
    pub(crate) fn connections(&self) -> u32 {
        self.opened
    }

    pub(crate) fn wake_at(&self) -> Option<Instant> {
        match self.state {
            State::Down { again } => Some(again),
            State::Opening | State::Open | State::Ended => None,
        }
    }

    /// Whether it is to be opened now; it is being opened then.
    pub(crate) fn opens(&mut self, now: Instant) -> bool {
        let due = matches!(self.state, State::Down { again } if now >= again);
        if due {
            self.state = State::Opening;
            self.tried += 1;
        }
        due
    }

    /// It is there, if it was being opened.
    pub(crate) fn came_about(&mut self) -> bool {
        let opening = self.state == State::Opening;
        if opening {
            self.state = State::Open;
            self.opened += 1;
        }
        opening
    }

    /// It did not come about, if it was being opened.
    pub(crate) fn failed(&mut self, now: Instant, why: Failure) -> Option<Gone> {
        if self.state != State::Opening {
            return None;
        }
        self.failure = why;
        let for_good = matches!(why, Failure::Refused(status) if (400..500).contains(&status));
        if for_good && self.opened == 0 {
            self.state = State::Ended;
            return Some(Gone::Refused(why));
        }
        Some(self.again(now))
    }

    /// It broke, if it was open.
    pub(crate) fn broke(&mut self, now: Instant) -> Option<Gone> {
        self.is_open().then(|| self.again(now))
    }

    /// No more of it.
    pub(crate) fn end(&mut self) {
        self.state = State::Ended;
    }

    fn again(&mut self, now: Instant) -> Gone {
        if self.tried > self.tries_again {
            self.state = State::Ended;
            return Gone::ForGood((self.opened == 0).then_some(self.failure));
        }
        let doubled = FIRST_PAUSE * 2_u32.saturating_pow(self.tried - 1);
        let again = now + doubled.min(LONGEST_PAUSE);
        self.state = State::Down { again };
        Gone::ForNow
    }
}
