//! Whose turn it is, how long to wait after a collision, and versions of descriptions.

use super::*;

#[test]
fn an_exchange_settles_or_leaves_things_as_they_were() {
    let mut offers = Offers::default();
    offers.ours(b"a");
    assert_eq!(offers.turn, Turn::WeOffered);
    offers.withdrawn();
    assert_eq!(offers.turn, Turn::Unset);
    offers.theirs(b"b");
    offers.ours(b"c");
    assert_eq!(
        (offers.turn, offers.ours.as_deref(), offers.theirs.as_deref()),
        (Turn::Settled, Some(&b"c"[..]), Some(&b"b"[..]))
    );
    offers.ours(b"d");
    offers.withdrawn();
    assert_eq!((offers.turn, offers.ours.as_deref()), (Turn::Settled, Some(&b"c"[..])));
    offers.ours_at_last(b"e");
    assert_eq!(offers.turn, Turn::Settled, "nothing new after a complete exchange");
}

#[test]
fn the_caller_waits_longer_than_the_called() {
    for random in 0..1_000 {
        let long = glare_wait(Chosen::ByUs, random).as_millis();
        let short = glare_wait(Chosen::ByThem, random).as_millis();
        assert!((2_100..=4_000).contains(&long) && long.is_multiple_of(10), "{long}");
        assert!(short <= 2_000 && short.is_multiple_of(10), "{short}");
    }
}

#[test]
fn a_description_that_differs_has_a_higher_version() {
    let sdp = |version: u64, rest: &str| format!("v=0\r\no=- 7 {version} IN IP4 192.0.2.1\r\n{rest}").into_bytes();
    assert_eq!(newer(sdp(3, "a"), Some(&sdp(5, "b"))), sdp(6, "a"));
    assert_eq!(newer(sdp(5, "a"), Some(&sdp(5, "b"))), sdp(6, "a"));
    assert_eq!(newer(sdp(6, "a"), Some(&sdp(5, "b"))), sdp(6, "a"));
    assert_eq!(newer(sdp(5, "a"), Some(&sdp(5, "a"))), sdp(5, "a"), "the same again");
    assert_eq!(newer(sdp(5, "a"), None), sdp(5, "a"));
    for broken in [&b""[..], b"v=0\r\no=", b"v=0\r\no=- 1 x IN", b"v=0\r\no=- 1 "] {
        assert_eq!(newer(broken.to_vec(), Some(&sdp(5, "b"))), broken);
    }
}
