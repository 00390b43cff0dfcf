//! A TURN server: coturn, which gives relays to whoever has a name and password made with its secret.

use crate::lab;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Ports for relays: a call takes one each.
const RELAYS: u16 = 16;
/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(10);

/// Killed when dropped.
pub struct Turn {
    process: Child,
    pub port: u16,
    log: PathBuf,
}

impl Turn {
    /// One that shares this secret, and whose ports for relays begin here.
    pub fn start(folder: &Path, secret: &str, first_relay: u16) -> Self {
        lab::need("turnserver");
        let (port, log) = (lab::free_port(), folder.join("turn.log"));
        let file = File::create(&log).expect("the test's folder can be written to");
        let process = Command::new("turnserver")
            .args([
                "-n",
                "--use-auth-secret",
                "--realm=patchcord.test",
                "--listening-ip=127.0.0.1",
                "--relay-ip=127.0.0.1",
            ])
            // Everything is on loopback here, which a relay should never lead to elsewhere.
            .args([
                "--allow-loopback-peers",
                "--no-tls",
                "--no-dtls",
                "--no-cli",
                "--verbose",
            ])
            .args(["--log-file=stdout", "--simple-log"])
            .arg(format!("--static-auth-secret={secret}"))
            .arg(format!("--listening-port={port}"))
            .arg(format!("--min-port={first_relay}"))
            .arg(format!("--max-port={}", first_relay + RELAYS))
            .arg(format!("--pidfile={}", folder.join("turn.pid").display()))
            .arg(format!("--userdb={}", folder.join("turn.db").display()))
            .stdout(file.try_clone().expect("a file has two ends"))
            .stderr(file)
            .stdin(Stdio::null())
            .spawn()
            .expect("turnserver can be started");
        let turn = Self { process, port, log };
        let started = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(started.elapsed() < PATIENCE, "it does not start: {}", turn.log());
            std::thread::sleep(Duration::from_millis(50));
        }
        turn
    }

    /// What it has said.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // Both fail when it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
