//! Ranges of continuous recognition. A refusal never holds a hint.

use super::hearing::{in_range, is_phrase};
use super::{invalid, over};
use crate::speech::is_language;
use crate::words::{Error, HINTS_MAX, LimitName, PHRASE_BYTES_MAX, RecogniseOptions};
use std::ops::RangeInclusive;

const LONGEST_MS: RangeInclusive<u32> = 1_000..=14_400_000;

pub(crate) fn recognise(options: &RecogniseOptions) -> Result<(), Error> {
    over(LimitName::Hints, options.hints.len(), HINTS_MAX)?;
    let wrong = options.hints.iter().position(|hint| !is_phrase(hint.reveal()));
    if let Some(place) = wrong {
        return invalid(
            "options.hints",
            &format!(
                "number {place} is no word or phrase; it has 1 to {PHRASE_BYTES_MAX} bytes, which are letters, apostrophes \
                 and single spaces between words: write numbers out"
            ),
        );
    }
    if options.language.as_ref().is_some_and(|tag| !is_language(tag)) {
        let right = "no language; give a tag such as \"en\" or \"de-AT\"";
        return invalid("options.language", right);
    }
    in_range("options.longest-ms", options.longest_ms, LONGEST_MS)
}
