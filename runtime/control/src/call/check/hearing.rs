//! Whether what a handler listens for is within the contract's ranges. A refusal never holds a phrase.

use super::{invalid, over};
use crate::speech::is_language;
use crate::words::{DIGITS_MAX, Error, Hearing, LimitName, PHRASE_BYTES_MAX, PHRASES_MAX};
use std::ops::RangeInclusive;

const END_SILENCE_MS: RangeInclusive<u32> = 200..=5_000;
const MAX_MS: RangeInclusive<u32> = 500..=30_000;

pub(super) fn hearing(hearing: &Hearing) -> Result<(), Error> {
    over(LimitName::Phrases, hearing.phrases.len(), PHRASES_MAX)?;
    if hearing.phrases.is_empty() && hearing.digits == 0 {
        return invalid(
            "options.speech",
            "nothing to listen for; name a phrase, or ask for digits",
        );
    }
    if hearing.digits > DIGITS_MAX {
        return invalid(
            "options.speech.digits",
            &format!("{}; up to {DIGITS_MAX} is allowed", hearing.digits),
        );
    }
    let wrong = hearing.phrases.iter().position(|phrase| !is_phrase(phrase.reveal()));
    if let Some(place) = wrong {
        return invalid(
            "options.speech.phrases",
            &format!(
                "number {place} is no phrase; it has 1 to {PHRASE_BYTES_MAX} bytes, which are letters, apostrophes and \
                 single spaces between words: write numbers out"
            ),
        );
    }
    if hearing.language.as_ref().is_some_and(|tag| !is_language(tag)) {
        let right = "no language; give a tag such as \"en\" or \"de-AT\"";
        return invalid("options.speech.language", right);
    }
    in_range("options.speech.end-silence-ms", hearing.end_silence_ms, END_SILENCE_MS)?;
    in_range("options.speech.max-ms", hearing.max_ms, MAX_MS)
}

pub(super) fn in_range(argument: &str, value: u32, allowed: RangeInclusive<u32>) -> Result<(), Error> {
    if allowed.contains(&value) {
        return Ok(());
    }
    let reason = format!("{value}; {} to {} is allowed", allowed.start(), allowed.end());
    invalid(argument, &reason)
}

/// Whether a text is words: nothing that a grammar could take for something else.
pub(super) fn is_phrase(text: &str) -> bool {
    let fits = |word: &str| {
        word.chars().any(char::is_alphabetic) && word.chars().all(|c| c.is_alphabetic() || "'\u{2019}".contains(c))
    };
    (1..=PHRASE_BYTES_MAX).contains(&text.len()) && text.split(' ').all(fits)
}
