//! Rates in virtual time, and tables that stay small under a flood.

use super::*;
use crate::tests::{Dice, start};

fn ip(number: u32) -> IpAddr {
    IpAddr::V4(std::net::Ipv4Addr::from_bits(number))
}

#[test]
fn a_burst_then_the_rate() {
    let now = start();
    let mut meter = Meter::new(Rate {
        per_minute: 60,
        burst: 5,
    });
    let taken = |meter: &mut Meter, now| (0..100).filter(|_| meter.take(now, ip(1))).count();
    assert_eq!(taken(&mut meter, now), 5);
    assert!(meter.take(now, ip(2)), "another address has its own");
    assert_eq!(taken(&mut meter, now + Duration::from_millis(999)), 0);
    assert_eq!(taken(&mut meter, now + Duration::from_secs(3)), 3);
    assert_eq!(
        taken(&mut meter, now + Duration::from_secs(3600)),
        5,
        "never more than the burst"
    );
}

#[test]
fn an_address_of_ipv6_is_its_network() {
    let now = start();
    let mut meter = Meter::new(Rate {
        per_minute: 1,
        burst: 1,
    });
    assert!(meter.take(now, "2001:db8::1".parse().expect("an address")));
    assert!(!meter.take(now, "2001:db8::ffff:2".parse().expect("an address")));
    assert!(meter.take(now, "2001:db8:0:1::1".parse().expect("an address")));
    assert!(meter.take(now, "::ffff:192.0.2.1".parse().expect("an address")));
    assert!(!meter.take(now, "192.0.2.1".parse().expect("an address")));
}

#[test]
fn a_flood_of_addresses_does_not_free_the_busy_one() {
    let now = start();
    let mut meter = Meter::new(Rate {
        per_minute: 60,
        burst: 50,
    });
    while meter.take(now, ip(0)) {}
    for number in 1..2 * SOURCES as u32 {
        meter.take(now, ip(number));
        assert!(meter.done.len() <= SOURCES);
    }
    assert!(!meter.take(now, ip(0)));
}

#[test]
fn random_use_stays_within_the_rate_and_leaves_nothing_behind() {
    for seed in 0..50 {
        let mut dice = Dice::new(seed);
        let begin = start();
        let mut now = begin;
        let mut meter = Meter::new(Rate {
            per_minute: 120,
            burst: 7,
        });
        let mut taken = [0_u64; 3];
        for _ in 0..2000 {
            now += Duration::from_millis(dice.below(400));
            let who = dice.below(3) as usize;
            taken[who] += u64::from(meter.take(now, ip(who as u32)));
            let most = 7 + (now - begin).as_millis() as u64 / 500;
            assert!(taken[who] <= most, "seed {seed}");
        }
        meter.done.set(now + Duration::from_secs(60), ip(9), now);
        assert_eq!((meter.done.len(), meter.done.order.len()), (0, 0), "seed {seed}");
    }
}
