//! What a step can wait for, and whether it is there, is missing, or cannot come any more.

use super::format::{CalledStep, EndedBy, EndedStep, TransferredStep, Within};
use super::heard::describe;
use super::listen::Ear;
use crate::phone::{CallerName, End, Event, HeardKey, key_event};
use crate::world::{end_in_words, event_in_words};
use std::time::Duration;

/// Events named when something else was waited for.
const EVENTS_NAMED: usize = 5;

/// Which kind of block a phone stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Block {
    Caller,
    Callee,
}

pub(super) enum Awaited {
    /// Time to pass.
    Time,
    /// Something on the phone.
    Event {
        what: &'static str,
        fits: fn(&Event) -> bool,
    },
    /// A call.
    Call(CalledStep),
    /// Time to pass without one.
    NoCall,
    /// So many keys to be sent.
    Keys(usize),
    /// These keys to be heard.
    HeardKeys(String),
    /// The end of a transfer.
    Transfer(TransferredStep),
    /// The end of the call.
    End(EndedStep),
    /// Something to be heard.
    Sound(Ear),
}

/// What to wait for, and how long in milliseconds.
pub(super) fn event(within: &Within, what: &'static str, fits: fn(&Event) -> bool) -> (u64, Awaited) {
    (within.within_ms, Awaited::Event { what, fits })
}

pub(super) fn ended(event: &Event) -> Option<End> {
    match event {
        Event::Ended { end, .. } => Some(*end),
        _ => None,
    }
}

/// Events that no step has taken, with their time.
type Fresh<'a> = &'a [(Duration, Event)];

impl Awaited {
    /// How many events are taken with it, if it is there; an error if something else came in its place.
    pub(super) fn find(&self, fresh: Fresh<'_>, block: Block, late: bool) -> Result<Option<usize>, String> {
        let first = |fits: &dyn Fn(&Event) -> bool| fresh.iter().position(|(_, event)| fits(event));
        Ok(match self {
            Awaited::Time => late.then_some(0),
            Awaited::Event { fits, .. } => first(fits).map(|place| place + 1),
            Awaited::Call(wanted) => match first(&|event| matches!(event, Event::Incoming(_))) {
                Some(place) => {
                    if let Event::Incoming(caller) = &fresh[place].1 {
                        right_caller(wanted, caller)?;
                    }
                    Some(place + 1)
                }
                None => None,
            },
            Awaited::NoCall => match first(&|event| matches!(event, Event::Incoming(_))) {
                Some(place) => return Err(format!("there was a {}", event_in_words(&fresh[place].1))),
                None => late.then_some(0),
            },
            Awaited::Keys(count) => {
                let mut sent = fresh
                    .iter()
                    .enumerate()
                    .filter(|(_, (_, event))| *event == Event::KeySent);
                sent.nth(*count - 1).map(|(place, _)| place + 1)
            }
            Awaited::HeardKeys(keys) => heard_keys(keys, fresh)?,
            Awaited::Transfer(wanted) => match first(&|event| matches!(event, Event::TransferEnded { .. })) {
                Some(place) if fresh[place].1 == Event::TransferEnded { status: wanted.status } => Some(place + 1),
                Some(place) => return Err(event_in_words(&fresh[place].1)),
                None => None,
            },
            Awaited::End(wanted) => match first(&|event| ended(event).is_some()) {
                Some(place) => {
                    let end = ended(&fresh[place].1).expect("found above");
                    if !fits(wanted, block, end) {
                        return Err(format!("the call ended otherwise: {}", end_in_words(&end)));
                    }
                    Some(place + 1)
                }
                None => None,
            },
            Awaited::Sound(_) => None,
        })
    }

    /// Why it cannot come any more; none if it can. After the end of the call nothing more is heard or answered: no need
    /// to wait for it.
    pub(super) fn impossible(&self, fresh: Fresh<'_>) -> Option<String> {
        if matches!(
            self,
            Awaited::Time | Awaited::End(_) | Awaited::Call(_) | Awaited::NoCall
        ) {
            return None;
        }
        let refused = fresh.iter().find_map(|(_, event)| match event {
            Event::Refused(why) => Some(why),
            _ => None,
        });
        if let Some(why) = refused {
            return Some(format!("the phone cannot do this: {why}"));
        }
        // The outcome of a transfer may come after the end of the call it was asked for in.
        if matches!(self, Awaited::Transfer(_)) {
            return None;
        }
        let end = fresh.iter().find_map(|(_, event)| ended(event))?;
        Some(format!("the call was over: {}", end_in_words(&end)))
    }

    /// What had to happen, in words.
    pub(super) fn expected(&self) -> String {
        match self {
            Awaited::Time => "time to pass".to_owned(),
            Awaited::NoCall => "no call for this phone".to_owned(),
            Awaited::Event { what, .. } => (*what).to_owned(),
            Awaited::Call(wanted) => match &wanted.from {
                Some(from) => format!("a call from {from}"),
                None => "a call".to_owned(),
            },
            Awaited::Keys(1) => "a key to be sent".to_owned(),
            Awaited::Keys(count) => format!("{count} keys to be sent"),
            Awaited::HeardKeys(keys) => format!("the keys {keys:?} from the far end"),
            Awaited::Transfer(wanted) => format!("the transfer to end with {}", wanted.status),
            Awaited::End(wanted) => format!("the call to end {}", end_wanted(wanted)),
            Awaited::Sound(ear) => ear.wanted(),
        }
    }

    /// What happened instead, when time is up.
    pub(super) fn missing(&self, heard: &[i16], fresh: Fresh<'_>) -> String {
        match self {
            Awaited::Sound(ear) => format!("{}; heard: {}", ear.closest(), describe(heard)),
            Awaited::End(_) => "the call went on".to_owned(),
            _ if fresh.is_empty() => "nothing".to_owned(),
            _ => {
                let words = fresh.iter().take(EVENTS_NAMED).map(|(_, event)| event_in_words(event));
                let more = if fresh.len() > EVENTS_NAMED { ", and more" } else { "" };
                format!("only: {}{more}", words.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

fn end_wanted(wanted: &EndedStep) -> String {
    match (wanted.by, wanted.status) {
        (EndedBy::Handler, _) => "by the handler".to_owned(),
        (EndedBy::Caller, _) => "by the caller".to_owned(),
        (EndedBy::Callee, _) => "by the callee".to_owned(),
        (EndedBy::Cancel, _) => "because the caller gave up".to_owned(),
        (EndedBy::Refusal, None) => "because it is refused".to_owned(),
        (EndedBy::Refusal, Some(status)) => format!("because it is refused with {status}"),
        (EndedBy::Replacement, _) => "because another call takes its place".to_owned(),
    }
}

fn right_caller(wanted: &CalledStep, caller: &CallerName) -> Result<(), String> {
    let parts = [
        ("from", &wanted.from, &caller.user),
        ("name", &wanted.name, &caller.display),
    ];
    for (part, wanted, is) in parts {
        if let Some(wanted) = wanted.as_ref().filter(|wanted| *wanted != is) {
            return Err(format!("the call's `{part}` is {is:?}, wanted {wanted:?}"));
        }
    }
    Ok(())
}

/// How many events hold all of the keys, one after the other.
fn heard_keys(keys: &str, fresh: Fresh<'_>) -> Result<Option<usize>, String> {
    let mut wanted = keys.chars().filter_map(key_event);
    let mut next = wanted.next();
    for (place, (_, event)) in fresh.iter().enumerate() {
        let Event::KeyHeard(HeardKey(key)) = event else {
            continue;
        };
        if next != Some(*key) {
            return Err(format!("{} in place of one of them", event_in_words(&fresh[place].1)));
        }
        next = wanted.next();
        if next.is_none() {
            return Ok(Some(place + 1));
        }
    }
    Ok(None)
}

fn fits(wanted: &EndedStep, block: Block, end: End) -> bool {
    match (wanted.by, block, end) {
        (EndedBy::Handler, _, End::ByFarEnd) | (EndedBy::Replacement, _, End::Replaced) => true,
        (EndedBy::Caller, Block::Caller, End::ByPhone) | (EndedBy::Callee, Block::Callee, End::ByPhone) => true,
        (EndedBy::Callee, Block::Caller, End::ByFarEnd) | (EndedBy::Caller, Block::Callee, End::ByFarEnd) => true,
        (EndedBy::Cancel, _, End::Cancelled | End::GivenUp) => true,
        (EndedBy::Refusal, _, End::Refused { status } | End::Declined { status }) => {
            wanted.status.is_none_or(|wanted| wanted == status)
        }
        _ => false,
    }
}
