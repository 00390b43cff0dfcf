//! Which sentence asks for what, without a call.

use super::*;

#[test]
fn a_keyword_counts_wherever_it_stands() {
    assert_eq!(wish("the weather report"), Wish::Weather);
    assert_eq!(wish("i want the weather report please"), Wish::Weather);
    assert_eq!(wish("operator"), Wish::Operator);
    assert_eq!(wish("the weather"), Wish::Unknown);
    assert_eq!(wish(""), Wish::Unknown);
}
