//! That words are found whole, with all the ways to say them.

use super::*;

#[test]
fn a_word_is_found_with_all_the_ways_to_say_it() {
    let text = "zero Z IH R OW\nzero(2) Z IY R OW\n\n'em AH M\none HH W AH N\none(2) W AH N\nones W AH N Z\n";
    let dictionary = Dictionary::of(text.to_owned());
    let found = |word: &str| dictionary.find(word).collect::<Vec<_>>();
    assert_eq!(found("one"), ["one HH W AH N", "one(2) W AH N"]);
    assert_eq!(found("zero"), ["zero Z IH R OW", "zero(2) Z IY R OW"]);
    assert_eq!(found("'em"), ["'em AH M"]);
    for unknown in ["on", "", "two", "one(2)", "zzz"] {
        assert!(found(unknown).is_empty(), "{unknown}");
    }
}
