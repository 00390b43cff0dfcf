//! A record as JSON: the names and units that readers of the file rely on. Own types, so that the inner ones may change.

use crate::encoding::hex;
use crate::recordings::Interrupted;
use patchcord_control::record::{
    CallRecord, HandlerEnd, LegRecord, MediaCounters, RecognitionRecord, RecordingOutcome, RecordingRecord,
    StreamRecord,
};
use patchcord_control::words::{
    AnsweredBy, Began, Interruption, LegDirection, NotRecorded, RecogniseEnd, RecogniseFailure, RecordEnd, StreamEnd,
    UnixTime,
};
use serde::Serialize;

/// One line, without its end.
pub fn line(record: &CallRecord) -> String {
    serde_json::to_string(&Record::from(record)).expect("a record is strings and numbers, which JSON can hold")
}

/// The line of a recording that a killed process left.
pub(crate) fn interrupted(recording: &Interrupted) -> String {
    let line = InterruptedRecording {
        interrupted_recording: &recording.id,
        written_at: rfc3339(recording.written_at),
        length_ms: recording.length_ms,
        bytes: recording.bytes,
        sha256: hex(&recording.sha256),
    };
    serde_json::to_string(&line).expect("a line is strings and numbers, which JSON can hold")
}

/// More than twelve fields: it is the record, and each is a column.
#[derive(Serialize)]
struct Record<'a> {
    call: String,
    tenant: &'a str,
    handler: &'a str,
    module: &'a str,
    /// Why the handler had the call.
    began: &'static str,
    /// How it went, by its first leg.
    status: &'static str,
    /// Who answered a call that was placed.
    #[serde(skip_serializing_if = "Option::is_none")]
    answered_by: Option<&'static str>,
    /// The rule that forbade it.
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<&'a str>,
    continues: Option<String>,
    continued_as: Option<String>,
    started_at: String,
    ended_at: String,
    legs: Vec<Leg<'a>>,
    recordings: Vec<Recording>,
    streams: Vec<Stream>,
    recognitions: Vec<Recognition>,
    handler_end: End<'a>,
    turns: u32,
    fuel: u64,
    memory_peak: u64,
    host_calls: u64,
    /// What its legs to numbers cost, in millionths of the currency.
    cost_micros: u64,
    /// Bytes to web servers and from them.
    http_bytes: u64,
    log_lines_dropped: u32,
    keys_dropped: u32,
}

pub(crate) fn began(why: &Began) -> &'static str {
    match why {
        Began::Offered => "offered",
        Began::Given => "given",
        Began::Fallback(_) => "fallback",
        Began::Redirected(_) => "redirected",
        Began::Placed(_) => "placed",
    }
}

fn answered_by(by: AnsweredBy) -> &'static str {
    match by {
        AnsweredBy::Human => "human",
        AnsweredBy::Machine => "machine",
        AnsweredBy::MachineEnded => "machine_ended",
        AnsweredBy::MachineBeeped => "machine_beeped",
        AnsweredBy::Unknown => "unknown",
    }
}

#[derive(Serialize)]
struct Leg<'a> {
    direction: &'static str,
    from: &'a str,
    to: &'a str,
    answered_at: Option<String>,
    ended_at: String,
    ended_by: &'static str,
    status: Option<u16>,
    media: Option<Media>,
}

#[derive(Serialize)]
struct Media {
    codec: Option<&'static str>,
    srtp: Option<&'static str>,
    packets_in: u64,
    packets_out: u64,
    lost: i64,
    duplicates: u64,
    reordered: u64,
    malformed: u64,
    unauthentic: u64,
    wrong_source: u64,
    jitter_us: u64,
    keys: u64,
    ticks_missed: u64,
    round_trip_us: Option<u64>,
    remote_lost: i64,
    mos: Option<f64>,
    remote_mos: Option<f64>,
}

#[derive(Serialize)]
struct Recording {
    recording: String,
    legs: Vec<u32>,
    /// Of a room, by its number in the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<u32>,
    started_at: String,
    length_ms: u64,
    ended_by: &'static str,
    /// Why a leg left, or what failed.
    why: Option<&'static str>,
    bytes: Option<u64>,
    sha256: Option<String>,
}

/// A line of its own: its call has no record.
#[derive(Serialize)]
struct InterruptedRecording<'a> {
    interrupted_recording: &'a str,
    written_at: String,
    length_ms: u64,
    bytes: u64,
    sha256: String,
}

/// More than twelve fields, because each is a figure of its own in the record of a call.
#[derive(Serialize)]
struct Stream {
    stream: String,
    leg: u32,
    started_at: String,
    lasted_ms: u64,
    ended_by: &'static str,
    why: Option<&'static str>,
    status: Option<u16>,
    heard_ms: u64,
    dropped_ms: u64,
    played_ms: u64,
    cleared_ms: u64,
    overrun_ms: u64,
    connections: u32,
    ignored: u32,
}

#[derive(Serialize)]
struct Recognition {
    leg: u32,
    started_at: String,
    lasted_ms: u64,
    ended_by: &'static str,
    why: Option<&'static str>,
    status: Option<u16>,
    heard_ms: u64,
    dropped_ms: u64,
    finals: u32,
    missed: u32,
    finals_refused: u32,
    connections: u32,
    ignored: u32,
}

#[derive(Serialize)]
struct End<'a> {
    outcome: &'static str,
    fault_kind: Option<&'static str>,
    text: Option<&'a str>,
}

impl<'a> From<&'a CallRecord> for Record<'a> {
    fn from(record: &'a CallRecord) -> Self {
        Self {
            call: record.id.to_string(),
            tenant: &record.tenant.0,
            handler: &record.handler,
            module: &record.module,
            began: began(&record.began),
            status: record.status.name(),
            answered_by: record.answered_by.map(answered_by),
            refusal: record.refusal.as_deref(),
            continues: record.continues.map(|call| call.to_string()),
            continued_as: record.continued_as.map(|call| call.to_string()),
            started_at: rfc3339(record.started_at),
            ended_at: rfc3339(record.ended_at),
            legs: record.legs.iter().map(Leg::from).collect(),
            recordings: record.recordings.iter().map(Recording::from).collect(),
            streams: record.streams.iter().map(Stream::from).collect(),
            recognitions: record.recognitions.iter().map(Recognition::from).collect(),
            handler_end: End::from(&record.handler_end),
            turns: record.turns,
            fuel: record.usage.fuel,
            memory_peak: record.usage.memory_peak,
            host_calls: record.usage.host_calls,
            cost_micros: record.spent.money.0,
            http_bytes: record.spent.http_bytes,
            log_lines_dropped: record.log_lines_dropped,
            keys_dropped: record.keys_dropped,
        }
    }
}

impl<'a> From<&'a LegRecord> for Leg<'a> {
    fn from(leg: &'a LegRecord) -> Self {
        Self {
            direction: match leg.direction {
                LegDirection::Inbound => "inbound",
                LegDirection::Outbound => "outbound",
            },
            from: leg.from.reveal(),
            to: leg.to.reveal(),
            answered_at: leg.answered_at.map(rfc3339),
            ended_at: rfc3339(leg.ended_at),
            ended_by: ended_by(leg.ended_by),
            status: leg.status,
            media: leg.media.as_ref().map(Media::from),
        }
    }
}

impl From<&RecordingRecord> for Recording {
    fn from(it: &RecordingRecord) -> Self {
        let (ended_by, why) = match it.outcome {
            RecordingOutcome::Ended(RecordEnd::Key(_)) => ("key", None),
            RecordingOutcome::Ended(RecordEnd::Silence) => ("silence", None),
            RecordingOutcome::Ended(RecordEnd::Longest) => ("longest", None),
            RecordingOutcome::Ended(RecordEnd::Stopped) => ("stopped", None),
            RecordingOutcome::Ended(RecordEnd::Left(why)) => ("left", Some(self::ended_by(why))),
            RecordingOutcome::Failed(NotRecorded::Storage) => ("failed", Some("storage")),
            RecordingOutcome::Failed(NotRecorded::Overloaded) => ("failed", Some("overloaded")),
            RecordingOutcome::Failed(NotRecorded::Late) => ("failed", Some("late")),
        };
        Self {
            recording: it.id.to_string(),
            legs: it.legs.iter().map(|leg| leg.0).collect(),
            room: it.room,
            started_at: rfc3339(it.started_at),
            length_ms: it.length_ms,
            ended_by,
            why,
            bytes: it.saved.map(|saved| saved.bytes),
            sha256: it.saved.map(|saved| hex(&saved.sha256)),
        }
    }
}

impl From<&StreamRecord> for Stream {
    fn from(it: &StreamRecord) -> Self {
        let (ended_by, why, status) = match it.ended_by {
            StreamEnd::Stopped => ("stopped", None, None),
            StreamEnd::Finished => ("finished", None, None),
            StreamEnd::Left(why) => ("left", Some(self::ended_by(why)), None),
            StreamEnd::Refused(status) => ("refused", None, Some(status)),
            StreamEnd::Unreachable => ("unreachable", None, None),
            StreamEnd::Lost => ("lost", None, None),
            StreamEnd::Overloaded => ("overloaded", None, None),
        };
        let counts = it.counts;
        Self {
            stream: it.id.to_string(),
            leg: it.leg.0,
            started_at: rfc3339(it.started_at),
            lasted_ms: it.lasted_ms,
            ended_by,
            why,
            status,
            heard_ms: counts.heard_ms,
            dropped_ms: counts.dropped_ms,
            played_ms: counts.played_ms,
            cleared_ms: counts.cleared_ms,
            overrun_ms: counts.overrun_ms,
            connections: counts.connections,
            ignored: counts.ignored,
        }
    }
}

impl From<&RecognitionRecord> for Recognition {
    fn from(it: &RecognitionRecord) -> Self {
        let (ended_by, why, status) = match it.outcome.ended_by {
            RecogniseEnd::Stopped => ("stopped", None, None),
            RecogniseEnd::Longest => ("longest", None, None),
            RecogniseEnd::Left(why) => ("left", Some(self::ended_by(why)), None),
            RecogniseEnd::Failed(why) => match why {
                RecogniseFailure::Refused(status) => ("failed", Some("refused"), Some(status)),
                RecogniseFailure::Unreachable => ("failed", Some("unreachable"), None),
                RecogniseFailure::Lost => ("failed", Some("lost"), None),
                RecogniseFailure::Overloaded => ("failed", Some("overloaded"), None),
                RecogniseFailure::Language => ("failed", Some("language"), None),
                RecogniseFailure::Recogniser => ("failed", Some("recogniser"), None),
            },
        };
        let counts = it.outcome.counts;
        Self {
            leg: it.leg.0,
            started_at: rfc3339(it.started_at),
            lasted_ms: it.outcome.lasted_ms,
            ended_by,
            why,
            status,
            heard_ms: counts.heard_ms,
            dropped_ms: counts.dropped_ms,
            finals: counts.finals,
            missed: it.outcome.missed,
            finals_refused: counts.finals_refused,
            connections: counts.connections,
            ignored: counts.ignored,
        }
    }
}

impl From<&MediaCounters> for Media {
    fn from(counted: &MediaCounters) -> Self {
        Self {
            codec: counted.codec,
            srtp: counted.srtp,
            packets_in: counted.packets_in,
            packets_out: counted.packets_out,
            lost: counted.lost,
            duplicates: counted.duplicates,
            reordered: counted.reordered,
            malformed: counted.malformed,
            unauthentic: counted.unauthentic,
            wrong_source: counted.wrong_source,
            jitter_us: counted.jitter_us,
            keys: counted.keys,
            ticks_missed: counted.ticks_missed,
            round_trip_us: counted.round_trip_us,
            remote_lost: counted.remote_lost,
            mos: counted.mos_hundredths.map(score),
            remote_mos: counted.remote_mos_hundredths.map(score),
        }
    }
}

/// A mean opinion score of hundredths.
fn score(hundredths: u16) -> f64 {
    f64::from(hundredths) / 100.0
}

impl<'a> From<&'a HandlerEnd> for End<'a> {
    fn from(end: &'a HandlerEnd) -> Self {
        match end {
            HandlerEnd::Done => Self {
                outcome: "done",
                fault_kind: None,
                text: None,
            },
            HandlerEnd::NotRun => Self {
                outcome: "not_run",
                fault_kind: None,
                text: None,
            },
            HandlerEnd::Faulted(fault) => Self {
                outcome: "faulted",
                fault_kind: Some(fault.kind.name()),
                text: Some(&fault.text),
            },
        }
    }
}

/// Why a leg ended, as records and logs name it.
pub(crate) fn ended_by(why: Interruption) -> &'static str {
    match why {
        Interruption::HungUp => "hung_up",
        Interruption::Cancelled => "cancelled",
        Interruption::MediaLost => "media_lost",
        Interruption::SignallingLost => "signalling_lost",
        Interruption::TimeLimit => "time_limit",
        Interruption::EndedByPlatform => "ended_by_platform",
        Interruption::EndedByHandler => "ended_by_handler",
        Interruption::Moved => "moved",
        Interruption::NotConnected => "not_connected",
    }
}

/// RFC 3339 in UTC with milliseconds, cut and not rounded: `2026-11-23T23:35:58.041Z`.
pub(crate) fn rfc3339(time: UnixTime) -> String {
    let (days, second) = (time.seconds / 86_400, time.seconds % 86_400);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    let ms = time.nanoseconds / 1_000_000;
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
}

/// The date of a day counted from 1970-01-01, in years that begin in March, so that the leap day comes last.
fn civil(days: u64) -> (u64, u64, u64) {
    const DAYS_TO_1970: u64 = 719_468;
    const DAYS_IN_400_YEARS: u64 = 146_097;
    let days = days + DAYS_TO_1970;
    let (era, day) = (days / DAYS_IN_400_YEARS, days % DAYS_IN_400_YEARS);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    (era * 400 + year + u64::from(month <= 2), month, day_of_month)
}
