//! The API against its own document: schemathesis makes requests of all kinds from `/v1/openapi.json`, good and bad, and holds every
//! answer against it: no server error, no answer that is not in the document, no body of another form. Once with nobody on the
//! line, and once with the id of a live call in every path.

use crate::baresip::Telephone;
use crate::lab::{self, Lane, MACHINE};
use crate::server::{Route, Server, Setup};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

const HANDLER: &str = "tests/interop/switchboard";
const PATIENCE: Duration = Duration::from_secs(20);
/// What is looked at in each answer.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
                      response_schema_conformance,negative_data_rejection,ignored_auth";

/// A key, and the lines that let it in.
pub fn new_key(name: &str) -> (String, String) {
    let output = Command::new(lab::patchcord()).args(["key", "--name", name]).output();
    let said = String::from_utf8(output.expect("the program can be started").stdout).expect("it writes UTF-8");
    let (first, lines) = said.split_once('\n').expect("it says several lines");
    let key = first.split_whitespace().last().expect("the key stands at the end");
    (key.to_owned(), lines.to_owned())
}

pub fn ask(api: SocketAddr, (method, path): (&str, &str), key: &str) -> String {
    let mut stream = TcpStream::connect(api).expect("the API listens");
    let request =
        format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {key}\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it takes requests");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

/// The id of the one call that is answered.
fn live_call(api: SocketAddr, key: &str) -> String {
    let end = Instant::now() + PATIENCE;
    loop {
        let answer = ask(api, ("GET", "/v1/calls?status=in-progress"), key);
        if let Some((_, rest)) = answer.split_once("\"id\":\"call_") {
            return format!("call_{}", &rest[..32]);
        }
        assert!(Instant::now() < end, "nobody is on the line: {answer}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Runs it in a folder; what it says if it finds something.
fn schemathesis(folder: &Path, api: SocketAddr, key: &str, more: &[&str]) {
    let mut command = python(folder);
    command
        .env("SCHEMATHESIS_HOOKS", "hooks")
        .env("PYTHONPATH", lab::root().join("tests/interop/api_document"))
        .args(["-m", "schemathesis.cli", "run"])
        .arg(format!("http://{api}/v1/openapi.json"))
        .args(["--header", &format!("Authorization: Bearer {key}")])
        // They end when they like.
        .args(["--exclude-path-regex", "events|/v1/logs"])
        .args([
            "--checks",
            CHECKS,
            "--max-examples",
            "20",
            "--generation-deterministic",
            "--request-timeout",
            "10",
        ])
        .args(more);
    let said = said(&mut command);
    assert!(said.contains("passed"), "{said}");
}

/// The interpreter of `target/python`, in a folder.
pub fn python(folder: &Path) -> Command {
    let program = lab::root().join("target/python/bin/python");
    assert!(program.exists(), "{} is not there: run `make setup`", program.display());
    let mut command = Command::new(program);
    command.current_dir(folder).env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// What a program says that ends well.
fn said(command: &mut Command) -> String {
    let output = command.output().expect("it can be started");
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{said}");
    said
}

#[test]
fn a_client_is_made_of_the_document_and_works() {
    let (folder, lane) = (lab::folder("api_client"), Lane::take());
    let api = SocketAddr::from(([127, 0, 0, 1], lab::free_port()));
    let (key, lines) = new_key("made");
    let sections = format!("[api]\nlisten = \"{api}\"\n\n{lines}");
    let setup = Setup {
        sip: "strangers = \"answer\"",
        sections: &sections,
        ..Setup::default()
    };
    let route = Route {
        to: "*",
        handler: HANDLER,
    };
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    let server = Server::start_with(&folder, &lane, &[route], &setup);
    let document = ask(api, ("GET", "/v1/openapi.json"), &key);
    let (_, document) = document.split_once("\r\n\r\n").expect("an answer has a body");
    std::fs::write(folder.join("document.json"), document).expect("the test's folder can be written to");
    let mut generator = python(&folder);
    generator
        .args(["-m", "openapi_python_client", "generate", "--path", "document.json"])
        .args(["--output-path", "made", "--meta", "none", "--overwrite"]);
    let told = said(&mut generator);
    assert!(!told.contains("Unable to process schema"), "{told}");
    let script = lab::root().join("tests/interop/api_document/client.py");
    let mut client = python(&folder);
    client
        .arg(script)
        .arg(&folder)
        .args([&format!("http://{api}"), &key, "nobody"]);
    let told = said(&mut client);
    assert!(told.contains("the made client works"), "{told}");
    server.stop();
}

#[test]
fn every_answer_is_as_the_document_says() {
    lab::need("baresip");
    let (folder, lane) = (lab::folder("api_document"), Lane::take());
    let api = SocketAddr::from(([127, 0, 0, 1], lab::free_port()));
    let (key, lines) = new_key("schemathesis");
    let sealing = folder.join("secrets.key");
    std::fs::write(&sealing, "5a".repeat(32)).expect("the test's folder can be written to");
    let sections = format!(
        "[api]\nlisten = \"{api}\"\n\n[database]\nsecrets_key = \"file:{}\"\n\n{lines}",
        sealing.display()
    );
    let setup = Setup {
        sip: "strangers = \"answer\"",
        sections: &sections,
        ..Setup::default()
    };
    let route = Route {
        to: "*",
        handler: HANDLER,
    };
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    let server = Server::start_with(&folder, &lane, &[route], &setup);
    schemathesis(&folder, api, &key, &[]);

    let far_end = Lane::far_end();
    let phones = folder.join("phone");
    std::fs::create_dir_all(&phones).expect("the test's folder can be written to");
    let mut phone = Telephone::start(&phones, &far_end, &[0; 8_000]);
    phone.dial(&format!("sip:stay@{}", server.sip));
    let call = live_call(api, &key);
    let config = format!("[parameters]\n\"path.call\" = \"{call}\"\n");
    std::fs::write(folder.join("schemathesis.toml"), config).expect("the test's folder can be written to");
    schemathesis(&folder, api, &key, &["--exclude-operation-id", "endCall"]);
    // It may have been moved to a call of another id: names of handlers are in the answers. The caller is still on the line.
    let now = live_call(api, &key);
    let seen = ask(api, ("GET", &format!("/v1/calls/{call}")), &key);
    assert!(seen.starts_with("HTTP/1.1 200 "), "{seen}");
    let ended = ask(api, ("POST", &format!("/v1/calls/{now}/end")), &key);
    assert!(ended.starts_with("HTTP/1.1 204 "), "{ended}");
    phone.expect("CALL_CLOSED", PATIENCE);
    drop(phone);
    let log = std::fs::read_to_string(folder.join("server.log")).expect("it writes one");
    assert!(!log.contains("panicked") && !log.contains(&key), "{log}");
    server.stop();
}
