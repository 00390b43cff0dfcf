//! The scenarios of the examples, all of them.

use crate::support::{self, example, program, root};
use patchcord_sim::scenario::{Cast, Scenario, run};
use std::time::Instant;

#[allow(clippy::disallowed_methods, reason = "a test reads files and begins at some moment")]
fn scenarios_of(name: &str) -> usize {
    let cast = Cast::new(program(name, &example(name)), support::announcement()).expect("its prompts can be played");
    let mut played = 0;
    for file in std::fs::read_dir(root().join("examples").join(name).join("scenarios")).expect("it has scenarios") {
        let path = file.expect("a folder that opened can be read").path();
        let file = path.display().to_string();
        let text = std::fs::read_to_string(&path).expect("a scenario can be read");
        let scenario = Scenario::parse(&file, &text).unwrap_or_else(|error| panic!("{error}"));
        let report = run(&file, &scenario, &cast, Instant::now());
        assert!(report.passed(), "{report}");
        played += 1;
    }
    played
}

#[test]
fn hello() {
    assert!(scenarios_of("hello") >= 2);
}

#[test]
fn menu() {
    assert!(scenarios_of("menu") >= 9);
}

#[test]
fn office() {
    assert!(scenarios_of("office") >= 13);
}

#[test]
fn outside_line() {
    assert!(scenarios_of("outside-line") >= 6);
}

#[test]
fn lookup() {
    assert!(scenarios_of("lookup") >= 5);
}

#[test]
fn screening() {
    assert!(scenarios_of("screening") >= 4);
}

#[test]
fn follow_me() {
    assert!(scenarios_of("follow-me") >= 7);
}

#[test]
fn reception() {
    assert!(scenarios_of("reception") >= 4);
}

#[test]
fn voice_agent() {
    assert!(scenarios_of("voice-agent") >= 5);
}

#[test]
fn voicemail() {
    assert!(scenarios_of("voicemail") >= 4);
}

#[test]
fn coaching() {
    assert!(scenarios_of("coaching") >= 4);
}

#[test]
fn announcement() {
    assert!(scenarios_of("announcement") >= 4);
}

#[test]
fn transcript() {
    assert!(scenarios_of("transcript") >= 3);
}

#[test]
fn caller_id() {
    assert!(scenarios_of("caller-id") >= 3);
}

#[test]
fn voice_menu() {
    assert!(scenarios_of("voice-menu") >= 9);
}
