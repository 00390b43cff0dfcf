//! What is refused because there is no time for it: without a transaction, without a dialog, and the same to each
//! repetition. RFC 3261 21.5.4. When there is no time, the user says.

use std::collections::{BTreeSet, VecDeque};
use std::time::Instant;

use super::Endpoint;
use super::reply::Refusal;
use crate::flow::Flow;
use crate::limits::{EXCESS_CALLS_KEPT, EXCESS_RETRY_MAX_S};
use crate::message::Request;
use crate::method::Method;
use crate::transaction::key::Key;

/// Whether there is time for something new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Time {
    Enough,
    Short,
}

/// INVITEs refused for want of time, by the fingerprint of their transaction's key. A caller that has its 503 may have sent
/// again meanwhile: were that taken, it would be a call without a caller.
#[derive(Default)]
pub(super) struct Refused {
    known: BTreeSet<u64>,
    /// In the order they will be forgotten.
    until: VecDeque<(Instant, u64)>,
}

impl Refused {
    /// Whether this one was refused, and is remembered.
    fn holds(&mut self, now: Instant, print: u64) -> bool {
        while self.until.front().is_some_and(|(until, _)| *until <= now) {
            self.forget_oldest();
        }
        self.known.contains(&print)
    }

    fn note(&mut self, until: Instant, print: u64) {
        if self.until.len() == EXCESS_CALLS_KEPT {
            self.forget_oldest();
        }
        if self.known.insert(print) {
            self.until.push_back((until, print));
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((_, oldest)) = self.until.pop_front() {
            self.known.remove(&oldest);
        }
    }
}

impl Endpoint {
    /// Whether a request that belongs to nothing we have is refused for want of time.
    pub(super) fn is_too_much(&mut self, now: Instant, method: &Method, key: &Key, time: Time) -> bool {
        match method {
            Method::Register => {
                self.counters.excess_registrations += u64::from(time == Time::Short);
                time == Time::Short
            }
            Method::Invite => {
                let print = self.tokens.fingerprint(key);
                let before = self.refused.holds(now, print);
                if !before && time == Time::Enough {
                    return false;
                }
                if !before {
                    self.refused.note(now + self.config.timers.timeout(), print);
                }
                self.counters.excess_calls += 1;
                true
            }
            // Whatever else is answered is answered at once, and as cheaply as it would be refused.
            _ => false,
        }
    }

    /// 503 without state. When to come back follows from the transaction: the same each time, and another for each caller.
    pub(super) fn refuse_for_now(&mut self, flow: Flow, request: &Request, key: &Key) {
        let seconds = 1 + self.tokens.fingerprint(key) % EXCESS_RETRY_MAX_S;
        let refusal = Refusal::new(503).with("Retry-After", seconds.to_string());
        self.refuse_stateless(flow, request, &refusal);
    }
}

#[cfg(test)]
mod tests;
