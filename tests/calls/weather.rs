//! Bad lines: a fifth of everything lost, some twice, some late. And long calls, in no time.

use crate::support::{fault, tone_ms, world};
use crate::{SECOND, answered, bad_line, calling, end, handlers, press, rest};
use patchcord_sim::phone::{Action, Faults, Offer};
use patchcord_sim::{PhoneOptions, World};
use std::time::{Duration, Instant};

const SEEDS: u64 = 25;

fn options(faults: Faults) -> PhoneOptions {
    PhoneOptions {
        conditions: bad_line(),
        faults,
        ..PhoneOptions::default()
    }
}

/// Eight callers at once, each with another way of behaving.
fn crowd(seed: u64) -> World {
    let mut world = world(seed, &handlers());
    let none = Faults::default();
    let ways = [
        ("endless_tone", Offer::InInvite, none),
        ("endless_tone", Offer::Late, none),
        ("endless_tone", Offer::InInvite, Faults { lost_acks: 4, ..none }),
        (
            "endless_tone",
            Offer::InInvite,
            Faults {
                doubled_invites: 4,
                ..none
            },
        ),
        ("slow_answer", Offer::InInvite, none),
        ("slow_answer", Offer::InInvite, none),
        ("early_tone", Offer::InInvite, none),
        ("echo_keys", Offer::InInvite, none),
    ];
    let phones: Vec<_> = (0..)
        .zip(ways)
        .map(|(number, (to, offer, faults))| {
            let phone = world.add_phone(&format!("caller{number}"), options(faults));
            world.call(phone, to, offer).expect("the name can stand in an address");
            world.run_for(Duration::from_millis(150));
            phone
        })
        .collect();
    world.run_for(2 * SECOND);
    world.act(phones[4], Action::Cancel);
    world.act(phones[0], Action::Hold);
    world.act(phones[7], press("12#"));
    world.run_for(20 * SECOND);
    world.act(phones[0], Action::Resume);
    world.run_for(10 * SECOND);
    for phone in &phones {
        if world.seat(*phone).phone().in_call() {
            world.act(*phone, Action::HangUp);
        }
    }
    rest(&mut world);
    for phone in phones {
        assert!(end(&world, phone).is_some(), "seed {seed}: every caller learns the end");
    }
    for record in world.records() {
        assert_eq!(
            fault(record),
            None,
            "seed {seed}: no handler is at fault for the weather"
        );
    }
    world
}

#[test]
fn on_a_bad_line_every_call_still_ends_once_and_nothing_is_left() {
    for seed in 0..SEEDS {
        crowd(seed);
    }
}

#[test]
fn the_same_seed_gives_the_same_log_to_the_byte_and_another_seed_another() {
    let log = |seed| {
        crowd(seed)
            .log()
            .lines()
            .iter()
            .map(|line| format!("{line}\n"))
            .collect::<String>()
    };
    let first = log(3);
    assert!(first.lines().count() > 100, "there is something to compare");
    assert_eq!(first, log(3));
    assert_ne!(first, log(4));
}

#[test]
fn no_key_is_lost_or_doubled_on_a_bad_line() {
    for seed in 0..SEEDS {
        let (mut world, phone) = calling(seed, "echo_keys", Offer::InInvite, options(Faults::default()));
        assert!(
            world.run_until(60 * SECOND, |world| answered(world, phone)),
            "seed {seed}: answered"
        );
        world.run_for(SECOND);
        world.act(phone, press("1590*B#"));
        rest(&mut world);
        let lines = world.log().lines().iter().map(|line| line.to_string());
        let keys: String = lines
            .filter_map(|line| Some(line.split_once("key [")?.1.split_once(']')?.0.to_owned()))
            .collect();
        assert_eq!(keys, "1590*B#", "seed {seed}");
    }
}

#[test]
#[allow(
    clippy::disallowed_methods,
    reason = "says how long an hour takes; nothing is asserted of it"
)]
fn an_hour_of_a_call_passes_quickly_and_without_a_gap() {
    let began = Instant::now();
    let (mut world, phone) = calling(1, "endless_tone", Offer::InInvite, PhoneOptions::default());
    world.run_for(3_600 * SECOND);
    println!("an hour of a call with audio both ways took {:?}", began.elapsed());
    let recording = world.seat(phone).recording();
    assert!(tone_ms(440.0, recording.samples()) > 100_000, "the tone never stops");
    world.act(phone, Action::HangUp);
    rest(&mut world);
    let media = world.records()[0].legs[0].media.expect("it had audio");
    assert_eq!((media.lost, media.ticks_missed), (0, 0));
    assert!(
        media.packets_out.abs_diff(180_000) < 10,
        "50 packets a second, {} in all",
        media.packets_out
    );
}
