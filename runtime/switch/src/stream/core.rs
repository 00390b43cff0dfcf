//! One stream: a machine from its first connection to its one outcome. Not here: connections themselves, and the sound of
//! the leg before it was tapped and after it was handed to the session.

mod speech;

use super::StreamSetup;
use super::line::{Gone, Line};
use super::message::{self, Failure, Said, Told};
use super::outgoing::Outgoing;
use patchcord_control::call::{RecogniseSignal, StreamOver, StreamSignal};
use patchcord_control::private::Private;
use patchcord_control::words::{Key, StreamCounts, StreamDirection, StreamEnd, StreamFormat};
use patchcord_media::{LiveEvent, LiveOrder, Tapped, WireFormat};
use speech::Speech;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// What its messages are.
const PROTOCOL: &str = "patchcord-stream";
/// How long what was played last may take to be told at the end of a stream.
const LEDGER_TIME: Duration = Duration::from_millis(500);
/// How long a connection may take to be closed after [`Output::Close`].
pub const CLOSE_TIME: Duration = Duration::from_secs(1);
/// Texts for the handler that wait to be taken; a server that sends more in one go loses the connection.
const MAX_SIGNALS: usize = 256;

/// What happens to a stream.
pub enum Input<'a> {
    /// The connection that [`Output::Connect`] asked for is there.
    Opened,
    /// It is not.
    Failed(Failure),
    /// The connection is gone: closed by the server, broken, silent, or full of what is no WebSocket.
    Closed,
    /// A text frame of the server.
    Text(&'a str),
    /// Sound of the leg.
    Heard(&'a Tapped<'a>),
    /// What became of the server's sound.
    Live(LiveEvent),
    /// A key was pressed on the leg.
    Key(Key),
    /// The handler has a text for the server.
    Send(Private<String>),
    /// The call ends it.
    End(StreamEnd),
    /// Time passed.
    Deadline,
}

/// What a stream wants.
#[derive(Debug, PartialEq, Eq)]
pub enum Output {
    /// A connection; [`Input::Opened`] or [`Input::Failed`] follows.
    Connect,
    /// For the call; [`StreamSignal::Over`] comes once.
    Tell(StreamSignal),
    /// The same of a recognition.
    TellHeard(RecogniseSignal),
    /// The end: once all of [`Stream::next_order`] is handed over and all of [`Stream::next_text`] is sent, the connection is
    /// closed, if there is one.
    Close,
}

/// How far the end is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    None,
    /// What was played last is awaited, at most until then.
    Ledger {
        until: Instant,
        why: StreamOver,
        reason: &'static str,
    },
    Over,
}

/// A stream.
#[derive(Debug)]
pub struct Stream {
    setup: StreamSetup,
    line: Line,
    end: End,
    outgoing: Outgoing,
    /// None if the server may not speak.
    speech: Option<Speech>,
    /// Samples of a server that may not speak.
    unwanted: u64,
    ignored: u32,
    signals: VecDeque<StreamSignal>,
    wishes: VecDeque<Output>,
}

impl Stream {
    /// At its beginning: it wants a connection.
    pub fn new(now: Instant, setup: StreamSetup) -> Self {
        let format = wire_format(setup.options.format);
        let speaks = setup.options.direction == StreamDirection::Both;
        Self {
            line: Line::new(now, u32::from(setup.options.reconnect)),
            end: End::None,
            outgoing: Outgoing::new(format),
            speech: speaks.then(|| Speech::new(format)),
            unwanted: 0,
            ignored: 0,
            signals: VecDeque::new(),
            wishes: VecDeque::new(),
            setup,
        }
        .begun(now)
    }

    fn begun(mut self, now: Instant) -> Self {
        self.connect_if_due(now);
        self
    }

    /// What it is made from.
    pub fn setup(&self) -> &StreamSetup {
        &self.setup
    }

    /// Takes one input.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) {
        if self.end == End::Over {
            return;
        }
        match input {
            Input::Opened => self.opened(),
            Input::Failed(why) => self.failed(now, why),
            Input::Closed => self.closed(now),
            Input::Text(text) => self.text(now, text),
            Input::Heard(tapped) => self.outgoing.heard(tapped),
            Input::Live(event) => self.live(now, event),
            Input::Key(key) => self.tell(now, Told::Key { digit: key.char() }),
            Input::Send(text) => {
                let text = text.into_inner();
                self.tell(now, Told::Message { text });
            }
            Input::End(why) => self.begin_end(now, StreamOver::AsOrdered, reason(why)),
            Input::Deadline => {}
        }
        self.connect_if_due(now);
        self.finish_if_due(now);
    }

    /// The next thing it wants.
    pub fn poll(&mut self) -> Option<Output> {
        if let Some(signal) = self.signals.pop_front() {
            return Some(Output::Tell(signal));
        }
        self.wishes.pop_front()
    }

    /// The next order for the live sound of the leg's session. One that waits is no harm: sound that comes meanwhile joins it.
    pub fn next_order(&mut self) -> Option<LiveOrder> {
        self.speech.as_mut().and_then(Speech::next_order)
    }

    /// Whether there is one.
    pub fn has_orders(&self) -> bool {
        self.speech.as_ref().is_some_and(Speech::has_orders)
    }

    /// The next text frame for the server. Only while there is a connection.
    pub fn next_text(&mut self) -> Option<String> {
        (self.line.is_open() || self.line.is_ended()).then(|| self.outgoing.next())?
    }

    /// When it acts by itself next.
    pub fn wake_at(&self) -> Option<Instant> {
        match self.end {
            End::None => self.line.wake_at(),
            End::Ledger { until, .. } => Some(until),
            End::Over => None,
        }
    }

    fn connect_if_due(&mut self, now: Instant) {
        if self.end == End::None && self.line.opens(now) {
            self.wishes.push_back(Output::Connect);
        }
    }

    fn opened(&mut self) {
        if !self.line.came_about() {
            return;
        }
        let options = &self.setup.options;
        let start = Told::Start {
            stream_sid: self.setup.id.to_string(),
            call_id: self.setup.id.call.to_string(),
            format: message::Format::of(options.format),
            direction: match options.direction {
                StreamDirection::Listen => "listen",
                StreamDirection::Both => "both",
            },
            connection: self.line.connections(),
            parameters: message::parameters(options),
        };
        self.outgoing.begin(PROTOCOL, start);
    }

    fn failed(&mut self, now: Instant, why: Failure) {
        if let Some(gone) = self.line.failed(now, why) {
            self.gone(now, gone);
        }
    }

    fn closed(&mut self, now: Instant) {
        let Some(gone) = self.line.broke(now) else { return };
        // Its marks were those of somebody who is gone; what it said is played on.
        if let Some(speech) = self.speech.as_mut() {
            speech.forget_marks();
        }
        self.gone(now, gone);
    }

    /// There is no connection for now, or any more.
    fn gone(&mut self, now: Instant, gone: Gone) {
        match gone {
            Gone::Refused(why) => return self.begin_end(now, over(why), "refused"),
            Gone::ForGood(failure) => self.begin_end(now, failure.map_or(StreamOver::Lost, over), "lost"),
            Gone::ForNow if self.end != End::None => self.line.end(),
            Gone::ForNow => {}
        }
        self.outgoing.hang_up();
    }

    /// Something to tell; a server that leaves too much unread loses its connection.
    fn tell(&mut self, now: Instant, told: Told) {
        let open = self.line.is_open();
        if !self.outgoing.tell(told, open) {
            self.closed(now);
        }
    }

    fn text(&mut self, now: Instant, text: &str) {
        if !self.line.is_open() || self.end != End::None {
            return;
        }
        let Some(said) = message::read(text) else {
            return self.ignore();
        };
        match said {
            Said::Sound(bytes) => match wire_format(self.setup.options.format).decode(&bytes) {
                Some(sound) => match self.speech.as_mut() {
                    Some(speech) => speech.say(sound),
                    None => self.unwanted += sound.len() as u64,
                },
                None => self.ignore(),
            },
            Said::Mark(name) => match self.speech.as_mut().map(|speech| speech.mark(name.clone())) {
                Some(true) => {}
                Some(false) => self.ignore(),
                None => self.tell(now, told_mark(name, true, 0)),
            },
            Said::Clear => match self.speech.as_mut().map(Speech::clear) {
                Some(true) => {}
                Some(false) | None => self.ignore(),
            },
            Said::Message(text) if self.signals.len() < MAX_SIGNALS => {
                self.signals.push_back(StreamSignal::Text(text.into()));
            }
            Said::Message(_) => self.ignore(),
            Said::Stop => self.begin_end(now, StreamOver::Finished, "finished"),
        }
    }

    fn ignore(&mut self) {
        self.ignored = self.ignored.saturating_add(1);
    }

    fn live(&mut self, now: Instant, event: LiveEvent) {
        let Some(speech) = self.speech.as_mut() else { return };
        for told in speech.event(event) {
            self.tell(now, told);
        }
    }

    /// The first reason stays.
    fn begin_end(&mut self, now: Instant, why: StreamOver, reason: &'static str) {
        if self.end != End::None {
            return;
        }
        let until = match self.speech.as_mut().map(Speech::end) {
            Some(true) => now + LEDGER_TIME,
            Some(false) | None => now,
        };
        self.end = End::Ledger { until, why, reason };
    }

    fn finish_if_due(&mut self, now: Instant) {
        let End::Ledger { until, why, reason } = self.end else {
            return;
        };
        let known = self.speech.as_ref().is_none_or(Speech::is_over);
        if !known && now < until {
            return;
        }
        self.end = End::Over;
        self.outgoing.finish(reason);
        let counts = self.counts();
        self.line.end();
        self.signals.push_back(StreamSignal::Over { why, counts });
        self.wishes.push_back(Output::Close);
    }

    fn counts(&self) -> StreamCounts {
        let ms = |time: Duration| time.as_millis() as u64;
        let ledger = self.speech.as_ref().map(Speech::ledger).unwrap_or_default();
        let unwanted = wire_format(self.setup.options.format).length(self.unwanted);
        StreamCounts {
            heard_ms: self.outgoing.heard_ms(),
            dropped_ms: self.outgoing.dropped_ms(),
            played_ms: ms(ledger.played),
            cleared_ms: ms(ledger.cleared),
            overrun_ms: ms(ledger.overrun + unwanted),
            connections: self.line.connections(),
            ignored: self.ignored,
        }
    }
}

fn told_mark(name: String, played: bool, played_ms: u64) -> Told {
    Told::Mark {
        name,
        played,
        played_ms,
    }
}

fn over(failure: Failure) -> StreamOver {
    match failure {
        Failure::Refused(status) => StreamOver::Refused(status),
        Failure::Unreachable => StreamOver::Unreachable,
    }
}

/// What a server is told of an end.
fn reason(why: StreamEnd) -> &'static str {
    match why {
        StreamEnd::Left(_) => "left",
        _ => "stopped",
    }
}

fn wire_format(format: StreamFormat) -> WireFormat {
    match format {
        StreamFormat::Mulaw8k => WireFormat::Mulaw8k,
        StreamFormat::L16at16k => WireFormat::L16at16k,
        StreamFormat::L16at24k => WireFormat::L16at24k,
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test begins at some moment")]
mod tests;
