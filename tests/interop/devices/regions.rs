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
use serde_json::json;
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

fn start(bus: &Bus, name: &str, sip: &str, key_lines: &str) -> Node {
    let (folder, lane, api) = (lab::folder(&format!("regions_{name}")), Lane::take(), at());
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
fn until(node: &Node, path: &str, key: &str, right: impl Fn(&serde_json::Value) -> bool) {
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

#[test]
fn a_call_that_comes_in_at_one_region_rings_the_pages_that_are_at_another() {
    let (key, lines) = new_key("regions");
    let bus = Bus::start();
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    let door = at();
    let europe = start(&bus, "eu1-a", "", &lines);
    let america = start(&bus, "us1-a", &format!("ws = \"{door}\""), &lines);
    let task = json!({
        "url": format!("ws://{door}/client"),
        "hum": HUM_HZ,
        "token": token(&key, &["--identity", "alice", "--incoming"]),
    });
    let folder = lab::folder("regions_pages");
    let mut pages = Script::start(Command::new("node"), &folder, "regions.mjs", task);
    pages.expect("are there", &america.server);
    let both = |said: &serde_json::Value| said["clients"].as_array().is_some_and(|clients| clients.len() == 2);
    until(&europe, "/v1/presence/alice", &key, both);
    let caller = Hummer::dial("alice", europe.server.sip, Duration::ZERO, 4_711);
    pages.expect("talks", &europe.server);
    caller.wait_answered();
    let talks = |said: &serde_json::Value| said["calls"] == 1;
    until(&america, "/v1/presence/alice", &key, talks);
    let live = |said: &serde_json::Value| said["calls"].as_array().is_some_and(|calls| calls.len() == 1);
    until(&america, "/v1/calls", &key, live);
    std::thread::sleep(TALK);
    caller.hang_up();
    pages.go_on();
    pages.expect("is over", &europe.server);
    let records = europe.server.expect_records(1);
    let legs = records[0]["legs"].as_array().expect("it has legs");
    assert_eq!(legs.len(), 3, "both pages were legs of it: {}", records[0]);
    let heard = legs.iter().filter(|leg| leg["media"].is_object());
    assert!(
        heard.filter(|leg| count(&leg["media"], "packets_in") > 20).count() == 2,
        "the caller and the page that answered were heard: {}",
        records[0]
    );
    let is_free = |said: &serde_json::Value| said["calls"] == 0;
    until(&europe, "/v1/presence/alice", &key, is_free);
    until(&america, "/v1/presence/alice", &key, is_free);
    america.server.expect_records(0);
    pages.go_on();
    drop(pages);
    // A node that goes takes what was registered at it along.
    america.server.stop();
    let nobody = |said: &serde_json::Value| said["availability"] == "unavailable";
    until(&europe, "/v1/presence/alice", &key, nobody);
    europe.server.stop();
}
