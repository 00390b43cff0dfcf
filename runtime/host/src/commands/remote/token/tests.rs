//! What the words on the command line come to.

use super::*;

#[test]
fn times_are_read_in_three_units() {
    assert_eq!(seconds("90s").unwrap(), 90);
    assert_eq!(seconds("10m").unwrap(), 600);
    assert_eq!(seconds("24h").unwrap(), 86_400);
    for wrong in ["", "h", "1", "1d", "-1h", "1.5h", "1 h", "\u{e9}"] {
        assert!(seconds(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn a_parameter_has_a_name_and_a_value() {
    assert_eq!(parameter("queue=a=b").unwrap(), ("queue".to_owned(), "a=b".to_owned()));
    assert!(parameter("queue").is_err());
}
