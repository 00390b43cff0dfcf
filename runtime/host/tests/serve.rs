//! `patchcord serve` as a process: a configuration file in, a call through, signals, and what bad input gets.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(
    unreachable_pub,
    dead_code,
    reason = "a test binary exports nothing, and uses a part of what tests share"
)]

mod support;

use patchcord_sim::phone::End;
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;
use support::example;
use support::phone::TestPhone;

/// A folder of its own for each test, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("patchcord-serve-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let file = self.0.join(name);
        std::fs::write(&file, bytes).unwrap();
        file
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A configuration on free ports (below those the system gives to phones) whose only handler is `file`.
fn configuration(file: &str, ports: &str) -> String {
    format!(
        "[sip]\nlisten = \"127.0.0.1:0\"\nstrangers = \"answer\"\nthreads = 2\n[http]\nlisten = \"127.0.0.1:0\"\n\
         [media]\nports = \"{ports}\"\nthreads = 1\n[limits]\ncalls = 8\ndrain_s = 20\n\
         [[handler]]\nname = \"it\"\nmodule = \"{file}\"\n[[route]]\nto = \"*\"\nhandler = \"it\"\n"
    )
}

fn serve(config: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_patchcord"));
    command
        .args(["serve", "--config"])
        .arg(config)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// The SIP address of the line that says the node is ready.
fn ready(child: &mut Child) -> SocketAddr {
    let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    let line = lines.next().expect("the node starts").unwrap();
    let address = line.strip_prefix("ready sip=").and_then(|rest| rest.split(' ').next());
    address.unwrap_or_else(|| panic!("{line}")).parse().unwrap()
}

fn terminate(child: &Child) {
    let sent = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
}

#[test]
fn a_signal_lets_the_call_finish_and_everything_is_written() {
    let folder = Folder::new("drain");
    folder.write("hello.wasm", example("hello"));
    let config = folder.write("patchcord.toml", configuration("hello.wasm", "30000-30063"));
    let mut child = serve(&config).spawn().unwrap();
    let sip = ready(&mut child);
    let call = std::thread::spawn(move || TestPhone::new("erin.4712", 11).call(sip, "it", Vec::new()));
    std::thread::sleep(Duration::from_millis(600));
    terminate(&child);
    let outcome = call.join().unwrap();
    assert!(
        outcome.end == End::ByFarEnd && outcome.heard_tone(440.0),
        "{:?}",
        outcome.events
    );
    let mut log = String::new();
    child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert!(child.wait().unwrap().success(), "{log}");
    assert!(
        log.contains("draining") && log.contains("stopped") && !log.contains("4712"),
        "{log}"
    );
    let records = std::fs::read_to_string(folder.0.join("calls.jsonl")).unwrap();
    assert_eq!(records.lines().count(), 1);
    assert!(
        records.contains("erin.4712") && records.contains("ended_by_handler"),
        "{records}"
    );
}

#[test]
fn a_second_signal_ends_the_calls_at_once() {
    let folder = Folder::new("hurry");
    folder.write("menu.wasm", example("menu"));
    let config = folder.write("patchcord.toml", configuration("menu.wasm", "30100-30163"));
    let mut child = serve(&config).spawn().unwrap();
    let sip = ready(&mut child);
    let call = std::thread::spawn(move || TestPhone::new("fay", 12).call(sip, "it", Vec::new()));
    std::thread::sleep(Duration::from_millis(600));
    terminate(&child);
    std::thread::sleep(Duration::from_millis(300));
    terminate(&child);
    let outcome = call.join().unwrap();
    assert!(child.wait().unwrap().success());
    let seconds = outcome.heard.len() / 8_000;
    assert!(
        outcome.end == End::ByFarEnd && seconds < 3,
        "the menu takes longer than {seconds} s: {:?}",
        outcome.events
    );
    let records = std::fs::read_to_string(folder.0.join("calls.jsonl")).unwrap();
    assert!(records.contains("ended_by_platform"), "{records}");
}

#[test]
fn what_is_wrong_is_one_sentence_and_a_status() {
    let folder = Folder::new("wrong");
    folder.write("hello.wasm", example("hello"));
    folder.write("text.wasm", "this is no module");
    let broken = patchcord_guest::wrap(
        &support::example_core("hello"),
        &[("menu.wav".to_owned(), b"RIFF, but no more".to_vec())],
    )
    .unwrap();
    folder.write("broken.wasm", broken);
    let holder = UdpSocket::bind("127.0.0.1:0").unwrap();
    let taken = holder.local_addr().unwrap();
    for (text, parts) in [
        (
            configuration("gone.wasm", "30200-30263"),
            vec!["gone.wasm", "\"it\"", "cannot be read"],
        ),
        (
            configuration("text.wasm", "30200-30263"),
            vec!["text.wasm", "\"it\"", "not WebAssembly"],
        ),
        (
            configuration("broken.wasm", "30200-30263"),
            vec!["broken.wasm", "menu.wav", "cannot be played"],
        ),
        (
            configuration("hello.wasm", "30200-30263").replace("127.0.0.1:0", "127.0.0.1"),
            vec!["patchcord.toml:2", "[sip] listen"],
        ),
        (
            configuration("hello.wasm", "30200-30205"),
            vec!["[limits] calls", "8 calls need"],
        ),
        (
            configuration("hello.wasm", "30200-30263").replace("calls = 8", "cals = 8"),
            vec!["patchcord.toml:11", "`cals`", "`calls`"],
        ),
    ] {
        fails(&folder.write("patchcord.toml", text), &parts);
    }
    let text = configuration("hello.wasm", "30200-30263").replacen("127.0.0.1:0", &taken.to_string(), 1);
    fails(
        &folder.write("patchcord.toml", text),
        &["is in use", &taken.port().to_string(), "[sip] listen"],
    );
    drop(holder);
    fails(&folder.0.join("none.toml"), &["none.toml", "cannot be read"]);
    assert!(
        !folder.0.join("calls.jsonl").exists(),
        "a node that does not start writes nothing"
    );
}

/// The process ends with an error that is one sentence holding all these parts.
fn fails(config: &Path, parts: &[&str]) {
    let Output { status, stdout, stderr } = serve(config).output().unwrap();
    let error = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(1), "{error}");
    assert!(stdout.is_empty(), "nothing was ready");
    assert_eq!(error.trim_end().lines().count(), 1, "{error}");
    for part in parts {
        assert!(error.contains(part), "no {part} in {error}");
    }
}
