//! That the pretend voice is the same every time, and different for different texts.

use super::*;
use patchcord_control::speech::TextForm;

fn sound(form: TextForm, text: &str, language: Option<&str>) -> Option<Vec<i16>> {
    speech(&Speech {
        text: text.to_owned().into(),
        form,
        language: language.map(str::to_owned),
        voice: None,
    })
}

#[test]
fn a_text_sounds_as_long_as_it_is_written_and_the_same_every_time() {
    let plain = sound(TextForm::Plain, "Hello, you!", None).unwrap();
    assert_eq!(plain.len(), samples_in(2 * (WORD_MS + PAUSE_MS) + 8 * LETTER_MS));
    assert_eq!(Some(&plain), sound(TextForm::Plain, "hello you", None).as_ref());
    let marked = "<s>Hello</s> <emphasis level=\"strong\">you</emphasis>";
    assert_eq!(Some(&plain), sound(TextForm::Ssml, marked, None).as_ref());
}

#[test]
fn other_texts_and_languages_sound_otherwise() {
    let texts = ["hello you", "hello yon", "hallo you"].map(|text| sound(TextForm::Plain, text, None));
    let german = sound(TextForm::Plain, "hello you", Some("de"));
    assert!(texts[0] != texts[1] && texts[0] != texts[2] && texts[0] != german);
    assert_eq!(sound(TextForm::Plain, "...", None), None);
    assert_eq!(sound(TextForm::Ssml, "<b>", None), None);
}
