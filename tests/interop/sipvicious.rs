//! sipvicious (Debian 0.3): what everybody who listens at 5060 is visited by within the hour. Looks for SIP at all, and
//! for users of whom a server speaks otherwise than of those it has not. Not here: what our server has to show it (nothing).

use crate::lab;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

/// How it asks for a user.
#[derive(Clone, Copy, Debug)]
pub enum Method {
    Register,
    Invite,
    Options,
}

impl Method {
    pub const ALL: [Method; 3] = [Method::Register, Method::Invite, Method::Options];

    fn name(self) -> &'static str {
        match self {
            Self::Register => "REGISTER",
            Self::Invite => "INVITE",
            Self::Options => "OPTIONS",
        }
    }
}

/// What it says is at this address: the names of the programs; empty if it found nothing that speaks SIP.
pub fn devices(folder: &Path, target: SocketAddr) -> Vec<String> {
    let rows = table(&run(folder, "svmap", target, &[]));
    rows.into_iter().map(|(_, agent)| agent).collect()
}

/// The users it believes in, of those it was told to try, with what it says of each.
pub fn users(folder: &Path, target: SocketAddr, method: Method, tried: &[&str]) -> Vec<(String, String)> {
    let dictionary = folder.join("dictionary");
    std::fs::write(&dictionary, tried.join("\n")).expect("the test's folder can be written to");
    let dictionary = dictionary.to_string_lossy().into_owned();
    let options = ["-d", &dictionary, "-m", method.name(), "--maximumtime=5"];
    table(&run(folder, "svwar", target, &options))
}

fn run(folder: &Path, program: &str, target: SocketAddr, options: &[&str]) -> String {
    lab::need(program);
    let output = Command::new("timeout")
        .args(["60", program, "-p", &target.port().to_string(), "-b", "127.0.0.1"])
        // Two of them at the same port of their own would take each other's answers.
        .args(["-P", &lab::free_port().to_string()])
        .args(options)
        .arg(target.ip().to_string())
        .env("HOME", folder)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .expect("a program that is there can be started");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let log = said.clone() + &String::from_utf8_lossy(&output.stderr);
    std::fs::write(folder.join(format!("{program}.log")), log).expect("the test's folder can be written to");
    said
}

/// The rows of its tables of two columns, without the heading.
pub fn table(said: &str) -> Vec<(String, String)> {
    let rows = said.lines().filter_map(|line| {
        let (left, right) = line.strip_prefix('|')?.strip_suffix('|')?.split_once('|')?;
        Some((left.trim().to_owned(), right.trim().to_owned()))
    });
    rows.skip(1).collect()
}
