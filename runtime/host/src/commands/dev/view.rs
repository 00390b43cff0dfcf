//! A call as the developer at the terminal sees it: one line for each turn, log line and fault, and one for its end.
//! Pure: what was seen goes in, a line comes out. Callers' numbers are never shown.

use crate::commands::terminal::{Paint, size, time};
use patchcord_control::ids::CallId;
use patchcord_control::record::{CallRecord, HandlerEnd, MediaCounters};
use patchcord_control::words::{Interruption, LogLevel, UnixTime};
use patchcord_host::Seen;
use patchcord_switch::Notice;

/// How many digits of a call's id are shown; enough to tell the calls of an afternoon apart.
const ID_DIGITS: usize = 6;
/// How many digits of a module's hash are shown.
pub(crate) const HASH_DIGITS: usize = 12;

/// The line for something seen.
pub(crate) fn line(seen: &Seen, paint: Paint) -> String {
    match seen {
        Seen::Notice { call, notice } => format!("{}  {}", paint.dim(short(*call)), notice_line(notice, paint)),
        Seen::Ended(record) => format!("{}  {}", paint.dim(short(record.id)), end_line(record, paint)),
    }
}

/// The call that has just begun.
pub(crate) fn started(seen: &Seen) -> Option<CallId> {
    match seen {
        Seen::Notice {
            call,
            notice: Notice::Started { .. },
        } => Some(*call),
        _ => None,
    }
}

fn notice_line(notice: &Notice, paint: Paint) -> String {
    match notice {
        Notice::Started {
            handler,
            module,
            continues,
            ..
        } => {
            let hash = module.get(..HASH_DIGITS).unwrap_or(module);
            let before = continues.map_or_else(String::new, |before| format!(", goes on for {}", short(before)));
            format!("{}  {handler} {}{before}", paint.bold("started"), paint.dim(hash))
        }
        Notice::Turn(turn) => format!(
            "{:>8.3} s  {}  {} {}  {}",
            turn.at.as_secs_f64(),
            turn.ask,
            paint.dim("->"),
            turn.answer,
            paint.dim(format!("waited {}", time(turn.waited)))
        ),
        Notice::Log { level, message } => format!("{}  {message}", level_word(*level, paint)),
        Notice::Trial { news, .. } => format!("{}  {news}", paint.bold("version")),
        Notice::Fault(text) => format!("{}  {text}", paint.red("fault")),
    }
}

fn level_word(level: LogLevel, paint: Paint) -> String {
    let word = format!("log {}", format!("{level:?}").to_lowercase());
    match level {
        LogLevel::Error => paint.red(word),
        LogLevel::Warn => paint.yellow(word),
        _ => paint.dim(word),
    }
}

fn end_line(record: &CallRecord, paint: Paint) -> String {
    let end = match &record.handler_end {
        HandlerEnd::Done => paint.green("done"),
        HandlerEnd::NotRun => paint.dim(record.status.name()),
        HandlerEnd::Faulted(fault) => paint.red(fault.kind.name()),
    };
    let legs: Vec<String> = record
        .legs
        .iter()
        .map(|leg| {
            let status = leg.status.map(|status| format!(" with {status}")).unwrap_or_default();
            format!("{}{status}", ended_by(leg.ended_by))
        })
        .collect();
    let mut parts = vec![format!("handler {end}"), legs.join(", ")];
    parts.push(format!("{:.1} s", seconds_between(record.started_at, record.ended_at)));
    parts.push(format!("{} turns", record.turns));
    parts.push(format!("fuel {}", record.usage.fuel));
    parts.push(format!("memory {}", size(record.usage.memory_peak)));
    parts.extend(record.legs.iter().filter_map(|leg| leg.media.as_ref()).map(media_words));
    if record.log_lines_dropped > 0 {
        parts.push(paint.yellow(format!("{} log lines dropped", record.log_lines_dropped)));
    }
    if record.keys_dropped > 0 {
        parts.push(paint.yellow(format!("{} keys nobody collected", record.keys_dropped)));
    }
    parts.retain(|part| !part.is_empty());
    format!("{}  {}", paint.bold("ended"), parts.join(", "))
}

fn ended_by(why: Interruption) -> &'static str {
    match why {
        Interruption::HungUp => "caller hung up",
        Interruption::Cancelled => "caller gave up",
        Interruption::MediaLost => "no audio came any more",
        Interruption::SignallingLost => "signalling was lost",
        Interruption::TimeLimit => "time limit reached",
        Interruption::EndedByPlatform => "ended by the platform",
        Interruption::EndedByHandler => "ended by the handler",
        Interruption::Moved => "moved to another call",
        Interruption::NotConnected => "never connected",
    }
}

fn media_words(media: &MediaCounters) -> String {
    let score = media
        .mos_hundredths
        .map(|mos| format!(", MOS {:.1}", f64::from(mos) / 100.0));
    format!(
        "packets {} in {} out {} lost, jitter {:.1} ms{}, {} keys",
        media.packets_in,
        media.packets_out,
        media.lost,
        std::time::Duration::from_micros(media.jitter_us).as_secs_f64() * 1e3,
        score.unwrap_or_default(),
        media.keys
    )
}

fn seconds_between(start: UnixTime, end: UnixTime) -> f64 {
    let whole = end.seconds.saturating_sub(start.seconds);
    let part = f64::from(end.nanoseconds) - f64::from(start.nanoseconds);
    #[expect(
        clippy::cast_precision_loss,
        reason = "a call lasts hours at most, shown to a tenth of a second"
    )]
    let seconds = whole as f64 + part / 1e9;
    seconds.max(0.0)
}

fn short(call: CallId) -> String {
    call.to_string().chars().take("call_".len() + ID_DIGITS).collect()
}

#[cfg(test)]
mod tests;
