//! What a session has said and heard, by number, so that a client which comes back gets what it missed and nothing twice. Not here:
//! what the messages mean.

use super::{KEPT, KEPT_BYTES};
use std::collections::VecDeque;

/// What was said and heard.
#[derive(Default)]
pub(super) struct Memory {
    /// Messages that the client may not have, oldest first.
    kept: VecDeque<(u64, String)>,
    bytes: usize,
    /// The number of the last message said.
    said: u64,
    /// The number of the last message heard.
    heard: u64,
    /// The number of the last message that was forgotten unheard.
    forgotten: u64,
}

/// Whether all is kept that was to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    Enough,
    Full,
}

/// What the number of a message says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Numbered {
    /// It is the next one.
    New,
    /// It was heard before.
    Again,
    /// Some before it are missing.
    Gap,
}

impl Memory {
    /// The number of the next message.
    pub(super) fn next(&self) -> u64 {
        self.said + 1
    }

    /// The number of the last message heard.
    pub(super) fn heard(&self) -> u64 {
        self.heard
    }

    /// Keeps the next message. Gives whether an older one is forgotten for it.
    pub(super) fn keep(&mut self, text: String) -> Room {
        let before = self.forgotten;
        self.said += 1;
        self.bytes += text.len();
        self.kept.push_back((self.said, text));
        while self.kept.len() > KEPT || self.bytes > KEPT_BYTES {
            let Some((number, text)) = self.kept.pop_front() else {
                break;
            };
            self.bytes -= text.len();
            self.forgotten = number;
        }
        match self.forgotten == before {
            true => Room::Enough,
            false => Room::Full,
        }
    }

    /// The client has all up to this one.
    pub(super) fn has(&mut self, number: u64) {
        while self.kept.front().is_some_and(|(kept, _)| *kept <= number) {
            let Some((_, text)) = self.kept.pop_front() else { return };
            self.bytes -= text.len();
        }
    }

    /// What a client missed that has all up to this one; none if something of it is forgotten, or it claims what was never said.
    pub(super) fn missed(&mut self, number: u64) -> Option<Vec<String>> {
        if number < self.forgotten || number > self.said {
            return None;
        }
        self.has(number);
        Some(self.kept.iter().map(|(_, text)| text.clone()).collect())
    }

    /// Notes the number of a message of the client.
    pub(super) fn hear(&mut self, number: u64) -> Numbered {
        if number <= self.heard {
            return Numbered::Again;
        }
        if number > self.heard + 1 {
            return Numbered::Gap;
        }
        self.heard = number;
        Numbered::New
    }
}
