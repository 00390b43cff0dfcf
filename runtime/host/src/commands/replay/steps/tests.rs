//! What a person types.

use super::{Wish, wish};

#[test]
fn every_command_is_understood_and_all_else_gets_help() {
    for (line, wanted) in [
        ("n", Wish::To(6)),
        ("", Wish::To(6)),
        ("p", Wish::To(4)),
        ("g 12", Wish::To(12)),
        ("g 0", Wish::To(1)),
        ("l", Wish::Log),
        ("q", Wish::End),
        ("g", Wish::Help),
        ("g -1", Wish::Help),
        ("g twelve", Wish::Help),
        ("next", Wish::Help),
    ] {
        assert_eq!(wish(line, 5), wanted, "{line}");
    }
    assert_eq!(wish("p", 1), Wish::To(1), "nothing is before the first");
}
