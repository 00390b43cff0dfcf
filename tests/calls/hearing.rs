//! Something said in place of keys, in whole calls: heard over a prompt, faster than a key or slower, and failing without harm.

use crate::support::{helper, program, world};
use crate::{SECOND, answered, press, rest};
use patchcord_media::Clip;
use patchcord_sim::phone::{Action, Offer};
use patchcord_sim::{Conditions, Listener, PhoneId, PhoneOptions, World, words_said};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::sync::Arc;
use std::time::Duration;

const HANDLER: &str = "hears_words";
const WHY: &str = "nobody listens today";

fn calling(seed: u64, listener: Listener, options: PhoneOptions) -> (World, PhoneId) {
    let mut world = world(seed, &[program(HANDLER, &helper(HANDLER))]);
    world.set_listener(listener);
    let phone = world.add_phone("alice", options);
    world
        .call(phone, HANDLER, Offer::InInvite)
        .expect("the name can stand in an address");
    assert!(world.run_until(10 * SECOND, |world| answered(world, phone)));
    world.run_for(SECOND);
    (world, phone)
}

fn say(world: &mut World, phone: PhoneId, text: &str) {
    let clip = Arc::new(Clip::from_samples(&words_said(text)));
    world.act(phone, Action::Say(clip));
}

/// What the handler says next in its log comes in time.
fn told(world: &mut World, within: Duration, line: &str) {
    assert!(
        world.run_until(within, |world| world.noticed(line)),
        "{line}\n{}",
        world.log()
    );
}

#[test]
fn words_digits_and_keys_answer_whichever_comes_first() {
    let (mut world, phone) = calling(1, Listener::default(), PhoneOptions::default());
    say(&mut world, phone, "yes please");
    told(
        &mut world,
        3 * SECOND,
        "1: Some(\"yes please\") by EndedBy::Said, 0 keys",
    );
    world.run_for(SECOND);
    say(&mut world, phone, "four two seven");
    told(&mut world, 4 * SECOND, "2: Some(\"427\") by EndedBy::Said, 0 keys");
    world.run_for(SECOND);
    say(&mut world, phone, "sales and support and everything else there is");
    world.run_for(SECOND);
    // A key while something is being said: what was said counts no more.
    world.act(phone, press("7"));
    told(&mut world, SECOND / 2, "3: None by EndedBy::MaxKeys, 1 keys");
    // The fourth tone is heard out: what is said over it is not heard.
    world.run_for(SECOND);
    say(&mut world, phone, "support");
    world.run_for(3 * SECOND);
    assert!(!world.noticed("4: "));
    say(&mut world, phone, "support");
    told(&mut world, 3 * SECOND, "4: Some(\"support\") by EndedBy::Said, 0 keys");
    assert_eq!(world.recognised().len(), 3);
    rest(&mut world);
}

#[test]
fn speech_stops_the_prompt_and_not_only_its_end() {
    let (mut world, phone) = calling(2, Listener::default(), PhoneOptions::default());
    say(
        &mut world,
        phone,
        "sales and support and everything else there is in this house",
    );
    told(&mut world, SECOND, "prompt ended, Speech");
    assert!(
        world.noticed("ear Began") && !world.noticed("ear Said"),
        "{}",
        world.log()
    );
    told(&mut world, 10 * SECOND, "1: None by EndedBy::NoMatch, 0 keys");
    world.end_all();
    rest(&mut world);
}

#[test]
fn what_cannot_be_recognised_is_an_error_and_the_call_goes_on() {
    let fails = Listener::Fails {
        why: WHY.to_owned(),
        after: SECOND / 10,
    };
    let (mut world, phone) = calling(3, fails, PhoneOptions::default());
    say(&mut world, phone, "sales");
    told(&mut world, 3 * SECOND, &format!("1: Error::NotHeard(\"{WHY}\")"));
    told(&mut world, 6 * SECOND, "2: None by EndedBy::FirstKeyTimeout, 0 keys");
    world.end_all();
    rest(&mut world);
}

#[test]
fn time_does_not_run_out_while_somebody_recognises_and_a_late_answer_harms_nobody() {
    let slow = Listener::Listens { after: 20 * SECOND };
    let (mut world, phone) = calling(4, slow, PhoneOptions::default());
    say(&mut world, phone, "sales");
    world.run_for(15 * SECOND);
    assert!(!world.noticed("1: "), "{}", world.log());
    world.act(phone, press("1"));
    told(&mut world, SECOND, "1: None by EndedBy::MaxKeys, 1 keys");
    world.act(phone, Action::HangUp);
    rest(&mut world);
    assert_eq!(world.recognised().len(), 1);
}

#[test]
fn nothing_of_what_is_heard_is_in_the_trace() {
    let (mut world, phone) = calling(5, Listener::default(), PhoneOptions::default());
    say(&mut world, phone, "support");
    told(&mut world, 3 * SECOND, "1: Some(");
    let log = world.log().to_string();
    let traced = log.lines().filter(|line| !line.contains("1: Some("));
    assert!(traced.clone().any(|line| line.contains("3 phrases, 3 digits")), "{log}");
    assert!(traced.clone().any(|line| line.contains("ended by Said, ")), "{log}");
    assert!(
        traced
            .clone()
            .all(|line| !line.contains("support") && !line.contains("yes please"))
    );
    world.end_all();
    rest(&mut world);
}

#[test]
fn fuzz_random_words_keys_and_lines_leave_nothing_behind() {
    for seed in 0..24 {
        let mut dice = ChaCha8Rng::seed_from_u64(seed);
        let listener = match dice.next_u64() % 3 {
            0 => Listener::Fails {
                why: WHY.to_owned(),
                after: SECOND,
            },
            _ => Listener::Listens {
                after: Duration::from_millis(dice.next_u64() % 3_000),
            },
        };
        let options = PhoneOptions {
            conditions: Conditions {
                loss: (dice.next_u64() % 10) as f64 / 100.0,
                jitter: Duration::from_millis(dice.next_u64() % 30),
                ..Conditions::default()
            },
            ..PhoneOptions::default()
        };
        let (mut world, phone) = calling(seed, listener, options);
        for _ in 0..dice.next_u64() % 8 {
            match dice.next_u64() % 6 {
                0 => world.act(phone, press("5")),
                1 => say(&mut world, phone, "one"),
                2 => say(&mut world, phone, "sales"),
                3 => say(&mut world, phone, "nothing that was asked for"),
                _ => {}
            }
            world.run_for(Duration::from_millis(dice.next_u64() % 2_500));
        }
        world.act(phone, Action::HangUp);
        rest(&mut world);
        assert_eq!(world.orphans(), 0, "seed {seed}");
    }
}
