//! Legs streamed to WebSocket servers on loopback: real sockets on both sides, a real handler between.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(
    unreachable_pub,
    reason = "a test binary exports nothing; `pub` marks what a module offers the others"
)]
#![allow(dead_code, reason = "the support of all node tests is more than these use")]

#[path = "support/agent.rs"]
mod agent;
mod support;

use agent::{Agent, Peer, refuse};
use patchcord_control::stream_urls::{StreamAllow, StreamUrl};
use patchcord_media::{KeyPress, WireFormat, measure};
use patchcord_sim::phone::{Action, End, key_event};
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::time::Duration;
use support::phone::{Outcome, TestPhone};
use support::{cargo_build, config, log, node, program, wait_for_metric};
use tokio_tungstenite::tungstenite::Message;

/// What the caller hums.
const HUM: u16 = 500;

/// What came of a call: what was heard, and its record.
struct Called {
    outcome: Outcome,
    record: Value,
}

impl Called {
    fn stream(&self) -> &Value {
        let streams = self.record["streams"].as_array().unwrap();
        assert_eq!(streams.len(), 1, "{}", self.record);
        &streams[0]
    }
}

fn handler() -> Vec<u8> {
    let folder = cargo_build(&["-p", "call-handlers", "--examples"]).join("examples");
    patchcord_guest::wrap(&std::fs::read(folder.join("streams_to.wasm")).unwrap(), &[]).unwrap()
}

/// A call that is streamed to a port of this machine until one of both ends it.
fn call(port: u16, format: &str, reconnect: u8, allowed: bool) -> Called {
    let name = format!("streams_to-{port}-{format}-{reconnect}");
    let (mut config, file) = config(2);
    let url = StreamUrl::parse(&format!("ws://127.0.0.1:{port}/agent")).unwrap();
    config.streams.allow = StreamAllow::new(if allowed { vec![url] } else { Vec::new() });
    let node = node(config, vec![program(&name, &handler())]);
    let hum = (Duration::ZERO, Action::Hum(Some(HUM)));
    let key = KeyPress {
        event: key_event('7').unwrap(),
        duration_ms: 100,
        pause_ms: 100,
    };
    let press = (Duration::from_millis(600), Action::Press(vec![key]));
    let outcome = TestPhone::new("alice.4711", u64::from(port)).call(node.local_sip(), &name, vec![hum, press]);
    wait_for_metric(&node, "patchcord_records_total", 1);
    for zero in [
        "patchcord_calls_active",
        "patchcord_media_sessions",
        "patchcord_instances",
    ] {
        wait_for_metric(&node, zero, 0);
    }
    wait_for_metric(&node, "patchcord_streams_active", 0);
    drop(node);
    Called {
        outcome,
        record: record(&file),
    }
}

fn record(file: &Path) -> Value {
    let text = std::fs::read_to_string(file).unwrap();
    std::fs::remove_file(file).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn hears_the_hum(peer: &Peer) -> bool {
    let level = measure::frequency_dbfs(&peer.heard, peer.format.rate().hertz(), f64::from(HUM));
    measure::level_dbfs(&peer.heard) - level < 3.0 && level > -40.0
}

fn stops(peer: &mut Peer) {
    peer.send(&json!({ "event": "stop" }));
    assert_eq!(peer.until("stop")["reason"], "finished");
    assert!(peer.next().is_none(), "nothing comes after the end");
}

#[test]
fn an_agent_hears_the_caller_speaks_and_knows_to_the_sample_what_was_heard() {
    let agent = Agent::serve(|_, mut peer| {
        peer.format = WireFormat::L16at24k;
        let connected = peer.next().unwrap();
        assert_eq!(
            (&connected["event"], &connected["version"]),
            (&json!("connected"), &json!("1"))
        );
        let start = peer.next().unwrap();
        assert_eq!(start["event"], "start");
        assert_eq!(start["format"], json!({ "encoding": "l16", "rate": 24_000 }));
        assert_eq!(start["parameters"], json!({ "language": "de" }));
        assert!(start["streamSid"].as_str().unwrap().starts_with("str_"));
        assert!(start["callId"].as_str().unwrap().starts_with("call_"));
        assert_eq!(peer.until("message")["text"], "hello");
        assert_eq!(peer.until("key")["digit"], "7");
        peer.heard.clear();
        peer.hear(600);
        assert!(hears_the_hum(&peer));
        peer.mark("first");
        peer.say(440.0, 500);
        peer.mark("middle");
        peer.say(440.0, 500);
        peer.mark("last");
        for (name, at) in [("first", 0), ("middle", 500), ("last", 1_000)] {
            let mark = peer.until("mark");
            assert_eq!(
                (&mark["name"], &mark["played"], &mark["playedMs"]),
                (&json!(name), &json!(true), &json!(at))
            );
        }
        peer.say(620.0, 10_000);
        peer.mark("never");
        peer.hear(1_200);
        peer.send(&json!({ "event": "clear" }));
        let mark = peer.until("mark");
        let at = mark["playedMs"].as_u64().unwrap();
        assert_eq!((&mark["name"], &mark["played"]), (&json!("never"), &json!(false)));
        let cleared = peer.until("cleared");
        assert_eq!(cleared["playedMs"], at);
        assert_eq!(cleared["clearedMs"], 11_000 - at);
        assert!((1_001..11_000).contains(&at), "{at}");
        stops(&mut peer);
        let ascending: Vec<u64> = (1..=peer.numbers.len() as u64).collect();
        assert_eq!(peer.numbers, ascending);
        assert!(peer.times.is_sorted_by(|one, next| one < next));
    });
    let called = call(agent.port, "24k", 0, true);
    assert_eq!(called.outcome.end, End::ByFarEnd);
    assert!(called.outcome.heard_tone(440.0) && called.outcome.heard_tone(620.0));
    let stream = called.stream();
    assert_eq!(
        (&stream["ended_by"], &stream["connections"]),
        (&json!("finished"), &json!(1))
    );
    assert_eq!(stream["ignored"], 0);
    let ms = |name: &str| stream[name].as_u64().unwrap();
    assert_eq!(ms("played_ms") + ms("cleared_ms"), 11_000);
    assert!(ms("heard_ms") > 1_800);
    let log = log();
    assert!(!log.contains("token=secret") && !log.contains("hello") && !log.contains("4711"));
    agent.finish();
}

#[test]
fn a_connection_that_breaks_is_opened_again_and_what_was_heard_meanwhile_is_sent() {
    let agent = Agent::serve(|number, mut peer| {
        let start = peer.until("start");
        assert_eq!(start["connection"], number);
        peer.hear(200);
        assert_eq!(peer.numbers[..2], [1, 2]);
        match number {
            // It is cut off in the middle.
            1 => {}
            _ => {
                assert!(peer.times[0] >= 200);
                stops(&mut peer);
            }
        }
    });
    let called = call(agent.port, "8k", 2, true);
    let stream = called.stream();
    assert_eq!(
        (&stream["ended_by"], &stream["connections"]),
        (&json!("finished"), &json!(2))
    );
    agent.finish();
}

#[test]
fn refusals_and_absence_have_a_name() {
    let agent = Agent::raw(|_, stream| refuse(stream, 403));
    let called = call(agent.port, "8k", 5, true);
    let stream = called.stream();
    assert_eq!(
        (&stream["ended_by"], &stream["status"]),
        (&json!("refused"), &json!(403))
    );
    agent.finish();

    let agent = Agent::raw(|_, stream| refuse(stream, 503));
    let called = call(agent.port, "8k", 1, true);
    assert_eq!(called.stream()["status"], 503);
    agent.finish();

    let nobody = Agent::raw(|_, _| {});
    let port = nobody.port;
    nobody.finish();
    assert_eq!(call(port, "8k", 0, true).stream()["ended_by"], "unreachable");

    let called = call(port, "8k", 0, false);
    assert_eq!(called.record["streams"], json!([]));
    assert!(log().contains("not allowed: [streams] allow names no address"));
}

#[test]
fn what_is_no_websocket_is_no_connection() {
    let answers = [
        "",
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: no\r\n\r\n",
        "\u{0}\u{1}\u{2}\r\n\r\n",
    ];
    let agent = Agent::raw(move |number, mut stream| {
        agent::request(&stream);
        let long = "x".repeat(100_000);
        let answer = answers.get(number as usize - 1).copied().unwrap_or(&long);
        let _ = stream.write_all(answer.as_bytes());
    });
    let called = call(agent.port, "8k", 4, true);
    let stream = called.stream();
    assert_eq!(
        (&stream["ended_by"], &stream["connections"]),
        (&json!("unreachable"), &json!(0))
    );
    agent.finish();
}

#[test]
fn nonsense_has_no_effect_and_what_is_too_long_breaks_the_connection() {
    let agent = Agent::serve(|number, mut peer| {
        peer.format = WireFormat::L16at16k;
        peer.until("start");
        if number == 1 {
            let long = json!({ "event": "media", "payload": "A".repeat(1_000_000) });
            // It may be hung up on before the last byte.
            let _ = peer.socket.send(Message::text(long.to_string()));
            while peer.next().is_some() {}
            return;
        }
        let nested = "[".repeat(100_000);
        let nonsense = [
            "",
            "{",
            "null",
            "{}",
            &nested,
            r#"{"event":"fly"}"#,
            r#"{"event":"media"}"#,
            r#"{"event":"media","payload":17}"#,
            r#"{"event":"media","payload":"@@@@"}"#,
            r#"{"event":"media","payload":"AAA"}"#,
            // One byte and a half of a sample.
            r#"{"event":"media","payload":"AAAA"}"#,
            r#"{"event":"mark"}"#,
        ];
        for text in nonsense {
            peer.socket.send(Message::text(text)).unwrap();
        }
        peer.socket.send(Message::binary(vec![0xff; 1_000])).unwrap();
        peer.send(&json!({ "event": "mark", "name": "x".repeat(257) }));
        peer.send(&json!({ "event": "message", "text": "x".repeat(4_097) }));
        peer.say(440.0, 1_000);
        peer.mark("heard");
        assert_eq!(peer.until("mark")["playedMs"], 1_000);
        peer.send(&json!({ "event": "message", "text": "enough" }));
        assert_eq!(peer.until("stop")["reason"], "stopped");
    });
    let called = call(agent.port, "16k", 1, true);
    assert!(called.outcome.heard_tone(440.0));
    let stream = called.stream();
    assert_eq!(
        (&stream["ended_by"], &stream["connections"]),
        (&json!("stopped"), &json!(2))
    );
    assert_eq!(stream["ignored"], 15);
    assert_eq!(stream["played_ms"], 1_000);
    agent.finish();
}
