//! Collecting and sending with a pretend collector: what is taken, what is tried again, what is left out, and that nobody
//! waits for a server that says nothing.

use super::*;
use crate::watch::Watchers;
use patchcord_control::call::TurnTrace;
use patchcord_control::ids::CallId;
use patchcord_switch::Notice;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(10);

/// A collector that gives these answers, one after the other and then the last for ever, and shows what it was sent.
fn collector(answers: &'static [&'static str]) -> (WebAddress, mpsc::Receiver<(String, Value)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/otel", listener.local_addr().unwrap());
    let (heard, requests) = mpsc::sync_channel(64);
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            // The test may be over.
            let _ = heard.send(request(&mut stream));
            let answer = answers[number.min(answers.len() - 1)];
            let _ = stream.write_all(format!("HTTP/1.1 {answer}\r\nContent-Length: 2\r\n\r\n{{}}").as_bytes());
        }
    });
    (WebAddress::parse(&address).unwrap(), requests)
}

fn request(stream: &mut TcpStream) -> (String, Value) {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).is_ok() {
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).unwrap();
    (head, serde_json::from_slice(&body).unwrap())
}

fn config(otlp: WebAddress, sample_percent: u8) -> TelemetryConfig {
    TelemetryConfig {
        otlp,
        service: "office".to_owned(),
        sample_percent,
    }
}

fn turn(call: u128) -> Seen {
    let turn = TurnTrace {
        at: Duration::from_millis(20),
        waited: Duration::from_millis(10),
        ask: "play(tone)".to_owned(),
        answer: "finished".to_owned(),
    };
    Seen::Notice {
        call: CallId(call),
        notice: Notice::Turn(turn),
    }
}

fn ended(call: u128) -> Seen {
    Seen::Ended(Arc::new(crate::records::sample(call)))
}

fn spans(body: &Value) -> &Vec<Value> {
    body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap()
}

#[test]
fn a_call_that_ends_is_one_trace_and_the_calls_that_are_not_sampled_are_none() {
    let (to, requests) = collector(&["200 OK"]);
    let (watchers, figures) = (Watchers::default(), Arc::<TelemetryFigures>::default());
    let telemetry = Telemetry::start(&config(to, 50), watchers.watch(), figures.clone()).unwrap();
    for call in [149_u128, 150] {
        watchers.tell(&turn(call));
        watchers.tell(&ended(call));
    }
    drop(watchers);
    let (head, body) = requests.recv_timeout(PATIENCE).unwrap();
    assert!(head.starts_with("POST /otel/v1/traces HTTP/1.1\r\n"), "{head}");
    assert!(
        head.to_ascii_lowercase().contains("content-type: application/json"),
        "{head}"
    );
    let resource = body["resourceSpans"][0]["resource"]["attributes"][0].clone();
    assert_eq!(
        (&resource["key"], &resource["value"]["stringValue"]),
        (&"service.name".into(), &"office".into())
    );
    let names: Vec<&str> = spans(&body).iter().map(|span| span["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["call", "leg", "turn", "playing"]);
    assert!(
        spans(&body)
            .iter()
            .all(|span| span["traceId"] == format!("{:032x}", 149))
    );
    assert_eq!(spans(&body)[1]["parentSpanId"], spans(&body)[0]["spanId"]);
    drop(telemetry);
    assert_eq!(
        (figures.sent.get(), figures.failed.get(), figures.dropped.get()),
        (4, 0, 0)
    );
    assert!(requests.try_recv().is_err());
}

#[test]
fn a_batch_that_may_be_taken_later_is_tried_again_and_one_that_never_will_is_not() {
    let (to, requests) = collector(&["503 Service Unavailable", "200 OK", "400 Bad Request"]);
    let (watchers, figures) = (Watchers::default(), Arc::<TelemetryFigures>::default());
    let telemetry = Telemetry::start(&config(to, 100), watchers.watch(), figures.clone()).unwrap();
    watchers.tell(&ended(1));
    let [(_, first), (_, again)] = [(); 2].map(|()| requests.recv_timeout(PATIENCE).unwrap());
    assert_eq!(first, again);
    watchers.tell(&ended(2));
    requests.recv_timeout(PATIENCE).unwrap();
    drop(watchers);
    drop(telemetry);
    assert_eq!((figures.sent.get(), figures.failed.get()), (2, 2));
    assert!(requests.try_recv().is_err());
}

#[test]
fn a_collector_that_never_answers_holds_nobody_up_and_what_is_lost_is_counted() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = WebAddress::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let (watchers, figures) = (Watchers::default(), Arc::<TelemetryFigures>::default());
    let telemetry = Telemetry::start(&config(to, 100), watchers.watch(), figures.clone()).unwrap();
    let (began, mut told, mut longest) = (Instant::now(), 0_u128, Duration::ZERO);
    while figures.dropped.get() == 0 && began.elapsed() < PATIENCE {
        told += 1;
        let before = Instant::now();
        watchers.tell(&ended(told));
        longest = longest.max(before.elapsed());
        if told % 500 == 0 {
            // So that the collector is the one that is too slow, not the one who watches.
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    assert!(figures.dropped.get() > 0, "{told} calls are more than sixteen batches");
    assert!(longest < Duration::from_secs(1), "{longest:?}");
    drop(watchers);
    let before = Instant::now();
    drop(telemetry);
    assert!(before.elapsed() < Duration::from_secs(12), "{:?}", before.elapsed());
    assert!(figures.failed.get() > 0 && figures.sent.get() == 0);
}

#[test]
fn the_turns_of_a_call_are_bounded() {
    let (to, requests) = collector(&["200 OK"]);
    let (watchers, figures) = (Watchers::default(), Arc::<TelemetryFigures>::default());
    let telemetry = Telemetry::start(&config(to, 100), watchers.watch(), figures.clone()).unwrap();
    (0..1_000).for_each(|_| watchers.tell(&turn(1)));
    watchers.tell(&ended(1));
    let (_, body) = requests.recv_timeout(PATIENCE).unwrap();
    assert_eq!(spans(&body).len(), 2 + 2 * 512);
    drop(watchers);
    drop(telemetry);
    assert_eq!(figures.dropped.get(), 1_000 - 512);
}
