//! That the pretend recogniser understands what the pretend voice says, and nothing else.

use super::*;
use patchcord_control::ids::Tenant;

fn asked(sound: Vec<i16>, phrases: &[&str], digits: u8) -> ToRecognise {
    // As an ear keeps it: with some silence before and after it.
    let margin = vec![0; 2_400];
    ToRecognise {
        tenant: Tenant("office".to_owned()),
        sound: Utterance::new([&margin[..], &sound, &margin].concat()),
        phrases: phrases.iter().map(|phrase| (*phrase).to_owned().into()).collect(),
        digits,
        language: None,
    }
}

fn understood(said: &str, phrases: &[&str], digits: u8) -> Option<String> {
    match heard(&asked(words_said(said), phrases, digits)) {
        Heard::Said(said) => {
            assert!(said.confidence >= 90, "{}", said.confidence);
            Some(said.phrase.into_inner())
        }
        Heard::NoMatch => None,
    }
}

#[test]
fn a_phrase_is_understood_among_others_and_as_it_was_asked_for() {
    let phrases = ["yes", "no", "Yes please", "sales", "support"];
    for phrase in phrases {
        assert_eq!(understood(phrase, &phrases, 0).as_deref(), Some(phrase));
    }
    for other in ["maybe", "yes and no", "support please"] {
        assert_eq!(understood(other, &phrases, 0), None, "{other}");
    }
}

#[test]
fn digits_are_understood_up_to_as_many_as_may_be_said() {
    assert_eq!(understood("four two seven", &["sales"], 4).as_deref(), Some("427"));
    assert_eq!(
        understood("oh one two three four five six seven eight nine", &[], 16).as_deref(),
        Some("0123456789")
    );
    assert_eq!(understood("four two seven", &["sales"], 2), None);
    assert_eq!(understood("four", &["sales"], 0), None);
    assert_eq!(understood("sales", &["sales"], 4).as_deref(), Some("sales"));
}

#[test]
fn silence_and_tones_are_nothing_said() {
    let tone = (0..8_000).map(|at| (f64::from(at) * 0.3).sin() * 8_000.0);
    for sound in [vec![0; 8_000], tone.map(|sample| sample as i16).collect()] {
        assert_eq!(heard(&asked(sound, &["yes"], 3)), Heard::NoMatch);
    }
}
