//! What can be tested of a handler without a call.

use super::{PEOPLE, elsewhere};

#[test]
fn who_is_on_the_list_is_followed_and_others_are_not() {
    for (person, numbers) in PEOPLE {
        let dial = elsewhere(person).map(|dial| format!("{dial:?}")).unwrap_or_default();
        assert!(numbers.iter().all(|number| dial.contains(number)), "{dial}");
        assert!(dial.contains("detect_machine: Some"), "{dial}");
    }
    assert!(elsewhere("nobody").is_none());
}
