//! Each refusal is counted once, under the code that its client is told.

use super::*;
use crate::clients::token::EACH;

#[test]
fn a_refusal_is_counted_under_its_code() {
    for why in EACH {
        let figures = TokenFigures::default();
        figures.refused(why);
        let counted: Vec<_> = figures
            .by_reason()
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .collect();
        let label = why.code().trim_start_matches("token-").replace('-', "_");
        assert_eq!(counted, [(label.as_str(), 1)]);
    }
}
