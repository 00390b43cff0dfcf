//! What is seen of a call, as JSON.

use crate::records::rfc3339;
use crate::sightings::{Log, LogLine, Sample};
use crate::trace::mask::{self, Show};
use crate::trace::{CallTrace, Direction, TraceRecord, What, ladder};
use patchcord_control::ids::LegId;
use patchcord_control::words::{LogLevel, Quality, SoundQuality, UnixTime};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::HashSet;
use std::time::Duration;

/// What a handler does before the first message of its call is told is not much.
const BEGINNING: Duration = Duration::from_millis(100);

/// The messages of a call's legs and the turns of its handler, in the order they happened.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CallTrace")]
pub(super) struct TraceResource {
    call: String,
    /// Entries from the middle of the call that had no room.
    left_out: u64,
    entries: Vec<Entry>,
}

/// One thing that happened.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "TraceEntry")]
struct Entry {
    at: String,
    /// The leg that it is of.
    #[serde(skip_serializing_if = "Option::is_none")]
    leg: Option<u32>,
    #[serde(flatten)]
    what: Happened,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "what", rename_all = "kebab-case")]
#[schemars(rename = "TraceHappening")]
enum Happened {
    /// A SIP message. Numbers, names, addresses and secrets in it are replaced by `<private>`.
    Message {
        direction: Way,
        /// Such as `UDP` or `TLS`.
        transport: &'static str,
        /// Its method or status in short, such as `INVITE sdp` or `200 OK INVITE`.
        label: String,
        first_line: String,
        text: String,
        /// Whether the same bytes went the same way before.
        again: bool,
    },
    /// The handler asked for something and was answered.
    Turn {
        ask: String,
        answer: String,
        /// How long it waited, in milliseconds.
        waited_ms: u64,
    },
    /// Anything else worth a line: how the handler began, what it logged, how it failed.
    Note { text: String },
}

#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "MessageDirection")]
enum Way {
    /// It came from the far end.
    Received,
    /// It went there.
    Sent,
}

impl From<&CallTrace> for TraceResource {
    fn from(it: &CallTrace) -> Self {
        let mut seen = HashSet::new();
        // A message is told once its call has a name, so some are told late.
        let mut records: Vec<_> = it.records.iter().collect();
        records.sort_by_key(|record| (record.at.seconds, record.at.nanoseconds));
        // Nothing of a call is before the message that begins it, whose time is told a moment late.
        let first = records
            .iter()
            .position(|record| matches!(record.what, What::Sip { .. }));
        if let Some(first) = first.filter(|first| within(records[0], records[*first], BEGINNING)) {
            records[..=first].rotate_right(1);
        }
        let entries = records.into_iter().map(|record| Entry {
            at: rfc3339(record.at),
            leg: record.leg.map(|leg| leg.0),
            what: match &record.what {
                What::Sip { direction, flow, bytes } => message(
                    (*direction, bytes),
                    flow.transport.via(),
                    !seen.insert((*direction, *flow, bytes.clone())),
                ),
                What::Turn { ask, answer, waited } => Happened::Turn {
                    ask: ask.clone(),
                    answer: answer.clone(),
                    waited_ms: waited.as_millis() as u64,
                },
                What::Note(text) => Happened::Note { text: text.clone() },
            },
        });
        Self {
            call: it.call.to_string(),
            left_out: it.left_out,
            entries: entries.collect(),
        }
    }
}

/// Whether two things happened within a time.
fn within(one: &TraceRecord, other: &TraceRecord, time: Duration) -> bool {
    let since_1970 = |at: UnixTime| Duration::new(at.seconds, at.nanoseconds);
    since_1970(other.at).saturating_sub(since_1970(one.at)) < time
}

fn message((direction, bytes): (Direction, &[u8]), transport: &'static str, again: bool) -> Happened {
    let lines = mask::lines(bytes, Show::Harmless);
    Happened::Message {
        direction: match direction {
            Direction::In => Way::Received,
            Direction::Out => Way::Sent,
        },
        transport,
        label: ladder::label(bytes),
        first_line: lines.first().cloned().unwrap_or_default(),
        text: lines.join("\n"),
        again,
    }
}

/// What a call's handler logged.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CallLog")]
pub(super) struct CallLog {
    lines: Vec<LogLineResource>,
    /// Lines that had no room.
    left_out: u64,
}

/// A line of a handler's log.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "LogLine")]
pub(super) struct LogLineResource {
    at: String,
    tenant: String,
    call: String,
    handler: String,
    level: Level,
    text: String,
}

#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "LogLevel")]
enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

impl From<&Log> for CallLog {
    fn from(it: &Log) -> Self {
        Self {
            lines: it.lines.iter().map(|line| (&**line).into()).collect(),
            left_out: it.left_out,
        }
    }
}

impl From<&LogLine> for LogLineResource {
    fn from(it: &LogLine) -> Self {
        Self {
            at: rfc3339(it.at),
            tenant: it.tenant.to_string(),
            call: it.call.to_string(),
            handler: it.handler.to_string(),
            level: match it.level {
                LogLevel::Debug => Level::Debug,
                LogLevel::Info => Level::Info,
                LogLevel::Warn => Level::Warn,
                LogLevel::Error => Level::Error,
            },
            text: it.text.clone(),
        }
    }
}

/// How the legs of a call sound, over time.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CallQuality")]
pub(super) struct CallQuality {
    legs: Vec<LegQuality>,
}

/// How a leg sounds, measured about every five seconds and at its end; of a long call, more rarely.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "LegQuality")]
struct LegQuality {
    leg: u32,
    /// Oldest first. Each counts from the beginning of the leg to its time.
    samples: Vec<QualitySample>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "QualitySample")]
struct QualitySample {
    at: String,
    /// What comes from the far end.
    received: Sound,
    /// What the far end says of what it hears.
    sent: Sound,
    /// There and back, in milliseconds; not there until it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    round_trip_ms: Option<u32>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "SoundQuality")]
struct Sound {
    /// Packets lost, of a hundred.
    lost_percent: f64,
    jitter_ms: f64,
    /// Estimated mean opinion score (ITU-T G.107), 1 to 4.5; not there until it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    mos: Option<f64>,
}

impl From<&[(LegId, Vec<Sample>)]> for CallQuality {
    fn from(it: &[(LegId, Vec<Sample>)]) -> Self {
        let legs = it.iter().map(|(leg, samples)| LegQuality {
            leg: leg.0,
            samples: samples.iter().map(sample).collect(),
        });
        Self { legs: legs.collect() }
    }
}

fn sample(it: &Sample) -> QualitySample {
    let Quality {
        received,
        sent,
        round_trip_ms,
    } = it.quality;
    QualitySample {
        at: rfc3339(it.at),
        received: sound(received),
        sent: sound(sent),
        round_trip_ms,
    }
}

fn sound(it: SoundQuality) -> Sound {
    Sound {
        lost_percent: f64::from(it.lost_permille) / 10.0,
        // A microsecond more or less is nothing to hear.
        jitter_ms: f64::from(it.jitter_us.min(u64::from(u32::MAX)) as u32) / 1_000.0,
        mos: it.mos_hundredths.map(|mos| f64::from(mos) / 100.0),
    }
}
