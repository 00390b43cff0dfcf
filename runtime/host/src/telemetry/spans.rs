//! The spans of a call: made from its record and from what its handler waited for. Pure: times are those of the call.
//!
//! A call is one trace, and its id is the trace's: whoever has a call's id finds its trace. Below the call are its legs, and
//! the turns of its handler, each from the moment it began to wait; below a turn is the media phase that it waited in, below
//! a leg what was recorded, streamed or recognised of it. A call that went on in another links to it. No number, address,
//! key or text is in any attribute.

use crate::log::module_short;
use crate::records::{began, ended_by};
use patchcord_control::call::TurnTrace;
use patchcord_control::ids::CallId;
use patchcord_control::record::{CallRecord, HandlerEnd, LegRecord, MediaCounters, RecordingOutcome, RecordingRecord};
use patchcord_control::words::{LegDirection, UnixTime};
use std::time::Duration;

/// Letters of the name of what a handler asks, at most: what comes after may be private.
const ASKED_MAX: usize = 40;

/// A span.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Span {
    pub(super) trace: TraceId,
    pub(super) id: SpanId,
    pub(super) parent: Option<SpanId>,
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// Since 1970.
    pub(super) start: Duration,
    pub(super) end: Duration,
    pub(super) attributes: Vec<(&'static str, Value)>,
    /// Why it failed, by name.
    pub(super) failed: Option<&'static str>,
    /// The root of another trace that it goes on from.
    pub(super) continues: Option<(TraceId, SpanId)>,
}

/// Whose doing it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Internal,
    /// Somebody called us.
    Server,
    /// We called.
    Client,
}

/// What an attribute says.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    Number(i64),
    Real(f64),
}

/// A trace by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct TraceId(pub(super) u128);

/// A span by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct SpanId(pub(super) u64);

impl TraceId {
    /// The call's own id, of which one in 2^128 is no trace's.
    pub(super) fn of(call: CallId) -> Self {
        Self(call.0.max(1))
    }
}

impl SpanId {
    /// A span by its place in its trace, 0 for the root: anybody can name it (the finaliser of splitmix64).
    fn of(trace: TraceId, place: u64) -> Self {
        let mut bits = (trace.0 as u64) ^ ((trace.0 >> 64) as u64).rotate_left(32);
        bits = bits.wrapping_add((place + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Self((bits ^ (bits >> 31)).max(1))
    }
}

/// Whether a call has a trace.
pub(super) fn is_sampled(call: CallId, percent: u8) -> bool {
    (call.0 as u64) % 100 < u64::from(percent)
}

/// A turn of a handler, as far as it may be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Turn {
    /// The name of what was asked, without its arguments.
    asked: String,
    /// From the call's beginning.
    began: Duration,
    ended: Duration,
}

impl Turn {
    pub(super) fn of(turn: &TurnTrace) -> Self {
        let name = turn
            .ask
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || "-.".contains(*c));
        Self {
            asked: name.take(ASKED_MAX).collect(),
            began: turn.at.saturating_sub(turn.waited),
            ended: turn.at,
        }
    }

    /// The media phase that it waited in.
    fn phase(&self) -> Option<&'static str> {
        match self.asked.as_str() {
            "play" | "play.result" => Some("playing"),
            "gather" | "gather.result" => Some("gathering"),
            "bridge" | "bridge.result" => Some("bridged"),
            "dial" | "dial.result" => Some("dialling"),
            _ => None,
        }
    }
}

/// Every span of a call that is over.
pub(super) fn of_call(record: &CallRecord, turns: &[Turn]) -> Vec<Span> {
    let mut trace = Trace::new(record);
    let call = trace.call(record);
    let legs: Vec<SpanId> = record
        .legs
        .iter()
        .enumerate()
        .map(|(place, leg)| trace.leg(call, place, leg))
        .collect();
    for turn in turns {
        trace.turn(call, turn);
    }
    let of_leg = |leg: usize| legs.get(leg).copied().unwrap_or(call);
    for recording in &record.recordings {
        let leg = recording.legs.first().map_or(call, |leg| of_leg(leg.0 as usize));
        trace.recording(leg, recording);
    }
    for stream in &record.streams {
        let (start, lasted) = (unix(stream.started_at), Duration::from_millis(stream.lasted_ms));
        trace.push(
            of_leg(stream.leg.0 as usize),
            "streaming",
            (start, start + lasted),
            Vec::new(),
        );
    }
    for one in &record.recognitions {
        let start = unix(one.started_at);
        trace.push(
            of_leg(one.leg.0 as usize),
            "recognising",
            (start, trace.ended.max(start)),
            Vec::new(),
        );
    }
    trace.spans
}

/// A trace that is being made.
struct Trace {
    id: TraceId,
    began: Duration,
    ended: Duration,
    spans: Vec<Span>,
}

impl Trace {
    fn new(record: &CallRecord) -> Self {
        let began = unix(record.started_at);
        Self {
            id: TraceId::of(record.id),
            began,
            ended: unix(record.ended_at).max(began),
            spans: Vec::new(),
        }
    }

    fn push(
        &mut self,
        parent: SpanId,
        name: &'static str,
        (start, end): (Duration, Duration),
        attributes: Vec<(&'static str, Value)>,
    ) -> &mut Span {
        let id = SpanId::of(self.id, self.spans.len() as u64);
        self.spans.push(Span {
            trace: self.id,
            id,
            parent: Some(parent).filter(|parent| *parent != id),
            name,
            kind: Kind::Internal,
            start,
            end: end.max(start),
            attributes,
            failed: None,
            continues: None,
        });
        self.spans.last_mut().expect("one was just put in")
    }

    fn call(&mut self, record: &CallRecord) -> SpanId {
        let text = |text: &str| Value::Text(text.to_owned());
        let attributes = vec![
            ("patchcord.call", Value::Text(record.id.to_string())),
            ("patchcord.tenant", text(&record.tenant.0)),
            ("patchcord.handler", text(&record.handler)),
            ("patchcord.module", text(module_short(&record.module))),
            ("patchcord.began", text(began(&record.began))),
            ("patchcord.status", text(record.status.name())),
            ("patchcord.turns", Value::Number(i64::from(record.turns))),
            ("patchcord.fuel", number(record.usage.fuel)),
            ("patchcord.memory_peak", number(record.usage.memory_peak)),
            ("patchcord.host_calls", number(record.usage.host_calls)),
        ];
        let (root, times) = (SpanId::of(self.id, 0), (self.began, self.ended));
        let span = self.push(root, "call", times, attributes);
        span.kind = match record.legs.first().map(|leg| leg.direction) {
            Some(LegDirection::Outbound) => Kind::Client,
            Some(LegDirection::Inbound) => Kind::Server,
            None => Kind::Internal,
        };
        if let HandlerEnd::Faulted(fault) = &record.handler_end {
            span.failed = Some(fault.kind.name());
        }
        span.continues = record.continues.map(|call| {
            let trace = TraceId::of(call);
            (trace, SpanId::of(trace, 0))
        });
        span.id
    }

    /// When a dialled leg was begun is in no record: its span begins when it was answered.
    fn leg(&mut self, call: SpanId, place: usize, leg: &LegRecord) -> SpanId {
        let ended = unix(leg.ended_at);
        let start = match place {
            0 => self.began,
            _ => leg.answered_at.map_or(ended, unix),
        };
        let direction = match leg.direction {
            LegDirection::Inbound => "inbound",
            LegDirection::Outbound => "outbound",
        };
        let mut attributes = vec![
            ("patchcord.leg", number(place as u64)),
            ("patchcord.direction", Value::Text(direction.to_owned())),
            ("patchcord.ended_by", Value::Text(ended_by(leg.ended_by).to_owned())),
        ];
        if let Some(answered) = leg.answered_at {
            let after = unix(answered).saturating_sub(self.began);
            attributes.push(("patchcord.answered_after_ms", number(after.as_millis() as u64)));
        }
        attributes.extend(leg.status.map(|status| ("sip.status", number(u64::from(status)))));
        attributes.extend(leg.media.iter().flat_map(quality));
        self.push(call, "leg", (start, ended), attributes).id
    }

    fn turn(&mut self, call: SpanId, turn: &Turn) {
        let times = (self.began + turn.began, self.began + turn.ended);
        let asked = vec![("patchcord.asked", Value::Text(turn.asked.clone()))];
        let id = self.push(call, "turn", times, asked).id;
        if let Some(phase) = turn.phase() {
            self.push(id, phase, times, Vec::new());
        }
    }

    fn recording(&mut self, leg: SpanId, recording: &RecordingRecord) {
        let (start, length) = (unix(recording.started_at), Duration::from_millis(recording.length_ms));
        let bytes = recording
            .saved
            .as_ref()
            .map(|saved| ("patchcord.bytes", number(saved.bytes)));
        let span = self.push(leg, "recording", (start, start + length), bytes.into_iter().collect());
        if let RecordingOutcome::Failed(_) = recording.outcome {
            span.failed = Some("not_recorded");
        }
    }
}

/// How it sounded.
fn quality(media: &MediaCounters) -> Vec<(&'static str, Value)> {
    let codec = media
        .codec
        .map(|codec| ("patchcord.codec", Value::Text(codec.to_owned())));
    let mos = |mos: Option<u16>| mos.map(|hundredths| Value::Real(f64::from(hundredths) / 100.0));
    let round_trip = media.round_trip_us.map(|us| ("patchcord.round_trip_us", number(us)));
    let packets = [
        ("patchcord.packets_in", number(media.packets_in)),
        ("patchcord.packets_out", number(media.packets_out)),
        ("patchcord.packets_lost", Value::Number(media.lost)),
        ("patchcord.jitter_us", number(media.jitter_us)),
    ];
    let heard = mos(media.mos_hundredths).map(|mos| ("patchcord.mos", mos));
    packets
        .into_iter()
        .chain(codec)
        .chain(round_trip)
        .chain(heard)
        .collect()
}

fn number(value: u64) -> Value {
    Value::Number(i64::try_from(value).unwrap_or(i64::MAX))
}

fn unix(at: UnixTime) -> Duration {
    Duration::new(at.seconds, at.nanoseconds)
}

#[cfg(test)]
mod tests;
