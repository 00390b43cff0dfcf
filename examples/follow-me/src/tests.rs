//! What can be tested of a handler without a call.

use super::{PEOPLE, elsewhere, numbers_of};

#[test]
fn who_is_on_the_list_is_followed_and_others_are_not() {
    for (person, numbers) in PEOPLE {
        assert!(!numbers.is_empty() && numbers_of(person) == *numbers, "{person}");
        assert!(elsewhere(person).is_some(), "{person}");
    }
    assert!(numbers_of("nobody").is_empty() && elsewhere("nobody").is_none());
}
