//! What others are told of whole calls: every kind of event in order, event sinks that keep or misbehave, and nothing of theirs in
//! the call.

#![allow(clippy::disallowed_methods, reason = "a test begins at some moment")]

use crate::support::{announcement, helper, program, record_of};
use crate::{SECOND, answered, rest};
use patchcord_control::events::{Event, EventKind, EventKinds, Happening, Receiver, Subscription, Telling};
use patchcord_control::grants::Grants;
use patchcord_control::http_urls::{HttpAllow, HttpUrl};
use patchcord_control::ids::{CallId, Tenant};
use patchcord_control::record::HandlerEnd;
use patchcord_control::route::{Pattern, Route, Routes};
use patchcord_control::words::{Breakage, UnixTime};
use patchcord_guest::{Config, Module, Refused, Runtime};
use patchcord_sim::phone::Offer;
use patchcord_sim::scenario::{HttpBlock, HttpFails};
use patchcord_sim::{PhoneOptions, Setup, TENANT, World};
use patchcord_switch::replay::{Verdict, replay};
use patchcord_switch::{Directory, NotReceived, PrivateValues, Sink, SinkKey, Stopped, read_journal};
use std::sync::Arc;
use std::time::Instant;

const HANDLER: &str = "reports";
const SINK: &str = "keeps_events";
const SECRET: &str = "a-secret-that-signs";

fn tenant() -> Tenant {
    Tenant(TENANT.to_owned())
}

fn grants() -> Grants {
    let url = HttpUrl::parse("https://crm.example.com/").expect("it is an address");
    let grants = Grants::default().with_secret("crm-key", SECRET).expect("it can be one");
    grants.with_http(HttpAllow::Below(vec![url]))
}

fn subscription(name: &str, kinds: EventKinds) -> Subscription {
    Subscription {
        tenant: tenant(),
        handlers: None,
        kinds,
        name: name.into(),
        webhook: None,
    }
}

/// A world with that handler and that sink.
fn world(what: &str, subscriptions: Vec<Subscription>) -> (World, String) {
    let mut world = World::new(Setup {
        journal: Some(PrivateValues::Keep),
        users: vec!["bob".to_owned()],
        ..Setup::new(Instant::now(), 9)
    });
    let name = format!("{HANDLER}-{what}");
    let routes = Routes::new(vec![Route::new(Pattern::Any, tenant(), name.clone())]);
    let programs = vec![(tenant(), program(&name, &helper(HANDLER)))];
    let sink = Sink {
        tenant: tenant(),
        program: program(SINK, &helper(SINK)),
        grants: Arc::new(grants()),
    };
    let directory = Directory::new(routes, programs, announcement())
        .with_grants(&tenant(), &name, grants())
        .with_subscriptions(subscriptions)
        .with_sinks(vec![sink]);
    world.set_directory(Arc::new(directory));
    (world, name)
}

fn whole_call(world: &mut World, name: &str) {
    let phone = world.add_phone("alice", PhoneOptions::default());
    world
        .call(phone, name, Offer::InInvite)
        .expect("the name can stand in an address");
    assert!(world.run_until(10 * SECOND, |world| answered(world, phone)));
    world.run_for(60 * SECOND);
    rest(world);
}

fn named<'a>(world: &'a World, name: &str) -> Vec<(&'a Telling, u32)> {
    let told = world.tellings().iter().flat_map(|telling| {
        let to = telling.to.iter();
        to.filter(|(to, _)| *to == Receiver::Named(name.into()))
            .map(move |(_, sequence)| (telling, *sequence))
    });
    told.collect()
}

/// In another runtime, with nobody to tell.
fn replays(world: &World) {
    let runtime = Runtime::new(Config {
        max_instances: 4,
        ..Config::default()
    });
    let module = Module::load(&runtime.expect("there is room"), &helper(HANDLER)).expect("the contract is kept");
    assert!(!world.journals().is_empty());
    for bytes in world.journals().values() {
        let journal = read_journal(bytes).expect("it is a journal");
        assert_eq!(journal.stopped, Stopped::AtEnd);
        let report = replay(&journal, &module).expect("it can be replayed");
        assert_eq!(report.verdict, Verdict::Identical, "{} the same", report.same);
    }
}

#[test]
fn a_receiver_is_told_everything_in_order_and_the_call_replays_without_it() {
    let few = EventKinds::of(&[EventKind::CallEnded]);
    let (mut world, name) = world(
        "plainly",
        vec![subscription("all", EventKinds::ALL), subscription("few", few)],
    );
    whole_call(&mut world, &name);
    let told = named(&world, "all");
    let kinds: Vec<_> = told
        .iter()
        .map(|(telling, _)| telling.event.what.kind().name())
        .collect();
    assert_eq!(
        kinds,
        [
            "call-started",
            "leg-answered",
            "recording-started",
            "recording-ended",
            "custom",
            "leg-ended",
            "call-ended"
        ],
        "bob has no phone, so nobody was dialled"
    );
    let numbers: Vec<_> = told.iter().map(|(_, number)| *number).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7]);
    let Happening::CallStarted { caller, .. } = &told[0].0.event.what else {
        panic!("{:?}", told[0]);
    };
    assert_eq!(caller.to.reveal(), &name);
    let Happening::Custom { name: about, data } = &told[4].0.event.what else {
        panic!("{:?}", told[4]);
    };
    assert_eq!(
        (about.as_str(), data.reveal().as_str()),
        ("order-paid", "{\"cents\":1250}")
    );
    assert!(told.windows(2).all(|two| two[0].0.event.at <= two[1].0.event.at));
    let few: Vec<_> = named(&world, "few")
        .iter()
        .map(|(telling, n)| (telling.event.what.kind(), *n))
        .collect();
    assert_eq!(few, [(EventKind::CallEnded, 1)]);
    replays(&world);
}

#[test]
fn a_handler_that_breaks_is_told_of() {
    let (mut world, name) = world("breaks", vec![subscription("all", EventKinds::ALL)]);
    whole_call(&mut world, &name);
    let told = named(&world, "all");
    let failed = told.iter().find_map(|(telling, _)| match &telling.event.what {
        Happening::HandlerFailed { kind, text } => Some((*kind, text.clone())),
        _ => None,
    });
    assert!(matches!(failed, Some((Breakage::Trap, _))), "{failed:?}");
    let Happening::CallEnded { failed, legs, .. } = told.last().expect("told").0.event.what.clone() else {
        panic!("{:?}", told.last());
    };
    assert_eq!((failed, legs), (Some(Breakage::Trap), 1));
}

#[test]
fn a_webhook_that_the_handler_subscribed_is_told_and_its_secret_is_in_no_journal() {
    let (mut world, name) = world("subscribes", Vec::new());
    whole_call(&mut world, &name);
    let kinds: Vec<_> = world
        .tellings()
        .iter()
        .map(|telling| telling.event.what.kind())
        .collect();
    assert_eq!(kinds, [EventKind::Custom, EventKind::CallEnded]);
    let (Receiver::Subscribed(webhook), 1) = &world.tellings()[0].to[0] else {
        panic!("{:?}", world.tellings()[0].to);
    };
    assert_eq!(webhook.secret.reveal(), SECRET);
    let log = world.log().to_string();
    assert!(log.contains("elsewhere: Err(Error::NotAllowed"), "{log}");
    assert!(!log.contains(SECRET) && !log.contains("t-1"), "{log}");
    for journal in world.journals().values() {
        assert!(!journal.windows(SECRET.len()).any(|bytes| bytes == SECRET.as_bytes()));
    }
    replays(&world);
}

fn event(name: &str, data: &str) -> Event {
    Event {
        call: CallId(7),
        tenant: tenant(),
        handler: "support".to_owned(),
        module: "m".to_owned(),
        at: UnixTime {
            seconds: 1_000,
            nanoseconds: 0,
        },
        what: Happening::Custom {
            name: name.to_owned(),
            data: data.to_owned().into(),
        },
    }
}

/// What became of one event of a sink, and how long it took.
fn told(world: &mut World, event: &Event) -> Result<(), NotReceived> {
    world.tell_sink(SinkKey(1), SINK, event, 3);
    assert!(
        world.run_until(60 * SECOND, |world| !world.received().is_empty()),
        "it was never done"
    );
    rest(world);
    let [(SinkKey(1), received)] = world.received() else {
        panic!("{:?}", world.received());
    };
    received.clone()
}

#[test]
fn a_sink_keeps_what_it_is_told_and_leaves_no_record() {
    let (mut world, _) = world("plainly", Vec::new());
    assert_eq!(told(&mut world, &event("order-paid", "x")), Ok(()));
    assert!(world.records().is_empty() && world.journals().is_empty());
    assert!(world.log().to_string().contains("kept 3"));
}

#[test]
fn a_sink_that_misbehaves_has_not_received_and_nothing_is_left_of_it() {
    for (order, why) in [("fail", "as told"), ("panic", "trap"), ("spin", "instructions")] {
        let (mut world, _) = world("plainly", Vec::new());
        match told(&mut world, &event(order, "")) {
            Err(NotReceived::Failed(text)) => assert!(text.contains(why), "{order}: {text}"),
            other => panic!("{order}: {other:?}"),
        }
        assert_eq!(world.counts().calls, 0);
        assert_eq!(world.counts().instances, 0);
    }
    let (mut world, _) = world("plainly", Vec::new());
    world.tell_sink(SinkKey(2), "nobody", &event("a", ""), 1);
    assert_eq!(world.received(), [(SinkKey(2), Err(NotReceived::NoSuchSink))]);
}

#[test]
fn a_sink_asks_web_servers_for_as_long_as_it_may() {
    let block = |delay_ms, fails| HttpBlock {
        method: "GET".to_owned(),
        url: "https://crm.example.com/customers".to_owned(),
        body_holds: None,
        status: 200,
        headers: [].into(),
        body: String::new(),
        delay_ms,
        fails,
    };
    let ask = event("ask", "https://crm.example.com/customers");
    let (mut quick, _) = world("plainly", Vec::new());
    quick.set_web_answers(vec![block(50, None)]);
    assert_eq!(told(&mut quick, &ask), Ok(()));
    let (mut never, _) = world("plainly", Vec::new());
    never.set_web_answers(vec![block(0, Some(HttpFails::NeverAnswers))]);
    assert!(matches!(told(&mut never, &ask), Err(NotReceived::Failed(_))));
}

#[test]
fn a_component_that_would_change_calls_is_no_sink_and_a_sink_is_no_handler() {
    let runtime = Runtime::new(Config {
        max_instances: 4,
        ..Config::default()
    });
    let runtime = runtime.expect("there is room");
    let refused = Module::load(&runtime, &helper("meddles")).expect_err("it plays");
    assert!(
        matches!(&refused, Refused::NotOfItsWorld { interface, world: "event-sink", .. } if interface.contains("/call@")),
        "{refused}"
    );
    assert!(refused.to_string().contains("worlds.wit:"), "{refused}");

    let (mut world, name) = world("plainly", Vec::new());
    let routes = Routes::new(vec![Route::new(Pattern::Any, tenant(), name.clone())]);
    let sink_as_handler = vec![(tenant(), program(&name, &helper(SINK)))];
    world.set_directory(Arc::new(Directory::new(routes, sink_as_handler, announcement())));
    whole_call(&mut world, &name);
    assert!(matches!(record_of(&world, &name).handler_end, HandlerEnd::Faulted(_)));
}
