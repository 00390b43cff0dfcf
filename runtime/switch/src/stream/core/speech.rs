//! What a server says, on its way into the session: sound, marks and clears in their order, and which marks were reached.

use super::told_mark;
use crate::stream::message::Told;
use patchcord_media::{LiveEvent, LiveLedger, LiveOrder, MAX_LIVE, MAX_LIVE_MARKS, WireFormat};
use std::collections::VecDeque;
use std::time::Duration;

/// Clears whose outcome is awaited; one more is ignored.
const MAX_CLEARS: usize = 64;
/// Samples in one order, at most; more go into the next.
const MAX_ORDER: usize = 24_000;

#[derive(Debug)]
pub(super) struct Speech {
    format: WireFormat,
    orders: VecDeque<LiveOrder>,
    /// Samples in the orders.
    ordered: usize,
    /// Those that found no room even there.
    overrun: u64,
    /// Without a name if nobody is to be told.
    marks: VecDeque<(u32, Option<String>)>,
    last_mark: u32,
    /// The last mark before each clear that is under way.
    clears: VecDeque<u32>,
    ledger: LiveLedger,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Speaks,
    /// It was told to end.
    Ending,
    Over,
}

impl Speech {
    pub(super) fn new(format: WireFormat) -> Self {
        Self {
            format,
            orders: VecDeque::from([LiveOrder::Begin { rate: format.rate() }]),
            ordered: 0,
            overrun: 0,
            marks: VecDeque::new(),
            last_mark: 0,
            clears: VecDeque::new(),
            ledger: LiveLedger::default(),
            state: State::Speaks,
        }
    }

    /// The next order for the session; sound that came in small pieces goes in one.
    pub(super) fn next_order(&mut self) -> Option<LiveOrder> {
        let order = self.orders.pop_front()?;
        if let LiveOrder::Sound(sound) = &order {
            self.ordered -= sound.len();
        }
        Some(order)
    }

    pub(super) fn has_orders(&self) -> bool {
        !self.orders.is_empty()
    }

    pub(super) fn say(&mut self, sound: Vec<i16>) {
        if self.state != State::Speaks {
            self.overrun += sound.len() as u64;
            return;
        }
        let most = MAX_LIVE.as_secs() as usize * self.format.rate().hertz() as usize;
        let taken = sound.len().min(most.saturating_sub(self.ordered));
        self.overrun += (sound.len() - taken) as u64;
        self.ordered += taken;
        let mut sound = sound;
        sound.truncate(taken);
        match self.orders.back_mut() {
            _ if sound.is_empty() => {}
            Some(LiveOrder::Sound(before)) if before.len() + taken <= MAX_ORDER => before.extend(sound),
            _ => self.orders.push_back(LiveOrder::Sound(sound)),
        }
    }

    /// False if too many wait.
    pub(super) fn mark(&mut self, name: String) -> bool {
        if self.marks.len() >= MAX_LIVE_MARKS || self.state != State::Speaks {
            return false;
        }
        self.last_mark += 1;
        self.marks.push_back((self.last_mark, Some(name)));
        self.orders.push_back(LiveOrder::Mark(self.last_mark));
        true
    }

    /// False if too many are under way.
    pub(super) fn clear(&mut self) -> bool {
        if self.clears.len() >= MAX_CLEARS || self.state != State::Speaks {
            return false;
        }
        self.clears.push_back(self.last_mark);
        self.orders.push_back(LiveOrder::Clear);
        true
    }

    /// Whoever set the marks is gone.
    pub(super) fn forget_marks(&mut self) {
        self.marks.iter_mut().for_each(|(_, name)| *name = None);
    }

    /// Ends it; whether there will be a last word of the session.
    pub(super) fn end(&mut self) -> bool {
        if self.state == State::Speaks {
            self.state = State::Ending;
            self.orders.push_back(LiveOrder::End);
        }
        self.state == State::Ending
    }

    pub(super) fn is_over(&self) -> bool {
        self.state == State::Over
    }

    pub(super) fn ledger(&self) -> LiveLedger {
        LiveLedger {
            overrun: self.ledger.overrun + self.format.length(self.overrun),
            ..self.ledger
        }
    }

    /// What the server is to be told of what the session says.
    pub(super) fn event(&mut self, event: LiveEvent) -> Vec<Told> {
        match event {
            LiveEvent::Reached { mark, played } => self.marks_until(mark, true, played),
            LiveEvent::Cleared(ledger) => {
                let until = self.clears.pop_front().unwrap_or(0);
                self.ledger = ledger;
                let mut told = self.marks_until(until, false, ledger.played);
                told.push(Told::Cleared {
                    played_ms: ledger.played.as_millis() as u64,
                    cleared_ms: ledger.cleared.as_millis() as u64,
                });
                told
            }
            LiveEvent::Ended(ledger) => {
                (self.state, self.ledger) = (State::Over, ledger);
                self.orders.clear();
                self.ordered = 0;
                self.marks_until(u32::MAX, false, ledger.played)
            }
        }
    }

    /// Takes out the marks up to one.
    fn marks_until(&mut self, last: u32, played: bool, at: Duration) -> Vec<Told> {
        let mut told = Vec::new();
        while let Some((_, name)) = self.marks.pop_front_if(|(mark, _)| *mark <= last) {
            told.extend(name.map(|name| told_mark(name, played, at.as_millis() as u64)));
        }
        told
    }
}
