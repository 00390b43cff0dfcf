//! NAT, a sprayer, and a far end that moves with and without the signalling knowing.

use super::*;
use std::time::Duration;

const WINDOW: Duration = Duration::from_secs(10);

fn at(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

fn source(now: Instant) -> Source {
    Source::new(at("10.0.0.1:4000"), at("10.0.0.1:4001"), now + WINDOW)
}

#[test]
fn the_described_address_is_right_at_any_time() {
    let now = Instant::now();
    let mut source = source(now);
    assert!(source.takes(now + WINDOW * 100, at("10.0.0.1:4000"), 1, false));
    assert!(
        source.takes(now + WINDOW * 100, at("[::ffff:10.0.0.1]:4000"), 2, true),
        "the same host written as IPv6"
    );
}

#[test]
fn a_far_end_behind_nat_is_found_once() {
    let now = Instant::now();
    let mut source = source(now);
    let (nat, other) = (at("203.0.113.9:7000"), at("198.51.100.1:7000"));
    assert!(!source.takes(now, nat, 10, true), "one packet proves nothing");
    assert!(source.takes(now, nat, 11, true));
    assert_eq!(source.rtp_target(), Some(nat));
    for sequence in 0..100 {
        assert!(!source.takes(now, other, sequence, true), "settled: no second stranger");
    }
    assert!(source.takes(now + WINDOW * 9, nat, 12, true));
    assert_eq!(source.rtp_target(), Some(nat));
}

#[test]
fn the_described_host_displaces_a_stranger_but_not_the_reverse() {
    let now = Instant::now();
    let mut source = source(now);
    let (stranger, host, exact) = (at("203.0.113.9:7000"), at("10.0.0.1:5555"), at("10.0.0.1:4000"));
    assert!(!source.takes(now, stranger, 1, true));
    assert!(source.takes(now, stranger, 2, true));
    assert!(source.takes(now, host, 900, true));
    assert!(!source.takes(now, stranger, 3, true));
    assert!(
        !source.takes(now, at("10.0.0.1:5556"), 3, true),
        "a second port of the same host"
    );
    assert!(source.takes(now, exact, 5, true));
    assert!(!source.takes(now, host, 901, true));
    assert_eq!(source.rtp_target(), Some(exact));
}

#[test]
fn after_the_window_and_without_an_agreed_payload_nobody_gets_in() {
    let now = Instant::now();
    let mut source = source(now);
    let host = at("10.0.0.1:5555");
    assert!(!source.takes(now, host, 1, false));
    assert!(!source.takes(now + WINDOW, host, 2, true));
    assert_eq!(source.rtp_target(), Some(at("10.0.0.1:4000")));
}

#[test]
fn a_sprayer_from_many_ports_settles_nothing() {
    let now = Instant::now();
    let mut source = source(now);
    for port in 1024..=u16::MAX {
        assert!(!source.takes(now, SocketAddr::new(at("198.51.100.1:1").ip(), port), port, true));
    }
    assert_eq!(source.rtp_target(), Some(at("10.0.0.1:4000")));
}

#[test]
fn signalling_may_move_the_far_end() {
    let now = Instant::now();
    let mut source = source(now);
    assert!(source.takes(now, at("10.0.0.1:4000"), 1, true));
    source.update(at("10.0.0.1:4000"), at("10.0.0.1:4001"), now + WINDOW * 2);
    assert!(
        !source.takes(now, at("10.0.0.1:4002"), 1, true),
        "the same plan again opens nothing"
    );
    source.update(at("10.0.0.2:4000"), at("10.0.0.2:4001"), now + WINDOW * 2);
    assert_eq!(source.rtp_target(), Some(at("10.0.0.2:4000")));
    assert!(source.takes(now + WINDOW, at("10.0.0.2:4002"), 1, true));
}

#[test]
fn rtcp_comes_from_the_described_port_or_the_host_of_rtp() {
    let now = Instant::now();
    let mut source = source(now);
    assert!(source.takes_rtcp(at("10.0.0.1:4001")));
    assert!(!source.takes_rtcp(at("10.0.0.1:9")), "no RTP yet: nobody has settled");
    source.takes(now, at("203.0.113.9:7000"), 1, true);
    source.takes(now, at("203.0.113.9:7000"), 2, true);
    assert!(source.takes_rtcp(at("203.0.113.9:7001")));
    assert_eq!(source.rtcp_target(), Some(at("203.0.113.9:7001")));
    assert!(!source.takes_rtcp(at("203.0.113.9:7002")), "the first port is kept");
    assert!(!source.takes_rtcp(at("198.51.100.1:7001")));
}

#[test]
fn a_place_that_is_none_is_not_sent_to() {
    let now = Instant::now();
    assert_eq!(
        Source::new(at("0.0.0.0:4000"), at("10.0.0.1:0"), now).rtp_target(),
        None
    );
    assert_eq!(
        Source::new(at("10.0.0.1:4000"), at("10.0.0.1:0"), now).rtcp_target(),
        None
    );
    assert_eq!(
        Source::new(at("10.0.0.1:4000"), at("10.0.0.1:4000"), now).rtcp_target(),
        Some(at("10.0.0.1:4000"))
    );
}
