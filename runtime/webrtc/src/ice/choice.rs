//! Which pair is used: the one that decides names it (RFC 8445 section 8.1), the other follows. When it falls silent and another is
//! heard, that one is named: a browser that changes its network need not restart ICE to be heard on.

use super::pairs::{Check, Pair, Progress, Purpose};
use super::{Agent, IceMode};
use crate::limits;
use crate::stun::Role;
use std::time::Instant;

impl Agent {
    /// For the side that follows: of the pairs that were named, the most wanted of those named in the last while, else of all. A browser
    /// names the one it uses again and again, and some name several.
    pub(super) fn choose(&mut self, now: Instant) {
        if self.role == Role::Controlling {
            return;
        }
        let (role, mode) = (self.role, self.mode);
        let rank = |pair: &Pair| {
            let wanted = pair.wanted.filter(|_| pair.progress == Progress::Valid)?;
            let is_fresh = now < wanted + limits::SILENT;
            (now < pair.heard(mode, limits::CONSENT_LASTS)).then(|| (is_fresh, pair.priority(role)))
        };
        let best = self
            .pairs
            .iter()
            .filter(|pair| rank(pair).is_some())
            .max_by_key(|pair| rank(pair));
        if let Some(id) = best.map(|pair| pair.id) {
            self.select(now, id);
        }
    }

    /// Uses a pair from now on.
    pub(super) fn select(&mut self, now: Instant, id: u32) {
        if self.selected != Some(id) {
            self.selected = Some(id);
            self.plan_consent(now);
        }
    }

    /// For the side that decides: names the best pair that works, once no better one is likely to.
    pub(super) fn nominate(&mut self, now: Instant) {
        if self.nomination_due().is_none_or(|due| now < due) {
            return;
        }
        if let Some(at) = self.to_be_named() {
            self.ask(now, at, Purpose::Nominate);
        }
    }

    /// When a pair is to be named; none if there is nothing to name, or it was just done.
    pub(super) fn nomination_due(&self) -> Option<Instant> {
        let nominates = |check: &Check| check.purpose == Purpose::Nominate;
        let is_asked = |pair: &Pair| pair.check.as_ref().is_some_and(nominates);
        if self.role != Role::Controlling || self.mode == IceMode::Lite || self.pairs.iter().any(is_asked) {
            return None;
        }
        let best = &self.pairs[self.to_be_named()?];
        if let Some(selected) = self.selected_pair() {
            // Another is named only when this one has been silent for long.
            return Some(selected.heard(self.mode, limits::SILENT));
        }
        let first = self.first_valid?;
        let is_open = |pair: &Pair| matches!(pair.progress, Progress::Waiting | Progress::Asked);
        let is_better = |pair: &Pair| pair.priority(self.role) > best.priority(self.role);
        let may_improve = self.pairs.iter().any(|pair| is_open(pair) && is_better(pair));
        Some(if may_improve {
            first + limits::NOMINATION_WAIT
        } else {
            first
        })
    }

    /// The most wanted pair that works; beside one that is used, of those only that were heard later than it.
    fn to_be_named(&self) -> Option<usize> {
        let selected = self.selected_pair();
        let heard_later = |pair: &Pair| selected.is_none_or(|selected| pair.answered > selected.answered);
        self.pairs
            .iter()
            .enumerate()
            .filter(|(_, pair)| pair.progress == Progress::Valid && Some(pair.id) != self.selected && heard_later(pair))
            .max_by_key(|(_, pair)| pair.priority(self.role))
            .map(|(at, _)| at)
    }
}
