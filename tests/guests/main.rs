//! Hostile handlers in whole simulated calls: each hurts itself only. Its caller hears the announcement and gets a clean
//! BYE, its record names what it did, and the caller of a neighbour hears just what she should.

mod fallbacks;
#[path = "../support/mod.rs"]
mod support;
mod trials;

use patchcord_media::KeyPress;
use patchcord_sim::phone::{Action, End, Event, Offer};
use patchcord_sim::{PhoneId, PhoneOptions, World};
use std::time::Duration;
use support::{announcement, example, fault, hostile, likeness, program, record_of, tone_ms, world};

/// Longest time for all of it, the 32 s of SIP's longest timers not counted.
const CALLS: Duration = Duration::from_secs(60);
const REST: Duration = Duration::from_secs(120);

/// What becomes of a hostile handler's own call.
enum Fate {
    /// It is ended with this fault while its caller waits; she hears the announcement.
    Announced(&'static str),
    /// It is ended with this fault after its caller has gone.
    Alone(&'static str),
    /// It ends well: what it asked was refused by typed errors.
    Well,
}

fn ended(world: &World, phone: PhoneId) -> bool {
    world
        .seat(phone)
        .when(|event| matches!(event, Event::Ended { .. }))
        .is_some()
}

/// A call to the hostile handler and one to the menu beside it; then the world must come to rest.
fn beside_a_neighbour(name: &str, fate: &Fate) -> World {
    let programs = [program(name, &hostile(name)), program("menu", &example("menu"))];
    let mut world = world(1, &programs);
    let neighbour = world.add_phone("neighbour", PhoneOptions::default());
    let caller = world.add_phone("caller", PhoneOptions::default());
    world.call(neighbour, "menu", Offer::InInvite).expect("an address");
    world.run_for(Duration::from_millis(500));
    world.call(caller, name, Offer::InInvite).expect("an address");
    world.run_for(Duration::from_secs(2));
    world.act(
        neighbour,
        Action::Press(vec![KeyPress {
            event: 3,
            duration_ms: 100,
            pause_ms: 100,
        }]),
    );
    if let Fate::Alone(_) = fate {
        world.act(caller, Action::HangUp);
    }
    assert!(
        world.run_until(CALLS, |world| ended(world, caller) && ended(world, neighbour)),
        "{name}: a call goes on"
    );
    world
        .run_to_rest(REST)
        .unwrap_or_else(|leftover| panic!("{name}: {leftover} is left over"));

    let heard = world.seat(neighbour).recording().samples();
    assert!(
        tone_ms(880.0, heard) >= 1_800,
        "{name}: the neighbour hears her whole branch"
    );
    assert_eq!(
        fault(record_of(&world, "menu")),
        None,
        "{name}: the neighbour's handler"
    );
    let menu = record_of(&world, "menu").legs[0].media.expect("it had audio");
    assert_eq!((menu.lost, menu.ticks_missed), (0, 0), "{name}: the neighbour's audio");
    check_caller(&world, caller, name, fate);
    world
}

fn check_caller(world: &World, caller: PhoneId, name: &str, fate: &Fate) {
    let heard = world.seat(caller).recording().samples();
    let announced = likeness(&announcement(), heard) > 0.8;
    let by_far_end = world
        .seat(caller)
        .when(|event| matches!(event, Event::Ended { end: End::ByFarEnd, .. }))
        .is_some();
    match fate {
        Fate::Announced(kind) => {
            assert_eq!(fault(record_of(world, name)), Some(*kind), "{name}");
            assert!(announced, "{name}: the caller hears the announcement");
            assert!(by_far_end, "{name}: the caller gets a BYE");
        }
        Fate::Alone(kind) => assert_eq!(fault(record_of(world, name)), Some(*kind), "{name}"),
        Fate::Well => {
            assert_eq!(fault(record_of(world, name)), None, "{name}");
            assert!(by_far_end && !announced, "{name}: the call ends like any other");
        }
    }
}

macro_rules! hostile {
    ($($name:ident: $fate:expr;)*) => {
        $(#[test]
        fn $name() {
            beside_a_neighbour(stringify!($name), &$fate);
        })*
    };
}

hostile! {
    deep_recursion: Fate::Announced("stack_overflow");
    endless_loop: Fate::Announced("cpu_time");
    handle_hoard: Fate::Announced("handles");
    host_call_flood: Fate::Announced("host_call_flood");
    huge_strings: Fate::Announced("string_too_long");
    ignores_hangup: Fate::Alone("host_call_flood");
    memory_bomb: Fate::Announced("memory");
    nonsense_arguments: Fate::Well;
    panics: Fate::Announced("trap");
    returns_early: Fate::Announced("returned_unanswered");
    spins_after_hangup: Fate::Alone("cpu_time");
    trap_late: Fate::Announced("trap");
    trap_on_entry: Fate::Announced("trap");
}

#[test]
fn a_panic_is_in_the_calls_log_with_its_line() {
    let world = beside_a_neighbour("panics", &Fate::Announced("trap"));
    assert!(
        world.noticed("panicked at") && world.noticed("panics.rs:"),
        "the log names the place"
    );
}
