//! Pieces of plain texts and of SSML, and what is refused.

use super::*;

fn speech(form: TextForm, text: &str) -> Speech {
    Speech {
        text: text.to_owned().into(),
        form,
        language: None,
        voice: None,
    }
}

fn plain(text: &str) -> Vec<String> {
    shown(pieces(&speech(TextForm::Plain, text), usize::MAX).expect("plain text is always right"))
}

fn ssml(text: &str) -> Result<Vec<String>, SsmlError> {
    pieces(&speech(TextForm::Ssml, text), usize::MAX).map(shown)
}

fn shown(pieces: Vec<Piece>) -> Vec<String> {
    pieces.into_iter().map(Private::into_inner).collect()
}

#[test]
fn the_first_sentence_is_a_piece_and_short_ones_after_it_stay_together() {
    assert_eq!(
        plain("Welcome to the office. Press one. Press two. Or stay on the line."),
        ["Welcome to the office.", "Press one. Press two. Or stay on the line."]
    );
    let long = "This is a sentence of some length that is longer than all of the eighty characters. Next.";
    assert_eq!(plain(&format!("Hello, dear caller, {long}")).len(), 2);
    assert_eq!(plain("Hi. You."), ["Hi. You."]);
}

#[test]
fn a_full_stop_within_a_sentence_does_not_cut_it() {
    for text in [
        "You talk to our expert Dr. Smith now.",
        "The price of the ticket is 3.50 euros today.",
        "Write to office at example.org any time.",
    ] {
        assert_eq!(plain(text), [text]);
    }
}

#[test]
fn plain_text_is_no_markup_and_nothing_is_said_of_nothing() {
    assert_eq!(plain("a < b & \"c\""), ["a &lt; b &amp; &quot;c&quot;"]);
    assert_eq!(plain("one\u{0}two"), ["one two"]);
    assert!(plain(" \n. ").is_empty());
    assert!(ssml("<speak> </speak>").unwrap().is_empty());
}

#[test]
fn known_ssml_is_written_as_it_was_meant() {
    let text = "<speak version='1.0'>Code <say-as interpret-as=\"characters\">A1</say-as><break time='1.5s'/> \
                <prosody rate=\"80%\" pitch=\"+10%\"><emphasis>now</emphasis> &amp; here</prosody></speak>";
    assert_eq!(
        ssml(text).unwrap(),
        [
            "Code <say-as interpret-as=\"characters\">A1</say-as><break time=\"1.5s\"/> <prosody rate=\"80%\" \
          pitch=\"+10%\"><emphasis>now</emphasis> &amp; here</prosody>"
        ]
    );
}

#[test]
fn paragraphs_and_sentences_are_pieces_of_their_own() {
    assert_eq!(
        ssml("<p>One.</p> <s>Two &#233;.</s><!-- not said --> three").unwrap(),
        ["<p>One.</p>", "<s>Two é.</s>", "three"]
    );
}

#[test]
fn what_is_over_the_most_is_in_the_last_piece() {
    let text = speech(TextForm::Ssml, "<p>One.</p><p>Two.</p> three &amp; <s>four</s>");
    let at_most = |most| shown(pieces(&text, most).unwrap());
    assert_eq!(at_most(2), ["<p>One.</p>", "<p>Two.</p> three &amp; <s>four</s>"]);
    assert_eq!(at_most(1), ["<p>One.</p> <p>Two.</p> three &amp; <s>four</s>"]);
    assert_eq!(at_most(0), at_most(1));
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    for (text, at, what) in [
        ("say <audio src=\"x\"/>", 4, Wrong::Element),
        ("<p>open", 7, Wrong::Cut),
        ("<p>a</s>", 4, Wrong::End("p")),
        ("a</p>", 1, Wrong::Tag),
        ("a < b", 2, Wrong::Tag),
        ("<say-as>1</say-as>", 7, Wrong::Missing("interpret-as")),
        ("<p loud=\"x\">a</p>", 3, Wrong::Attribute),
        ("fish & chips", 5, Wrong::Entity),
        ("&copy;", 0, Wrong::Entity),
        ("a\u{1}", 1, Wrong::Character),
        ("<break time=\"1s\" time=\"1s\"/>", 26, Wrong::Attribute),
        ("<!DOCTYPE x [<!ENTITY a \"b\">]>", 0, Wrong::Tag),
        ("<?xml version=\"1.0\"?>", 0, Wrong::Tag),
    ] {
        let error = ssml(text).unwrap_err();
        assert_eq!((error.at, error.what), (at, what), "{text}");
    }
    let error = ssml("<break time=\"1h\"/>").unwrap_err();
    assert_eq!(
        error.to_string(),
        "at byte 13: the attribute takes up to 10 s, such as 500ms or 2s"
    );
    let deep = "<p>".repeat(40);
    assert_eq!(ssml(&deep).unwrap_err().what, Wrong::Deep);
}

#[test]
fn what_was_written_reads_as_the_same() {
    let text = "<s xml:lang=\"de-DE\">Guten &lt;Tag&gt;</s><sub alias=\"World Wide Web\">WWW</sub> <break/>end";
    let once = ssml(text).unwrap();
    assert_eq!(ssml(&once.concat()).unwrap().concat(), once.concat());
}

#[test]
fn random_markup_is_read_or_refused_and_never_more() {
    let parts = [
        "<", ">", "/", "p", "s", "break", " time=", "\"1s\"", "&", "amp;", "#x41;", "é", "</p>", "<!--", "-->", ".",
    ];
    let mut state = 7u64;
    for _ in 0..20_000 {
        let mut text = String::new();
        for _ in 0..12 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            text.push_str(parts[(state >> 33) as usize % parts.len()]);
        }
        if let Ok(pieces) = ssml(&text) {
            assert!(ssml(&pieces.concat()).is_ok(), "{text}");
        }
    }
}

#[test]
fn languages_and_voices_are_names_and_nothing_else() {
    for (tag, is_one) in [
        ("en-GB", true),
        ("de", true),
        ("zh-Hant-TW", true),
        ("e", false),
        ("en_GB", false),
        ("-v", false),
    ] {
        assert_eq!(is_language(tag), is_one, "{tag}");
    }
    for (name, is_one) in [
        ("en-us+f3", true),
        ("Anna 2", true),
        ("", false),
        ("--path=/", false),
        ("a/b", false),
    ] {
        assert_eq!(is_voice(name), is_one, "{name}");
    }
}
