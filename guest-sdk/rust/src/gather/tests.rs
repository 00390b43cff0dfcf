//! What the words of a collection come to.

use super::*;
use crate::wait::{millis, secs};

#[test]
fn without_a_word_of_speech_only_keys_count() {
    assert!(Gather::keys(4).at_least(2).0.speech.is_none());
}

#[test]
fn phrases_and_digits_are_listened_for_with_the_usual_times() {
    let wanted = Gather::keys(1).phrases(["sales", "support"]).spoken_digits(4);
    let speech = wanted.0.speech.expect("speech counts");
    assert_eq!(speech.phrases, ["sales", "support"]);
    assert_eq!((speech.digits, speech.end_silence_ms, speech.max_ms), (4, 800, 10_000));
    assert_eq!(speech.language, None);
}

#[test]
fn every_word_of_speech_has_its_effect_in_any_order() {
    let wanted = Gather::keys(1)
        .end_silence(millis(500))
        .longest_speech(secs(3))
        .spoken_in("en-GB")
        .phrases([String::from("yes")])
        .phrases(["no"]);
    let speech = wanted.0.speech.expect("speech counts");
    assert_eq!(speech.phrases, ["yes", "no"]);
    assert_eq!((speech.digits, speech.end_silence_ms, speech.max_ms), (0, 500, 3_000));
    assert_eq!(speech.language.as_deref(), Some("en-GB"));
}
