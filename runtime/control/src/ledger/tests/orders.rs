//! Random orders of calls, ends, failures and time on one thread, against a model that keeps every call in a list.

use super::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::collections::BTreeMap;

const SEEDS: u64 = 300;
const STEPS: usize = 400;
const TRUNK_CALLS: u32 = 4;

struct Dice(ChaCha8Rng);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0.next_u64() % sides
    }
}

/// One tenant under random limits, and what it was granted, as lists.
struct Run {
    seed: u64,
    bench: Bench,
    limits: TenantLimits,
    start: Instant,
    /// When, to which prefix.
    placed: Vec<(Duration, Prefix)>,
    /// On which day, how much at most, or in the end.
    money: Vec<(u64, u64)>,
    held: Vec<(Permit, usize)>,
    refused: BTreeMap<LedgerLimit, u64>,
}

impl Run {
    fn new(seed: u64, dice: &mut Dice) -> Run {
        let limits = TenantLimits {
            concurrent: 1 + dice.below(5) as u32,
            per_second: 1 + dice.below(3) as u32,
            burst: 1 + dice.below(6) as u32,
            per_hour: 5 + dice.below(60) as u32,
            spend_per_day: Micros((20 + dice.below(300)) * PRICE),
            per_destination: 2 + dice.below(20) as u16,
            ..wide(ANN)
        };
        let trunk = TrunkLimits {
            concurrent: TRUNK_CALLS,
            ..wide_trunk(CARRIER)
        };
        let bench = bench(limits.clone(), trunk);
        Run {
            seed,
            start: bench.now,
            bench,
            limits,
            placed: Vec::new(),
            money: Vec::new(),
            held: Vec::new(),
            refused: BTreeMap::new(),
        }
    }

    fn passed(&self) -> Duration {
        self.bench.now - self.start
    }

    fn step(&mut self, dice: &mut Dice) {
        match dice.below(10) {
            0..=4 => self.place([prefix("49"), prefix("4915"), prefix("1")][dice.below(3) as usize]),
            5..=7 if !self.held.is_empty() => {
                let (permit, at) = self.held.swap_remove(dice.below(self.held.len() as u64) as usize);
                let connected = Duration::from_secs(dice.below(permit.longest().as_secs() + 1));
                self.money[at].1 = match dice.below(3) {
                    0 => 0,
                    _ => permit.settle(connected).0,
                };
            }
            8 => self.bench.pass(Duration::from_secs(dice.below(1_500))),
            _ => self.bench.pass(Duration::from_millis(dice.below(2_000))),
        }
        self.look();
    }

    fn place(&mut self, to: Prefix) {
        let before = self.bench.usage();
        match self.bench.ledger.reserve(self.bench.now, &self.bench.attempt(&to)) {
            Ok(permit) => {
                let most = self.bench.usage().spent_today.0 - before.spent_today.0;
                let pays = Price::per_minute(PRICE).cost(permit.longest()).0;
                assert!(pays <= most, "seed {}: {most} set aside for {pays}", self.seed);
                self.placed.push((self.passed(), to));
                self.money.push((self.passed().as_secs() / 86_400, most));
                self.held.push((permit, self.money.len() - 1));
            }
            Err(Refused::Limit { limit, allowed, asked }) => {
                assert!(
                    asked > allowed,
                    "seed {}: {limit:?} refused {asked} of {allowed}",
                    self.seed
                );
                assert_eq!(
                    self.bench.usage(),
                    before,
                    "seed {}: a refused call was counted",
                    self.seed
                );
                *self.refused.entry(limit).or_default() += 1;
            }
            Err(other) => panic!("seed {}: {other:?}", self.seed),
        }
    }

    /// Calls placed within the time up to now.
    fn within(&self, window: Duration, to: Option<Prefix>) -> usize {
        let counts =
            |(at, prefix): &&(Duration, Prefix)| *at + window > self.passed() && to.is_none_or(|to| to == *prefix);
        self.placed.iter().filter(counts).count()
    }

    fn look(&self) {
        let (seed, usage, limits) = (self.seed, self.bench.usage(), &self.limits);
        assert_eq!(usage.concurrent as usize, self.held.len(), "seed {seed}");
        assert_eq!(
            self.bench.ledger.trunk_calls(CARRIER),
            Some(usage.concurrent),
            "seed {seed}"
        );
        assert!(usage.concurrent <= limits.concurrent.min(TRUNK_CALLS), "seed {seed}");
        let hour = self.within(Duration::from_secs(3600), None);
        assert!(hour <= limits.per_hour as usize, "seed {seed}: {hour} calls in an hour");
        assert!(
            usage.last_hour as usize >= hour,
            "seed {seed}: calls of the last hour were forgotten"
        );
        for window in [1, 5, 60] {
            let most = u64::from(limits.burst) + window * u64::from(limits.per_second);
            let calls = self.within(Duration::from_secs(window), None) as u64;
            assert!(calls <= most, "seed {seed}: {calls} calls in {window} s");
        }
        for to in &limits.destinations {
            let calls = self.within(SPIKE_WINDOW, Some(*to));
            assert!(
                calls <= usize::from(limits.per_destination),
                "seed {seed}: {calls} calls to one destination"
            );
        }
        let today = self.passed().as_secs() / 86_400;
        let spent = self
            .money
            .iter()
            .filter(|(day, _)| *day == today)
            .map(|(_, amount)| amount)
            .sum();
        assert_eq!(usage.spent_today, Micros(spent), "seed {seed}");
        assert!(
            usage.spent_today <= limits.spend_per_day,
            "seed {seed}: over the day's money"
        );
    }
}

#[test]
fn no_order_of_calls_breaks_a_limit() {
    let (mut granted, mut refused) = (0, BTreeMap::new());
    for seed in 0..SEEDS {
        let mut dice = Dice(ChaCha8Rng::seed_from_u64(seed));
        let mut run = Run::new(seed, &mut dice);
        for _ in 0..STEPS {
            run.step(&mut dice);
        }
        run.held.clear();
        assert_eq!(run.bench.usage().concurrent, 0, "seed {seed}");
        granted += run.placed.len();
        for (limit, count) in run.refused {
            *refused.entry(limit).or_insert(0) += count;
        }
    }
    assert!(granted > 10_000, "only {granted} calls went through");
    assert_eq!(refused.len(), 6, "all limits but the trunk's rate are met: {refused:?}");
}
