//! Which recording is sent next, and when: the oldest first, several at the same time while the store takes them. After a
//! failure the store is let alone for a while, then one is tried; when it is taken the others follow. One that failed goes to
//! the end of the line, so that it does not hold up those behind it. No clock: time is an argument.

use super::Parcel;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The pause after a failure, doubled with each that follows.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What waits to be sent, and how the store does.
#[derive(Debug)]
pub(super) struct Schedule {
    /// Bounded by [`super::LISTED`] and [`super::AT_ONCE`].
    line: VecDeque<Entry>,
    /// Tried in vain and on their way again; at most [`super::AT_ONCE`].
    tried: Vec<(Parcel, u32)>,
    store: Store,
    first_pause: Duration,
}

#[derive(Debug)]
struct Entry {
    parcel: Parcel,
    tries: u32,
    not_before: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Store {
    Up,
    /// It did not take something. Whether that was said.
    Down {
        tries: u32,
        again: Instant,
        said: bool,
    },
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Send this, then ask again.
    Send(Parcel),
    /// Ask again at this time, or when something has happened.
    At(Instant),
    /// What is on its way must come back first.
    Busy,
    /// There is nothing.
    Nothing,
}

/// What became of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Went {
    /// The store has it.
    Sent,
    /// The store did not take it.
    Refused,
    /// It cannot be read from this disk; the store is not at fault.
    Unreadable,
}

/// What to say of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outage {
    Begins,
    Over,
    /// Of one file, for the first time.
    OfOne,
    /// Nothing new.
    Same,
}

impl Default for Schedule {
    fn default() -> Self {
        Self::with_pause(FIRST_PAUSE)
    }
}

impl Schedule {
    /// One whose first pause is another.
    pub(super) fn with_pause(first_pause: Duration) -> Self {
        Self {
            line: VecDeque::new(),
            tried: Vec::new(),
            store: Store::Up,
            first_pause,
        }
    }

    /// Puts one at the end of the line.
    pub(super) fn add(&mut self, parcel: Parcel) {
        self.line.push_back(Entry {
            parcel,
            tries: 0,
            not_before: None,
        });
    }

    /// Whether few in the line have not been tried yet, so that it is time to look for more. Those that were refused do not
    /// count: what the store never takes must not keep others from being tried.
    pub(super) fn is_short(&self, at_once: usize) -> bool {
        self.line.iter().filter(|entry| entry.tries == 0).count() < at_once
    }

    /// Whether the store did not take what it got last.
    pub(super) fn is_down(&self) -> bool {
        self.store != Store::Up
    }

    /// What to do now that so many are on their way.
    pub(super) fn next(&mut self, now: Instant, on_the_way: usize, at_once: usize) -> Next {
        let at_once = if self.is_down() { 1 } else { at_once };
        if on_the_way >= at_once {
            return Next::Busy;
        }
        if let Store::Down { again, .. } = self.store
            && now < again
        {
            return match self.line.is_empty() {
                true => Next::Nothing,
                false => Next::At(again),
            };
        }
        let ready = |entry: &Entry| entry.not_before.is_none_or(|not_before| now >= not_before);
        let Some(at) = self.line.iter().position(ready) else {
            let next = self.line.iter().filter_map(|entry| entry.not_before).min();
            return next.map_or(Next::Nothing, Next::At);
        };
        let Some(entry) = self.line.remove(at) else {
            return Next::Nothing;
        };
        if entry.tries > 0 {
            self.tried.push((entry.parcel.clone(), entry.tries));
        }
        Next::Send(entry.parcel)
    }

    /// What became of one that was sent; what to say of it.
    pub(super) fn went(&mut self, now: Instant, parcel: Parcel, went: Went) -> Outage {
        let at = self.tried.iter().position(|(tried, _)| *tried == parcel);
        let tries = at.map_or(0, |at| self.tried.swap_remove(at).1);
        if went == Went::Sent {
            let before = std::mem::replace(&mut self.store, Store::Up);
            return match before {
                Store::Down { said: true, .. } => Outage::Over,
                _ => Outage::Same,
            };
        }
        self.line.push_back(Entry {
            parcel,
            tries: tries + 1,
            not_before: Some(now + self.pause(tries)),
        });
        match (went, tries) {
            (Went::Unreadable, 0) => Outage::OfOne,
            (Went::Unreadable, _) => Outage::Same,
            _ => self.refused(now, tries),
        }
    }

    fn refused(&mut self, now: Instant, tries_of_it: u32) -> Outage {
        match self.store {
            Store::Up => {
                // One that is refused while others are taken was told of the first time.
                let said = tries_of_it == 0;
                let again = now + self.pause(0);
                self.store = Store::Down { tries: 1, again, said };
                if said { Outage::Begins } else { Outage::Same }
            }
            Store::Down { tries, again, said } => {
                // What was on its way when the outage began says nothing new.
                if now >= again {
                    let again = now + self.pause(tries);
                    let tries = tries.saturating_add(1);
                    self.store = Store::Down { tries, again, said };
                }
                Outage::Same
            }
        }
    }

    fn pause(&self, tries: u32) -> Duration {
        let doubled = self.first_pause.saturating_mul(1 << tries.min(16));
        doubled.min(LONGEST_PAUSE)
    }
}

#[cfg(test)]
mod tests;
