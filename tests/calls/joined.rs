//! Calls joined and split from outside: who hears whom is measured by the tone that each phone hums, and the journals of all
//! of them replay.

#![allow(clippy::disallowed_methods, reason = "a test begins at some moment")]

use crate::support::{announcement, example, helper, program};
use crate::{SECOND, answered, end, press, rest};
use patchcord_control::call::{CALLER, Change, ChangeError, Changed, InRoom};
use patchcord_control::ids::{CallId, LegId, Tenant};
use patchcord_control::record::{CallRecord, HandlerEnd};
use patchcord_control::route::{Pattern, Route, Routes};
use patchcord_control::words::{Began, Interruption, LegState};
use patchcord_guest::{Config, Module, Runtime};
use patchcord_media::measure;
use patchcord_sim::phone::{Action, End, Event, Incoming, Offer};
use patchcord_sim::{PhoneId, PhoneOptions, Setup, TENANT, World, users};
use patchcord_switch::replay::{Verdict, replay};
use patchcord_switch::{Directory, JoinError, PrivateValues, RedirectError, Redirection, read_journal};
use std::sync::Arc;
use std::time::{Duration, Instant};

const NAMES: [&str; 3] = ["alice", "bob", "carol"];
const HUMS: [u16; 3] = [500, 700, 900];

fn tenant() -> Tenant {
    Tenant(TENANT.to_owned())
}

/// Three registered phones that hum; what is called `echo_keys` or `slow_answer` has that handler, everything else the office.
fn staff() -> (World, [PhoneId; 3]) {
    let setup = Setup {
        journal: Some(PrivateValues::Keep),
        ..Setup::new(Instant::now(), 9).with_users(&NAMES)
    };
    let mut world = World::new(setup);
    let helpers = ["echo_keys", "slow_answer"];
    let own = helpers.map(|name| Route::new(Pattern::User(name.to_owned()), tenant(), name));
    let any = Route::new(Pattern::Any, tenant(), "office");
    let routes = Routes::new(own.into_iter().chain([any]).collect());
    let programs = helpers
        .iter()
        .map(|name| (tenant(), program(name, &helper(name))))
        .chain([(tenant(), program("office", &example("office")))])
        .collect();
    let directory = Directory::new(routes, programs, announcement()).with_users(users(NAMES));
    world.set_directory(Arc::new(directory));
    let phones = [0, 1, 2].map(|place| {
        let options = PhoneOptions {
            incoming: Incoming::Answer { after: SECOND },
            hum: Some(HUMS[place]),
            ..PhoneOptions::default()
        };
        let phone = world.add_phone(NAMES[place], options);
        world.register(phone, NAMES[place]);
        phone
    });
    let registered = |event: &Event| matches!(event, Event::Registered { .. });
    let all = |world: &World| phones.iter().all(|phone| world.seat(*phone).when(registered).is_some());
    assert!(world.run_until(60 * SECOND, all));
    (world, phones)
}

/// A phone calls and is answered.
fn call(world: &mut World, phone: PhoneId, to: &str) -> CallId {
    world
        .call(phone, to, Offer::InInvite)
        .expect("the name can stand in an address");
    assert!(world.run_until(10 * SECOND, |world| answered(world, phone)));
    world.run_for(SECOND);
    world.newest_call().expect("it has begun")
}

/// Which phones a phone hears in the second that follows, by their hum.
fn hears(world: &mut World, phone: PhoneId) -> Vec<&'static str> {
    let from = world.now();
    world.run_for(SECOND);
    let heard = world.seat(phone).recording().since(from);
    // The middle: at the edges something may just begin or end.
    let middle = &heard[heard.len() / 4..heard.len() * 3 / 4];
    let loud = |hz: u16| measure::frequency_dbfs(middle, 8_000, f64::from(hz)) > -40.0;
    let heard = NAMES.iter().zip(HUMS).filter(|(_, hz)| loud(*hz));
    heard.map(|(name, _)| *name).collect()
}

fn to(handler: &str) -> Redirection {
    Redirection {
        tenant: tenant(),
        handler: handler.to_owned(),
        text: "split".to_owned(),
    }
}

fn record(world: &World, call: CallId) -> &CallRecord {
    let found = world.records().iter().find(|record| record.id == call);
    found.expect("it has an end record")
}

/// All is over and every journal replays identically.
fn over(world: &mut World) {
    rest(world);
    assert_eq!(world.orphans(), 0);
    let runtime = Runtime::new(Config {
        max_instances: 4,
        ..Config::default()
    })
    .expect("there is room for four");
    for (id, bytes) in world.journals() {
        let name = &record(world, *id).handler;
        let bytes_of = if name == "office" { example(name) } else { helper(name) };
        let module = Module::load(&runtime, &bytes_of).expect("the contract is kept");
        let journal = read_journal(bytes).expect("it is a journal");
        let report = replay(&journal, &module).expect("it can be replayed");
        assert_eq!(report.verdict, Verdict::Identical, "{name}: {} the same", report.same);
    }
}

#[test]
fn two_calls_are_joined_and_split_again() {
    let (mut world, [alice, bob, _]) = staff();
    let first = call(&mut world, alice, "echo_keys");
    let second = call(&mut world, bob, "echo_keys");
    assert_eq!(hears(&mut world, alice), Vec::<&str>::new());
    assert_eq!(world.join_calls(&tenant(), (first, second)), Ok(vec![LegId(1)]));
    world.run_for(SECOND);
    assert_eq!(
        (hears(&mut world, alice), hears(&mut world, bob)),
        (vec!["bob"], vec!["alice"])
    );
    assert_eq!(
        world.describe_call(&tenant(), second),
        None,
        "its handler had nobody left"
    );
    let gone = record(&world, second);
    assert_eq!(
        (gone.continued_as, gone.legs[0].ended_by),
        (Some(first), Interruption::Moved)
    );
    assert_eq!(gone.handler_end, HandlerEnd::Done);
    let seen = world.describe_call(&tenant(), first).expect("it is alive");
    assert!(
        seen.legs
            .iter()
            .all(|leg| leg.room == InRoom::Yes && leg.state == LegState::Answered)
    );

    // The handler of the first goes on beside it, and hears its caller's keys.
    world.act(alice, press("5"));
    world.run_for(SECOND);
    assert!(world.noticed("key [5]"));

    let third = world
        .move_leg(first, LegId(1), &to("echo_keys"))
        .expect("bob is on the line");
    world.run_for(SECOND);
    assert_eq!(
        (hears(&mut world, alice), hears(&mut world, bob)),
        (Vec::new(), Vec::new())
    );
    let alone = world.describe_call(&tenant(), first).expect("it is alive");
    assert_eq!(alone.legs[0].room, InRoom::No, "there is no group any more");
    world.act(bob, press("#"));
    world.act(alice, press("#"));
    over(&mut world);
    assert_eq!(
        (end(&world, alice), end(&world, bob)),
        (Some(End::ByFarEnd), Some(End::ByFarEnd))
    );
    assert_eq!(record(&world, third).began, Began::Redirected("split".to_owned()));
    assert_eq!(record(&world, third).continues, Some(first));
    assert_eq!(record(&world, first).legs[1].ended_by, Interruption::Moved);
}

#[test]
fn a_third_party_comes_into_a_conversation_and_leaves_it() {
    let (mut world, [alice, bob, carol]) = staff();
    let talk = call(&mut world, alice, "bob");
    assert_eq!(
        (hears(&mut world, alice), hears(&mut world, bob)),
        (vec!["bob"], vec!["alice"])
    );
    let other = call(&mut world, carol, "echo_keys");
    assert_eq!(world.join_calls(&tenant(), (talk, other)), Ok(vec![LegId(2)]));
    world.run_for(SECOND);
    assert_eq!(hears(&mut world, alice), ["bob", "carol"]);
    assert_eq!(hears(&mut world, bob), ["alice", "carol"]);
    assert_eq!(hears(&mut world, carol), ["alice", "bob"]);
    let seen = world.describe_call(&tenant(), talk).expect("it is alive");
    assert_eq!(
        seen.legs[0].bridged_with,
        Some(LegId(1)),
        "for its handler nothing has changed"
    );
    world.act(carol, Action::HangUp);
    world.run_for(SECOND);
    assert_eq!(
        (hears(&mut world, alice), hears(&mut world, bob)),
        (vec!["bob"], vec!["alice"])
    );
    world.act(bob, Action::HangUp);
    over(&mut world);
    assert_eq!(end(&world, alice), Some(End::ByFarEnd), "as without the third");
    assert_eq!(record(&world, talk).legs.len(), 3);
}

#[test]
fn a_whole_conversation_comes_into_another_call() {
    let (mut world, [alice, bob, carol]) = staff();
    let talk = call(&mut world, alice, "bob");
    let other = call(&mut world, carol, "echo_keys");
    assert_eq!(world.join_calls(&tenant(), (other, talk)), Ok(vec![LegId(1), LegId(2)]));
    world.run_for(SECOND);
    assert_eq!(hears(&mut world, carol), ["alice", "bob"]);
    assert_eq!(hears(&mut world, alice), ["bob", "carol"]);
    // The handler of the group ends, and with it everybody's call.
    world.act(carol, press("#"));
    over(&mut world);
    for phone in [alice, bob, carol] {
        assert_eq!(end(&world, phone), Some(End::ByFarEnd));
    }
    assert_eq!(record(&world, talk).continued_as, Some(other));
}

#[test]
fn what_cannot_be_joined_or_split_is_refused_by_name_and_left_as_it_is() {
    let (mut world, [alice, bob, _]) = staff();
    let first = call(&mut world, alice, "echo_keys");
    world
        .call(bob, "slow_answer", Offer::InInvite)
        .expect("the name can stand in an address");
    world.run_for(Duration::from_millis(100));
    let waits = world.newest_call().expect("it has begun");
    assert!(!answered(&world, bob));
    let nobody = CallId(1);
    let refused = |why: JoinError| Err(why);
    assert_eq!(
        world.join_calls(&tenant(), (first, nobody)),
        refused(JoinError::NoSuchCall(nobody))
    );
    assert_eq!(
        world.join_calls(&tenant(), (nobody, first)),
        refused(JoinError::NoSuchCall(nobody))
    );
    assert_eq!(
        world.join_calls(&tenant(), (first, first)),
        refused(JoinError::SameCall)
    );
    assert_eq!(
        world.join_calls(&tenant(), (first, waits)),
        refused(JoinError::NoLegs(waits))
    );
    let other = Tenant("other".to_owned());
    assert_eq!(
        world.join_calls(&other, (first, waits)),
        refused(JoinError::NoSuchCall(first))
    );
    let early = world.join_calls(&tenant(), (waits, first));
    assert!(
        matches!(early, Err(JoinError::Refused(ChangeError::WrongState(CALLER, _)))),
        "{early:?}"
    );
    let leg = LegId(7);
    let echo = to("echo_keys");
    assert_eq!(world.move_leg(first, leg, &echo), Err(RedirectError::NoSuchLeg(leg)));
    assert_eq!(world.move_leg(nobody, CALLER, &echo), Err(RedirectError::NoSuchCall));
    assert_eq!(
        world.describe_call(&tenant(), first).map(|seen| seen.legs.len()),
        Some(1)
    );
    for call in [first, waits] {
        assert_eq!(world.change_call(&tenant(), call, Change::End), Ok(Changed::Done));
    }
    over(&mut world);
}
