//! What tenants get, in virtual time: each limit by itself, what is refused uses nothing up, and no order of calls, turns
//! and requests of one tenant changes what another gets.

#![allow(clippy::disallowed_methods, reason = "a test begins at some moment")]

use super::*;
use crate::destinations::Micros;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

const MIB: u64 = 1024 * 1024;

fn tenant(name: &str) -> Tenant {
    Tenant(name.to_owned())
}

fn tenancy(limits: Limits) -> (Tenancy, Arc<Share>, Instant) {
    let start = Instant::now();
    let tenancy = Tenancy::new(start, limits);
    let share = tenancy.share(&tenant("one")).unwrap();
    (tenancy, share, start)
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn without_limits_everything_is_had_and_counted() {
    let (tenancy, share, now) = tenancy(Limits::default());
    let seats: Vec<Seat> = (0..1_000).map(|_| share.new_call(now, 32 * MIB).unwrap()).collect();
    assert_eq!(
        (share.in_use().calls, share.in_use().memory_bytes),
        (1_000, 32_000 * MIB)
    );
    share.burn(now, 7_000_000_000);
    assert_eq!((share.has_fuel(now), share.fuel_at()), (Ok(()), None));
    share.http_request(now, 100).unwrap();
    share.http_bytes(now, 900);
    share.spent(Micros(7));
    share.recorded(5);
    share.may_record().unwrap();
    drop(seats);
    share.call_over(ms(1_500));
    assert_eq!(
        share.in_use(),
        InUse {
            calls: 0,
            memory_bytes: 0,
            recording_bytes: 5
        }
    );
    let used = Usage {
        calls: 1_000,
        call_ms: 1_500,
        fuel: 7_000_000_000,
        http_requests: 1,
        http_bytes: 1_000,
        recording_bytes: 5,
        spend_micros: 7,
    };
    assert_eq!(tenancy.usage(), [(tenant("one"), used)]);
    assert!(Limit::ALL.iter().all(|limit| tenancy.refused(*limit) == 0));
}

#[test]
fn as_many_calls_as_it_may_and_a_place_that_was_given_back_is_had_again() {
    let limits = Limits {
        calls_at_once: Some(2),
        ..Limits::default()
    };
    let (tenancy, share, now) = tenancy(limits);
    let first = share.new_call(now, MIB).unwrap();
    let _second = share.new_call(now, MIB).unwrap();
    let refused = Refused::TooManyCalls { most: 2 };
    assert_eq!(share.new_call(now, MIB).map(drop), Err(refused));
    assert_eq!(share.another_call(MIB).map(drop), Err(refused));
    assert_eq!((share.in_use().calls, share.in_use().memory_bytes), (2, 2 * MIB));
    assert_eq!((share.usage().calls, tenancy.refused(Limit::CallsAtOnce)), (2, 2));
    drop(first);
    let _third = share.new_call(now, MIB).unwrap();
    // Whoever is in the house already is not sent away.
    let moved = share.moved_call(MIB);
    assert_eq!(share.in_use().calls, 3);
    drop(moved);
    assert_eq!(share.in_use().calls, 2);
}

#[test]
fn new_calls_come_as_fast_as_they_may_and_refused_ones_use_nothing_up() {
    let limits = Limits {
        new_calls_per_second: Some(4),
        calls_at_once: Some(4),
        ..Limits::default()
    };
    let (_, share, start) = tenancy(limits);
    let burst: Vec<Seat> = (0..4).map(|_| share.new_call(start, MIB).unwrap()).collect();
    assert_eq!(
        share.new_call(start, MIB).map(drop),
        Err(Refused::TooManyCalls { most: 4 })
    );
    drop(burst);
    let too_fast = Err(Refused::TooFast { per_second: 4 });
    for _ in 0..100 {
        assert_eq!(share.new_call(start, MIB).map(drop), too_fast);
    }
    assert_eq!(share.in_use(), InUse::default());
    assert!(share.new_call(start + ms(249), MIB).is_err());
    assert!(share.new_call(start + ms(250), MIB).is_ok());
    let within_ten = (1..=10_000_u64).filter(|at| share.new_call(start + ms(1_000 + at), MIB).is_ok());
    assert_eq!(within_ten.count(), 3 + 40, "what the bucket held, and four a second");
}

#[test]
fn memory_is_what_all_instances_may_have_together() {
    let limits = Limits {
        memory_bytes: Some(64 * MIB),
        ..Limits::default()
    };
    let (tenancy, share, now) = tenancy(limits);
    let call = share.new_call(now, 32 * MIB).unwrap();
    let shadow = share.instance(32 * MIB).unwrap();
    let refused = Refused::NoMemory { most: 64 * MIB };
    assert_eq!(share.new_call(now, 32 * MIB).map(drop), Err(refused));
    assert_eq!(share.instance(1).map(drop), Err(refused));
    assert_eq!(
        share.in_use().calls,
        1,
        "the place of a call that had no memory went back"
    );
    drop(shadow);
    drop(call);
    assert_eq!(share.in_use(), InUse::default());
    assert_eq!(tenancy.refused(Limit::Memory), 2);
}

#[test]
fn fuel_fills_by_so_much_a_minute_and_what_was_used_beyond_it_is_waited_for() {
    let limits = Limits {
        fuel_per_minute: Some(60_000),
        ..Limits::default()
    };
    let (_, share, start) = tenancy(limits);
    share.burn(start, 60_000);
    assert_eq!(share.has_fuel(start), Ok(()), "it is used, and nothing beyond it");
    share.burn(start, 5_000);
    let refused = Refused::FuelUsed {
        per_minute: 60_000,
        wait_ms: 5_000,
    };
    assert_eq!(share.has_fuel(start), Err(refused));
    assert_eq!(share.new_call(start, MIB).map(drop), Err(refused));
    assert_eq!(share.fuel_at(), Some(start + ms(5_000)));
    assert!(share.has_fuel(start + ms(4_999)).is_err());
    assert!(share.has_fuel(start + ms(5_000)).is_ok());
    // A minute later the bucket is full again, and not fuller.
    let later = start + ms(600_000);
    share.burn(later, 60_001);
    assert_eq!(share.fuel_at(), Some(later + ms(1)));
}

#[test]
fn no_fuel_at_all_is_a_limit_too() {
    let limits = Limits {
        fuel_per_minute: Some(0),
        ..Limits::default()
    };
    let (_, share, start) = tenancy(limits);
    assert!(share.has_fuel(start + Duration::from_secs(86_400)).is_err());
    assert!(
        share
            .fuel_at()
            .is_some_and(|at| at > start + Duration::from_secs(86_400))
    );
    share.burn(start, u64::MAX);
    assert!(share.has_fuel(start).is_err());
}

#[test]
fn requests_and_recordings_have_their_limits() {
    let limits = Limits {
        http_per_minute: Some(6),
        recording_bytes: Some(100),
        ..Limits::default()
    };
    let (tenancy, share, start) = tenancy(limits);
    let sent = (0..60_000_u64).filter(|at| share.http_request(start + ms(*at), 1).is_ok());
    assert_eq!(sent.count(), 6 + 5, "a full bucket, and one each ten seconds");
    share.add_recordings(60);
    share.may_record().unwrap();
    share.recorded(50);
    assert_eq!(share.may_record(), Err(Refused::RecordingsFull { most: 100 }));
    share.recording_deleted(60);
    share.may_record().unwrap();
    assert_eq!((share.usage().http_requests, share.usage().recording_bytes), (11, 50));
    assert_eq!(tenancy.refused(Limit::Recordings), 1);
}

#[test]
fn bytes_of_requests_fill_by_so_many_a_minute_and_an_answer_may_leave_a_debt() {
    let limits = Limits {
        http_bytes_per_minute: Some(6_000),
        ..Limits::default()
    };
    let (tenancy, share, start) = tenancy(limits);
    share.http_request(start, 1_000).unwrap();
    share.http_bytes(start, 5_000);
    share.http_request(start, 1_000).unwrap();
    let refused = Err(Refused::TooManyBytes { per_minute: 6_000 });
    assert_eq!(share.http_request(start, 1), refused, "a thousand are owed");
    assert_eq!(share.http_request(start + ms(9_999), 1), refused);
    share.http_request(start + ms(10_000), 1).unwrap();
    assert_eq!((share.usage().http_requests, share.usage().http_bytes), (3, 7_001));
    assert_eq!(tenancy.refused(Limit::HttpBytes), 2);
}

#[test]
fn money_that_is_spent_is_counted_among_the_refusals() {
    let (tenancy, share, _) = tenancy(Limits::default());
    let refused = share.no_money(Micros(50_000_000));
    assert_eq!((refused.limit(), tenancy.refused(Limit::Spend)), (Limit::Spend, 1));
    assert!(refused.to_string().contains("spend_per_day"));
}

#[test]
fn limits_are_replaced_while_they_are_held_to() {
    let (tenancy, share, now) = tenancy(Limits::default());
    let _calls: Vec<Seat> = (0..5).map(|_| share.new_call(now, MIB).unwrap()).collect();
    share.burn(now, 1_000);
    let limits = Limits {
        calls_at_once: Some(3),
        fuel_per_minute: Some(1),
        ..Limits::default()
    };
    tenancy.set_limits(&tenant("one"), limits).unwrap();
    assert_eq!(share.limits(), limits);
    assert_eq!(
        share.new_call(now, MIB).map(drop),
        Err(Refused::TooManyCalls { most: 3 })
    );
    assert_eq!(
        share.has_fuel(now),
        Ok(()),
        "what was burnt without a limit is not owed"
    );
    share.burn(now, 2);
    assert!(share.has_fuel(now).is_err());
    tenancy.set_limits(&tenant("one"), Limits::default()).unwrap();
    assert!(share.has_fuel(now).is_ok() && share.new_call(now, MIB).is_ok());
    let two = tenancy.share(&tenant("two")).unwrap();
    assert_eq!(two.limits(), Limits::default());
}

#[test]
fn a_storm_of_refusals_is_told_of_once_a_minute() {
    let (_, share, start) = tenancy(Limits::default());
    let told: Vec<u64> = (0..120_000_u64)
        .filter_map(|at| share.tell(start + ms(at), Limit::CallsAtOnce))
        .collect();
    assert_eq!(told, [1, 60_000]);
    assert_eq!(share.tell(start, Limit::Http), Some(1), "each limit for itself");
}

#[test]
fn a_storm_of_refusals_is_no_storm_of_records() {
    let (_, share, start) = tenancy(Limits::default());
    let kept = (0..60_000_u64).filter(|at| share.keeps_refusal(start + ms(*at)));
    assert_eq!(
        kept.count() as u64,
        2 * REFUSALS_KEPT - 1,
        "a full bucket, and as many a minute"
    );
}

#[test]
fn a_node_knows_as_many_tenants_as_it_may() {
    let tenancy = Tenancy::new(Instant::now(), Limits::default());
    for number in 0..MAX_TENANTS {
        tenancy.share(&tenant(&number.to_string())).unwrap();
    }
    let refused = Refused::TooManyTenants { most: MAX_TENANTS };
    assert_eq!(tenancy.share(&tenant("one more")).map(drop), Err(refused));
    assert_eq!(tenancy.set_limits(&tenant("one more"), Limits::default()), Err(refused));
    assert!(tenancy.share(&tenant("7")).is_ok(), "those that are known go on");
    assert_eq!(tenancy.refused(Limit::Tenants), 2);
}

/// What a tenant does and hears, in one line each.
fn act(share: &Arc<Share>, now: Instant, what: u32, seats: &mut Vec<Seat>) -> String {
    match what % 8 {
        0..=2 => match share.new_call(now, MIB) {
            Ok(seat) => {
                seats.push(seat);
                "call".to_owned()
            }
            Err(refused) => refused.to_string(),
        },
        3 => {
            if !seats.is_empty() {
                drop(seats.swap_remove(what as usize / 8 % seats.len()));
            }
            format!("{:?}", share.in_use())
        }
        4 => {
            share.burn(now, u64::from(what) % 4_000);
            format!("{:?}", share.has_fuel(now))
        }
        5 => format!("{:?}", share.http_request(now, u64::from(what) % 50)),
        6 => {
            share.recorded(u64::from(what) % 50);
            format!("{:?}", share.may_record())
        }
        _ => {
            seats.push(share.moved_call(MIB));
            format!("{:?}", share.usage())
        }
    }
}

/// What a calm tenant hears in some seconds, beside one that does all it can, or alone.
fn heard(seed: u64, beside: bool) -> Vec<String> {
    let limits = Limits {
        calls_at_once: Some(5),
        new_calls_per_second: Some(3),
        fuel_per_minute: Some(20_000),
        memory_bytes: Some(6 * MIB),
        http_per_minute: Some(20),
        http_bytes_per_minute: Some(300),
        recording_bytes: Some(500),
    };
    let (tenancy, share, start) = tenancy(limits);
    let noisy = tenancy.share(&tenant("noisy")).unwrap();
    let (mut calm, mut wild) = (ChaCha12Rng::seed_from_u64(seed), ChaCha12Rng::seed_from_u64(seed + 1));
    let (mut seats, mut others, mut heard) = (Vec::new(), Vec::new(), Vec::new());
    for at in 0..2_000_u64 {
        let now = start + ms(at * 10);
        if beside {
            for _ in 0..20 {
                act(&noisy, now, wild.next_u32(), &mut others);
            }
        }
        if at % 5 == 0 {
            heard.push(act(&share, now, calm.next_u32(), &mut seats));
        }
        assert!(share.in_use().memory_bytes == seats.len() as u64 * MIB && share.in_use().calls == seats.len() as u64);
    }
    drop((seats, others));
    assert_eq!((share.in_use().calls, noisy.in_use().calls), (0, 0));
    heard
}

#[test]
fn whatever_one_tenant_does_another_hears_the_same() {
    for seed in 0..20 {
        assert_eq!(heard(seed, true), heard(seed, false), "seed {seed}");
    }
}

#[test]
fn threads_never_get_more_together_than_there_is() {
    let limits = Limits {
        calls_at_once: Some(10),
        memory_bytes: Some(8 * MIB),
        ..Limits::default()
    };
    let (_, share, now) = tenancy(limits);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..5_000 {
                    let seat = share.new_call(now, MIB);
                    let used = share.in_use();
                    assert!(used.calls <= 10 + 4 && used.memory_bytes <= 8 * MIB, "{used:?}");
                    drop(seat);
                }
            });
        }
    });
    assert_eq!(share.in_use(), InUse::default());
}
