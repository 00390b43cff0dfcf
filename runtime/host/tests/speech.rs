//! Texts in whole calls over real sockets, spoken by the real espeak-ng: heard as it says them, remembered, and without harm
//! where nobody can speak.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(
    unreachable_pub,
    dead_code,
    reason = "a test binary exports nothing, and this one needs a part of what the others do"
)]

#[path = "support/handlers.rs"]
mod handlers;
mod support;

use handlers::log_lines;
use patchcord_host::{NodeConfig, SpeechConfig, VoiceConfig};
use patchcord_media::{Clip, measure};
use patchcord_sim::phone::End;
use patchcord_switch::Program;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use support::phone::TestPhone;
use support::{config, metric, node, wait_for_metric};

/// Samples of a sentence that are looked for: short enough for a jitter buffer to leave whole.
const COMPARED: usize = 8_000;

/// What espeak-ng itself makes of a text, read from a file of its own.
fn espeak(text: &str) -> Clip {
    let file = std::env::temp_dir().join(format!("patchcord-espeak-{}.wav", std::process::id()));
    let spoken = Command::new("espeak-ng")
        .args(["-v", "en", "-m", "-w"])
        .arg(&file)
        .arg(format!("<speak>{text}</speak>"))
        .status()
        .expect("espeak-ng is installed; make setup does it");
    assert!(spoken.success());
    let clip = Clip::from_wav(&std::fs::read(&file).unwrap()).unwrap();
    std::fs::remove_file(&file).unwrap();
    clip
}

/// The handler of `tests/calls/handlers` that reads aloud.
fn reads_aloud() -> Arc<Program> {
    handlers::call_handler("reads_aloud")
}

#[test]
fn words_are_heard_as_espeak_ng_says_them_and_made_once() {
    let (config, _) = config(4);
    let node = node(config, vec![reads_aloud()]);
    let watcher = node.watch();
    for (seed, (texts, remembered)) in [(4, 0), (8, 3)].into_iter().enumerate() {
        let outcome = TestPhone::new("alice", seed as u64).call(node.local_sip(), "reads_aloud", Vec::new());
        assert_eq!(outcome.end, End::ByFarEnd, "{:?}", outcome.events);
        for sentence in [
            "Welcome to the first house.",
            "All of our people are talking to somebody else",
        ] {
            let clip = espeak(sentence);
            let found = measure::find(&clip.samples()[..COMPARED.min(clip.samples().len())], &outcome.heard).unwrap();
            assert!(found.correlation > 0.7, "{sentence}: {found:?}");
        }
        assert!(outcome.heard_tone(440.0));
        // The last text asks for a voice that espeak-ng does not have.
        let lines = log_lines(&watcher);
        assert!(lines.iter().any(|line| line.starts_with("read: Ok(")), "{lines:?}");
        let refused = "pressed: Error::NotSpoken(\"espeak-ng ended with 1; is there a voice \\\"second\\\"?\")";
        assert!(lines.iter().any(|line| line == refused), "{lines:?}");
        assert_eq!(metric(&node, "patchcord_speech_texts_total"), texts);
        assert_eq!(metric(&node, "patchcord_speech_remembered_total"), remembered);
        assert_eq!(metric(&node, "patchcord_speech_failed_total"), seed as u64 + 1);
    }
    wait_for_metric(&node, "patchcord_calls_active", 0);
    let log = support::log();
    for said in ["Welcome", "press a key", "house"] {
        assert!(!log.contains(said), "{said} is in the log");
    }
}

#[test]
fn a_node_without_a_voice_takes_its_calls_all_the_same() {
    for voice in [
        VoiceConfig::Nobody,
        VoiceConfig::Program(Path::new("/no/such/voice").to_owned()),
    ] {
        let (config, _) = config(4);
        let config = NodeConfig {
            speech: SpeechConfig {
                voice,
                ..SpeechConfig::default()
            },
            ..config
        };
        let node = node(config, vec![reads_aloud()]);
        let watcher = node.watch();
        let outcome = TestPhone::new("alice", 7).call(node.local_sip(), "reads_aloud", Vec::new());
        assert_eq!(outcome.end, End::ByFarEnd, "{:?}", outcome.events);
        assert!(outcome.heard_tone(440.0));
        let lines = log_lines(&watcher);
        assert!(
            lines.iter().any(|line| line.starts_with("read: Err(Error::NotSpoken(")),
            "{lines:?}"
        );
    }
    assert!(support::log().contains("texts in prompts will not be spoken"));
}
