//! What a call costs: INVITE to 200 through a real handler, the highest rate of calls, and CPU and memory of calls that hear a
//! prompt. The server is `patchcord serve` in its own process; the callers are ours, on loopback. Prints a table; only a
//! call that fails at the modest rate fails the bench.

#[path = "support/mod.rs"]
mod support;

use std::time::{Duration, Instant};
use support::callers::{Callers, Then};
use support::listeners::{Heard, Listeners};
use support::rates::{self, Highest};
use support::server::{Cores, Plan, Reached, Server, Usage};
use support::standing::{attend, fill};
use support::{Better, Pace, against, headline, line, ms, quantile, sockets};

/// Calls a second at which the time to answer is measured.
const MODEST_RATE: u32 = 100;
const SETUP_P99_MS: f64 = 2.0;
const LOWEST_RATE: u32 = 200;
/// Asterisk 22 with a dialplan, on one core of a comparable machine: calls answered and hung up in a second.
const ASTERISK_RATE: f64 = 800.0;
/// Asterisk 22, memory of a call.
const ASTERISK_KB: (f64, f64) = (126.0, 168.0);
const CALL_KIB: f64 = 150.0;
const CALLS: &[usize] = &[100, 500, 1_000];
/// Calls a second at which calls that stay are placed.
const FILL_RATE: u32 = 100;
const PACKETS_A_SECOND: f64 = 50.0;
/// Times that calls are placed with and without journals, in turn.
const JOURNAL_ROUNDS: usize = 3;
/// With fewer of the packets heard, the server did less than its work.
const WHOLE: f64 = 0.98;

fn main() {
    let pace = Pace::of_environment();
    sockets::allow_many();
    setup_times(pace);
    journals(pace);
    standing_calls(pace);
}

/// Part (b): calls that are answered and hung up at once.
fn setup_times(pace: Pace) {
    headline("INVITE out to 200 in, then ACK and BYE: `patchcord serve` with examples/hello, as its callers see it");
    let server = Server::start("examples/hello", 2_000);
    let sound = sockets::bind(4_096);
    let sound = sockets::address(&sound);
    let mut callers = Callers::new(server.sip, Then::HangUp);
    callers.load(MODEST_RATE, Duration::from_secs(1), sound); // the first calls find cold caches
    let before = server.usage();
    let modest = callers.load(
        MODEST_RATE,
        pace.pick(Duration::from_secs(5), Duration::from_secs(15)),
        sound,
    );
    let after = server.usage();
    let (p50, p99) = (quantile(&modest.setups, 0.5), quantile(&modest.setups, 0.99));
    let rate = format!("at {MODEST_RATE} calls a second, {} calls", modest.placed);
    line(
        &rate,
        &format!("p50 {}, p99 {}", ms(p50), ms(p99)),
        &format!(
            "target p99 {SETUP_P99_MS} ms: {}",
            against(p99.as_secs_f64() * 1e3, SETUP_P99_MS, Better::Less)
        ),
    );
    let cpu_us = (after.cpu - before.cpu).as_secs_f64() * 1e6 / modest.placed as f64;
    line("  CPU of the server", &format!("{cpu_us:.0} us a call"), "");
    line(
        "  failed, sent again",
        &format!("{}, {}", modest.failed, callers.sent_again()),
        "target: none",
    );
    highest_rate(pace, &server, &mut callers, sound);
    server.stop();
    assert_eq!(modest.failed, 0, "calls failed at {MODEST_RATE} a second");
}

fn highest_rate(pace: Pace, server: &Server, callers: &mut Callers, sound: std::net::SocketAddr) {
    let (highest, stopped) = rates::highest(pace, server, LOWEST_RATE, |rate, time| callers.load(rate, time, sound));
    line("  the last rate tried", &stopped, "");
    let Some(Highest { rate, p99, cores }) = highest else {
        return line("highest rate with p99 below 10 ms", "none of those tried", "");
    };
    line(
        "highest rate with p99 below 10 ms",
        &format!("{rate:.0} calls a second, p99 {}", ms(p99)),
        &format!("{:.1} x Asterisk's dialplan ({ASTERISK_RATE:.0})", rate / ASTERISK_RATE),
    );
    line(
        "  CPU of the server",
        &format!("{:.0} % of a core", cores * 100.0),
        &format!("{:.0} calls a second and core", rate / cores),
    );
}

/// What journals cost: the same calls with and without, in turn, so that what else the machine does hits both.
fn journals(pace: Pace) {
    headline("Journals of calls, on against off: CPU of the server for a call that is answered and hung up");
    let folder = std::env::temp_dir().join(format!("patchcord-bench-journals-{}", std::process::id()));
    let on = format!("[journal]\nfolder = {:?}\n", folder.display().to_string());
    let mut costs = [Vec::new(), Vec::new()];
    for _ in 0..JOURNAL_ROUNDS {
        for (cost, more) in costs.iter_mut().zip(["", &on]) {
            cost.push(cpu_of_a_call(pace, more));
        }
    }
    let [off, on] = costs.map(|mut cost| {
        cost.sort_by(f64::total_cmp);
        cost[JOURNAL_ROUNDS / 2]
    });
    let (figure, ratio) = (format!("{off:.0} us off, {on:.0} us on"), format!("{:.2} x", on / off));
    line(&format!("median of {JOURNAL_ROUNDS} rounds each"), &figure, &ratio);
    // What the calls left; the next run makes its own.
    let _ = std::fs::remove_dir_all(folder);
}

fn cpu_of_a_call(pace: Pace, more: &str) -> f64 {
    let server = Server::start_as(&Plan {
        handler: "examples/hello",
        calls: 2_000,
        pairs: 2_000,
        more,
        cores: Cores::All,
        reached: Reached::ByPhones,
    });
    let sound = sockets::bind(4_096);
    let sound = sockets::address(&sound);
    let mut callers = Callers::new(server.sip, Then::HangUp);
    callers.load(MODEST_RATE, Duration::from_secs(1), sound); // the first calls find cold caches
    let before = server.usage();
    let time = pace.pick(Duration::from_secs(4), Duration::from_secs(10));
    let placed = callers.load(MODEST_RATE, time, sound);
    let after = server.usage();
    server.stop();
    (after.cpu - before.cpu).as_secs_f64() * 1e6 / placed.placed as f64
}

/// Part (c): calls that stay and hear a prompt.
fn standing_calls(pace: Pace) {
    headline("Calls that hear a prompt and speak (20 ms packets both ways), `patchcord serve` in its own process");
    let most = *CALLS.last().expect("there are steps");
    // Calls spread over the shards by chance, and each shard takes only its own share: a fifth more, so that none is full.
    let server = Server::start("tests/load/player", (most + most / 5) as u16);
    let empty = server.usage();
    let mut callers = Callers::new(server.sip, Then::Stay);
    let mut listeners = Listeners::new(most);
    for calls in CALLS {
        let both = (&mut callers, &mut listeners);
        fill(both, *calls, FILL_RATE, |callers, listeners| {
            callers.call(listeners.next());
        });
        attend(&mut callers, &mut listeners, Duration::from_secs(1));
        let (before, missed) = (server.usage(), server.metric("patchcord_media_ticks_missed_total"));
        listeners.begin();
        let start = Instant::now();
        attend(
            &mut callers,
            &mut listeners,
            pace.pick(Duration::from_secs(4), Duration::from_secs(15)),
        );
        let took = start.elapsed();
        let (after, heard) = (server.usage(), listeners.heard());
        let missed = server.metric("patchcord_media_ticks_missed_total") - missed;
        report(*calls, took, [empty, before, after], &heard);
        line(
            "  slices of 5 ms late or left out",
            &format!("{missed:.0} of {:.0}", took.as_secs_f64() * 200.0),
            "",
        );
    }
    assert_eq!(callers.failed, 0, "calls ended that should have stayed");
    callers.hang_up();
    callers.run_until(Instant::now() + Duration::from_secs(1));
    server.stop();
}

fn report(calls: usize, took: Duration, [empty, before, after]: [Usage; 3], heard: &Heard) {
    let cores = (after.cpu - before.cpu).as_secs_f64() / took.as_secs_f64();
    let kib = after.resident_bytes.saturating_sub(empty.resident_bytes) as f64 / 1024.0 / calls as f64;
    line(
        &format!("{calls} calls: CPU of the server"),
        &format!(
            "{:.1} % of a core, {:.3} % a call",
            cores * 100.0,
            cores * 100.0 / calls as f64
        ),
        &format!("{:.0} calls would fill a core", calls as f64 / cores),
    );
    line(
        "  memory of the server",
        &format!(
            "{kib:.0} KiB a call ({:.0} MiB, {:.0} without calls)",
            mib(after),
            mib(empty)
        ),
        &format!(
            "target {CALL_KIB:.0} KiB: {} (Asterisk {:.0} to {:.0} kB)",
            against(kib, CALL_KIB, Better::Less),
            ASTERISK_KB.0,
            ASTERISK_KB.1
        ),
    );
    let expected = took.as_secs_f64() * PACKETS_A_SECOND * calls as f64;
    let share = heard.packets as f64 / expected;
    let verdict = match share < WHOLE {
        true => "INCOMPLETE: the CPU figure above is too low",
        false => "whole",
    };
    line(
        "  threads ready to run, but without a core",
        &format!(
            "{:.0} % of the time",
            (after.waited - before.waited).as_secs_f64() / took.as_secs_f64() * 100.0
        ),
        "all threads together; near 0 on a quiet machine",
    );
    line(
        "  packets heard",
        &format!("{:.1} % of those expected", share * 100.0),
        verdict,
    );
    line(
        "  lost by their numbers, longest gap",
        &format!("{}, {}", heard.lost, ms(heard.longest_gap)),
        "",
    );
}

fn mib(usage: Usage) -> f64 {
    usage.resident_bytes as f64 / 1024.0 / 1024.0
}
