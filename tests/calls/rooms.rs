//! Rooms: who hears whom of three phones that all hum at once, what is recorded of them, and that nothing is left over however
//! the call ends, on good lines and on bad ones. The example `coaching` has scenarios for its keys.

#![allow(clippy::disallowed_methods, reason = "a test begins at some moment")]

use crate::support::{example, office_of, program, record_of};
use crate::{SECOND, answered, bad_line, press, rest};
use patchcord_control::record::{HandlerEnd, RecordingOutcome};
use patchcord_control::words::RecordEnd;
use patchcord_media::measure::frequency_dbfs;
use patchcord_sim::phone::{Action, Event, Incoming, Offer};
use patchcord_sim::{Conditions, PhoneId, PhoneOptions, Setup, World};
use patchcord_switch::Program;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

const NAMES: [&str; 3] = ["alice", "agent", "coach"];
const HUMS: [u16; 3] = [500, 700, 900];
const ALICE: usize = 0;
const AGENT: usize = 1;
const COACH: usize = 2;
const SEEDS: u64 = 10;
/// Quieter than this beside others is not there.
const UNHEARD_DBFS: f64 = -55.0;
/// Louder than this is.
const HEARD_DBFS: f64 = -35.0;

fn coaching() -> Arc<Program> {
    static PROGRAM: OnceLock<Arc<Program>> = OnceLock::new();
    PROGRAM
        .get_or_init(|| program("coaching", &example("coaching")))
        .clone()
}

/// Alice talks to the agent, and the coach is in.
fn three(seed: u64, conditions: Conditions) -> (World, [PhoneId; 3]) {
    let mut world = World::new(Setup::new(Instant::now(), seed).with_users(&NAMES));
    world.set_directory(office_of(&coaching(), NAMES));
    let phones = [ALICE, AGENT, COACH].map(|place| {
        let options = PhoneOptions {
            conditions,
            incoming: Incoming::Answer { after: SECOND },
            hum: Some(HUMS[place]),
            ..PhoneOptions::default()
        };
        let phone = world.add_phone(NAMES[place], options);
        world.register(phone, NAMES[place]);
        phone
    });
    let registered = |world: &World| {
        let event = |event: &Event| matches!(event, Event::Registered { .. });
        phones.iter().all(|phone| world.seat(*phone).when(event).is_some())
    };
    assert!(world.run_until(60 * SECOND, registered), "seed {seed}: all register");
    let call = world.call(phones[ALICE], "help", Offer::InInvite);
    call.expect("the name can stand in an address");
    let up = |world: &World| phones.iter().all(|phone| answered(world, *phone));
    assert!(world.run_until(60 * SECOND, up), "seed {seed}\n{}", world.log());
    world.run_for(2 * SECOND);
    (world, phones)
}

/// Lets two seconds pass: which phones each phone hears in the second of them.
fn heard(world: &mut World, phones: [PhoneId; 3]) -> [[bool; 3]; 3] {
    world.run_for(SECOND);
    let from = world.now();
    world.run_for(SECOND);
    phones.map(|phone| {
        let heard = world.seat(phone).recording().since(from);
        HUMS.map(|hum| {
            let level = frequency_dbfs(heard, 8_000, f64::from(hum));
            assert!(
                !(UNHEARD_DBFS..HEARD_DBFS).contains(&level),
                "{hum} Hz at {level:.1} dBFS"
            );
            level >= HEARD_DBFS
        })
    })
}

#[test]
fn each_hears_whom_the_key_of_the_coach_lets_it_and_never_itself() {
    let (mut world, phones) = three(1, Conditions::default());
    let listening = [[false, true, false], [true, false, false], [true, true, false]];
    assert_eq!(heard(&mut world, phones), listening);
    world.act(phones[COACH], press("2"));
    let whispering = [[false, true, false], [true, false, true], [true, true, false]];
    assert_eq!(heard(&mut world, phones), whispering);
    world.act(phones[COACH], press("3"));
    let talking = [[false, true, true], [true, false, true], [true, true, false]];
    assert_eq!(heard(&mut world, phones), talking);
    world.act(phones[COACH], press("1"));
    assert_eq!(heard(&mut world, phones), listening);
    world.act(phones[AGENT], Action::HangUp);
    rest(&mut world);
    let record = record_of(&world, "coaching");
    let [recording] = &record.recordings[..] else {
        panic!("one recording, not {}", record.recordings.len());
    };
    assert_eq!(recording.outcome, RecordingOutcome::Ended(RecordEnd::Stopped));
    assert_eq!((recording.legs.len(), recording.room), (0, Some(1)));
    let [tape] = world.tapes() else { panic!("one file") };
    let [sound] = &tape.channels[..] else {
        panic!("one channel")
    };
    assert!(sound.len() > 8 * 8_000, "{} samples", sound.len());
    // The coach whispered for a while, which is not in it, and talked, which is.
    let coach: Vec<bool> = sound
        .chunks_exact(8_000)
        .map(|second| frequency_dbfs(second, 8_000, f64::from(HUMS[COACH])) > HEARD_DBFS)
        .collect();
    let talked = coach.iter().filter(|heard| **heard).count();
    assert!((1..=3).contains(&talked), "{coach:?}");
    let last = &sound[sound.len() - 12_000..][..8_000];
    for hum in &HUMS[..2] {
        assert!(frequency_dbfs(last, 8_000, f64::from(*hum)) > HEARD_DBFS, "{hum} Hz");
    }
}

#[test]
fn bad_lines_and_any_end_leave_nothing_over() {
    for seed in 0..SEEDS {
        let (mut world, phones) = three(seed, bad_line());
        world.act(phones[COACH], press("2"));
        world.run_for(3 * SECOND);
        let leaves = phones[seed as usize % 3];
        world.act(leaves, Action::Leave);
        world.run_for(3 * SECOND);
        world.act(phones[ALICE], Action::Leave);
        rest(&mut world);
        let record = record_of(&world, "coaching");
        assert_eq!(record.handler_end, HandlerEnd::Done, "seed {seed}\n{}", world.log());
        assert_eq!(record.recordings.len(), 1, "seed {seed}");
    }
}
