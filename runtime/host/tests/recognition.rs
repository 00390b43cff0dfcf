//! Words in whole calls over real sockets: the real espeak-ng says them, and the real pocketsphinx tells them apart.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(
    unreachable_pub,
    dead_code,
    reason = "a test binary exports nothing, and this one needs a part of what the others do"
)]

#[path = "support/handlers.rs"]
mod handlers;
mod support;

use handlers::{call_handler, log_lines};
use patchcord_host::{NodeConfig, RecogniserConfig, RecognitionConfig};
use patchcord_media::Clip;
use patchcord_sim::phone::{Action, End};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use support::phone::TestPhone;
use support::{config, metric, node, wait_for_metric};

const WORDS: [&str; 5] = ["sales", "support", "operator", "yes", "no"];
/// From one word to the next: what is said, the silence after it, and the answer.
const EACH: Duration = Duration::from_millis(3_800);

/// What espeak-ng says.
fn espeak(text: &str) -> Arc<Clip> {
    let spoken = Command::new("espeak-ng")
        .args(["-v", "en-us", "-s", "150", "--stdout", text])
        .output();
    let mut file = spoken.expect("espeak-ng is installed; make setup does it").stdout;
    // It does not know the length when it begins.
    file[40..44].copy_from_slice(&[0xff; 4]);
    Arc::new(Clip::from_file(&file).unwrap())
}

/// Words said one after the other, the first a second after the answer.
fn script(words: &[&str]) -> Vec<(Duration, Action)> {
    let at = |place: usize| Duration::from_secs(1) + EACH * place as u32;
    let say = |(place, word): (usize, &&str)| (at(place), Action::Say(espeak(word)));
    words.iter().enumerate().map(say).collect()
}

#[test]
fn words_on_the_line_stop_the_prompt_and_are_told_apart() {
    let (config, _) = config(4);
    let node = node(config, vec![call_handler("takes_words")]);
    let watcher = node.watch();
    let said = [&WORDS[..], &["yes"]].concat();
    let outcome = TestPhone::new("alice", 3).call(node.local_sip(), "takes_words", script(&said));
    assert_eq!(outcome.end, End::ByFarEnd, "{:?}", outcome.events);
    assert!(outcome.heard_tone(440.0));
    let lines = log_lines(&watcher);
    for (place, word) in WORDS.iter().enumerate() {
        let line = format!("{}: Some(\"{word}\") by EndedBy::Said", place + 1);
        assert!(lines.contains(&line), "{line}: {lines:?}");
    }
    let unknown = "at last: Err(Error::NotHeard(\"the word \\\"frobnicator\\\" is not in the dictionary\"))";
    assert!(lines.iter().any(|line| line == unknown), "{lines:?}");
    assert_eq!(metric(&node, "patchcord_recognition_sounds_total"), 6);
    assert_eq!(metric(&node, "patchcord_recognition_failed_total"), 1);
    wait_for_metric(&node, "patchcord_calls_active", 0);
}

#[test]
fn a_node_that_recognises_nothing_says_so_and_takes_its_calls() {
    let (config, _) = config(4);
    let config = NodeConfig {
        recognition: RecognitionConfig {
            recogniser: RecogniserConfig::Nobody,
            ..RecognitionConfig::default()
        },
        ..config
    };
    let node = node(config, vec![call_handler("hears_words")]);
    let watcher = node.watch();
    let mut steps = script(&["yes please"]);
    steps.push((EACH * 2, Action::HangUp));
    let outcome = TestPhone::new("alice", 5).call(node.local_sip(), "hears_words", steps);
    assert_eq!(outcome.end, End::ByPhone, "{:?}", outcome.events);
    wait_for_metric(&node, "patchcord_calls_active", 0);
    let lines = log_lines(&watcher);
    let refused = "1: Error::NotHeard(\"this node has nobody who recognises";
    assert!(lines.iter().any(|line| line.starts_with(refused)), "{lines:?}");
}
