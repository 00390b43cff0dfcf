//! Who tells the word that counts: one of those that keep it. Not here: what is told of calls.
//!
//! Nothing is told at once when something is heard of others: it is looked at a little later, a bounded number at a time. So
//! a node that is lost with all its words, or a network that joins again, floods nobody.

use super::{LOOKS_PER_CALL, OWN_MAX, Parts, WORD_KEPT, Word};
use crate::presence::Identity;
use crate::regions::NodeId;
use crate::replica::ME;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long the first waits before it tells a word that nobody tells, or leaves one to another.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// How much longer each other one waits than the one before it: the losses of a node are noticed within about a second.
const WAIT_STEP: Duration = Duration::from_millis(100);
/// From here on they wait equally long.
const WAIT_STEPS_MAX: u32 = 50;
/// When to look again if there is no room to tell a word.
const NO_ROOM_WAIT: Duration = Duration::from_secs(10);

/// What this node does about a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Duty {
    /// It goes on as it does.
    Stay,
    /// It tells it from now on.
    Tell,
    /// It tells it no more, or no longer tells an older one.
    Cease,
}

impl Parts {
    /// A word counts from now on. It is shared by all that keep it here.
    pub(super) fn keep(&mut self, heard: Instant, identity: &Identity, word: Word, left: Duration) -> Arc<Word> {
        let word = Arc::new(word);
        let until = match word.said.status {
            Some(_) => None,
            None => Some(heard + left.min(WORD_KEPT)),
        };
        let kept = super::table::Kept {
            word: word.clone(),
            until,
        };
        let before = self.table.known(identity).kept.replace(kept);
        if let Some(at) = before.and_then(|before| before.until) {
            self.ends.remove(&(at, identity.clone()));
        }
        if let Some(at) = until {
            self.ends.insert((at, identity.clone()));
        }
        word
    }

    fn duty(&self, now: Instant, identity: &Identity) -> Duty {
        let Some(known) = self.table.get(identity) else {
            return Duty::Stay;
        };
        let mine = known.told.iter().find(|told| told.writer == ME);
        let mine = mine.and_then(|told| told.word.as_ref());
        let Some(kept) = &known.kept else {
            return if mine.is_some() { Duty::Cease } else { Duty::Stay };
        };
        let is_told = mine == Some(&kept.word);
        let others = known.told.iter().filter(|told| told.writer != ME);
        let others = others.filter(|told| told.word.as_ref() == Some(&kept.word));
        let first = others.map(|told| self.peers.name(told.writer)).min();
        match first {
            Some(first) if is_told && first < self.peers.name(ME) => Duty::Cease,
            Some(_) if !is_told && mine.is_some() => Duty::Cease,
            Some(_) => Duty::Stay,
            None if is_told => Duty::Stay,
            None if kept.left(now).is_some() => Duty::Tell,
            None if mine.is_some() => Duty::Cease,
            None => Duty::Stay,
        }
    }

    /// Something was heard of an identity: it may have to be looked at who tells its word.
    pub(super) fn consider(&mut self, now: Instant, identity: &Identity) {
        let is_waiting = self.table.get(identity).is_none_or(|known| known.look_at.is_some());
        if is_waiting {
            return;
        }
        let wait = match self.duty(now, identity) {
            Duty::Stay => return,
            Duty::Cease => FIRST_WAIT,
            Duty::Tell => {
                let by = self.table.word(identity).map(|word| word.by.clone());
                FIRST_WAIT + WAIT_STEP * by.map_or(0, |by| self.turn_after(&by))
            }
        };
        self.look_at(now + wait, identity);
    }

    fn look_at(&mut self, at: Instant, identity: &Identity) {
        self.table.known(identity).look_at = Some(at);
        self.looks.insert((at, identity.clone()));
    }

    /// How many nodes that are there come before this one in the order of names, if that begins at a node and goes round.
    fn turn_after(&mut self, by: &NodeId) -> u32 {
        if std::mem::take(&mut self.is_ring_old) {
            let here = self.peers.here().map(|writer| self.peers.name(writer).clone());
            self.ring = here.collect();
            self.ring.sort_unstable();
        }
        let place = |node: &NodeId| self.ring.binary_search(node).unwrap_or_else(|place| place);
        let (first, mine) = (place(by), place(self.peers.name(ME)));
        let all = self.ring.len().max(1);
        let turn = (mine + all - first % all) % all;
        u32::try_from(turn).unwrap_or(WAIT_STEPS_MAX).min(WAIT_STEPS_MAX)
    }

    /// Words that say that nothing is said end.
    pub(super) fn end_words(&mut self, now: Instant) {
        for _ in 0..LOOKS_PER_CALL {
            let Some((at, identity)) = self.ends.pop_first() else {
                return;
            };
            if at > now {
                self.ends.insert((at, identity));
                return;
            }
            self.table.known(&identity).kept = None;
            self.note(&identity);
            if self.duty(now, &identity) == Duty::Cease {
                self.tell_word(now, &identity, None);
            }
            self.table.forget_if_idle(&identity);
        }
    }

    /// Words at which it is time to look.
    pub(super) fn look_at_words(&mut self, now: Instant) {
        for _ in 0..LOOKS_PER_CALL {
            let Some((at, identity)) = self.looks.pop_first() else {
                return;
            };
            if at > now {
                self.looks.insert((at, identity));
                return;
            }
            self.table.known(&identity).look_at = None;
            match self.duty(now, &identity) {
                Duty::Stay => {}
                Duty::Cease => self.tell_word(now, &identity, None),
                Duty::Tell if self.has_room_for(&identity) => {
                    let known = self.table.get(&identity);
                    let word = known
                        .and_then(|known| known.kept.as_ref())
                        .map(|kept| kept.word.clone());
                    self.tell_word(now, &identity, word);
                }
                Duty::Tell => self.look_at(now + NO_ROOM_WAIT, &identity),
            }
            self.table.forget_if_idle(&identity);
        }
    }

    fn has_room_for(&self, identity: &Identity) -> bool {
        self.table.is_told_by(ME, identity) || self.table.of_writer(ME).len() < OWN_MAX
    }

    fn tell_word(&mut self, now: Instant, identity: &Identity, word: Option<Arc<Word>>) {
        self.table.set_word(ME, identity, word);
        self.publish(now, identity);
    }
}
