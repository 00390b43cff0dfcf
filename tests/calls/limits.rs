//! What a node refuses, and how it goes down.

use crate::support::{directory, record_of, world};
use crate::{SECOND, answered, calling, end, handlers, rest};
use patchcord_control::words::Interruption;
use patchcord_sim::phone::{Action, End, Offer};
use patchcord_sim::{PhoneOptions, Setup, World};
use std::time::Instant;

#[test]
fn a_number_nobody_has_is_not_found() {
    let (mut world, phone) = calling(1, "nobody", Offer::InInvite, PhoneOptions::default());
    rest(&mut world);
    assert_eq!(end(&world, phone), Some(End::Refused { status: 404 }));
    assert_eq!((world.counts().started, world.counts().refused_no_route), (0, 1));
}

#[test]
#[allow(clippy::disallowed_methods, reason = "a test begins at some moment")]
fn a_full_node_refuses_the_next_call_and_takes_one_again_when_there_is_room() {
    let mut world = World::new(Setup {
        calls: 1,
        ..Setup::new(Instant::now(), 1)
    });
    world.set_directory(directory(&handlers()));
    let [first, second] = ["first", "second"].map(|name| world.add_phone(name, PhoneOptions::default()));
    world.call(first, "endless_tone", Offer::InInvite).unwrap();
    world.run_for(SECOND);
    world.call(second, "endless_tone", Offer::InInvite).unwrap();
    world.run_for(SECOND);
    assert_eq!(end(&world, second), Some(End::Refused { status: 503 }));
    world.act(first, Action::HangUp);
    world.run_for(SECOND);
    let third = world.add_phone("third", PhoneOptions::default());
    world.call(third, "endless_tone", Offer::InInvite).unwrap();
    world.run_for(SECOND);
    assert!(answered(&world, third));
    world.act(third, Action::HangUp);
    rest(&mut world);
}

#[test]
fn a_draining_node_refuses_new_calls_lets_the_old_go_on_and_ends_them_when_told() {
    let mut world = world(1, &handlers());
    let [old, new] = ["old", "new"].map(|name| world.add_phone(name, PhoneOptions::default()));
    world.call(old, "endless_tone", Offer::InInvite).unwrap();
    world.run_for(SECOND);
    world.drain();
    world.call(new, "endless_tone", Offer::InInvite).unwrap();
    world.run_for(5 * SECOND);
    assert_eq!(
        (end(&world, new), end(&world, old)),
        (Some(End::Refused { status: 503 }), None)
    );
    world.end_all();
    rest(&mut world);
    assert_eq!(end(&world, old), Some(End::ByFarEnd));
    assert_eq!(
        record_of(&world, "endless_tone").legs[0].ended_by,
        Interruption::EndedByPlatform
    );
}
