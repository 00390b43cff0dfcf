//! The far end's questions (RFC 8445 section 7.3): who may ask, what is answered, and what we learn. Whoever does not know our password
//! gets no answer at all, so nobody can make us send to a third party.

use super::checks::ROLE_CONFLICT;
use super::pairs::{Progress, Purpose};
use super::{Agent, IceMode, State};
use crate::candidate::Candidate;
use crate::limits;
use crate::path::Path;
use crate::stun::{Class, Message, Role, Writer};
use std::time::Instant;

const BAD_REQUEST: u16 = 400;
const UNKNOWN_ATTRIBUTE: u16 = 420;

impl Agent {
    /// A STUN message. What is none, or is not signed, or is for another session, changes nothing.
    pub(crate) fn hear(&mut self, now: Instant, path: Path, bytes: &[u8]) {
        let is_known = self
            .pair_of(path)
            .is_some_and(|at| self.pairs[at].progress == Progress::Valid);
        if self.state == State::Failed || (!is_known && self.forgeries.is_spent(now)) {
            return;
        }
        let Ok(message) = Message::parse(bytes) else {
            return;
        };
        match message.class {
            Class::Request => self.hear_question(now, path, &message),
            Class::Success | Class::Error => self.hear_answer(now, path, &message),
            // It keeps something open on the way, and tells nothing.
            Class::Indication => {}
        }
        self.settle(now);
    }

    fn hear_question(&mut self, now: Instant, path: Path, message: &Message<'_>) {
        if !self.is_for_us(message) {
            return;
        }
        if !message.is_signed_with(&self.key) {
            self.forgeries.spend(now);
            return;
        }
        if !message.unknown().is_empty() {
            let writer = Writer::new(Class::Error, message.transaction).error(UNKNOWN_ATTRIBUTE, "Unknown Attribute");
            return self.answer(path, writer.unknown(message.unknown()));
        }
        let Some(priority) = message.priority else {
            let writer = Writer::new(Class::Error, message.transaction);
            return self.answer(path, writer.error(BAD_REQUEST, "PRIORITY is missing"));
        };
        // A socket that we have told nobody of: by which candidate it was found is not known.
        let local = self
            .locals
            .iter()
            .find(|local| local.base == path.local && local.transport() == path.transport);
        let Some(local) = local.cloned() else {
            return;
        };
        if self.is_conflict(message) {
            let writer = Writer::new(Class::Error, message.transaction).error(ROLE_CONFLICT, "Role Conflict");
            return self.answer(path, writer);
        }
        self.answer(
            path,
            Writer::new(Class::Success, message.transaction).mapped(path.remote),
        );
        self.began.get_or_insert(now);
        self.learn(now, path, &local, priority, message.use_candidate);
    }

    /// By both names, as far as they are known.
    fn is_for_us(&self, message: &Message<'_>) -> bool {
        let names = message.username.and_then(|name| name.split_once(':'));
        let theirs = self.remote.as_ref().map(|remote| remote.credentials.ufrag());
        names.is_some_and(|(ours, from)| ours == self.local.ufrag() && theirs.is_none_or(|theirs| theirs == from))
    }

    /// Whether both take themselves for the same, and it is the far end who has to change (RFC 8445 section 7.3.1.1). If it is us, we
    /// have changed.
    fn is_conflict(&mut self, message: &Message<'_>) -> bool {
        let Some((role, tie_breaker)) = message.role.filter(|(role, _)| *role == self.role) else {
            return false;
        };
        if self.mode == IceMode::Lite {
            // We can be nothing else; who only answers has no conflict to solve.
            return true;
        }
        let ours_is_higher = self.tie_breaker >= tie_breaker;
        let we_stay = ours_is_higher == (role == Role::Controlling);
        if !we_stay {
            self.switch_role();
        }
        we_stay
    }

    fn answer(&mut self, path: Path, writer: Writer) {
        self.sends.push_back((path, writer.sign(&self.key)));
    }

    /// What an honest question tells about its way.
    fn learn(&mut self, now: Instant, path: Path, local: &Candidate, priority: u32, use_candidate: bool) {
        let found = Candidate::found(path.transport, path.remote, priority);
        let Some(at) = self.add_pair(path, local, found.priority) else {
            return;
        };
        let mode = self.mode;
        let pair = &mut self.pairs[at];
        pair.asked = Some(now);
        if use_candidate && self.role == Role::Controlled {
            pair.wanted = Some(now);
        }
        match (mode, pair.progress) {
            (IceMode::Lite, _) => {
                pair.progress = Progress::Valid;
                self.first_valid.get_or_insert(now);
            }
            (IceMode::Full, Progress::Valid) => {
                // It may be used again, and for that needs our own question answered.
                if pair.check.is_none() && now >= pair.heard(mode, limits::SILENT) {
                    self.ask(now, at, Purpose::Consent);
                }
            }
            (IceMode::Full, Progress::Asked) => {
                // The way is open now: what was sent before it was is not waited for.
                if let Some(check) = pair.check.as_mut().filter(|check| check.purpose == Purpose::Find) {
                    check.next = check.next.min(now + limits::PACE);
                }
            }
            (IceMode::Full, Progress::Waiting | Progress::Failed) => {
                pair.progress = Progress::Waiting;
                self.trigger(at);
            }
        }
    }
}
