//! Which ranges are given.

use super::*;

#[test]
fn one_range_that_can_be_is_given_and_any_other_passed_over() {
    for (text, expected) in [
        ("bytes=0-9", Some(0..10)),
        ("bytes=90-", Some(90..100)),
        ("bytes=90-1000", Some(90..100)),
        ("bytes=-10", Some(90..100)),
        ("bytes=-1000", Some(0..100)),
        ("bytes=100-", None),
        ("bytes=9-3", None),
        ("bytes=-0", None),
        ("bytes=0-9,20-29", None),
        ("bytes=0-18446744073709551615", Some(0..100)),
        ("lines=0-9", None),
        ("bytes=a-b", None),
        ("", None),
    ] {
        assert_eq!(range(text, 100), expected, "{text}");
    }
    assert_eq!(range("bytes=0-", 0), None);
}
