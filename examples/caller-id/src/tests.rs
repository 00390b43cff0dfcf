//! What can be tested of a handler without a call.

use super::{Verdict, last_words, verdict};

#[test]
fn only_the_platforms_word_makes_a_code_right() {
    assert_eq!(verdict("right"), Verdict::Right);
    assert_eq!(verdict("wrong"), Verdict::Wrong);
    assert_eq!(verdict("over"), Verdict::Over);
    for word in ["", "Right", "right ", "yes"] {
        assert_eq!(verdict(word), Verdict::Unknown, "{word:?}");
        assert_eq!(last_words(verdict(word)), "sorry.wav");
    }
}
