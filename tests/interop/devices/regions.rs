//! Two nodes of one platform in two regions, with a NATS server between them: a telephone calls at the one, and pages that are signed in
//! at the other ring, are answered and hang up.

#[allow(dead_code, reason = "this needs a part of what the tests of the cluster do")]
#[path = "../../../runtime/cluster/tests/cluster/server.rs"]
mod nats;

use super::{OFFICE, Script, asked, count};
use crate::api_document::new_key;
use crate::clients::token;
use crate::hummer::{HUM_HZ, Hummer};
use crate::lab::{self, Lane, MACHINE};
use crate::server::{Route, Server, Setup};
use nats::{Bus, password};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::process::Command;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// How long nodes may take to know of each other.
const PATIENCE: Duration = Duration::from_secs(30);
/// Fifty packets each way.
const TALK: Duration = Duration::from_secs(1);
/// The user who is called, at whichever node.
const ALICE: Route<'static> = Route {
    to: "*",
    handler: OFFICE,
};

/// A node, and where it is asked.
struct Node {
    server: Server,
    api: SocketAddr,
}

fn at() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], lab::free_port()))
}

fn start(bus: &Bus, (test, name): (&str, &str), sip: &str, key_lines: &str) -> Node {
    let (folder, lane, api) = (lab::folder(&format!("regions_{test}_{name}")), Lane::take(), at());
    let file = |name: &str| bus.file(name).display().to_string();
    let sections = format!(
        "[api]\nlisten = \"{api}\"\n\n{key_lines}\n\n[cluster]\nservers = [\"{}\"]\nroots = {:?}\ncertificate = {:?}\n\
         key = {:?}\nnode = \"{name}\"\nregion = \"{}\"\npassword = \"{}\"\nlease_s = 2\nsip = \"{}\"\n",
        bus.address(),
        file("authority.pem"),
        file(&format!("{name}.pem")),
        file(&format!("{name}.key")),
        &name[..3],
        password(name),
        at(),
    );
    let setup = Setup {
        sip: &format!("strangers = \"answer\"\n{sip}"),
        media: &format!("browser_port = {}", lab::free_port()),
        sections: &sections,
        ..Setup::default()
    };
    let server = Server::start_with(&folder, &lane, &[ALICE], &setup);
    Node { server, api }
}

/// Waits until a node says so of a path of its API.
fn until(node: &Node, path: &str, key: &str, right: impl Fn(&Value) -> bool) {
    let end = Instant::now() + PATIENCE;
    loop {
        let said = asked(node.api, path, key);
        if right(&said) {
            return;
        }
        assert!(Instant::now() < end, "{path}: {said}\n{}", node.server.log());
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Two nodes that know of each other, and pages of one person at the second; the door of those.
struct Platform {
    key: String,
    europe: Node,
    america: Node,
    pages: Script,
    _bus: Bus,
}

impl Platform {
    /// That of a test of this name.
    fn start(test: &str) -> Self {
        let (key, lines) = new_key("regions");
        let bus = Bus::start();
        let door = at();
        let europe = start(&bus, (test, "eu1-a"), "", &lines);
        let america = start(&bus, (test, "us1-a"), &format!("ws = \"{door}\""), &lines);
        let task = json!({
            "url": format!("ws://{door}/client"),
            "hum": HUM_HZ,
            "token": token(&key, &["--identity", "alice", "--incoming"]),
        });
        let folder = lab::folder(&format!("regions_{test}_pages"));
        let mut pages = Script::start(Command::new("node"), &folder, "regions.mjs", task);
        pages.expect("are there", &america.server);
        Self {
            key,
            europe,
            america,
            pages,
            _bus: bus,
        }
    }

    fn alice(&self, node: &Node, right: impl Fn(&Value) -> bool) {
        until(node, "/v1/presence/alice", &self.key, right);
    }
}

fn clients(count: usize) -> impl Fn(&Value) -> bool {
    move |said| said["clients"].as_array().is_some_and(|clients| clients.len() == count)
}

fn calls(count: u64) -> impl Fn(&Value) -> bool {
    move |said| said["calls"] == count
}

#[test]
fn a_call_that_comes_in_at_one_region_rings_the_pages_that_are_at_another() {
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    let mut platform = Platform::start("rings");
    platform.alice(&platform.europe, clients(2));
    let caller = Hummer::dial("alice", platform.europe.server.sip, Duration::ZERO, 4_711);
    platform.pages.expect("talks", &platform.europe.server);
    caller.wait_answered();
    platform.alice(&platform.america, calls(1));
    let live = |said: &Value| said["calls"].as_array().is_some_and(|calls| calls.len() == 1);
    until(&platform.america, "/v1/calls", &platform.key, live);
    std::thread::sleep(TALK);
    caller.hang_up();
    platform.pages.go_on();
    platform.pages.expect("is over", &platform.europe.server);
    let records = platform.europe.server.expect_records(1);
    let legs = records[0]["legs"].as_array().expect("it has legs");
    assert_eq!(legs.len(), 3, "both pages were legs of it: {}", records[0]);
    let heard = legs.iter().filter(|leg| leg["media"].is_object());
    assert!(
        heard.filter(|leg| count(&leg["media"], "packets_in") > 20).count() == 2,
        "the caller and the page that answered were heard: {}",
        records[0]
    );
    platform.alice(&platform.europe, calls(0));
    platform.alice(&platform.america, calls(0));
    platform.america.server.expect_records(0);
    // A node that goes takes what was registered at it along.
    let Platform {
        europe, america, key, ..
    } = platform;
    america.server.stop();
    until(&europe, "/v1/presence/alice", &key, clients(0));
    europe.server.stop();
}

#[test]
fn a_node_that_dies_takes_no_call_of_another_along_and_leaves_nobody_registered() {
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    let mut platform = Platform::start("dies");
    platform.alice(&platform.europe, clients(2));
    let caller = Hummer::dial("alice", platform.europe.server.sip, Duration::ZERO, 4_712);
    platform.pages.expect("talks", &platform.europe.server);
    platform.america.server.kill();
    // The sound goes between the page and the node that has the call; only its end is not heard at the page.
    std::thread::sleep(TALK);
    let talks = asked(platform.europe.api, "/v1/calls?status=in-progress", &platform.key);
    assert_eq!(talks["calls"].as_array().map(Vec::len), Some(1), "{talks}");
    caller.hang_up();
    let records = platform.europe.server.expect_records(1);
    assert_eq!(records[0]["status"], "completed", "{}", records[0]);
    platform.alice(&platform.europe, clients(0));
    platform.alice(&platform.europe, calls(0));
    // Who is called now is told at once that nobody is there.
    let another = Hummer::dial("alice", platform.europe.server.sip, Duration::ZERO, 4_713);
    platform.europe.server.expect_records(2);
    drop((caller, another));
    let Platform { europe, .. } = platform;
    europe.server.stop();
}
