//! Continuous recognition by a WebSocket server: what goes over the wire, when a connection is opened again and what is lost
//! by that, and the last words of what was said. A core beside the shard as a [`Stream`](crate::stream::Stream) is, driven by
//! the same desk. The messages are in `wit/recognise.md`.
//!
//! **One input, then drain [`Recognition::poll`] and, while there is a connection, [`Recognition::next_text`];
//! [`Recognition::wake_at`] then names the next deadline.**

mod budget;
mod message;

use crate::stream::line::{Gone, Line};
use crate::stream::message::{Format, Told};
use crate::stream::outgoing::Outgoing;
use crate::stream::{Failure, Input, Output, StreamKey};
use budget::Budget;
use message::{Said, Spoken};
use patchcord_control::call::RecogniseSignal;
use patchcord_control::ids::CallId;
use patchcord_control::words::{
    FinalText, Gap, HeardSpeech, PartialText, Partials, RecogniseCounts, RecogniseFailure, RecogniseOptions, StreamEnd,
    StreamFormat,
};
use patchcord_media::WireFormat;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// What its messages are.
const PROTOCOL: &str = "patchcord-recognise";
/// How often a connection that failed or broke is opened again, in all: 8 s of tries.
const TRIES_AGAIN: u32 = 5;
/// How long a recogniser may take to say the last of what was said.
pub const FLUSH_TIME: Duration = Duration::from_secs(3);
/// Signals that wait to be taken; a recogniser that says more in one go is not heard.
const MAX_SIGNALS: usize = 256;

/// What a recognition is made from.
#[derive(Debug, Clone)]
pub struct RecogniseSetup {
    /// Its key, which is the number of its tap.
    pub key: StreamKey,
    /// Whose, if the recogniser is to know.
    pub call: Option<CallId>,
    /// Digits that are likely, one after the other: up to so many.
    pub digits: u8,
    /// How.
    pub options: RecogniseOptions,
}

/// How far the end is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    None,
    /// All sound is sent, then `stop`, and then the last texts are awaited, at most until then.
    Flushing {
        until: Instant,
        reason: &'static str,
    },
    /// The same, and `stop` is told.
    Awaiting {
        until: Instant,
    },
    Over,
}

/// A recognition.
#[derive(Debug)]
pub struct Recognition {
    setup: RecogniseSetup,
    line: Line,
    end: End,
    outgoing: Outgoing,
    budget: Budget,
    /// Up to here everything is a final text or a gap, in milliseconds of the recognition.
    settled_ms: u64,
    finals: u32,
    finals_refused: u32,
    ignored: u32,
    signals: VecDeque<RecogniseSignal>,
    wishes: VecDeque<Output>,
}

impl Recognition {
    /// At its beginning: it wants a connection.
    pub fn new(now: Instant, setup: RecogniseSetup) -> Self {
        let mut recognition = Self {
            setup,
            line: Line::new(now, TRIES_AGAIN),
            end: End::None,
            outgoing: Outgoing::new(WireFormat::L16at16k),
            budget: Budget::new(now),
            settled_ms: 0,
            finals: 0,
            finals_refused: 0,
            ignored: 0,
            signals: VecDeque::new(),
            wishes: VecDeque::new(),
        };
        recognition.connect_if_due(now);
        recognition
    }

    /// What it is made from.
    pub fn setup(&self) -> &RecogniseSetup {
        &self.setup
    }

    /// Takes one input. What only streams know of has no effect.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) {
        if self.end == End::Over {
            return;
        }
        match input {
            Input::Opened => self.opened(),
            Input::Failed(why) => {
                let gone = self.line.failed(now, why);
                self.gone(gone);
            }
            Input::Closed => {
                let gone = self.line.broke(now);
                if gone.is_some() {
                    self.tell_gap();
                }
                self.gone(gone);
            }
            Input::Text(text) => self.text(now, text),
            Input::Heard(tapped) if self.end == End::None => self.outgoing.heard(tapped),
            Input::End(why) => self.begin_end(now, why),
            Input::Heard(_) | Input::Live(_) | Input::Key(_) | Input::Send(_) | Input::Deadline => {}
        }
        self.connect_if_due(now);
        self.give_up_if_due(now);
    }

    /// The next thing it wants.
    pub fn poll(&mut self) -> Option<Output> {
        if let Some(signal) = self.signals.pop_front() {
            return Some(Output::TellHeard(signal));
        }
        self.wishes.pop_front()
    }

    /// The next text frame for the server. Only while there is a connection.
    pub fn next_text(&mut self) -> Option<String> {
        if !self.line.is_open() {
            return None;
        }
        let next = self.outgoing.next();
        if let (None, End::Flushing { until, reason }) = (&next, self.end) {
            self.end = End::Awaiting { until };
            self.outgoing.finish(reason);
            return self.outgoing.next();
        }
        next
    }

    /// When it acts by itself next.
    pub fn wake_at(&self) -> Option<Instant> {
        match self.end {
            End::None => self.line.wake_at(),
            End::Flushing { until, .. } | End::Awaiting { until } => {
                Some(self.line.wake_at().map_or(until, |again| again.min(until)))
            }
            End::Over => None,
        }
    }

    fn connect_if_due(&mut self, now: Instant) {
        if self.end != End::Over && self.line.opens(now) {
            self.wishes.push_back(Output::Connect);
        }
    }

    fn opened(&mut self) {
        if !self.line.came_about() {
            return;
        }
        let options = &self.setup.options;
        let start = Told::Listen {
            call_id: self.setup.call.map(|call| call.to_string()),
            format: Format::of(StreamFormat::L16at16k),
            connection: self.line.connections(),
            language: options.language.clone(),
            hints: options.hints.iter().map(|hint| hint.reveal().clone()).collect(),
            digits: self.setup.digits,
            partials: options.partials == Partials::Wanted,
        };
        self.outgoing.begin(PROTOCOL, start);
    }

    /// There is no connection for now, or any more.
    fn gone(&mut self, gone: Option<Gone>) {
        let Some(gone) = gone else { return };
        self.outgoing.hang_up();
        match gone {
            // It has said `stop` to somebody who is gone; there is nobody left who could know the last words.
            Gone::ForNow if matches!(self.end, End::Awaiting { .. }) => self.over(None),
            Gone::ForNow => {}
            Gone::Refused(why) => self.over(Some(failure(why))),
            Gone::ForGood(why) => self.over(Some(why.map_or(RecogniseFailure::Lost, failure))),
        }
    }

    fn text(&mut self, now: Instant, text: &str) {
        if !self.line.is_open() {
            return;
        }
        match message::read(text) {
            Some(Said::Partial(spoken)) => self.partial(now, spoken),
            Some(Said::Final(spoken)) => self.final_text(now, spoken),
            Some(Said::Error(why)) => {
                self.tell_gap();
                self.over(Some(why));
            }
            Some(Said::Stop) if self.end == End::None => {
                self.tell_gap();
                self.over(Some(RecogniseFailure::Recogniser));
            }
            Some(Said::Stop) => {
                self.settled_ms = self.outgoing.sent_until_ms();
                self.over(None);
            }
            None => self.ignore(),
        }
    }

    fn partial(&mut self, now: Instant, spoken: Spoken) {
        let wanted = self.setup.options.partials == Partials::Wanted;
        if !wanted || !spoken.fits() || !self.budget.spend(now) {
            return self.ignore();
        }
        let (from_ms, _) = self.place(&spoken);
        let partial = HeardSpeech::Partial(PartialText {
            text: spoken.text.into(),
            from_ms,
        });
        let newest = RecogniseSignal::Heard(partial);
        let is_partial =
            |signal: &mut RecogniseSignal| matches!(signal, RecogniseSignal::Heard(HeardSpeech::Partial(_)));
        self.signals.pop_back_if(is_partial);
        if self.signals.len() >= MAX_SIGNALS {
            return self.ignore();
        }
        self.signals.push_back(newest);
    }

    fn final_text(&mut self, now: Instant, spoken: Spoken) {
        let (from_ms, to_ms) = self.place(&spoken);
        self.settled_ms = self.settled_ms.max(to_ms);
        if spoken.text.is_empty() {
            return;
        }
        if !spoken.fits() || !self.budget.spend(now) || self.signals.len() >= MAX_SIGNALS {
            self.finals_refused = self.finals_refused.saturating_add(1);
            return;
        }
        self.finals = self.finals.saturating_add(1);
        let said = HeardSpeech::Final(FinalText {
            confidence: spoken.confidence(),
            text: spoken.text.into(),
            from_ms,
            to_ms,
        });
        self.signals.push_back(RecogniseSignal::Heard(said));
    }

    /// Where something was said: as the recogniser says, within what it was sent; else since the last final text.
    fn place(&self, spoken: &Spoken) -> (u64, u64) {
        let sent = self.outgoing.sent_until_ms();
        let to = spoken.to_ms.unwrap_or(sent).min(sent);
        let from = spoken.from_ms.unwrap_or(self.settled_ms).min(to);
        (from, to)
    }

    /// What was sent since the last final text, and has none now.
    fn tell_gap(&mut self) {
        let (from_ms, to_ms) = (self.settled_ms, self.outgoing.sent_until_ms());
        if to_ms <= from_ms {
            return;
        }
        self.settled_ms = to_ms;
        // Bounded by the connections.
        let gap = HeardSpeech::Gap(Gap { from_ms, to_ms });
        self.signals.push_back(RecogniseSignal::Heard(gap));
    }

    fn ignore(&mut self) {
        self.ignored = self.ignored.saturating_add(1);
    }

    /// The first reason stays.
    fn begin_end(&mut self, now: Instant, why: StreamEnd) {
        if self.end != End::None {
            return;
        }
        let reason = match why {
            StreamEnd::Left(_) => "left",
            _ => "stopped",
        };
        self.end = End::Flushing {
            until: now + FLUSH_TIME,
            reason,
        };
    }

    /// A recogniser that takes too long over the last words.
    fn give_up_if_due(&mut self, now: Instant) {
        if let End::Flushing { until, .. } | End::Awaiting { until } = self.end
            && now >= until
        {
            self.tell_gap();
            self.over(None);
        }
    }

    fn over(&mut self, failure: Option<RecogniseFailure>) {
        if self.end == End::Over {
            return;
        }
        self.end = End::Over;
        self.outgoing.hang_up();
        self.outgoing.leave_out();
        self.line.end();
        let counts = RecogniseCounts {
            heard_ms: self.outgoing.heard_ms(),
            dropped_ms: self.outgoing.dropped_ms(),
            finals: self.finals,
            finals_refused: self.finals_refused,
            connections: self.line.connections(),
            ignored: self.ignored,
        };
        self.signals.push_back(RecogniseSignal::Over { failure, counts });
        self.wishes.push_back(Output::Close);
    }
}

fn failure(why: Failure) -> RecogniseFailure {
    match why {
        Failure::Refused(status) => RecogniseFailure::Refused(status),
        Failure::Unreachable => RecogniseFailure::Unreachable,
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test begins at some moment")]
mod tests;
