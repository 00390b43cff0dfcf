//! Devices that register again and again, as telephones do: the highest rate at which each is challenged, answers with its password and is
//! registered in good time, what one costs, and what the bindings cost in memory. `patchcord serve` on one core, the devices on the
//! others. Prints a table and fails on nothing.

#[path = "support/mod.rs"]
mod support;

use std::time::Duration;
use support::devices::Devices;
use support::rates::{self, Highest};
use support::server::{Cores, Plan, Reached, Server};
use support::{Pace, headline, line, ms, quantile, sockets};

const USERS: usize = 1_000;
/// Of one user; the usual limit is ten.
const DEVICES_OF_ONE: usize = 10;
const LOWEST_RATE: u32 = 200;
/// At which all devices register for the first time.
const FIRST_RATE: u32 = 500;

fn main() {
    let pace = Pace::of_environment();
    sockets::allow_many();
    let cores = Cores::apart();
    headline(&format!("Registrations with a challenge, server {}", cores.name()));
    let server = Server::start_as(&Plan {
        handler: "examples/hello",
        calls: 10,
        pairs: 10,
        more: &Devices::users(USERS),
        cores,
        reached: Reached::ByPhones,
    });
    let before = server.usage();
    let mut devices = Devices::new(server.sip, USERS, DEVICES_OF_ONE);
    let all = USERS * DEVICES_OF_ONE;
    let first = devices.load(FIRST_RATE, Duration::from_secs(1) * all as u32 / FIRST_RATE);
    let grown = server.usage().resident_bytes.saturating_sub(before.resident_bytes);
    line(
        &format!("{all} devices of {USERS} users, {FIRST_RATE} a second"),
        &format!("p99 {}, {} failed", ms(quantile(&first.setups, 0.99)), first.failed),
        "",
    );
    line("  memory of a device", &format!("{} bytes", grown as usize / all), "");
    let (highest, stopped) = rates::highest(pace, &server, LOWEST_RATE, |rate, time| devices.load(rate, time));
    line("  the last rate tried", &stopped, "");
    match highest {
        Some(Highest { rate, p99, cores }) => {
            line(
                "highest rate sustained",
                &format!("{rate:.0} registrations a second, p99 {}", ms(p99)),
                "two requests each; none fails, p99 below 10 ms",
            );
            let cost = Duration::from_secs_f64(cores / rate);
            line(
                "  CPU of one",
                &format!(
                    "{:.0} us, so {:.0} a second would fill a core",
                    cost.as_secs_f64() * 1e6,
                    rate / cores
                ),
                "",
            );
        }
        None => line("highest rate sustained", "none of the rates tried was", ""),
    }
    server.stop();
}
