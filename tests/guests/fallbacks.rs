//! Fallbacks: whoever takes over from a hostile handler, at each place of the chain. The caller's leg never drops, and what
//! others hear never changes.

use crate::support::{
    announcement, directory_with, example, fault, hostile, likeness, program, program_in, record_of, runtime, tone_ms,
};
use crate::{CALLS, REST, ended};
use patchcord_control::record::{CallRecord, RecordingOutcome};
use patchcord_control::route::Fallback;
use patchcord_control::words::{Began, Breakage, Interruption, RecordEnd};
use patchcord_media::KeyPress;
use patchcord_sim::phone::{Action, End, Event, Offer};
use patchcord_sim::{PhoneId, PhoneOptions, Setup, World};
use patchcord_switch::{RedirectError, Redirection};
use std::time::{Duration, Instant};

/// How soon after a fault the caller hears the fallback, and what of that is in the jitter buffer of the phone.
const SOON: Duration = Duration::from_millis(50);
const PHONE_BUFFER: Duration = Duration::from_millis(40);
/// The pitch of the fallback.
const PITCH: f64 = 620.0;

fn fallback(handler: &str, on: &[Breakage]) -> Fallback {
    Fallback {
        handler: handler.to_owned(),
        on: on.to_vec(),
    }
}

fn world_with(names: &[&str], fallbacks: &[Fallback]) -> World {
    let hostile = names.iter().map(|name| program(name, &hostile(name)));
    let programs: Vec<_> = hostile
        .chain([program("takes_over", &successor()), program("menu", &example("menu"))])
        .collect();
    let mut world = World::new(Setup::new(Instant::now(), 1));
    world.set_directory(directory_with(&programs, fallbacks));
    world
}

/// The module that takes over.
fn successor() -> Vec<u8> {
    hostile("takes_over")
}

fn calls(world: &mut World, name: &str) -> PhoneId {
    let caller = world.add_phone("caller", PhoneOptions::default());
    world.call(caller, name, Offer::InInvite).expect("an address");
    caller
}

fn over(world: &mut World, caller: PhoneId) {
    assert!(world.run_until(CALLS, |world| ended(world, caller)), "{}", world.log());
    world
        .run_to_rest(REST)
        .unwrap_or_else(|leftover| panic!("{leftover} is left over"));
}

/// The one leg of a call went on in another.
fn moved_on(before: &CallRecord, after: &CallRecord) {
    assert_eq!(
        (before.continued_as, after.continues),
        (Some(after.id), Some(before.id))
    );
    assert_eq!(before.legs[0].ended_by, Interruption::Moved);
    assert_eq!((before.legs.len(), after.legs.len()), (1, 1));
}

/// What the caller of a handler that is followed by another in the same dialog hears of it.
fn hears_the_fallback(world: &World, caller: PhoneId) {
    let heard = world.seat(caller).recording().samples();
    assert!(tone_ms(PITCH, heard) >= 1_300, "{}", world.log());
    assert!(likeness(&announcement(), heard) < 0.5, "no announcement");
    let once = world.log().count("node", "200 OK (INVITE)");
    assert_eq!(once, 1, "answered once\n{}", world.log());
    assert_eq!(world.log().count("node", "BYE sip:"), 1, "one BYE\n{}", world.log());
    let ended = |event: &Event| matches!(event, Event::Ended { end: End::ByFarEnd, .. });
    assert!(world.seat(caller).when(ended).is_some());
}

macro_rules! taken_over {
    ($($name:ident: $fault:literal, $kind:ident;)*) => {
        $(#[test]
        fn $name() {
            let name = stringify!($name);
            let mut world = world_with(&[name], &[fallback("takes_over", &Breakage::ALL)]);
            let caller = calls(&mut world, name);
            over(&mut world, caller);
            hears_the_fallback(&world, caller);
            let (before, after) = (record_of(&world, name), record_of(&world, "takes_over"));
            assert_eq!((fault(before), fault(after)), (Some($fault), None));
            moved_on(before, after);
            let Began::Fallback(broken) = &after.began else { panic!("{:?}", after.began) };
            assert_eq!((broken.handler.as_str(), broken.kind), (name, Breakage::$kind));
        })*
    };
}

taken_over! {
    deep_recursion: "stack_overflow", Trap;
    endless_loop: "cpu_time", Budget;
    handle_hoard: "handles", Budget;
    host_call_flood: "host_call_flood", Budget;
    huge_strings: "string_too_long", Budget;
    memory_bomb: "memory", Budget;
    panics: "trap", Trap;
    returns_early: "returned_unanswered", Returned;
    trap_late: "trap", Trap;
    trap_on_entry: "trap", Trap;
}

#[test]
fn the_first_fallback_for_the_kind_counts_and_those_after_it_follow() {
    let fallbacks = [
        fallback("takes_over", &[Breakage::Start, Breakage::Returned]),
        fallback("endless_loop", &[Breakage::Trap]),
        fallback("trap_late", &[Breakage::Returned]),
        fallback("panics", &[Breakage::Budget]),
        fallback("takes_over", &[Breakage::Trap]),
    ];
    let mut world = world_with(&["trap_on_entry", "endless_loop", "trap_late", "panics"], &fallbacks);
    let caller = calls(&mut world, "trap_on_entry");
    over(&mut world, caller);
    hears_the_fallback(&world, caller);
    let chain = ["trap_on_entry", "endless_loop", "panics", "takes_over"].map(|name| record_of(&world, name));
    chain.windows(2).for_each(|pair| moved_on(pair[0], pair[1]));
    assert_eq!(world.records().len(), 4);
}

#[test]
fn without_a_fallback_that_holds_the_announcement_is_heard() {
    let fallbacks = [
        fallback("takes_over", &[Breakage::Returned]),
        fallback("nobody", &[Breakage::Trap]),
        fallback("trap_late", &[Breakage::Trap]),
    ];
    let mut world = world_with(&["panics", "trap_late"], &fallbacks);
    let caller = calls(&mut world, "panics");
    over(&mut world, caller);
    let heard = world.seat(caller).recording().samples();
    assert!(likeness(&announcement(), heard) > 0.8, "{}", world.log());
    moved_on(record_of(&world, "panics"), record_of(&world, "trap_late"));
    assert_eq!(world.records().len(), 2);
}

#[test]
fn the_fallback_is_told_what_happened_and_heard_at_once() {
    let mut world = world_with(&["trap_late"], &[fallback("takes_over", &[Breakage::Trap])]);
    let caller = calls(&mut world, "trap_late");
    assert!(
        world.run_until(CALLS, |world| world.noticed("FAULT")),
        "{}",
        world.log()
    );
    let before = world.seat(caller).recording().samples().len();
    world.run_for(2 * SOON + PHONE_BUFFER);
    let heard = &world.seat(caller).recording().samples()[before..];
    let silent = heard.iter().take_while(|sample| sample.unsigned_abs() < 50).count();
    assert!(
        silent < (SOON + PHONE_BUFFER).as_millis() as usize * 8,
        "{silent} samples until something is heard"
    );
    over(&mut world, caller);
    assert!(
        world.noticed("after trap_late, Breakage::Trap, last \"wait.sleep(1000 ms)\""),
        "{}",
        world.log()
    );
    assert!(world.noticed("because "), "{}", world.log());
}

#[test]
fn a_caller_on_hold_is_taken_back() {
    let mut world = world_with(&["trap_holding"], &[fallback("takes_over", &[Breakage::Trap])]);
    let caller = calls(&mut world, "trap_holding");
    over(&mut world, caller);
    assert!(tone_ms(PITCH, world.seat(caller).recording().samples()) >= 1_300);
    let changes = world.log().count("node", "-> caller   INVITE sip:");
    assert_eq!(changes, 2, "on hold, and back\n{}", world.log());
    moved_on(record_of(&world, "trap_holding"), record_of(&world, "takes_over"));
}

#[test]
fn a_caller_who_leaves_while_the_handler_breaks_needs_no_fallback() {
    let mut world = world_with(&["spins_after_hangup"], &[fallback("takes_over", &Breakage::ALL)]);
    let caller = calls(&mut world, "spins_after_hangup");
    world.run_for(Duration::from_secs(1));
    world.act(caller, Action::HangUp);
    over(&mut world, caller);
    assert_eq!(world.records().len(), 1);
    assert_eq!(fault(record_of(&world, "spins_after_hangup")), Some("cpu_time"));
}

/// One in a hundred of two thousand calls breaks: its caller has the fallback, and nobody else notices.
#[test]
fn neighbours_do_not_notice_those_that_break() {
    const CALLERS: usize = 2_000;
    let engine = runtime(2 * CALLERS as u32);
    let mut world = World::new(Setup {
        calls: 2 * CALLERS,
        ports: 2 * CALLERS,
        ..Setup::new(Instant::now(), 3)
    });
    let programs = [
        program_in(&engine, "trap_late", &hostile("trap_late")),
        program_in(&engine, "takes_over", &successor()),
    ];
    world.set_directory(directory_with(&programs, &[fallback("takes_over", &[Breakage::Trap])]));
    let callers: Vec<PhoneId> = (0..CALLERS)
        .map(|n| {
            let caller = world.add_phone(&format!("caller-{n}"), PhoneOptions::default());
            let name = if n % 100 == 0 { "trap_late" } else { "takes_over" };
            world.call(caller, name, Offer::InInvite).expect("an address");
            caller
        })
        .collect();
    assert!(world.run_until(CALLS, |world| callers.iter().all(|caller| ended(world, *caller))));
    world
        .run_to_rest(REST)
        .unwrap_or_else(|leftover| panic!("{leftover} is left over"));
    for caller in &callers {
        let heard = tone_ms(PITCH, world.seat(*caller).recording().samples());
        assert!((1_400..=1_600).contains(&heard), "{heard} ms of its tone");
    }
    let broken = world.records().iter().filter(|record| fault(record).is_some()).count();
    assert_eq!(
        (broken, world.records().len()),
        (CALLERS / 100, CALLERS + CALLERS / 100)
    );
}

fn to(handler: &str, text: &str) -> Redirection {
    Redirection {
        tenant: patchcord_control::ids::Tenant("default".to_owned()),
        handler: handler.to_owned(),
        text: text.to_owned(),
    }
}

#[test]
fn a_caller_is_moved_from_outside_and_back_again_and_again() {
    let mut world = world_with(&[], &[]);
    let caller = calls(&mut world, "menu");
    world.run_for(Duration::from_secs(2));
    for turn in 0..5 {
        let handler = if turn % 2 == 0 { "takes_over" } else { "menu" };
        let before = world.newest_call().expect("a call is alive");
        let moved = world.move_caller(before, &to(handler, &format!("turn {turn}")));
        let after = moved.unwrap_or_else(|why| panic!("{why}"));
        assert_ne!(before, after);
        world.run_for(Duration::from_secs(1));
        assert!(!ended(&world, caller), "{}", world.log());
    }
    over(&mut world, caller);
    assert!(world.noticed("redirected: turn 4"), "{}", world.log());
    let heard = world.seat(caller).recording().samples();
    assert!(tone_ms(PITCH, heard) >= 2 * 900 + 1_300);
    let records = world.records();
    assert_eq!(records.len(), 6);
    for record in records {
        assert_eq!(fault(record), None, "{:?}", record.handler_end);
    }
    assert_eq!(world.log().count("node", "200 OK (INVITE)"), 1);
}

/// What was gathered goes with the interruption, what is pressed later waits for the next handler, and a recording ends
/// complete.
#[test]
fn what_was_under_way_is_given_back_when_the_caller_is_moved() {
    let mut world = world_with(&["gathers"], &[]);
    let caller = calls(&mut world, "gathers");
    let press = |world: &mut World, events: &[u8]| {
        let key = |&event| KeyPress {
            event,
            duration_ms: 100,
            pause_ms: 100,
        };
        world.act(caller, Action::Press(events.iter().map(key).collect()));
        world.run_for(Duration::from_secs(1));
    };
    world.run_for(Duration::from_secs(1));
    press(&mut world, &[1, 2]);
    let first = world.newest_call().expect("a call is alive");
    world
        .move_caller(first, &to("gathers", ""))
        .unwrap_or_else(|why| panic!("{why}"));
    assert!(
        world.noticed("2 keys, then Error::Interrupted(Interruption::Moved)"),
        "{}",
        world.log()
    );
    press(&mut world, &[3, 4, 5]);
    world.act(caller, Action::HangUp);
    over(&mut world, caller);
    assert!(
        world.noticed("3 keys, then Error::Interrupted(Interruption::HungUp)"),
        "{}",
        world.log()
    );
    let before = world
        .records()
        .iter()
        .find(|record| record.id == first)
        .expect("it has a record");
    let [recording] = &before.recordings[..] else {
        panic!("{:?}", before.recordings);
    };
    let ended = RecordingOutcome::Ended(RecordEnd::Left(Interruption::Moved));
    assert_eq!(recording.outcome, ended, "and its file is whole: {:?}", recording.saved);
    assert!(recording.saved.is_some() && recording.length_ms > 1_500);
}

#[test]
fn a_move_that_cannot_be_is_refused_and_changes_nothing() {
    let mut world = world_with(&[], &[]);
    let caller = calls(&mut world, "takes_over");
    world.run_for(Duration::from_millis(500));
    let call = world.newest_call().expect("a call is alive");
    let refused = [
        (to("nobody", ""), RedirectError::NoSuchHandler("nobody".to_owned())),
        (to("menu", &"x".repeat(257)), RedirectError::TextTooLong(257)),
        (
            Redirection {
                tenant: patchcord_control::ids::Tenant("other".to_owned()),
                ..to("menu", "")
            },
            RedirectError::NoSuchCall,
        ),
    ];
    for (to, why) in refused {
        assert_eq!(world.move_caller(call, &to), Err(why));
    }
    over(&mut world, caller);
    assert_eq!(world.move_caller(call, &to("menu", "")), Err(RedirectError::NoSuchCall));
    assert!(tone_ms(PITCH, world.seat(caller).recording().samples()) >= 1_300);
}
