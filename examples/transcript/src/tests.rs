//! Which sentence asks for what, without a call.

use super::*;

#[test]
fn a_keyword_counts_wherever_it_stands() {
    assert_eq!(wish("weather"), Wish::Weather);
    assert_eq!(wish("the weather please"), Wish::Weather);
    assert_eq!(wish("operator"), Wish::Operator);
    assert_eq!(wish("the whether"), Wish::Unknown);
    assert_eq!(wish(""), Wish::Unknown);
}
