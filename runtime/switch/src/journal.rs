//! The journal of a call: everything its handler asked and was told, in order and exact, with what happened around it. A
//! handler has no other source of anything, so whoever has its module and this can run it again: see
//! [`replay`](mod@crate::replay).
//!
//! A journal grows as the call goes on and is told to the host in parts ([`JournalPart`]), each after the last; a file of
//! them can be cut anywhere and is read up to its last whole record. Records have types of their own: what the cores pass
//! to each other may change without a journal becoming unreadable.
//!
//! `wire` is how values stand in it, `words` and `asks` are the lists of them, `record` what a journal is made of, `frame`
//! how records stand one after the other, `read` how they are read.

mod asks;
mod frame;
mod inputs;
mod read;
mod record;
mod wire;
mod words;

pub use read::{JournalError, ReadJournal, Stopped, read};
pub use record::{Beginning, CallLimits, Entry, HandlerOver, Happened, Waited, What};
pub use wire::{PrivateValues, Show};

pub(crate) use asks::fits;
pub(crate) use wire::Seen;

use patchcord_control::ask::{Answer, Ask};
use patchcord_control::call::{Change, Changed, Input as CallInput};
use patchcord_control::grants::Grants;
use patchcord_control::ids::CallId;
use patchcord_control::record::{CallRecord, HandlerEnd, Usage};
use std::sync::Arc;
use std::time::Instant;
use wire::{Sheet, Wire};

/// The version of the format. Readers refuse any other: a new variant needs no new version, a changed record does.
pub const VERSION: u8 = 4;
/// Bytes of the journal of one call at most. With more it says so in its last record, and the call goes on without it.
pub const CALL_BYTES: usize = 4 * 1024 * 1024;
/// What a part is given room for at first: most are shorter.
const PART_BYTES: usize = 256;

/// A part of a call's journal, to be written behind the parts before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalPart {
    /// Whose journal.
    pub call: CallId,
    /// Bytes of it before this: where the part belongs. Another place than the end means that a part is missing.
    pub at: u64,
    /// Whole records.
    pub bytes: Vec<u8>,
    /// Whether it is the last.
    pub last: Last,
}

/// Whether a part is the last of its journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Last {
    /// More may follow.
    No,
    /// None follows.
    Yes,
}

/// The journal of a call that is alive.
pub(crate) struct Journal {
    call: CallId,
    /// Records not yet told.
    part: Vec<u8>,
    /// Bytes told before.
    told: u64,
    private: PrivateValues,
    /// What no journal may hold.
    secrets: Arc<Grants>,
    /// When the last record was made: the next says how long ago that was.
    last_at: Instant,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Goes,
    Full,
}

impl Journal {
    /// The journal of a call that begins.
    pub(crate) fn begin(now: Instant, beginning: &Beginning, secrets: &Arc<Grants>) -> Journal {
        let mut journal = Journal {
            call: beginning.call,
            part: Vec::with_capacity(2 * PART_BYTES),
            told: 0,
            private: beginning.private,
            secrets: secrets.clone(),
            last_at: now,
            state: State::Goes,
        };
        journal.part.extend_from_slice(frame::MAGIC);
        journal.part.push(VERSION);
        journal.write(now, |sheet| beginning.put(sheet));
        journal
    }

    /// The handler asks.
    pub(crate) fn asked(&mut self, now: Instant, ask: &Ask, fuel: u64) {
        self.write(now, |sheet| {
            sheet.byte(record::ASKED);
            ask.put(sheet);
            fuel.put(sheet);
        });
    }

    /// It is told.
    pub(crate) fn answered(&mut self, now: Instant, answer: &Answer, waited: Waited) {
        self.write(now, |sheet| {
            sheet.byte(record::ANSWERED);
            put_answer(sheet, answer);
            waited.put(sheet);
            let hidden = sheet.hidden();
            hidden.put(sheet);
        });
    }

    /// Something happens to the call.
    pub(crate) fn input(&mut self, now: Instant, input: &CallInput) {
        if let Some(happened) = inputs::happened(input) {
            self.entry(now, &Entry::Happened(happened));
        }
    }

    /// Somebody outside has changed the call.
    pub(crate) fn changed(&mut self, now: Instant, change: &Change, changed: Changed) {
        if let Some(happened) = inputs::from_outside(change, changed) {
            self.entry(now, &Entry::Happened(happened));
        }
    }

    /// Somebody outside joined the call with another: so many legs came.
    pub(crate) fn legs_came(&mut self, now: Instant, legs: u32) {
        let what = What::LegsCame(legs);
        self.entry(now, &Entry::Happened(Happened { leg: None, what }));
    }

    /// The same: so many legs went to the other.
    pub(crate) fn legs_went(&mut self, now: Instant, legs: u32) {
        let what = What::LegsWent(legs);
        self.entry(now, &Entry::Happened(Happened { leg: None, what }));
    }

    /// The handler is over.
    pub(crate) fn ended(&mut self, now: Instant, how: HandlerOver, usage: Usage) {
        self.entry(now, &Entry::Ended { how, usage });
    }

    /// The call is over: its last part.
    pub(crate) fn over(mut self, record: &CallRecord) -> JournalPart {
        let fault = match &record.handler_end {
            HandlerEnd::Done | HandlerEnd::NotRun => None,
            HandlerEnd::Faulted(fault) => Some(fault.kind.name().to_owned()),
        };
        let entry = Entry::Over {
            ended_at: record.ended_at,
            turns: record.turns,
            fault,
        };
        self.entry(self.last_at, &entry);
        JournalPart {
            call: self.call,
            at: self.told,
            bytes: self.part,
            last: Last::Yes,
        }
    }

    /// What is new since the last time; none if nothing is.
    pub(crate) fn part(&mut self) -> Option<JournalPart> {
        if self.part.is_empty() {
            return None;
        }
        let bytes = std::mem::take(&mut self.part);
        let at = self.told;
        self.told += bytes.len() as u64;
        Some(JournalPart {
            call: self.call,
            at,
            bytes,
            last: Last::No,
        })
    }

    fn entry(&mut self, now: Instant, entry: &Entry) {
        self.write(now, |sheet| entry.put(sheet));
    }

    fn write(&mut self, now: Instant, put: impl FnOnce(&mut Sheet<'_>)) {
        if self.state == State::Full {
            return;
        }
        if self.part.capacity() == 0 {
            self.part.reserve(PART_BYTES);
        }
        let before = self.part.len();
        let waited = now.saturating_duration_since(self.last_at).as_micros() as u64;
        let secrets = &*self.secrets;
        let written = frame::write(&mut self.part, |bytes| {
            let mut sheet = Sheet::new(bytes, self.private).without(secrets);
            sheet.number(waited);
            put(&mut sheet);
        });
        let size = self.told as usize + self.part.len();
        if written.is_err() || size + FULL_BYTES > CALL_BYTES {
            self.part.truncate(before);
            self.state = State::Full;
            self.part.extend(closing(&Entry::Full));
            return;
        }
        self.last_at = self.last_at.max(now);
    }
}

/// Room for the record that says that there is none.
const FULL_BYTES: usize = 16;

/// The bytes of a last record, which stands at the moment of the one before it.
fn closing(entry: &Entry) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A record of two bytes is never too long.
    let _ = frame::write(&mut bytes, |bytes| {
        let mut sheet = Sheet::new(bytes, PrivateValues::Keep);
        sheet.number(0);
        entry.put(&mut sheet);
    });
    bytes
}

/// The record that ends a journal of which a part was lost on its way.
pub fn broken_off() -> Vec<u8> {
    closing(&Entry::BrokenOff)
}

/// SIP headers are texts for the handler and private for everybody else.
fn put_answer(sheet: &mut Sheet<'_>, answer: &Answer) {
    if let Answer::Header(_) = answer {
        sheet.texts_are_private();
    }
    answer.put(sheet);
}

/// What an ask is in bytes, as a journal of this kind has it.
pub(crate) fn bytes_of_ask(ask: &Ask, private: PrivateValues) -> Vec<u8> {
    let mut bytes = Vec::new();
    ask.put(&mut Sheet::new(&mut bytes, private));
    bytes
}

#[cfg(test)]
mod tests;
