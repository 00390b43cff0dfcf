//! Streams: what the server says is heard, what it is told of that is exact, and whatever ends a stream ends it once.

#![allow(clippy::disallowed_methods, reason = "a test begins at some moment")]

use crate::support::{directory, helper, program, record_of, tone_ms};
use crate::{SECOND, answered, bad_line, press, rest};
use patchcord_control::record::StreamRecord;
use patchcord_control::words::{Interruption, StreamEnd};
use patchcord_sim::phone::{Action, Offer};
use patchcord_sim::{Agent, PhoneId, PhoneOptions, Setup, World};
use patchcord_switch::Program;
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};

const HANDLER: &str = "streams_to-8765-16k-3";
/// Milliseconds that a phone may add to or take from a tone by its jitter buffer and at its edges.
const EDGES: usize = 120;

fn agent() -> Agent {
    Agent {
        url: "ws://127.0.0.1:8765/agent?token=secret".to_owned(),
        ..Agent::default()
    }
}

fn handler(name: &str) -> Arc<Program> {
    program(name, &helper("streams_to"))
}

/// A call of a phone to a handler, with these pretend servers.
fn talking(name: &str, agents: Vec<Agent>, options: PhoneOptions) -> (World, PhoneId) {
    let mut world = World::new(Setup {
        agents,
        ..Setup::new(Instant::now(), 1)
    });
    world.set_directory(directory(&[handler(name)]));
    let phone = world.add_phone("alice", options);
    world
        .call(phone, name, Offer::InInvite)
        .expect("the name can stand in an address");
    assert!(world.run_until(10 * SECOND, |world| answered(world, phone)));
    (world, phone)
}

/// The phone's call ends by itself or is ended, and all is at rest.
fn over(world: &mut World, phone: PhoneId, name: &str) -> StreamRecord {
    world.act(phone, Action::Leave);
    rest(world);
    let [stream] = &record_of(world, name).streams[..] else {
        panic!("one stream\n{}", world.log());
    };
    stream.clone()
}

/// What servers were told of one kind.
fn told(world: &World, event: &str) -> Vec<Value> {
    let all = world.told_agents().into_iter();
    let all = all.map(|text| serde_json::from_str::<Value>(&text).expect("it is JSON"));
    all.filter(|message| message["event"] == event).collect()
}

fn heard(world: &World, phone: PhoneId, hz: f64) -> usize {
    tone_ms(hz, world.seat(phone).recording().samples())
}

#[test]
fn a_greeting_is_heard_as_long_as_it_is_and_its_mark_says_so() {
    for format in ["8k", "16k", "24k"] {
        let name = format!("streams_to-8765-{format}-0");
        let greeting = Agent {
            greets_ms: 2_000,
            ..agent()
        };
        let (mut world, phone) = talking(&name, vec![greeting], PhoneOptions::default());
        world.run_for(4 * SECOND);
        let marks = told(&world, "mark");
        assert_eq!(
            (&marks[0]["name"], &marks[0]["playedMs"]),
            (&"greeting".into(), &2_000.into()),
            "{format}"
        );
        assert!(
            heard(&world, phone, 600.0).abs_diff(2_000) < EDGES,
            "{format}: {}",
            heard(&world, phone, 600.0)
        );
        world.act(phone, press("#"));
        world.run_for(SECOND);
        let stream = over(&mut world, phone, &name);
        assert_eq!(stream.ended_by, StreamEnd::Finished);
        assert_eq!(
            (
                stream.counts.played_ms,
                stream.counts.cleared_ms,
                stream.counts.dropped_ms
            ),
            (2_000, 0, 0)
        );
        assert!(stream.lasted_ms.abs_diff(stream.counts.heard_ms) < 100, "{stream:?}");
    }
}

#[test]
fn who_is_interrupted_knows_exactly_how_much_was_heard() {
    let greeting = Agent {
        greets_ms: 10_000,
        answers_ms: 0,
        ..agent()
    };
    let (mut world, phone) = talking(HANDLER, vec![greeting], PhoneOptions::default());
    world.run_for(2 * SECOND);
    world.act(phone, Action::Hum(Some(500)));
    world.run_for(2 * SECOND);
    let cleared = &told(&world, "cleared")[0];
    let mark = &told(&world, "mark")[0];
    let (played, left) = (cleared["playedMs"].as_u64(), cleared["clearedMs"].as_u64());
    assert_eq!(
        (mark["played"].as_bool(), mark["playedMs"].as_u64()),
        (Some(false), played)
    );
    assert_eq!(played.zip(left).map(|(played, left)| played + left), Some(10_000));
    let played = played.expect("a number") as usize;
    assert!(
        heard(&world, phone, 600.0).abs_diff(played) < EDGES,
        "{} of {played}",
        heard(&world, phone, 600.0)
    );
    let stream = over(&mut world, phone, HANDLER);
    assert_eq!(stream.ended_by, StreamEnd::Left(Interruption::HungUp));
    assert_eq!(
        (stream.counts.played_ms, stream.counts.cleared_ms),
        (played as u64, 10_000 - played as u64)
    );
}

#[test]
fn a_caller_who_hangs_up_in_the_middle_leaves_nothing_behind() {
    let greeting = Agent {
        greets_ms: 30_000,
        ..agent()
    };
    let (mut world, phone) = talking(HANDLER, vec![greeting], PhoneOptions::default());
    world.run_for(3 * SECOND);
    let stream = over(&mut world, phone, HANDLER);
    assert_eq!(stream.ended_by, StreamEnd::Left(Interruption::HungUp));
    assert_eq!(stream.counts.played_ms + stream.counts.cleared_ms, 30_000);
    assert_eq!(told(&world, "stop")[0]["reason"], "left");
    assert_eq!(told(&world, "mark")[0]["played"], false);
}

#[test]
fn texts_and_keys_go_between_server_and_handler() {
    let (mut world, phone) = talking(HANDLER, vec![agent()], PhoneOptions::default());
    world.act(phone, press("7*"));
    assert!(
        world.run_until(10 * SECOND, |world| world.noticed("text of 18 bytes")),
        "{}",
        world.log()
    );
    assert_eq!(told(&world, "message")[0]["text"], "hello");
    let keys: Vec<Value> = told(&world, "key").iter().map(|key| key["digit"].clone()).collect();
    assert_eq!(keys, ["7", "*"]);
    assert_eq!(told(&world, "start")[0]["parameters"]["language"], "de");
    over(&mut world, phone, HANDLER);
    assert!(!world.noticed("secret") && !world.noticed("hello"), "{}", world.log());
}

#[test]
fn a_server_that_may_only_listen_hears_and_is_not_heard() {
    let name = "streams_to-8765-listen-0";
    let greeting = Agent {
        greets_ms: 2_000,
        ..agent()
    };
    let (mut world, phone) = talking(name, vec![greeting], PhoneOptions::default());
    world.run_for(4 * SECOND);
    assert_eq!(heard(&world, phone, 600.0), 0);
    let stream = over(&mut world, phone, name);
    assert_eq!((stream.counts.played_ms, stream.counts.overrun_ms), (0, 2_000));
}

#[test]
fn what_is_heard_while_a_connection_is_away_is_sent_later_and_a_bad_line_harms_nobody() {
    let breaking = Agent {
        breaks_after_ms: Some(2_000),
        ..agent()
    };
    let options = PhoneOptions {
        hum: Some(500),
        conditions: bad_line(),
        ..PhoneOptions::default()
    };
    let (mut world, phone) = talking(HANDLER, vec![breaking], options);
    world.run_for(6 * SECOND);
    let connections: Vec<Value> = told(&world, "start")
        .iter()
        .map(|start| start["connection"].clone())
        .collect();
    assert_eq!(connections, [1, 2]);
    let stream = over(&mut world, phone, HANDLER);
    assert_eq!((stream.counts.connections, stream.counts.dropped_ms), (2, 0));
    assert!(stream.lasted_ms.abs_diff(stream.counts.heard_ms) < 100, "{stream:?}");
}

#[test]
fn servers_that_are_absent_refuse_or_are_not_allowed_are_told_apart() {
    let absent = Agent {
        absent: true,
        ..agent()
    };
    let (mut world, phone) = talking(HANDLER, vec![absent], PhoneOptions::default());
    assert!(
        world.run_until(10 * SECOND, |world| world.noticed("ended-by: StreamEnd::Unreachable")),
        "{}",
        world.log()
    );
    assert_eq!(over(&mut world, phone, HANDLER).ended_by, StreamEnd::Unreachable);

    let refusing = Agent {
        refuses: Some(403),
        ..agent()
    };
    let (mut world, phone) = talking(HANDLER, vec![refusing], PhoneOptions::default());
    world.run_for(SECOND);
    assert_eq!(over(&mut world, phone, HANDLER).ended_by, StreamEnd::Refused(403));

    let (mut world, _) = talking(HANDLER, Vec::new(), PhoneOptions::default());
    assert!(world.run_until(SECOND, |world| {
        world.noticed("not allowed: [streams] allow names no address")
    }));
    rest(&mut world);
    assert_eq!(record_of(&world, HANDLER).streams, []);
}

#[test]
fn a_node_that_ends_all_calls_ends_their_streams() {
    let (mut world, phone) = talking(HANDLER, vec![agent()], PhoneOptions::default());
    world.run_for(Duration::from_millis(1_500));
    world.end_all();
    let stream = over(&mut world, phone, HANDLER);
    assert_eq!(stream.ended_by, StreamEnd::Left(Interruption::EndedByPlatform));
}

#[test]
fn a_prompt_comes_first_and_a_leg_that_moves_ends_its_stream() {
    let greeting = Agent {
        url: "ws://127.0.0.1:8765/agent".to_owned(),
        greets_ms: 2_000,
        ..Agent::default()
    };
    let mut world = World::new(Setup {
        agents: vec![greeting],
        ..Setup::new(Instant::now(), 1)
    });
    let name = "streams_and_gives";
    let programs = [name, "endless_tone"].map(|name| program(name, &helper(name)));
    world.set_directory(directory(&programs));
    let phone = world.add_phone("alice", PhoneOptions::default());
    world
        .call(phone, name, Offer::InInvite)
        .expect("the name can stand in an address");
    world.run_for(8 * SECOND);
    assert!(heard(&world, phone, 800.0).abs_diff(1_000) < EDGES);
    // The greeting was broken in two by the prompt, and none of it is missing.
    assert!(heard(&world, phone, 600.0).abs_diff(2_000) < 2 * EDGES);
    assert!(heard(&world, phone, 440.0) > 2_000, "where it went it is heard");
    let stream = over(&mut world, phone, name);
    assert_eq!(stream.ended_by, StreamEnd::Left(Interruption::Moved));
    assert_eq!((stream.counts.played_ms, stream.counts.cleared_ms), (2_000, 0));
    assert_eq!(told(&world, "mark")[0]["playedMs"], 2_000);
}
