//! Recordings: what a phone hums is in the file, at its place, in its channel; and whatever ends one ends it once.

#![allow(clippy::disallowed_methods, reason = "a test begins at some moment")]

use crate::support::{helper, program, record_of, tone_ms, world};
use crate::{SECOND, answered, bad_line, press, rest};
use patchcord_control::record::{CallRecord, RecordingOutcome};
use patchcord_control::words::{Interruption, NotRecorded, RecordEnd};
use patchcord_media::{Clip, measure};
use patchcord_sim::phone::{Action, Incoming, Offer};
use patchcord_sim::{Conditions, PhoneId, PhoneOptions, Setup, Storage, Tape, World};
use patchcord_switch::Program;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

fn handlers() -> Vec<Arc<Program>> {
    static PROGRAMS: OnceLock<Vec<Arc<Program>>> = OnceLock::new();
    let names = [
        "records_voice",
        "records_pauses",
        "records_until_silent",
        "records_and_gives",
    ];
    PROGRAMS
        .get_or_init(|| names.iter().map(|name| program(name, &helper(name))).collect())
        .clone()
}

/// A phone that hums and calls a handler.
fn humming(to: &str, options: PhoneOptions) -> (World, PhoneId) {
    let mut world = world(1, &handlers());
    let options = PhoneOptions {
        hum: Some(500),
        ..options
    };
    let phone = world.add_phone("alice", options);
    world
        .call(phone, to, Offer::InInvite)
        .expect("the name can stand in an address");
    assert!(world.run_until(10 * SECOND, |world| answered(world, phone)));
    (world, phone)
}

/// The one outcome of the one recording of a call, whose file, if there is one, is as its record says.
fn outcome(world: &World, record: &CallRecord) -> RecordingOutcome {
    let [recording] = &record.recordings[..] else {
        panic!("one recording, not {}", record.recordings.len());
    };
    match recording.saved {
        Some(saved) => {
            let tape = tape(world);
            assert_eq!(tape.id, recording.id);
            assert_eq!(
                (saved.bytes, saved.length_ms),
                (tape.file.len() as u64, recording.length_ms)
            );
            assert_eq!(length_ms(tape), recording.length_ms);
        }
        None => assert!(world.tapes().is_empty()),
    }
    recording.outcome
}

fn tape(world: &World) -> &Tape {
    let [tape] = world.tapes() else {
        panic!("one recording, not {}", world.tapes().len());
    };
    tape
}

fn length_ms(tape: &Tape) -> u64 {
    tape.channels[0].len() as u64 / 8
}

/// The phone's call ends by itself or is ended, and all is at rest.
fn over(world: &mut World, phone: PhoneId, handler: &str) -> RecordingOutcome {
    world.act(phone, Action::Leave);
    rest(world);
    outcome(world, record_of(world, handler))
}

#[test]
fn a_finish_key_ends_it_and_is_used_up() {
    let (mut world, phone) = humming("records_voice", PhoneOptions::default());
    world.run_for(4 * SECOND);
    world.act(phone, press("7#42"));
    assert!(world.run_until(10 * SECOND, |world| world.noticed("typed: ")));
    assert!(world.noticed("typed: 742"), "{}", world.log());
    let RecordingOutcome::Ended(RecordEnd::Key(key)) = over(&mut world, phone, "records_voice") else {
        panic!("ended by a key");
    };
    assert_eq!(key.char(), '#');
    let tape = tape(&world);
    // Four seconds less the beep, and half a second until the key; the phone hums but for the key it presses.
    assert!((3_700..5_000).contains(&length_ms(tape)), "{}", length_ms(tape));
    assert!(tone_ms(500.0, &tape.channels[0]) > 3_300);
    let clip = Clip::from_wav(&tape.file).expect("our own reader takes the file");
    assert_eq!(clip.samples().len(), tape.channels[0].len());
}

#[test]
fn the_beep_is_heard_and_is_not_in_the_recording() {
    let (mut world, phone) = humming("records_voice", PhoneOptions::default());
    world.run_for(4 * SECOND);
    let heard = tone_ms(1_000.0, world.seat(phone).recording().samples());
    assert!((240..=320).contains(&heard), "{heard}");
    over(&mut world, phone, "records_voice");
    assert_eq!(tone_ms(1_000.0, &tape(&world).channels[0]), 0);
}

#[test]
fn the_longest_time_is_kept_to_the_frame() {
    let (mut world, phone) = humming("records_voice", PhoneOptions::default());
    world.run_for(20 * SECOND);
    let ended = over(&mut world, phone, "records_voice");
    assert_eq!(ended, RecordingOutcome::Ended(RecordEnd::Longest));
    assert_eq!(length_ms(tape(&world)), 10_000);
    assert!(tone_ms(500.0, &tape(&world).channels[0]) > 9_800);
}

#[test]
fn who_hangs_up_while_recorded_has_left_a_recording() {
    let (mut world, phone) = humming("records_voice", PhoneOptions::default());
    world.run_for(5 * SECOND);
    let ended = over(&mut world, phone, "records_voice");
    assert_eq!(ended, RecordingOutcome::Ended(RecordEnd::Left(Interruption::HungUp)));
    assert!(world.noticed("recorded: Ok("), "the handler has it\n{}", world.log());
    assert!((4_500..5_000).contains(&length_ms(tape(&world))));
}

#[test]
fn the_operator_ends_a_recorded_call() {
    let (mut world, phone) = humming("records_voice", PhoneOptions::default());
    world.run_for(5 * SECOND);
    world.end_all();
    let ended = over(&mut world, phone, "records_voice");
    let left = RecordEnd::Left(Interruption::EndedByPlatform);
    assert_eq!(ended, RecordingOutcome::Ended(left));
}

#[test]
fn a_pause_is_left_out_or_silent() {
    let (mut world, phone) = humming("records_pauses", PhoneOptions::default());
    // The tone changes with each part, so that each is known again.
    for hz in [500, 700, 900, 1_100, 1_300] {
        world.act(phone, Action::Hum(Some(hz)));
        world.run_for(2 * SECOND);
    }
    let ended = over(&mut world, phone, "records_pauses");
    assert_eq!(ended, RecordingOutcome::Ended(RecordEnd::Stopped));
    let sound = &tape(&world).channels[0];
    assert!(
        (7_900..=8_100).contains(&length_ms(tape(&world))),
        "{}",
        length_ms(tape(&world))
    );
    let part = |second: usize| &sound[second * 8_000 + 1_600..(second + 2) * 8_000 - 1_600];
    for (second, hz) in [(0, 500.0), (2, 900.0), (6, 1_300.0)] {
        assert!(tone_ms(hz, part(second)) >= 1_480, "{hz} Hz at {second} s");
    }
    assert!(measure::level_dbfs(part(4)) < -80.0, "silence");
    for paused in [700.0, 1_100.0] {
        assert!(tone_ms(paused, sound) <= 120, "{paused} Hz was said in a pause");
    }
}

#[test]
fn silence_ends_it_and_is_cut_off() {
    let (mut world, phone) = humming("records_until_silent", PhoneOptions::default());
    world.act(phone, Action::Hum(None));
    world.run_for(SECOND);
    world.act(phone, Action::Hum(Some(800)));
    world.run_for(3 * SECOND);
    world.act(phone, Action::Hum(None));
    assert!(world.run_until(10 * SECOND, |world| world.noticed("recorded: Ok(")));
    let ended = over(&mut world, phone, "records_until_silent");
    assert_eq!(ended, RecordingOutcome::Ended(RecordEnd::Silence));
    let (sound, length) = (&tape(&world).channels[0], length_ms(tape(&world)));
    let tone = tone_ms(800.0, sound) as u64;
    // What stays of the hum after it was told to stop is the rest of its last stretch.
    assert!(tone >= 2_800 && length <= tone + 400, "{tone} ms of {length}");
}

#[test]
fn a_caller_who_says_nothing_leaves_nothing() {
    let (mut world, phone) = humming("records_until_silent", PhoneOptions::default());
    world.act(phone, Action::Hum(None));
    let begun = world.now();
    assert!(world.run_until(10 * SECOND, |world| world.noticed("recorded: Ok(")));
    assert!(world.now() - begun < 3 * SECOND);
    let ended = over(&mut world, phone, "records_until_silent");
    assert_eq!(ended, RecordingOutcome::Ended(RecordEnd::Silence));
}

#[test]
fn a_leg_that_moves_ends_its_recording_and_may_be_recorded_where_it_goes() {
    let (mut world, phone) = humming("records_and_gives", PhoneOptions::default());
    world.run_for(6 * SECOND);
    world.act(phone, Action::HangUp);
    rest(&mut world);
    let ends = ["records_and_gives", "records_until_silent"].map(|handler| {
        let [recording] = &record_of(&world, handler).recordings[..] else {
            panic!("one recording of {handler}");
        };
        (recording.outcome, recording.length_ms)
    });
    let [(first, first_ms), (second, second_ms)] = ends;
    assert_eq!(first, RecordingOutcome::Ended(RecordEnd::Left(Interruption::Moved)));
    assert_eq!(second, RecordingOutcome::Ended(RecordEnd::Left(Interruption::HungUp)));
    assert!((1_900..=2_100).contains(&first_ms), "{first_ms}");
    assert!((3_700..=4_100).contains(&second_ms), "{second_ms}");
    assert_eq!(world.tapes().len(), 2);
}

#[test]
fn two_in_a_bridge_are_two_channels() {
    let mut world = World::new(Setup::new(Instant::now(), 3).with_users(&["bob"]));
    let talk = program("records_talk", &helper("records_talk"));
    world.set_directory(crate::support::office_of(&talk, ["bob"]));
    let phone = |hum, incoming| PhoneOptions {
        hum: Some(hum),
        incoming,
        ..PhoneOptions::default()
    };
    let bob = world.add_phone("bob", phone(900, Incoming::Answer { after: SECOND }));
    world.register(bob, "bob");
    world.run_for(SECOND);
    let alice = world.add_phone("alice", phone(500, Incoming::Busy));
    world.call(alice, "bob", Offer::InInvite).expect("a name");
    assert!(world.run_until(20 * SECOND, |world| answered(world, alice)));
    world.run_for(6 * SECOND);
    let heard = world.seat(alice).recording().since(world.now() - 2 * SECOND).to_vec();
    assert!(tone_ms(900.0, &heard) > 1_800, "the bridge is not disturbed");
    world.act(bob, Action::HangUp);
    rest(&mut world);
    let ended = outcome(&world, record_of(&world, "records_talk"));
    assert_eq!(ended, RecordingOutcome::Ended(RecordEnd::Left(Interruption::HungUp)));
    let [left, right] = &tape(&world).channels[..] else {
        panic!("two channels");
    };
    assert_eq!(left.len(), right.len());
    let length = length_ms(tape(&world)) as usize;
    assert!((5_500..6_500).contains(&length), "{length}");
    for (channel, own, other) in [(left, 500.0, 900.0), (right, 900.0, 500.0)] {
        assert!(
            tone_ms(own, channel) > length - 400,
            "{own} Hz: {} of {length}",
            tone_ms(own, channel)
        );
        assert_eq!(tone_ms(other, channel), 0, "{other} Hz is in the other channel only");
    }
}

#[test]
fn storage_that_fails_fails_the_recording_and_not_the_call() {
    let failing = [
        (Storage::Refuses, NotRecorded::Storage),
        (Storage::Breaks { after: 100 }, NotRecorded::Storage),
        (Storage::BreaksAtEnd, NotRecorded::Storage),
        (Storage::NeverAnswers, NotRecorded::Late),
    ];
    for (storage, why) in failing {
        let mut world = world(1, &handlers());
        world.set_storage(storage);
        let phone = world.add_phone("alice", PhoneOptions::default());
        world.call(phone, "records_voice", Offer::InInvite).expect("a name");
        assert!(world.run_until(10 * SECOND, |world| answered(world, phone)));
        let told = |world: &World| world.noticed("recorded: Err(");
        assert!(world.run_until(40 * SECOND, told), "{storage:?}\n{}", world.log());
        assert!(world.noticed("NotRecorded"), "{storage:?}\n{}", world.log());
        // The handler goes on with the call.
        world.act(phone, press("1234"));
        assert!(
            world.run_until(5 * SECOND, |world| world.noticed("typed: 1234")),
            "{storage:?}"
        );
        let ended = over(&mut world, phone, "records_voice");
        assert_eq!(ended, RecordingOutcome::Failed(why), "{storage:?}");
    }
}

#[test]
fn more_than_storage_takes_fails_the_recording_and_keeps_its_beginning() {
    let mut world = world(1, &handlers());
    world.set_storage(Storage::Full { after: 100 });
    let phone = world.add_phone("alice", PhoneOptions::default());
    world.call(phone, "records_voice", Offer::InInvite).expect("a name");
    assert!(world.run_until(10 * SECOND, |world| world.noticed("recorded: Err(")));
    let ended = over(&mut world, phone, "records_voice");
    assert_eq!(ended, RecordingOutcome::Failed(NotRecorded::Overloaded));
    assert_eq!(length_ms(tape(&world)), 2_000);
}

#[test]
fn a_call_whose_storage_never_answers_ends_all_the_same() {
    let mut world = world(1, &handlers());
    world.set_storage(Storage::NeverAnswers);
    let phone = world.add_phone("alice", PhoneOptions::default());
    world.call(phone, "records_voice", Offer::InInvite).expect("a name");
    world.run_for(3 * SECOND);
    let ended = over(&mut world, phone, "records_voice");
    assert_eq!(ended, RecordingOutcome::Failed(NotRecorded::Late));
}

#[test]
fn a_bad_line_makes_a_recording_of_the_right_length() {
    let (mut world, phone) = humming(
        "records_voice",
        PhoneOptions {
            conditions: bad_line(),
            ..PhoneOptions::default()
        },
    );
    world.run_for(20 * SECOND);
    world.set_conditions(phone, Conditions::default());
    over(&mut world, phone, "records_voice");
    let length = length_ms(tape(&world));
    assert_eq!(length, 10_000);
    // A fifth of the packets is lost; what covers the holes is no clear tone everywhere.
    assert!(tone_ms(500.0, &tape(&world).channels[0]) > 5_000);
}
