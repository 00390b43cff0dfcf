//! The highest rate of calls, or of something else, that a server sustains: none fails, and the time to answer stays what it was.

use super::callers::Loaded;
use super::server::Server;
use super::{Pace, ms, quantile};
use std::time::Duration;

/// Above this nobody would say that a rate is sustained.
pub const SUSTAINED_P99: Duration = Duration::from_millis(10);
const RATES: &[u32] = &[
    50, 100, 200, 300, 400, 500, 600, 800, 1_000, 1_250, 1_500, 1_750, 2_000, 2_500, 3_000, 4_000, 5_000, 6_000, 8_000,
    10_000,
];
/// Tries for each rate.
const TRIES: usize = 3;

/// A rate that was held.
#[derive(Debug, Clone, Copy)]
pub struct Highest {
    /// A second.
    pub rate: f64,
    pub p99: Duration,
    /// CPU of the server meanwhile.
    pub cores: f64,
}

/// The highest rate from `lowest` on, and in words why the next one was not.
pub fn highest(
    pace: Pace,
    server: &Server,
    lowest: u32,
    mut load: impl FnMut(u32, Duration) -> Loaded,
) -> (Option<Highest>, String) {
    let time = pace.pick(Duration::from_secs(1), Duration::from_secs(4));
    let (mut best, mut stopped) = (None, String::new());
    for rate in RATES.iter().filter(|rate| **rate >= lowest) {
        // Somebody else's hiccup may spoil one try, not every one.
        let held = (0..TRIES).find_map(|_| {
            let before = server.usage();
            let loaded = load(*rate, time);
            let cores = (server.usage().cpu - before.cpu).as_secs_f64() / loaded.took.as_secs_f64();
            stopped = format!("at {rate} a second: {}", described(&loaded));
            let (rate, p99) = sustained(&loaded, *rate)?;
            Some(Highest { rate, p99, cores })
        });
        if held.is_none() {
            break;
        }
        best = held;
    }
    (best, stopped)
}

fn described(loaded: &Loaded) -> String {
    let p99 = loaded.setups.last().map(|_| ms(quantile(&loaded.setups, 0.99)));
    let rate = loaded.placed as f64 / loaded.took.as_secs_f64();
    format!(
        "{rate:.0} placed, p99 {}, {} failed",
        p99.unwrap_or_default(),
        loaded.failed
    )
}

/// The rate reached and the p99, if the rate was held without failures.
fn sustained(loaded: &Loaded, rate: u32) -> Option<(f64, Duration)> {
    if loaded.failed > 0 || loaded.setups.is_empty() {
        return None;
    }
    let reached = loaded.placed as f64 / loaded.took.as_secs_f64();
    let p99 = quantile(&loaded.setups, 0.99);
    (p99 < SUSTAINED_P99 && reached > f64::from(rate) * 0.97).then_some((reached, p99))
}
