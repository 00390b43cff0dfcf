//! Events by WebSocket, read with Python's `websockets`, by a key in a header and by one among the subprotocols.

use crate::api_document::{new_key, python};
use crate::lab::{self, Lane, MACHINE};
use crate::server::{Route, Server, Setup};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::PoisonError;

#[test]
fn a_foreign_client_reads_a_call_from_its_first_event_to_its_last() {
    let (folder, lane) = (lab::folder("event_readers"), Lane::take());
    let api = SocketAddr::from(([127, 0, 0, 1], lab::free_port()));
    let (key, lines) = new_key("reader");
    let sections = format!("[api]\nlisten = \"{api}\"\n\n{lines}");
    let setup = Setup {
        sip: "strangers = \"answer\"",
        sections: &sections,
        ..Setup::default()
    };
    let route = Route {
        to: "*",
        handler: "examples/hello",
    };
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    let server = Server::start_with(&folder, &lane, &[route], &setup);
    let mut reader = python(&folder)
        .arg(lab::root().join("tests/interop/event_readers/reader.py"))
        .args([&api.to_string(), &key])
        .stdout(Stdio::piped())
        .spawn()
        .expect("it can be started");
    let mut said = BufReader::new(reader.stdout.take().expect("it is piped")).lines();
    let first = said.next().and_then(Result::ok);
    assert_eq!(first.as_deref(), Some("reading"));
    lab::run(Command::new(lab::patchcord()).args(["call", &format!("sip:hello@{}", server.sip)]));
    let kinds = said.next().and_then(Result::ok).expect("it has read a call");
    assert!(reader.wait().expect("it ends").success());
    assert_eq!(kinds, "call-started leg-answered leg-ended call-ended");
    let log = std::fs::read_to_string(folder.join("server.log")).expect("it writes one");
    assert!(!log.contains(&key), "{log}");
    server.stop();
}
