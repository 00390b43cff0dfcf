//! Devices of the JavaScript SDK in a headless Chromium, with sound: one person at two of them, of whom one is on do-not-disturb; a
//! closed tab; a path that loses packets; another network in the middle of a call; a network that is pulled out; and one that lets nothing
//! through but to a relay.

#[path = "devices/network.rs"]
mod network;
#[path = "devices/regions.rs"]
mod regions;
#[path = "devices/relay.rs"]
mod relay;
#[path = "devices/turn.rs"]
mod turn;

use crate::api_document::{ask, new_key};
use crate::clients::token;
use crate::console::{modules, path_of};
use crate::lab::{self, Lane, MACHINE};
use crate::server::{Route, Server, Setup};
use network::Network;
use relay::Relay;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Lines, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::PoisonError;
use std::time::{Duration, Instant};
use turn::Turn;

/// Rings the user who is called.
const OFFICE: &str = "examples/office";
/// The same, if presence says that it may; else the caller hears why not.
const RECEPTION: &str = "examples/reception";
/// How long a client that was lost may still count for one that comes back: 30 s of silence, 30 s to resume, and a moment.
const LEASE: Duration = Duration::from_secs(65);
/// One packet of sound in so many is lost on the bad path.
const LOST_OF: usize = 10;

/// A script with its browser; killed when dropped.
struct Script {
    process: Child,
    commands: ChildStdin,
    said: Lines<BufReader<ChildStdout>>,
    log: PathBuf,
}

impl Script {
    fn start(mut by: Command, folder: &Path, script: &str, mut task: Value) -> Self {
        for program in ["chromium", "node"] {
            lab::need(program);
        }
        task["chromium"] = path_of("chromium").into();
        let log = folder.join("browser.log");
        let mut process = by
            .arg(lab::root().join("tests/interop/devices").join(script))
            .arg(modules())
            .arg(task.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(&log).expect("the test's folder can be written to"))
            .spawn()
            .expect("node can be started");
        Self {
            commands: process.stdin.take().expect("it is piped"),
            said: BufReader::new(process.stdout.take().expect("it is piped")).lines(),
            process,
            log,
        }
    }

    /// Waits for the next line, which has to be this one.
    fn expect(&mut self, line: &str, server: &Server) {
        let said = self.said.next().and_then(Result::ok);
        let log = || std::fs::read_to_string(&self.log).unwrap_or_default();
        assert_eq!(said.as_deref(), Some(line), "{}\n{}", log(), server.log());
    }

    fn go_on(&mut self) {
        writeln!(self.commands).expect("the script waits for a line");
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        // Both fail when it has ended already. Its browser ends with it, since its pipe is closed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What the API answers, without its head.
fn asked(api: SocketAddr, path: &str, key: &str) -> Value {
    let answer = ask(api, ("GET", path), key);
    let (_, body) = answer.split_once("\r\n\r\n").expect("an answer has a body");
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{path}: {error}: {answer}"))
}

fn count(media: &Value, name: &str) -> i64 {
    media[name].as_i64().unwrap_or_else(|| panic!("no {name} in {media}"))
}

#[test]
fn a_person_is_rung_where_it_may_be_and_else_its_words_are_told() {
    let (folder, lane) = (lab::folder("devices_reach"), Lane::take());
    let at = || SocketAddr::from(([127, 0, 0, 1], lab::free_port()));
    let (api, door, media) = (at(), at(), lab::free_port());
    let (key, lines) = new_key("reach");
    let setup = Setup {
        sip: &format!("strangers = \"answer\"\nws = \"{door}\""),
        media: &format!("browser_port = {media}"),
        sections: &format!("[api]\nlisten = \"{api}\"\n\n{lines}"),
        ..Setup::default()
    };
    let routes = [Route {
        to: "*",
        handler: RECEPTION,
    }];
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    let server = Server::start_with(&folder, &lane, &routes, &setup);
    let relay = Relay::start(SocketAddr::from(([127, 0, 0, 1], media)), LOST_OF);
    let task = json!({
        "url": format!("ws://{door}/client"),
        "door": media,
        "relay": relay.port,
        "tokens": {
            "alice": token(&key, &["--identity", "alice", "--incoming", "--publish"]),
            "dave": token(&key, &["--identity", "dave", "--call", "any", "--watch", "alice"]),
        },
    });
    let mut script = Script::start(Command::new("node"), &folder, "reach.mjs", task);
    for line in ["is available", "talked", "is closed", "was told"] {
        script.expect(line, &server);
    }
    let records = server.expect_records(2);
    let legs = records[0]["legs"].as_array().expect("it has legs");
    let [caller, callee] = [&legs[0]["media"], &legs[1]["media"]];
    let (packets, lost) = (count(caller, "packets_in"), count(caller, "lost"));
    let share = lost as f64 / (packets + lost) as f64;
    assert!(relay.lost() > 20, "{} lost", relay.lost());
    assert!(
        (0.05..0.15).contains(&share),
        "a tenth of hers was lost by the relay: {caller}"
    );
    assert!(count(caller, "remote_lost") > 5, "and of what she heard: {caller}");
    // What she sends is passed on as it comes, so he misses what was lost of it; what he sends arrives whole.
    assert_eq!(count(callee, "lost"), 0, "{callee}");
    let score = |media: &Value| media["mos"].as_f64().expect("it was heard");
    assert!(score(caller) + 0.3 < score(callee), "{caller} {callee}");
    assert_eq!(
        records[1]["legs"].as_array().map(Vec::len),
        Some(1),
        "nothing rang: {}",
        records[1]
    );
    let call = records[1]["call"].as_str().expect("it has a name");
    let trace = asked(api, &format!("/v1/calls/{call}/trace"), &key).to_string();
    // What is said to callers does not stand in a trace, how long it is does.
    let told = "alice says: I am in the cinema until ten.";
    let said = format!("play(speech of {} bytes)", told.len());
    assert!(trace.contains("DoNotDisturb") && trace.contains(&said), "{trace}");
    assert!(!trace.contains(told), "{trace}");
    server.stop();
}

#[test]
fn a_call_goes_on_by_another_network_and_a_pulled_one_ends_a_registration() {
    let (folder, lane) = (lab::folder("devices_move"), Lane::take());
    let network = Network::make();
    let api = SocketAddr::from(([127, 0, 0, 1], lab::free_port()));
    let door = SocketAddr::new(network.node.into(), lab::free_port());
    let (key, lines) = new_key("move");
    let setup = Setup {
        sip: &format!("strangers = \"answer\"\nws = \"{door}\""),
        media: &format!("address = \"{}\"\nbrowser_port = {}", network.node, lab::free_port()),
        sections: &format!("[api]\nlisten = \"{api}\"\n\n{lines}"),
        ..Setup::default()
    };
    let routes = [Route {
        to: "*",
        handler: OFFICE,
    }];
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    let server = Server::start_with(&folder, &lane, &routes, &setup);
    let task = json!({
        "url": format!("ws://{door}/client"),
        "first": Network::prefix(0),
        "second": Network::prefix(1),
        "tokens": {
            "alice": token(&key, &["--identity", "alice", "--incoming", "--call", "any"]),
            "bob": token(&key, &["--identity", "bob", "--incoming"]),
        },
    });
    let mut script = Script::start(network.command("node"), &folder, "move.mjs", task);
    script.expect("talks", &server);
    network.connect(1);
    network.cut(0);
    script.go_on();
    script.expect("moved", &server);
    let records = server.expect_records(1);
    for leg in records[0]["legs"].as_array().expect("it has legs") {
        assert!(count(&leg["media"], "packets_in") > 100, "{leg}");
    }
    let availability = || asked(api, "/v1/presence/alice", &key)["availability"].clone();
    assert_eq!(availability(), "available");
    network.cut(1);
    let pulled = Instant::now();
    while availability() != "unavailable" {
        assert!(pulled.elapsed() < LEASE, "it counts for available still");
        std::thread::sleep(Duration::from_millis(200));
    }
    println!("unavailable {:?} after its network was pulled", pulled.elapsed());
    script.go_on();
    drop(script);
    server.stop();
}

#[test]
fn sound_goes_through_a_turn_server_with_credentials_of_the_node() {
    let (folder, lane) = (lab::folder("devices_relayed"), Lane::take());
    let at = || SocketAddr::from(([127, 0, 0, 1], lab::free_port()));
    let (api, door) = (at(), at());
    let (key, lines) = new_key("relayed");
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    let turn = Turn::start(&folder, "between-us", lane.far_media.start);
    let setup = Setup {
        sip: &format!("strangers = \"answer\"\nws = \"{door}\""),
        media: &format!("browser_port = {}", lab::free_port()),
        sections: &format!(
            "[turn]\nurls = \"turn:127.0.0.1:{}\"\nsecret = \"between-us\"\n\n[api]\nlisten = \"{api}\"\n\n{lines}",
            turn.port
        ),
        ..Setup::default()
    };
    let routes = [Route {
        to: "*",
        handler: OFFICE,
    }];
    let server = Server::start_with(&folder, &lane, &routes, &setup);
    let alice = || token(&key, &["--identity", "alice", "--call", "any"]);
    let task = json!({
        "url": format!("ws://{door}/client"),
        "tokens": {
            "alice": alice(),
            "again": alice(),
            "bob": token(&key, &["--identity", "bob", "--incoming"]),
        },
    });
    let mut script = Script::start(Command::new("node"), &folder, "relayed.mjs", task);
    for line in ["talks", "went on"] {
        script.expect(line, &server);
    }
    let records = server.expect_records(1);
    for leg in records[0]["legs"].as_array().expect("it has legs") {
        assert!(count(&leg["media"], "packets_in") > 100, "{leg}");
    }
    let log = turn.log();
    for identity in ["alice", "bob"] {
        assert!(log.contains(&format!("/{identity}>")), "{log}");
    }
    assert!(!server.log().contains("between-us"), "a secret stands in no log");
    server.stop();
}
