//! Phones that want packets of other lengths than 20 ms, and a node that does: what each sends is as long as the other asks
//! for, and sounds as it should.

#![allow(clippy::disallowed_methods, reason = "a test begins at some moment")]

use crate::support::{directory, example, fault, office_of, program, tone_ms};
use crate::{SECOND, answered, handlers, rest};
use patchcord_media::Counters;
use patchcord_sim::phone::{Action, Event, Incoming, Offer};
use patchcord_sim::{PhoneId, PhoneOptions, Setup, World};
use patchcord_sip::sdp::Codec;
use std::time::Instant;

/// Of G.711 and of G.722.
const BYTES_PER_MS: u64 = 8;
const NAMES: [&str; 2] = ["alice", "bob"];
const HUMS: [u16; 2] = [500, 700];

fn asking(ptime_ms: u16) -> PhoneOptions {
    PhoneOptions {
        ptime_ms,
        ..PhoneOptions::default()
    }
}

fn counters(world: &World, phone: PhoneId) -> Counters {
    let mut events = world.seat(phone).events().iter();
    let found = events.find_map(|(_, event)| match event {
        Event::Ended { counters, .. } => *counters,
        _ => None,
    });
    found.expect("a call with sound is over")
}

/// That so many packets with so many bytes were of one length, but for what was cut short at the end.
fn assert_length(packets: u64, bytes: u64, each: u64, what: &str) {
    assert_eq!(
        packets,
        bytes.div_ceil(each),
        "{what}: {bytes} bytes in packets of {each}"
    );
}

#[test]
fn each_side_sends_packets_as_long_as_the_other_asks_for() {
    for (ours, theirs) in [(60, 10), (40, 30), (30, 40), (10, 60), (50, 50)] {
        for codec in [Codec::Pcmu, Codec::G722] {
            let what = format!("{codec:?}: we ask for {ours} ms, the phone for {theirs}");
            let mut world = World::new(Setup {
                ptime_ms: ours,
                ..Setup::new(Instant::now(), 1)
            });
            world.set_directory(directory(&handlers()));
            let options = PhoneOptions {
                codecs: vec![codec],
                hum: Some(HUMS[0]),
                ..asking(theirs)
            };
            let phone = world.add_phone("alice", options);
            let offer = if theirs == 30 { Offer::Late } else { Offer::InInvite };
            world
                .call(phone, "endless_tone", offer)
                .expect("the name can stand in an address");
            assert!(world.run_until(10 * SECOND, |world| answered(world, phone)), "{what}");
            world.run_for(SECOND);
            let from = world.now();
            world.run_for(8 * SECOND);
            let heard = tone_ms(440.0, world.seat(phone).recording().since(from));
            assert!(heard >= 7_600, "{what}: {heard} ms of the tone");
            world.act(phone, Action::HangUp);
            rest(&mut world);
            let counted = counters(&world, phone);
            assert_length(
                counted.packets_in,
                counted.bytes_in,
                u64::from(theirs) * BYTES_PER_MS,
                &what,
            );
            assert_length(
                counted.packets_out,
                counted.bytes_out,
                u64::from(ours) * BYTES_PER_MS,
                &what,
            );
            assert!(
                counted.bytes_in > 8_900 * BYTES_PER_MS && counted.bytes_out > 8_900 * BYTES_PER_MS,
                "{what}"
            );
            assert_eq!((counted.lost, counted.malformed), (0, 0), "{what}");
            let record = &world.records()[0];
            assert_eq!(fault(record), None);
            let media = record.legs[0].media.as_ref().expect("it had sound");
            assert_eq!((media.lost, media.malformed, media.ticks_missed), (0, 0, 0), "{what}");
        }
    }
}

#[test]
fn keys_are_understood_and_prompts_heard_in_packets_of_any_length() {
    for (ours, theirs) in [(60, 10), (10, 60), (30, 40), (40, 30)] {
        let mut world = World::new(Setup {
            ptime_ms: ours,
            ..Setup::new(Instant::now(), 1)
        });
        world.set_directory(directory(&handlers()));
        let phone = world.add_phone("alice", asking(theirs));
        world
            .call(phone, "echo_keys", Offer::InInvite)
            .expect("the name can stand in an address");
        assert!(world.run_until(10 * SECOND, |world| answered(world, phone)));
        world.act(phone, crate::press("1159*0#"));
        rest(&mut world);
        let told: String = "1159*0#".chars().map(|key| format!("key [{key}]")).collect();
        let log = world.log().to_string();
        let found: String = log
            .match_indices("key [")
            .map(|(at, _)| &log[at..at + "key [0]".len()])
            .collect();
        assert_eq!(found, told, "{ours} and {theirs} ms");
    }
}

#[test]
fn a_re_invite_changes_how_long_packets_are() {
    let mut world = World::new(Setup::new(Instant::now(), 1));
    world.set_directory(directory(&handlers()));
    let phone = world.add_phone("alice", asking(20));
    world
        .call(phone, "endless_tone", Offer::InInvite)
        .expect("the name can stand in an address");
    assert!(world.run_until(10 * SECOND, |world| answered(world, phone)));
    world.run_for(SECOND);
    let from = world.now();
    let spent = [60, 10, 40, 20].map(|ms| {
        world.act(phone, Action::AskPacketTime(ms));
        world.run_for(3 * SECOND);
        ms
    });
    let changes = world.seat(phone).events().iter();
    let changes = changes.filter(|(_, event)| *event == Event::Changed).count();
    assert_eq!(changes, spent.len());
    let heard = tone_ms(440.0, world.seat(phone).recording().since(from));
    assert!(heard >= 11_600, "{heard} ms of the tone, without a hole at the changes");
    world.act(phone, Action::HangUp);
    rest(&mut world);
    let counted = counters(&world, phone);
    assert_eq!((counted.lost, counted.malformed), (0, 0));
    let least: u64 = 50 + spent.iter().map(|ms| 3_000 / u64::from(*ms)).sum::<u64>();
    assert!(
        (least..least + 30).contains(&counted.packets_in),
        "{} of {least}",
        counted.packets_in
    );
    assert!(
        (13_000 * 8..13_500 * 8).contains(&counted.bytes_in),
        "{}",
        counted.bytes_in
    );
}

/// Bob answers in another codec or in the same; each wants another length, and hears the other.
#[test]
fn phones_that_want_different_lengths_hear_each_other() {
    let program = program("office", &example("office"));
    for codecs in [
        [Codec::Pcmu, Codec::Pcmu],
        [Codec::Pcmu, Codec::G722],
        [Codec::Opus, Codec::Pcma],
    ] {
        for (ours, theirs) in [(20, [30, 60]), (60, [10, 40]), (30, [60, 20])] {
            let what = format!("{codecs:?}: we ask for {ours} ms, they for {theirs:?}");
            let setup = Setup {
                ptime_ms: ours,
                ..Setup::new(Instant::now(), 1)
            };
            let mut world = World::new(setup.with_users(&NAMES));
            world.set_directory(office_of(&program, NAMES));
            let phones = [0, 1].map(|n| {
                let options = PhoneOptions {
                    codecs: vec![codecs[n]],
                    hum: Some(HUMS[n]),
                    incoming: Incoming::Answer { after: 2 * SECOND },
                    ..asking(theirs[n])
                };
                let phone = world.add_phone(NAMES[n], options);
                world.register(phone, NAMES[n]);
                phone
            });
            let registered = |world: &World| {
                let event = |event: &Event| matches!(event, Event::Registered { .. });
                phones.iter().all(|phone| world.seat(*phone).when(event).is_some())
            };
            assert!(world.run_until(60 * SECOND, registered), "{what}");
            world
                .call(phones[0], "bob", Offer::InInvite)
                .expect("the name can stand in an address");
            let talking = |world: &World| phones.iter().all(|phone| answered(world, *phone));
            assert!(world.run_until(60 * SECOND, talking), "{what}");
            world.run_for(SECOND);
            let from = world.now();
            world.run_for(3 * SECOND);
            for (n, phone) in phones.iter().enumerate() {
                let heard = tone_ms(f64::from(HUMS[1 - n]), world.seat(*phone).recording().since(from));
                assert!(heard >= 2_700, "{what}: {} hears {heard} ms", NAMES[n]);
            }
            world.act(phones[0], Action::HangUp);
            rest(&mut world);
        }
    }
}
