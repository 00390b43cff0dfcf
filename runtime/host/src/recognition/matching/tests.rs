//! Which phrase a text is, and which texts are none.

use super::*;
use patchcord_control::ids::Tenant;
use patchcord_media::Utterance;

fn understood_as(text: &str, phrases: &[&str], digits: u8) -> Option<String> {
    let wanted = ToRecognise {
        tenant: Tenant("default".to_owned()),
        sound: Utterance::new(Vec::new()),
        phrases: phrases.iter().map(|phrase| (*phrase).to_owned().into()).collect(),
        digits,
        language: None,
    };
    match understood(text, &wanted, 70) {
        Heard::Said(said) => {
            assert_eq!(said.confidence, 70);
            Some(said.phrase.into_inner())
        }
        Heard::NoMatch => None,
    }
}

#[test]
fn a_phrase_is_known_whatever_its_marks_and_case_and_given_as_it_was_asked_for() {
    let phrases = ["Yes please", "yes", "I don't know", "sales"];
    for (text, phrase) in [
        ("yes please", Some("Yes please")),
        (" YES, please! ", Some("Yes please")),
        ("I don\u{2019}t know.", Some("I don't know")),
        ("Um, sales, thank you.", Some("sales")),
        ("oh yes please do", Some("Yes please")),
        ("yes, sales", None),
        ("salesman", None),
        ("", None),
    ] {
        assert_eq!(understood_as(text, &phrases, 0).as_deref(), phrase, "{text}");
    }
}

#[test]
fn digits_are_words_or_numerals_and_nothing_beside_them() {
    for (text, digits) in [
        ("four two seven", Some("427")),
        ("Four, 2 7.", Some("427")),
        ("427", Some("427")),
        ("oh one", Some("01")),
        ("four two seven one", None),
        ("4271", None),
        ("four people", None),
        ("forty two", None),
    ] {
        assert_eq!(understood_as(text, &["sales"], 3).as_deref(), digits, "{text}");
    }
    assert_eq!(understood_as("four", &["sales"], 0), None);
    assert_eq!(understood_as("four", &["four"], 0).as_deref(), Some("four"));
}
