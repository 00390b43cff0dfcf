//! Live calls changed and looked at from outside: keys, prompts, recordings, messages to the handler, and the end. What is
//! not possible is refused by name and changes nothing.

#![allow(clippy::disallowed_methods, reason = "a test begins at some moment")]

use crate::support::{directory, helper, program, record_of, tone_ms};
use crate::{SECOND, answered, end, press, rest};
use patchcord_control::call::{CALLER, Change, ChangeError, Changed, HandlerState, Interrupt, MESSAGE_BYTES, Paused};
use patchcord_control::ids::{CallId, LegId, Tenant};
use patchcord_control::record::{CallStatus, HandlerEnd, RecordingOutcome};
use patchcord_control::words::{
    Beep, Error, InboxMessage, Interruption, LegState, PauseWith, PlayOptions, RecordEnd, RecordFormat, RecordOptions,
    Segment, Tone, TrimSilence,
};
use patchcord_guest::{Config, Module, Runtime};
use patchcord_sim::phone::{Action, End, Event, Offer, key_event};
use patchcord_sim::{PhoneId, PhoneOptions, Setup, TENANT, World};
use patchcord_switch::replay::{Verdict, replay};
use patchcord_switch::{Entry, PrivateValues, Program, What, read_journal};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

fn tenant() -> Tenant {
    Tenant(TENANT.to_owned())
}

fn handlers() -> Vec<Arc<Program>> {
    static PROGRAMS: OnceLock<Vec<Arc<Program>>> = OnceLock::new();
    let names = [
        ("endless_tone", "endless_tone"),
        ("echo_keys", "echo_keys"),
        ("slow_answer", "slow_answer"),
        ("placed_call", "placed_call"),
        ("takes_messages", "takes_messages"),
        ("takes_messages-any", "takes_messages"),
        ("takes_messages-late", "takes_messages"),
        ("takes_messages-never", "takes_messages"),
        ("takes_messages-after", "takes_messages"),
    ];
    let programs = || names.iter().map(|(name, file)| program(name, &helper(file))).collect();
    PROGRAMS.get_or_init(programs).clone()
}

/// A world with one phone, which hums and has placed a call.
fn calling(to: &str) -> (World, PhoneId, CallId) {
    let setup = Setup {
        journal: Some(PrivateValues::Keep),
        ..Setup::new(Instant::now(), 4)
    };
    let mut world = World::new(setup);
    world.set_directory(directory(&handlers()));
    let options = PhoneOptions {
        hum: Some(700),
        ..PhoneOptions::default()
    };
    let phone = world.add_phone("alice", options);
    world
        .call(phone, to, Offer::InInvite)
        .expect("the name can stand in an address");
    world.run_for(Duration::from_millis(100));
    let call = world.newest_call().expect("it has begun");
    (world, phone, call)
}

/// The same, answered.
fn talking(to: &str) -> (World, PhoneId, CallId) {
    let (mut world, phone, call) = calling(to);
    assert!(world.run_until(10 * SECOND, |world| answered(world, phone)));
    world.run_for(SECOND);
    (world, phone, call)
}

fn change(world: &mut World, call: CallId, change: Change) -> Result<Changed, ChangeError> {
    world.change_call(&tenant(), call, change)
}

fn tell(name: &str, data: &str) -> Change {
    Change::Tell(InboxMessage {
        name: name.to_owned(),
        data: data.to_owned().into(),
    })
}

fn keys(keys: &str) -> Change {
    Change::SendKeys {
        leg: CALLER,
        keys: keys.to_owned().into(),
    }
}

fn tone(hz: u16, ms: u32, interrupt: Interrupt) -> Change {
    Change::Play {
        leg: CALLER,
        prompt: vec![Segment::Tone(Tone {
            frequencies: vec![hz],
            on_ms: ms,
            off_ms: 0,
            count: 1,
            level_dbm0: -16,
        })],
        options: PlayOptions {
            barge_in: false,
            times: 1,
            from_ms: 0,
            volume_db: 0,
        },
        interrupt,
    }
}

fn recording(legs: &[LegId]) -> Change {
    Change::StartRecording {
        legs: legs.to_vec(),
        options: RecordOptions {
            format: RecordFormat::Wav,
            beep: Beep::No,
            longest_ms: 60_000,
            silence_ms: None,
            finish_on: Vec::new(),
            trim: TrimSilence::Keep,
        },
    }
}

fn keys_heard(world: &World, phone: PhoneId) -> Vec<u8> {
    let events = world.seat(phone).events().iter();
    let heard = events.filter_map(|(_, event)| match event {
        Event::KeyHeard(key) => Some(key.0),
        _ => None,
    });
    heard.collect()
}

/// All is over, and the call's journal replays identically; what happened in it from outside.
fn over(world: &mut World, call: CallId, file: &str) -> Vec<What> {
    rest(world);
    let runtime = Runtime::new(Config {
        max_instances: 4,
        ..Config::default()
    })
    .expect("there is room for four");
    let module = Module::load(&runtime, &helper(file)).expect("the contract is kept");
    let journal = read_journal(&world.journals()[&call]).expect("it is a journal");
    let report = replay(&journal, &module).expect("it can be replayed");
    assert_eq!(report.verdict, Verdict::Identical, "{} the same", report.same);
    let happened = journal.entries.iter().filter_map(|(_, entry)| match entry {
        Entry::Happened(happened) => Some(happened.what.clone()),
        _ => None,
    });
    let from_outside = |what: &What| {
        matches!(
            what,
            What::Message(_)
                | What::KeysFromOutside
                | What::PromptFromOutside
                | What::PromptStopped
                | What::RecordingBegun(_)
                | What::RecordingPaused(_)
                | What::RecordingResumed(_)
                | What::RecordingStopped(_)
                | What::End(_)
        )
    };
    happened.filter(from_outside).collect()
}

#[test]
fn a_message_reaches_a_waiting_handler_at_once_and_the_call_replays() {
    let (mut world, _, call) = talking("takes_messages");
    assert!(!world.noticed("agent: "));
    assert_eq!(change(&mut world, call, tell("agent", "number 7")), Ok(Changed::Done));
    assert!(world.noticed("agent: number 7"), "no time has passed\n{}", world.log());
    world.run_for(25 * SECOND);
    assert!(world.noticed("nothing for 20 s"));
    assert_eq!(change(&mut world, call, tell("stop", "")), Ok(Changed::Done));
    let happened = over(&mut world, call, "takes_messages");
    assert_eq!(happened, [What::Message(8), What::Message(0)]);
    assert_eq!(record_of(&world, "takes_messages").handler_end, HandlerEnd::Done);
}

#[test]
fn messages_wait_in_their_order_and_no_more_than_so_many() {
    let (mut world, _, call) = talking("takes_messages-late");
    for number in 0..100 {
        let message = tell("n", &number.to_string());
        assert_eq!(change(&mut world, call, message), Ok(Changed::Done));
    }
    let seen = world.describe_call(&tenant(), call).expect("it is alive");
    assert_eq!(seen.messages_waiting, 100);
    assert_eq!(
        change(&mut world, call, tell("n", "100")),
        Err(ChangeError::InboxFull(100))
    );
    world.run_for(10 * SECOND);
    let log = world.log().to_string();
    let told: Vec<&str> = log
        .lines()
        .filter_map(|line| line.split_once("Info: n: "))
        .map(|(_, rest)| rest)
        .collect();
    let expected: Vec<String> = (0..100).map(|number| number.to_string()).collect();
    assert_eq!(told, expected);
    assert_eq!(change(&mut world, call, tell("stop", "")), Ok(Changed::Done));
    over(&mut world, call, "takes_messages");
}

#[test]
fn messages_and_keys_are_waited_for_together() {
    let (mut world, phone, call) = talking("takes_messages-any");
    world.act(phone, press("5"));
    world.run_for(SECOND);
    assert!(world.noticed("first: Some(0), message there: false") && world.noticed("a key came"));
    assert_eq!(change(&mut world, call, tell("agent", "free")), Ok(Changed::Done));
    assert!(world.noticed("first: Some(1), message there: true"), "{}", world.log());
    assert!(world.noticed("agent: free"));
    assert_eq!(change(&mut world, call, tell("stop", "")), Ok(Changed::Done));
    over(&mut world, call, "takes_messages");
}

#[test]
fn what_came_before_the_end_is_received_after_it_and_nothing_comes_then() {
    let (mut world, phone, call) = talking("takes_messages-after");
    assert_eq!(change(&mut world, call, tell("last", "words")), Ok(Changed::Done));
    world.act(phone, Action::HangUp);
    world.run_for(SECOND);
    assert!(
        world.noticed("slept: false") && world.noticed("last: words"),
        "{}",
        world.log()
    );
    assert!(world.noticed("no more: "));
    assert!(change(&mut world, call, tell("too", "late")).is_err());
    over(&mut world, call, "takes_messages");
    assert_eq!(
        change(&mut world, call, tell("too", "late")),
        Err(ChangeError::NoSuchCall)
    );
}

#[test]
fn messages_nobody_receives_are_gone_with_the_call() {
    let (mut world, phone, call) = talking("takes_messages-never");
    assert_eq!(change(&mut world, call, tell("agent", "free")), Ok(Changed::Done));
    world.act(phone, Action::HangUp);
    over(&mut world, call, "takes_messages");
}

#[test]
fn a_message_is_within_its_bounds_and_for_a_call_of_the_tenant() {
    let (mut world, _, call) = talking("takes_messages");
    let long = "x".repeat(MESSAGE_BYTES + 1);
    for (message, argument) in [
        (tell("", "a"), "name"),
        (tell(&"n".repeat(65), "a"), "name"),
        (tell("two\nlines", "a"), "name"),
        (tell("n", &long), "data"),
    ] {
        let refused = change(&mut world, call, message);
        assert!(
            matches!(&refused, Err(ChangeError::Refused(Error::Invalid { argument: named, .. })) if named == argument),
            "{refused:?}"
        );
    }
    assert_eq!(
        change(&mut world, call, tell(&"n".repeat(64), &long[1..])),
        Ok(Changed::Done)
    );
    let other = Tenant("somebody else".to_owned());
    assert_eq!(
        world.change_call(&other, call, tell("a", "b")),
        Err(ChangeError::NoSuchCall)
    );
    assert_eq!(world.describe_call(&other, call), None);
    assert_eq!(
        change(&mut world, CallId(1), tell("a", "b")),
        Err(ChangeError::NoSuchCall)
    );
    assert_eq!(change(&mut world, call, tell("stop", "")), Ok(Changed::Done));
    rest(&mut world);
}

#[test]
fn keys_are_heard_by_the_far_phone_beside_the_handler() {
    let (mut world, phone, call) = talking("echo_keys");
    assert_eq!(change(&mut world, call, keys("wW12#")), Ok(Changed::Done));
    world.run_for(SECOND);
    assert_eq!(keys_heard(&world, phone), Vec::<u8>::new(), "a pause of 1.5 s is first");
    let busy = Err(ChangeError::SendingKeys(CALLER));
    assert_eq!(change(&mut world, call, keys("3")), busy);
    world.run_for(3 * SECOND);
    let expected: Vec<u8> = "12#".chars().filter_map(key_event).collect();
    assert_eq!(keys_heard(&world, phone), expected);
    assert_eq!(change(&mut world, call, keys("3")), Ok(Changed::Done));
    world.run_for(SECOND);
    assert_eq!(keys_heard(&world, phone).len(), 4);
    let none = LegId(9);
    let nobody = Change::SendKeys {
        leg: none,
        keys: "1".to_owned().into(),
    };
    assert_eq!(change(&mut world, call, nobody), Err(ChangeError::NoSuchLeg(none)));
    assert!(matches!(
        change(&mut world, call, keys("x")),
        Err(ChangeError::Refused(_))
    ));
    world.act(phone, press("#"));
    let happened = over(&mut world, call, "echo_keys");
    assert_eq!(happened, [What::KeysFromOutside, What::KeysFromOutside]);
}

#[test]
fn a_leg_that_is_not_answered_is_in_the_wrong_state() {
    let (mut world, _, call) = calling("slow_answer");
    let wrong = Err(ChangeError::WrongState(CALLER, LegState::Offered));
    let state = world.describe_call(&tenant(), call).expect("it is alive").legs[0].state;
    assert_ne!(state, LegState::Answered);
    let refused = change(&mut world, call, keys("1"));
    assert!(refused == wrong || refused == Err(ChangeError::WrongState(CALLER, LegState::Ringing)));
    assert!(change(&mut world, call, tone(620, 500, Interrupt::No)).is_err());
    assert!(change(&mut world, call, recording(&[CALLER])).is_err());
    assert_eq!(change(&mut world, call, Change::End), Ok(Changed::Done));
    rest(&mut world);
    assert_eq!(record_of(&world, "slow_answer").recordings, []);
}

#[test]
fn a_prompt_is_played_beside_the_handler_and_stopped() {
    let (mut world, phone, call) = talking("echo_keys");
    assert_eq!(
        change(&mut world, call, tone(620, 2_000, Interrupt::No)),
        Ok(Changed::Done)
    );
    let second = change(&mut world, call, tone(900, 500, Interrupt::No));
    assert_eq!(second, Err(ChangeError::Playing(CALLER)), "one at a time");
    // A key goes to the handler and leaves the prompt alone.
    world.act(phone, press("5"));
    world.run_for(4 * SECOND);
    let heard = tone_ms(620.0, world.seat(phone).recording().samples());
    assert!((1_800..=2_040).contains(&heard), "{heard}");
    assert!(world.noticed("key [5]"));
    assert_eq!(
        change(&mut world, call, tone(620, 10_000, Interrupt::No)),
        Ok(Changed::Done)
    );
    world.run_for(SECOND);
    assert_eq!(
        change(&mut world, call, Change::StopPlay { leg: CALLER }),
        Ok(Changed::Done)
    );
    let from = world.now() + SECOND / 2;
    world.run_for(2 * SECOND);
    assert_eq!(tone_ms(620.0, world.seat(phone).recording().since(from)), 0);
    assert_eq!(
        change(&mut world, call, Change::StopPlay { leg: CALLER }),
        Ok(Changed::Done),
        "it is over"
    );
    let unknown = Change::Play {
        leg: CALLER,
        prompt: vec![Segment::File("none.wav".to_owned())],
        options: PlayOptions {
            barge_in: false,
            times: 1,
            from_ms: 0,
            volume_db: 0,
        },
        interrupt: Interrupt::No,
    };
    let no_such = Err(ChangeError::Refused(Error::NoSuchPrompt("none.wav".to_owned())));
    assert_eq!(change(&mut world, call, unknown), no_such);
    world.act(phone, press("#"));
    over(&mut world, call, "echo_keys");
}

#[test]
fn what_the_handler_plays_gives_way_only_if_that_is_wanted() {
    let (mut world, phone, call) = talking("placed_call");
    let refused = change(&mut world, call, tone(620, 1_000, Interrupt::No));
    assert_eq!(refused, Err(ChangeError::Playing(CALLER)));
    assert_eq!(
        change(&mut world, call, tone(620, 1_000, Interrupt::Yes)),
        Ok(Changed::Done)
    );
    world.run_for(3 * SECOND);
    let heard = tone_ms(620.0, world.seat(phone).recording().samples());
    assert!((900..=1_040).contains(&heard), "{heard}");
    let from = world.now();
    world.run_for(SECOND);
    let after = world.seat(phone).recording().since(from);
    assert_eq!(tone_ms(440.0, after), 0, "the handler's prompt was replaced");
    // The handler hears so when it asks for its prompt.
    world.act(phone, press("#"));
    world.run_for(SECOND);
    assert!(world.noticed("ended by Replaced"), "{}", world.log());
    over(&mut world, call, "placed_call");
}

#[test]
fn a_recording_from_outside_has_the_sound_and_is_in_the_record() {
    let (mut world, phone, call) = talking("echo_keys");
    let begun = change(&mut world, call, recording(&[]));
    let Ok(Changed::Recording(id)) = begun else {
        panic!("{begun:?}")
    };
    assert_eq!((id.call, id.number), (call, 1));
    world.run_for(2 * SECOND);
    let pause = Change::PauseRecording {
        number: 1,
        with: PauseWith::Skip,
    };
    assert_eq!(change(&mut world, call, pause.clone()), Ok(Changed::Done));
    let seen = world.describe_call(&tenant(), call).expect("it is alive");
    assert_eq!((seen.recordings.len(), seen.recordings[0].paused), (1, Paused::Yes));
    assert_eq!(seen.recordings[0].legs, [CALLER]);
    world.act(phone, Action::Hum(Some(1_100)));
    world.run_for(2 * SECOND);
    world.act(phone, Action::Hum(Some(900)));
    assert_eq!(
        change(&mut world, call, Change::ResumeRecording { number: 1 }),
        Ok(Changed::Done)
    );
    world.run_for(2 * SECOND);
    assert_eq!(
        change(&mut world, call, Change::StopRecording { number: 1 }),
        Ok(Changed::Done)
    );
    assert_eq!(change(&mut world, call, pause), Err(ChangeError::RecordingOver(1)));
    let none = Change::StopRecording { number: 2 };
    assert_eq!(change(&mut world, call, none), Err(ChangeError::NoSuchRecording(2)));
    let zero = Change::StopRecording { number: 0 };
    assert_eq!(change(&mut world, call, zero), Err(ChangeError::NoSuchRecording(0)));
    world.act(phone, press("#"));
    let happened = over(&mut world, call, "echo_keys");
    let expected = [
        What::RecordingBegun(1),
        What::RecordingPaused(1),
        What::RecordingResumed(1),
        What::RecordingStopped(1),
    ];
    assert_eq!(happened, expected);
    let [recorded] = &record_of(&world, "echo_keys").recordings[..] else {
        panic!("one recording")
    };
    assert_eq!(
        (recorded.id, recorded.outcome),
        (id, RecordingOutcome::Ended(RecordEnd::Stopped))
    );
    assert!((3_800..4_200).contains(&recorded.length_ms), "{}", recorded.length_ms);
    let [tape] = world.tapes() else { panic!("one tape") };
    let of = |hz| tone_ms(hz, &tape.channels[0]);
    assert!(of(700.0) > 1_700 && of(900.0) > 1_700 && of(1_100.0) < 100);
}

#[test]
fn more_legs_than_a_recording_has_channels_and_more_recordings_than_there_may_be_are_refused() {
    let (mut world, phone, call) = talking("echo_keys");
    let three = change(&mut world, call, recording(&[CALLER, CALLER, CALLER]));
    assert!(
        matches!(three, Err(ChangeError::Refused(Error::Invalid { .. }))),
        "{three:?}"
    );
    let twice = change(&mut world, call, recording(&[CALLER, CALLER]));
    assert!(
        matches!(twice, Err(ChangeError::Refused(Error::Invalid { .. }))),
        "{twice:?}"
    );
    for _ in 0..4 {
        assert!(change(&mut world, call, recording(&[CALLER])).is_ok());
    }
    let fifth = change(&mut world, call, recording(&[CALLER]));
    assert!(
        matches!(fifth, Err(ChangeError::Refused(Error::Limit { .. }))),
        "{fifth:?}"
    );
    world.act(phone, Action::HangUp);
    over(&mut world, call, "echo_keys");
    let record = record_of(&world, "echo_keys");
    let left = RecordingOutcome::Ended(RecordEnd::Left(Interruption::HungUp));
    assert_eq!(record.recordings.len(), 4);
    assert!(record.recordings.iter().all(|recording| recording.outcome == left));
}

#[test]
fn a_call_is_ended_and_its_handler_is_told_so() {
    let (mut world, phone, call) = talking("takes_messages");
    assert_eq!(change(&mut world, call, Change::End), Ok(Changed::Done));
    let happened = over(&mut world, call, "takes_messages");
    assert_eq!(happened, [What::End(Interruption::EndedByPlatform)]);
    assert_eq!(end(&world, phone), Some(End::ByFarEnd));
    let record = record_of(&world, "takes_messages");
    assert_eq!(record.legs[0].ended_by, Interruption::EndedByPlatform);
    assert_eq!(record.status, CallStatus::Completed);
}

#[test]
fn a_live_call_is_described_and_listed_for_its_tenant_alone() {
    let (mut world, phone, call) = talking("echo_keys");
    let seen = world.describe_call(&tenant(), call).expect("it is alive");
    assert_eq!((seen.id, seen.status), (call, CallStatus::InProgress));
    assert_eq!(seen.handler, "echo_keys");
    let HandlerState::Waiting { ask, since } = &seen.handler_state else {
        panic!("{:?}", seen.handler_state)
    };
    assert!(ask.starts_with("gather(") && *since > SECOND / 2, "{ask} {since:?}");
    assert_eq!(
        (seen.legs[0].state, seen.legs[0].to.reveal().as_str()),
        (LegState::Answered, "echo_keys")
    );
    assert!(seen.legs[0].answered_at.is_some_and(|at| at >= seen.started_at));
    assert_eq!(seen.legs[0].from.reveal(), "alice");
    assert!(!format!("{seen:?}").contains("alice"), "what is private is not printed");
    let page = world.list_calls(&tenant(), None);
    assert_eq!((page.calls, page.more_after), (vec![seen], None));
    assert_eq!(world.list_calls(&tenant(), Some(call)).calls, []);
    assert_eq!(world.list_calls(&Tenant("other".to_owned()), None).calls, []);
    world.act(phone, press("#"));
    over(&mut world, call, "echo_keys");
    assert_eq!(world.describe_call(&tenant(), call), None);
}
