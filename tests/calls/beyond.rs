//! What handlers have done beyond their call: the store, secrets, and web servers, in whole calls, with the journals of them
//! replayed.

#![allow(clippy::disallowed_methods, reason = "a test begins at some moment")]

use crate::support::{announcement, helper, program, record_of};
use crate::{SECOND, answered, rest};
use patchcord_control::grants::Grants;
use patchcord_control::http_urls::{HttpAllow, HttpUrl};
use patchcord_control::ids::Tenant;
use patchcord_control::record::HandlerEnd;
use patchcord_control::route::{Pattern, Route, Routes};
use patchcord_control::tenancy::{Limits, Refused, Tenancy};
use patchcord_guest::{Config, Module, Runtime};
use patchcord_sim::phone::{Action, Offer};
use patchcord_sim::scenario::{HttpBlock, HttpFails};
use patchcord_sim::{PhoneId, PhoneOptions, Setup, Shelving, TENANT, World};
use patchcord_switch::replay::{Verdict, replay};
use patchcord_switch::{Directory, PrivateValues, Stopped, read_journal};
use std::sync::Arc;
use std::time::{Duration, Instant};

const HANDLER: &str = "asks_others";
const SECRET: &str = "sk-1234-abcd";

/// A world with that handler alone, which may ask one server, and has one secret.
fn beyond(what: &str) -> (World, String) {
    beyond_within(what, Limits::default())
}

/// The same, and no more of the node than that.
fn beyond_within(what: &str, limits: Limits) -> (World, String) {
    let base = Instant::now();
    let setup = Setup {
        journal: Some(PrivateValues::Keep),
        tenancy: Arc::new(Tenancy::new(base, limits)),
        ..Setup::new(base, 5)
    };
    let mut world = World::new(setup);
    let name = format!("{HANDLER}-{what}");
    let tenant = Tenant(TENANT.to_owned());
    let routes = Routes::new(vec![Route::new(Pattern::Any, tenant.clone(), name.clone())]);
    let url = HttpUrl::parse("https://crm.example.com/").expect("it is an address");
    let grants = Grants::default()
        .with_secret("crm-token", SECRET)
        .expect("it can be one");
    let grants = grants.with_http(HttpAllow::Below(vec![url]));
    let programs = vec![(tenant.clone(), program(&name, &helper(HANDLER)))];
    let directory = Directory::new(routes, programs, announcement()).with_grants(&tenant, &name, grants);
    world.set_directory(Arc::new(directory));
    (world, name)
}

fn call(world: &mut World, name: &str) -> PhoneId {
    let phone = world.add_phone("alice", PhoneOptions::default());
    world
        .call(phone, name, Offer::InInvite)
        .expect("the name can stand in an address");
    assert!(world.run_until(10 * SECOND, |world| answered(world, phone)));
    phone
}

/// A whole call that the handler ends; the lines of its log.
fn whole_call(world: &mut World, name: &str) -> Vec<String> {
    call(world, name);
    world.run_for(60 * SECOND);
    over(world)
}

/// Nothing is left, the journals replay identically, and the handler's lines.
fn over(world: &mut World) -> Vec<String> {
    rest(world);
    replays(world);
    let log = world.log().to_string();
    let lines = log.lines().filter_map(|line| line.split_once("Info: "));
    lines.map(|(_, line)| line.to_owned()).collect()
}

/// In another runtime, without store, secrets and servers.
fn replays(world: &World) {
    let runtime = Runtime::new(Config {
        max_instances: 4,
        ..Config::default()
    })
    .expect("there is room for four");
    let module = Module::load(&runtime, &helper(HANDLER)).expect("the contract is kept");
    assert!(!world.journals().is_empty());
    for bytes in world.journals().values() {
        let journal = read_journal(bytes).expect("it is a journal");
        assert_eq!(journal.stopped, Stopped::AtEnd);
        let report = replay(&journal, &module).expect("it can be replayed");
        assert_eq!(report.verdict, Verdict::Identical, "{} the same", report.same);
    }
}

fn block(method: &str, answers: HttpBlock) -> HttpBlock {
    HttpBlock {
        method: method.to_owned(),
        ..answers
    }
}

fn answers(body: &str) -> HttpBlock {
    HttpBlock {
        method: "GET".to_owned(),
        url: "https://crm.example.com/customers".to_owned(),
        body_holds: None,
        status: 200,
        headers: [("x-kind".to_owned(), "one".to_owned())].into(),
        body: body.to_owned(),
        delay_ms: 50,
        fails: None,
    }
}

fn fails(how: HttpFails) -> HttpBlock {
    HttpBlock {
        fails: Some(how),
        ..answers("")
    }
}

#[test]
fn what_one_call_keeps_the_next_one_finds() {
    let (mut world, name) = beyond("counts");
    world.put_in_store("other", b"was there before").expect("there is room");
    let first = [
        "before: None",
        "sum: 1",
        "swapped: true",
        "swapped late: false",
        "made anew: false",
        "sum: 42",
        "deleted: true, false",
    ];
    assert_eq!(whole_call(&mut world, &name), first);
    let lines = whole_call(&mut world, &name);
    assert_eq!(lines[first.len()..][..2], ["before: Some(\"42\")", "sum: 43"]);
    assert_eq!(world.in_store("calls").as_deref(), Some(&b"42"[..]));
    assert_eq!(world.in_store("other"), None);
}

#[test]
fn an_entry_expires_by_the_virtual_clock() {
    let (mut world, name) = beyond("expires");
    assert_eq!(whole_call(&mut world, &name), ["in time: true", "too late: false"]);
}

#[test]
fn what_is_too_much_for_the_store_is_told_by_its_limit() {
    let (mut world, name) = beyond("too_much");
    let lines = whole_call(&mut world, &name);
    let expected = [
        "StoreKeyBytes, allowed: 256, asked: 257",
        "key",
        "StoreValueBytes, allowed: 65536, asked: 65537",
    ];
    for (line, part) in lines.iter().zip(expected) {
        assert!(line.contains(part), "{lines:?}");
    }
    assert!(
        lines[3].contains("ttl-ms") && lines[4].contains("no number"),
        "{lines:?}"
    );
    assert_eq!(lines[5], "largest: true");
    let (mut world, name) = beyond("often");
    let [line] = &whole_call(&mut world, &name)[..] else {
        panic!("{}", world.log())
    };
    assert!(
        line.starts_with("after 1000: ") && line.contains("StoreOperations"),
        "{line}"
    );
}

#[test]
fn a_store_that_fails_or_hangs_costs_an_error_and_not_the_call() {
    for (shelving, told) in [
        (
            Shelving::Fails("its disk is full".to_owned()),
            "not available: its disk is full",
        ),
        (
            Shelving::Hangs,
            "not available: the store did not answer within 5000 ms",
        ),
    ] {
        let (mut world, name) = beyond("counts");
        world.set_shelving(shelving);
        let phone = call(&mut world, &name);
        let from = world.now();
        let ended = |world: &World| record_count(world) == 1;
        world.run_until(60 * SECOND, ended);
        assert!(world.noticed(told), "{}", world.log());
        // The tone went on meanwhile, and the caller heard the announcement.
        assert!(world.now() - from < 40 * SECOND);
        let recorded = world.seat(phone).recording().samples().len();
        assert!(recorded > 8_000, "{recorded} samples were heard");
        rest(&mut world);
        replays(&world);
    }
}

fn record_count(world: &World) -> usize {
    world.records().len()
}

#[test]
fn a_secret_is_given_and_neither_logged_nor_written_down() {
    let (mut world, name) = beyond("secret");
    let lines = whole_call(&mut world, &name);
    assert_eq!(lines[0], "the token is <secret>, of 12 signs");
    assert!(lines[1].contains("NoSuchSecret(\"other\")"), "{lines:?}");
    assert_eq!(
        world.in_store("kept").as_deref(),
        Some(format!("with {SECRET} in it").as_bytes())
    );
    let HandlerEnd::Faulted(fault) = &record_of(&world, &name).handler_end else {
        panic!("it gave up")
    };
    assert!(fault.text.contains("with <secret> in it"), "{}", fault.text);
    assert!(!world.log().to_string().contains(SECRET));
    for journal in world.journals().values() {
        assert!(!journal.windows(SECRET.len()).any(|part| part == SECRET.as_bytes()));
    }
}

#[test]
fn a_server_answers_and_the_handler_never_has_the_secret() {
    let (mut world, name) = beyond("asks");
    let late = HttpBlock {
        body_holds: Some("number=17".to_owned()),
        fails: Some(HttpFails::NeverAnswers),
        ..answers("")
    };
    world.set_web_answers(vec![answers("Ann"), block("POST", late)]);
    let lines = whole_call(&mut world, &name);
    assert_eq!(lines[0], "200: Some(\"Ann\"), Some(\"one\")");
    assert!(
        lines[1].contains("NoResponse") && lines[1].contains("TimedOut"),
        "{lines:?}"
    );
    assert!(lines[2].contains("NotAllowed"), "{lines:?}");
    let asked = world.web_asked();
    assert_eq!(asked.len(), 2, "what is not allowed is not asked");
    let headers = &asked[0].order.headers;
    assert_eq!(headers[0].1.reveal(), &format!("Bearer {SECRET}"));
    assert_eq!(headers[1], ("Accept".to_owned(), "text/plain".to_owned().into()));
    for journal in world.journals().values() {
        assert!(!journal.windows(SECRET.len()).any(|part| part == SECRET.as_bytes()));
    }
}

#[test]
fn each_failure_of_a_server_has_its_name() {
    for (how, told) in [
        (HttpFails::TooLarge, "TooLarge"),
        (HttpFails::Refused, "Refused"),
        (HttpFails::Breaks, "Failed"),
        (HttpFails::Overloaded, "Overloaded"),
        (HttpFails::NeverAnswers, "TimedOut"),
    ] {
        let (mut world, name) = beyond("waits");
        world.set_web_answers(vec![fails(how)]);
        let lines = whole_call(&mut world, &name);
        assert!(lines[0].contains(told), "{lines:?}");
        assert_eq!(world.records()[0].handler_end, HandlerEnd::Done);
    }
}

#[test]
fn a_caller_who_leaves_is_not_held_up_by_a_server() {
    let (mut world, name) = beyond("waits");
    world.set_web_answers(vec![fails(HttpFails::NeverAnswers)]);
    let phone = call(&mut world, &name);
    world.run_for(2 * SECOND);
    world.act(phone, Action::HangUp);
    let left = world.now();
    assert!(world.run_until(10 * SECOND, |world| record_count(world) == 1));
    assert!(world.now() - left < Duration::from_millis(500), "{}", world.log());
    let lines = over(&mut world);
    assert!(lines[0].contains("Interrupted"), "{lines:?}");
}

#[test]
fn a_handler_that_cleans_up_may_store_and_ask() {
    let (mut world, name) = beyond("cleans_up");
    world.set_web_answers(vec![block("POST", answers("thanks"))]);
    let phone = call(&mut world, &name);
    world.run_for(SECOND);
    world.act(phone, Action::HangUp);
    world.run_for(10 * SECOND);
    assert_eq!(over(&mut world), ["told: 200"]);
    assert_eq!(world.in_store("left").as_deref(), Some(&b"yes"[..]));
    // A server that says nothing holds it up as long as it may clean up.
    let (mut world, name) = beyond("cleans_up");
    world.set_web_answers(vec![block("POST", fails(HttpFails::NeverAnswers))]);
    let phone = call(&mut world, &name);
    world.run_for(SECOND);
    world.act(phone, Action::HangUp);
    world.run_for(10 * SECOND);
    assert_eq!(record_count(&world), 1, "{}", world.log());
    over(&mut world);
}

#[test]
fn what_no_request_may_be_is_refused_and_nothing_is_sent() {
    let (mut world, name) = beyond("nonsense");
    let lines = whole_call(&mut world, &name);
    let expected = [
        "request.headers",
        "request.headers",
        "Headers, allowed: 32, asked: 33",
        "HttpBytes, allowed: 65536, asked: 65537",
        "request.body",
        "request.timeout-ms",
        "request.url",
        "NoSuchSecret",
    ];
    assert_eq!(lines.len(), expected.len(), "{lines:?}");
    for (line, part) in lines.iter().zip(expected) {
        assert!(line.contains(part), "{part}: {lines:?}");
    }
    assert!(world.web_asked().is_empty());
}

#[test]
fn a_request_over_the_limit_of_the_tenant_is_not_sent_and_the_handler_hears_so_at_once() {
    let limits = Limits {
        http_per_minute: Some(1),
        ..Limits::default()
    };
    let (mut world, name) = beyond_within("asks", limits);
    world.set_web_answers(vec![answers("Ada"), block("POST", answers("taken"))]);
    let lines = whole_call(&mut world, &name);
    assert!(lines[0].starts_with("200: "), "{lines:?}");
    assert_eq!(lines[1], "posted: Err(Error::NoResponse(NoResponse::Overloaded))");
    let refused = Refused::TooManyRequests { per_minute: 1 };
    assert_eq!(world.limited(), [(Tenant(TENANT.to_owned()), refused, 1)]);
}

#[test]
fn bytes_over_the_tenants_limit_are_refused_once_they_are_owed() {
    let limits = Limits {
        http_bytes_per_minute: Some(1_000),
        ..Limits::default()
    };
    let (mut world, name) = beyond_within("asks", limits);
    // The answer to the first is more than there may be, so the second is not sent.
    world.set_web_answers(vec![answers(&"x".repeat(5_000)), block("POST", answers(""))]);
    let lines = whole_call(&mut world, &name);
    assert!(lines[0].starts_with("200"), "{lines:?}");
    assert!(lines[1].contains("Overloaded"), "{lines:?}");
    let why = Refused::TooManyBytes { per_minute: 1_000 };
    assert_eq!(world.limited(), [(Tenant(TENANT.to_owned()), why, 1)]);
    let spent = record_of(&world, &name).spent;
    assert!((5_000..6_000).contains(&spent.http_bytes), "{spent:?}");
}
