//! Traces as OpenTelemetry reads them: a call at the real server, and what it sent to a collector, decoded by the messages
//! that OpenTelemetry's own project publishes.

use crate::lab::{self, Lane};
use crate::server::{Route, Server, Setup};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

/// A collector: takes everything and keeps the bodies.
fn collector() -> (u16, Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    let (heard, bodies) = sync_channel(64);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            if let Some(body) = body_of(&mut stream) {
                // Nobody may be interested any more.
                let _ = heard.send(body);
            }
            let _ =
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
        }
    });
    (port, bodies)
}

fn body_of(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).ok()?;
    assert!(head.starts_with("POST /v1/traces HTTP/1.1"), "{head}");
    let length = |line: &str| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok();
    let mut body = vec![0; head.lines().find_map(length)?];
    stream.read_exact(&mut body).ok()?;
    Some(body)
}

/// What OpenTelemetry's messages make of it: a value for each span.
fn decoded(body: &[u8]) -> Vec<Value> {
    let python = lab::root().join("target/python/bin/python");
    assert!(python.exists(), "{} is not there: run `make setup`", python.display());
    let mut reader = Command::new(python)
        .arg(lab::root().join("tests/interop/telemetry/decode.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python can be started");
    let mut input = reader.stdin.take().expect("it was asked for");
    input.write_all(body).expect("it reads all");
    drop(input);
    let output = reader.wait_with_output().expect("it ends");
    assert!(output.status.success(), "no OTLP: {}", String::from_utf8_lossy(body));
    let text = String::from_utf8(output.stdout).expect("it writes UTF-8");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect()
}

#[test]
fn a_call_is_one_trace_that_opentelemetry_reads() {
    let folder = lab::folder("telemetry");
    let lane = Lane::take();
    let (port, bodies) = collector();
    let sections = format!("[telemetry]\notlp = \"http://127.0.0.1:{port}\"\nservice = \"lab\"\n");
    let setup = Setup {
        sip: "strangers = \"answer\"",
        sections: &sections,
        ..Setup::default()
    };
    let routes = [Route {
        to: "*",
        handler: "examples/menu",
    }];
    let server = Server::start_with(&folder, &lane, &routes, &setup);
    let to = format!("sip:+4930123456@{}", server.sip);
    lab::run(Command::new(lab::patchcord()).args(["call", &to, "--keys", "1", "--from", "+15550100"]));
    let record = server.expect_records(1).remove(0);
    let body = bodies.recv_timeout(PATIENCE).expect("the trace comes");
    let text = String::from_utf8_lossy(&body);
    assert!(!text.contains("4930123456") && !text.contains("15550100"), "{text}");
    let spans = decoded(&body);
    let named = |name: &str| {
        spans
            .iter()
            .filter(|span| span["name"] == name)
            .cloned()
            .collect::<Vec<_>>()
    };
    let call = named("call").remove(0);
    assert_eq!(
        record["call"],
        format!("call_{}", call["trace"].as_str().expect("text"))
    );
    assert_eq!(
        (&call["kind"], &call["service"], &call["parent"]),
        (&"SPAN_KIND_SERVER".into(), &"lab".into(), &"".into())
    );
    assert_eq!(call["attributes"]["patchcord.handler"], "menu");
    assert_eq!(named("leg")[0]["parent"], call["span"]);
    let gathering = named("gathering").remove(0);
    assert!(
        gathering["ms"].as_i64().is_some_and(|ms| ms > 100),
        "she listened to the menu: {gathering}"
    );
    assert!(spans.iter().all(|span| span["trace"] == call["trace"]));
    server.expect_metric("patchcord_telemetry_spans_total", |sent| sent >= spans.len() as f64);
    assert_eq!(server.metric("patchcord_watch_dropped_total"), Some(0.0));
    server.stop();
}
