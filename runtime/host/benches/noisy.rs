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
use support::server::{Cores, Plan, Reached, Server};
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
/// The middle one counts.
const ROUNDS: usize = 5;
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

/// The neighbour alone and beside the noise, one after the other: what the machine does meanwhile comes to both.
struct Round {
    alone: Figures,
    beside: Figures,
}

fn main() {
    let pace = Pace::of_environment();
    sockets::allow_many();
    let cores = Cores::apart();
    headline(&format!("A noisy neighbour, server {}, {ROUNDS} rounds", cores.name()));
    let time = pace.pick(Duration::from_secs(4), Duration::from_secs(12));
    report(
        "beside the noise, within its limits",
        &beside_noise(cores, LIMITS, time),
    );
    report("beside the noise without limits", &beside_noise(cores, "", time));
}

fn beside_noise(cores: Cores, limits: &str, time: Duration) -> Vec<Round> {
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
        reached: Reached::ByPhones,
    });
    let sound = sockets::bind(4_096);
    let sound = sockets::address(&sound);
    let mut callers = Callers::new(server.sip, Then::BeHungUp);
    callers.load(RATE, Duration::from_secs(2), sound);
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
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
        rounds.push(Round { alone, beside });
    }
    let refused = server.metric("patchcord_tenant_refused_total");
    let held = server.metric("patchcord_tenant_turns_held_total");
    line(
        "  the noise: refused, turns held",
        &format!("{refused:.0}, {held:.0}"),
        "",
    );
    server.stop();
    rounds
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

fn report(what: &str, rounds: &[Round]) {
    let calls = |of: fn(&Round) -> &Figures| {
        let all = rounds.iter().map(of);
        let (calls, failed) = all.fold((0, 0), |(calls, failed), round| {
            (calls + round.setups.len(), failed + round.failed)
        });
        format!("{calls} calls, {failed} failed")
    };
    let counts = format!(
        "{}; alone {}",
        calls(|round| &round.beside),
        calls(|round| &round.alone)
    );
    line(what, &counts, "");
    compare("  INVITE out to 200 in", rounds, |figures| &figures.setups);
    compare("  how late a turn came", rounds, |figures| &figures.turns);
}

/// The p99 of each round, and what the noise made of it.
fn compare(name: &str, rounds: &[Round], of: fn(&Figures) -> &Vec<Duration>) {
    if rounds
        .iter()
        .any(|round| of(&round.alone).is_empty() || of(&round.beside).is_empty())
    {
        return line(name, "none in one of the rounds", "");
    }
    let p99 = |figures: &Figures| quantile(of(figures), 0.99).as_secs_f64();
    let mut ratios: Vec<f64> = rounds
        .iter()
        .map(|round| p99(&round.beside) / p99(&round.alone))
        .collect();
    let mut alone: Vec<f64> = rounds.iter().map(|round| p99(&round.alone)).collect();
    ratios.sort_by(f64::total_cmp);
    alone.sort_by(f64::total_cmp);
    let ratio = ratios[rounds.len() / 2];
    let figures = format!(
        "p99 is {ratio:.2} of that alone ({:.2} to {:.2})",
        ratios[0],
        ratios[rounds.len() - 1]
    );
    line(
        name,
        &figures,
        &format!("target {RATIO}: {}", against(ratio, RATIO, Better::Less)),
    );
    let (least, most) = (
        Duration::from_secs_f64(alone[0]),
        Duration::from_secs_f64(alone[rounds.len() - 1]),
    );
    line(
        "    alone, from round to round",
        &format!("p99 {} to {}", ms(least), ms(most)),
        "",
    );
}
