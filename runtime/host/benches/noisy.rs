//! A tenant that does all it can, and what its neighbour notices: the neighbour's p99 from INVITE to 200 and of the turn that
//! ends its calls, alone, beside the noise within limits, and beside the same noise without any. `patchcord serve` on one
//! core, its callers on the others. Prints a table and fails on nothing.

#[path = "support/mod.rs"]
mod support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use support::callers::{Callers, Loaded, Then};
use support::server::{Cores, Plan, Server};
use support::{Better, Pace, against, headline, line, ms, quantile, sockets};

const CALLS: u16 = 2_000;
/// Calls of the neighbour, a second.
const RATE: u32 = 50;
/// Calls that the noisy tenant tries to begin, a second.
const NOISE: u32 = 50;
/// When the neighbour's handler hangs up.
const HANGS_UP: Duration = Duration::from_millis(500);
/// The p99 beside the noise, as a part of that without: no more than this.
const RATIO: f64 = 1.1;
/// Until what the noisy tenant had saved up is used.
const WARM_UP: Duration = Duration::from_secs(8);

/// What a tenant of a hosted node would have: a few calls, and a second of CPU in a minute.
const LIMITS: &str = "[[tenant]]\nname = \"noisy\"\ncalls_at_once = 20\nnew_calls_per_second = 5\n\
                      fuel_per_minute = 500_000_000\n";

/// The neighbour's figures: INVITE out to 200 in, and how late its calls were hung up; sorted.
struct Figures {
    setups: Vec<Duration>,
    turns: Vec<Duration>,
    failed: usize,
}

fn main() {
    let pace = Pace::of_environment();
    sockets::allow_many();
    let cores = Cores::apart();
    headline(&format!("A noisy neighbour, server {}", cores.name()));
    let time = pace.pick(Duration::from_secs(10), Duration::from_secs(60));
    let (alone, limited) = beside_noise(cores, LIMITS, time);
    report("alone", &alone, None);
    report("beside the noise, within its limits", &limited, Some(&alone));
    let (alone, unlimited) = beside_noise(cores, "", time);
    report("beside the noise without limits", &unlimited, Some(&alone));
}

/// The neighbour alone, then beside the noise.
fn beside_noise(cores: Cores, limits: &str, time: Duration) -> (Figures, Figures) {
    let grinder = support::server::build("tests/load/grinder");
    let more = format!(
        "{limits}[[handler]]\nname = \"noisy\"\ntenant = \"noisy\"\nmodule = {grinder:?}\n\
         [[route]]\nto = \"grinder-1000\"\nhandler = \"noisy\"\ntenant = \"noisy\"\n"
    );
    let server = Server::start_as(&Plan {
        handler: "tests/load/punctual",
        calls: CALLS,
        pairs: CALLS,
        more: &more,
        cores,
    });
    let sound = sockets::bind(4_096);
    let sound = sockets::address(&sound);
    let mut callers = Callers::new(server.sip, Then::BeHungUp);
    callers.load(RATE, Duration::from_secs(2), sound);
    let alone = measure(&mut callers, time, sound);
    let stop = Arc::new(AtomicBool::new(false));
    let noise = {
        let (stop, sip) = (stop.clone(), server.sip);
        std::thread::spawn(move || make_noise(sip, &stop))
    };
    std::thread::sleep(WARM_UP);
    let beside = measure(&mut callers, time, sound);
    stop.store(true, Ordering::Relaxed);
    noise.join().expect("the noise ends when told");
    let refused = server.metric("patchcord_tenant_refused_total");
    let held = server.metric("patchcord_tenant_turns_held_total");
    line(
        "  the noise: refused, turns held",
        &format!("{refused:.0}, {held:.0}"),
        "",
    );
    server.stop();
    (alone, beside)
}

fn measure(callers: &mut Callers, time: Duration, sound: SocketAddr) -> Figures {
    callers.lasted.clear();
    let Loaded { setups, failed, .. } = callers.load(RATE, time, sound);
    let late = std::time::Instant::now() + HANGS_UP + Duration::from_secs(1);
    callers.run_until(late);
    let mut turns: Vec<Duration> = callers
        .lasted
        .iter()
        .map(|lasted| lasted.saturating_sub(HANGS_UP))
        .collect();
    turns.sort_unstable();
    Figures { setups, turns, failed }
}

/// Calls and calls, each to a handler that computes for as long as it lives.
fn make_noise(sip: SocketAddr, stop: &AtomicBool) {
    let sound = sockets::bind(4_096);
    let sound = sockets::address(&sound);
    let mut callers = Callers::new(sip, Then::Stay);
    callers.call_user("grinder-1000");
    while !stop.load(Ordering::Relaxed) {
        callers.load(NOISE, Duration::from_secs(1), sound);
    }
    callers.hang_up();
    callers.run_until(std::time::Instant::now() + Duration::from_secs(1));
}

fn report(what: &str, figures: &Figures, alone: Option<&Figures>) {
    line(
        what,
        &format!("{} calls, {} failed", figures.setups.len(), figures.failed),
        "",
    );
    for (name, all, before) in [
        (
            "  INVITE out to 200 in",
            &figures.setups,
            alone.map(|alone| &alone.setups),
        ),
        (
            "  how late a turn came",
            &figures.turns,
            alone.map(|alone| &alone.turns),
        ),
    ] {
        if all.is_empty() {
            line(name, "none", "");
            continue;
        }
        let (p50, p99) = (quantile(all, 0.5), quantile(all, 0.99));
        let remark = before.filter(|before| !before.is_empty()).map(|before| {
            let ratio = p99.as_secs_f64() / quantile(before, 0.99).as_secs_f64();
            format!(
                "p99 is {ratio:.2} of that alone; target {RATIO}: {}",
                against(ratio, RATIO, Better::Less)
            )
        });
        line(
            name,
            &format!("p50 {}, p99 {}", ms(p50), ms(p99)),
            &remark.unwrap_or_default(),
        );
    }
}
