//! Calls placed from outside: whatever comes of the dialling, one record with one final status, and the handler runs only if
//! somebody has answered. Their journals are replayed.

#![allow(clippy::disallowed_methods, reason = "a test begins at some moment")]

use crate::support::{announcement, helper, program, record_of, tone_ms};
use crate::{SECOND, answered, end, press, rest};
use patchcord_control::call::{CALLER, Change, Changed, HandlerState, OnMachine, Opening};
use patchcord_control::ids::{CallId, Tenant};
use patchcord_control::private::Private;
use patchcord_control::record::{CallRecord, CallStatus, HandlerEnd};
use patchcord_control::route::{Pattern, Route, Routes};
use patchcord_control::words::{
    AnsweredBy, Began, CallerId, Destination, DetectionOptions, Endpoint, Error, Interruption, LegDirection, LegState,
    MachineWait,
};
use patchcord_guest::{Config, Module, Runtime};
use patchcord_sim::phone::{Action, End, Event, Incoming};
use patchcord_sim::{NumberAt, PhoneId, PhoneOptions, Setup, TENANT, World, users, way_out};
use patchcord_switch::replay::{Verdict, replay};
use patchcord_switch::{Directory, PlaceError, PlacedCall, PrivateValues, Purpose, Stopped, read_journal};
use std::sync::Arc;
use std::time::{Duration, Instant};

const HANDLER: &str = "placed_call";
const NUMBER: &str = "+12025550123";

fn tenant() -> Tenant {
    Tenant(TENANT.to_owned())
}

fn setup() -> Setup {
    Setup {
        journal: Some(PrivateValues::Keep),
        ..Setup::new(Instant::now(), 7).with_users(&["bob"])
    }
}

/// A world with the handler, whose tenant has the user bob and may call the one number, which is that phone's.
fn office(setup: Setup, incoming: &[Incoming]) -> (World, Vec<PhoneId>) {
    let base = setup.base;
    let mut world = World::new(setup);
    let phones: Vec<PhoneId> = incoming
        .iter()
        .enumerate()
        .map(|(place, incoming)| {
            let options = PhoneOptions {
                incoming: incoming.clone(),
                hum: Some(700 + 200 * place as u16),
                ..PhoneOptions::default()
            };
            world.add_phone(["desk", "mobile"][place], options)
        })
        .collect();
    let at = NumberAt {
        number: NUMBER.to_owned(),
        at: world.seat(phones[0]).sip(),
    };
    let routes = Routes::new(vec![Route::new(Pattern::Any, tenant(), HANDLER)]);
    let programs = vec![(tenant(), program(HANDLER, &helper(HANDLER)))];
    let outgoing = way_out(&[at], base).expect("it is a number");
    let directory = Directory::new(routes, programs, announcement())
        .with_outgoing(outgoing)
        .with_users(users(["bob"]));
    world.set_directory(Arc::new(directory));
    for phone in &phones {
        world.register(*phone, "bob");
    }
    let registered = |event: &Event| matches!(event, Event::Registered { .. });
    let all = |world: &World| phones.iter().all(|phone| world.seat(*phone).when(registered).is_some());
    assert!(world.run_until(60 * SECOND, all));
    (world, phones)
}

fn calling(to: Destination) -> PlacedCall {
    PlacedCall {
        id: None,
        tenant: tenant(),
        handler: HANDLER.to_owned(),
        fallbacks: Arc::default(),
        opening: Opening {
            to: Endpoint {
                to,
                ring_ms: None,
                headers: vec![("X-Ticket".to_owned(), "4711".to_owned().into())],
                credentials: None,
            },
            caller_id: CallerId::Caller,
            caller_name: None,
            ring_ms: 20_000,
            longest: None,
            detect_machine: None,
            on_machine: OnMachine::Handle,
            redirects: 0,
        },
        purpose: Purpose::Handler,
        trunk: None,
    }
}

fn bob() -> Destination {
    Destination::User("bob".to_owned().into())
}

fn number(number: &str) -> Destination {
    Destination::Number(number.to_owned().into())
}

fn detecting() -> DetectionOptions {
    DetectionOptions {
        wait_for: MachineWait::GreetingEnd,
        timeout_ms: 10_000,
        speech_ms: 2_400,
        speech_end_ms: 1_200,
        silence_ms: 5_000,
    }
}

fn status(world: &World, call: CallId) -> CallStatus {
    world.describe_call(&tenant(), call).expect("it is alive").status
}

/// All is over: the one record, of a call whose journal replays identically.
fn over(world: &mut World, call: CallId) -> CallRecord {
    rest(world);
    let record = record_of(world, HANDLER).clone();
    assert_eq!(record.id, call);
    assert!(record.status.is_final());
    let runtime = Runtime::new(Config {
        max_instances: 4,
        ..Config::default()
    })
    .expect("there is room for four");
    let module = Module::load(&runtime, &helper(HANDLER)).expect("the contract is kept");
    let journal = read_journal(&world.journals()[&call]).expect("it is a journal");
    assert_eq!(journal.stopped, Stopped::AtEnd);
    let report = replay(&journal, &module).expect("it can be replayed");
    assert_eq!(report.verdict, Verdict::Identical, "{} the same", report.same);
    assert_eq!(report.same == 0, record.handler_end == HandlerEnd::NotRun);
    record
}

#[test]
fn the_handler_runs_once_the_phone_has_answered_and_as_for_any_other_call() {
    let (mut world, phones) = office(setup(), &[Incoming::Answer { after: 3 * SECOND }]);
    let call = world.place_call(calling(bob())).expect("it is placed");
    assert_eq!(status(&world, call), CallStatus::Queued);
    world.run_for(SECOND);
    assert_eq!(status(&world, call), CallStatus::Ringing);
    let seen = world.describe_call(&tenant(), call).expect("it is alive");
    assert_eq!(seen.handler_state, HandlerState::NotStarted);
    assert_eq!((seen.legs.len(), seen.legs[0].direction), (1, LegDirection::Outbound));
    assert_eq!(world.counts().instances, 0, "nobody has answered");
    assert!(!world.noticed("begun: "));
    world.run_for(4 * SECOND);
    assert!(answered(&world, phones[0]));
    assert_eq!(status(&world, call), CallStatus::InProgress);
    assert!(world.noticed("begun: Beginning::Placed(None)"), "{}", world.log());
    assert!(
        world.noticed("Direction::Outbound, LegState::Answered, to bob"),
        "{}",
        world.log()
    );
    assert!(tone_ms(440.0, world.seat(phones[0]).recording().samples()) > 500);
    world.act(phones[0], press("#"));
    let record = over(&mut world, call);
    assert_eq!(end(&world, phones[0]), Some(End::ByFarEnd));
    assert!(world.noticed("pressed #"));
    assert_eq!((record.status, record.answered_by), (CallStatus::Completed, None));
    assert_eq!(
        (&record.began, &record.handler_end),
        (&Began::Placed(None), &HandlerEnd::Done)
    );
    assert!(record.legs[0].answered_at.is_some());
    assert_eq!(record.refusal, None);
}

#[test]
fn whoever_does_not_answer_gives_the_status_and_no_handler_runs() {
    for (incoming, expected, refused) in [
        (Incoming::Busy, CallStatus::Busy, Some(486)),
        (Incoming::Refuse { status: 603 }, CallStatus::Busy, Some(603)),
        (Incoming::Refuse { status: 480 }, CallStatus::NoAnswer, Some(480)),
        (Incoming::Refuse { status: 404 }, CallStatus::Failed, Some(404)),
        (Incoming::Refuse { status: 500 }, CallStatus::Failed, Some(500)),
        (Incoming::Ring, CallStatus::NoAnswer, None),
    ] {
        let (mut world, _) = office(setup(), &[incoming]);
        let placed = world.now();
        let call = world.place_call(calling(bob())).expect("it is placed");
        let ended = |world: &World| !world.records().is_empty();
        assert!(world.run_until(60 * SECOND, ended), "{}", world.log());
        let took = world.now() - placed;
        assert!(
            took < 22 * SECOND && (refused.is_some() == (took < 10 * SECOND)),
            "{took:?}"
        );
        let record = over(&mut world, call);
        assert_eq!(record.status, expected);
        assert_eq!(record.handler_end, HandlerEnd::NotRun);
        assert_eq!((record.legs.len(), record.turns), (1, 0));
        if refused.is_some() {
            assert_eq!(record.legs[0].status, refused);
        }
        assert_eq!(record.legs[0].answered_at, None);
    }
}

#[test]
fn a_call_is_given_up_while_it_rings() {
    let (mut world, phones) = office(setup(), &[Incoming::Ring]);
    let call = world.place_call(calling(bob())).expect("it is placed");
    world.run_for(2 * SECOND);
    assert_eq!(world.change_call(&tenant(), call, Change::End), Ok(Changed::Done));
    let record = over(&mut world, call);
    assert_eq!(
        (record.status, record.handler_end),
        (CallStatus::Canceled, HandlerEnd::NotRun)
    );
    assert!(
        matches!(end(&world, phones[0]), Some(end) if end != End::ByPhone),
        "{}",
        world.log()
    );
}

#[test]
fn a_host_that_nobody_knows_fails_the_call() {
    let (mut world, _) = office(setup(), &[Incoming::Ring]);
    let nowhere = Destination::Address("sip:bob@nowhere.example".to_owned().into());
    let call = world.place_call(calling(nowhere)).expect("it is placed");
    let record = over(&mut world, call);
    assert_eq!(record.status, CallStatus::Failed);
    assert_eq!(record.legs[0].ended_by, Interruption::NotConnected);
}

#[test]
fn a_node_that_ends_gives_up_what_rings() {
    let (mut world, _) = office(setup(), &[Incoming::Ring]);
    let call = world.place_call(calling(bob())).expect("it is placed");
    world.run_for(2 * SECOND);
    world.end_all();
    assert_eq!(over(&mut world, call).status, CallStatus::Canceled);
    assert_eq!(world.place_call(calling(bob())), Err(PlaceError::Draining));
}

#[test]
fn a_number_goes_over_its_trunk_within_the_limits_of_policy() {
    let (mut world, phones) = office(setup(), &[Incoming::Answer { after: SECOND }]);
    let call = world.place_call(calling(number(NUMBER))).expect("it is placed");
    assert!(world.run_until(10 * SECOND, |world| answered(world, phones[0])));
    let shown = world
        .seat(phones[0])
        .events()
        .iter()
        .find_map(|(_, event)| match event {
            Event::Incoming(caller) => Some(caller.user.clone()),
            _ => None,
        });
    assert_eq!(shown.as_deref(), Some("+12025550199"), "the tenant's own number");
    world.run_for(SECOND);
    world.act(phones[0], press("#"));
    assert_eq!(over(&mut world, call).status, CallStatus::Completed);

    // A number that is not the tenant's is not shown: nothing is sent.
    let (mut world, phones) = office(setup(), &[Incoming::Answer { after: SECOND }]);
    let mut wanted = calling(number(NUMBER));
    wanted.opening.caller_id = CallerId::Number("+12025550177".to_owned().into());
    let call = world.place_call(wanted).expect("what forbids it is in the record");
    let record = over(&mut world, call);
    assert_eq!(record.status, CallStatus::Failed);
    assert!(record.refusal.is_some_and(|rule| !rule.contains("0177")));
    assert_eq!(
        world.seat(phones[0]).when(|event| matches!(event, Event::Incoming(_))),
        None
    );
}

#[test]
fn of_several_phones_the_one_that_answers_is_the_first_leg() {
    let after = |seconds: u32| Incoming::Answer {
        after: seconds * SECOND,
    };
    for (first, second) in [(5, 2), (2, 5)] {
        let (mut world, phones) = office(setup(), &[after(first), after(second)]);
        let call = world.place_call(calling(bob())).expect("it is placed");
        world.run_for(8 * SECOND);
        let (winner, loser) = if first < second { (0, 1) } else { (1, 0) };
        assert!(answered(&world, phones[winner]) && !answered(&world, phones[loser]));
        let seen = world.describe_call(&tenant(), call).expect("it is alive");
        assert_eq!(
            (seen.legs.len(), seen.legs[0].state, seen.legs[1].state),
            (2, LegState::Answered, LegState::Ended)
        );
        assert!(
            tone_ms(440.0, world.seat(phones[winner]).recording().samples()) > 500,
            "{}",
            world.log()
        );
        assert_eq!(world.orphans(), 0);
        world.act(phones[winner], press("#"));
        let record = over(&mut world, call);
        assert!(world.noticed("pressed #"), "{}", world.log());
        assert!(record.legs[0].answered_at.is_some() && record.legs[1].answered_at.is_none());
    }
}

#[test]
fn a_phone_that_names_another_address_is_followed_as_far_as_wanted() {
    for (redirects, expected) in [(1, CallStatus::Completed), (0, CallStatus::Failed)] {
        let (mut world, phones) = office(setup(), &[Incoming::Answer { after: SECOND }]);
        let away = world.add_phone("away", PhoneOptions::default());
        let to = format!("sip:bob@{}", world.seat(phones[0]).sip());
        world.set_incoming(
            away,
            Incoming::Redirect {
                to: patchcord_sip::Uri::parse(&to).expect("it is an address"),
            },
        );
        let first = format!("sip:bob@{}", world.seat(away).sip());
        let mut wanted = calling(Destination::Address(first.into()));
        wanted.opening.redirects = redirects;
        let call = world.place_call(wanted).expect("it is placed");
        world.run_for(4 * SECOND);
        assert_eq!(answered(&world, phones[0]), redirects == 1, "{}", world.log());
        if redirects == 1 {
            world.act(phones[0], press("#"));
        }
        let record = over(&mut world, call);
        assert_eq!(record.status, expected);
        assert_eq!(record.legs.len(), 1 + usize::from(redirects));
        // The leg that answered is the first, whichever was before it.
        assert_eq!(record.legs[0].status, (redirects == 0).then_some(302));
    }
}

#[test]
fn a_machine_is_told_from_a_person_and_hung_up_if_that_is_wanted() {
    for on_machine in [OnMachine::HangUp, OnMachine::Handle] {
        let (mut world, phones) = office(setup(), &[Incoming::Answer { after: SECOND }]);
        world.act(phones[0], Action::Hum(None));
        let mut wanted = calling(bob());
        wanted.opening.detect_machine = Some(detecting());
        wanted.opening.on_machine = on_machine;
        let call = world.place_call(wanted).expect("it is placed");
        assert!(world.run_until(10 * SECOND, |world| answered(world, phones[0])));
        world.run_for(Duration::from_millis(100));
        assert_eq!(status(&world, call), CallStatus::InProgress);
        assert_eq!(world.counts().instances, 0, "it is not known who answered");
        // A greeting's beep.
        world.act(phones[0], Action::Hum(None));
        world.run_for(2 * SECOND);
        world.act(phones[0], Action::Hum(Some(1_000)));
        world.run_for(Duration::from_millis(600));
        world.act(phones[0], Action::Hum(None));
        world.run_for(5 * SECOND);
        let machine = Some(AnsweredBy::MachineBeeped);
        if on_machine == OnMachine::HangUp {
            let record = over(&mut world, call);
            assert_eq!((record.status, record.answered_by), (CallStatus::Completed, machine));
            assert_eq!(record.handler_end, HandlerEnd::NotRun);
            assert_eq!(record.legs[0].ended_by, Interruption::EndedByPlatform);
        } else {
            assert!(
                world.noticed("Placed(Some(AnsweredBy::MachineBeeped))"),
                "{}",
                world.log()
            );
            world.act(phones[0], Action::HangUp);
            let record = over(&mut world, call);
            assert_eq!((record.began, record.answered_by), (Began::Placed(machine), machine));
        }
    }
}

#[test]
fn whoever_leaves_while_it_is_found_out_who_answered_ends_the_call() {
    let (mut world, phones) = office(setup(), &[Incoming::Answer { after: SECOND }]);
    let mut wanted = calling(bob());
    wanted.opening.detect_machine = Some(detecting());
    let call = world.place_call(wanted).expect("it is placed");
    assert!(world.run_until(10 * SECOND, |world| answered(world, phones[0])));
    world.run_for(Duration::from_millis(300));
    world.act(phones[0], Action::HangUp);
    let record = over(&mut world, call);
    assert_eq!(
        (record.status, record.answered_by),
        (CallStatus::Completed, Some(AnsweredBy::Unknown))
    );
    assert_eq!(record.handler_end, HandlerEnd::NotRun);
}

#[test]
fn a_call_lasts_no_longer_than_it_was_given() {
    let (mut world, phones) = office(setup(), &[Incoming::Answer { after: SECOND }]);
    let mut wanted = calling(bob());
    wanted.opening.longest = Some(5 * SECOND);
    let call = world.place_call(wanted).expect("it is placed");
    assert!(world.run_until(10 * SECOND, |world| answered(world, phones[0])));
    let from = world.now();
    assert!(world.run_until(60 * SECOND, |world| !world.records().is_empty()));
    let lasted = world.now() - from;
    assert!((4 * SECOND..7 * SECOND).contains(&lasted), "{lasted:?}");
    let record = over(&mut world, call);
    assert_eq!(record.legs[0].ended_by, Interruption::TimeLimit);
    assert_eq!(
        (record.status, record.handler_end),
        (CallStatus::Completed, HandlerEnd::Done)
    );
}

#[test]
fn what_cannot_be_placed_is_refused_by_name_and_leaves_nothing() {
    let (mut world, _) = office(setup(), &[Incoming::Ring]);
    let mut unknown = calling(bob());
    unknown.handler = "other".to_owned();
    assert_eq!(
        world.place_call(unknown),
        Err(PlaceError::NoSuchHandler("other".to_owned()))
    );
    let mut strange = calling(bob());
    strange.tenant = Tenant("somebody else".to_owned());
    assert_eq!(
        world.place_call(strange),
        Err(PlaceError::NoSuchHandler(HANDLER.to_owned()))
    );
    let mut short = calling(bob());
    short.opening.ring_ms = 10;
    let refused = world.place_call(short);
    assert!(
        matches!(&refused, Err(PlaceError::Invalid(Error::Invalid { argument, .. })) if argument == "options.ring-ms"),
        "{refused:?}"
    );
    let mut claims = calling(bob());
    claims.opening.to.headers = vec![("Privacy".to_owned(), Private::new("none".to_owned()))];
    assert!(matches!(world.place_call(claims), Err(PlaceError::Invalid(_))));
    assert_eq!((world.counts().calls, world.counts().started), (0, 0));
    let id = CallId(42);
    let mut twice = calling(bob());
    twice.id = Some(id);
    assert_eq!(world.place_call(twice.clone()), Ok(id));
    assert_eq!(world.place_call(twice), Err(PlaceError::SameId(id)));
    assert_eq!(world.change_call(&tenant(), id, Change::End), Ok(Changed::Done));
    rest(&mut world);

    let few = Setup { calls: 1, ..setup() };
    let (mut world, _) = office(few, &[Incoming::Ring]);
    let call = world.place_call(calling(bob())).expect("there is room for one");
    assert_eq!(world.place_call(calling(bob())), Err(PlaceError::Full));
    assert_eq!(world.change_call(&tenant(), call, Change::End), Ok(Changed::Done));
    over(&mut world, call);
}

#[test]
fn a_placed_call_is_moved_to_another_handler_as_any_other() {
    let (mut world, phones) = office(setup(), &[Incoming::Answer { after: SECOND }]);
    let call = world.place_call(calling(bob())).expect("it is placed");
    assert!(world.run_until(10 * SECOND, |world| answered(world, phones[0])));
    world.run_for(SECOND);
    let to = patchcord_switch::Redirection {
        tenant: tenant(),
        handler: HANDLER.to_owned(),
        text: "again".to_owned(),
    };
    let next = world.move_caller(call, &to).expect("there is a caller");
    world.run_for(2 * SECOND);
    assert!(world.noticed("begun: Beginning::Redirected"), "{}", world.log());
    let seen = world.describe_call(&tenant(), next).expect("it is alive");
    assert_eq!((seen.legs[0].leg, seen.legs[0].state), (CALLER, LegState::Answered));
    assert_eq!(world.describe_call(&tenant(), call), None);
    world.act(phones[0], press("#"));
    rest(&mut world);
    assert_eq!(end(&world, phones[0]), Some(End::ByFarEnd));
    let statuses: Vec<CallStatus> = world.records().iter().map(|record| record.status).collect();
    assert_eq!(statuses, [CallStatus::Completed; 2]);
}
