//! Webhooks and event sinks beside real calls: those that take are told everything, signed, in order; those that misbehave change
//! nothing of what the caller hears.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(
    unreachable_pub,
    dead_code,
    reason = "a test binary exports nothing, and this one needs a part of what the others do"
)]

mod support;

use patchcord::webhook::{self, FIVE_MINUTES};
use patchcord_control::events::{EventKinds, Subscription};
use patchcord_control::grants::Grants;
use patchcord_control::http_urls::HttpUrl;
use patchcord_control::ids::Tenant;
use patchcord_guest::wrap;
use patchcord_host::{Node, NodeConfig, TellingConfig, WebRequestsConfig, Webhook};
use patchcord_sim::phone::End;
use patchcord_sip::identity::LiteralRule;
use patchcord_switch::Sink;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use support::phone::{Outcome, TestPhone};
use support::{TENANT, cargo_build, config, directory, log, metric, node, program, wait_for_metric};

const PATIENCE: Duration = Duration::from_secs(20);
const SECRET: &str = "the-webhooks-secret";
const HANDLER: &str = "reports-plays";

type Answer = fn(&mut TcpStream);

/// A request: its header and its body.
type Request = (String, String);

fn serve(answer: Answer) -> (u16, Receiver<Request>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (heard, requests) = sync_channel(256);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let heard = heard.clone();
            std::thread::spawn(move || {
                let mut stream = stream.unwrap();
                let _ = heard.send(request_of(&mut stream));
                answer(&mut stream);
            });
        }
    });
    (port, requests)
}

fn request_of(stream: &mut TcpStream) -> Request {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).is_ok() {
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let field = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        lines
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.to_owned())
    };
    let length: usize = field("content-length").unwrap().parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    (field(webhook::HEADER).unwrap(), String::from_utf8(body).unwrap())
}

fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}/calls?of=us")
}

fn hook(name: &str, port: u16) -> Webhook {
    Webhook {
        name: name.into(),
        url: HttpUrl::parse(&url(port)).unwrap(),
        written: url(port).into(),
        secret: SECRET.to_owned().into(),
    }
}

fn core(name: &str) -> Vec<u8> {
    let folder = cargo_build(&["-p", "call-handlers", "--example", name]).join("examples");
    wrap(&std::fs::read(folder.join(format!("{name}.wasm"))).unwrap(), &[]).unwrap()
}

/// A node that tells these webhooks and this sink of all calls.
fn telling_node(webhooks: Vec<Webhook>, sink: Option<&str>) -> Node {
    let (usual, _) = config(2);
    let tenant = Tenant(TENANT.to_owned());
    let names = webhooks
        .iter()
        .map(|webhook| webhook.name.clone())
        .chain(sink.map(Arc::from));
    let subscription = |name| Subscription {
        tenant: tenant.clone(),
        handlers: None,
        kinds: EventKinds::ALL,
        name,
        webhook: None,
    };
    let subscriptions = names.map(subscription).collect();
    let changed = NodeConfig {
        web_requests: WebRequestsConfig {
            networks: LiteralRule::Any,
            ..WebRequestsConfig::default()
        },
        telling: TellingConfig {
            webhooks,
            attempts: 3,
            pause: Duration::from_millis(20),
            attempt_time: Duration::from_millis(700),
        },
        ..usual
    };
    let node = node(changed, Vec::new());
    let sinks = sink.map(|name| Sink {
        tenant: tenant.clone(),
        program: program(name, &core(name)),
        grants: Arc::new(Grants::default()),
    });
    let handler = program(HANDLER, &core("reports"));
    let directory = directory(vec![handler])
        .with_subscriptions(subscriptions)
        .with_sinks(sinks.into_iter().collect());
    node.set_directory(directory);
    node
}

fn one_call(node: &Node) -> Outcome {
    let outcome = TestPhone::new("alice", 9).call(node.local_sip(), HANDLER, Vec::new());
    assert_eq!(outcome.end, End::ByFarEnd, "{:?}", outcome.events);
    assert!(
        outcome.heard_tone(440.0) && outcome.heard_tone(880.0),
        "both tones were heard"
    );
    outcome
}

#[test]
fn a_webhook_is_told_the_whole_call_and_each_request_is_genuine() {
    let (port, heard) = serve(|stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n<Response><Hangup/></Response>");
    });
    let node = telling_node(vec![hook("crm", port)], None);
    one_call(&node);
    wait_for_metric(&node, "patchcord_events_received_total", 5);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let genuine = |(header, body): Request| {
        let elsewhere = webhook::verify(SECRET, &url(port + 1), &body, &header, now, FIVE_MINUTES);
        assert_eq!(elsewhere, Err(webhook::NotGenuine::Wrong));
        webhook::verify(SECRET, &url(port), &body, &header, now, FIVE_MINUTES).unwrap()
    };
    let told: Vec<_> = heard.try_iter().map(genuine).collect();
    let kinds: Vec<_> = told.iter().map(|event| event.get("event").unwrap()).collect();
    assert_eq!(
        kinds,
        ["call-started", "leg-answered", "custom", "leg-ended", "call-ended"]
    );
    let sequences: Vec<_> = told.iter().map(|event| event.get("sequence").unwrap()).collect();
    assert_eq!(sequences, ["1", "2", "3", "4", "5"]);
    assert_eq!(told[0].get("from"), Some("alice"));
    assert_eq!(
        (told[2].get("name"), told[2].get("data")),
        (Some("half-time"), Some("a&b=ü"))
    );
    assert_eq!(
        (told[3].get("why"), told[4].get("failed")),
        (Some("ended-by-handler"), Some("no"))
    );
    let ids: std::collections::BTreeSet<_> = told.iter().map(|event| event.get("call-id").unwrap()).collect();
    assert_eq!(ids.len(), 1);
    assert!(
        !log().contains(SECRET) && !log().contains("of=us"),
        "neither secrets nor queries are logged"
    );
}

#[test]
fn receivers_that_misbehave_change_nothing_of_the_call() {
    let bad: [(&str, Answer); 5] = [
        ("errors", |stream| {
            let _ = stream.write_all(b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n");
        }),
        ("hangs", |stream| {
            let _ = stream.read(&mut [0]);
        }),
        ("slow", |stream| {
            let _ = stream.write_all(b"HTTP/1.1 200 ");
            while stream.write_all(b"x").is_ok() {
                std::thread::sleep(Duration::from_millis(50));
            }
        }),
        ("no-http", |stream| {
            let _ = stream.write_all(&[0xff; 70_000]);
        }),
        ("closes", |_| {}),
    ];
    let webhooks = bad.iter().map(|(name, answer)| hook(name, serve(*answer).0)).collect();
    let node = telling_node(webhooks, None);
    one_call(&node);
    wait_for_metric(&node, "patchcord_calls_active", 0);
    wait_for_metric(&node, "patchcord_events_given_up_total", 25);
    assert_eq!(metric(&node, "patchcord_events_received_total"), 0);
    assert_eq!(metric(&node, "patchcord_events_failed_total"), 75);
    assert!(log().contains("an event was not received and is given up"));
}

#[test]
fn an_event_sink_runs_beside_the_calls_and_keeps_what_it_is_told() {
    let node = telling_node(Vec::new(), Some("keeps_events"));
    one_call(&node);
    wait_for_metric(&node, "patchcord_events_received_total", 5);
    wait_for_metric(&node, "patchcord_store_entries", 5);
    assert_eq!(metric(&node, "patchcord_calls_total"), 1, "a sink is no call");
    assert_eq!(metric(&node, "patchcord_events_waiting"), 0);
}
