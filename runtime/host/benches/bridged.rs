//! What a bridged call costs: a caller reaches a callee through a handler that dials and connects the two. INVITE to 200 as
//! the caller sees it, the highest rate, and CPU and memory of calls with sound both ways. `patchcord serve` in its own
//! process; callers and callees are ours, on loopback. Prints a table; only a call that fails at the modest rate fails it.

#[path = "support/mod.rs"]
mod support;

use std::net::SocketAddr;
use std::time::{Duration, Instant};
use support::callers::{Callers, Then};
use support::listeners::Listeners;
use support::rates::{self, Highest};
use support::server::{Cores, Plan, Reached, Server, Usage};
use support::standing::{attend, fill};
use support::{Pace, headline, line, ms, quantile, sockets};

const HANDLER: &str = "tests/load/bridger";
/// Whom the handler may call, and no limit of a tenant in the way.
const TENANT: &str = "[[tenant]]\nname = \"default\"\nhosts = [\"127.0.0.0/8\"]\ncalls = 30000\n\
     calls_per_second = 10000\ncalls_per_hour = 1000000\n";
/// Bridged calls a second at which the time to answer is measured.
const MODEST_RATE: u32 = 50;
const LOWEST_RATE: u32 = 50;
/// Calls a second at which calls that stay are placed.
const FILL_RATE: u32 = 50;
const PACKETS_A_SECOND: f64 = 50.0;
/// With fewer of the packets heard, the server did less than its work.
const WHOLE: f64 = 0.98;

fn main() {
    let pace = Pace::of_environment();
    sockets::allow_many();
    setup_times(pace);
    standing_calls(pace);
}

fn setup_times(pace: Pace) {
    headline(
        "A caller reaches a callee who answers at once: INVITE out to 200 in, then ACK and BYE; tests/load/bridger",
    );
    let server = start(1_000);
    let sound = sockets::bind(4_096);
    let sound = sockets::address(&sound);
    let mut callers = Callers::new(server.sip, Then::HangUp);
    callers.call_each_other(sound);
    callers.load(MODEST_RATE, Duration::from_secs(1), sound); // the first calls find cold caches
    let before = server.usage();
    let time = pace.pick(Duration::from_secs(4), Duration::from_secs(15));
    let modest = callers.load(MODEST_RATE, time, sound);
    let after = server.usage();
    let (p50, p99) = (quantile(&modest.setups, 0.5), quantile(&modest.setups, 0.99));
    line(
        &format!("at {MODEST_RATE} calls a second, {} calls", modest.placed),
        &format!("p50 {}, p99 {}", ms(p50), ms(p99)),
        "both legs",
    );
    let cpu_us = (after.cpu - before.cpu).as_secs_f64() * 1e6 / modest.placed as f64;
    line("  CPU of the server", &format!("{cpu_us:.0} us a call of two legs"), "");
    let counts = format!("{}, {}", modest.failed, callers.sent_again());
    line("  failed, sent again", &counts, "target: none");
    let (highest, stopped) = rates::highest(pace, &server, LOWEST_RATE, |rate, time| callers.load(rate, time, sound));
    line("  the last rate tried", &stopped, "");
    match highest {
        None => line("highest rate with p99 below 10 ms", "none of those tried", ""),
        Some(Highest { rate, p99, cores }) => {
            let figure = format!("{rate:.0} bridged calls a second, p99 {}", ms(p99));
            let remark = format!(
                "{:.0} % of a core, {:.0} a second and core",
                cores * 100.0,
                rate / cores
            );
            line("highest rate with p99 below 10 ms", &figure, &remark);
        }
    }
    server.stop();
    assert_eq!(modest.failed, 0, "calls failed at {MODEST_RATE} a second");
}

fn start(calls: u16) -> Server {
    // Legs spread over the shards by chance, and each shard takes only its own share: a fifth more, so that none is full.
    Server::start_as(&Plan {
        handler: HANDLER,
        calls: calls + calls / 5,
        pairs: 2 * (calls + calls / 5),
        more: TENANT,
        cores: Cores::All,
        reached: Reached::ByPhones,
    })
}

fn standing_calls(pace: Pace) {
    headline("Bridged calls with sound both ways (20 ms packets), two legs each");
    let steps: &[usize] = pace.pick(&[100, 1_000], &[100, 300, 600, 1_000]);
    let most = *steps.last().expect("there are steps");
    let server = start(most as u16);
    let empty = server.usage();
    let mut callers = Callers::new(server.sip, Then::Stay);
    let mut listeners = Listeners::new(2 * most);
    for calls in steps {
        let both = (&mut callers, &mut listeners);
        fill(both, 2 * calls, FILL_RATE, |callers, listeners| {
            let (caller, callee): (SocketAddr, SocketAddr) = (listeners.next(), listeners.next());
            callers.prepare_callee(callee);
            callers.call(caller);
        });
        attend(&mut callers, &mut listeners, Duration::from_secs(1));
        listeners.begin();
        let (before, start) = (server.usage(), Instant::now());
        let time = pace.pick(Duration::from_secs(4), Duration::from_secs(15));
        attend(&mut callers, &mut listeners, time);
        report(*calls, start.elapsed(), [empty, before, server.usage()], &listeners);
    }
    let dropped = server.metric("patchcord_media_relays_dropped_total");
    line("  packets dropped between media threads", &format!("{dropped:.0}"), "");
    assert_eq!(callers.failed, 0, "calls ended that should have stayed");
    callers.hang_up();
    callers.run_until(Instant::now() + Duration::from_secs(1));
    server.stop();
}

fn report(calls: usize, took: Duration, [empty, before, after]: [Usage; 3], listeners: &Listeners) {
    let heard = listeners.heard();
    let cores = (after.cpu - before.cpu).as_secs_f64() / took.as_secs_f64();
    let kib = after.resident_bytes.saturating_sub(empty.resident_bytes) as f64 / 1024.0 / calls as f64;
    line(
        &format!("{calls} bridged calls: CPU of the server"),
        &format!(
            "{:.1} % of a core, {:.3} % a call",
            cores * 100.0,
            cores * 100.0 / calls as f64
        ),
        &format!("{:.0} calls would fill a core", calls as f64 / cores),
    );
    line(
        "  memory of the server",
        &format!("{kib:.0} KiB a call of two legs"),
        "",
    );
    let share = heard.packets as f64 / (took.as_secs_f64() * PACKETS_A_SECOND * 2.0 * calls as f64);
    let verdict = match share < WHOLE {
        true => "INCOMPLETE: the CPU figure above is too low",
        false => "whole",
    };
    let figure = format!("{:.1} % of those expected", share * 100.0);
    line("  packets heard, both ways", &figure, verdict);
    let gaps = format!("{}, {}", heard.lost, ms(heard.longest_gap));
    line("  lost by their numbers, longest gap", &gaps, "");
}
