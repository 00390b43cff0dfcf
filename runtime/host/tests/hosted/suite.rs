//! The cases of the hosted runtime, for any database.

mod changes;
mod isolation;
mod repeats;
mod telling;

use super::database::database;
use super::handlers::{call_module, log_lines};
use super::http::{Answer, Client};
use super::support::phone::{Outcome, TestPhone};
use super::support::{TENANT, config, hostile, log, node};
use patchcord_control::ids::Tenant;
use patchcord_host::{
    ApiConfig, ApiKey, DatabaseConfig, KeyHash, Node, NodeConfig, Scope, WebRequestsConfig, usual_outbound,
};
use patchcord_sim::phone::End;
use patchcord_sip::identity::LiteralRule;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);
pub const KEY: &str = "pck_0000000000000000000000000000000000000000000000000000000000000011";
const OPERATOR: &str = "pck_0000000000000000000000000000000000000000000000000000000000000012";
const STRANGER: &str = "pck_0000000000000000000000000000000000000000000000000000000000000013";
/// Long enough to hear which tone it is.
const HEARD: Duration = Duration::from_millis(1_200);
pub const SECRET: &str = "sk-5555-wxyz";

fn key(key: &str, tenant: &str, scopes: &[Scope]) -> ApiKey {
    ApiKey {
        name: "test".to_owned(),
        tenant: Tenant(tenant.to_owned()),
        scopes: scopes.to_vec(),
        hash: KeyHash::of(key),
        token_key: None,
    }
}

/// A node without handlers of its own.
pub fn hosting(database: &DatabaseConfig) -> Node {
    let (usual, _) = config(4);
    let config = NodeConfig {
        api: Some(ApiConfig {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            keys: vec![
                key(KEY, TENANT, &Scope::USUAL),
                key(OPERATOR, TENANT, &Scope::ALL),
                key(STRANGER, "stranger", &Scope::USUAL),
            ],
            outbound: usual_outbound(),
            tls: None,
            database: database.clone(),
            home: Tenant(TENANT.to_owned()),
            caller_ids: None,
        }),
        web_requests: WebRequestsConfig {
            networks: LiteralRule::Any,
            ..WebRequestsConfig::default()
        },
        ..usual
    };
    node(config, Vec::new())
}

pub fn client(node: &Node, key: &str) -> Client {
    Client::new(node.local_api().unwrap(), key)
}

/// Seeds of phones: two of one seed would send the same Call-ID.
static PHONES: AtomicU64 = AtomicU64::new(61);

fn phone() -> TestPhone {
    TestPhone::new("alice", PHONES.fetch_add(1, Ordering::Relaxed))
}

pub fn call(node: &Node, to: &str) -> Outcome {
    phone().call(node.local_sip(), to, Vec::new())
}

/// A phone in a call that lasts until something ends it.
pub fn long_call(node: &Node, to: &'static str) -> std::thread::JoinHandle<Outcome> {
    let sip = node.local_sip();
    std::thread::spawn(move || phone().call(sip, to, Vec::new()))
}

fn upload(client: &Client, module: &[u8]) -> Answer {
    client.raw("POST", "/v1/modules", &[("Content-Type", "application/wasm")], module)
}

/// Uploads and publishes; the version's number.
pub fn publish(client: &Client, handler: &str, module: &[u8], more: Value) -> Answer {
    let uploaded = upload(client, module);
    assert_eq!(uploaded.status, 201, "{}", uploaded.text);
    let mut body = json!({ "module": uploaded.body["hash"] });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    client.post(&format!("/v1/handlers/{handler}/versions"), Some(body))
}

pub fn put(client: &Client, path: &str, body: Value) -> Answer {
    client.ask("PUT", path, &[], Some(body))
}

pub fn done(answer: Answer) -> Value {
    assert!(matches!(answer.status, 200 | 201), "{}", answer.text);
    answer.body
}

/// Status and code of a refusal.
fn refused(answer: &Answer) -> (u16, &str) {
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json"),
        "{}",
        answer.text
    );
    (answer.status, answer.body["code"].as_str().unwrap())
}

pub fn until(client: &Client, path: &str, right: impl Fn(&Value) -> bool) -> Value {
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

#[test]
fn a_module_is_uploaded_published_rolled_out_and_called_and_all_survives_a_restart() {
    let database = database("life");
    let node = hosting(&database);
    let ours = client(&node, KEY);
    let tone = call_module("endless_tone");
    let first = done(publish(&ours, "line", &tone, json!({ "note": "the first" })));
    assert_eq!((&first["version"], &first["held"]), (&json!(1), &json!([])));
    assert_eq!(first["created_by"], "test");
    let same = done(upload(&ours, &tone));
    assert_eq!(same["hash"], first["module"], "the same bytes are the same module");
    let bytes = ours.get(&format!("/v1/modules/{}/content", same["hash"].as_str().unwrap()));
    assert_eq!(
        (bytes.status, bytes.header("content-type")),
        (200, Some("application/wasm"))
    );

    assert_eq!(
        call(&node, "100").end,
        End::Refused { status: 404 },
        "nothing leads to it"
    );
    let too_early = put(
        &ours,
        "/v1/handlers/line/rollout",
        json!({ "version": 1, "percent": 10 }),
    );
    assert_eq!(refused(&too_early), (422, "refused"), "{}", too_early.text);
    done(put(&ours, "/v1/handlers/line/rollout", json!({ "version": 1 })));
    done(put(&ours, "/v1/routes/100", json!({ "handler": "line" })));
    let phone = long_call(&node, "100");
    let live = until(&ours, "/v1/calls?status=in-progress", |list| {
        list["calls"][0].is_object()
    });
    let id = live["calls"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(live["calls"][0]["module"], first["module"]);
    std::thread::sleep(HEARD);
    ours.post(&format!("/v1/calls/{id}/end"), None);
    assert!(phone.join().unwrap().heard_tone(440.0));
    until(&ours, &format!("/v1/calls/{id}"), |call| call["status"] == "completed");
    drop(node);
    all_is_there_after_a_restart(&database, &id, &first["module"]);
}

fn all_is_there_after_a_restart(database: &DatabaseConfig, id: &str, module: &Value) {
    let node = hosting(database);
    let ours = client(&node, KEY);
    let past = until(&ours, &format!("/v1/calls/{id}"), |call| call["status"] == "completed");
    assert_eq!((&past["handler"], &past["module"]), (&json!("line"), module));
    let list = ours.get("/v1/calls?handler=line&status=completed").body;
    assert_eq!(list["calls"][0], past);
    assert_eq!(ours.get("/v1/calls?status=busy").body["calls"], json!([]));
    let theirs = client(&node, STRANGER).get(&format!("/v1/calls/{id}"));
    assert_eq!(refused(&theirs), (404, "not-found"));
    let phone = long_call(&node, "100");
    let live = until(&ours, "/v1/calls?status=in-progress", |list| {
        list["calls"][0].is_object()
    });
    std::thread::sleep(HEARD);
    ours.post(
        &format!("/v1/calls/{}/end", live["calls"][0]["id"].as_str().unwrap()),
        None,
    );
    assert!(phone.join().unwrap().heard_tone(440.0), "it is deployed still");
    let used = until(&ours, "/v1/usage", |used| {
        used["usage"].to_string().contains("\"calls\"")
    });
    let calls = used["usage"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["metric"] == "calls")
        .unwrap();
    assert!(calls["amount"].as_i64().unwrap() >= 1);
    let log: Vec<_> = ours.get("/v1/audit").body["entries"].as_array().unwrap().clone();
    let actions: Vec<_> = log
        .iter()
        .rev()
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    assert_eq!(
        actions,
        [
            "uploadModule",
            "publishVersion",
            "uploadModule",
            "setRollout",
            "setRoute"
        ]
    );
}

#[test]
fn a_version_has_its_share_of_calls_and_is_promoted_and_rolled_back() {
    let node = hosting(&database("rollout"));
    let ours = client(&node, KEY);
    let one = done(publish(&ours, "line", &call_module("endless_tone"), json!({})));
    let two = done(publish(&ours, "line", &call_module("takes_messages"), json!({})));
    let rollout = "/v1/handlers/line/rollout";
    done(put(&ours, rollout, json!({ "version": 1 })));
    done(put(&ours, "/v1/routes/*", json!({ "handler": "line" })));
    let module_of_a_call = || {
        let phone = long_call(&node, "anybody");
        let live = until(&ours, "/v1/calls?status=in-progress", |list| {
            list["calls"][0].is_object()
        });
        let call = &live["calls"][0];
        ours.post(&format!("/v1/calls/{}/end", call["id"].as_str().unwrap()), None);
        phone.join().unwrap();
        until(&ours, "/v1/calls?status=in-progress", |list| list["calls"] == json!([]));
        call["module"].clone()
    };
    assert_eq!(module_of_a_call(), one["module"]);
    let set = put(&ours, rollout, json!({ "version": 2, "percent": 50 }));
    let etag = set.header("etag").unwrap().to_owned();
    assert_eq!(
        done(set),
        json!({ "version": 2, "percent": 50, "previous": 1, "taken_out": false })
    );
    let both: Vec<_> = (0..24).map(|_| module_of_a_call()).collect();
    assert!(
        both.contains(&one["module"]) && both.contains(&two["module"]),
        "{both:?}"
    );

    let stale = ours.ask("POST", "/v1/handlers/line/promote", &[("If-Match", "\"1\"")], None);
    assert_eq!(refused(&stale), (412, "changed-meanwhile"));
    let promoted = ours.ask("POST", "/v1/handlers/line/promote", &[("If-Match", &etag)], None);
    assert_eq!(done(promoted)["percent"], 100);
    assert_eq!(module_of_a_call(), two["module"]);
    let back = done(ours.post("/v1/handlers/line/rollback", None));
    assert_eq!((&back["version"], &back["previous"]), (&json!(1), &json!(2)));
    assert_eq!(module_of_a_call(), one["module"]);

    let in_use = ours.ask(
        "DELETE",
        &format!("/v1/modules/{}", one["module"].as_str().unwrap()),
        &[],
        None,
    );
    assert_eq!(refused(&in_use), (409, "in-use"));
    let handler = ours.get("/v1/handlers/line");
    assert_eq!(
        (&handler.body["newest_version"], &handler.body["source"]),
        (&json!(2), &json!("database"))
    );
    let unchanged = ours.ask(
        "GET",
        "/v1/handlers/line",
        &[("If-None-Match", handler.header("etag").unwrap())],
        None,
    );
    assert_eq!(unchanged.status, 304);
    let newest = &ours.get("/v1/handlers/line/versions?limit=1").body;
    assert_eq!(newest["versions"][0]["version"], 2);
    let older = ours.get(&format!(
        "/v1/handlers/line/versions?cursor={}",
        newest["next_cursor"].as_str().unwrap()
    ));
    assert_eq!(older.body["versions"][0]["version"], 1);
}

#[test]
fn a_running_call_is_moved_to_a_handler_that_was_deployed_after_it_began() {
    let node = hosting(&database("moved"));
    let ours = client(&node, KEY);
    done(publish(&ours, "line", &call_module("endless_tone"), json!({})));
    done(put(&ours, "/v1/handlers/line/rollout", json!({ "version": 1 })));
    done(put(&ours, "/v1/routes/100", json!({ "handler": "line" })));
    let phone = long_call(&node, "100");
    let live = until(&ours, "/v1/calls?status=in-progress", |list| {
        list["calls"][0].is_object()
    });
    let id = live["calls"][0]["id"].as_str().unwrap().to_owned();
    done(publish(&ours, "later", &call_module("takes_messages"), json!({})));
    let redirect = |to: &str| ours.post(&format!("/v1/calls/{id}/redirect"), Some(json!({ "handler": to })));
    assert_eq!(redirect("later").status, 422, "it was not rolled out");
    done(put(&ours, "/v1/handlers/later/rollout", json!({ "version": 1 })));
    let moved = redirect("later");
    assert_eq!(moved.status, 200, "{}", moved.text);
    ours.post(&format!("/v1/calls/{}/end", moved.body["call"].as_str().unwrap()), None);
    phone.join().unwrap();
}

/// A server that answers every request with the token it came with.
pub fn echo_server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (mut request, mut byte) = (Vec::new(), [0]);
            while !request.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).is_ok() {
                request.push(byte[0]);
            }
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        }
    });
    port
}

#[test]
fn what_a_version_asks_for_anew_is_held_until_it_is_granted() {
    let node = hosting(&database("held"));
    let ours = client(&node, KEY);
    let port = echo_server();
    let name = format!("asks_port-{port}-asks");
    let secret = put(&ours, "/v1/secrets/crm-token", json!({ "value": SECRET }));
    assert_eq!(secret.status, 204, "{}", secret.text);
    assert!(!ours.get("/v1/secrets").text.contains(SECRET));
    let first = done(publish(&ours, &name, &call_module("endless_tone"), json!({})));
    assert_eq!((&first["granted"], &first["held"]), (&json!([]), &json!([])));
    let asks = json!({ "http": [format!("http://127.0.0.1:{port}/")], "secrets": ["crm-token"] });
    let second = done(publish(&ours, &name, &call_module("asks_port"), asks.clone()));
    assert!(second["held"].as_array().unwrap().contains(&json!("http")), "{second}");
    assert!(second["held"].as_array().unwrap().contains(&json!("secret:crm-token")));
    let rollout = format!("/v1/handlers/{name}/rollout");
    done(put(&ours, &rollout, json!({ "version": 1 })));
    let held = put(&ours, &rollout, json!({ "version": 2 }));
    assert_eq!(refused(&held), (409, "permissions-held"));
    let made = ours.post(
        "/v1/keys",
        Some(json!({ "name": "deployer", "scopes": ["read", "write"] })),
    );
    let deployer = client(&node, done(made)["key"].as_str().unwrap());
    let grant = format!("/v1/handlers/{name}/versions/2/grant");
    assert_eq!(refused(&deployer.post(&grant, None)), (403, "out-of-scope"));
    let granted = done(ours.post(&grant, None));
    assert_eq!(granted["held"], json!([]));
    done(put(&deployer, &rollout, json!({ "version": 2 })));
    done(put(
        &deployer,
        &format!("/v1/routes/{name}"),
        json!({ "handler": name }),
    ));
    let watcher = node.watch();
    assert_eq!(call(&node, &name).end, End::ByFarEnd);
    let lines = log_lines(&watcher);
    assert!(lines[0].contains("200"), "the handler may ask the server: {lines:?}");
    let third = done(publish(&ours, &name, &call_module("asks_port"), asks));
    assert_eq!(third["held"], json!([]), "what was granted once is not asked for again");
    let useless = publish(
        &ours,
        &name,
        &call_module("endless_tone"),
        json!({ "secrets": ["crm-token"] }),
    );
    assert_eq!(refused(&useless), (422, "refused"));
    assert!(!log().contains(SECRET) && !log().contains("pck_"));
}

#[test]
fn broken_and_hostile_modules_are_refused_with_the_reason() {
    let node = hosting(&database("refused"));
    let ours = client(&node, KEY);
    let good = call_module("endless_tone");
    let mut bad: Vec<(String, Vec<u8>)> = vec![
        ("nothing".to_owned(), Vec::new()),
        ("a text".to_owned(), b"hello".to_vec()),
        ("a picture".to_owned(), b"\x89PNG\r\n\x1a\n".to_vec()),
        ("an empty core module".to_owned(), b"\0asm\x01\0\0\0".to_vec()),
        ("an empty component".to_owned(), b"\0asm\x0d\0\x01\0".to_vec()),
        ("another version of wasm".to_owned(), b"\0asm\x02\0\0\0".to_vec()),
        (
            "a program of this machine".to_owned(),
            std::fs::read(std::env::current_exe().unwrap()).unwrap()[..65_536].to_vec(),
        ),
    ];
    for cut in 1..=16 {
        bad.push((format!("cut after {cut}/17"), good[..good.len() * cut / 17].to_vec()));
    }
    for place in 0..8 {
        let mut changed = good.clone();
        // Within the first sections, where each byte says something.
        changed[9 + place * 3] ^= 0xff;
        bad.push((format!("byte {} changed", 9 + place * 3), changed));
    }
    let foreign = [
        "(component (import \"wasi:cli/environment@0.2.3\" (instance)))",
        "(component (import \"patchcord:handler/gather@9.0.0\" (instance)))",
        "(component (import \"patchcord:handler/teleport@0.1.0\" (instance (export \"go\" (func)))))",
        "(module (import \"env\" \"system\" (func)))",
        "(module (memory 65536))",
        "(module (memory i64 1))",
    ];
    for text in foreign {
        bad.push((text.to_owned(), wat::parse_str(text).unwrap()));
    }
    assert!(bad.len() >= 30, "{}", bad.len());
    for (what, bytes) in bad {
        let answer = upload(&ours, &bytes);
        assert_eq!(refused(&answer), (422, "bad-module"), "{what}");
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(detail.len() > 15, "{what}: {detail}");
    }
    assert_eq!(ours.get("/v1/modules").body, json!({ "modules": [] }));
    let as_json = ours.post("/v1/modules", Some(json!({})));
    assert_eq!(refused(&as_json), (415, "wrong-media-type"));
    let huge = vec![0; patchcord_guest::MAX_MODULE_BYTES + 1];
    assert_eq!(refused(&upload(&ours, &huge)), (413, "too-large"));
    // One that only misbehaves when it runs is taken, and breaks its own calls only.
    done(upload(&ours, &hostile("endless_loop")));
    done(upload(&ours, &good));
}

#[test]
fn keys_and_tenants_come_and_go() {
    let node = hosting(&database("keys"));
    let (ours, operator) = (client(&node, KEY), client(&node, OPERATOR));
    let escalated = ours.post("/v1/keys", Some(json!({ "name": "x", "scopes": ["operator"] })));
    assert_eq!(refused(&escalated), (422, "refused"));
    let reader = done(ours.post("/v1/keys", Some(json!({ "name": "reader", "scopes": ["read"] }))));
    let by_reader = client(&node, reader["key"].as_str().unwrap());
    assert_eq!(
        by_reader.get("/v1/me").body,
        json!({ "key": "reader", "tenant": "default", "scopes": ["read"] })
    );
    assert_eq!(refused(&by_reader.get("/v1/keys")), (403, "out-of-scope"));
    let past = json!({ "name": "old", "scopes": ["read"], "expires_at_ms": 1 });
    let old = done(ours.post("/v1/keys", Some(past)));
    assert_eq!(client(&node, old["key"].as_str().unwrap()).get("/v1/me").status, 401);
    let revoke = format!("/v1/keys/{}", reader["id"].as_str().unwrap());
    assert_eq!(ours.ask("DELETE", &revoke, &[], None).status, 204);
    assert_eq!(by_reader.get("/v1/me").status, 401, "at once");
    let listed = ours.get("/v1/keys").text;
    assert!(listed.contains("revoked_at") && !listed.contains(reader["key"].as_str().unwrap()));

    let acme = json!({ "id": "acme", "name": "Acme Ltd" });
    done(operator.post("/v1/tenants", Some(acme.clone())));
    assert_eq!(refused(&operator.post("/v1/tenants", Some(acme))), (409, "exists"));
    let all = json!(["read", "write", "admin"]);
    let first = json!({ "name": "first", "scopes": all });
    let theirs = done(operator.post("/v1/tenants/acme/keys", Some(first.clone())));
    let theirs = client(&node, theirs["key"].as_str().unwrap());
    done(theirs.post("/v1/tenants", Some(json!({ "id": "acme-shop", "name": "Shop" }))));
    let below = done(theirs.post("/v1/tenants/acme-shop/keys", Some(first)));
    let below = client(&node, below["key"].as_str().unwrap());
    let grandchild = below.post("/v1/tenants", Some(json!({ "id": "acme-shop-x", "name": "X" })));
    assert_eq!(refused(&grandchild), (409, "wrong-state"));
    assert_eq!(refused(&theirs.get("/v1/tenants/default")), (404, "not-found"));
    let suspend = |to: &str| operator.ask("PATCH", "/v1/tenants/acme", &[], Some(json!({ "state": to })));
    assert_eq!(done(suspend("suspended"))["state"], "suspended");
    assert_eq!((theirs.get("/v1/me").status, below.get("/v1/me").status), (401, 401));
    done(suspend("active"));
    assert_eq!(below.get("/v1/me").body["tenant"], "acme-shop");
    let own = theirs.ask("PATCH", "/v1/tenants/acme", &[], Some(json!({ "state": "closed" })));
    assert_eq!(refused(&own), (404, "not-found"), "no tenant looks after itself");
}

#[test]
fn a_quota_counts_at_once_and_leaves_again() {
    let node = hosting(&database("quotas"));
    let (ours, operator) = (client(&node, KEY), client(&node, OPERATOR));
    done(publish(&ours, "line", &call_module("endless_tone"), json!({})));
    done(put(&ours, "/v1/handlers/line/rollout", json!({ "version": 1 })));
    done(put(&ours, "/v1/routes/100", json!({ "handler": "line" })));
    let quota = "/v1/tenants/default/quotas/calls_at_once";
    assert_eq!(refused(&put(&ours, quota, json!({ "most": 1 }))), (403, "out-of-scope"));
    let unknown = put(&operator, "/v1/tenants/default/quotas/wishes", json!({ "most": 1 }));
    assert_eq!(refused(&unknown), (400, "invalid-request"));
    done(put(&operator, quota, json!({ "most": 7 })));
    done(put(&operator, quota, json!({ "most": 1 })));
    let listed = ours.get("/v1/quotas").body;
    assert_eq!(listed, json!({ "quotas": [{ "metric": "calls_at_once", "most": 1 }] }));
    let phone = long_call(&node, "100");
    let live = until(&ours, "/v1/calls?status=in-progress", |list| {
        list["calls"][0].is_object()
    });
    assert_eq!(
        call(&node, "100").end,
        End::Refused { status: 486 },
        "one more than may be"
    );
    assert_eq!(operator.ask("DELETE", quota, &[], None).status, 204);
    let second = long_call(&node, "100");
    until(&ours, "/v1/calls?status=in-progress", |list| {
        list["calls"][1].is_object()
    });
    let both = ours.get("/v1/calls?status=in-progress").body;
    assert!(
        both["calls"]
            .to_string()
            .contains(live["calls"][0]["id"].as_str().unwrap())
    );
    for call in both["calls"].as_array().unwrap() {
        ours.post(&format!("/v1/calls/{}/end", call["id"].as_str().unwrap()), None);
    }
    phone.join().unwrap();
    second.join().unwrap();
}

#[test]
fn what_is_wrong_with_a_name_a_path_or_a_reference_is_told() {
    let node = hosting(&database("wrong"));
    let ours = client(&node, KEY);
    done(publish(&ours, "line", &call_module("endless_tone"), json!({})));
    let field = |answer: Answer| (answer.status, answer.body["field"].clone());
    assert_eq!(
        field(put(&ours, "/v1/routes/100", json!({ "handler": "nobody" }))),
        (422, json!("handler"))
    );
    assert_eq!(
        field(put(&ours, "/v1/routes/a@b", json!({ "handler": "line" }))),
        (400, json!("to"))
    );
    let version = json!({ "module": "00".repeat(32) });
    assert_eq!(
        field(ours.post("/v1/handlers/line/versions", Some(version))),
        (422, json!("module"))
    );
    let name = publish(&ours, "no%20name", &call_module("endless_tone"), json!({}));
    assert_eq!(field(name), (422, json!("handler")));
    assert_eq!(
        field(put(&ours, "/v1/secrets/short", json!({ "value": "short" }))),
        (422, json!("value"))
    );
    assert_eq!(field(ours.get("/v1/usage?from=2026-13-01")), (400, json!("from")));
    assert_eq!(
        field(ours.get("/v1/usage?from=2020-01-01&before=2026-01-01")),
        (400, json!("from"))
    );
    for nowhere in [
        "/v1/handlers/nobody/rollout",
        "/v1/handlers/line/versions/0",
        "/v1/handlers/line/versions/x",
        "/v1/numbers/1",
    ] {
        assert_eq!(refused(&ours.get(nowhere)), (404, "not-found"), "{nowhere}");
    }
    assert_eq!(
        refused(&ours.post("/v1/handlers/line/rollback", None)),
        (404, "not-found")
    );
    done(put(&ours, "/v1/handlers/line/rollout", json!({ "version": 1 })));
    assert_eq!(
        refused(&ours.post("/v1/handlers/line/rollback", None)),
        (409, "wrong-state")
    );
    let injected = put(&ours, "/v1/routes/x'%20OR%201=1--", json!({ "handler": "line" }));
    assert_eq!(field(injected), (400, json!("to")));
    let quoted = put(&ours, "/v1/routes/x';DROP%54ABLE", json!({ "handler": "line" }));
    assert_eq!(done(quoted)["to"], "x';DROPTABLE", "a quote is a sign like others");
    assert_eq!(
        ours.get("/v1/routes?limit=1").body["routes"].as_array().unwrap().len(),
        1
    );
}
