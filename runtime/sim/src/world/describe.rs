//! The words of the log. Its readers made the calls themselves, so keys and start lines are shown as they are.

use crate::network::Fate;
use crate::phone::{Action, CallerName, End, Event, LineId, Offer};
use patchcord_control::ids::CallId;
use patchcord_control::record::{CallRecord, HandlerEnd};
use patchcord_media::{Counters, KeyPress, Report};
use patchcord_switch::Notice;

/// Letters of a start line shown; the rest is cut.
const START_LINE: usize = 120;

/// How the log's line about a handler that failed begins, after the call.
pub(crate) const FAULT: &str = "FAULT: ";

/// A message's first line; a response's with the method it answers.
pub(super) fn start_line(bytes: &[u8]) -> String {
    let mut lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    let first = lines.next().unwrap_or_default();
    let text = String::from_utf8_lossy(&first[..first.len().min(START_LINE)]).into_owned();
    if !first.starts_with(b"SIP/") {
        return text;
    }
    let method = lines.find_map(|line| line.strip_prefix(b"CSeq: ")?.rsplit(|byte| *byte == b' ').next());
    method.map_or(text.clone(), |method| {
        format!("{text} ({})", String::from_utf8_lossy(method))
    })
}

pub(super) fn fate(fate: Fate) -> &'static str {
    match fate {
        Fate::Sent => "",
        Fate::Twice => "  (arrives twice)",
        Fate::Lost => "  (lost)",
    }
}

/// With the line, unless it is the first.
pub(super) fn on_line(line: LineId, what: String) -> String {
    match line {
        LineId::FIRST => what,
        line => format!("{what} (line {})", line.number() + 1),
    }
}

pub(super) fn action(action: &Action) -> String {
    match action {
        Action::Call(dial) if dial.offer == Offer::Late => format!("calls {} without an offer", dial.uri),
        Action::Call(dial) => format!("calls {}", dial.uri),
        Action::Ring => "rings".to_owned(),
        Action::EarlyMedia => "sends sound before the answer".to_owned(),
        Action::Answer => "answers".to_owned(),
        Action::Refuse(status) => format!("refuses with {status}"),
        Action::Press(keys) => format!("presses {}", keys.iter().map(key).collect::<String>()),
        Action::PressByInfo(keys) => format!("presses {} by INFO", keys.iter().map(key).collect::<String>()),
        Action::Hum(Some(hz)) => format!("hums {hz} Hz"),
        Action::Hum(None) => "falls silent".to_owned(),
        Action::Transfer(to) => format!("transfers to {to}"),
        Action::TransferTo(line) => format!("transfers to line {}", line.number() + 1),
        Action::Register(wanted) => format!("registers as {}@{}", wanted.user, wanted.domain),
        Action::Unregister => "unregisters".to_owned(),
        Action::Say(clip) => format!("speaks for {} ms", clip.duration().as_millis()),
        Action::Hold => "holds".to_owned(),
        Action::Resume => "resumes".to_owned(),
        Action::AskPacketTime(ms) => format!("asks for packets of {ms} ms"),
        Action::Cancel => "cancels".to_owned(),
        Action::HangUp => "hangs up".to_owned(),
        Action::Leave => "leaves".to_owned(),
    }
}

pub(super) fn event(event: &Event) -> String {
    match event {
        Event::Incoming(CallerName { user, display }) if display.is_empty() => format!("* call from {user}"),
        Event::Incoming(CallerName { user, display }) => format!("* call from {display:?} {user}"),
        Event::Progress { status } => format!("* progress {status}"),
        Event::EarlyMedia => "* early media".to_owned(),
        Event::Answered => "* answered".to_owned(),
        Event::KeySent => "* key sent".to_owned(),
        Event::KeyHeard(key) => format!("* key {} heard", key_name(key.0)),
        Event::Said => "* clip said".to_owned(),
        Event::Held => "* held".to_owned(),
        Event::Resumed => "* resumed".to_owned(),
        Event::HoldRefused { status } => format!("* hold refused with {status}"),
        Event::Changed => "* session changed by the far end".to_owned(),
        Event::Silent => "* no audio comes".to_owned(),
        Event::TransferProgress { status } => format!("* transfer goes on: {status}"),
        Event::TransferEnded { status } => format!("* transfer ended: {status}"),
        Event::Referred { line } => format!("* asked to call somebody, on line {}", line.number() + 1),
        Event::Registered { expires_s } => format!("* registered for {expires_s} s"),
        Event::Unregistered => "* not registered any more".to_owned(),
        Event::RegistrationRefused { status } => format!("* registration refused with {status}"),
        Event::Refused(why) => format!("* not done: {why}"),
        Event::Ended { end: why, counters } => format!("* ended: {}{}", end(why), audio(counters.as_ref())),
    }
}

/// What happened to a phone, in words for the middle of a sentence.
pub(crate) fn event_in_words(happened: &Event) -> String {
    match happened {
        // How much sound there was does not matter there.
        Event::Ended { end: why, .. } => format!("the call ended: {}", end(why)),
        other => event(other).trim_start_matches("* ").to_owned(),
    }
}

pub(crate) fn end(end: &End) -> String {
    match end {
        End::ByFarEnd => "hung up by the far end".to_owned(),
        End::ByPhone => "hung up".to_owned(),
        End::Cancelled => "cancelled".to_owned(),
        End::GivenUp => "given up by the caller".to_owned(),
        End::Declined { status } => format!("declined with {status}"),
        End::Replaced => "replaced by another call".to_owned(),
        End::Expired => "the session expired".to_owned(),
        End::Refused { status } => format!("refused with {status}"),
        End::TimedOut => "no response in time".to_owned(),
        End::NoCommonAudio => "no common audio".to_owned(),
        End::Broken => "the far end broke the dialog".to_owned(),
    }
}

pub(super) fn notice(call: CallId, notice: &Notice) -> String {
    // The first letters of the id are enough to tell the calls of a scenario apart.
    let call = &call.to_string()[..9];
    match notice {
        Notice::Started {
            handler,
            module,
            continues,
            ..
        } => {
            let before = continues.map_or_else(String::new, |before| {
                format!(", goes on for {}", &before.to_string()[..9])
            });
            format!(
                "{call}  begins: {handler} (module {}){before}",
                &module[..module.len().min(12)]
            )
        }
        Notice::Turn(turn) => {
            format!(
                "{call}  {} => {} (after {} ms)",
                turn.ask,
                turn.answer,
                turn.waited.as_millis()
            )
        }
        Notice::Log { level, message } => format!("{call}  {level:?}: {message}"),
        Notice::Trial { module, news, .. } => format!("{call}  version {} {news}", &module[..module.len().min(12)]),
        Notice::Fault(fault) => format!("{call}  {FAULT}{fault}"),
    }
}

pub(super) fn record(record: &CallRecord) -> String {
    let end = match &record.handler_end {
        HandlerEnd::Done => "handler done".to_owned(),
        HandlerEnd::NotRun => "handler never ran".to_owned(),
        HandlerEnd::Faulted(fault) => format!("handler faulted ({})", fault.kind.name()),
    };
    let leg = record
        .legs
        .first()
        .map(|leg| format!(", leg ended by {:?}", leg.ended_by))
        .unwrap_or_default();
    let call = &record.id.to_string()[..9];
    format!(
        "{call}  record: {end}{leg}, {} turns, fuel {}",
        record.turns, record.usage.fuel
    )
}

pub(super) fn report(report: &Report) -> Option<String> {
    match report {
        Report::Key { session, event, .. } => Some(format!("session {}: key {}", session.0, key_name(*event))),
        Report::PlayEnded {
            session, played, why, ..
        } => Some(format!(
            "session {}: prompt ended, {why:?} after {} ms",
            session.0,
            played.as_millis()
        )),
        Report::Detected { session, verdict, .. } => Some(format!("session {}: {verdict:?} answered", session.0)),
        Report::Silent { session } => Some(format!("session {}: no audio comes", session.0)),
        Report::Refused { session, why } => Some(format!("session {}: refused, {why:?}", session.0)),
        Report::Ear { session, event, .. } => Some(format!("session {}: ear {event:?}", session.0)),
        Report::Tap { session, event, .. } => Some(format!("session {}: tap {event:?}", session.0)),
        Report::Live { session, event, .. } => Some(format!("session {}: live {event:?}", session.0)),
        // Every five seconds of every leg would drown everything else.
        Report::Quality { .. } => None,
        Report::Room { room, event } => Some(format!("room {}: {event:?}", room.number)),
        Report::Closed { session, counters } => Some(format!("session {} closed{}", session.0, audio(Some(counters)))),
    }
}

fn audio(counters: Option<&Counters>) -> String {
    let Some(counted) = counters else { return String::new() };
    format!(
        " ({} packets in, {} out, {} lost)",
        counted.packets_in, counted.packets_out, counted.lost
    )
}

fn key(press: &KeyPress) -> char {
    key_name(press.event)
}

fn key_name(event: u8) -> char {
    const KEYS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D',
    ];
    KEYS.get(usize::from(event)).copied().unwrap_or('?')
}
