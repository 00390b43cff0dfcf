//! More calls than there is time for: how many are still answered at 1, 2 and 4 times the highest rate that is sustained, held
//! against the most that were ever answered, and how soon all is as before. `patchcord serve` on one core, its callers on
//! the others. Prints a table and fails on nothing.

#[path = "support/mod.rs"]
mod support;

use std::time::Duration;
use support::callers::{Callers, Then};
use support::rates::{self, Highest};
use support::server::{Cores, Plan, Reached, Server};
use support::storm::{self, Storm};
use support::{Better, Pace, against, headline, line, ms, quantile, sockets};

const LOWEST_RATE: u32 = 200;
const TIMES: [u32; 3] = [1, 2, 4];
/// Of the peak, at twice the rated load.
const GOODPUT: f64 = 0.8;
/// Until all is as before.
const RECOVERY_S: f64 = 5.0;
/// Part of the rated load that comes after a storm.
const AFTERWARDS: f64 = 0.5;
const CALLS: u16 = 4_000;
/// With a smaller part of the callers, it was less of a load.
const WHOLE: f64 = 0.97;

fn main() {
    let pace = Pace::of_environment();
    sockets::allow_many();
    let cores = Cores::apart();
    headline(&format!(
        "More calls than there is time for: examples/hello, server {}",
        cores.name()
    ));
    let server = Server::start_as(&Plan {
        handler: "examples/hello",
        calls: CALLS,
        pairs: CALLS,
        more: "",
        cores,
        reached: Reached::ByPhones,
    });
    let sound = sockets::bind(4_096);
    let sound = sockets::address(&sound);
    let mut callers = Callers::new(server.sip, Then::HangUp);
    callers.load(100, Duration::from_secs(1), sound);
    let (rated, stopped) = rates::highest(pace, &server, LOWEST_RATE, |rate, time| callers.load(rate, time, sound));
    line("  the last rate tried", &stopped, "");
    let Some(Highest { rate, p99, .. }) = rated else {
        return line("rated load", "none of the rates tried was sustained", "");
    };
    line(
        "rated load",
        &format!("{rate:.0} calls a second, p99 {}", ms(p99)),
        "all answered, p99 below 10 ms",
    );
    let time = pace.pick(Duration::from_secs(4), Duration::from_secs(20));
    let mut storms = Vec::new();
    for times in TIMES {
        let storm = storm::storm(&mut callers, &server, rate as u32 * times, time, sound);
        let after = (rate * AFTERWARDS) as u32;
        let recovery = storm::recovery(&mut callers, after, Duration::from_secs(7), sound);
        storms.push((times, storm, recovery));
    }
    let peak = storms.iter().map(|(_, storm, _)| storm.goodput).fold(rate, f64::max);
    for (times, storm, recovery) in &storms {
        report(*times, f64::from(*times) * rate, (storm, *recovery), peak);
    }
    let metric = |class: &str| {
        let class = |name: &str| server.metric(&format!("patchcord_overload_{name}_total{{class=\"{class}\"}}"));
        format!("{:.0} refused, {:.0} dropped", class("refused"), class("dropped"))
    };
    line("new calls by the server's own count", &metric("new_call"), "");
    server.stop();
}

fn report(times: u32, wanted: f64, (storm, recovery): (&Storm, Option<Duration>), peak: f64) {
    let remark = match times {
        2 => format!(
            "target {GOODPUT}: {}",
            against(storm.goodput / peak, GOODPUT, Better::More)
        ),
        _ => String::new(),
    };
    line(
        &format!("{times} x the rated load: answered of the peak"),
        &format!(
            "{:.2} ({:.0} a second of {peak:.0})",
            storm.goodput / peak,
            storm.goodput
        ),
        &remark,
    );
    let came = format!("{:.0} a second", storm.callers);
    let verdict = match storm.callers < wanted * WHOLE {
        true => "INCOMPLETE: our callers had no time for more",
        false => "whole",
    };
    line("  callers, each refused one comes once more", &came, verdict);
    if !storm.setups.is_empty() {
        let (p50, p99) = (quantile(&storm.setups, 0.5), quantile(&storm.setups, 0.99));
        line(
            "  INVITE out to 200 in",
            &format!("p50 {}, p99 {}", ms(p50), ms(p99)),
            "",
        );
    }
    let counts = format!("{}, {}, {}", storm.refused, storm.sent_again, storm.waiting);
    line("  503 heard, sent again, not answered yet", &counts, "");
    line(
        "  CPU of the server",
        &format!("{:.0} % of a core", storm.cores * 100.0),
        "",
    );
    let (figure, remark) = match recovery {
        Some(took) => {
            let seconds = took.as_secs_f64();
            let remark = format!("target {RECOVERY_S} s: {}", against(seconds, RECOVERY_S, Better::Less));
            (format!("after {seconds:.2} s"), remark)
        }
        None => ("not within 6 s".to_owned(), format!("target {RECOVERY_S} s: MISSED")),
    };
    line("  as before, with half the rated load", &figure, &remark);
}
