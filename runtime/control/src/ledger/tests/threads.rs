//! The ledger under real threads: at no moment more calls, money or rate than allowed, and nothing left over.

use super::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::SeqCst;

const THREADS: u64 = 8;
const ROUNDS: u64 = 4_000;

/// What all threads together hold and have been granted, counted outside the ledger.
#[derive(Default)]
struct Outside {
    held: AtomicU64,
    money: AtomicU64,
    granted: AtomicU64,
}

/// No rate limits.
fn fast() -> TenantLimits {
    TenantLimits {
        per_second: 1_000_000,
        burst: 1_000_000,
        ..wide(ANN)
    }
}

fn fast_trunk() -> TrunkLimits {
    TrunkLimits {
        per_second: 1_000_000,
        burst: 1_000_000,
        ..wide_trunk(CARRIER)
    }
}

/// Lets eight threads hold calls for a moment, under these two limits.
fn hold(concurrent: u32, money: u64) {
    let limits = TenantLimits {
        concurrent,
        spend_per_day: Micros(money),
        per_destination: u16::MAX,
        ..fast()
    };
    let bench = bench(limits, fast_trunk());
    let outside = Outside::default();
    std::thread::scope(|scope| {
        for seed in 0..THREADS {
            let (bench, outside) = (&bench, &outside);
            scope.spawn(move || hold_and_drop(bench, outside, seed, u64::from(concurrent), money));
        }
    });
    let usage = bench.usage();
    assert_eq!((usage.concurrent, usage.spent_today), (0, Micros(0)));
    assert_eq!(bench.ledger.trunk_calls(CARRIER), Some(0));
    assert!(outside.granted.into_inner() > ROUNDS, "hardly any call went through");
}

#[test]
fn threads_never_hold_more_calls_than_allowed() {
    hold(3, 1_000 * PRICE);
}

#[test]
fn threads_never_set_aside_more_money_than_allowed() {
    hold(1_000, 37 * PRICE);
}

/// The smallest step on its own, so often that threads meet in the middle of it.
#[test]
fn seats_are_never_oversold() {
    const LIMIT: u32 = 1;
    let (seats, held) = (Seats::default(), AtomicU64::new(0));
    let together = std::sync::Barrier::new(THREADS as usize);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                together.wait();
                for _ in 0..ROUNDS * 100 {
                    if seats.take(LIMIT).is_ok() {
                        let now = held.fetch_add(1, SeqCst) + 1;
                        assert!(now <= u64::from(LIMIT), "{now} seats of {LIMIT} were sold");
                        held.fetch_sub(1, SeqCst);
                        seats.release();
                    }
                }
            });
        }
    });
    assert_eq!(seats.taken(), 0);
}

fn hold_and_drop(bench: &Bench, outside: &Outside, seed: u64, concurrent: u64, all_money: u64) {
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let to = prefix("49");
    for _ in 0..ROUNDS {
        let now = bench.now + Duration::from_micros(dice.next_u64() % 100_000);
        let Ok(permit) = bench.ledger.reserve(now, &bench.attempt(&to)) else {
            continue;
        };
        let most = Price::per_minute(PRICE).cost(permit.longest()).0;
        let held = outside.held.fetch_add(1, SeqCst) + 1;
        let money = outside.money.fetch_add(most, SeqCst) + most;
        outside.granted.fetch_add(1, SeqCst);
        assert!(held <= concurrent, "{held} calls at one time");
        assert!(money <= all_money, "{money} set aside of {all_money}");
        if dice.next_u64() % 4 == 0 {
            std::thread::yield_now();
        }
        outside.money.fetch_sub(most, SeqCst);
        outside.held.fetch_sub(1, SeqCst);
        drop(permit);
    }
}

/// Lets eight threads call as fast as they can, all within `span` of virtual time; how many calls were granted.
fn storm(limits: TenantLimits, trunk: TrunkLimits, span: Duration) -> u64 {
    let bench = bench(limits, trunk);
    let granted = AtomicU64::new(0);
    let to = prefix("49");
    std::thread::scope(|scope| {
        for seed in 0..THREADS {
            let (bench, granted, to) = (&bench, &granted, &to);
            scope.spawn(move || {
                let mut dice = ChaCha8Rng::seed_from_u64(seed);
                let step = span.as_nanos() as u64 / ROUNDS;
                for round in 0..ROUNDS {
                    let now = bench.now + Duration::from_nanos(round * step + dice.next_u64() % step.max(1));
                    if bench.ledger.reserve(now, &bench.attempt(to)).is_ok() {
                        granted.fetch_add(1, SeqCst);
                    }
                }
            });
        }
    });
    granted.into_inner()
}

#[test]
fn threads_never_call_faster_than_allowed() {
    let ten_seconds = Duration::from_secs(10);
    let (per_second, burst) = (10, 20);
    let rated = TenantLimits {
        per_second,
        burst,
        ..wide(ANN)
    };
    let granted = storm(rated, fast_trunk(), ten_seconds);
    assert!(
        (100..=120).contains(&granted),
        "{granted} calls in 10 s at 10 a second after 20 at once"
    );
    let rated = TrunkLimits {
        per_second,
        burst,
        ..wide_trunk(CARRIER)
    };
    let granted = storm(fast(), rated, ten_seconds);
    assert!((100..=120).contains(&granted), "{granted} calls over the trunk");
    let per_hour = TenantLimits { per_hour: 77, ..fast() };
    let granted = storm(per_hour, fast_trunk(), Duration::from_secs(3_599));
    assert_eq!(granted, 77, "calls in an hour");
    let rising = TenantLimits {
        per_destination: 33,
        ..fast()
    };
    assert_eq!(
        storm(rising, fast_trunk(), SPIKE_WINDOW),
        33,
        "calls to one destination"
    );
}

#[test]
fn an_hour_that_moves_on_under_threads_is_never_forgotten() {
    const HOURLY: u32 = 50;
    const HOURS: u64 = 20;
    let limits = TenantLimits {
        per_hour: HOURLY,
        ..fast()
    };
    let granted = storm(limits, fast_trunk(), Duration::from_secs(HOURS * 3600));
    let most = u64::from(HOURLY) * (HOURS + 1);
    assert!(granted <= most, "{granted} calls in {HOURS} hours at {HOURLY} an hour");
    assert!(
        granted >= most / 2,
        "only {granted} calls in {HOURS} hours at {HOURLY} an hour"
    );
}
