//! The queue of calls to be placed: each limit by itself, then all of them with calls at random.

#![allow(clippy::disallowed_methods, reason = "a test begins at some moment")]

use super::*;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

fn tenant(name: &str) -> Tenant {
    Tenant(name.to_owned())
}

fn pace(per_second: u32, burst: u32) -> Pace {
    Pace { per_second, burst }
}

fn settings(pace: Pace, at_once: usize, waiting: usize) -> OutboundSettings {
    OutboundSettings {
        waiting: 20_000,
        tenant: TenantPace { pace, at_once, waiting },
        tenants: BTreeMap::new(),
        trunks: BTreeMap::new(),
    }
}

fn call(id: u128, of: &str) -> Waiting<u128> {
    Waiting {
        id: CallId(id),
        tenant: tenant(of),
        trunk: None,
        not_before: None,
        expires_at: None,
        wanted: id,
    }
}

/// A queue and its time.
struct Bench {
    queue: OutboundQueue<u128>,
    now: Instant,
    begun: Instant,
}

impl Bench {
    fn new(settings: OutboundSettings) -> Self {
        let now = Instant::now();
        Self {
            queue: OutboundQueue::new(settings),
            now,
            begun: now,
        }
    }

    fn feed(&mut self, input: Input<u128>) -> Vec<(u128, Outcome<u128>)> {
        self.queue.handle(self.now, input);
        std::iter::from_fn(|| self.queue.poll())
            .map(|(id, outcome)| (id.0, outcome))
            .collect()
    }

    fn add(&mut self, call: Waiting<u128>) -> Vec<(u128, Outcome<u128>)> {
        self.feed(Input::Add(call))
    }

    /// Jumps to the next deadline; what came of it, and how many milliseconds after the beginning.
    fn next(&mut self) -> Option<(u128, Vec<(u128, Outcome<u128>)>)> {
        let at = self.queue.wake_at()?;
        assert!(at >= self.now, "a deadline that has passed was not carried out");
        self.now = at;
        let came = self.feed(Input::Deadline);
        Some(((self.now - self.begun).as_millis(), came))
    }
}

fn placed(came: &[(u128, Outcome<u128>)]) -> Vec<u128> {
    let placed = came.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Place(_)));
    placed.map(|(id, _)| *id).collect()
}

#[test]
fn calls_go_out_at_the_pace_of_their_tenant() {
    let mut bench = Bench::new(settings(pace(10, 2), 100, 100));
    assert_eq!(bench.add(call(1, "a")), [(1, Outcome::Place(1))]);
    assert_eq!(placed(&bench.add(call(2, "a"))), [2], "two at once");
    for id in 3..6 {
        assert_eq!(bench.add(call(id, "a")), []);
    }
    for (ms, id) in [(100, 3), (200, 4), (300, 5)] {
        assert_eq!(bench.next(), Some((ms, vec![(id, Outcome::Place(id))])));
    }
    assert_eq!(bench.next(), None);
    bench.now += 10 * SECOND;
    assert_eq!(placed(&bench.add(call(6, "a"))), [6]);
    assert_eq!(placed(&bench.add(call(7, "a"))), [7]);
    assert_eq!(
        bench.add(call(8, "a")),
        [],
        "and no more than two, however long it rested"
    );
}

#[test]
fn a_busy_trunk_holds_up_only_its_own_calls() {
    let mut settings = settings(pace(1_000, 1_000), 100, 100);
    settings.trunks.insert("slow".into(), pace(1, 1));
    let mut bench = Bench::new(settings);
    let over = |id: u128, of: &str| Waiting {
        trunk: Some("slow".into()),
        ..call(id, of)
    };
    assert_eq!(placed(&bench.add(over(1, "a"))), [1]);
    assert_eq!(placed(&bench.add(over(2, "a"))), []);
    assert_eq!(placed(&bench.add(over(3, "b"))), [], "the trunk is shared");
    assert_eq!(placed(&bench.add(call(4, "a"))), [4], "and others pass");
    assert_eq!(
        bench.next().map(|(ms, came)| (ms, placed(&came))),
        Some((1_000, vec![3]))
    );
    assert_eq!(
        bench.next().map(|(ms, came)| (ms, placed(&came))),
        Some((2_000, vec![2]))
    );
}

#[test]
fn no_more_than_so_many_are_under_way_at_once() {
    let mut bench = Bench::new(settings(pace(1_000, 1_000), 2, 100));
    let came: Vec<u128> = (1..=5).flat_map(|id| placed(&bench.add(call(id, "a")))).collect();
    assert_eq!((came, bench.queue.wake_at()), (vec![1, 2], None));
    assert_eq!((bench.queue.under_way(), bench.queue.waiting()), (2, 3));
    assert_eq!(placed(&bench.feed(Input::Over(CallId(1)))), [3]);
    assert_eq!(placed(&bench.feed(Input::Over(CallId(1)))), [], "it is over once");
    assert_eq!(placed(&bench.feed(Input::Over(CallId(9)))), []);
}

#[test]
fn a_call_waits_for_its_time_and_expires_after_it() {
    let mut bench = Bench::new(settings(pace(1, 1), 100, 100));
    let later = Waiting {
        not_before: Some(bench.now + 5 * SECOND),
        ..call(1, "a")
    };
    assert_eq!(bench.add(later), []);
    let soon = Waiting {
        expires_at: Some(bench.now + 500 * MS),
        ..call(3, "a")
    };
    assert_eq!(placed(&bench.add(call(2, "a"))), [2], "the one that is due goes first");
    assert_eq!(bench.add(soon), []);
    assert_eq!(bench.next(), Some((500, vec![(3, Outcome::Expired)])));
    assert_eq!(bench.next(), Some((5_000, vec![(1, Outcome::Place(1))])));
}

#[test]
fn a_call_is_cancelled_once_and_only_while_it_waits() {
    let mut bench = Bench::new(settings(pace(1, 1), 1, 100));
    bench.add(call(1, "a"));
    bench.add(call(2, "a"));
    assert_eq!(bench.feed(Input::Cancel(CallId(2))), [(2, Outcome::Cancelled)]);
    assert_eq!(bench.feed(Input::Cancel(CallId(2))), []);
    assert_eq!(bench.feed(Input::Cancel(CallId(1))), [], "it was placed");
    assert_eq!(bench.queue.waiting(), 0);
}

#[test]
fn what_finds_no_room_is_refused_by_the_limit() {
    let mut settings = settings(pace(1, 1), 1, 2);
    settings.waiting = 3;
    let mut bench = Bench::new(settings);
    for id in 1..=3 {
        bench.add(call(id, "a"));
    }
    let refused = |why| Outcome::Refused(why);
    assert_eq!(bench.add(call(4, "a")), [(4, refused(NotQueued::TenantFull(2)))]);
    assert_eq!(bench.add(call(2, "b")), [(2, refused(NotQueued::SameId))]);
    assert_eq!(
        bench.add(call(1, "b")),
        [(1, refused(NotQueued::SameId))],
        "it is under way"
    );
    assert_eq!(placed(&bench.add(call(5, "b"))), [5]);
    assert_eq!(bench.add(call(6, "b")), []);
    assert_eq!(bench.add(call(7, "c")), [(7, refused(NotQueued::Full(3)))]);
}

#[test]
fn ten_thousand_calls_of_one_tenant_do_not_hold_up_another() {
    let mut settings = settings(pace(1_000, 1), 10_000, 10_000);
    settings.trunks.insert("shared".into(), pace(10, 1));
    let mut bench = Bench::new(settings);
    let over = |id: u128, of: &str| Waiting {
        trunk: Some("shared".into()),
        ..call(id, of)
    };
    for id in 0..10_000 {
        bench.add(over(id, "many"));
    }
    for id in 20_000..20_003 {
        bench.add(over(id, "few"));
    }
    let went: Vec<u128> = (0..6)
        .filter_map(|_| bench.next())
        .flat_map(|(_, came)| placed(&came))
        .collect();
    let few = went.iter().filter(|id| **id >= 20_000).count();
    assert_eq!(few, 3, "they take turns: {went:?}");
}

/// Calls at random, and what the queue has said of them.
struct Round {
    seed: u64,
    dice: ChaCha12Rng,
    bench: Bench,
    tenant: TenantPace,
    trunk: Pace,
    calls: BTreeMap<u128, Waiting<u128>>,
    outcomes: BTreeMap<u128, Outcome<u128>>,
    went: Vec<(Instant, u128)>,
    alive: Vec<u128>,
}

impl Round {
    fn new(seed: u64) -> Self {
        let mut dice = ChaCha12Rng::seed_from_u64(seed);
        let mut roll = |sides: u64| 1 + (dice.next_u64() % sides) as u32;
        let (of_tenant, at_once) = (pace(roll(20), roll(5)), roll(4) as usize);
        let trunk = pace(roll(10), roll(3));
        let mut settings = settings(of_tenant, at_once, 40);
        settings.waiting = 60;
        settings.trunks.insert("t".into(), trunk);
        Self {
            seed,
            dice,
            tenant: settings.tenant,
            trunk,
            bench: Bench::new(settings),
            calls: BTreeMap::new(),
            outcomes: BTreeMap::new(),
            went: Vec::new(),
            alive: Vec::new(),
        }
    }

    fn roll(&mut self, sides: u64) -> u64 {
        self.dice.next_u64() % sides
    }

    fn step(&mut self, step: u128) {
        let came = match self.roll(10) {
            0..=3 => {
                let wanted = self.some_call(step);
                self.calls.insert(step, wanted.clone());
                self.bench.add(wanted)
            }
            4 => {
                let id = u128::from(self.roll(400));
                self.bench.feed(Input::Cancel(CallId(id)))
            }
            5 | 6 if !self.alive.is_empty() => {
                let place = self.roll(self.alive.len() as u64) as usize;
                let id = self.alive.swap_remove(place);
                self.bench.feed(Input::Over(CallId(id)))
            }
            7 => {
                let time = MS * self.roll(300) as u32;
                self.bench.now += time;
                self.bench.feed(Input::Deadline)
            }
            _ => self.bench.next().map(|(_, came)| came).unwrap_or_default(),
        };
        self.note(came);
    }

    fn some_call(&mut self, id: u128) -> Waiting<u128> {
        let now = self.bench.now;
        let mut wanted = call(id, ["a", "b", "c"][self.roll(3) as usize]);
        wanted.trunk = (self.roll(2) == 0).then(|| "t".into());
        wanted.not_before = (self.roll(4) == 0).then(|| now + MS * self.roll(5_000) as u32);
        wanted.expires_at = (self.roll(4) == 0).then(|| now + MS * self.roll(8_000) as u32);
        wanted
    }

    fn note(&mut self, came: Vec<(u128, Outcome<u128>)>) {
        let (seed, now) = (self.seed, self.bench.now);
        for (id, outcome) in came {
            if matches!(outcome, Outcome::Place(_)) {
                let wanted = &self.calls[&id];
                assert!(wanted.not_before.is_none_or(|at| at <= now), "seed {seed}: too early");
                assert!(wanted.expires_at.is_none_or(|at| at > now), "seed {seed}: too late");
                self.went.push((now, id));
                self.alive.push(id);
            }
            assert!(
                self.outcomes.insert(id, outcome).is_none(),
                "seed {seed}: two outcomes of {id}"
            );
        }
        for name in ["a", "b", "c"] {
            let of = self.alive.iter().filter(|id| self.calls[*id].tenant.0 == name).count();
            assert!(of <= self.tenant.at_once, "seed {seed}: {of} at once");
        }
    }

    /// All that is under way ends, and time passes: everything has its outcome.
    fn come_to_rest(&mut self) {
        let mut rounds = 0;
        while self.bench.queue.waiting() > 0 || !self.alive.is_empty() {
            rounds += 1;
            assert!(rounds < 10_000, "seed {}: it does not come to rest", self.seed);
            let came = match self.alive.pop() {
                Some(id) => self.bench.feed(Input::Over(CallId(id))),
                None => self.bench.next().expect("who waits has a deadline").1,
            };
            self.note(came);
        }
        assert_eq!(
            self.outcomes.len(),
            self.calls.len(),
            "seed {}: one for each",
            self.seed
        );
    }

    fn went(&self, of: impl Fn(&Waiting<u128>) -> bool) -> Vec<Instant> {
        let went = self.went.iter().filter(|(_, id)| of(&self.calls[id]));
        went.map(|(at, _)| *at).collect()
    }
}

/// In any time no more went than the pace allows: what it holds at once, and one more for each interval.
fn paced(went: &[Instant], pace: Pace, seed: u64) {
    for (place, from) in went.iter().enumerate() {
        for (count, to) in went[place..].iter().enumerate() {
            let passed = (*to - *from).as_nanos() / interval(pace.per_second).as_nanos();
            let most = u128::from(pace.burst) + passed;
            assert!(
                count as u128 + 1 <= most,
                "seed {seed}: {} in {passed} intervals",
                count + 1
            );
        }
    }
}

#[test]
fn whatever_happens_each_call_has_one_outcome_within_all_limits() {
    for seed in 0..300 {
        let mut round = Round::new(seed);
        (0..400).for_each(|step| round.step(step));
        round.come_to_rest();
        for name in ["a", "b", "c"] {
            paced(&round.went(|call| call.tenant.0 == name), round.tenant.pace, seed);
        }
        paced(&round.went(|call| call.trunk.is_some()), round.trunk, seed);
    }
}
