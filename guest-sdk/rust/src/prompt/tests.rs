//! Texts, their languages and voices, and what a caller's name may do to SSML.

use super::*;

fn speeches(prompt: &Prompt) -> Vec<&Speech> {
    let mut speeches = Vec::new();
    for segment in &prompt.0 {
        if let Segment::Speech(speech) = segment {
            speeches.push(speech);
        }
    }
    speeches
}

#[test]
fn the_first_language_and_voice_of_a_text_stay() {
    let german = say("Guten Tag").language("de").voice("de+f2");
    let prompt = german.then(tone(440, Duration::from_secs(1))).then(say("hello"));
    let prompt = prompt.language("en-GB").voice("en+m3");
    let told: Vec<_> = speeches(&prompt)
        .into_iter()
        .map(|speech| (speech.language.as_deref(), speech.voice.as_deref()))
        .collect();
    assert_eq!(told, [(Some("de"), Some("de+f2")), (Some("en-GB"), Some("en+m3"))]);
    assert_eq!(prompt.0.len(), 3);
}

#[test]
fn plain_texts_stay_as_they_are_and_what_is_escaped_is_no_markup() {
    let prompt = say("<b> & 'c'").then(ssml(format!("<p>{}</p>", escaped("<b> & 'c' \""))));
    let [plain, marked] = speeches(&prompt)[..] else {
        panic!("two texts: {prompt:?}")
    };
    assert_eq!((plain.text.as_str(), plain.form), ("<b> & 'c'", TextForm::Plain));
    assert_eq!(marked.form, TextForm::Ssml);
    assert_eq!(marked.text, "<p>&lt;b&gt; &amp; &apos;c&apos; &quot;</p>");
}
