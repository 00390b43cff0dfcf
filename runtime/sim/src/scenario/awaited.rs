//! What a step can wait for, and whether it is there, is missing, or cannot come any more.

use super::format::{CalledStep, EndedBy, EndedStep, TransferredStep, Within};
use super::listen::{Ear, describe};
use crate::phone::{CallerName, End, Event, HeardKey, key_event};
use std::time::Duration;

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
                Some(_) => return Err("a call came".to_owned()),
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
                Some(place) => return Err(format!("the transfer ended otherwise: {:?}", fresh[place].1)),
                None => None,
            },
            Awaited::End(wanted) => match first(&|event| ended(event).is_some()) {
                Some(place) => {
                    let end = ended(&fresh[place].1).expect("found above");
                    if !fits(wanted, block, end) {
                        return Err(format!("the call ended otherwise than by {:?}: {end:?}", wanted.by));
                    }
                    Some(place + 1)
                }
                None => None,
            },
            Awaited::Sound(_) => None,
        })
    }

    /// Why it cannot come any more, with `{missing}` for what is missing; none if it can. After the end of the call
    /// nothing more is heard or answered: no need to wait for it.
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
        Some(format!("{{missing}}; the call is over before it: {end:?}"))
    }

    /// What is missing.
    pub(super) fn missing(&self, heard: &[i16]) -> String {
        match self {
            Awaited::Time | Awaited::NoCall => "time did not pass".to_owned(),
            Awaited::Event { what, .. } => format!("waited for {what} in vain"),
            Awaited::Call(_) => "no call came".to_owned(),
            Awaited::Keys(count) => format!("{count} keys could not be sent"),
            Awaited::HeardKeys(keys) => format!("the keys {keys:?} were not all heard"),
            Awaited::Transfer(wanted) => format!("the transfer did not end (wanted: with {})", wanted.status),
            Awaited::End(wanted) => format!("the call did not end (wanted: by {:?})", wanted.by),
            Awaited::Sound(ear) => format!("{}; heard: {}", ear.closest(), describe(heard)),
        }
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
            return Err(format!("another key was heard in place of one of {keys:?}"));
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
