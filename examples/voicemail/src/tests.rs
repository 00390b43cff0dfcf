//! What can be tested of a handler without a call.

use super::last_words;

#[test]
fn a_breath_is_no_message() {
    assert_eq!([last_words(0), last_words(499)], ["nothing.wav"; 2]);
    assert_eq!([last_words(500), last_words(120_000)], ["goodbye.wav"; 2]);
}
