//! What is said, without a call.

use super::*;

#[test]
fn a_name_is_said_and_never_markup() {
    let said = format!("{:?}", greeting(&ENGLISH, "Ann <break time=\"9s\"/>"));
    assert!(said.contains("Ann &lt;break"), "{said}");
    assert!(!said.contains("Ann <break"), "{said}");
}

#[test]
fn a_name_of_a_book_s_length_is_left_out() {
    assert_eq!(greeting(&GERMAN, &"x".repeat(61)), greeting(&GERMAN, ""));
    assert_ne!(greeting(&GERMAN, "Eva"), greeting(&GERMAN, ""));
}
