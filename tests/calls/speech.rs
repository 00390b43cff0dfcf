//! Spoken prompts in whole calls: early, in order, stopped by keys, and failing without harm.

use crate::support::{helper, program, world};
use crate::{SECOND, answered, press, rest};
use patchcord_control::speech::{Speech, TextForm};
use patchcord_media::{Clip, measure};
use patchcord_sim::phone::{Action, Offer};
use patchcord_sim::{PhoneId, PhoneOptions, Voice, World, speech};
use patchcord_switch::{Program, SPEAKING_MAX};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

const FIRST: &str = "Welcome to the first house.";
/// Samples of a text's sound that are looked for.
const COMPARED: usize = 8_000;
const WHY: &str = "there is no voice today";

fn handlers() -> Vec<Arc<Program>> {
    static PROGRAMS: OnceLock<Vec<Arc<Program>>> = OnceLock::new();
    let names = ["reads_aloud", "reads_too_much"];
    PROGRAMS
        .get_or_init(|| names.iter().map(|name| program(name, &helper(name))).collect())
        .clone()
}

fn calling(to: &str, voice: Voice) -> (World, PhoneId) {
    let mut world = world(1, &handlers());
    world.set_voice(voice);
    let phone = world.add_phone("alice", PhoneOptions::default());
    world
        .call(phone, to, Offer::InInvite)
        .expect("the name can stand in an address");
    assert!(world.run_until(10 * SECOND, |world| answered(world, phone)));
    (world, phone)
}

/// What the pretend voice makes of a text, and where it is in what the phone heard since the answer.
fn heard_at(world: &World, phone: PhoneId, text: &str) -> Option<Duration> {
    let sound = speech(&Speech {
        text: text.to_owned().into(),
        form: TextForm::Plain,
        language: None,
        voice: None,
    });
    let sound = sound.expect("there is something to say");
    let heard = world.seat(phone).recording().samples();
    // Its beginning: short enough for a jitter buffer to leave whole.
    let found = measure::find(&sound[..sound.len().min(COMPARED)], heard).filter(|found| found.correlation > 0.8)?;
    Some(Clip::from_samples(&heard[..found.lag]).duration())
}

#[test]
fn the_first_sentence_is_heard_while_the_others_are_still_made() {
    let (mut world, phone) = calling("reads_aloud", Voice::Speaks { after: SECOND });
    assert!(world.run_until(30 * SECOND, |world| world.noticed("pressed: ")));
    let asked: Vec<Duration> = world.spoken().iter().map(|spoken| spoken.at).collect();
    // One piece at a time, the next when the last is there, whatever plays.
    assert_eq!(asked.len(), 4);
    for pair in asked[..3].windows(2) {
        assert_eq!(pair[1] - pair[0], SECOND);
    }
    assert_eq!(world.spoken()[0].wanted.piece.reveal(), FIRST);
    assert_eq!(world.spoken()[3].wanted.voice.as_deref(), Some("second"));
    let first = heard_at(&world, phone, FIRST).expect("it is heard");
    assert!(first < asked[2] - asked[0], "{first:?}");
    let second = "All of our people are talking to somebody else at this very moment and ask for patience.";
    assert!(heard_at(&world, phone, second) > Some(first));
    assert!(world.noticed("read: Ok(Played {"), "{}", world.log());
    rest(&mut world);
}

#[test]
fn a_key_stops_a_prompt_that_is_still_being_made_and_nothing_more_is_asked_for() {
    let (mut world, phone) = calling("reads_aloud", Voice::default());
    assert!(world.run_until(30 * SECOND, |world| world.spoken().len() == 4));
    world.set_voice(Voice::Speaks { after: 20 * SECOND });
    world.act(phone, press("5"));
    assert!(world.run_until(3 * SECOND, |world| world.noticed("pressed: a key")));
    rest(&mut world);
    assert_eq!(world.spoken().len(), 4);
}

#[test]
fn a_text_that_cannot_be_spoken_is_an_error_and_the_call_goes_on() {
    let fails = Voice::Fails {
        why: WHY.to_owned(),
        after: SECOND / 10,
    };
    let (mut world, phone) = calling("reads_aloud", fails);
    assert!(world.run_until(3 * SECOND, |world| world.noticed("pressed: ")));
    let error = format!("Error::NotSpoken(\"{WHY}\")");
    assert!(world.noticed(&format!("read: Err({error})")), "{}", world.log());
    assert!(world.noticed(&format!("pressed: {error}")), "{}", world.log());
    // Not a word of what was to be said is in the log.
    assert!(!world.noticed("Welcome"), "{}", world.log());
    rest(&mut world);
    let heard = world.seat(phone).recording().samples();
    assert!(measure::frequency_dbfs(&heard[heard.len() - 4_000..], 8_000, 440.0) > -30.0);
}

#[test]
fn a_call_has_a_few_texts_spoken_at_once_and_no_more() {
    let (mut world, phone) = calling("reads_too_much", Voice::Speaks { after: SECOND });
    assert!(
        world.run_until(15 * SECOND, |world| world.noticed("Replaced, ")),
        "{}",
        world.log()
    );
    assert_eq!(world.spoken().len(), SPEAKING_MAX);
    let (replaced, refused) = (
        "EndedBy::Replaced, ".repeat(SPEAKING_MAX),
        "prompts of this call wait for their sound already",
    );
    assert!(
        world.noticed(&format!("{replaced}Error::NotSpoken(\"{SPEAKING_MAX} {refused}")),
        "{}",
        world.log()
    );
    assert!(heard_at(&world, phone, "This is prompt number 0.").is_none());
    rest(&mut world);
}

#[test]
fn a_prompt_does_not_take_for_ever_to_say() {
    let drawls = Voice::Drawls { length: 250 * SECOND };
    let (mut world, _) = calling("reads_aloud", drawls);
    assert!(world.run_until(SECOND, |world| world.noticed("read: ")));
    let why = "what is spoken and fetched for the prompt lasts more than 600 s";
    assert!(
        world.noticed(&format!("read: Err(Error::NotSpoken(\"{why}\"))")),
        "{}",
        world.log()
    );
    world.end_all();
    rest(&mut world);
}

#[test]
fn a_caller_who_leaves_while_a_text_is_made_leaves_nothing_behind() {
    let (mut world, phone) = calling("reads_aloud", Voice::Speaks { after: 5 * SECOND });
    world.run_for(SECOND);
    world.act(phone, Action::HangUp);
    rest(&mut world);
    assert_eq!(world.spoken().len(), 1);
    assert_eq!(world.records().len(), 1);
}

#[test]
fn whenever_a_voice_answers_and_a_caller_acts_the_call_ends_once_and_nothing_is_left() {
    for seed in 0..300 {
        let mut dice = ChaCha8Rng::seed_from_u64(seed);
        let mut roll = |sides: u64| dice.next_u64() % sides;
        let after = Duration::from_millis(roll(4) * roll(1_500));
        let voice = match roll(4) {
            0 => Voice::Fails {
                why: WHY.to_owned(),
                after,
            },
            _ => Voice::Speaks { after },
        };
        let to = ["reads_aloud", "reads_too_much"][roll(2) as usize];
        let (mut world, phone) = calling(to, voice);
        for _ in 0..roll(6) {
            world.run_for(Duration::from_millis(roll(4_000)));
            match roll(8) {
                0..=3 => world.act(phone, press("1")),
                4 => world.set_voice(Voice::Speaks { after }),
                5 => world.act(phone, Action::HangUp),
                6 => world.end_all(),
                _ => {}
            }
        }
        world.act(phone, Action::Leave);
        rest(&mut world);
        assert_eq!(world.records().len(), 1, "seed {seed}");
        assert_eq!(world.orphans(), 0, "seed {seed}");
    }
}
