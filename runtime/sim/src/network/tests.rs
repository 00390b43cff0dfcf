//! The network's figures: shares of what is lost, doubled and held back, order, and the same fate from the same seed.

use super::*;

#[allow(clippy::disallowed_methods, reason = "an origin for the virtual clock")]
fn origin() -> Instant {
    Instant::now()
}

fn ends() -> (SocketAddr, SocketAddr) {
    ("192.0.2.1:5060".parse().unwrap(), "198.51.100.1:5060".parse().unwrap())
}

/// Sends `count` numbered packets 20 ms apart and returns (arrival, number) in the order they came.
fn journey(seed: u64, conditions: Conditions, count: u32) -> (Vec<(Duration, u32)>, Carried) {
    let base = origin();
    let (from, to) = ends();
    let mut network = Network::new(seed);
    let link = network.link(conditions);
    let mut came = Vec::new();
    let mut now = base;
    for number in 0..count {
        now = base + Duration::from_millis(20) * number;
        network.send(now, link, from, to, &number.to_be_bytes());
        take(&mut network, base, now, &mut came);
    }
    take(&mut network, base, now + Duration::from_secs(60), &mut came);
    assert_eq!(network.in_flight(), 0);
    (came, network.carried())
}

fn take(network: &mut Network, base: Instant, until: Instant, came: &mut Vec<(Duration, u32)>) {
    while let Some(at) = network.wake_at().filter(|at| *at <= until) {
        let packet = network.poll(at).expect("a packet is due");
        came.push((
            at - base,
            u32::from_be_bytes(packet.bytes.as_slice().try_into().unwrap()),
        ));
        network.recycle(packet.bytes);
    }
}

#[test]
fn a_perfect_link_delivers_everything_in_order_at_once() {
    let (came, carried) = journey(1, Conditions::default(), 1_000);
    let expected: Vec<_> = (0..1_000).map(|n| (Duration::from_millis(20) * n, n)).collect();
    assert_eq!(came, expected);
    assert_eq!(
        carried,
        Carried {
            sent: 1_000,
            ..Carried::default()
        }
    );
}

#[test]
fn shares_are_as_asked() {
    let conditions = Conditions {
        loss: 0.2,
        duplicate: 0.1,
        reorder: 0.05,
        ..Conditions::default()
    };
    let (came, carried) = journey(7, conditions, 20_000);
    let share = |count: u64, of: f64| count as f64 / of;
    assert!((share(carried.lost, 20_000.0) - 0.2).abs() < 0.01, "{carried:?}");
    assert!((share(carried.doubled, 16_000.0) - 0.1).abs() < 0.01, "{carried:?}");
    assert!((share(carried.held_back, 17_600.0) - 0.05).abs() < 0.01, "{carried:?}");
    assert_eq!(came.len() as u64, 20_000 - carried.lost + carried.doubled);
    let overtaken = came.windows(2).filter(|pair| pair[1].1 < pair[0].1).count();
    assert!(overtaken > 500, "{overtaken} packets were overtaken");
}

#[test]
fn delay_and_jitter_bound_the_arrival() {
    let conditions = Conditions {
        delay: Duration::from_millis(30),
        jitter: Duration::from_millis(10),
        ..Conditions::default()
    };
    let (came, _) = journey(3, conditions, 2_000);
    let (mut shortest, mut longest) = (Duration::MAX, Duration::ZERO);
    for (at, number) in came {
        let took = at - Duration::from_millis(20) * number;
        shortest = shortest.min(took);
        longest = longest.max(took);
    }
    assert!(
        shortest >= Duration::from_millis(30) && shortest < Duration::from_millis(31),
        "{shortest:?}"
    );
    assert!(
        longest <= Duration::from_millis(40) && longest > Duration::from_millis(39),
        "{longest:?}"
    );
}

#[test]
fn the_same_seed_gives_the_same_fate_and_another_seed_another() {
    let conditions = Conditions {
        loss: 0.3,
        duplicate: 0.3,
        reorder: 0.3,
        ..Conditions::default()
    };
    assert_eq!(journey(5, conditions, 500), journey(5, conditions, 500));
    assert_ne!(journey(5, conditions, 500).0, journey(6, conditions, 500).0);
}

#[test]
fn a_link_is_not_touched_by_the_packets_of_another() {
    let (from, to) = ends();
    let now = origin();
    let conditions = Conditions {
        loss: 0.5,
        ..Conditions::default()
    };
    let fates = |noise: usize| {
        let mut network = Network::new(9);
        let (quiet, loud) = (network.link(conditions), network.link(conditions));
        let mut fates = Vec::new();
        for _ in 0..100 {
            for _ in 0..noise {
                network.send(now, loud, from, to, b"noise");
            }
            fates.push(network.send(now, quiet, from, to, b"signal"));
        }
        fates
    };
    assert_eq!(fates(0), fates(3));
}

#[test]
fn more_packets_than_it_holds_are_lost_and_counted() {
    let (from, to) = ends();
    let now = origin();
    let mut network = Network::new(1);
    let link = network.link(Conditions {
        delay: Duration::from_secs(1),
        ..Conditions::default()
    });
    for _ in 0..PACKETS_IN_FLIGHT {
        assert_eq!(network.send(now, link, from, to, b"x"), Fate::Sent);
    }
    assert_eq!(network.send(now, link, from, to, b"x"), Fate::Lost);
    assert_eq!(network.carried().overflowed, 1);
    assert!(network.poll(now).is_none());
}
