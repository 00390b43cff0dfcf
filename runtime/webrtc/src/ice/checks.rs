//! Our own questions: at which pace they begin, how they are repeated, and what an answer changes (RFC 8445 section 7.2, RFC 7675).

use super::pairs::{Check, Pair, Progress, Purpose};
use super::{Agent, IceMode, State};
use crate::limits;
use crate::path::Path;
use crate::stun::{Class, Message, Role, TransactionId, Writer};
use std::time::Instant;

/// Role Conflict (RFC 8445 section 7.3.1.1).
pub(super) const ROLE_CONFLICT: u16 = 487;

impl Agent {
    /// Puts a pair before the others, once.
    pub(super) fn trigger(&mut self, at: usize) {
        let id = self.pairs[at].id;
        if !self.triggered.contains(&id) {
            self.triggered.push_back(id);
        }
    }

    /// Whether a check waits for its turn. While all is well only the far end makes us check others than the one that is used.
    pub(super) fn has_check_to_begin(&self) -> bool {
        let is_waiting = || self.pairs.iter().any(|pair| pair.progress == Progress::Waiting);
        let is_able = self.mode == IceMode::Full && self.remote.is_some();
        is_able && (!self.triggered.is_empty() || (self.state != State::Connected && is_waiting()))
    }

    /// Begins the next check, if its time has come: one that the far end's question asks for, else of the most wanted pair that waits.
    pub(super) fn begin_check(&mut self, now: Instant) {
        if now < self.next_check || !self.has_check_to_begin() {
            return;
        }
        let Some(at) = self.next_to_check() else {
            return;
        };
        self.next_check = now + limits::PACE;
        self.ask(now, at, Purpose::Find);
    }

    fn next_to_check(&mut self) -> Option<usize> {
        while let Some(id) = self.triggered.pop_front() {
            let is_it = |pair: &Pair| pair.id == id && pair.progress == Progress::Waiting;
            // What has begun or works by now needs no other check.
            if let Some(at) = self.pairs.iter().position(is_it) {
                return Some(at);
            }
        }
        if self.state == State::Connected {
            return None;
        }
        let waiting = self.pairs.iter().enumerate();
        let waiting = waiting.filter(|(_, pair)| pair.progress == Progress::Waiting);
        waiting
            .max_by_key(|(_, pair)| pair.priority(self.role))
            .map(|(at, _)| at)
    }

    /// Sends a question; one that was under way is given up.
    pub(super) fn ask(&mut self, now: Instant, at: usize, purpose: Purpose) {
        let transaction = self.new_transaction();
        let Some(remote) = &self.remote else {
            return;
        };
        let pair = &mut self.pairs[at];
        let mut writer = Writer::new(Class::Request, transaction)
            .username(remote.credentials.ufrag(), self.local.ufrag())
            .priority(pair.reflexive_priority)
            .role(self.role, self.tie_breaker);
        if purpose == Purpose::Nominate {
            writer = writer.use_candidate();
        }
        let bytes = writer.sign(&remote.key);
        self.sends.push_back((pair.path, bytes.clone()));
        if pair.progress != Progress::Valid {
            pair.progress = Progress::Asked;
        }
        pair.check = Some(Check {
            transaction,
            purpose,
            role: self.role,
            sent: 1,
            wait: limits::FIRST_REPETITION,
            next: match purpose {
                // It is not repeated: the next question comes anyway.
                Purpose::Consent => now + limits::CONSENT_INTERVAL,
                _ => now + limits::FIRST_REPETITION,
            },
            bytes,
        });
    }

    /// The port's mark, and 64 bits that nobody can guess; who answers has to sign as well.
    fn new_transaction(&mut self) -> TransactionId {
        let mut bytes = [0; 12];
        bytes[..4].copy_from_slice(&self.prefix.to_be_bytes());
        bytes[4..].copy_from_slice(&self.random.next().to_be_bytes());
        TransactionId(bytes)
    }

    /// Sends again what had no answer, and gives up what had none for long.
    pub(super) fn repeat_checks(&mut self, now: Instant) {
        for pair in &mut self.pairs {
            let Some(check) = pair.check.as_mut().filter(|check| now >= check.next) else {
                continue;
            };
            if check.purpose == Purpose::Consent {
                pair.check = None;
            } else if check.sent >= limits::REPETITIONS {
                pair.fail();
            } else {
                check.sent += 1;
                check.wait = (check.wait * 2).min(limits::LONGEST_REPETITION);
                check.next = now + check.wait;
                self.sends.push_back((pair.path, check.bytes.clone()));
            }
        }
    }

    /// Asks on the pair that is used, now and then (RFC 7675 section 5.1). This keeps holes in firewalls open, too.
    pub(super) fn ask_for_consent(&mut self, now: Instant) {
        let Some(at) = self
            .selected
            .and_then(|id| self.pairs.iter().position(|pair| pair.id == id))
        else {
            return;
        };
        if now < self.next_consent {
            return;
        }
        self.plan_consent(now);
        let nominates = |check: &Check| check.purpose == Purpose::Nominate;
        if !self.pairs[at].check.as_ref().is_some_and(nominates) {
            self.ask(now, at, Purpose::Consent);
        }
    }

    /// The next question in 4 to 6 s, by chance.
    pub(super) fn plan_consent(&mut self, now: Instant) {
        let factor = 0.8 + 0.4 * self.random.fraction();
        self.next_consent = now + limits::CONSENT_INTERVAL.mul_f64(factor);
    }

    /// An answer. One that is not signed by the far end, is to no question of ours, or comes another way than the question went, changes
    /// nothing.
    pub(super) fn hear_answer(&mut self, now: Instant, path: Path, message: &Message<'_>) {
        let is_its = |check: &Check| check.transaction == message.transaction;
        let at = self
            .pairs
            .iter()
            .position(|pair| pair.path == path && pair.check.as_ref().is_some_and(is_its));
        let (Some(at), Some(remote)) = (at, &self.remote) else {
            return;
        };
        if !message.is_signed_with(&remote.key) {
            self.forgeries.spend(now);
            return;
        }
        let pair = &mut self.pairs[at];
        let Some(check) = pair.check.take() else {
            return;
        };
        match message.class {
            Class::Success => {
                pair.progress = Progress::Valid;
                pair.answered = Some(now);
                self.first_valid.get_or_insert(now);
                if check.purpose == Purpose::Nominate && check.role == self.role {
                    pair.wanted = Some(now);
                    let id = pair.id;
                    self.select(now, id);
                }
            }
            _ if message.error == Some(ROLE_CONFLICT) => {
                if check.role == self.role {
                    self.switch_role();
                }
                if self.pairs[at].progress != Progress::Valid {
                    self.pairs[at].progress = Progress::Waiting;
                    self.trigger(at);
                }
            }
            _ => pair.fail(),
        }
    }

    /// The other side decides from now on, or we do.
    pub(super) fn switch_role(&mut self) {
        self.role = match self.role {
            Role::Controlling => Role::Controlled,
            Role::Controlled => Role::Controlling,
        };
    }
}
