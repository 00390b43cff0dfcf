//! A recogniser behind a WebSocket on loopback, asked in place of keys and all the time: real sockets on both sides, real
//! handlers between.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(
    unreachable_pub,
    dead_code,
    reason = "a test binary exports nothing, and this one needs a part of what the others do"
)]

#[path = "support/agent.rs"]
mod agent;
#[path = "support/handlers.rs"]
mod handlers;
mod support;

use agent::{Agent, Peer, request};
use handlers::{call_handler, log_lines};
use patchcord_control::stream_urls::StreamUrl;
use patchcord_host::{Node, NodeConfig, RecogniserConfig, RecogniserServer, RecognitionConfig};
use patchcord_media::{Clip, WireFormat, measure};
use patchcord_sim::phone::{Action, End};
use patchcord_sim::words_said;
use serde_json::{Value, json};
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;
use support::phone::TestPhone;
use support::{config, log, metric, node, wait_for_metric};

/// A node that has what is said recognised at a port of this machine, and its handler.
fn recognising_node(port: u16, handler: &str) -> Node {
    let (config, _) = config(2);
    let key = (
        "x-key".parse::<hyper::header::HeaderName>().unwrap(),
        "the key".parse::<hyper::header::HeaderValue>().unwrap(),
    );
    let server = RecogniserServer {
        url: StreamUrl::parse(&format!("ws://127.0.0.1:{port}/listen?token=secret")).unwrap(),
        headers: vec![(key.0, key.1.into())],
        roots: None,
    };
    let config = NodeConfig {
        recognition: RecognitionConfig {
            recogniser: RecogniserConfig::WebSocket(server),
            ..RecognitionConfig::default()
        },
        ..config
    };
    node(config, vec![call_handler(handler)])
}

fn said(text: &str, at_ms: u64) -> (Duration, Action) {
    let clip = Arc::new(Clip::from_samples(&words_said(text)));
    (Duration::from_millis(at_ms), Action::Say(clip))
}

/// The sound is what was said, twice as many samples of it.
fn heard(peer: &Peer, text: &str) -> bool {
    let narrow: Vec<i16> = peer.heard.iter().step_by(2).copied().collect();
    measure::find(&words_said(text), &narrow).is_some_and(|found| found.correlation > 0.6)
}

#[test]
fn what_is_said_in_place_of_keys_is_sent_on_a_connection_of_its_own() {
    let agent = Agent::serve(|number, mut peer| {
        peer.format = WireFormat::L16at16k;
        let start = peer.until("start");
        assert_eq!(start["hints"], json!(["sales", "support", "yes please"]));
        assert_eq!((&start["digits"], &start["partials"]), (&json!(3), &json!(false)));
        assert_eq!((&start["language"], &start["callId"]), (&json!("en"), &Value::Null));
        peer.until("stop");
        match number {
            1 => {
                assert!(heard(&peer, "sales"));
                peer.send(&json!({ "event": "final", "text": "Sales,", "confidence": 0.9 }));
                peer.send(&json!({ "event": "final", "text": "please.", "confidence": 0.7 }));
                peer.send(&json!({ "event": "stop" }));
            }
            // It hears, and goes away without a word.
            _ => drop(peer),
        }
    });
    let node = recognising_node(agent.port, "hears_words");
    let watcher = node.watch();
    let steps = vec![
        said("sales", 1_000),
        said("support", 5_000),
        (Duration::from_secs(9), Action::HangUp),
    ];
    let outcome = TestPhone::new("alice", 3).call(node.local_sip(), "hears_words", steps);
    assert_eq!(outcome.end, End::ByPhone, "{:?}", outcome.events);
    wait_for_metric(&node, "patchcord_calls_active", 0);
    let lines = log_lines(&watcher);
    assert_eq!(lines[0], "1: Some(\"sales\") by EndedBy::Said, 0 keys", "{lines:?}");
    let broke_off = "2: Error::NotHeard(\"the server that recognises broke off\")";
    assert_eq!(lines[1], broke_off, "{lines:?}");
    assert_eq!(metric(&node, "patchcord_recognition_failed_total"), 1);
    drop(node);
    agent.finish();
}

#[test]
fn a_leg_is_listened_to_all_the_time_and_its_texts_come_as_they_are_said() {
    let agent = Agent::serve(|number, mut peer| {
        peer.format = WireFormat::L16at16k;
        let connected = peer.next().unwrap();
        assert_eq!(connected["protocol"], "patchcord-recognise");
        let start = peer.next().unwrap();
        assert_eq!(
            (&start["connection"], &start["language"]),
            (&json!(number), &json!("en"))
        );
        assert!(start["callId"].as_str().unwrap().starts_with("call_"));
        peer.hear(1_500);
        if number == 1 {
            // It is cut off in the middle.
            peer.send(&json!({ "event": "final", "text": "one more", "fromMs": 0, "toMs": 400 }));
            peer.hear(100);
            return;
        }
        assert!(peer.times[0] >= 1_500, "the time line goes on");
        peer.send(&json!({ "event": "partial", "text": "good" }));
        peer.hear(200);
        peer.send(&json!({ "event": "final", "text": "goodbye" }));
        assert_eq!(peer.until("stop")["reason"], "stopped");
        assert!(heard(&peer, "support"));
        peer.send(&json!({ "event": "stop" }));
        assert!(peer.next().is_none(), "nothing comes after the end");
    });
    let node = recognising_node(agent.port, "writes_down");
    let watcher = node.watch();
    let steps = vec![said("support", 2_300)];
    let outcome = TestPhone::new("alice.4711", 5).call(node.local_sip(), "writes_down", steps);
    assert_eq!(outcome.end, End::ByFarEnd, "{:?}", outcome.events);
    wait_for_metric(&node, "patchcord_calls_active", 0);
    wait_for_metric(&node, "patchcord_recognitions_active", 0);
    let lines = log_lines(&watcher);
    let place = |start: &str| {
        let found = lines.iter().position(|line| line.starts_with(start));
        found.unwrap_or_else(|| panic!("{start}: {lines:?}"))
    };
    let order = [
        "said: one more, 100 % sure, 0 to 400 ms",
        "gap: 400 to ",
        "so far: good",
        "said: goodbye",
        "outcome: RecogniseEnd::Stopped, 2 texts, 0 missed",
    ];
    assert!(order.map(place).is_sorted(), "{lines:?}");
    drop(node);
    agent.finish();
    assert!(!log().contains("token=secret"));
}

#[test]
fn a_recogniser_is_told_its_headers_and_may_refuse() {
    let agent = Agent::raw(|_, mut stream| {
        let asked = request(&stream);
        assert_eq!(asked[0], "GET /listen?token=secret HTTP/1.1");
        assert!(asked.iter().any(|line| line == "x-key: the key"), "{asked:?}");
        write!(stream, "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n").unwrap();
    });
    let node = recognising_node(agent.port, "writes_down");
    let watcher = node.watch();
    let outcome = TestPhone::new("alice", 7).call(node.local_sip(), "writes_down", Vec::new());
    assert_eq!(outcome.end, End::ByFarEnd, "{:?}", outcome.events);
    let lines = log_lines(&watcher);
    let refused = "over by itself: RecogniseEnd::Failed(Failure::Refused(403))";
    assert!(lines.iter().any(|line| line == refused), "{lines:?}");
    drop(node);
    agent.finish();
}
