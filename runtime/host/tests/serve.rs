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
use std::sync::mpsc::Receiver;
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
    signal(child, "-TERM");
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill")
        .args([name, &child.id().to_string()])
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

/// A carrier that takes every registration, and knows how long each was to last.
struct Carrier {
    address: SocketAddr,
    asked: Receiver<u32>,
}

impl Carrier {
    fn open() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let (told, asked) = std::sync::mpsc::sync_channel(64);
        std::thread::spawn(move || {
            let mut buffer = [0; 4_096];
            while let Ok((bytes, from)) = socket.recv_from(&mut buffer) {
                let request = String::from_utf8_lossy(&buffer[..bytes]).into_owned();
                let header = |name: &str| request.lines().find(|line| line.starts_with(name)).unwrap_or_default();
                if !request.starts_with("REGISTER") {
                    continue;
                }
                let kept = ["Via:", "From:", "To:", "Call-ID:", "CSeq:", "Contact:", "Expires:"].map(header);
                let to = kept[2];
                let answer = format!("SIP/2.0 200 OK\r\n{}\r\nContent-Length: 0\r\n\r\n", kept.join("\r\n"));
                socket
                    .send_to(answer.replace(to, &format!("{to};tag=c")).as_bytes(), from)
                    .unwrap();
                let expires = kept[6].trim_start_matches("Expires:").trim();
                if told.send(expires.parse().unwrap()).is_err() {
                    return;
                }
            }
        });
        Self { address, asked }
    }

    fn trunk(&self, name: &str) -> String {
        format!(
            "[[trunk]]\nname = \"{name}\"\nhost = \"127.0.0.1\"\nport = {}\nusername = \"us\"\npassword = \"hush-1\"\n\
             realm = \"carrier\"\nregister_s = 3600\noptions_s = 0\n",
            self.address.port()
        )
    }

    /// How long the next registration is to last.
    fn next(&self) -> u32 {
        self.asked
            .recv_timeout(Duration::from_secs(20))
            .expect("a registration")
    }
}

#[test]
fn what_the_file_says_of_routes_and_trunks_is_taken_over_while_calls_go_on() {
    let folder = Folder::new("reload");
    folder.write("hello.wasm", example("hello"));
    folder.write("menu.wasm", example("menu"));
    let plain = configuration("menu.wasm", "30300-30363");
    let (kept, gone, new) = (Carrier::open(), Carrier::open(), Carrier::open());
    let trunks = |one: &Carrier, name: &str| format!("{}{}", kept.trunk("kept"), one.trunk(name));
    let config = folder.write("patchcord.toml", format!("{plain}{}", trunks(&gone, "moves")));
    let mut child = serve(&config).spawn().unwrap();
    let sip = ready(&mut child);
    assert_eq!((kept.next(), gone.next()), (3_600, 3_600));
    let running = std::thread::spawn(move || TestPhone::new("erin", 31).call(sip, "it", Vec::new()));
    std::thread::sleep(Duration::from_millis(600));

    // Half a file, as an editor may leave it.
    folder.write("patchcord.toml", "[sip]\nlisten = ");
    signal(&child, "-HUP");
    // Calls to this number go elsewhere, one trunk is another, and the ports need a restart.
    std::thread::sleep(Duration::from_millis(500));
    let changed = plain
        .replace("to = \"*\"", "to = \"100\"")
        .replace("menu.wasm", "hello.wasm")
        .replace("30363", "30371");
    folder.write("patchcord.toml", format!("{changed}{}", trunks(&new, "moves")));
    signal(&child, "-HUP");
    assert_eq!((gone.next(), new.next()), (0, 3_600));
    let phone = |number: &str, seed| TestPhone::new("fay", seed).call(sip, number, Vec::new());
    let began = std::time::Instant::now();
    while phone("it", 32).end != (End::Refused { status: 404 }) {
        assert!(began.elapsed() < Duration::from_secs(20), "the route is not taken over");
    }
    assert!(phone("100", 33).heard_tone(440.0));
    assert!(
        kept.asked.try_recv().is_err(),
        "a trunk that is as it was keeps its registration"
    );
    assert!(!running.is_finished(), "a call that runs goes on");
    terminate(&child);
    terminate(&child);
    running.join().unwrap();
    let mut log = String::new();
    child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert!(child.wait().unwrap().success(), "{log}");
    for part in [
        "not taken over",
        "this is not TOML",
        "read again",
        "media",
        "after a restart",
    ] {
        assert!(log.contains(part), "no {part:?} in {log}");
    }
    assert!(!log.contains("hush-1"), "{log}");
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
