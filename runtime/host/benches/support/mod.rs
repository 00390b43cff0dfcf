//! What the benches share: how long they may take, what they print, and where they may bind. Not the measuring itself.

#![allow(dead_code, unreachable_pub, reason = "each bench uses a part of it")]

pub mod agent;
pub mod browsers;
pub mod callers;
pub mod devices;
pub mod listeners;
pub mod rates;
pub mod server;
pub mod signalling;
pub mod slices;
pub mod sockets;
pub mod standing;
pub mod storm;
pub mod voice;

use nix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// How thorough a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// `PATCHCORD_BENCH=quick`: a few seconds for each figure, which then trembles more.
    Quick,
    /// Long enough for steady figures.
    Full,
}

impl Pace {
    /// As the environment says.
    pub fn of_environment() -> Self {
        match std::env::var("PATCHCORD_BENCH").as_deref() {
            Ok("quick") => Pace::Quick,
            Ok("full") | Err(_) => Pace::Full,
            Ok(other) => panic!("PATCHCORD_BENCH={other} is not known: quick or full"),
        }
    }

    /// One of two values.
    pub fn pick<T>(self, quick: T, full: T) -> T {
        match self {
            Pace::Quick => quick,
            Pace::Full => full,
        }
    }
}

/// Whether a target is reached, for the last column.
pub fn against(reached: f64, target: f64, better: Better) -> &'static str {
    let good = match better {
        Better::Less => reached < target,
        Better::More => reached >= target,
    };
    if good { "reached" } else { "MISSED" }
}

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    Less,
    More,
}

/// A headline above a group of lines.
pub fn headline(text: &str) {
    println!("\n{text}");
}

/// One line of the table: what, the figure, and what it is held against.
pub fn line(what: &str, figure: &str, remark: &str) {
    println!("  {what:<46} {figure:<34} {remark}");
}

/// CPU time of the calling thread, user and system.
pub fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("Linux has a clock for every thread");
    Duration::new(time.tv_sec() as u64, time.tv_nsec() as u32)
}

/// A quantile of sorted values, 0.0 to 1.0.
pub fn quantile(sorted: &[Duration], share: f64) -> Duration {
    let last = sorted.len().checked_sub(1).expect("at least one value was measured");
    sorted[(last as f64 * share).round() as usize]
}

/// Milliseconds with two digits.
pub fn ms(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}
