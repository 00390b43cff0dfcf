//! Pairs are even and next, bound or refused as a whole, and in the place the layout says.

use super::*;
use std::net::Ipv4Addr;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

#[test]
fn a_range_makes_pairs_of_an_even_port_and_the_next() {
    for (range, pairs) in [
        (20_000..=20_003, 2),
        (20_001..=20_003, 1),
        (20_000..=20_000, 0),
        (20_001..=20_002, 0),
    ] {
        assert_eq!(pairs_in(&range), pairs, "{range:?}");
    }
    assert_eq!(pairs_in(&(0..=u16::MAX)), 32_767);
}

#[test]
fn every_pair_is_where_the_layout_says_and_a_port_in_use_gives_all_back() {
    let layout = Layout {
        shards: 2,
        media_threads: 2,
    };
    let range = 31_000..=31_063;
    let bound = bind(HERE, &range, layout).unwrap();
    for port in bound.lent.iter().flatten() {
        let pair = &bound.pairs[port.thread][layout.slot_of(port.session)];
        assert_eq!(pair.lane(Lane::Rtp).local_addr().unwrap().port(), port.port);
        assert_eq!(pair.lane(Lane::Rtcp).local_addr().unwrap().port(), port.port + 1);
    }
    assert_eq!(bound.lent.iter().map(Vec::len).collect::<Vec<_>>(), [16, 16]);
    drop(bound);
    let taken = UdpSocket::bind((HERE, 31_031)).unwrap();
    let error = bind(HERE, &range, layout).unwrap_err();
    assert!(error.is_port_in_use(), "{error}");
    assert!(error.to_string().contains("31031"), "{error}");
    drop(taken);
    bind(HERE, &range, layout).expect("nothing is left of the first try");
}

#[test]
fn a_range_without_a_pair_is_a_sentence() {
    let layout = Layout {
        shards: 1,
        media_threads: 1,
    };
    let error = bind(HERE, &(31_101..=31_102), layout).unwrap_err();
    assert!(error.to_string().contains("31101-31102"), "{error}");
}
