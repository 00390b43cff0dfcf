//! Random callers find the defect of a handler that has one on purpose, and what they leave is a scenario that shows it;
//! and a call of an hour is over in a moment.

use crate::support::{self, example, helper, program};
use patchcord_control::record::FaultKind;
use patchcord_sim::fuzz::{Found, Fuzz, Vocabulary, explore};
use patchcord_sim::scenario::{Breach, Cast, Report, Rules, Scenario, run};
use std::time::Instant;

/// Random scenarios until a defect must have been found.
const ENOUGH: u64 = 400;

fn cast(name: &str, module: &[u8]) -> Cast {
    Cast::new(program(name, module), support::announcement()).expect("it has no prompts, or they can be played")
}

#[allow(clippy::disallowed_methods, reason = "a test begins at some moment")]
fn play(cast: &Cast, text: &str) -> Report {
    let scenario = Scenario::parse("found.toml", text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    run("found.toml", &scenario, cast, Instant::now())
}

#[allow(clippy::disallowed_methods, reason = "a test begins at some moment")]
fn search(cast: &Cast, seed: u64, cases: u64, rules: Rules, scenarios: &[Scenario]) -> Option<Found> {
    let vocabulary = Vocabulary::of("100", scenarios);
    explore(&Fuzz { cases, seed, rules }, &vocabulary, cast, Instant::now())
}

/// What is found in a handler by some seeds; each must break this rule, as a file does, and the same again.
fn defect(name: &str, rules: Rules, breach: Breach) -> Vec<Found> {
    let cast = cast(name, &helper(name));
    let look = |seed| {
        let found = search(&cast, seed, ENOUGH, rules, &[]).unwrap_or_else(|| panic!("seed {seed} finds nothing"));
        let again = search(&cast, seed, ENOUGH, rules, &[]).expect("the same seed finds it again");
        assert_eq!((found.case, &found.text), (again.case, &again.text));
        assert_eq!(found.report.to_string(), again.report.to_string());
        let replayed = play(&cast, &found.text);
        assert_eq!(
            replayed.failures.first().map(|failure| failure.breach),
            Some(breach),
            "{replayed}"
        );
        println!("{}", found.text);
        found
    };
    (1..=3).map(look).collect()
}

#[test]
fn fuzz_finds_a_trap_and_leaves_the_keys_that_lead_to_it() {
    let breach = Breach::HandlerEnd(Some(FaultKind::Trap));
    for found in defect("traps_on_two_stars", Rules::default(), breach) {
        let keys: String = found
            .text
            .split("press = \"")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap_or_default())
            .collect();
        assert_eq!(keys, "**", "{}", found.text);
        assert!(
            found.steps <= 5 && found.text.matches("[[caller]]").count() == 1,
            "{}",
            found.text
        );
        assert!(
            found.report.to_string().contains("a star is pressed once"),
            "{}",
            found.report
        );
    }
}

#[test]
fn fuzz_finds_a_recording_that_nobody_agreed_to() {
    let consent_key = Some('1');
    for found in defect("records_too_early", Rules { consent_key }, Breach::Consent) {
        assert!(
            found.text.contains("consent_key = \"1\"") && found.text.contains("press = \"7\""),
            "{}",
            found.text
        );
        assert!(found.steps <= 4, "{}", found.text);
    }
    let cast = cast("records_too_early", &helper("records_too_early"));
    let agrees = "about = \"x\"\nrules = { consent_key = \"1\" }\n[[caller]]\nsteps = [{ call = \"1\" }, { answered = {} }, \
                  { press = \"1\" }, { wait_ms = 2000 }, { hang_up = {} }]\n";
    let report = play(&cast, agrees);
    assert!(report.passed() && report.records[0].recordings.len() == 1, "{report}");
}

#[test]
fn fuzz_leaves_examples_alone() {
    for name in ["menu", "voicemail", "office", "follow-me"] {
        let folder = support::root().join("examples").join(name).join("scenarios");
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().path())
            .collect();
        files.sort();
        let read = |file| Scenario::parse("example.toml", &std::fs::read_to_string(file).unwrap()).unwrap();
        let scenarios: Vec<Scenario> = files.iter().map(read).collect();
        let found = search(&cast(name, &example(name)), 1, 40, Rules::default(), &scenarios);
        assert!(
            found.is_none(),
            "{name}: {}\n{}",
            found.as_ref().unwrap().text,
            found.as_ref().unwrap().report
        );
    }
}

/// An hour with a clock, keys, and somebody who is called every five minutes and is heard.
#[test]
fn an_hour_of_a_call_is_played_in_a_moment() {
    let keys = "{ wait_ms = 45000 }, { press = \"1\" }, ".repeat(4);
    let hear = "{ hear = { who = \"bob\", within_ms = 400000 } }, ";
    let rounds = format!("{hear}{keys}").repeat(15) + hear;
    let talk =
        "{ called = { within_ms = 400000 } }, { wait_ms = 5000 }, { press = \"5\" }, { hang_up = {} }, ".repeat(16);
    let text = format!(
        "about = \"An hour.\"\n[[caller]]\nname = \"alice\"\nsteps = [{{ call = \"100\" }}, {{ answered = {{}} }}, {rounds}\
         {{ hear_tone = {{ hz = 880, within_ms = 900000 }} }}, {{ ended = {{ by = \"handler\" }} }}]\n\
         [[callee]]\nname = \"bob\"\nhum_hz = 620\nwhen_called = {{ answer_after_ms = 1000 }}\nsteps = [{talk}]\n"
    );
    let cast = cast("long_evening", &helper("long_evening"));
    let began = Instant::now();
    let report = play(&cast, &text);
    let took = began.elapsed();
    assert!(report.passed(), "{report}");
    let record = &report.records[0];
    assert!(
        record.ended_at.seconds - record.started_at.seconds >= 3_600,
        "{record:?}"
    );
    assert_eq!(record.legs.len(), 17, "sixteen dials");
    println!("{:.0} s of a call in {took:?}", report.took.as_secs_f64());
}
