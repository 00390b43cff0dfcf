//! The API of a running node, asked over a bare connection: calls are placed, looked at and changed while they go on, and every
//! wrong request is told what is wrong with it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(
    unreachable_pub,
    dead_code,
    reason = "a test binary exports nothing, and this one needs a part of what the others do"
)]

#[path = "support/database.rs"]
mod database;
#[path = "support/handlers.rs"]
mod handlers;
#[path = "support/http.rs"]
mod http;
#[path = "api/presence.rs"]
mod presence;
mod support;
#[path = "api/tokens.rs"]
mod tokens;
#[path = "api/websockets.rs"]
mod websockets;

use database::database;
use handlers::call_handler;
use http::{Answer, Client};
use patchcord_control::events::{EventKinds, Subscription};
use patchcord_control::ids::Tenant;
use patchcord_host::{ApiConfig, ApiKey, IceServers, IceUrl, KeyHash, Node, NodeConfig, Scope, usual_outbound};
use patchcord_sim::phone::End;
use serde_json::{Value, json};
use std::io::{BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use support::phone::{Outcome, TestPhone};
use support::{TENANT, config, directory, example, log, node, program, wait_for_metric};

const PATIENCE: Duration = Duration::from_secs(20);
const KEY: &str = "pck_0000000000000000000000000000000000000000000000000000000000000001";
const READER: &str = "pck_0000000000000000000000000000000000000000000000000000000000000002";
/// What the node shares with a TURN server.
const TURN_SECRET: &str = "hush-0001";
const STRANGER: &str = "pck_0000000000000000000000000000000000000000000000000000000000000003";

fn key(key: &str, tenant: &str, scopes: &[Scope]) -> ApiKey {
    ApiKey {
        name: "test".to_owned(),
        tenant: Tenant(tenant.to_owned()),
        scopes: scopes.to_vec(),
        hash: KeyHash::of(key),
        token_key: None,
    }
}

fn api_node() -> Node {
    let (mut usual, _) = config(4);
    let relay = IceUrl::parse("turn:turn.example.com").unwrap();
    usual.media.ice_servers = IceServers::new(vec![relay], Some(TURN_SECRET.to_owned())).unwrap();
    let recordings = std::env::temp_dir().join(format!(
        "patchcord-api-{}-{}",
        std::process::id(),
        usual.media.ports.start()
    ));
    let config = NodeConfig {
        api: Some(ApiConfig {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            keys: vec![
                key(KEY, TENANT, &Scope::ALL),
                key(READER, TENANT, &[Scope::Read]),
                key(STRANGER, "stranger", &Scope::ALL),
            ],
            outbound: usual_outbound(),
            tls: None,
            database: database("api"),
            home: Tenant(TENANT.to_owned()),
            caller_ids: None,
        }),
        recordings: Some(recordings),
        ..usual
    };
    let node = node(config, Vec::new());
    let readers = Subscription {
        tenant: Tenant(TENANT.to_owned()),
        handlers: None,
        kinds: EventKinds::ALL,
        name: "$readers".into(),
        webhook: None,
    };
    let programs = vec![
        call_handler("endless_tone"),
        call_handler("takes_messages"),
        program("hello", &example("hello")),
    ];
    node.set_directory(directory(programs).with_subscriptions(vec![readers]));
    node
}

fn client(node: &Node, key: &str) -> Client {
    Client::new(node.local_api().unwrap(), key)
}

/// A phone in a call that lasts until something ends it.
fn call(node: &Node, to: &'static str) -> std::thread::JoinHandle<Outcome> {
    let sip = node.local_sip();
    std::thread::spawn(move || TestPhone::new("alice", 60).call(sip, to, Vec::new()))
}

/// Asks again until the answer is as it should be.
fn until(client: &Client, path: &str, right: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let Answer { status, body, .. } = client.get(path);
        if status == 200 && right(&body) {
            return body;
        }
        assert!(Instant::now() < deadline, "{path}: {status} {body}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The one live call that is answered.
fn live(client: &Client) -> String {
    let list = until(client, "/v1/calls?status=in-progress", |list| {
        list["calls"].as_array().unwrap().len() == 1
    });
    list["calls"][0]["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_call_is_seen_while_it_goes_on_and_after_it_was_ended() {
    let node = api_node();
    let client = client(&node, KEY);
    let phone = call(&node, "endless_tone");
    let id = live(&client);
    let path = format!("/v1/calls/{id}");
    let first = client.get(&path);
    assert_eq!(first.status, 200);
    let seen = &first.body;
    assert_eq!((&seen["from"], &seen["to"]), (&json!("alice"), &json!("endless_tone")));
    assert_eq!(
        (&seen["direction"], &seen["began"]),
        (&json!("inbound"), &json!("offered"))
    );
    assert_eq!(seen["legs"][0]["state"], "answered");
    assert!(seen["ended_at"].is_null() && seen["started_at"].is_string());
    let etag = first.header("etag").unwrap();
    let again = client.ask("GET", &path, &[("If-None-Match", etag)], None);
    assert_eq!((again.status, again.text.as_str()), (304, ""));

    assert_eq!(client.post(&format!("{path}/end"), None).status, 204);
    let outcome = phone.join().unwrap();
    assert_eq!(outcome.end, End::ByFarEnd);
    let over = until(&client, &path, |call| call["ended_at"].is_string());
    assert_eq!(over["legs"][0]["ended_by"], "ended-by-platform");
    assert!(over["duration_ms"].is_u64() && over["doing"].is_null());
    assert_eq!(
        client.post(&format!("{path}/end"), None).body["code"],
        "not-found",
        "it is over"
    );
    let list = client.get("/v1/calls?status=completed&handler=endless_tone");
    assert_eq!(list.body["calls"][0]["id"], id.as_str());
    assert!(!log().contains("pck_"), "no key is logged");
}

#[test]
fn a_caller_is_moved_and_its_handler_hears_messages() {
    let node = api_node();
    let client = client(&node, KEY);
    let phone = call(&node, "endless_tone");
    let id = live(&client);
    let moved = client.post(
        &format!("/v1/calls/{id}/redirect"),
        Some(json!({ "handler": "takes_messages", "text": "from the test" })),
    );
    assert_eq!(moved.status, 200, "{}", moved.text);
    let new = moved.body["call"].as_str().unwrap().to_owned();
    assert_ne!(new, id);
    let path = format!("/v1/calls/{new}");
    let seen = until(&client, &path, |call| call["began"] == "redirected");
    assert_eq!(seen["continues"], id.as_str());
    let message = json!({ "name": "order-ready", "data": "17" });
    assert_eq!(client.post(&format!("{path}/messages"), Some(message)).status, 204);
    let tone = json!({ "prompt": [{ "tone": { "hz": 880, "ms": 700 } }], "interrupt": true });
    let played = client.post(&format!("{path}/play"), Some(tone));
    assert!(matches!(played.status, 204 | 409), "{}", played.text);
    assert_eq!(client.post(&format!("{path}/end"), None).status, 204);
    phone.join().unwrap();
    let before = until(&client, &format!("/v1/calls/{id}"), |call| {
        call["status"] == "completed"
    });
    assert_eq!(before["continued_as"], new.as_str());
}

#[test]
fn a_recording_is_started_paused_and_stopped_from_outside() {
    let node = api_node();
    let client = client(&node, KEY);
    let phone = call(&node, "endless_tone");
    let path = format!("/v1/calls/{}", live(&client));
    let begun = client.post(&format!("{path}/recordings"), Some(json!({ "legs": [0] })));
    assert_eq!(begun.status, 201, "{}", begun.text);
    assert_eq!(begun.body["number"], 1);
    let one = format!("{path}/recordings/1");
    let change = |state: &str| client.ask("PATCH", &one, &[], Some(json!({ "state": state }))).status;
    assert_eq!(change("paused"), 204);
    let seen = client.get(&path);
    assert_eq!(seen.body["recordings"][0]["state"], "paused");
    assert_eq!((change("running"), change("stopped")), (204, 204));
    let none = client.ask(
        "PATCH",
        &format!("{path}/recordings/9"),
        &[],
        Some(json!({ "state": "paused" })),
    );
    assert_eq!((none.status, &none.body["code"]), (404, &json!("not-found")));
    client.post(&format!("{path}/end"), None);
    phone.join().unwrap();
    let over = until(&client, &path, |call| call["ended_at"].is_string());
    assert_eq!(over["recordings"][0]["state"], "completed");
    assert!(
        over["recordings"][0]["bytes"].as_u64().unwrap() >= 44,
        "a header at least"
    );
}

#[test]
fn a_placed_call_that_nobody_may_make_has_one_status_and_is_placed_once() {
    let node = api_node();
    let client = client(&node, KEY);
    let order = json!({ "to": { "user": "nobody" }, "handler": "hello" });
    let named = [("Idempotency-Key", "order-17")];
    let first = client.ask("POST", "/v1/calls", &named, Some(order.clone()));
    assert_eq!(first.status, 201, "{}", first.text);
    let again = client.ask("POST", "/v1/calls", &named, Some(order.clone()));
    assert_eq!((again.status, &again.body), (201, &first.body));
    let path = first.header("location").unwrap().to_owned();
    let over = until(&client, &path, |call| call["ended_at"].is_string());
    assert!(
        matches!(over["status"].as_str(), Some("no-answer" | "failed")),
        "{over}"
    );
    assert_eq!(over["direction"], "outbound");
    let other = json!({ "to": { "user": "somebody" }, "handler": "hello" });
    let reused = client.ask("POST", "/v1/calls", &named, Some(other));
    assert_eq!((reused.status, &reused.body["code"]), (409, &json!("key-reused")));
    let unknown = client.post(
        "/v1/calls",
        Some(json!({ "to": { "user": "a" }, "handler": "nothing" })),
    );
    assert_eq!((unknown.status, &unknown.body["field"]), (422, &json!("handler")));
    wait_for_metric(&node, "patchcord_calls_total", 1);
}

#[test]
fn a_call_that_waits_is_seen_given_up_or_expires() {
    let node = api_node();
    let client = client(&node, KEY);
    let tomorrow = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + Duration::from_secs(86_400);
    let order = |more: Value| {
        let mut order =
            json!({ "to": { "user": "nobody" }, "handler": "hello", "not_before_ms": tomorrow.as_millis() as u64 });
        order.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let placed = client.post("/v1/calls", Some(order));
        assert_eq!(placed.status, 201, "{}", placed.text);
        placed.header("location").unwrap().to_owned()
    };
    let waits = order(json!({}));
    let seen = client.get(&waits).body;
    assert_eq!((&seen["status"], &seen["to"]), (&json!("queued"), &json!("nobody")));
    assert_eq!(client.get("/v1/calls?status=queued").body["calls"][0]["id"], seen["id"]);
    let theirs = Client::new(node.local_api().unwrap(), STRANGER);
    assert_eq!(
        (
            theirs.get(&waits).status,
            theirs.post(&format!("{waits}/end"), None).status
        ),
        (404, 404)
    );
    assert_eq!(client.post(&format!("{waits}/end"), None).status, 204);
    let over = until(&client, &waits, |call| call["ended_at"].is_string());
    assert_eq!(over["status"], "canceled");
    let expires = order(json!({ "expires_s": 1 }));
    let over = until(&client, &expires, |call| call["ended_at"].is_string());
    assert_eq!(over["status"], "failed");
    assert!(over["refusal"].as_str().unwrap().contains("expired"));
    assert_eq!(client.get("/v1/calls?status=queued").body["calls"], json!([]));
    let far = json!({ "to": { "user": "a" }, "handler": "hello", "not_before_ms": 9_999_999_999_999_u64 });
    let far = client.post("/v1/calls", Some(far));
    assert_eq!((far.status, &far.body["field"]), (422, &json!("not_before_ms")));
}

#[test]
fn events_come_as_they_happen_and_end_with_the_call() {
    let node = api_node();
    let client = client(&node, READER);
    let events = client.stream("/v1/events");
    let phone = call(&node, "endless_tone");
    let id = live(&client);
    let of_call = client.stream(&format!("/v1/calls/{id}/events"));
    Client::new(node.local_api().unwrap(), KEY).post(&format!("/v1/calls/{id}/end"), None);
    let last = of_call.until_end();
    let kinds: Vec<_> = last.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["leg-ended", "call-ended"]);
    assert_eq!(last[1].1["call_id"], id.as_str());
    assert!(last[1].1["duration_ms"].is_u64());
    let all = events.until("call-ended");
    let kinds: Vec<_> = all.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["call-started", "leg-answered", "leg-ended", "call-ended"]);
    phone.join().unwrap();
    assert_eq!(client.get(&format!("/v1/calls/{id}/events")).status, 404, "it is over");
}

#[test]
fn nobody_sees_another_tenants_calls_or_does_more_than_the_key_may() {
    let node = api_node();
    let phone = call(&node, "endless_tone");
    let ours = client(&node, KEY);
    let id = live(&ours);
    let recording = ours.post(&format!("/v1/calls/{id}/recordings"), Some(json!({ "legs": [0] })));
    let recording = recording.body["recording"].as_str().unwrap().to_owned();
    let document = ours.get("/v1/openapi.json").body;
    let stranger = client(&node, STRANGER);
    assert_eq!(stranger.get("/v1/calls").body, json!({ "calls": [] }));
    let bodies = |operation: &Value| {
        let content = &operation["requestBody"]["content"]["application/json"];
        content.get("example").cloned()
    };
    let mut asked = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let concrete = path.replace("{call}", &id).replace("{number}", "1");
            let concrete = concrete.replace("{recording}", &recording);
            let method = method.to_ascii_uppercase();
            let body = bodies(operation);
            let nobody = Client::new(node.local_api().unwrap(), "pck_wrong").ask(&method, &concrete, &[], body.clone());
            let open = operation["security"] == json!([]);
            let shared = path.ends_with("/shared");
            let expected = match (open, shared) {
                (true, true) => 400,
                (true, false) => 200,
                (false, _) => 401,
            };
            assert_eq!(nobody.status, expected, "{method} {path}");
            if path.contains("{call}") || (path.contains("{recording}") && !shared) {
                let theirs = stranger.ask(&method, &concrete, &[], body.clone());
                assert_eq!(
                    (theirs.status, &theirs.body["code"]),
                    (404, &json!("not-found")),
                    "{method} {path}"
                );
            }
            if method != "GET" {
                let reader = client(&node, READER).ask(&method, &concrete, &[], body);
                assert_eq!(
                    (reader.status, &reader.body["code"]),
                    (403, &json!("out-of-scope")),
                    "{method} {path}"
                );
            }
            asked += 1;
        }
    }
    assert!(asked >= 25, "{asked}");
    assert_eq!(live(&ours), id, "nothing of that has touched it");
    ours.post(&format!("/v1/calls/{id}/end"), None);
    phone.join().unwrap();
}

type Told = (u16, String, Value);

/// What a problem says of itself.
fn problem(answer: Answer) -> Told {
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json"),
        "{}",
        answer.text
    );
    assert_eq!(answer.body["status"], answer.status);
    let code = answer.body["code"].as_str().unwrap().to_owned();
    (answer.status, code, answer.body["field"].clone())
}

fn told(status: u16, code: &str, field: Value) -> Told {
    (status, code.to_owned(), field)
}

#[test]
fn what_is_wrong_with_a_path_or_a_query_is_told_by_name() {
    let node = api_node();
    let client = client(&node, KEY);
    assert_eq!(problem(client.get("/v1/nothing")), told(404, "not-found", Value::Null));
    assert_eq!(
        problem(client.get("/v1/calls/..%2f..%2fetc")),
        told(404, "not-found", Value::Null)
    );
    assert_eq!(
        problem(client.get("/v1/calls/call_1' OR '1'='1".replace(' ', "%20").as_str())),
        told(404, "not-found", Value::Null)
    );
    assert_eq!(
        problem(client.get("/v1/calls?colour=red")),
        told(400, "invalid-request", json!("colour"))
    );
    assert_eq!(
        problem(client.get("/v1/calls?limit=0")),
        told(400, "invalid-request", json!("limit"))
    );
    assert_eq!(
        problem(client.get("/v1/calls?limit=1&limit=2")),
        told(400, "invalid-request", json!("limit"))
    );
    assert_eq!(
        problem(client.get("/v1/calls?cursor=x")),
        told(400, "invalid-request", json!("cursor"))
    );
    assert_eq!(
        problem(client.get("/v1/calls?from=%ff")),
        told(400, "invalid-request", Value::Null)
    );
    let allowed = client.ask("PUT", "/v1/calls", &[], Some(json!({})));
    assert_eq!(allowed.header("allow"), Some("GET, POST"));
    assert_eq!(problem(allowed), told(405, "not-possible", Value::Null));
}

#[test]
fn what_is_wrong_with_a_body_or_a_header_is_told_by_name() {
    let node = api_node();
    let client = client(&node, KEY);
    let call = "/v1/calls/call_00000000000000000000000000000007";
    let place = |body: Value| problem(client.post("/v1/calls", Some(body)));
    let typo = place(json!({ "to": { "user": "a" }, "handler": "hello", "rings": 3 }));
    assert_eq!((typo.0, typo.1.as_str()), (400, "invalid-body"));
    let text = client
        .post(
            "/v1/calls",
            Some(json!({ "to": { "user": "a" }, "handler": "hello", "rings": 3 })),
        )
        .text;
    assert!(text.contains("rings"), "the field is named: {text}");
    assert_eq!(place(json!([])).1, "invalid-body");
    assert_eq!(
        place(json!([{ "user": "a" }, "hello"])).1,
        "invalid-body",
        "fields have names"
    );
    let out_of_range = place(json!({ "to": { "user": "a" }, "handler": "hello", "ring_s": 0 }));
    assert_eq!((out_of_range.0, out_of_range.1.as_str()), (422, "refused"));
    let plain = client.raw("POST", "/v1/calls", &[("Content-Type", "text/plain")], b"{}");
    assert_eq!(problem(plain), told(415, "wrong-media-type", Value::Null));
    let huge = vec![b' '; 1024 * 1024 + 1];
    let huge = client.raw("POST", "/v1/calls", &[("Content-Type", "application/json")], &huge);
    assert_eq!(problem(huge), told(413, "too-large", Value::Null));
    let keys = client.post(&format!("{call}/keys"), Some(json!({ "keys": "1" })));
    assert_eq!(problem(keys), told(404, "not-found", Value::Null));
    let named = client.ask("POST", &format!("{call}/end"), &[("Idempotency-Key", "")], None);
    assert_eq!(problem(named), told(400, "invalid-request", json!("idempotency-key")));
}

#[test]
fn clients_that_dribble_hold_up_nobody_else() {
    let node = api_node();
    let ours = client(&node, KEY);
    let address = node.local_api().unwrap();
    let begun = |bytes: &[u8]| {
        let mut stream = TcpStream::connect(address).unwrap();
        // One that is hung up on meanwhile cannot write all of it.
        let _ = stream.write_all(bytes);
        stream
    };
    let mut slow: Vec<_> = (0..100).map(|_| begun(b"GET /v1/calls HT")).collect();
    let head = format!(
        "POST /v1/calls HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nContent-Type: application/json\r\n"
    );
    slow.extend((0..100).map(|_| begun(format!("{head}Content-Length: 500\r\n\r\n{{").as_bytes())));
    slow.extend((0..100).map(|_| begun(b"\x16\x03\x01\x02\x00\x01\x00")));
    for stream in &mut slow {
        // One that was hung up on is no reason to stop.
        let _ = stream.write_all(b" ");
    }
    for _ in 0..20 {
        assert_eq!(ours.get("/v1/me").status, 200);
    }
    let long = begun(format!("GET /v1/me HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(64 * 1024)).as_bytes());
    let mut answer = String::new();
    long.set_read_timeout(Some(PATIENCE)).unwrap();
    let _ = BufReader::new(long).read_to_string(&mut answer);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    assert_eq!(ours.get("/v1/me").status, 200);
}
