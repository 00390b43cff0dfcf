//! Calls of two and three: phones of one office through the `office` handler. Who hears whom is measured by the tone that
//! each phone hums. On good lines one behaviour each, on bad lines all of them with many seeds.

#![allow(clippy::disallowed_methods, reason = "a test begins at some moment")]

use crate::support::{example, office_of, program, tone_ms};
use crate::{REST, SECOND, bad_line};
use patchcord_sim::phone::{Action, End, Event, Incoming, LineId, Offer};
use patchcord_sim::{Conditions, PhoneId, PhoneOptions, Setup, World};
use patchcord_switch::Program;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

const NAMES: [&str; 3] = ["alice", "bob", "carol"];
const HUMS: [u16; 3] = [500, 700, 900];
const ONE: LineId = LineId::FIRST;
const TWO: LineId = LineId::SECOND;
const SEEDS: u64 = 10;
const ADDRESS: &str = "the name can stand in an address";

fn office() -> Arc<Program> {
    static PROGRAM: OnceLock<Arc<Program>> = OnceLock::new();
    PROGRAM.get_or_init(|| program("office", &example("office"))).clone()
}

/// Three registered phones, which answer after two seconds.
fn staff(seed: u64, conditions: Conditions) -> (World, [PhoneId; 3]) {
    let mut world = World::new(Setup::new(Instant::now(), seed).with_users(&NAMES));
    world.set_directory(office_of(&office(), NAMES));
    let phones = [0, 1, 2].map(|place| {
        let options = PhoneOptions {
            conditions,
            incoming: Incoming::Answer { after: 2 * SECOND },
            hum: Some(HUMS[place]),
            lines: 2,
            ..PhoneOptions::default()
        };
        let phone = world.add_phone(NAMES[place], options);
        world.register(phone, NAMES[place]);
        phone
    });
    let registered = |world: &World| {
        let event = |event: &Event| matches!(event, Event::Registered { .. });
        phones.iter().all(|phone| world.seat(*phone).when(event).is_some())
    };
    assert!(world.run_until(60 * SECOND, registered), "seed {seed}: all register");
    (world, phones)
}

/// Lets a second pass and gives the milliseconds of it in which a line clearly heard the tone of a phone.
fn hears(world: &mut World, phone: PhoneId, line: LineId, whom: usize) -> usize {
    let from = world.now();
    world.run_for(SECOND);
    tone_ms(f64::from(HUMS[whom]), world.seat(phone).recording_on(line).since(from))
}

fn end_on(world: &World, phone: PhoneId, line: LineId) -> Option<End> {
    world
        .seat(phone)
        .events_on(line)
        .iter()
        .find_map(|(_, event)| match event {
            Event::Ended { end, .. } => Some(*end),
            _ => None,
        })
}

fn answered_on(world: &World, phone: PhoneId, line: LineId) -> bool {
    world
        .seat(phone)
        .when_on(line, |event| *event == Event::Answered)
        .is_some()
}

fn over(world: &mut World) {
    world
        .run_to_rest(REST)
        .unwrap_or_else(|leftover| panic!("{leftover} is left over\n{}", world.log()));
    let counts = world.counts();
    assert_eq!((counts.calls, counts.instances, counts.ports_in_use), (0, 0, 0));
    assert_eq!(counts.started, world.records().len() as u64, "one record for each call");
}

/// Alice calls bob, and they talk.
fn talking(seed: u64, conditions: Conditions) -> (World, [PhoneId; 3]) {
    let (mut world, phones) = staff(seed, conditions);
    world.call(phones[0], "bob", Offer::InInvite).expect(ADDRESS);
    let up = |world: &World| phones[..2].iter().all(|phone| answered_on(world, *phone, ONE));
    assert!(world.run_until(60 * SECOND, up), "seed {seed}\n{}", world.log());
    world.run_for(2 * SECOND);
    (world, phones)
}

#[test]
fn two_phones_ring_talk_and_either_hangs_up() {
    for leaves in [0, 1] {
        let (mut world, phones) = talking(1, Conditions::default());
        let rang = |event: &Event| *event == Event::Progress { status: 180 };
        assert!(world.seat(phones[0]).when(rang).is_some());
        let (a, b) = (
            hears(&mut world, phones[0], ONE, 1),
            hears(&mut world, phones[1], ONE, 0),
        );
        assert!(a > 900 && b > 900, "{a} {b}");
        world.act(phones[leaves], Action::HangUp);
        over(&mut world);
        assert_eq!(end_on(&world, phones[leaves], ONE), Some(End::ByPhone));
        assert_eq!(end_on(&world, phones[1 - leaves], ONE), Some(End::ByFarEnd));
        assert_eq!(world.records().len(), 1);
        assert_eq!(world.records()[0].legs.len(), 2);
    }
}

#[test]
fn a_phone_that_is_busy_refuses_or_never_answers_ends_the_callers_call() {
    for (incoming, status) in [
        (Incoming::Busy, 486),
        (Incoming::Refuse { status: 603 }, 603),
        (Incoming::Ring, 480),
    ] {
        let (mut world, phones) = staff(1, Conditions::default());
        world.set_incoming(phones[1], incoming);
        world.call(phones[0], "bob", Offer::InInvite).expect(ADDRESS);
        let ended = |world: &World| end_on(world, phones[0], ONE).is_some();
        assert!(world.run_until(90 * SECOND, ended), "{}", world.log());
        assert_eq!(end_on(&world, phones[0], ONE), Some(End::Refused { status }));
        over(&mut world);
    }
}

#[test]
fn the_held_party_hears_music_and_the_other_again_when_taken_back() {
    let (mut world, phones) = talking(1, Conditions::default());
    world.act(phones[1], Action::Hold);
    world.run_for(2 * SECOND);
    assert_eq!(hears(&mut world, phones[0], ONE, 1), 0, "bob is not heard");
    let from = world.now();
    world.run_for(2 * SECOND);
    let heard = world.seat(phones[0]).recording().since(from);
    assert!(patchcord_media::measure::level_dbfs(heard) > -40.0, "but music is");
    world.act(phones[1], Action::Resume);
    world.run_for(2 * SECOND);
    let (a, b) = (
        hears(&mut world, phones[0], ONE, 1),
        hears(&mut world, phones[1], ONE, 0),
    );
    assert!(a > 900 && b > 900, "{a} {b}");
    world.act(phones[0], Action::HangUp);
    over(&mut world);
}

/// Bob transfers alice to carol without asking her.
fn blind(seed: u64, conditions: Conditions) -> World {
    let (mut world, phones) = talking(seed, conditions);
    world.transfer(phones[1], ONE, "carol").expect(ADDRESS);
    let moved = |world: &World| answered_on(world, phones[2], ONE) && end_on(world, phones[1], ONE).is_some();
    assert!(world.run_until(60 * SECOND, moved), "seed {seed}\n{}", world.log());
    world.run_for(2 * SECOND);
    let (a, c) = (
        hears(&mut world, phones[0], ONE, 2),
        hears(&mut world, phones[2], ONE, 0),
    );
    assert!(a > 200 && c > 200, "seed {seed}: {a} {c}");
    assert_eq!(end_on(&world, phones[0], ONE), None);
    world.act(phones[2], Action::HangUp);
    over(&mut world);
    world
}

/// Bob asks carol first, then joins alice and her.
fn attended(seed: u64, conditions: Conditions) -> World {
    let (mut world, phones) = talking(seed, conditions);
    world.act(phones[1], Action::Hold);
    world.run_for(4 * SECOND);
    world.call_on(phones[1], TWO, "carol", Offer::InInvite).expect(ADDRESS);
    let asked = |world: &World| answered_on(world, phones[1], TWO) && answered_on(world, phones[2], ONE);
    assert!(world.run_until(60 * SECOND, asked), "seed {seed}\n{}", world.log());
    world.run_for(3 * SECOND);
    world.act(phones[1], Action::TransferTo(TWO));
    let left = |world: &World| !world.seat(phones[1]).phone().in_call();
    assert!(world.run_until(60 * SECOND, left), "seed {seed}\n{}", world.log());
    world.run_for(3 * SECOND);
    let (a, c) = (
        hears(&mut world, phones[0], ONE, 2),
        hears(&mut world, phones[2], ONE, 0),
    );
    assert!(a > 200 && c > 200, "seed {seed}: {a} {c}\n{}", world.log());
    world.act(phones[0], Action::HangUp);
    over(&mut world);
    world
}

#[test]
fn a_blind_transfer_connects_the_other_two() {
    let world = blind(1, Conditions::default());
    assert!(world.log().says("bob", "transfer ended: 200"), "{}", world.log());
}

#[test]
fn an_attended_transfer_joins_the_two_far_ends() {
    let world = attended(1, Conditions::default());
    assert!(world.log().says("bob", "transfer ended: 200"), "{}", world.log());
}

#[test]
fn on_bad_lines_transfers_still_connect_and_nothing_is_left() {
    for seed in 0..SEEDS {
        blind(seed, bad_line());
        attended(seed, bad_line());
    }
}

#[test]
fn the_same_seed_gives_the_same_log() {
    let log = |seed| attended(seed, bad_line()).log().to_string();
    let first = log(3);
    assert_eq!(first, log(3));
    assert_ne!(first, log(4));
}
