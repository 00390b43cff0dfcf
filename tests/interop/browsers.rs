//! A foreign browser and our transport of media: Chromium connects over ICE (lite and full, UDP and TCP), agrees on keys by DTLS in both
//! roles, hears its own voice come back, restarts ICE and goes on, and hangs up. Strangers knock at the same port meanwhile.

#[path = "browsers/echo.rs"]
mod echo;

use crate::console::{modules, path_of};
use crate::lab;
use echo::Echo;
use serde_json::{Value, json};
use std::net::UdpSocket;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Runs Chromium through calls, one for each way; what it says of each.
fn calls(echo: &Echo, name: &str, flags: &[&str], ways: &[Value]) -> Vec<Value> {
    for program in ["chromium", "node"] {
        lab::need(program);
    }
    let folder = lab::folder(name);
    let task = json!({
        "url": format!("http://{}/", echo.http),
        "chromium": path_of("chromium"),
        "flags": flags,
        "ways": ways,
    });
    let said = std::fs::File::create(folder.join("browser.log")).expect("the test's folder can be written to");
    let browser = Command::new("node")
        .arg(lab::root().join("tests/interop/browsers/browsers.mjs"))
        .arg(modules())
        .arg(task.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(said)
        .output()
        .expect("node can be started");
    let said = std::fs::read_to_string(folder.join("browser.log")).unwrap_or_default();
    let lines = String::from_utf8_lossy(&browser.stdout);
    assert!(browser.status.success(), "{lines}\n{said}");
    lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line is JSON"))
        .collect()
}

fn is_well(call: &Value) {
    let report = &call["report"];
    assert_eq!(call["restarted"], true, "{call}");
    assert!(call["received"].as_u64() >= Some(300), "{call}");
    assert!(call["lost"].as_i64() <= Some(10), "{call}");
    assert!(report["heard"].as_u64() >= Some(300), "{call}");
    assert!(report["reports"].as_u64() >= Some(1), "{call}");
    assert_eq!(report["unreadable"], 0, "{call}");
    assert_eq!(report["keys"], 1, "a restart changes no key: {call}");
    assert!(report["paths"].as_u64() >= Some(1), "{call}");
    assert_eq!(report["states"], json!(["Connected"]), "{call}");
    assert_eq!(report["closed"], "ByFarEnd", "{call}");
}

#[test]
fn chromium_hears_itself_in_all_ways_of_connecting() {
    let echo = Echo::start();
    let ways = [
        json!({ "ice": "lite", "setup": "passive", "over": "udp" }),
        json!({ "ice": "full", "setup": "passive", "over": "udp" }),
        json!({ "ice": "full", "setup": "active", "over": "udp" }),
        json!({ "ice": "lite", "setup": "active", "over": "tcp" }),
    ];
    let strangers = Strangers::knock_at(&echo);
    let calls = calls(&echo, "browsers", &[], &ways);
    drop(strangers);
    assert_eq!(calls.len(), ways.len());
    for call in &calls {
        println!("{call}");
        is_well(call);
        assert!(call["report"]["strangers"].as_u64() > Some(10), "{call}");
    }
    // FEFD is DTLS 1.2, FEFC 1.3.
    assert_eq!(calls[2]["tls"], "FEFD", "as the side that says hello we offer 1.2");
}

#[test]
fn chromium_without_dtls_1_3_hears_itself_too() {
    let echo = Echo::start();
    let ways = [json!({ "ice": "lite", "setup": "passive", "over": "udp" })];
    let flag = "--force-fieldtrials=WebRTC-ForceDtls13/Disabled/";
    let calls = calls(&echo, "browsers-dtls-1.2", &[flag], &ways);
    println!("{}", calls[0]);
    is_well(&calls[0]);
    assert_eq!(calls[0]["tls"], "FEFD");
    assert_eq!(
        calls[0]["report"]["profile"], "AEAD_AES_256_GCM",
        "the side that is called chooses, and likes this best"
    );
}

/// Somebody who sends what is none of his business to a port, until dropped.
struct Strangers {
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Strangers {
    fn knock_at(echo: &Echo) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (told, to) = (Arc::clone(&stop), echo.udp);
        let thread = std::thread::spawn(move || {
            let socket = UdpSocket::bind(("127.0.0.1", 0)).expect("a port is free");
            let sound = [&[0x80, 111][..], &[0; 60]].concat();
            let hello = [&[22, 254, 253][..], &[0; 60]].concat();
            // A question of nobody's, for nobody.
            let question = [&[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42][..], &[7; 12]].concat();
            while !told.load(Ordering::Relaxed) {
                for datagram in [&sound, &hello, &question] {
                    // Nothing comes back, whatever happens.
                    let _ = socket.send_to(datagram, to);
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            socket.set_nonblocking(true).expect("a socket can be told not to wait");
            assert!(socket.recv(&mut [0; 10]).is_err(), "a stranger gets no answer");
        });
        Self {
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Strangers {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let ended = self.thread.take().map(std::thread::JoinHandle::join);
        assert!(matches!(ended, None | Some(Ok(()))), "a stranger got an answer");
    }
}
