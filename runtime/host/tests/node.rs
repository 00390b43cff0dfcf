//! A whole node on loopback: real sockets, real threads, real handlers, and the test phone at the other end.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(
    unreachable_pub,
    dead_code,
    reason = "a test binary exports nothing, and this one needs a part of what the others do"
)]

mod support;

use patchcord_control::call::Trace;
use patchcord_host::{Node, Seen, StartError, programs};
use patchcord_media::{KeyPress, measure};
use patchcord_sim::phone::{Action, End, Event, key_event};
use patchcord_switch::Notice;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::Path;
use std::time::{Duration, Instant};
use support::phone::TestPhone;
use support::{config, example, hostile, metric, node, program, wait_for_metric};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn press(key: char) -> Action {
    Action::Press(vec![KeyPress {
        event: key_event(key).unwrap(),
        duration_ms: 100,
        pause_ms: 100,
    }])
}

fn records(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap();
    std::fs::remove_file(file).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn health(address: SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
        .write_all(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.lines().next().unwrap().to_owned()
}

#[test]
fn a_call_is_heard_obeyed_recorded_and_leaves_nothing_behind() {
    let (config, file) = config(4);
    let node = node(config, vec![program("menu", &example("menu"))]);
    let watcher = node.watch();
    let phone = TestPhone::new("alice.4711", 1);
    // The key comes in the middle of the prompt and stops it.
    let outcome = phone.call(node.local_sip(), "menu", vec![(ms(700), press('2'))]);

    assert_eq!(outcome.end, End::ByFarEnd, "{:?}", outcome.events);
    assert!(outcome.events.contains(&Event::Progress { status: 180 }));
    assert!(outcome.heard_tone(620.0) && !outcome.heard_tone(440.0));
    wait_for_metric(&node, "patchcord_records_total", 1);
    for zero in [
        "patchcord_calls_active",
        "patchcord_instances",
        "patchcord_media_ports_in_use",
        "patchcord_media_sessions",
        "patchcord_dialogs",
        "patchcord_inbox_dropped_total",
        "patchcord_sip_malformed_total",
        "patchcord_sip_retransmissions_total{direction=\"out\"}",
        "patchcord_media_send_errors_total",
        "patchcord_media_commands_refused_total",
    ] {
        wait_for_metric(&node, zero, 0);
    }
    assert_eq!(metric(&node, "patchcord_calls_total"), 1);
    assert!(health(node.local_http().unwrap()).contains("200"));
    drop(node);

    let seen: Vec<Seen> = watcher.try_iter().collect();
    let turns = seen
        .iter()
        .filter(|seen| {
            matches!(
                seen,
                Seen::Notice {
                    notice: Notice::Turn(_),
                    ..
                }
            )
        })
        .count();
    assert!(turns >= 3, "answer, gather and play wait: {seen:?}");
    assert!(matches!(seen.last(), Some(Seen::Ended(_))));

    let records = records(&file);
    assert_eq!(records.len(), 1);
    let (record, leg) = (&records[0], &records[0]["legs"][0]);
    assert_eq!(
        (&record["handler"], &record["handler_end"]["outcome"]),
        (&"menu".into(), &"done".into())
    );
    assert_eq!((&leg["from"], &leg["to"]), (&"alice.4711".into(), &"menu".into()));
    assert_eq!(
        (&leg["ended_by"], &leg["media"]["keys"]),
        (&"ended_by_handler".into(), &1.into())
    );
    assert!(leg["media"]["packets_in"].as_u64() > Some(100) && leg["media"]["packets_out"].as_u64() > Some(100));
    assert!(record["fuel"].as_u64() > Some(1_000) && record["turns"].as_u64() >= Some(3));

    let log = support::log();
    assert!(log.contains("call started") && log.contains("call ended"), "{log}");
    for private in ["4711", "alice", "phones.invalid"] {
        assert!(!log.contains(private), "{private} is in the log:\n{log}");
    }
}

#[test]
fn a_handler_that_breaks_is_excused_to_the_caller_and_named_in_the_record() {
    let (config, file) = config(4);
    let node = node(config, vec![program("trap", &hostile("trap_late"))]);
    let outcome = TestPhone::new("bob", 2).call(node.local_sip(), "trap", Vec::new());
    assert_eq!(outcome.end, End::ByFarEnd, "{:?}", outcome.events);
    // The BYE follows the last packet at once, so the phone's buffer keeps the last tenth of a second to itself.
    let announcement = programs::announcement();
    let found =
        measure::find(&announcement.samples()[..3 * 8_000], &outcome.heard).expect("the announcement was heard");
    assert!(found.correlation > 0.9, "{found:?}");
    wait_for_metric(&node, "patchcord_faults_total{kind=\"trap\"}", 1);
    drop(node);
    assert_eq!(records(&file)[0]["handler_end"]["fault_kind"], "trap");
}

#[test]
fn calls_that_cannot_be_taken_are_refused_with_the_right_status() {
    let (config, file) = config(4);
    let node = node(config, vec![program("hello", &example("hello"))]);
    let outcome = TestPhone::new("carol", 3).call(node.local_sip(), "nobody", Vec::new());
    assert_eq!(outcome.end, End::Refused { status: 404 });
    wait_for_metric(&node, "patchcord_calls_refused_total{reason=\"no_route\"}", 1);
    drop(node);
    assert_eq!(records(&file), Vec::<Value>::new());
}

#[test]
fn a_drain_lets_calls_finish_refuses_new_ones_and_then_ends_all() {
    let (config, file) = config(4);
    let node = node(
        config,
        vec![program("hello", &example("hello")), program("menu", &example("menu"))],
    );
    let (sip, http) = (node.local_sip(), node.local_http().unwrap());
    std::thread::scope(|scope| {
        let short = scope.spawn(|| TestPhone::new("short", 4).call(sip, "hello", Vec::new()));
        let long = scope.spawn(|| TestPhone::new("long", 5).call(sip, "menu", Vec::new()));
        wait_for_metric(&node, "patchcord_calls_active", 2);
        let drained = scope.spawn(|| node.drain(Instant::now() + ms(3_000), || false));
        wait_for_metric(&node, "patchcord_draining", 1);
        let late = TestPhone::new("late", 6).call(sip, "hello", Vec::new());
        assert_eq!(late.end, End::Refused { status: 503 });
        assert!(health(http).contains("503"));
        let short = short.join().unwrap();
        assert!(
            short.heard_tone(440.0),
            "the short call was not cut: {:?}",
            short.events
        );
        assert_eq!(long.join().unwrap().end, End::ByFarEnd);
        assert_eq!(drained.join().unwrap(), 1, "one call was left at the deadline");
    });
    assert_eq!(node.calls(), 0);
    drop(node);
    UdpSocket::bind(sip).expect("the port is free again");
    let mut ends: Vec<_> = records(&file)
        .iter()
        .map(|r| r["legs"][0]["ended_by"].clone())
        .collect();
    ends.sort_by_key(ToString::to_string);
    assert_eq!(ends, ["ended_by_handler", "ended_by_platform"]);
}

#[test]
fn a_dropped_node_ends_its_calls_and_writes_their_records() {
    let (config, file) = config(4);
    let node = node(config, vec![program("menu", &example("menu"))]);
    let sip = node.local_sip();
    std::thread::scope(|scope| {
        let call = scope.spawn(|| TestPhone::new("dave", 7).call(sip, "menu", Vec::new()));
        wait_for_metric(&node, "patchcord_calls_active", 1);
        drop(node);
        call.join().unwrap();
    });
    assert_eq!(records(&file)[0]["legs"][0]["ended_by"], "ended_by_platform");
}

#[test]
fn a_start_that_fails_is_a_sentence_and_leaves_nothing() {
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (mut config, _) = config(4);
    config.trace = Trace::Off;
    config.sip.listen = taken.local_addr().unwrap();
    let started = Node::start(config.clone(), support::runtime().clone());
    let error = started.err().expect("the SIP port is taken");
    assert!(matches!(error, StartError::Sip { .. }) && error.is_port_in_use());
    assert!(
        error
            .to_string()
            .contains(&taken.local_addr().unwrap().port().to_string()),
        "{error}"
    );
    drop(taken);

    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    config.http = Some(port.local_addr().unwrap());
    let error = Node::start(config.clone(), support::runtime().clone())
        .err()
        .expect("the HTTP port is taken");
    assert!(error.to_string().contains("[http] listen"), "{error}");
    drop(port);
    Node::start(config, support::runtime().clone()).expect("nothing is left of the tries before");
}
