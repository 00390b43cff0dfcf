//! The ledger's limits one by one, under random orders, and under threads.

mod orders;
mod threads;

use super::*;

const ANN: &str = "ann";
const CARRIER: &str = "carrier";
/// One unit a minute.
const PRICE: u64 = 1_000_000;

fn wide(tenant: &str) -> TenantLimits {
    TenantLimits {
        tenant: Tenant(tenant.to_owned()),
        concurrent: 1_000,
        per_second: 1_000,
        burst: 1_000,
        per_hour: 100_000,
        spend_per_day: Micros(1_000_000 * PRICE),
        destinations: vec![prefix("49"), prefix("4915"), prefix("1")],
        per_destination: 10_000,
    }
}

fn wide_trunk(name: &str) -> TrunkLimits {
    TrunkLimits {
        trunk: name.into(),
        concurrent: 1_000,
        per_second: 1_000,
        burst: 1_000,
    }
}

fn prefix(text: &str) -> Prefix {
    Prefix::new(text).expect("a prefix")
}

#[allow(clippy::disallowed_methods, reason = "a test needs an origin for its virtual clock")]
fn origin() -> Instant {
    Instant::now()
}

struct Bench {
    ledger: Ledger,
    now: Instant,
    tenant: Tenant,
}

fn bench(tenant: TenantLimits, trunk: TrunkLimits) -> Bench {
    let now = origin();
    let settings = LedgerSettings {
        tenants: vec![tenant, wide("bob")],
        trunks: vec![trunk, wide_trunk("spare")],
    };
    Bench {
        ledger: Ledger::new(settings, now, Duration::ZERO).expect("good limits"),
        now,
        tenant: Tenant(ANN.to_owned()),
    }
}

impl Bench {
    fn attempt<'a>(&'a self, destination: &'a Prefix) -> Attempt<'a> {
        Attempt {
            tenant: &self.tenant,
            trunk: Some(CARRIER),
            destination: Some(destination),
            price: Price::per_minute(PRICE),
            longest: Duration::from_secs(600),
            least: Duration::from_secs(60),
            urgency: Urgency::Ordinary,
        }
    }

    fn call(&self) -> Result<Permit, Refused> {
        self.ledger.reserve(self.now, &self.attempt(&prefix("49")))
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
    }

    fn usage(&self) -> Usage {
        self.ledger.usage(self.now, &self.tenant).expect("ann is known")
    }
}

fn limit(limit: LedgerLimit, allowed: u64) -> Refused {
    over(limit, allowed, allowed + 1)
}

fn calls(bench: &Bench, count: usize) -> Vec<Permit> {
    (0..count).map(|_| bench.call().expect("within limits")).collect()
}

#[test]
fn calls_at_one_time_are_limited_and_a_place_comes_back() {
    let bench = bench(
        TenantLimits {
            concurrent: 3,
            ..wide(ANN)
        },
        wide_trunk(CARRIER),
    );
    let mut held = calls(&bench, 3);
    assert_eq!(bench.call().err(), Some(limit(LedgerLimit::TenantConcurrent, 3)));
    drop(held.pop());
    held.push(bench.call().expect("a place is free"));
    let cost = held.remove(0).settle(Duration::from_secs(61));
    assert_eq!(cost, Micros(1_016_667));
    assert_eq!(bench.usage().concurrent, 2);
}

#[test]
fn what_may_be_spent_in_a_day_is_changed_while_it_is_held_to() {
    let bench = bench(
        TenantLimits {
            spend_per_day: Micros(50_000_000),
            ..wide(ANN)
        },
        wide_trunk(CARRIER),
    );
    let spend = |most| bench.ledger.set_spend_per_day(&bench.tenant, most);
    bench.call().expect("there is money").settle(Duration::from_secs(60));
    spend(Some(Micros(1_000_000)));
    let refused = bench.call().expect_err("a million is spent");
    assert!(
        matches!(
            refused,
            Refused::Limit {
                limit: LedgerLimit::TenantSpend,
                allowed: 1_000_000,
                ..
            }
        ),
        "{refused}"
    );
    // What was changed outlives a change of the configuration, and so does what was spent.
    let settings = LedgerSettings {
        tenants: vec![wide(ANN)],
        trunks: vec![wide_trunk(CARRIER)],
    };
    let renewed = bench.ledger.renewed(settings).expect("good limits");
    assert!(renewed.reserve(bench.now, &bench.attempt(&prefix("49"))).is_err());
    spend(None);
    assert!(bench.call().is_ok(), "as configured again");
    bench.ledger.set_spend_per_day(&Tenant("nobody".to_owned()), None);
}

#[test]
fn what_was_spent_before_the_books_were_opened_counts() {
    let mut bench = bench(
        TenantLimits {
            spend_per_day: Micros(50_000_000),
            ..wide(ANN)
        },
        wide_trunk(CARRIER),
    );
    bench.ledger.add_spent(bench.now, &bench.tenant, Micros(50_000_000));
    assert_eq!(bench.usage().spent_today, Micros(50_000_000));
    assert!(bench.call().is_err());
    bench.pass(Duration::from_secs(24 * 3600));
    assert!(bench.call().is_ok(), "the next day");
}

#[test]
fn a_trunk_has_limits_of_its_own_and_a_call_may_change_trunks() {
    let bench = bench(
        wide(ANN),
        TrunkLimits {
            concurrent: 2,
            ..wide_trunk(CARRIER)
        },
    );
    let mut held = calls(&bench, 2);
    let refused = bench.call().expect_err("the trunk is full");
    assert_eq!(refused, limit(LedgerLimit::TrunkConcurrent, 2));
    assert!(matches!(refused, Refused::Limit { limit, .. } if limit.is_of_trunk()));
    assert_eq!(bench.usage().concurrent, 2, "the refused call holds nothing");
    bench
        .ledger
        .change_trunk(bench.now, &mut held[0], "spare")
        .expect("the spare has room");
    let trunks = || ["carrier", "spare"].map(|name| bench.ledger.trunk_calls(name));
    assert_eq!(trunks(), [Some(1), Some(1)]);
    let unknown = bench.ledger.change_trunk(bench.now, &mut held[0], "nobody");
    assert_eq!(unknown, Err(Refused::UnknownTrunk));
    drop(bench.call().expect("a place is free"));
    drop(held);
    assert_eq!(trunks(), [Some(0), Some(0)]);
}

#[test]
fn a_bucket_lets_a_burst_through_and_then_its_rate() {
    let slow = TenantLimits {
        per_second: 2,
        burst: 5,
        ..wide(ANN)
    };
    let mut bench = bench(slow, wide_trunk(CARRIER));
    drop(calls(&bench, 5));
    assert_eq!(bench.call().err(), Some(limit(LedgerLimit::TenantPerSecond, 5)));
    bench.pass(Duration::from_millis(499));
    assert!(bench.call().is_err(), "half a second makes a token, not less");
    bench.pass(Duration::from_millis(1));
    drop(bench.call().expect("one token"));
    assert!(bench.call().is_err());
    bench.pass(Duration::from_secs(3600));
    drop(calls(&bench, 5));
    assert!(bench.call().is_err(), "an hour fills the bucket and no more");
}

#[test]
fn a_trunks_bucket_refuses_and_the_tenants_is_not_touched() {
    let tenant = TenantLimits {
        per_second: 1,
        burst: 3,
        ..wide(ANN)
    };
    let mut bench = bench(
        tenant,
        TrunkLimits {
            per_second: 1,
            burst: 2,
            ..wide_trunk(CARRIER)
        },
    );
    drop(calls(&bench, 2));
    for _ in 0..50 {
        assert_eq!(bench.call().err(), Some(limit(LedgerLimit::TrunkPerSecond, 2)));
    }
    bench.pass(Duration::from_secs(2));
    drop(calls(&bench, 2));
    bench.pass(Duration::from_secs(2));
    drop(calls(&bench, 2));
}

#[test]
fn an_hour_holds_so_many_calls_wherever_it_begins() {
    let mut bench = bench(
        TenantLimits {
            per_hour: 10,
            ..wide(ANN)
        },
        wide_trunk(CARRIER),
    );
    bench.pass(Duration::from_secs(299));
    drop(calls(&bench, 4));
    bench.pass(Duration::from_secs(1_800));
    drop(calls(&bench, 6));
    assert_eq!(bench.call().err(), Some(limit(LedgerLimit::TenantPerHour, 10)));
    bench.pass(Duration::from_secs(1_799));
    assert!(bench.call().is_err(), "the first four are not an hour old");
    bench.pass(Duration::from_secs(302));
    drop(calls(&bench, 4));
    assert!(bench.call().is_err());
    assert_eq!(bench.usage().last_hour, 10);
    bench.pass(Duration::from_secs(48 * 3600));
    assert_eq!(bench.usage().last_hour, 0);
    drop(calls(&bench, 10));
    assert!(bench.call().is_err());
}

#[test]
fn money_is_set_aside_settled_and_given_back() {
    let poor = TenantLimits {
        spend_per_day: Micros(25 * PRICE),
        ..wide(ANN)
    };
    let mut bench = bench(poor, wide_trunk(CARRIER));
    let mut held = calls(&bench, 2);
    assert_eq!(bench.usage().spent_today, Micros(20 * PRICE), "ten minutes each");
    let short = bench.call().expect("five minutes are left");
    assert_eq!(short.longest(), Duration::from_secs(300));
    let refused = bench.call().expect_err("nothing is left");
    assert_eq!(refused, over(LedgerLimit::TenantSpend, 25 * PRICE, 26 * PRICE));
    drop(short);
    assert_eq!(held.remove(0).settle(Duration::from_secs(30)), Micros(PRICE / 2));
    assert_eq!(bench.usage().spent_today, Micros(10 * PRICE + PRICE / 2));
    bench.pass(Duration::from_secs(24 * 3600));
    assert_eq!(bench.usage().spent_today, Micros(0), "a new day");
    let today = bench.call().expect("money again");
    assert_eq!(held.remove(0).settle(Duration::from_secs(600)), Micros(10 * PRICE));
    assert_eq!(
        bench.usage().spent_today,
        Micros(10 * PRICE),
        "yesterday's call is paid from yesterday's money"
    );
    assert_eq!(
        today.settle(Duration::from_secs(1_200)),
        Micros(20 * PRICE),
        "it was not hung up in time"
    );
    assert_eq!(
        bench.usage().spent_today,
        Micros(20 * PRICE),
        "what was spent is booked"
    );
}

#[test]
fn the_day_begins_where_the_host_says() {
    let now = origin();
    let settings = LedgerSettings {
        tenants: vec![wide(ANN)],
        trunks: Vec::new(),
    };
    let ledger = Ledger::new(settings, now, Duration::from_secs(23 * 3600)).expect("good limits");
    let tenant = Tenant(ANN.to_owned());
    let attempt = Attempt {
        tenant: &tenant,
        trunk: None,
        destination: None,
        price: Price::per_minute(PRICE),
        longest: Duration::from_secs(60),
        least: Duration::from_secs(60),
        urgency: Urgency::Ordinary,
    };
    let permit = ledger.reserve(now, &attempt).expect("within limits");
    let spent = |at: u64| {
        ledger
            .usage(now + Duration::from_secs(at), &tenant)
            .map(|usage| usage.spent_today)
    };
    assert_eq!(spent(3_599), Some(Micros(PRICE)));
    assert_eq!(spent(3_600), Some(Micros(0)));
    drop(permit);
}

#[test]
fn a_sudden_rise_to_one_destination_is_stopped_and_others_go_on() {
    let mut bench = bench(
        TenantLimits {
            per_destination: 3,
            ..wide(ANN)
        },
        wide_trunk(CARRIER),
    );
    drop(calls(&bench, 3));
    assert_eq!(bench.call().err(), Some(limit(LedgerLimit::Destination, 3)));
    drop(
        bench
            .ledger
            .reserve(bench.now, &bench.attempt(&prefix("4915")))
            .expect("another rule"),
    );
    bench.pass(SPIKE_WINDOW);
    assert!(bench.call().is_err(), "the window before counts too");
    bench.pass(SPIKE_WINDOW);
    drop(calls(&bench, 3));
    let strange = bench.ledger.reserve(bench.now, &bench.attempt(&prefix("7")));
    assert_eq!(strange.err(), Some(Refused::UnknownDestination));
}

#[test]
fn what_is_refused_uses_nothing_up() {
    let tight = |per_hour| TenantLimits {
        per_hour,
        burst: 3,
        per_second: 1,
        per_destination: 3,
        ..wide(ANN)
    };
    let trunk = || TrunkLimits {
        per_second: 1,
        burst: 4,
        ..wide_trunk(CARRIER)
    };
    let mut bench = bench(tight(1), trunk());
    drop(bench.call().expect("the first"));
    for _ in 0..20 {
        assert_eq!(bench.call().err(), Some(limit(LedgerLimit::TenantPerHour, 1)));
    }
    let usage = bench.usage();
    assert_eq!((usage.concurrent, usage.spent_today), (0, Micros(0)));
    assert_eq!(bench.ledger.trunk_calls(CARRIER), Some(0));
    let more = LedgerSettings {
        tenants: vec![tight(10)],
        trunks: vec![trunk()],
    };
    bench.ledger = bench.ledger.renewed(more).expect("good limits");
    drop(calls(&bench, 2));
    for _ in 0..20 {
        assert_eq!(bench.call().err(), Some(limit(LedgerLimit::TenantPerSecond, 3)));
    }
    bench.pass(Duration::from_secs(1));
    assert_eq!(
        bench.call().err(),
        Some(limit(LedgerLimit::Destination, 3)),
        "the trunk kept its tokens, and the three calls were counted"
    );
}

fn settings(tenant: TenantLimits) -> LedgerSettings {
    LedgerSettings {
        tenants: vec![tenant],
        trunks: vec![wide_trunk(CARRIER)],
    }
}

#[test]
fn new_limits_keep_the_counts_and_old_permits_stay_good() {
    let mut bench = bench(wide(ANN), wide_trunk(CARRIER));
    let held = calls(&bench, 4);
    let old = std::mem::replace(
        &mut bench.ledger,
        Ledger::new(LedgerSettings::default(), bench.now, Duration::ZERO).expect("empty"),
    );
    assert_eq!(bench.call().err(), Some(Refused::UnknownTenant));
    bench.ledger = old
        .renewed(settings(TenantLimits {
            concurrent: 4,
            ..wide(ANN)
        }))
        .expect("good limits");
    assert_eq!(bench.call().err(), Some(limit(LedgerLimit::TenantConcurrent, 4)));
    drop(held);
    assert_eq!(bench.usage().concurrent, 0);
    drop(bench.call().expect("free again"));
}

#[test]
fn an_emergency_is_counted_where_it_can_be_and_never_refused() {
    let none = TenantLimits {
        concurrent: 0,
        per_second: 0,
        per_hour: 0,
        spend_per_day: Micros(0),
        ..wide(ANN)
    };
    let bench = bench(
        none,
        TrunkLimits {
            concurrent: 0,
            ..wide_trunk(CARRIER)
        },
    );
    assert_eq!(bench.call().err(), Some(limit(LedgerLimit::TenantConcurrent, 0)));
    let stranger = Tenant("stranger".to_owned());
    let any = prefix("49");
    for (tenant, trunk, counted) in [(&bench.tenant, CARRIER, true), (&stranger, "unknown", false)] {
        let attempt = Attempt {
            tenant,
            trunk: Some(trunk),
            urgency: Urgency::Emergency,
            ..bench.attempt(&any)
        };
        let permit = bench.ledger.reserve(bench.now, &attempt).expect("never refused");
        assert_eq!(permit.is_counted(), counted);
        assert_eq!(permit.longest(), Duration::from_secs(600));
        assert_eq!(bench.usage().concurrent, u32::from(counted));
        assert_eq!(permit.settle(Duration::from_secs(60)), Micros(0));
    }
    assert_eq!(bench.usage().concurrent, 0);
    assert_eq!(bench.ledger.trunk_calls(CARRIER), Some(0));
}

#[test]
fn strangers_may_not_call() {
    let bench = bench(wide(ANN), wide_trunk(CARRIER));
    let stranger = Tenant("stranger".to_owned());
    let any = prefix("49");
    let of_stranger = Attempt {
        tenant: &stranger,
        ..bench.attempt(&any)
    };
    assert_eq!(
        bench.ledger.reserve(bench.now, &of_stranger).err(),
        Some(Refused::UnknownTenant)
    );
    let over_nothing = Attempt {
        trunk: Some("nothing"),
        ..bench.attempt(&any)
    };
    assert_eq!(
        bench.ledger.reserve(bench.now, &over_nothing).err(),
        Some(Refused::UnknownTrunk)
    );
}

#[test]
fn limits_that_cannot_be_held_to_are_refused() {
    let now = origin();
    let made = |settings| Ledger::new(settings, now, Duration::ZERO).err();
    let twice = LedgerSettings {
        tenants: vec![wide(ANN), wide(ANN)],
        trunks: Vec::new(),
    };
    assert_eq!(made(twice), Some(LedgerError::Twice(ANN.into())));
    let trunks = LedgerSettings {
        tenants: Vec::new(),
        trunks: vec![wide_trunk("a"), wide_trunk("a")],
    };
    assert_eq!(made(trunks), Some(LedgerError::Twice("a".into())));
    let destinations = vec![prefix("49"), prefix("49")];
    assert_eq!(
        made(settings(TenantLimits {
            destinations,
            ..wide(ANN)
        })),
        Some(LedgerError::Twice(ANN.into()))
    );
    let rich = TenantLimits {
        spend_per_day: Micros(1 << 48),
        ..wide(ANN)
    };
    assert_eq!(made(settings(rich)), Some(LedgerError::Spend(Tenant(ANN.to_owned()))));
    let many = (0..=MAX_TRUNKS).map(|index| wide_trunk(&index.to_string())).collect();
    let many = LedgerSettings {
        tenants: Vec::new(),
        trunks: many,
    };
    assert!(matches!(made(many), Some(LedgerError::TooMany { .. })));
}
