//! The console in a foreign browser: a call is seen as it comes, on its own page, ended there, and its recording listened to, at a
//! desk and on a phone, light and dark; no error on the browser's console, no request to another host. And the console's types, by
//! TypeScript. Screenshots are left in the test's folder.

use crate::api_document::new_key;
use crate::lab::{self, Lane, MACHINE};
use crate::server::{Route, Server, Setup};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::PoisonError;

const HANDLER: &str = "tests/interop/narrator";
/// Asks web servers, so it needs a permission more.
const ASKER: &str = "examples/lookup";
/// Longer than everything takes; the console ends the call.
const CALL_S: &str = "280";

pub fn modules() -> PathBuf {
    let modules = lab::root().join("target/node/node_modules");
    assert!(modules.is_dir(), "{} is not there: run `make setup`", modules.display());
    modules
}

/// Where a program is.
pub fn path_of(program: &str) -> String {
    let found = Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .output();
    let path = found.expect("a shell can be started").stdout;
    String::from_utf8_lossy(&path).trim().to_owned()
}

#[test]
fn the_console_keeps_to_its_types() {
    let checker = modules().join(".bin/tsc");
    let files = lab::root().join("runtime/host/console");
    lab::run(Command::new(checker).arg("--project").arg(files));
}

/// A telephone that speaks to whoever answers; killed when dropped.
struct Caller(Child);

impl Caller {
    fn dial(folder: &Path, sip: SocketAddr) -> Self {
        let speech = folder.join("speech.wav");
        let samples: Vec<i16> = (0..8_000 * 30).map(speech_at).collect();
        std::fs::write(&speech, patchcord_media::write_wav(8_000, &samples))
            .expect("the test's folder can be written to");
        let log = std::fs::File::create(folder.join("caller.log")).expect("the test's folder can be written to");
        let process = Command::new(lab::patchcord())
            .args([
                "call",
                &format!("sip:narrator@{sip}"),
                "--from",
                "alice",
                "--duration",
                CALL_S,
                "--say",
            ])
            .arg(speech)
            .stdin(Stdio::null())
            .stdout(
                log.try_clone()
                    .expect("a file can be shared by both outputs of a process"),
            )
            .stderr(log)
            .spawn();
        Self(process.expect("the program can be started"))
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        // Both fail when the call was ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Words, nearly: a tone that swells and fades four times a second, with a pause after each third.
pub fn speech_at(sample: u32) -> i16 {
    let second = f64::from(sample) / 8_000.0;
    let swell = (second * 4.0 * std::f64::consts::PI).sin().abs();
    let pause = f64::from(u8::from(second % 1.0 < 0.75));
    ((second * 220.0 * std::f64::consts::TAU).sin() * swell * pause * 12_000.0) as i16
}

#[test]
fn a_call_is_watched_ended_and_listened_to_in_a_browser() {
    for program in ["chromium", "node"] {
        lab::need(program);
    }
    let (folder, lane) = (lab::folder("console"), Lane::take());
    let api = SocketAddr::from(([127, 0, 0, 1], lab::free_port()));
    let (key, lines) = new_key("console");
    let journals = folder.join("journals");
    let sections = format!(
        "[api]\nlisten = \"{api}\"\n\n[journal]\nfolder = \"{}\"\n\n{lines}",
        journals.display()
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
    let task = serde_json::json!({
        "url": format!("http://{api}/"),
        "key": key,
        "folder": folder,
        "chromium": path_of("chromium"),
        "modules": [lab::module(HANDLER), lab::module(ASKER)],
    });
    let said = std::fs::File::create(folder.join("browser.log")).expect("the test's folder can be written to");
    let mut browser = Command::new("node")
        .arg(lab::root().join("tests/interop/console/console.mjs"))
        .arg(modules())
        .arg(task.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(said)
        .spawn()
        .expect("node can be started");
    let output = browser.stdout.take().expect("it is piped");
    let mut caller = None;
    let mut heard = Vec::new();
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        if line == "watching" {
            caller = Some(Caller::dial(&folder, server.sip));
        }
        heard.push(line);
    }
    let ended = browser.wait().expect("it was started");
    let said = std::fs::read_to_string(folder.join("browser.log")).unwrap_or_default();
    assert!(ended.success(), "it saw {heard:?} and then\n{said}");
    assert_eq!(heard, ["watching", "listened", "rolled back", "all is well"]);
    drop(caller);
    assert!(!server.log().contains(&key), "no key is logged");
    server.stop();
}
