//! Webhooks and event sinks that a tenant makes itself: who is told of a call, and who is not.

use super::{KEY, STRANGER, client, database, done, hosting, long_call, publish, put, refused, until, upload};
use crate::handlers::call_module;
use crate::http::Client;
use crate::support::{log, metric, wait_for_metric};
use patchcord::webhook::{self, FIVE_MINUTES, Parameters};
use patchcord_host::Node;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const PATIENCE: Duration = Duration::from_secs(20);
/// A handler that plays two tones and tells something between them.
const HANDLER: &str = "reports-plays";
const KINDS: [&str; 5] = ["call-started", "leg-answered", "custom", "leg-ended", "call-ended"];

/// A web server that receives everything.
struct Hook {
    url: String,
    /// Signature and body of each request.
    requests: Receiver<(String, String)>,
}

impl Hook {
    fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/calls?of=us", listener.local_addr().unwrap());
        let (heard, requests) = sync_channel(256);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let _ = heard.send(request(&mut stream));
                let _ = stream.write_all(b"HTTP/1.1 204 Fine\r\n\r\n");
            }
        });
        Self { url, requests }
    }

    /// The next request, which this secret has signed.
    fn next(&self, secret: &str) -> Parameters {
        let (header, body) = self.requests.recv_timeout(PATIENCE).unwrap();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        webhook::verify(secret, &self.url, &body, &header, now, FIVE_MINUTES).unwrap()
    }

    fn kinds(&self, secret: &str, count: usize) -> Vec<String> {
        let next = |_| self.next(secret).get("event").unwrap().to_owned();
        (0..count).map(next).collect()
    }

    fn heard_nothing_more(&self) {
        assert!(self.requests.try_recv().is_err());
    }
}

fn request(stream: &mut TcpStream) -> (String, String) {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).is_ok() {
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let field = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.to_owned()).unwrap()
    };
    let mut body = vec![0; field("content-length").parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    (field(webhook::HEADER), String::from_utf8(body).unwrap())
}

/// A handler whose calls tell of themselves.
fn with_handler(ours: &Client) {
    done(publish(ours, HANDLER, &call_module("reports"), json!({})));
    done(put(
        ours,
        &format!("/v1/handlers/{HANDLER}/rollout"),
        json!({ "version": 1 }),
    ));
    done(put(
        ours,
        &format!("/v1/routes/{HANDLER}"),
        json!({ "handler": HANDLER }),
    ));
}

fn make(ours: &Client, name: &str, url: &str, more: Value) -> String {
    let mut body = json!({ "name": name, "url": url });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = done(ours.post("/v1/webhooks", Some(body)));
    let secret = made["secret"].as_str().unwrap().to_owned();
    for path in [
        "/v1/webhooks".to_owned(),
        format!("/v1/webhooks/{name}"),
        "/v1/audit".to_owned(),
    ] {
        let shown = ours.get(&path);
        assert!(
            shown.status == 200 && !shown.text.contains(&secret),
            "{path} shows it again"
        );
    }
    secret
}

/// A whole call, and all that was to be told of it is received.
fn whole_call(node: &Node) {
    let before = metric(node, "patchcord_events_told_total");
    long_call(node, HANDLER).join().unwrap();
    wait_for_metric(node, "patchcord_calls_active", 0);
    wait_for_metric(node, "patchcord_events_waiting", 0);
    assert!(metric(node, "patchcord_events_told_total") > before);
    let (told, received) = ("patchcord_events_told_total", "patchcord_events_received_total");
    wait_for_metric(node, received, metric(node, told));
}

#[test]
fn a_webhook_is_told_of_calls_signed_until_it_is_paused_or_forgotten() {
    let database = database("webhooks");
    let node = hosting(&database);
    let ours = client(&node, KEY);
    with_handler(&ours);
    let (all, few, quiet) = (Hook::open(), Hook::open(), Hook::open());
    let of_all = make(&ours, "all", &all.url, json!({}));
    let of_few = make(
        &ours,
        "few",
        &few.url,
        json!({ "events": ["call-ended", "custom"], "handlers": [HANDLER] }),
    );
    make(&ours, "quiet", &quiet.url, json!({ "state": "paused" }));
    whole_call(&node);
    assert_eq!(all.kinds(&of_all, 5), KINDS);
    let told = few.next(&of_few);
    assert_eq!(
        (told.get("event"), told.get("sequence"), told.get("data")),
        (Some("custom"), Some("1"), Some("a&b=ü"))
    );
    assert_eq!(few.kinds(&of_few, 1), ["call-ended"]);
    quiet.heard_nothing_more();

    let pause = ours.ask("PATCH", "/v1/webhooks/few", &[], Some(json!({ "state": "paused" })));
    assert_eq!(done(pause)["state"], "paused");
    let stale = [("If-Match", "\"1\"")];
    let stale = ours.ask("PATCH", "/v1/webhooks/few", &stale, Some(json!({ "state": "active" })));
    assert_eq!(refused(&stale), (412, "changed-meanwhile"));
    let newer = done(ours.post("/v1/webhooks/all/secret", None))["secret"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_ne!(newer, of_all);
    whole_call(&node);
    assert_eq!(all.kinds(&newer, 5), KINDS, "the new secret signs");
    few.heard_nothing_more();
    drop(node);

    let node = hosting(&database);
    let ours = client(&node, KEY);
    whole_call(&node);
    assert_eq!(all.kinds(&newer, 5), KINDS, "after a restart too");
    assert_eq!(ours.ask("DELETE", "/v1/webhooks/all", &[], None).status, 204);
    long_call(&node, HANDLER).join().unwrap();
    wait_for_metric(&node, "patchcord_calls_active", 0);
    let told = metric(&node, "patchcord_events_told_total");
    assert_eq!(
        told,
        metric(&node, "patchcord_events_received_total"),
        "nobody is told any more"
    );
    all.heard_nothing_more();
    quiet.heard_nothing_more();
    let written = log();
    assert!(![of_all, of_few, newer].iter().any(|secret| written.contains(secret)) && !written.contains("of=us"));
}

#[test]
fn a_webhook_is_tried_and_what_is_wrong_with_one_is_told() {
    let node = hosting(&database("tried"));
    let (ours, theirs) = (client(&node, KEY), client(&node, STRANGER));
    let hook = Hook::open();
    let secret = make(&ours, "crm", &hook.url, json!({ "state": "paused" }));
    let tried = done(ours.post("/v1/webhooks/crm/test", None));
    assert_eq!((&tried["received"], &tried["status"]), (&json!(true), &json!(204)));
    assert!(tried["time_ms"].is_u64() && tried["why"].is_null());
    let told = hook.next(&secret);
    assert_eq!(
        (told.get("event"), told.get("name")),
        (Some("custom"), Some("webhook-test"))
    );
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = json!({ "url": format!("http://{gone}/") });
    done(ours.ask("PATCH", "/v1/webhooks/crm", &[], Some(url)));
    let tried = done(ours.post("/v1/webhooks/crm/test", None));
    assert_eq!((&tried["received"], &tried["status"]), (&json!(false), &Value::Null));
    assert!(tried["why"].as_str().unwrap().contains("did not answer"), "{tried}");

    let wrong = |body: Value| {
        let answer = ours.post("/v1/webhooks", Some(body));
        (answer.status, answer.body["field"].clone())
    };
    let url = "https://crm.example.com/";
    assert_eq!(wrong(json!({ "name": "a b", "url": url })), (422, json!("name")));
    assert_eq!(
        wrong(json!({ "name": "x", "url": "ftp://crm.example.com/" })),
        (422, json!("url"))
    );
    assert_eq!(
        wrong(json!({ "name": "x", "url": "https://u:p@crm.example.com/" })),
        (422, json!("url"))
    );
    assert_eq!(
        wrong(json!({ "name": "x", "url": url, "handlers": ["nobody"] })),
        (422, json!("handlers"))
    );
    let kind = ours.post(
        "/v1/webhooks",
        Some(json!({ "name": "x", "url": url, "events": ["call-dreamt"] })),
    );
    assert_eq!(refused(&kind), (400, "invalid-body"));
    let again = ours.post("/v1/webhooks", Some(json!({ "name": "crm", "url": url })));
    assert_eq!(refused(&again), (409, "exists"));
    for number in 1..16 {
        make(&ours, &format!("more-{number}"), url, json!({}));
    }
    let answer = ours.post("/v1/webhooks", Some(json!({ "name": "one-too-many", "url": url })));
    assert_eq!(refused(&answer), (422, "refused"));
    assert!(
        answer.body["detail"].as_str().unwrap().contains("16 webhooks"),
        "{}",
        answer.text
    );
    make(&theirs, "crm", url, json!({}));
}

#[test]
fn an_event_sink_runs_for_each_event_and_may_what_it_was_granted() {
    let node = hosting(&database("sinks"));
    let ours = client(&node, KEY);
    with_handler(&ours);
    let hash = |module: &str| {
        done(upload(&ours, &call_module(module)))["hash"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let (keeps, handler) = (hash("keeps_events"), hash("endless_tone"));
    let wrong = |body: Value| {
        let answer = ours.post("/v1/event-sinks", Some(body));
        (answer.status, answer.body["field"].clone(), answer.text)
    };
    let (status, field, text) = wrong(json!({ "name": "billing", "module": handler }));
    assert_eq!((status, field), (422, json!("module")));
    assert!(text.contains("call-handler") && text.contains("event-sink"), "{text}");
    let (status, field, _) = wrong(json!({ "name": "billing", "module": "00".repeat(32) }));
    assert_eq!((status, field), (422, json!("module")));
    let one = json!({ "name": "billing", "module": keeps, "http": ["https://billing.example.com/"] });
    let made = done(ours.post("/v1/event-sinks", Some(one)));
    assert_eq!(
        made["granted"],
        json!(["http", "store", "http:https://billing.example.com/"])
    );
    let in_use = ours.ask("DELETE", &format!("/v1/modules/{keeps}"), &[], None);
    assert_eq!(refused(&in_use), (409, "in-use"));
    let taken = ours.post(
        "/v1/webhooks",
        Some(json!({ "name": "billing", "url": "https://crm.example.com/" })),
    );
    assert_eq!(refused(&taken), (409, "exists"));
    assert_eq!(refused(&ours.get("/v1/webhooks/billing")), (404, "not-found"));
    whole_call(&node);
    wait_for_metric(&node, "patchcord_store_entries", 5);

    let key = done(ours.post("/v1/keys", Some(json!({ "name": "ci", "scopes": ["read", "write"] }))));
    let deployer = client(&node, key["key"].as_str().unwrap());
    let change = |by: &Client, body: Value| by.ask("PATCH", "/v1/event-sinks/billing", &[], Some(body));
    let below = json!({ "http": ["https://billing.example.com/v2/"], "state": "paused" });
    assert_eq!(done(change(&deployer, below))["state"], "paused", "less than it had");
    let more = json!({ "http": ["https://elsewhere.example.com/"] });
    assert_eq!(refused(&change(&deployer, more.clone())), (409, "permissions-held"));
    assert!(done(change(&ours, more))["granted"].to_string().contains("elsewhere"));
    long_call(&node, HANDLER).join().unwrap();
    wait_for_metric(&node, "patchcord_calls_active", 0);
    assert_eq!(metric(&node, "patchcord_events_told_total"), 5, "it is paused");
    assert_eq!(ours.ask("DELETE", "/v1/event-sinks/billing", &[], None).status, 204);
    assert_eq!(
        ours.ask("DELETE", &format!("/v1/modules/{keeps}"), &[], None).status,
        204
    );
    until(&ours, "/v1/event-sinks", |list| list["event_sinks"] == json!([]));
}
