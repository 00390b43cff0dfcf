//! What the section means, and the sentence for everything that is wrong with it.

use crate::config::Config;
use crate::recognition::{RecogniserConfig, RecognitionConfig};
use std::path::Path;
use std::time::Duration;

fn parse(section: &str) -> Result<RecognitionConfig, String> {
    let text = crate::config::tests::with("recognition", section);
    let config = Config::parse(Path::new("/etc/patchcord/patchcord.toml"), &text);
    config
        .map(|config| config.node.recognition)
        .map_err(|error| error.to_string())
}

#[test]
fn without_the_section_pocketsphinx_hears_english() {
    let recognition = parse("").unwrap();
    let RecogniserConfig::Pocketsphinx(program) = &recognition.recogniser else {
        panic!("a program: {recognition:?}")
    };
    assert_eq!(program.program, Path::new("pocketsphinx_batch"));
    assert!(program.dictionary.is_absolute() && program.model.is_absolute());
    assert_eq!((recognition.language.as_str(), recognition.at_once), ("en", 4));
}

#[test]
fn every_key_has_its_effect() {
    let german = "program = \"bin/ear\"\nmodel = \"de\"\ndictionary = \"de.dict\"\nlanguage = \"de\"\n";
    let recognition = parse(&format!("{german}time_ms = 500\nat_once = 2")).unwrap();
    let RecogniserConfig::Pocketsphinx(program) = &recognition.recogniser else {
        panic!("a program: {recognition:?}")
    };
    let beside = |name: &str| Path::new("/etc/patchcord").join(name);
    assert_eq!(
        (&program.program, &program.model, &program.dictionary),
        (&beside("bin/ear"), &beside("de"), &beside("de.dict"))
    );
    assert_eq!(
        (recognition.language.as_str(), recognition.time, recognition.at_once),
        ("de", Duration::from_millis(500), 2)
    );
    let url = "provider = \"http\"\nurl = \"https://ears.example.org/inference\"\n";
    let recognition = parse(&format!(
        "{url}headers = [\"X-Key: secret\"]\nroots = \"web.pem\"\nfields = [\"model=small\", \"api_key=secret\"]"
    ))
    .unwrap();
    let RecogniserConfig::Server(server, fields) = &recognition.recogniser else {
        panic!("a server: {recognition:?}")
    };
    assert_eq!((server.headers.len(), fields.len()), (1, 2));
    assert_eq!(
        (fields[0].0.as_str(), fields[0].1.reveal().as_str()),
        ("model", "small")
    );
    assert!(!format!("{recognition:?}").contains("secret"));
    let url = "provider = \"websocket\"\nurl = \"wss://ears.example.org/listen?key=secret\"\n";
    let recognition = parse(&format!("{url}headers = [\"X-Key: secret\"]\nroots = \"web.pem\"")).unwrap();
    let RecogniserConfig::WebSocket(server) = &recognition.recogniser else {
        panic!("a server: {recognition:?}")
    };
    assert_eq!((server.url.host(), server.headers.len()), ("ears.example.org", 1));
    assert_eq!(server.roots.as_deref(), Some(Path::new("/etc/patchcord/web.pem")));
    assert!(!format!("{recognition:?}").contains("secret"));
    let nobody = parse("provider = \"none\"").unwrap().recogniser;
    assert!(matches!(nobody, RecogniserConfig::Nobody));
}

#[test]
fn what_cannot_be_is_named_with_what_would_be_right() {
    let url = "provider = \"http\"\nurl = \"http://a/\"\n";
    for (section, sentence) in [
        (
            "provider = \"bank\"",
            "give \"pocketsphinx\", \"http\", \"websocket\" or \"none\"",
        ),
        ("provider = \"http\"", "[recognition] url: it is missing"),
        ("fields = [\"a=b\"]", "it means nothing without provider = \"http\""),
        (
            "provider = \"none\"\nmodel = \"x\"",
            "it means nothing without provider = \"pocketsphinx\"",
        ),
        (&format!("{url}fields = [\"model\"]"), "give a field such as"),
        (&format!("{url}fields = [\"a\\\"b=c\"]"), "give a field such as"),
        (
            "provider = \"websocket\"\nurl = \"https://a/\"",
            "give an address such as \"wss://",
        ),
        (
            "provider = \"websocket\"\nurl = \"wss://a/\"\nfields = [\"a=b\"]",
            "it means nothing without provider = \"http\"",
        ),
        ("dictionary = \"\"", "give a file with the words"),
        ("at_once = 0", "give a whole number from 1 to 64"),
        ("voice = \"x\"", "[recognition] has no key `voice`"),
    ] {
        let error = parse(section).unwrap_err();
        assert!(error.contains(sentence), "{section}: {error}");
    }
}
