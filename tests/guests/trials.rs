//! Versions of a handler that are tried: on a share of the calls until they fail too often, and in the shadow of calls.

use crate::support::{announcement, example, fault, hostile, program, record_of, tone_ms};
use crate::{CALLS, REST, ended};
use patchcord_control::ids::Tenant;
use patchcord_control::route::{Pattern, Route, Routes};
use patchcord_media::KeyPress;
use patchcord_sim::phone::{Action, Offer};
use patchcord_sim::{PhoneId, PhoneOptions, Setup, World};
use patchcord_switch::{Candidate, Directory, TakeOut, Trial};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn world_with(serving: &[u8], candidate: &[u8], trial: Trial) -> World {
    let tenant = Tenant("default".to_owned());
    let serving = program("line", serving);
    let routes = Routes::new(vec![Route::new(Pattern::Any, tenant.clone(), "line")]);
    let candidate = Candidate::new(tenant.clone(), program("line", candidate), trial);
    let directory = Directory::new(routes, vec![(tenant, serving)], announcement()).with_candidates(vec![candidate]);
    let mut world = World::new(Setup::new(Instant::now(), 5));
    world.set_directory(Arc::new(directory));
    world
}

fn calls(world: &mut World, n: usize) -> PhoneId {
    let caller = world.add_phone(&format!("caller-{n}"), PhoneOptions::default());
    world.call(caller, "line", Offer::InInvite).expect("an address");
    caller
}

fn rest(world: &mut World, callers: &[PhoneId]) {
    assert!(world.run_until(CALLS, |world| callers.iter().all(|caller| ended(world, *caller))));
    world
        .run_to_rest(REST)
        .unwrap_or_else(|leftover| panic!("{leftover} is left over"));
}

/// Every call is of the one version or the other; the one that breaks has its share until it is out, and none after that.
#[test]
fn a_version_that_fails_too_often_is_taken_out_and_the_one_before_serves() {
    let (good, bad) = (hostile("takes_over"), hostile("trap_late"));
    let trial = Trial::Share {
        percent: 50,
        take_out: TakeOut {
            failing_percent: 20,
            calls: 5,
        },
    };
    let mut world = world_with(&good, &bad, trial);
    let mut callers = Vec::new();
    for n in 0..60 {
        callers.push(calls(&mut world, n));
        world.run_for(Duration::from_secs(3));
    }
    rest(&mut world, &callers);
    let failed = world.records().iter().filter(|record| fault(record).is_some()).count();
    assert!(
        (5..=7).contains(&failed),
        "{failed} calls failed: those that it had when it was taken out, and no more"
    );
    assert!(
        world.noticed("and is taken out; the version before it has all new calls"),
        "{}",
        world.log()
    );
    let last = &world.records()[40..];
    assert!(last.iter().all(|record| fault(record).is_none()));
    let modules: std::collections::BTreeSet<_> = world.records().iter().map(|record| &record.module).collect();
    assert_eq!(modules.len(), 2);
}

#[test]
fn a_version_that_does_well_keeps_its_share() {
    let module = hostile("takes_over");
    let trial = Trial::Share {
        percent: 30,
        take_out: TakeOut {
            failing_percent: 1,
            calls: 1,
        },
    };
    let mut world = world_with(&hostile("trap_late"), &module, trial);
    let callers: Vec<PhoneId> = (0..100).map(|n| calls(&mut world, n)).collect();
    rest(&mut world, &callers);
    let well = world.records().iter().filter(|record| fault(record).is_none()).count();
    assert!((18..=42).contains(&well), "{well} of 100 with 30 %");
}

fn key(world: &mut World, caller: PhoneId, event: u8) {
    world.act(
        caller,
        Action::Press(vec![KeyPress {
            event,
            duration_ms: 100,
            pause_ms: 100,
        }]),
    );
}

#[test]
fn a_shadow_that_does_the_same_says_so_and_is_not_heard() {
    let menu = example("menu");
    let mut world = world_with(&menu, &menu, Trial::Shadow);
    let caller = calls(&mut world, 0);
    world.run_for(Duration::from_secs(2));
    key(&mut world, caller, 3);
    rest(&mut world, &[caller]);
    assert!(world.noticed("did the same in all "), "{}", world.log());
    let heard = tone_ms(880.0, world.seat(caller).recording().samples());
    assert!((1_800..=2_100).contains(&heard), "{heard} ms, heard once");
    assert_eq!(world.records().len(), 1);
}

#[test]
fn a_shadow_that_does_otherwise_or_breaks_changes_nothing() {
    for (candidate, what) in [
        ("takes_over", "differs at host call 1: call.begun where the call has"),
        ("trap_on_entry", "differs at host call 1: failure: "),
        ("endless_loop", "differs at host call 1: "),
        ("host_call_flood", "differs at host call "),
    ] {
        let mut world = world_with(&example("menu"), &hostile(candidate), Trial::Shadow);
        let caller = calls(&mut world, 0);
        world.run_for(Duration::from_secs(2));
        key(&mut world, caller, 3);
        rest(&mut world, &[caller]);
        assert!(world.noticed(what), "{candidate}: {}", world.log());
        assert_eq!(fault(record_of(&world, "line")), None, "{candidate}");
        let heard = tone_ms(880.0, world.seat(caller).recording().samples());
        assert!((1_800..=2_100).contains(&heard), "{candidate}: {heard} ms");
    }
}
