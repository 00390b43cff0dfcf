//! The console's telephone in a foreign browser, with a pretend microphone: it registers, calls a handler and hears it, sees how a
//! colleague is, takes a call of a telephone on whatever page, is muted and held, and sends keys. At a desk and on a phone, light and
//! dark; screenshots are left in the test's folder.

use crate::api_document::new_key;
use crate::console::{modules, path_of, speech_at};
use crate::lab::{self, Lane, MACHINE};
use crate::server::{Route, Server, Setup};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::PoisonError;

/// Speaks to whoever calls, and says which keys were pressed.
const HANDLER: &str = "tests/interop/narrator";
/// Rings the user who is called.
const OFFICE: &str = "examples/office";
/// Longer than a page takes to answer, speak and hang up.
const CALL_S: &str = "120";

/// A telephone that calls alice and speaks; killed when dropped.
struct Caller(Child);

impl Caller {
    fn dial(folder: &Path, sip: SocketAddr, name: &str) -> Self {
        let speech = folder.join("speech.wav");
        let samples: Vec<i16> = (0..8_000 * 30).map(speech_at).collect();
        std::fs::write(&speech, patchcord_media::write_wav(8_000, &samples))
            .expect("the test's folder can be written to");
        let log = std::fs::File::create(folder.join("caller.log")).expect("the test's folder can be written to");
        let process = Command::new(lab::patchcord())
            .args(["call", &format!("sip:alice@{sip}"), "--from", name])
            .args(["--duration", CALL_S, "--say"])
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

#[test]
fn a_page_of_the_console_is_a_telephone() {
    for program in ["chromium", "node"] {
        lab::need(program);
    }
    let (folder, lane) = (lab::folder("phone"), Lane::take());
    let at = || SocketAddr::from(([127, 0, 0, 1], lab::free_port()));
    let (api, door, media) = (at(), at(), lab::free_port());
    let (key, lines) = new_key("phone");
    let sections = format!("[api]\nlisten = \"{api}\"\n\n{lines}");
    let setup = Setup {
        sip: &format!("strangers = \"answer\"\nws = \"{door}\""),
        media: &format!("browser_port = {media}"),
        sections: &sections,
        ..Setup::default()
    };
    let routes = [("alice", OFFICE), ("*", HANDLER)].map(|(to, handler)| Route { to, handler });
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    let server = Server::start_with(&folder, &lane, &routes, &setup);
    let task = serde_json::json!({
        "url": format!("http://{api}/"),
        "key": key,
        "folder": folder,
        "chromium": path_of("chromium"),
    });
    let said = std::fs::File::create(folder.join("browser.log")).expect("the test's folder can be written to");
    let mut browser = Command::new("node")
        .arg(lab::root().join("tests/interop/phone/phone.mjs"))
        .arg(modules())
        .arg(task.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(said)
        .spawn()
        .expect("node can be started");
    let output = browser.stdout.take().expect("it is piped");
    let mut callers = Vec::new();
    let mut heard = Vec::new();
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        if let Some(name) = line.strip_prefix("call me as ") {
            callers.push(Caller::dial(&folder, server.sip, name));
        }
        heard.push(line);
    }
    let ended = browser.wait().expect("it was started");
    let said = std::fs::read_to_string(folder.join("browser.log")).unwrap_or_default();
    assert!(ended.success(), "it saw {heard:?} and then\n{said}\n{}", server.log());
    let right = [
        "registered",
        "saw a colleague",
        "heard a handler",
        "dialled",
        "call me as carol",
        "answered",
        "call me as dave",
        "rejected",
        "all is well",
    ];
    assert_eq!(heard, right);
    drop(callers);
    let log = server.log();
    assert!(
        !log.contains(&key) && !log.contains("eyJ"),
        "no key and no token is logged"
    );
    server.stop();
}
