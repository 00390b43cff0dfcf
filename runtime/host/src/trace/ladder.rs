//! A trace as a ladder: one line of life for us and one for each leg, an arrow for each message, and between them what the
//! handler asked and was told. Pure: a trace goes in, lines come out.

use super::mask::{self, Show, printable};
use super::{CallTrace, Direction, TraceRecord, What};
use patchcord_control::ids::LegId;
use patchcord_control::words::UnixTime;
use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;

/// Letters between two lines of life.
const WIDTH: usize = 34;
/// Of a reason phrase so much is shown.
const REASON: usize = 16;
/// Before the first line of life stands the time.
const MARGIN: usize = 10;
/// Lines of life at most; messages of further legs get no arrow.
const LEGS: usize = 16;

/// Whether each message follows its arrow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Messages {
    /// Only arrows.
    Hidden,
    /// Whole messages below their arrows.
    Shown,
}

/// The ladder.
pub fn lines(trace: &CallTrace, show: Show, messages: Messages) -> Vec<String> {
    let legs = legs(trace);
    let mut seen = HashSet::new();
    let mut lines = head(trace, &legs, show);
    let begin = trace.records.first().map(|record| record.at);
    for record in &trace.records {
        let time = format!("{:>8.3}  ", since(begin.unwrap_or(record.at), record.at));
        match &record.what {
            What::Sip { direction, bytes, flow } => {
                let mut label = label(bytes);
                // The same bytes the same way once more: sent again, not a new message.
                if !seen.insert((*direction, *flow, bytes.clone())) {
                    label.push_str(" again");
                }
                let column = record.leg.and_then(|leg| legs.get(&leg));
                lines.push(format!(
                    "{time}{}",
                    arrow(*direction, column.copied(), legs.len().min(LEGS), &label)
                ));
                if messages == Messages::Shown {
                    let text = mask::lines(bytes, show);
                    lines.extend(
                        text.into_iter()
                            .map(|line| format!("{:MARGIN$}|    {line}", "").trim_end().to_owned()),
                    );
                }
            }
            What::Turn { ask, answer, waited } => {
                let (ask, answer) = (printable(ask), printable(answer));
                let waited = waited.as_secs_f64();
                lines.push(format!("{time}|  {ask} -> {answer}  ({waited:.3} s)"));
            }
            What::Note(note) => lines.push(format!("{time}|  * {}", printable(note))),
        }
    }
    if trace.left_out > 0 {
        let count = trace.left_out;
        lines.push(format!(
            "{:MARGIN$}{count} records from the middle of the call had no room",
            ""
        ));
    }
    lines
}

/// The legs that have messages, each with its column.
fn legs(trace: &CallTrace) -> BTreeMap<LegId, usize> {
    let with_messages = trace
        .records
        .iter()
        .filter(|record| matches!(record.what, What::Sip { .. }));
    let mut legs: BTreeMap<LegId, usize> = with_messages.filter_map(|record| Some((record.leg?, 0))).collect();
    for (column, place) in legs.values_mut().enumerate() {
        *place = column;
    }
    legs
}

fn head(trace: &CallTrace, legs: &BTreeMap<LegId, usize>, show: Show) -> Vec<String> {
    let count = |is: fn(&TraceRecord) -> bool| trace.records.iter().filter(|record| is(record)).count();
    let messages = count(|record| matches!(record.what, What::Sip { .. }));
    let turns = count(|record| matches!(record.what, What::Turn { .. }));
    let title = format!(
        "{}  {messages} messages on {} legs, {turns} turns",
        trace.call,
        legs.len()
    );
    let mut names = format!("{:MARGIN$}{:<WIDTH$}", "", "handler");
    for leg in legs.keys().take(LEGS) {
        let way = trace.records.iter().find_map(|record| match &record.what {
            What::Sip { flow, .. } if record.leg == Some(*leg) => Some(*flow),
            _ => None,
        });
        let way = way.map_or_else(String::new, |flow| match show {
            Show::Everything => format!(" {} {}", flow.transport.via(), flow.peer),
            Show::Harmless => format!(" {}", flow.transport.via()),
        });
        let name = format!("leg {}{way}", leg.0);
        // Above its own line of life.
        let _ = write!(names, " {name:<WIDTH$}");
    }
    vec![title, names.trim_end().to_owned()]
}

/// An arrow between our line of life and that of a leg, with lines of life of the others.
fn arrow(direction: Direction, column: Option<usize>, legs: usize, label: &str) -> String {
    let Some(column) = column.filter(|column| *column < LEGS) else {
        let way = match direction {
            Direction::In => "<-",
            Direction::Out => "->",
        };
        return format!("|  {way} {label}");
    };
    let mut line = "|".to_owned();
    for place in 0..legs {
        let segment = match place.cmp(&column) {
            std::cmp::Ordering::Less => "-".repeat(WIDTH),
            std::cmp::Ordering::Equal => {
                let label: String = label.chars().take(WIDTH - 6).collect();
                format!("{:-^WIDTH$}", format!(" {label} "))
            }
            std::cmp::Ordering::Greater => " ".repeat(WIDTH),
        };
        line.push_str(&segment);
        line.push('|');
    }
    // Everything in it is ASCII up to the label, whose place the arrow heads never touch.
    let mut letters: Vec<char> = line.chars().collect();
    match direction {
        Direction::In => letters[1] = '<',
        Direction::Out => letters[(column + 1) * (WIDTH + 1) - 1] = '>',
    }
    letters.into_iter().collect()
}

/// What a message is: method or status, and whether it carries a session description.
pub(crate) fn label(message: &[u8]) -> String {
    let text = String::from_utf8_lossy(message);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let first = head.lines().next().unwrap_or_default();
    let mut words = first.splitn(3, ' ');
    let mut label = if first.starts_with("SIP/") {
        let status = words.nth(1).unwrap_or_default();
        let reason: String = words.next().unwrap_or_default().chars().take(REASON).collect();
        let method = field(head, "cseq", "cseq").and_then(|value| value.split_whitespace().nth(1));
        format!("{status} {} {}", reason.trim(), method.unwrap_or_default())
    } else {
        words.next().unwrap_or_default().to_owned()
    };
    let is_sdp = field(head, "content-type", "c").is_some_and(|kind| kind.eq_ignore_ascii_case("application/sdp"));
    if is_sdp && !body.is_empty() {
        label = format!("{} sdp", label.trim_end());
    }
    printable(label.trim())
}

fn field<'a>(head: &'a str, long: &str, compact: &str) -> Option<&'a str> {
    head.lines().skip(1).find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let name = name.trim();
        let is_it = name.eq_ignore_ascii_case(long) || name.eq_ignore_ascii_case(compact);
        is_it.then(|| value.trim())
    })
}

fn since(begin: UnixTime, at: UnixTime) -> f64 {
    let nanoseconds = |time: UnixTime| i128::from(time.seconds) * 1_000_000_000 + i128::from(time.nanoseconds);
    #[expect(
        clippy::cast_precision_loss,
        reason = "shown to a millisecond, and a call lasts hours at most"
    )]
    let seconds = (nanoseconds(at) - nanoseconds(begin)) as f64 / 1e9;
    seconds
}

#[cfg(test)]
mod tests;
