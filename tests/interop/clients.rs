//! The JavaScript SDK against the real server: devices sign in with tokens that `patchcord token` made, call a handler and each other,
//! lose their connection and come back, and are refused what their tokens do not allow. Peer connections are pretend ones that write
//! plain descriptions; what browsers do with real ones is tested elsewhere. And the types of the SDK, by TypeScript.

use crate::api_document::new_key;
use crate::console::modules;
use crate::lab::{self, Lane, MACHINE};
use crate::server::{Route, Server, Setup};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::PoisonError;

#[test]
fn the_sdk_keeps_to_its_types() {
    let checker = modules().join(".bin/tsc");
    let project = lab::root().join("client-sdk/js");
    lab::run(Command::new(checker).arg("--project").arg(project));
}

#[test]
fn the_sdk_works_without_a_server_where_it_can() {
    lab::need("node");
    let tests = lab::root().join("client-sdk/js/test");
    lab::run(
        Command::new("node")
            .args([
                "--test",
                "--test-force-exit",
                "--test-timeout=60000",
                "--test-reporter=spec",
            ])
            .current_dir(&tests)
            .args(["connection.test.js", "call.test.js"]),
    );
}

/// A token of the command line's.
pub fn token(key: &str, more: &[&str]) -> String {
    let tenant = if more.contains(&"--tenant") {
        &[][..]
    } else {
        &["--tenant", "default"]
    };
    let output = Command::new(lab::patchcord())
        .arg("token")
        .args(tenant)
        .args(more)
        .env("PATCHCORD_KEY", key)
        .stderr(Stdio::inherit())
        .output()
        .expect("the program can be started");
    assert!(output.status.success(), "a token is made");
    String::from_utf8(output.stdout)
        .expect("it writes UTF-8")
        .trim()
        .to_owned()
}

#[test]
fn the_document_shows_what_the_tests_make_tokens_with() {
    let text = |file: &str| std::fs::read_to_string(lab::root().join(file)).expect("it is in the repository");
    let document = text("docs/client-protocol.md");
    for file in ["tests/interop/clients/token.mjs", "tests/interop/clients/token.py"] {
        assert!(document.contains(&text(file)), "{file} is not what the document shows");
    }
}

#[test]
fn devices_of_the_sdk_call_and_come_back() {
    lab::need("node");
    let (folder, lane) = (lab::folder("clients"), Lane::take());
    let address = || SocketAddr::from(([127, 0, 0, 1], lab::free_port()));
    let (api, door) = (address(), address());
    let (key, lines) = new_key("clients");
    let (stranger, _) = new_key("stranger");
    let sections = format!("[api]\nlisten = \"{api}\"\n\n{lines}");
    let sip = format!("strangers = \"answer\"\nws = \"{door}\"");
    let setup = Setup {
        sip: &sip,
        sections: &sections,
        ..Setup::default()
    };
    let routes = [
        Route {
            to: "hello",
            handler: "examples/hello",
        },
        Route {
            to: "*",
            handler: "examples/office",
        },
    ];
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    let server = Server::start_with(&folder, &lane, &routes, &setup);
    let task = serde_json::json!({
        "url": format!("ws://{door}/client"),
        "sip": format!("ws://{door}/"),
        "key": key,
        "tokens": {
            "alice": token(&key, &["--identity", "alice", "--incoming", "--call", "any"]),
            "again": token(&key, &["--identity", "alice", "--incoming", "--call", "any", "--ttl", "2h"]),
            "bob": token(&key, &["--identity", "bob", "--incoming"]),
            "carol": token(&key, &["--identity", "carol", "--call", "hello", "--param", "queue=sales"]),
            "forged": token(&stranger, &["--identity", "alice", "--call", "hello"]),
            "foreign": token(&key, &["--tenant", "elsewhere", "--identity", "alice"]),
        },
    });
    let tests = lab::root().join("tests/interop/clients/clients.test.mjs");
    let said = Command::new("node")
        .args([
            "--experimental-websocket",
            "--test",
            "--test-force-exit",
            "--test-timeout=60000",
            "--test-reporter=spec",
        ])
        .arg(tests)
        .env("CLIENTS_TASK", task.to_string())
        .output()
        .expect("node can be started");
    let text = String::from_utf8_lossy(&said.stdout);
    assert!(
        said.status.success(),
        "{text}\n{}",
        String::from_utf8_lossy(&said.stderr)
    );
    println!("{text}");
    server.settle();
    let log = server.log();
    assert!(!log.contains(&key), "no key is logged");
    for (name, token) in task["tokens"].as_object().expect("it is one") {
        assert!(
            !log.contains(token.as_str().expect("a text")),
            "the token of {name} is not logged"
        );
    }
    server.stop();
}
