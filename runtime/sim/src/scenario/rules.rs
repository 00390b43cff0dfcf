//! What must hold of every scenario once all phones have gone, whatever they did: nothing is left alive, every call of a
//! phone ended once and has one end record, the handler ended well and in time, and nobody was recorded who had not agreed.

use super::format::{Rules, Scenario};
use super::report::{Breach, Failure};
use crate::phone::key_event;
use crate::world::{NODE, PhoneId, World};
use patchcord_control::record::{CallRecord, HandlerEnd};
use std::collections::BTreeSet;
use std::time::Duration;

/// Longest time until nothing is alive after the last phone is done: SIP's transactions live on for 32 s, on a bad line
/// several of them one after the other.
const REST: Duration = Duration::from_secs(200);

/// A failure of the node, now.
pub(super) fn of_node(world: &World, breach: Breach, expected: &str, happened: String) -> Failure {
    Failure {
        at: world.now(),
        who: NODE.to_owned(),
        breach,
        steps: Vec::new(),
        expected: expected.to_owned(),
        happened,
    }
}

/// Lets everything die out and looks at what is left. `phones` are all of the world with the users they registered as.
pub(super) fn broken(world: &mut World, scenario: &Scenario, phones: &[(PhoneId, Option<&str>)]) -> Vec<Failure> {
    let mut failures = Vec::new();
    let rest = world.run_to_rest(REST);
    for record in world.records() {
        failures.extend(handler_end(world, record, scenario.fault.as_deref()));
    }
    for record in world.records() {
        failures.extend(consent(world, record, &scenario.rules, phones));
    }
    if let Err(leftover) = rest {
        let expected = format!("nothing to be alive {} s after all have gone", REST.as_secs());
        failures.push(of_node(
            world,
            Breach::LeftOver,
            &expected,
            format!("there are still {leftover}"),
        ));
    }
    if world.orphans() > 0 {
        let happened = format!("{} legs belong to no call", world.orphans());
        failures.push(of_node(
            world,
            Breach::LeftOver,
            "every leg to belong to a call",
            happened,
        ));
    }
    failures.extend(end_records(world));
    failures.extend(phones.iter().filter_map(|(phone, _)| phone_ends(world, *phone)));
    failures
}

fn handler_end(world: &World, record: &CallRecord, wanted: Option<&str>) -> Option<Failure> {
    let (expected, kind, happened) = match (&record.handler_end, wanted) {
        (HandlerEnd::Done | HandlerEnd::NotRun, None) => return None,
        (HandlerEnd::Faulted(fault), Some(wanted)) if fault.kind.name() == wanted => return None,
        (HandlerEnd::Faulted(fault), wanted) => {
            let expected = wanted.map_or("the handler to end well".to_owned(), wanted_fault);
            let happened = format!("it failed ({}): {}", fault.kind.name(), fault.text);
            (expected, Some(fault.kind), happened)
        }
        (HandlerEnd::NotRun, Some(wanted)) => (wanted_fault(wanted), None, "it never ran".to_owned()),
        (HandlerEnd::Done, Some(wanted)) => (wanted_fault(wanted), None, "it ended well".to_owned()),
    };
    Some(of_node(world, Breach::HandlerEnd(kind), &expected, happened))
}

fn wanted_fault(kind: &str) -> String {
    format!("the handler to fail with {kind:?}, as `fault` says")
}

fn end_records(world: &World) -> Option<Failure> {
    let (started, records) = (world.counts().started, world.records().len());
    let calls: BTreeSet<_> = world.records().iter().map(|record| record.id).collect();
    if started == records as u64 && calls.len() == records {
        return None;
    }
    let happened = format!("{started} calls, {records} end records of {} calls", calls.len());
    Some(of_node(
        world,
        Breach::EndRecords,
        "one end record for each call",
        happened,
    ))
}

fn phone_ends(world: &World, phone: PhoneId) -> Option<Failure> {
    let seat = world.seat(phone);
    let (begun, ended) = seat.calls();
    (begun != ended).then(|| Failure {
        who: seat.name().to_string(),
        ..of_node(
            world,
            Breach::PhoneEnds,
            "each of its calls to end once",
            format!("{begun} calls, {ended} ends"),
        )
    })
}

/// Who called must have pressed the key since the call began, before its first recording began.
fn consent(world: &World, record: &CallRecord, rules: &Rules, phones: &[(PhoneId, Option<&str>)]) -> Option<Failure> {
    let key = rules.consent_key?;
    let first = record.recordings.first()?;
    let caller = record.legs.first()?.from.reveal();
    let (began, recorded) = (World::moment(record.started_at), World::moment(first.started_at));
    let calls_as = |(phone, user): &&(PhoneId, Option<&str>)| {
        user.is_some_and(|user| user == caller) || **world.seat(*phone).name() == **caller
    };
    let agreed = phones.iter().filter(calls_as).any(|(phone, _)| {
        let mut presses = world.seat(*phone).presses().iter();
        presses.any(|(at, pressed)| Some(*pressed) == key_event(key) && (began..=recorded).contains(at))
    });
    (!agreed).then(|| Failure {
        at: recorded,
        ..of_node(
            world,
            Breach::Consent,
            &format!("no recording before the caller has pressed {key}"),
            "a recording began".to_owned(),
        )
    })
}
