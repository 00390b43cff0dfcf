//! What each key of the coach means.

use super::seat_by;

#[test]
fn a_key_decides_who_hears_the_coach() {
    let seat = |key| format!("{:?}", seat_by(key, 1));
    assert!(seat("1").contains("Listens"));
    assert!(seat("2").contains("Talks") && seat("2").contains("heard-by: [1]"));
    assert!(seat("3").contains("Talks") && seat("3").contains("heard-by: []"));
    assert_eq!(seat("9"), seat("1"));
    assert_eq!(seat(""), seat("1"));
}
