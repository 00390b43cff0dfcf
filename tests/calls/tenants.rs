//! Tenants beside each other on one node: each has its limits, what it is refused is refused at the door and by name, and
//! whatever one does, another's calls come and go as if it were alone.

#![allow(clippy::disallowed_methods, reason = "a test begins at some moment")]

use crate::support::{announcement, helper, program, tone_ms};
use crate::{SECOND, answered, end, press, rest};
use patchcord_control::call::{OnMachine, Opening};
use patchcord_control::ids::{CallId, Tenant};
use patchcord_control::record::{CallRecord, CallStatus, FaultKind, HandlerEnd, RecordingOutcome};
use patchcord_control::route::{Fallback, Pattern, Route, Routes};
use patchcord_control::tenancy::{FUEL_WAIT, InUse, Limit, Limits, REFUSALS_KEPT, Refused, Tenancy};
use patchcord_control::words::{Breakage, CallerId, Destination, Endpoint, NotRecorded};
use patchcord_guest::{Config, Module, Runtime};
use patchcord_sim::phone::{Action, End, Event, Offer};
use patchcord_sim::{PhoneId, PhoneOptions, Setup, World};
use patchcord_switch::replay::{Verdict, replay};
use patchcord_switch::{Directory, HandlerOver, PlaceError, PlacedCall, PrivateValues, Purpose, read_journal};
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::sync::Arc;
use std::time::{Duration, Instant};

const MIB: u64 = 1024 * 1024;
/// Of a session.
const TICK: Duration = Duration::from_millis(20);
/// What the turns of a grinder that computes a little cost at most, and at least.
const GRINDER: &str = "grinder-100";

fn noisy() -> Tenant {
    Tenant("noisy".to_owned())
}

fn calm() -> Tenant {
    Tenant("calm".to_owned())
}

/// A node of two tenants. What is called `calm` or `slow` is the one's; everything else is the other's, who has these limits.
fn node(limits: Limits, handler: &str, fallbacks: &[Fallback]) -> (World, Arc<Tenancy>) {
    let base = Instant::now();
    let tenancy = Arc::new(Tenancy::new(base, Limits::default()));
    tenancy.set_limits(&noisy(), limits).expect("there is room for two");
    let setup = Setup {
        tenancy: tenancy.clone(),
        journal: Some(PrivateValues::Keep),
        ..Setup::new(base, 11)
    };
    let mut world = World::new(setup);
    let tone = program("endless_tone", &helper("endless_tone"));
    let programs = vec![
        (calm(), tone.clone()),
        (calm(), program("slow_answer", &helper("slow_answer"))),
        (noisy(), tone),
        (noisy(), program("noise", &helper(handler))),
    ];
    let routes = Routes::new(vec![
        Route::new(Pattern::User("calm".to_owned()), calm(), "endless_tone"),
        Route::new(Pattern::User("slow".to_owned()), calm(), "slow_answer"),
        Route {
            fallbacks: fallbacks.into(),
            ..Route::new(Pattern::Any, noisy(), "noise")
        },
    ]);
    world.set_directory(Arc::new(Directory::new(routes, programs, announcement())));
    (world, tenancy)
}

fn fallback() -> Fallback {
    Fallback {
        handler: "endless_tone".to_owned(),
        on: Breakage::ALL.to_vec(),
    }
}

fn calls(world: &mut World, to: &str) -> PhoneId {
    let phone = world.add_phone("phone", PhoneOptions::default());
    world.call(phone, to, Offer::InInvite).expect("an address");
    phone
}

fn hang_up(world: &mut World, phones: &[PhoneId]) {
    for phone in phones {
        world.act(*phone, Action::HangUp);
    }
}

fn refused(world: &World, phone: PhoneId) -> Option<u16> {
    match end(world, phone) {
        Some(End::Refused { status }) => Some(status),
        _ => None,
    }
}

/// Nothing is left, of no tenant, and every journal of a handler replays to the byte.
fn over(world: &mut World, tenancy: &Tenancy, handler: &str) {
    rest(world);
    assert_eq!(world.orphans(), 0);
    for (tenant, _) in tenancy.usage() {
        let left = tenancy.find(&tenant).expect("it was just named").in_use();
        let recording_bytes = left.recording_bytes;
        assert_eq!(
            left,
            InUse {
                recording_bytes,
                ..InUse::default()
            },
            "{tenant}"
        );
    }
    let runtime = Runtime::new(Config {
        max_instances: 4,
        ..Config::default()
    })
    .expect("there is room for four");
    let modules = ["endless_tone", "slow_answer", handler].map(|name| {
        let module = Module::load(&runtime, &helper(name)).expect("the contract is kept");
        (module.hash().to_owned(), module)
    });
    for (call, bytes) in world.journals() {
        let journal = read_journal(bytes).expect("it is a journal");
        let known = modules.iter().find(|(hash, _)| *hash == journal.beginning.module);
        let (_, module) = known.expect("one of them ran");
        let report = replay(&journal, module).expect("it can be replayed");
        assert_eq!(report.verdict, Verdict::Identical, "{call}: {} the same", report.same);
    }
}

fn records<'a>(world: &'a World, handler: &str) -> Vec<&'a CallRecord> {
    world
        .records()
        .iter()
        .filter(|record| record.handler == handler)
        .collect()
}

fn fault(record: &CallRecord) -> Option<FaultKind> {
    match &record.handler_end {
        HandlerEnd::Faulted(fault) => Some(fault.kind),
        _ => None,
    }
}

#[test]
fn one_call_too_many_is_busy_and_the_neighbour_is_not() {
    let limits = Limits {
        calls_at_once: Some(2),
        ..Limits::default()
    };
    let (mut world, tenancy) = node(limits, "endless_tone", &[]);
    let [first, second] = [(); 2].map(|()| calls(&mut world, "noise"));
    world.run_for(SECOND);
    let many: Vec<PhoneId> = (0..20).map(|_| calls(&mut world, "noise")).collect();
    let neighbour = calls(&mut world, "calm");
    world.run_for(SECOND);
    assert!(many.iter().all(|phone| refused(&world, *phone) == Some(486)));
    assert!([first, second, neighbour].iter().all(|phone| answered(&world, *phone)));
    let why = Refused::TooManyCalls { most: 2 };
    assert_eq!(world.limited(), [(noisy(), why, 1)], "twenty refusals are told of once");
    assert_eq!((tenancy.refused(Limit::CallsAtOnce), world.counts().started), (20, 3));
    world.act(first, Action::HangUp);
    world.run_for(3 * SECOND);
    let next = calls(&mut world, "noise");
    world.run_for(SECOND);
    assert!(answered(&world, next));
    hang_up(&mut world, &[second, next, neighbour]);
    over(&mut world, &tenancy, "endless_tone");
    let used = tenancy.find(&noisy()).expect("it was seen").usage();
    assert_eq!(used.calls, 3);
    assert!(used.fuel > 0 && (6_000..12_000).contains(&used.call_ms), "{used:?}");
}

#[test]
fn calls_that_are_kept_out_leave_a_record_and_a_flood_of_them_leaves_few() {
    let limits = Limits {
        calls_at_once: Some(1),
        ..Limits::default()
    };
    let (mut world, tenancy) = node(limits, "endless_tone", &[]);
    let first = calls(&mut world, "noise");
    world.run_for(SECOND);
    for _ in 0..30 {
        calls(&mut world, "noise");
    }
    world.run_for(SECOND);
    let kept: Vec<_> = records(&world, "noise");
    assert_eq!(
        (kept.len() as u64, tenancy.refused(Limit::CallsAtOnce)),
        (REFUSALS_KEPT, 30)
    );
    for record in kept {
        assert_eq!((&record.tenant, record.status), (&noisy(), CallStatus::Busy));
        assert_eq!(
            (&record.handler_end, record.legs[0].status),
            (&HandlerEnd::NotRun, Some(486))
        );
        let why = record.refusal.as_deref().unwrap_or_default();
        assert!(why.contains("calls_at_once"), "{why}");
        assert_eq!(
            (record.legs[0].from.reveal(), record.legs[0].to.reveal()),
            (&"phone".to_owned(), &"noise".to_owned())
        );
    }
    hang_up(&mut world, &[first]);
    over(&mut world, &tenancy, "endless_tone");
}

#[test]
fn a_caller_in_the_house_is_not_sent_away_by_the_limit_when_a_fallback_takes_over() {
    let limits = Limits {
        calls_at_once: Some(1),
        memory_bytes: Some(32 * MIB),
        ..Limits::default()
    };
    let (mut world, tenancy) = node(limits, "traps_on_two_stars", &[fallback()]);
    let caller = calls(&mut world, "noise");
    world.run_for(SECOND);
    world.act(caller, press("**"));
    world.run_for(5 * SECOND);
    assert_eq!((records(&world, "noise").len(), end(&world, caller)), (1, None));
    world.act(caller, Action::HangUp);
    over(&mut world, &tenancy, "traps_on_two_stars");
    assert_eq!(fault(records(&world, "noise")[0]), Some(FaultKind::Trap));
    assert_eq!(records(&world, "endless_tone").len(), 1);
}

#[test]
fn calls_that_come_too_fast_are_asked_to_come_again_and_the_rest_is_served() {
    let limits = Limits {
        new_calls_per_second: Some(2),
        ..Limits::default()
    };
    let (mut world, tenancy) = node(limits, "endless_tone", &[]);
    let at_once: Vec<PhoneId> = (0..6).map(|_| calls(&mut world, "noise")).collect();
    world.run_for(SECOND);
    let served = at_once.iter().filter(|phone| answered(&world, **phone)).count();
    let told = at_once
        .iter()
        .filter(|phone| refused(&world, **phone) == Some(480))
        .count();
    assert_eq!((served, told), (2, 4));
    let later = calls(&mut world, "noise");
    world.run_for(SECOND);
    assert!(answered(&world, later));
    world.end_all();
    over(&mut world, &tenancy, "endless_tone");
    assert_eq!(tenancy.refused(Limit::NewCalls), 4);
}

#[test]
fn memory_that_all_instances_may_have_is_a_limit_of_calls_too() {
    let limits = Limits {
        memory_bytes: Some(100 * MIB),
        ..Limits::default()
    };
    let (mut world, tenancy) = node(limits, "endless_tone", &[]);
    let phones: Vec<PhoneId> = (0..4).map(|_| calls(&mut world, "noise")).collect();
    world.run_for(SECOND);
    let ends: Vec<_> = phones.iter().map(|phone| refused(&world, *phone)).collect();
    assert_eq!(ends, [None, None, None, Some(486)], "32 MiB each");
    world.end_all();
    over(&mut world, &tenancy, "endless_tone");
}

#[test]
fn a_tenant_whose_fuel_is_used_is_slowed_down_and_no_call_of_it_is_lost() {
    let (mut world, tenancy) = node(Limits::default(), "grinder", &[]);
    let free = calls(&mut world, GRINDER);
    world.run_for(10 * SECOND);
    world.act(free, Action::HangUp);
    rest(&mut world);
    let unlimited = records(&world, "noise")[0].clone();
    let a_turn = unlimited.usage.fuel / u64::from(unlimited.turns);

    // Enough for one turn in a second.
    let limits = Limits {
        fuel_per_minute: Some(60 * a_turn),
        ..Limits::default()
    };
    let (mut world, slowed) = node(limits, "grinder", &[]);
    let [slow, calm_one] = [GRINDER, "calm"].map(|to| calls(&mut world, to));
    world.run_for(60 * SECOND);
    assert_eq!((end(&world, slow), end(&world, calm_one)), (None, None));
    hang_up(&mut world, &[slow, calm_one]);
    let heard = tone_ms(440.0, world.seat(calm_one).recording().samples());
    assert!(heard > 59_000, "the neighbour's tone has no gap: {heard} ms");
    over(&mut world, &slowed, "grinder");
    let record = records(&world, "noise")[0];
    // What the bucket held, and a minute of what flows into it; a turn more may be under way, and the first is a small one.
    let most = 2 * 60 * a_turn + 2 * a_turn;
    assert!(
        (most / 2..=most).contains(&record.usage.fuel),
        "{} of {most}",
        record.usage.fuel
    );
    assert!(
        unlimited.turns * 6 > record.turns,
        "{} in a sixth of the time",
        unlimited.turns
    );
    assert_eq!(fault(record), None);
    assert!(slowed.turns_held() > 30 && tenancy.turns_held() == 0);
}

/// A node whose noisy tenant has just used up so much fuel that there is none for an hour, by a grinder that goes on.
fn out_of_fuel(fallbacks: &[Fallback]) -> (World, Arc<Tenancy>, PhoneId) {
    let limits = Limits {
        fuel_per_minute: Some(100_000_000),
        ..Limits::default()
    };
    let (mut world, tenancy) = node(limits, "grinder", fallbacks);
    let caller = calls(&mut world, GRINDER);
    world.run_for(Duration::from_millis(500));
    assert!(answered(&world, caller));
    let now = Instant::now() + SECOND;
    tenancy.find(&noisy()).expect("it was seen").burn(now, 60 * 100_000_000);
    world.run_for(SECOND);
    (world, tenancy, caller)
}

#[test]
fn a_turn_that_waits_too_long_for_fuel_ends_its_handler_and_the_fallback_has_the_caller() {
    let (mut world, tenancy, caller) = out_of_fuel(&[]);
    world.run_for(FUEL_WAIT);
    assert_eq!(end(&world, caller), None, "she hears the announcement");
    over(&mut world, &tenancy, "grinder");
    assert_eq!(end(&world, caller), Some(End::ByFarEnd));
    let record = records(&world, "noise")[0];
    assert_eq!(fault(record), Some(FaultKind::TenantFuel));
    let HandlerEnd::Faulted(why) = &record.handler_end else {
        unreachable!("it was just looked at");
    };
    assert!(
        why.text.contains("fuel_per_minute") && why.text.contains("10 s"),
        "{}",
        why.text
    );
    let journal = read_journal(&world.journals()[&record.id]).expect("it is a journal");
    assert!(
        journal
            .entries
            .iter()
            .any(|entry| format!("{entry:?}").contains("Stopped"))
    );
    assert!(world.limited().iter().any(|(_, why, _)| why.limit() == Limit::Fuel));
}

#[test]
fn without_fuel_new_calls_are_refused_at_the_door_and_the_neighbour_is_served() {
    let (mut world, tenancy, caller) = out_of_fuel(&[]);
    let [late, neighbour] = [GRINDER, "calm"].map(|to| calls(&mut world, to));
    world.run_for(SECOND);
    assert_eq!(refused(&world, late), Some(480));
    assert!(answered(&world, neighbour));
    // More fuel is a change at run time: the turn that waits goes on.
    let turns = |world: &World| world.log().count("node", "wait.sleep");
    let before = turns(&world);
    tenancy.set_limits(&noisy(), Limits::default()).expect("it is known");
    world.run_for(FUEL_WAIT);
    assert!(turns(&world) > before + 10, "{before}");
    hang_up(&mut world, &[caller, neighbour]);
    over(&mut world, &tenancy, "grinder");
    assert_eq!(fault(records(&world, "noise")[0]), None);
}

#[test]
fn a_caller_who_goes_while_the_turn_waits_leaves_nothing_behind() {
    let (mut world, tenancy, caller) = out_of_fuel(&[]);
    world.act(caller, Action::HangUp);
    over(&mut world, &tenancy, "grinder");
    let record = records(&world, "noise")[0];
    assert_eq!(fault(record), Some(FaultKind::CleanUpOverrun));
    let journal = read_journal(&world.journals()[&record.id]).expect("it is a journal");
    let stopped = format!("{:?}", HandlerOver::Stopped);
    assert!(
        journal
            .entries
            .iter()
            .any(|entry| format!("{entry:?}").contains(&stopped))
    );
}

#[test]
fn a_recording_beyond_what_may_be_kept_fails_by_name_and_the_call_goes_on() {
    let limits = Limits {
        recording_bytes: Some(1),
        ..Limits::default()
    };
    let (mut world, tenancy) = node(limits, "records_voice", &[]);
    for _ in 0..2 {
        let options = PhoneOptions {
            hum: Some(500),
            ..PhoneOptions::default()
        };
        let phone = world.add_phone("phone", options);
        world.call(phone, "noise", Offer::InInvite).expect("an address");
        world.run_for(3 * SECOND);
        world.act(phone, press("#"));
        rest(&mut world);
        assert_eq!(end(&world, phone), Some(End::ByFarEnd));
    }
    over(&mut world, &tenancy, "records_voice");
    let outcomes: Vec<_> = records(&world, "noise")
        .iter()
        .map(|record| record.recordings[0].outcome)
        .collect();
    assert!(matches!(outcomes[0], RecordingOutcome::Ended(_)), "{outcomes:?}");
    assert_eq!(outcomes[1], RecordingOutcome::Failed(NotRecorded::Storage));
    let share = tenancy.find(&noisy()).expect("it was seen");
    assert_eq!(share.usage().recording_bytes, world.tapes()[0].file.len() as u64);
    assert_eq!(world.tapes().len(), 1, "storage never heard of the other");
}

#[test]
fn a_placed_call_over_the_limit_is_refused_by_type_and_number() {
    let limits = Limits {
        calls_at_once: Some(0),
        ..Limits::default()
    };
    let (mut world, tenancy) = node(limits, "endless_tone", &[]);
    let wanted = |id: u128| PlacedCall {
        id: Some(CallId(id)),
        tenant: noisy(),
        handler: "noise".to_owned(),
        fallbacks: Arc::default(),
        opening: Opening {
            to: Endpoint {
                to: Destination::User("bob".to_owned().into()),
                ring_ms: None,
                headers: Vec::new(),
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
    };
    let refused = Refused::TooManyCalls { most: 0 };
    assert_eq!(world.place_call(wanted(1)), Err(PlaceError::Tenant(refused)));
    tenancy.set_limits(&noisy(), Limits::default()).expect("it is known");
    assert_eq!(world.place_call(wanted(2)), Ok(CallId(2)));
    over(&mut world, &tenancy, "endless_tone");
}

/// When the calm tenant's calls are answered and end, beside a storm or alone.
fn calm_calls(storm: bool) -> Vec<Vec<(Duration, String)>> {
    let limits = Limits {
        calls_at_once: Some(5),
        new_calls_per_second: Some(3),
        fuel_per_minute: Some(200_000_000),
        ..Limits::default()
    };
    let (mut world, tenancy) = node(limits, "grinder", &[fallback()]);
    // The same phones in both worlds, so that their ports and seeds are the same.
    let calm: Vec<PhoneId> = (0..8)
        .map(|_| world.add_phone("calm", PhoneOptions::default()))
        .collect();
    let slow: Vec<PhoneId> = (0..4)
        .map(|_| world.add_phone("slow", PhoneOptions::default()))
        .collect();
    let mut random = ChaCha12Rng::seed_from_u64(3);
    let mut storming = Vec::new();
    for second in 0..16_usize {
        if storm {
            storming.extend((0..10).map(|_| calls(&mut world, GRINDER)));
        }
        if second % 2 == 0 {
            world
                .call(calm[second / 2], "calm", Offer::InInvite)
                .expect("an address");
            if second % 4 == 0 {
                // It rings five seconds by its handler's own clock, then answers and plays for one.
                world
                    .call(slow[second / 4], "slow", Offer::InInvite)
                    .expect("an address");
            }
        } else {
            world.run_for(Duration::from_millis(u64::from(random.next_u32() % 400)));
            world.act(calm[second / 2], Action::HangUp);
        }
        world.run_for(Duration::from_millis(600));
    }
    hang_up(&mut world, &storming);
    over(&mut world, &tenancy, "grinder");
    let refused: u64 = Limit::ALL.iter().map(|limit| tenancy.refused(*limit)).sum();
    assert_eq!(refused > 100, storm, "{refused}");
    let seen = |phone: &PhoneId| {
        let told = world
            .seat(*phone)
            .events()
            .iter()
            .filter_map(|(at, event)| match event {
                Event::Answered => Some((*at, "answered".to_owned())),
                Event::Ended { end, counters } => {
                    let counters = counters.as_ref().expect("it had a session");
                    assert_eq!(
                        (counters.lost, counters.frames_concealed),
                        (0, 0),
                        "its sound has no gap"
                    );
                    Some((*at, format!("{end:?}")))
                }
                _ => None,
            });
        told.collect()
    };
    calm.iter().chain(&slow).map(seen).collect()
}

#[test]
fn a_storm_of_one_tenant_moves_no_call_of_another_by_a_moment() {
    let alone = calm_calls(false);
    assert!(alone.iter().all(|events| events.len() == 2), "{alone:?}");
    let beside = calm_calls(true);
    for (before, now) in alone.iter().flatten().zip(beside.iter().flatten()) {
        let moved = before.0.abs_diff(now.0);
        // Answers to the moment; a tone ends with a tick of its session, whose place among the 20 ms is its port's.
        let may = if before.1 == "answered" { Duration::ZERO } else { TICK };
        assert!(
            before.1 == now.1 && moved <= may,
            "{before:?} alone, {now:?} beside the storm"
        );
    }
    assert_eq!(beside.iter().flatten().count(), alone.iter().flatten().count());
}
