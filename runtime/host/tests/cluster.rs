//! Nodes of one platform, as processes: `patchcord serve` three times with one PostgreSQL and one NATS, with TLS and a user for each. They
//! see each other come, go and die; what is asked of a call through any of them is answered by the one that has it; and what is deployed
//! through one counts for the next call of the others.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(
    unreachable_pub,
    dead_code,
    reason = "a test binary exports nothing, and this one needs a part of what the others do"
)]

#[path = "support/postgresql.rs"]
mod database;
#[path = "support/handlers.rs"]
mod handlers;
#[path = "support/http.rs"]
mod http;
#[path = "../../cluster/tests/cluster/server.rs"]
mod nats;
#[path = "../../database/src/tests/server.rs"]
mod server;
mod support;

use handlers::call_module;
use http::{Answer, Client};
use nats::{Bus, password};
use patchcord_host::{DatabaseConfig, KeyHash};
use patchcord_sim::phone::End;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use support::phone::{Outcome, TestPhone};

const KEY: &str = "pck_0000000000000000000000000000000000000000000000000000000000000021";
const STRANGER: &str = "pck_0000000000000000000000000000000000000000000000000000000000000022";
const PATIENCE: Duration = Duration::from_secs(40);
const LEASE_S: u64 = 2;

/// A node in a process and a folder of its own.
struct Process {
    child: Child,
    folder: PathBuf,
    sip: SocketAddr,
    api: SocketAddr,
}

/// A node's configuration in a folder of its own.
fn configured(bus: &Bus, database: &DatabaseConfig, (name, number): (&str, u16)) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("patchcord-node-{}-{name}-{number}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    // Below those that the system gives to others, and apart from those of other tests.
    let first = 9_000 + number * 64;
    let mut text = format!(
        "[sip]\nlisten = \"127.0.0.1:0\"\nstrangers = \"answer\"\n[media]\nports = \"{first}-{}\"\n[limits]\ndrain_s = 0\n\
         [api]\nlisten = \"127.0.0.1:0\"\n[database]\nurl = \"{}\"\n\
         [cluster]\nservers = [\"{}\"]\nroots = {:?}\ncertificate = {:?}\nkey = {:?}\nnode = \"{name}\"\nregion = \"{}\"\n\
         password = \"{}\"\nlease_s = {LEASE_S}\n",
        first + 63,
        database.url,
        bus.address(),
        bus.file("authority.pem"),
        bus.file("node.pem"),
        bus.file("node.key"),
        &name[..3],
        password(name),
    );
    for (key, tenant) in [(KEY, "default"), (STRANGER, "stranger")] {
        text += &format!(
            "[[api_key]]\nname = \"test\"\ntenant = \"{tenant}\"\nsha256 = \"{}\"\n\
             scopes = [\"read\", \"write\", \"admin\", \"operator\"]\n",
            KeyHash::of(key)
        );
    }
    std::fs::write(folder.join("patchcord.toml"), text).unwrap();
    folder
}

fn serve(folder: &std::path::Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_patchcord"));
    command.args(["serve", "--config"]).arg(folder.join("patchcord.toml"));
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Process {
    fn start(bus: &Bus, database: &DatabaseConfig, node: (&str, u16)) -> Self {
        Self::of(configured(bus, database, node))
    }

    fn of(folder: PathBuf) -> Self {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(folder.join("log"));
        let mut child = serve(&folder).stderr(log.unwrap()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.next().map(Result::unwrap).unwrap_or_default();
        std::thread::spawn(move || lines.for_each(drop));
        let address = |name: &str| line.split(' ').find_map(|word| word.strip_prefix(name)?.parse().ok());
        let (Some(sip), Some(api)) = (address("sip="), address("api=")) else {
            panic!("{line} {}", std::fs::read_to_string(folder.join("log")).unwrap());
        };
        Self {
            child,
            folder,
            sip,
            api,
        }
    }

    fn client(&self, key: &str) -> Client {
        Client::new(self.api, key)
    }

    /// Ends it without a warning.
    fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn call(&self, to: &'static str, seed: u64) -> JoinHandle<Outcome> {
        let sip = self.sip;
        std::thread::spawn(move || TestPhone::new("alice", seed).call(sip, to, Vec::new()))
    }

    /// Waits until it sees just these others.
    fn sees(&self, names: &[&str]) -> Value {
        until(&self.client(KEY), "/v1/nodes", |list| {
            let others = list["others"].as_array().unwrap();
            let seen: Vec<_> = others.iter().map(|other| other["node"].as_str().unwrap()).collect();
            seen == names && list["state"] == "joined"
        })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

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

fn done(answer: Answer) -> Value {
    assert!(matches!(answer.status, 200 | 201), "{}", answer.text);
    answer.body
}

/// Deploys a handler that plays without end.
fn deploy_line(client: &Client) {
    let uploaded = client.raw(
        "POST",
        "/v1/modules",
        &[("Content-Type", "application/wasm")],
        &call_module("endless_tone"),
    );
    let version = json!({ "module": done(uploaded)["hash"] });
    done(client.post("/v1/handlers/line/versions", Some(version)));
    put(client, "/v1/handlers/line/rollout", json!({ "version": 1 }));
}

fn put(client: &Client, path: &str, body: Value) {
    done(client.ask("PUT", path, &[], Some(body)));
}

/// The one live call of a node.
fn live(node: &Process) -> String {
    let list = until(&node.client(KEY), "/v1/calls?status=in-progress", |list| {
        list["calls"][0].is_object()
    });
    list["calls"][0]["id"].as_str().unwrap().to_owned()
}

#[test]
fn what_is_deployed_or_asked_through_one_node_counts_on_all() {
    let (bus, database) = (Bus::start(), database::database("cluster"));
    let eu = Process::start(&bus, &database, ("eu1-a", 0));
    let us = Process::start(&bus, &database, ("us1-a", 1));
    let others = eu.sees(&["us1-a"]);
    let other = &others["others"][0];
    assert_eq!((&other["region"], &other["draining"]), (&json!("us1"), &json!(false)));
    assert!(other["capabilities"].to_string().contains("codec:opus"), "{other}");
    us.sees(&["eu1-a"]);

    let (here, there) = (eu.client(KEY), us.client(KEY));
    deploy_line(&here);
    put(&here, "/v1/routes/100", json!({ "handler": "line" }));
    // It was answered, so the other node knows it.
    let phone = us.call("100", 71);
    let id = live(&us);
    let path = format!("/v1/calls/{id}");
    let seen = here.get(&path);
    assert_eq!(
        (seen.status, &seen.body["status"]),
        (200, &json!("in-progress")),
        "{}",
        seen.text
    );
    assert_eq!(seen.header("etag"), there.get(&path).header("etag"));
    for stranger in [eu.client(STRANGER), us.client(STRANGER)] {
        assert_eq!(stranger.get(&path).status, 404, "it is another tenant's");
        assert_eq!(stranger.post(&format!("{path}/end"), None).status, 404);
    }
    let refused = here.post(&format!("{path}/redirect"), Some(json!({ "handler": "nobody" })));
    assert_eq!(
        (refused.status, &refused.body["code"]),
        (422, &json!("refused")),
        "{}",
        refused.text
    );
    let nowhere = format!("/v1/calls/call_{:032x}", 7);
    assert_eq!(here.get(&nowhere).status, 404);

    let ended = here.ask("POST", &format!("{path}/end"), &[("Idempotency-Key", "once")], None);
    assert_eq!(ended.status, 204, "{}", ended.text);
    assert_eq!(phone.join().unwrap().end, End::ByFarEnd);
    let again = here.ask("POST", &format!("{path}/end"), &[("Idempotency-Key", "once")], None);
    assert_eq!(again.status, 204, "{}", again.text);
    until(&here, &path, |call| call["status"] == "completed");
    // What is removed through one is gone for the other.
    assert_eq!(there.ask("DELETE", "/v1/routes/100", &[], None).status, 204);
    assert_eq!(eu.call("100", 72).join().unwrap().end, End::Refused { status: 404 });
}

#[test]
fn nodes_that_die_leave_or_are_cut_off_are_noticed_and_calls_go_on() {
    let (mut bus, database) = (Bus::start(), database::database("outages"));
    let eu = Process::start(&bus, &database, ("eu1-a", 2));
    let mut us = Process::start(&bus, &database, ("us1-a", 3));
    eu.sees(&["us1-a"]);
    let here = eu.client(KEY);
    deploy_line(&here);
    put(&here, "/v1/routes/100", json!({ "handler": "line" }));

    // Another of the same name is not let in, and says so.
    let twin = configured(&bus, &database, ("eu1-a", 4));
    let Output { status, stderr, .. } = serve(&twin).output().unwrap();
    let said = String::from_utf8_lossy(&stderr);
    assert!(!status.success() && said.contains("eu1-a"), "{said}");
    assert!(!said.contains(&password("eu1-a")), "{said}");
    let _ = std::fs::remove_dir_all(twin);

    us.kill();
    eu.sees(&[]);
    let folder = std::mem::take(&mut us.folder);
    us = Process::of(folder);
    eu.sees(&["us1-a"]);

    // Without the servers each goes on by itself.
    let phone = us.call("100", 73);
    let id = live(&us);
    bus.kill();
    until(&here, "/v1/nodes", |list| list["state"] == "cut");
    until(&us.client(KEY), "/v1/nodes", |list| list["state"] == "cut");
    put(&here, "/v1/routes/101", json!({ "handler": "line" }));
    let unknown = here.get(&format!("/v1/calls/{id}"));
    assert!(matches!(unknown.status, 404 | 503), "{}", unknown.text);
    assert!(!phone.is_finished(), "a call goes on");
    bus.restart();
    eu.sees(&["us1-a"]);
    us.sees(&["eu1-a"]);
    us.client(KEY).post(&format!("/v1/calls/{id}/end"), None);
    assert_eq!(phone.join().unwrap().end, End::ByFarEnd);
    // It was deployed while the other was cut off, which reads all now.
    let deadline = Instant::now() + PATIENCE;
    let late = loop {
        let late = us.call("101", 74);
        std::thread::sleep(Duration::from_millis(500));
        if !late.is_finished() {
            break late;
        }
        assert!(Instant::now() < deadline, "the other node does not know of it");
    };
    let id = live(&us);
    assert_eq!(here.post(&format!("/v1/calls/{id}/end"), None).status, 204);
    assert_eq!(late.join().unwrap().end, End::ByFarEnd);

    let stopped = Command::new("kill")
        .args(["-TERM", &us.child.id().to_string()])
        .status();
    assert!(stopped.unwrap().success());
    eu.sees(&[]);
}
