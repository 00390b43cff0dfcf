//! What an idle connection weighs, in memory of this process: many of each kind, and what was used before and after.

use super::rig::{Authority, Plan, Rig, expect, options, write};
use super::secure::{plan, secure};
use patchcord_sip::Transport;
use std::io::{Read, Write};

/// So many of each kind; both ends are in this process, and the clients' end of TLS is counted by itself.
const CONNECTIONS: u64 = 400;
/// A plain connection may take so much.
const PLAIN_KIB: f64 = 8.0;
/// A connection under TLS may take so much, its client included.
const SECURE_KIB: f64 = 64.0;

fn resident_kib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// KiB for each of many connections that have carried a message and now wait.
fn weigh<S: Read + Write>(rig: &Rig, connect: impl Fn() -> S) -> f64 {
    // What is made once is not counted.
    let mut warm = connect();
    write(&mut warm, &options("warm"));
    rig.message();
    let before = resident_kib();
    let mut phones: Vec<S> = (0..CONNECTIONS).map(|_| connect()).collect();
    for phone in &mut phones {
        write(phone, &options("1"));
        rig.message();
        write(phone, b"\r\n\r\n");
        expect(phone, b"\r\n");
    }
    rig.wait(|figures| figures.connections.get(), CONNECTIONS + 1);
    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    let each = (resident_kib() - before) / CONNECTIONS as f64;
    each
}

/// Alone in its process, or other tests' memory is counted too: `cargo test -p patchcord-host weigh -- --ignored --nocapture
/// --test-threads 1`.
#[test]
#[ignore = "measures the whole process, so it runs alone"]
fn an_idle_connection_weighs_little() {
    let rig = Plan::of(Transport::Tcp).start();
    let plain = weigh(&rig, || rig.dial());
    println!("TCP: {plain:.1} KiB for an idle connection, client included");
    let authority = Authority::new();
    let rig = plan(Transport::Tls, &authority).start();
    let both = weigh(&rig, || secure(rig.dial(), &authority, "localhost"));
    println!("TLS: {both:.1} KiB for an idle connection, client included");
    assert!(plain <= PLAIN_KIB && both <= SECURE_KIB);
}
