//! Speech written down while it is said, in whole calls: partial texts before final ones, beside other operations, and what a
//! recogniser, a connection or a far end that goes away does to it.

#![allow(clippy::disallowed_methods, reason = "a test begins at some moment")]

use crate::support::{directory, helper, program, record_of};
use crate::{SECOND, answered, press, rest};
use patchcord_control::call::Listens;
use patchcord_control::words::{Interruption, RecogniseEnd, RecogniseFailure, Recognised};
use patchcord_media::Clip;
use patchcord_sim::phone::{Action, Offer};
use patchcord_sim::{PhoneId, PhoneOptions, Setup, Transcriber, World, words_said};
use std::sync::Arc;
use std::time::{Duration, Instant};

const HANDLER: &str = "writes_down";

fn setup() -> Setup {
    Setup::new(Instant::now(), 1)
}

/// A call that is answered, to a handler of this name, with a recogniser that behaves so.
fn calling(name: &str, setup: Setup, transcriber: Transcriber, options: PhoneOptions) -> (World, PhoneId) {
    let mut world = World::new(setup);
    world.set_directory(directory(&[program(name, &helper(HANDLER))]));
    world.set_transcriber(transcriber);
    let phone = world.add_phone("alice", options);
    world
        .call(phone, name, Offer::InInvite)
        .expect("the name can stand in an address");
    assert!(world.run_until(10 * SECOND, |world| answered(world, phone)));
    world.run_for(SECOND / 2);
    (world, phone)
}

fn listened_to(name: &str, transcriber: Transcriber) -> (World, PhoneId) {
    calling(name, setup(), transcriber, PhoneOptions::default())
}

fn say(world: &mut World, phone: PhoneId, text: &str) {
    let clip = Arc::new(Clip::from_samples(&words_said(text)));
    world.act(phone, Action::Say(clip));
}

fn told(world: &mut World, within: Duration, line: &str) {
    assert!(
        world.run_until(within, |world| world.noticed(line)),
        "{line}\n{}",
        world.log()
    );
}

/// The call is over, and what its record says of its one recognition.
fn over(world: &mut World, phone: PhoneId, name: &str) -> Recognised {
    world.act(phone, Action::Leave);
    rest(world);
    let [recognition] = &record_of(world, name).recognitions[..] else {
        panic!("one recognition\n{}", world.log());
    };
    recognition.outcome.clone()
}

/// Lines of the log in which the handler tells something of this kind.
fn lines(world: &World, what: &str) -> Vec<String> {
    let log = world.log().to_string();
    let lines = log.lines().filter_map(|line| line.split_once(what));
    lines.map(|(_, rest)| rest.to_owned()).collect()
}

#[test]
fn words_are_told_while_they_are_said_and_the_whole_once_it_is_over() {
    let (mut world, phone) = listened_to(HANDLER, Transcriber::default());
    say(&mut world, phone, "sales please");
    told(&mut world, 3 * SECOND, "said: sales please, 90 % sure");
    let log = world.log().to_string();
    let place = |line: &str| log.find(line).unwrap_or_else(|| panic!("{line}\n{log}"));
    assert!(place("so far: sales") < place("said: sales please"));
    world.run_for(SECOND);
    say(&mut world, phone, "support");
    told(&mut world, 3 * SECOND, "said: support");
    // The time line is the recognition's own and goes on.
    let places: Vec<u64> = lines(&world, "% sure, ")
        .iter()
        .flat_map(|line| {
            line.split(' ')
                .filter_map(|word| word.parse().ok())
                .collect::<Vec<u64>>()
        })
        .collect();
    assert!(places.len() == 4 && places.is_sorted(), "{places:?}");
    say(&mut world, phone, "goodbye");
    told(
        &mut world,
        5 * SECOND,
        "outcome: RecogniseEnd::Stopped, 3 texts, 0 missed",
    );
    let outcome = over(&mut world, phone, HANDLER);
    assert_eq!(outcome.ended_by, RecogniseEnd::Stopped);
    assert_eq!((outcome.counts.finals, outcome.counts.connections), (3, 1));
    assert_eq!((outcome.counts.dropped_ms, outcome.counts.ignored), (0, 0));
    assert!(outcome.counts.heard_ms > 3_000);
}

#[test]
fn what_else_a_handler_waits_for_comes_too_and_nothing_said_is_in_the_trace() {
    let (mut world, phone) = listened_to(HANDLER, Transcriber::default());
    told(&mut world, 3 * SECOND, "woken by Some(0)");
    say(&mut world, phone, "support");
    told(&mut world, 3 * SECOND, "said: support");
    over(&mut world, phone, HANDLER);
    let log = world.log().to_string();
    let own = ["said: ", "so far: "];
    let mut traced = log.lines().filter(|line| !own.iter().any(|mark| line.contains(mark)));
    assert!(
        traced
            .clone()
            .any(|line| line.contains("recognise.start(leg 0, 4 hints")),
        "{log}"
    );
    assert!(traced.clone().any(|line| line.contains("a text from ")), "{log}");
    assert!(traced.all(|line| !line.contains("support")), "{log}");
}

/// A collection of keys or a phrase, and what is being said seen before it is over: a word ends the collection at once.
#[test]
fn keys_are_collected_beside_partial_texts() {
    let (mut world, phone) = listened_to("writes_down-beside", Transcriber::default());
    world.act(phone, press("42"));
    world.run_for(SECOND);
    say(&mut world, phone, "goodbye sales please");
    told(&mut world, 3 * SECOND, "cancelled: Ok((2, EndedBy::Cancelled))");
    let log = world.log().to_string();
    assert!(
        !log.contains("goodbye sales please"),
        "it did not wait for the whole\n{log}"
    );
    over(&mut world, phone, "writes_down-beside");
}

#[test]
fn who_wants_no_partial_texts_gets_none() {
    let name = "writes_down-finals";
    let (mut world, phone) = listened_to(name, Transcriber::default());
    say(&mut world, phone, "sales please");
    told(&mut world, 3 * SECOND, "said: sales please");
    assert!(!world.noticed("so far"), "{}", world.log());
    assert_eq!(over(&mut world, phone, name).counts.ignored, 0);
}

#[test]
fn a_caller_who_hangs_up_in_the_middle_of_a_word_ends_it_once() {
    let (mut world, phone) = listened_to(HANDLER, Transcriber::default());
    say(&mut world, phone, "support support support");
    world.run_for(SECOND / 2);
    let outcome = over(&mut world, phone, HANDLER);
    assert_eq!(outcome.ended_by, RecogniseEnd::Left(Interruption::HungUp));
    let stops = world
        .told_agents()
        .iter()
        .filter(|told| told.contains("\"left\""))
        .count();
    assert_eq!(stops, 1);
}

#[test]
fn it_ends_by_itself_when_its_time_is_over_and_the_last_words_still_come() {
    let name = "writes_down-short";
    let (mut world, phone) = listened_to(name, Transcriber::default());
    world.run_for(SECOND);
    say(&mut world, phone, "one more one more one more");
    told(&mut world, 6 * SECOND, "over by itself: RecogniseEnd::Longest");
    assert!(world.noticed("said: one more"), "{}", world.log());
    let outcome = over(&mut world, phone, name);
    assert_eq!((outcome.ended_by, outcome.lasted_ms), (RecogniseEnd::Longest, 3_000));
}

#[test]
fn a_connection_that_breaks_leaves_a_gap_and_what_is_said_later_is_heard() {
    let breaks = Transcriber {
        breaks_after_ms: Some(2_000),
        ..Transcriber::default()
    };
    let (mut world, phone) = listened_to(HANDLER, breaks);
    world.run_for(SECOND);
    say(&mut world, phone, "support support support support");
    told(&mut world, 5 * SECOND, "gap: ");
    world.run_for(3 * SECOND);
    say(&mut world, phone, "goodbye");
    told(&mut world, 6 * SECOND, "outcome: RecogniseEnd::Stopped");
    let outcome = over(&mut world, phone, HANDLER);
    assert_eq!((outcome.counts.connections, outcome.counts.dropped_ms), (2, 0));
}

#[test]
fn final_texts_that_nobody_receives_are_counted_where_they_are_lost() {
    let name = "writes_down-late";
    let repeats = Transcriber {
        repeats: 70,
        ..Transcriber::default()
    };
    let (mut world, phone) = listened_to(name, repeats);
    say(&mut world, phone, "support");
    told(&mut world, 25 * SECOND, "missed: 6");
    assert!(world.run_until(SECOND, |world| lines(world, "said: support").len() == 64));
    let outcome = over(&mut world, phone, name);
    assert_eq!((outcome.missed, outcome.counts.finals), (6, 70));
}

#[test]
fn a_handler_that_lets_go_of_it_ends_it() {
    let name = "writes_down-drops";
    let (mut world, phone) = listened_to(name, Transcriber::default());
    say(&mut world, phone, "support");
    told(&mut world, 3 * SECOND, "first: true");
    world.run_for(SECOND);
    let stops = world
        .told_agents()
        .iter()
        .filter(|told| told.contains("\"stopped\""))
        .count();
    assert_eq!(stops, 1);
    assert_eq!(over(&mut world, phone, name).ended_by, RecogniseEnd::Stopped);
}

#[test]
fn recognisers_that_are_absent_refuse_or_give_up_are_told_apart() {
    let of = |transcriber: Transcriber| {
        let (mut world, phone) = listened_to(HANDLER, transcriber);
        told(&mut world, 15 * SECOND, "over by itself: RecogniseEnd::Failed");
        over(&mut world, phone, HANDLER).ended_by
    };
    let usual = Transcriber::default;
    let absent = Transcriber {
        absent: true,
        ..usual()
    };
    assert_eq!(of(absent), RecogniseEnd::Failed(RecogniseFailure::Unreachable));
    let refuses = Transcriber {
        refuses: Some(401),
        ..usual()
    };
    assert_eq!(of(refuses), RecogniseEnd::Failed(RecogniseFailure::Refused(401)));
    for (code, failure) in [
        ("language", RecogniseFailure::Language),
        ("busy", RecogniseFailure::Overloaded),
        ("?", RecogniseFailure::Recogniser),
    ] {
        let gives_up = Transcriber {
            error: Some(code.to_owned()),
            ..usual()
        };
        assert_eq!(of(gives_up), RecogniseEnd::Failed(failure));
    }
}

#[test]
fn a_node_whose_recogniser_hears_one_sentence_at_a_time_says_so() {
    for (listens, why) in [
        (
            Listens::OnceAtATime,
            "not heard: the recogniser of this node hears one sentence at a time",
        ),
        (Listens::Never, "not heard: this node has nobody who recognises"),
    ] {
        let setup = Setup { listens, ..setup() };
        let (mut world, _) = calling(HANDLER, setup, Transcriber::default(), PhoneOptions::default());
        told(&mut world, SECOND, why);
        rest(&mut world);
        assert!(record_of(&world, HANDLER).recognitions.is_empty());
    }
}

#[test]
fn a_call_has_so_many_and_no_more() {
    let name = "writes_down-twice";
    let (mut world, phone) = listened_to(name, Transcriber::default());
    told(&mut world, SECOND, "one more: Some(Err(Error::Limit(");
    world.act(phone, Action::Leave);
    rest(&mut world);
    assert_eq!(record_of(&world, name).recognitions.len(), 4);
    assert_eq!(world.orphans(), 0);
}

#[test]
fn a_node_that_ends_all_calls_ends_it() {
    let (mut world, phone) = listened_to(HANDLER, Transcriber::default());
    world.run_for(SECOND);
    world.end_all();
    let outcome = over(&mut world, phone, HANDLER);
    assert_eq!(outcome.ended_by, RecogniseEnd::Left(Interruption::EndedByPlatform));
}
