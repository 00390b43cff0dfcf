//! There and back.

use super::*;

#[test]
fn digits_are_read_as_they_are_written_and_nothing_else_is() {
    let bytes = [0x00, 0x0f, 0xa5, 0xff];
    assert_eq!(hex(&bytes), "000fa5ff");
    assert_eq!(from_hex::<4>("000fA5ff"), Some(bytes));
    for wrong in ["", "000fa5f", "000fa5ff0", "000fa5fg", "+00fa5ff", "0\u{e9}0fa5f"] {
        assert_eq!(from_hex::<4>(wrong), None, "{wrong}");
    }
}

#[test]
fn what_may_stand_by_itself_does() {
    assert_eq!(percent("aZ09-._~"), "aZ09-._~");
    assert_eq!(percent("+1 \u{fc}/*"), "%2B1%20%C3%BC%2F%2A");
}
