//! What the API shows of a call beside its state: its trace, its log, its journal, how it sounded, and its recordings, while it goes
//! on and once it is over; and the console's files.

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
mod support;

use database::database;
use handlers::call_handler;
use http::{Answer, Client};
use patchcord_control::ids::Tenant;
use patchcord_host::journals::JournalFolder;
use patchcord_host::trace::store::TraceFolder;
use patchcord_host::{ApiConfig, ApiKey, KeyHash, Node, NodeConfig, Scope, usual_outbound};
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use support::phone::{Outcome, TestPhone};
use support::{TENANT, config, directory, node};

const PATIENCE: Duration = Duration::from_secs(20);
const KEY: &str = "pck_0000000000000000000000000000000000000000000000000000000000000001";
const STRANGER: &str = "pck_0000000000000000000000000000000000000000000000000000000000000003";
/// Who calls; no trace may show it.
const CALLER: &str = "mallory";

/// A node, and a call to a handler that logs what it is told.
struct Watched {
    node: Node,
    folder: PathBuf,
    client: Client,
    stranger: Client,
    phone: Option<JoinHandle<Outcome>>,
    call: String,
}

impl Watched {
    fn begin(keep: bool) -> Self {
        let (usual, records) = config(4);
        let folder = records.with_extension("kept");
        // What an earlier run with the same process id left.
        let _ = std::fs::remove_dir_all(&folder);
        let key = |key: &str, tenant: &str| ApiKey {
            name: "test".to_owned(),
            tenant: Tenant(tenant.to_owned()),
            scopes: Scope::ALL.to_vec(),
            hash: KeyHash::of(key),
            token_key: None,
        };
        let traces = TraceFolder {
            folder: folder.join("traces"),
            keep: 10,
            bytes: 1024 * 1024,
        };
        let config = NodeConfig {
            api: Some(ApiConfig {
                listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
                keys: vec![key(KEY, TENANT), key(STRANGER, "stranger")],
                outbound: usual_outbound(),
                tls: None,
                database: database("watching"),
                home: Tenant(TENANT.to_owned()),
                caller_ids: None,
            }),
            recordings: Some(folder.join("recordings")),
            traces: keep.then_some(traces),
            journals: keep.then(|| JournalFolder::at(folder.join("journals"))),
            ..usual
        };
        let node = node(config, Vec::new());
        node.set_directory(directory(vec![call_handler("takes_messages")]));
        let client = |key| Client::new(node.local_api().unwrap(), key);
        let (ours, stranger) = (client(KEY), client(STRANGER));
        let sip = node.local_sip();
        let phone = std::thread::spawn(move || TestPhone::new(CALLER, 61).call(sip, "takes_messages", Vec::new()));
        let list = until(&ours, "/v1/calls?status=in-progress", |list| {
            list["calls"].as_array().unwrap().len() == 1
        });
        let call = list["calls"][0]["id"].as_str().unwrap().to_owned();
        Self {
            node,
            folder,
            client: ours,
            stranger,
            phone: Some(phone),
            call,
        }
    }

    fn path(&self, what: &str) -> String {
        format!("/v1/calls/{}{what}", self.call)
    }

    fn tell(&self, name: &str, data: &str) {
        let message = json!({ "name": name, "data": data });
        assert_eq!(self.client.post(&self.path("/messages"), Some(message)).status, 204);
    }

    /// Ends the call and waits until that is known.
    fn end(&mut self) -> Value {
        assert_eq!(self.client.post(&self.path("/end"), None).status, 204);
        self.phone.take().unwrap().join().unwrap();
        until(&self.client, &self.path(""), |call| call["ended_at"].is_string())
    }

    /// Whoever asks with the key of another tenant finds nothing.
    fn only_ours(&self, path: &str) {
        let theirs = self.stranger.get(path);
        assert_eq!(
            (theirs.status, &theirs.body["code"]),
            (404, &json!("not-found")),
            "{path}"
        );
    }
}

/// Asks again until the answer is as it should be.
fn until(client: &Client, path: &str, right: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let Answer { status, body, text, .. } = client.get(path);
        if status == 200 && right(&body) {
            return body;
        }
        assert!(Instant::now() < deadline, "{path}: {status} {text}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn texts<'v>(list: &'v Value, name: &str) -> Vec<&'v str> {
    let all = list.as_array().unwrap().iter();
    all.filter_map(|one| one[name].as_str()).collect()
}

#[test]
fn the_trace_of_a_call_is_seen_while_it_goes_on_and_after_it_without_private_values() {
    let mut watched = Watched::begin(true);
    let path = watched.path("/trace");
    let live = until(&watched.client, &path, |trace| {
        texts(&trace["entries"], "label").contains(&"ACK")
    });
    let first = &live["entries"][0];
    assert_eq!(
        (&first["label"], &first["direction"], &first["leg"]),
        (&json!("INVITE sdp"), &json!("received"), &json!(0))
    );
    watched.tell("order", "17");
    let told = until(&watched.client, &path, |trace| {
        texts(&trace["entries"], "ask")
            .iter()
            .any(|ask| ask.contains("receive"))
    });
    assert!(texts(&told["entries"], "what").contains(&"turn"), "{told}");
    watched.end();
    let over = until(&watched.client, &path, |trace| {
        texts(&trace["entries"], "label").contains(&"BYE")
    });
    assert_eq!(over["call"], watched.call.as_str());
    let text = over.to_string();
    assert!(text.contains("<private>") && !text.contains(CALLER), "{text}");
    watched.only_ours(&path);
}

#[test]
fn the_log_of_a_call_is_read_as_it_comes_and_afterwards() {
    let mut watched = Watched::begin(false);
    let all = watched.client.stream("/v1/logs?handler=takes_messages");
    let one = watched.client.stream(&format!("/v1/logs?call={}", watched.call));
    watched.tell("order", "17");
    for stream in [all, one] {
        let lines = stream.until("log");
        let (_, line) = lines.last().unwrap();
        assert_eq!(
            (&line["text"], &line["level"], &line["handler"], &line["tenant"]),
            (
                &json!("order: 17"),
                &json!("info"),
                &json!("takes_messages"),
                &json!(TENANT)
            )
        );
        assert_eq!(line["call"], watched.call.as_str());
        assert!(line["at"].as_str().unwrap().ends_with('Z'));
    }
    let path = watched.path("/log");
    assert_eq!(texts(&watched.client.get(&path).body["lines"], "text"), ["order: 17"]);
    watched.end();
    let over = watched.client.get(&path).body;
    assert_eq!(over["left_out"], 0);
    assert_eq!(texts(&over["lines"], "text")[0], "order: 17");
    watched.only_ours(&path);
    let wrong = watched.client.get("/v1/logs?call=none");
    assert_eq!((wrong.status, &wrong.body["field"]), (400, &json!("call")));
}

#[test]
fn the_journal_is_given_as_it_lies_whole_or_in_part() {
    let mut watched = Watched::begin(true);
    watched.tell("order", "17");
    watched.end();
    let path = watched.path("/journal");
    let file = watched
        .folder
        .join("journals")
        .join(format!("{}.journal", watched.call));
    let deadline = Instant::now() + PATIENCE;
    loop {
        let bytes = std::fs::read(&file).unwrap_or_default();
        let (head, content) = watched.client.bytes(&path, &[]);
        if !bytes.is_empty() && content == bytes {
            assert_eq!(head.header("content-type"), Some("application/octet-stream"));
            break;
        }
        assert!(Instant::now() < deadline, "{} {} bytes", head.status, content.len());
        std::thread::sleep(Duration::from_millis(50));
    }
    let whole = std::fs::read(&file).unwrap();
    let (head, part) = watched.client.bytes(&path, &[("Range", "bytes=2-5")]);
    assert_eq!((head.status, &part[..]), (206, &whole[2..6]));
    let range = format!("bytes 2-5/{}", whole.len());
    assert_eq!(head.header("content-range"), Some(&*range));
    watched.only_ours(&path);
}

#[test]
fn what_is_not_kept_is_not_found_and_says_what_would_keep_it() {
    let mut watched = Watched::begin(false);
    for (what, section) in [("/trace", "[trace]"), ("/journal", "[journal]")] {
        let answer = watched.client.get(&watched.path(what));
        assert_eq!((answer.status, &answer.body["code"]), (404, &json!("not-found")));
        assert!(answer.text.contains(section), "{}", answer.text);
    }
    watched.end();
}

#[test]
fn how_a_leg_sounded_is_told() {
    let mut watched = Watched::begin(false);
    std::thread::sleep(Duration::from_secs(1));
    watched.end();
    let path = watched.path("/quality");
    let quality = watched.client.get(&path).body;
    let sample = &quality["legs"][0]["samples"][0];
    assert_eq!(quality["legs"][0]["leg"], 0, "{quality}");
    assert!(sample["received"]["mos"].as_f64().unwrap() > 3.0, "{quality}");
    assert!(sample["received"]["jitter_ms"].is_f64() && sample["at"].is_string());
    watched.only_ours(&path);
}

#[test]
fn a_recording_is_heard_shared_and_removed() {
    let mut watched = Watched::begin(false);
    let client = &watched.client;
    let begun = client.post(&watched.path("/recordings"), Some(json!({ "legs": [0] })));
    let id = begun.body["recording"].as_str().unwrap().to_owned();
    let second = client.post(&watched.path("/recordings"), Some(json!({ "legs": [0] })));
    let second = second.body["recording"].as_str().unwrap().to_owned();
    let path = format!("/v1/recordings/{id}");
    let running = client.get(&path);
    assert_eq!((running.status, &running.body["state"]), (200, &json!("running")));
    until_status(client, &format!("{path}/content"), 409);
    let early = client.ask("DELETE", &path, &[], None);
    assert_eq!((early.status, &early.body["code"]), (409, &json!("wrong-state")));
    std::thread::sleep(Duration::from_millis(500));
    watched.end();
    let client = &watched.client;

    let list = client.get(&format!("/v1/recordings?call={}", watched.call)).body;
    assert_eq!(texts(&list["recordings"], "id"), [&second, &id]);
    assert_eq!(list["recordings"][0]["handler"], "takes_messages");
    let page = client.get("/v1/recordings?limit=1").body;
    assert_eq!(texts(&page["recordings"], "id"), [&second]);
    let next = page["next_cursor"].as_str().unwrap();
    let page = client.get(&format!("/v1/recordings?limit=1&cursor={next}")).body;
    assert_eq!(
        (texts(&page["recordings"], "id"), &page["next_cursor"]),
        (vec![&*id], &Value::Null)
    );
    let (head, sound) = client.bytes(&format!("{path}/content"), &[]);
    assert_eq!((head.status, head.header("content-type")), (200, Some("audio/wav")));
    let file = std::fs::read(watched.folder.join("recordings").join(format!("{id}.wav"))).unwrap();
    assert!(sound == file && sound.len() > 4_000, "{} bytes", sound.len());
    watched.only_ours(&path);
    watched.only_ours(&format!("{path}/content"));
    assert_eq!(watched.stranger.get("/v1/recordings").body, json!({ "recordings": [] }));
    links(&watched, &path, &sound);

    assert_eq!(watched.stranger.ask("DELETE", &path, &[], None).status, 404);
    assert_eq!(client.ask("DELETE", &path, &[], None).status, 204);
    assert_eq!(
        (client.get(&path).status, client.get(&format!("{path}/content")).status),
        (404, 404)
    );
    assert_eq!(texts(&client.get("/v1/recordings").body["recordings"], "id"), [&second]);
    assert_eq!(
        texts(&client.get(&watched.path("")).body["recordings"], "id"),
        [&second]
    );
}

/// Waits for a status.
fn until_status(client: &Client, path: &str, status: u16) {
    let deadline = Instant::now() + PATIENCE;
    while client.get(path).status != status {
        assert!(Instant::now() < deadline, "{path} is never answered with {status}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A link gives the sound without a key, as it was given and for its time.
fn links(watched: &Watched, path: &str, sound: &[u8]) {
    let client = &watched.client;
    let make = |expires_s: u64| client.post(&format!("{path}/link"), Some(json!({ "expires_s": expires_s })));
    let made = make(60);
    assert_eq!(made.status, 201, "{}", made.text);
    let url = made.body["url"].as_str().unwrap();
    let nobody = Client::new(watched.node.local_api().unwrap(), "");
    let (head, heard) = nobody.bytes(url, &[]);
    assert!(head.status == 200 && heard == sound);
    let (head, part) = nobody.bytes(url, &[("Range", "bytes=0-3")]);
    assert_eq!((head.status, &part[..]), (206, &b"RIFF"[..]));
    let last = url.chars().last().unwrap();
    let other = if last == '0' { '1' } else { '0' };
    for wrong in [
        format!("{}{other}", &url[..url.len() - 1]),
        url.replace("expires=", "expires=9"),
        url.replace(&format!("tenant={TENANT}"), "tenant=stranger"),
        url.replace("_1/", "_2/"),
    ] {
        let refused = nobody.get(&wrong);
        assert_eq!(
            (refused.status, &refused.body["code"]),
            (403, &json!("bad-link")),
            "{wrong}"
        );
    }
    let short = make(1).body["url"].as_str().unwrap().to_owned();
    until_status(&nobody, &short, 403);
    let missing = nobody.get(&format!("{path}/shared"));
    assert_eq!((missing.status, &missing.body["field"]), (400, &json!("tenant")));
    let refused = make(0);
    assert_eq!((refused.status, &refused.body["field"]), (422, &json!("expires_s")));
    let theirs = watched.stranger.post(&format!("{path}/link"), Some(json!({})));
    assert_eq!(theirs.status, 404);
}

#[test]
fn the_console_is_served_without_a_key_and_says_where_things_may_come_from() {
    let mut watched = Watched::begin(false);
    let nobody = Client::new(watched.node.local_api().unwrap(), "");
    let page = nobody.get("/");
    assert_eq!(
        (page.status, page.header("content-type")),
        (200, Some("text/html; charset=utf-8"))
    );
    assert!(
        page.header("content-security-policy")
            .unwrap()
            .starts_with("default-src 'none'")
    );
    let etag = page.header("etag").unwrap();
    let again = nobody.ask("GET", "/", &[("If-None-Match", etag)], None);
    assert_eq!((again.status, again.text.as_str()), (304, ""));
    let script = nobody.get("/console/main.js");
    assert_eq!(script.header("content-type"), Some("text/javascript; charset=utf-8"));
    assert_eq!(nobody.get("/console/../Cargo.toml").status, 404);
    assert_eq!(nobody.post("/", None).status, 404);
    watched.end();
}
