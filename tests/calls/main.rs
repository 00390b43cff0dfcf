//! Whole calls under a virtual clock: the production's shard and media engine, phones with scripts, and a network that
//! loses, repeats and reorders. Whatever happens, a call ends once and nothing is left over.

#[path = "../support/mod.rs"]
mod support;

mod beyond;
mod clients;
mod examples;
mod explored;
mod faults;
mod hearing;
mod identity;
mod joined;
mod journal;
mod limits;
mod outside;
mod packet_times;
mod parties;
mod placed;
mod playing;
mod presence;
mod quality;
mod random;
mod recognise;
mod recording;
mod rooms;
mod slices;
mod speech;
mod streaming;
mod telling;
mod tenants;
mod weather;

use patchcord_control::record::CallRecord;
use patchcord_control::words::Began;
use patchcord_media::KeyPress;
use patchcord_sim::phone::{Action, End, Event, Offer, key_event};
use patchcord_sim::{Conditions, PhoneId, PhoneOptions, World};
use patchcord_switch::Program;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use support::{helper, program, world};

const SECOND: Duration = Duration::from_secs(1);
/// Longest time until nothing is alive after the last call: SIP's transactions live on for 32 s, on a bad line longer.
const REST: Duration = Duration::from_secs(200);

/// The handlers that calls here lead to, each by its own name.
fn handlers() -> Vec<Arc<Program>> {
    static PROGRAMS: OnceLock<Vec<Arc<Program>>> = OnceLock::new();
    let names = ["endless_tone", "echo_keys", "slow_answer", "early_tone"];
    PROGRAMS
        .get_or_init(|| names.iter().map(|name| program(name, &helper(name))).collect())
        .clone()
}

/// A world with those handlers and one phone, which has placed a call.
fn calling(seed: u64, to: &str, offer: Offer, options: PhoneOptions) -> (World, PhoneId) {
    let mut world = world(seed, &handlers());
    let phone = world.add_phone("alice", options);
    world.call(phone, to, offer).expect("the name can stand in an address");
    (world, phone)
}

fn happened(world: &World, phone: PhoneId, wanted: impl Fn(&Event) -> bool) -> bool {
    world.seat(phone).when(wanted).is_some()
}

fn answered(world: &World, phone: PhoneId) -> bool {
    happened(world, phone, |event| *event == Event::Answered)
}

/// How the phone's call ended; none while it goes on.
fn end(world: &World, phone: PhoneId) -> Option<End> {
    let mut ends = world.seat(phone).events().iter().filter_map(|(_, event)| match event {
        Event::Ended { end, .. } => Some(*end),
        _ => None,
    });
    let end = ends.next();
    assert!(ends.next().is_none(), "a call ends once");
    end
}

/// Lets everything die out; there must be as many records as calls, and nothing alive.
fn rest(world: &mut World) {
    world
        .run_to_rest(REST)
        .unwrap_or_else(|leftover| panic!("{leftover} is left over"));
    let counts = world.counts();
    assert_eq!((counts.calls, counts.instances, counts.ports_in_use), (0, 0, 0));
    // One that its tenant's limit kept out has never begun.
    let kept_out = |record: &&CallRecord| record.began == Began::Offered && record.refusal.is_some();
    let begun = world.records().iter().filter(|record| !kept_out(record));
    assert_eq!(counts.started, begun.count() as u64, "one record for each call");
}

fn press(keys: &str) -> Action {
    let presses = keys.chars().filter_map(key_event);
    Action::Press(
        presses
            .map(|event| KeyPress {
                event,
                duration_ms: 120,
                pause_ms: 200,
            })
            .collect(),
    )
}

/// A line that loses, repeats and reorders.
fn bad_line() -> Conditions {
    Conditions {
        loss: 0.2,
        duplicate: 0.1,
        reorder: 0.1,
        delay: Duration::from_millis(30),
        jitter: Duration::from_millis(15),
        ..Conditions::default()
    }
}
