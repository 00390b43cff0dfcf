//! SIP.js (npm), unmodified, in a headless Chromium: a telephone over secure WebSocket whose sound is WebRTC. It speaks one tone, and what
//! it hears can be read while it does.

use crate::console::{modules, path_of};
use crate::lab;
use crate::office::{Account, Phone};
use base64ct::{Base64, Encoding};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The browser itself takes some seconds to start.
const PATIENCE: Duration = Duration::from_secs(30);

/// What it told so far.
#[derive(Default)]
struct Told {
    events: Vec<Value>,
    /// Events that somebody has waited for.
    seen: usize,
    heard: Vec<i16>,
}

/// A running telephone; killed when dropped.
pub struct Telephone {
    process: Child,
    commands: ChildStdin,
    folder: PathBuf,
    told: Arc<(Mutex<Told>, Condvar)>,
}

impl Telephone {
    /// Starts a telephone that registers with the server of an account, at its WebSocket door.
    pub fn start(folder: PathBuf, account: &Account, door: SocketAddr, hz: u16) -> Self {
        for program in ["chromium", "node"] {
            lab::need(program);
        }
        let task = json!({
            "user": account.user,
            "domain": account.domain,
            "password": account.password,
            "server": format!("wss://{door}"),
            "hz": hz,
            "chromium": path_of("chromium"),
            "flags": [],
        });
        let said = std::fs::File::create(folder.join("browser.log")).expect("the test's folder can be written to");
        let mut process = Command::new("node")
            .arg(lab::root().join("tests/interop/sipjs/phone.mjs"))
            .arg(modules())
            .arg(task.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(said)
            .spawn()
            .expect("node can be started");
        let commands = process.stdin.take().expect("it is piped");
        let output = process.stdout.take().expect("it is piped");
        let told: Arc<(Mutex<Told>, Condvar)> = Arc::default();
        let into = told.clone();
        std::thread::spawn(move || read(output, &into));
        Self {
            process,
            commands,
            folder,
            told,
        }
    }

    fn command(&mut self, command: &str, user: Option<&str>) {
        let line = json!({ "command": command, "user": user }).to_string();
        writeln!(self.commands, "{line}").expect("the telephone takes commands while it runs");
    }

    /// Waits for an event that has not been waited for; those before it are passed over.
    fn expect(&self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + PATIENCE;
        let (told, news) = &*self.told;
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let from = told.seen;
            if let Some(at) = told.events[from..].iter().position(&fits) {
                told.seen = from + at + 1;
                return told.events[from + at].clone();
            }
            let left = end.saturating_duration_since(Instant::now());
            let log = || std::fs::read_to_string(self.folder.join("browser.log")).unwrap_or_default();
            assert!(!left.is_zero(), "no {what}; it told {:?}\n{}", told.events, log());
            told = news.wait_timeout(told, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn expect_event(&self, event: &str) -> Value {
        self.expect(event, |told| told["event"] == event)
    }

    /// Looks for another way to the server while it talks (RFC 8445 section 2.4).
    pub fn restart_ice(&mut self) {
        self.command("restart", None);
    }

    /// How the browser says that its call goes.
    pub fn stats(&mut self) -> Value {
        self.command("stats", None);
        self.expect_event("stats")
    }
}

fn read(output: ChildStdout, into: &(Mutex<Told>, Condvar)) {
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        let event: Value = serde_json::from_str(&line).expect("a line is JSON");
        let mut told = into.0.lock().unwrap_or_else(PoisonError::into_inner);
        match event["heard"].as_str() {
            Some(heard) => {
                let bytes = Base64::decode_vec(heard).expect("sound is base64");
                let samples = bytes.as_chunks::<2>().0.iter().map(|bytes| i16::from_le_bytes(*bytes));
                told.heard.extend(samples);
            }
            None => told.events.push(event),
        }
        into.1.notify_all();
    }
}

impl Phone for Telephone {
    fn wait_registered(&mut self) {
        self.expect("registration", |told| told["state"] == "Registered");
    }

    fn call(&mut self, user: &str) {
        self.command("call", Some(user));
    }

    fn answer(&mut self) {
        self.expect_event("incoming");
        self.command("answer", None);
    }

    fn wait_talking(&mut self) {
        self.expect_event("established");
    }

    fn hold(&mut self) {
        self.command("hold", None);
    }

    fn resume(&mut self) {
        self.command("resume", None);
    }

    fn transfer(&mut self, user: &str) {
        self.command("transfer", Some(user));
    }

    fn hang_up(&mut self) {
        self.command("hangup", None);
    }

    fn wait_hung_up(&mut self) {
        self.expect_event("terminated");
    }

    fn heard(&self) -> Vec<i16> {
        self.told.0.lock().unwrap_or_else(PoisonError::into_inner).heard.clone()
    }
}

impl Drop for Telephone {
    fn drop(&mut self) {
        // Both fail when it has ended already. Its browser ends with it, since its pipe is closed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
