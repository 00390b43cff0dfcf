//! What the section means, and the sentence for everything that is wrong with it.

use crate::config::Config;
use crate::speech::{SpeechConfig, VoiceConfig};
use std::path::Path;
use std::time::Duration;

fn parse(section: &str) -> Result<SpeechConfig, String> {
    let text = crate::config::tests::with("speech", section);
    let config = Config::parse(Path::new("/etc/patchcord/patchcord.toml"), &text);
    config
        .map(|config| config.node.speech)
        .map_err(|error| error.to_string())
}

#[test]
fn without_the_section_espeak_ng_speaks_english() {
    let speech = parse("").unwrap();
    assert!(matches!(&speech.voice, VoiceConfig::Program(program) if program == Path::new("espeak-ng")));
    assert_eq!((speech.language.as_str(), speech.at_once), ("en", 4));
}

#[test]
fn every_key_has_its_effect() {
    let speech =
        parse("program = \"bin/voice\"\nlanguage = \"de-AT\"\ntime_ms = 500\nat_once = 2\ncache_mib = 0").unwrap();
    assert!(matches!(&speech.voice, VoiceConfig::Program(program) if program == Path::new("/etc/patchcord/bin/voice")));
    assert_eq!(
        (
            speech.language.as_str(),
            speech.time,
            speech.at_once,
            speech.cache_bytes
        ),
        ("de-AT", Duration::from_millis(500), 2, 0)
    );
    let url = "provider = \"http\"\nurl = \"https://voices.example.org/speak\"\n";
    let speech = parse(&format!(
        "{url}headers = [\"X-Key: secret\", \"Accept: audio/wav\"]\nroots = \"web.pem\""
    ))
    .unwrap();
    let VoiceConfig::Server(server) = &speech.voice else {
        panic!("a server: {speech:?}")
    };
    assert_eq!(server.headers.len(), 2);
    assert_eq!(server.headers[0].0.as_str(), "x-key");
    assert_eq!(server.roots.as_deref(), Some(Path::new("/etc/patchcord/web.pem")));
    assert!(!format!("{speech:?}").contains("secret"));
    assert!(matches!(
        parse("provider = \"none\"").unwrap().voice,
        VoiceConfig::Nobody
    ));
}

#[test]
fn what_cannot_be_is_named_with_what_would_be_right() {
    for (section, sentence) in [
        ("provider = \"bank\"", "give \"espeak-ng\", \"http\" or \"none\""),
        ("provider = \"http\"", "[speech] url: it is missing"),
        ("provider = \"http\"\nurl = \"ftp://a/b\"", "give an address such as"),
        (
            "provider = \"http\"\nurl = \"https://me:secret@a/b\"",
            "without a password in it",
        ),
        (
            "provider = \"http\"\nurl = \"http://a/\"\nheaders = [\"x\"]",
            "give a header such as",
        ),
        (
            "url = \"http://a/\"",
            "[speech] url: it means nothing without provider = \"http\"",
        ),
        (
            "provider = \"none\"\nprogram = \"x\"",
            "it means nothing without provider = \"espeak-ng\"",
        ),
        ("program = \"--help\"", "give a program such as"),
        ("language = \"en_GB\"", "give a language's tag"),
        ("time_ms = 1", "give a whole number from 100 to 60000"),
        ("voice = \"x\"", "[speech] has no key `voice`"),
    ] {
        let error = parse(section).unwrap_err();
        assert!(error.contains(sentence), "{section}: {error}");
    }
}
