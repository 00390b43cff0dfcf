//! Which answer means what, without a call.

use super::*;

#[test]
fn a_word_and_its_key_mean_the_same() {
    for (word, key, hz) in BRANCHES {
        assert_eq!(branch(Some(word), ""), Some(hz));
        assert_eq!(branch(None, key), Some(hz));
    }
    assert_eq!(branch(Some("billing"), ""), None);
    assert_eq!(branch(None, ""), None);
    assert_eq!(branch(None, "12"), None);
}
