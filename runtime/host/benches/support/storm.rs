//! More callers than there is time for, who behave as real ones: a call nobody answers is sent again (RFC 3261 17.1.1.2), one
//! refused is tried once more after the time the refusal names, and then given up.

use super::callers::{Callers, Outcome};
use super::rates::SUSTAINED_P99;
use super::server::Server;
use patchcord_sip::DialogId;
use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// After a storm, calls are looked at in spans of this length.
const SPAN: Duration = Duration::from_millis(250);
/// So many good spans in a row are as before; a hiccup later is somebody else's.
const CALM: usize = 4;
/// With so many of a span's calls answered in good time, it is as if there had been no storm.
const GOOD_SHARE: f64 = 0.98;

/// What came of a storm.
pub struct Storm {
    /// Callers a second, as they really came.
    pub callers: f64,
    /// Calls answered a second while it lasted.
    pub goodput: f64,
    /// INVITE out to 200 in of those, sorted.
    pub setups: Vec<Duration>,
    /// Refusals heard.
    pub refused: usize,
    /// Requests sent again because nobody answered in time.
    pub sent_again: u64,
    /// Calls that nobody had answered or refused by its end.
    pub waiting: usize,
    /// CPU of the server while it lasted.
    pub cores: f64,
}

/// So many callers a second, for so long.
pub fn storm(callers: &mut Callers, server: &Server, rate: u32, time: Duration, sound: SocketAddr) -> Storm {
    callers.outcomes.clear();
    let (again_before, before) = (callers.sent_again(), server.usage());
    let waiting_before = callers.ringing();
    let mut crowd = Crowd::default();
    let start = Instant::now();
    let mut placed = 0;
    while start.elapsed() < time {
        let next = start + Duration::from_secs(1) * placed / rate;
        callers.run_until(next);
        crowd.first.insert(callers.call(sound));
        placed += 1;
        crowd.look(callers, sound);
    }
    let took = start.elapsed().as_secs_f64();
    let mut setups = crowd.setups;
    setups.sort_unstable();
    Storm {
        callers: f64::from(placed) / took,
        goodput: setups.len() as f64 / took,
        setups,
        refused: crowd.refused,
        sent_again: callers.sent_again() - again_before,
        waiting: callers.ringing().saturating_sub(waiting_before),
        cores: (server.usage().cpu - before.cpu).as_secs_f64() / took,
    }
}

/// Places so many calls a second until all is as before a storm, at most for so long: how long that took. None: it was not.
pub fn recovery(callers: &mut Callers, rate: u32, time: Duration, sound: SocketAddr) -> Option<Duration> {
    callers.outcomes.clear();
    let start = Instant::now();
    let mut placed: HashMap<DialogId, Duration> = HashMap::new();
    for number in 0..(f64::from(rate) * time.as_secs_f64()) as u32 {
        callers.run_until(start + Duration::from_secs(1) * number / rate);
        let at = start.elapsed();
        placed.insert(callers.call(sound), at);
    }
    callers.run_until(Instant::now() + SUSTAINED_P99);
    let is_prompt = |outcome: &Outcome| matches!(outcome, Outcome::Answered(took) if *took < SUSTAINED_P99);
    let good = callers.outcomes.iter().filter(|(_, outcome)| is_prompt(outcome));
    let span = |at: &Duration| (at.as_nanos() / SPAN.as_nanos()) as usize;
    let spans = span(&time) + 1;
    let (mut all, mut well) = (vec![0_u32; spans], vec![0_u32; spans]);
    for at in placed.values() {
        all[span(at).min(spans - 1)] += 1;
    }
    for at in good.filter_map(|(dialog, _)| placed.get(dialog)) {
        well[span(at).min(spans - 1)] += 1;
    }
    let is_good = |span: usize| f64::from(well[span]) >= f64::from(all[span]) * GOOD_SHARE;
    // The last span is not a whole one.
    let whole = spans - 1;
    let calm = (0..=whole - CALM).find(|first| (*first..first + CALM).all(is_good));
    calm.map(|first| SPAN * first as u32)
}

/// The callers of a storm.
#[derive(Default)]
struct Crowd {
    /// Calls of those who try for the first time.
    first: BTreeSet<DialogId>,
    /// When somebody who was refused tries again.
    again: BTreeSet<(Instant, DialogId)>,
    setups: Vec<Duration>,
    refused: usize,
}

impl Crowd {
    fn look(&mut self, callers: &mut Callers, sound: SocketAddr) {
        let now = Instant::now();
        for (dialog, outcome) in std::mem::take(&mut callers.outcomes) {
            let is_first = self.first.remove(&dialog);
            match outcome {
                Outcome::Answered(took) => self.setups.push(took),
                Outcome::Refused(after) => {
                    self.refused += 1;
                    if is_first {
                        self.again.insert((now + after, dialog));
                    }
                }
            }
        }
        while self.again.first().is_some_and(|(at, _)| *at <= now) {
            self.again.pop_first();
            callers.call(sound);
        }
    }
}
