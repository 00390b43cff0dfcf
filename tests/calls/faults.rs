//! What a far end does to a call on a good line, one behaviour each.

use crate::support::{record_of, tone_ms};
use crate::{SECOND, answered, calling, end, happened, press, rest};
use patchcord_control::words::Interruption;
use patchcord_sim::PhoneOptions;
use patchcord_sim::phone::{Action, End, Event, Faults, Offer};

#[test]
fn a_caller_who_cancels_while_it_rings_interrupts_the_handler() {
    let (mut world, phone) = calling(1, "slow_answer", Offer::InInvite, PhoneOptions::default());
    world.run_for(2 * SECOND);
    assert!(happened(&world, phone, |event| *event == Event::Progress { status: 180 }));
    world.act(phone, Action::Cancel);
    rest(&mut world);
    assert_eq!(end(&world, phone), Some(End::Cancelled));
    let leg = &record_of(&world, "slow_answer").legs[0];
    assert_eq!(
        (leg.ended_by, leg.status, leg.answered_at),
        (Interruption::Cancelled, Some(487), None)
    );
}

#[test]
fn either_side_may_hang_up() {
    let (mut world, phone) = calling(1, "endless_tone", Offer::InInvite, PhoneOptions::default());
    world.run_for(3 * SECOND);
    world.act(phone, Action::HangUp);
    rest(&mut world);
    assert_eq!(end(&world, phone), Some(End::ByPhone));
    assert_eq!(record_of(&world, "endless_tone").legs[0].ended_by, Interruption::HungUp);

    let (mut world, phone) = calling(1, "echo_keys", Offer::InInvite, PhoneOptions::default());
    world.run_for(SECOND);
    world.act(phone, press("#"));
    rest(&mut world);
    assert_eq!(end(&world, phone), Some(End::ByFarEnd));
    assert_eq!(
        record_of(&world, "echo_keys").legs[0].ended_by,
        Interruption::EndedByHandler
    );
}

#[test]
fn an_ack_that_comes_late_brings_the_200_again_and_one_that_never_comes_ends_the_call() {
    let faults = Faults {
        lost_acks: 3,
        ..Faults::default()
    };
    let options = || PhoneOptions {
        faults,
        ..PhoneOptions::default()
    };
    let (mut world, phone) = calling(1, "endless_tone", Offer::InInvite, options());
    world.run_for(8 * SECOND);
    assert!(
        world.log().count("node", "200 OK (INVITE)") >= 4,
        "repeated until the ACK"
    );
    world.act(phone, Action::HangUp);
    rest(&mut world);

    let faults = Faults {
        lost_acks: 1_000,
        ..Faults::default()
    };
    let options = PhoneOptions {
        faults,
        ..PhoneOptions::default()
    };
    let (mut world, _) = calling(1, "endless_tone", Offer::InInvite, options);
    rest(&mut world);
    assert_eq!(
        record_of(&world, "endless_tone").legs[0].ended_by,
        Interruption::SignallingLost
    );
}

#[test]
fn an_invite_that_comes_twice_is_one_call() {
    let faults = Faults {
        doubled_invites: 5,
        ..Faults::default()
    };
    let options = PhoneOptions {
        faults,
        ..PhoneOptions::default()
    };
    let (mut world, phone) = calling(1, "endless_tone", Offer::InInvite, options);
    world.run_for(3 * SECOND);
    assert_eq!(world.counts().started, 1);
    world.act(phone, Action::HangUp);
    rest(&mut world);
}

#[test]
fn a_late_offer_is_answered_with_ours() {
    let (mut world, phone) = calling(1, "endless_tone", Offer::Late, PhoneOptions::default());
    world.run_for(3 * SECOND);
    assert!(answered(&world, phone));
    assert!(
        tone_ms(440.0, world.seat(phone).recording().samples()) > 2_000,
        "audio flows"
    );
    world.act(phone, Action::HangUp);
    rest(&mut world);
}

#[test]
fn early_media_is_heard_before_the_answer() {
    let (mut world, phone) = calling(1, "early_tone", Offer::InInvite, PhoneOptions::default());
    world.run_for(900 * SECOND / 1_000);
    assert!(happened(&world, phone, |event| *event == Event::EarlyMedia) && !answered(&world, phone));
    assert!(tone_ms(880.0, world.seat(phone).recording().samples()) > 500);
    rest(&mut world);
    assert!(tone_ms(620.0, world.seat(phone).recording().samples()) > 800);
}

#[test]
fn a_held_caller_hears_nothing_and_hears_again_when_taken_back() {
    let (mut world, phone) = calling(1, "endless_tone", Offer::InInvite, PhoneOptions::default());
    world.run_for(3 * SECOND);
    world.act(phone, Action::Hold);
    world.run_for(SECOND);
    assert!(happened(&world, phone, |event| *event == Event::Held));
    let held_from = world.now();
    // Longer than the media time-out: nobody expects audio of a leg on hold.
    world.run_for(45 * SECOND);
    assert_eq!(
        tone_ms(440.0, world.seat(phone).recording().since(held_from)),
        0,
        "hold is silent"
    );
    assert_eq!(end(&world, phone), None, "and does not end the call");
    world.act(phone, Action::Resume);
    world.run_for(SECOND);
    let resumed = world.now();
    world.run_for(3 * SECOND);
    assert!(tone_ms(440.0, world.seat(phone).recording().since(resumed)) > 2_500);
    world.act(phone, Action::HangUp);
    rest(&mut world);
}
