//! The waiting room of a shard: who is served next, and who has waited too long to be served at all. Pure: it is told the
//! time, and holds whatever it is given.
//!
//! What goes on is served before registrations, and those before new calls (RFC 7339 5.10.1). How busy a shard is shows in
//! how long the others wait. A queue that is never empty is not a burst but overload; then the newest is served first,
//! because its caller waits for sure, and the oldest is refused as soon as it has waited a little. After Nichols and
//! Jacobson's CoDel, as servers use it: a delay to aim at instead of a rate to be configured, which no one knows.

use patchcord_sip::Class;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// A queue that has not been empty for so long is overload. Until then it is a burst, and all of it is served: below the
/// half second after which a sender would send again.
pub const BURST: Duration = Duration::from_millis(300);
/// Longest that something new waits in overload.
pub const PATIENCE: Duration = Duration::from_millis(100);
/// Refusals between two that are served: refusing is cheap, not free, and must not take all the time either.
pub const REFUSALS_IN_A_ROW: u32 = 8;
/// New calls that may wait for a shard. With more, refusing them all would take too long: further ones are dropped.
pub const NEW_CALLS_WAITING: usize = 2_048;
/// Registrations and the like that may wait for a shard; further ones are dropped.
pub const OUTSIDE_WAITING: usize = 4_096;

/// How many of a class may wait; none for what only the shard's inbox limits.
pub fn most_waiting(class: Class) -> Option<usize> {
    match class {
        Class::Inside => None,
        Class::Outside => Some(OUTSIDE_WAITING),
        Class::NewCall => Some(NEW_CALLS_WAITING),
    }
}

/// What is to be done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next<T> {
    /// Serve this.
    Serve(T),
    /// Refuse this: it has waited too long.
    Refuse(T),
}

/// What waits for a shard. It sets no limit to how much that is: whoever puts something in does ([`most_waiting`]).
#[derive(Debug)]
pub struct WaitingRoom<T> {
    inside: VecDeque<T>,
    outside: Lane<T>,
    new_calls: Lane<T>,
}

impl<T> WaitingRoom<T> {
    /// An empty room.
    pub fn new(now: Instant) -> Self {
        Self {
            inside: VecDeque::new(),
            outside: Lane::new(now),
            new_calls: Lane::new(now),
        }
    }

    /// Lets something in that `came` a moment ago.
    pub fn put(&mut self, came: Instant, class: Class, item: T) {
        match class {
            Class::Inside => self.inside.push_back(item),
            Class::Outside => self.outside.put(came, item),
            Class::NewCall => self.new_calls.put(came, item),
        }
    }

    /// What is next; none if nobody waits.
    pub fn next(&mut self, now: Instant) -> Option<Next<T>> {
        let inside = self.inside.pop_front().map(Next::Serve);
        inside
            .or_else(|| self.outside.next(now))
            .or_else(|| self.new_calls.next(now))
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.inside.len() + self.outside.waiting.len() + self.new_calls.waiting.len()
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A queue of what may be refused.
#[derive(Debug)]
struct Lane<T> {
    /// The oldest first, with the time it came.
    waiting: VecDeque<(Instant, T)>,
    /// When nobody waited here last.
    empty_at: Instant,
    refused_in_a_row: u32,
}

impl<T> Lane<T> {
    fn new(now: Instant) -> Self {
        Self {
            waiting: VecDeque::new(),
            empty_at: now,
            refused_in_a_row: 0,
        }
    }

    fn put(&mut self, came: Instant, item: T) {
        if self.waiting.is_empty() {
            self.empty_at = self.empty_at.max(came);
        }
        self.waiting.push_back((came, item));
    }

    fn next(&mut self, now: Instant) -> Option<Next<T>> {
        let waited = now.saturating_duration_since(self.waiting.front()?.0);
        let in_overload = now.saturating_duration_since(self.empty_at) > BURST;
        let is_late = in_overload && waited > PATIENCE;
        let next = if is_late && self.refused_in_a_row < REFUSALS_IN_A_ROW {
            self.refused_in_a_row += 1;
            self.waiting.pop_front().map(|(_, item)| Next::Refuse(item))
        } else {
            self.refused_in_a_row = 0;
            let served = if in_overload {
                self.waiting.pop_back()
            } else {
                self.waiting.pop_front()
            };
            served.map(|(_, item)| Next::Serve(item))
        };
        if self.waiting.is_empty() {
            self.empty_at = now;
        }
        next
    }
}

#[cfg(test)]
mod tests;
