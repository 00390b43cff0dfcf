//! What a scenario file may say, and what is said of one that is wrong: always with its line.

use super::*;

const STEPS: &str = "about = \"x\"\n[[caller]]\nsteps = [\n  { call = \"100\" },\n";

fn error(text: &str) -> String {
    Scenario::parse("s.toml", text).expect_err("it is wrong").to_string()
}

/// The error of a scenario whose second step, on line 5, is this.
fn step_error(step: &str) -> String {
    error(&format!("{STEPS}  {step},\n]\n"))
}

#[test]
fn short_and_long_forms_mean_the_same() {
    let steps = |call: &str, press: &str, hear: &str| {
        let text = format!(
            "about = \"x\"\n[[caller]]\nsteps = [{{ call = {call} }}, {{ press = {press} }}, {{ hear_prompt = {hear} }}]"
        );
        let scenario = Scenario::parse("s.toml", &text).unwrap();
        scenario.caller[0]
            .steps
            .iter()
            .map(|step| step.verb.clone())
            .collect::<Vec<_>>()
    };
    let short = steps("\"100\"", "\"12#\"", "\"menu.wav\"");
    let long = steps(
        "{ to = \"100\", offer = \"invite\" }",
        "{ keys = \"12#\", hold_ms = 100, pause_ms = 100 }",
        "{ file = \"menu.wav\", at_least = 0.8, within_ms = 20000 }",
    );
    assert_eq!(short, long);
}

#[test]
fn every_verb_can_be_written_and_steps_know_their_lines() {
    let text = format!(
        "{STEPS}{}\n]\n",
        [
            "{ wait_ms = 10 }",
            "{ ringing = {} }",
            "{ early_media = {} }",
            "{ answered = { within_ms = 5 } }",
            "{ hear_announcement = {} }",
            "{ hear_tone = { hz = 440 } }",
            "{ hear_silence = { for_ms = 100 } }",
            "{ hold = {} }",
            "{ resume = {} }",
            "{ cancel = {} }",
            "{ hang_up = {} }",
            "{ ended = { by = \"refusal\", status = 404 } }",
        ]
        .map(|step| format!("  {step},\n"))
        .concat()
    );
    let scenario = Scenario::parse("s.toml", &text).unwrap();
    let lines: Vec<usize> = scenario.caller[0].steps.iter().map(|step| step.line).collect();
    assert_eq!(lines, (4..=16).collect::<Vec<_>>());
    assert_eq!(scenario.seed, 1);
    assert_eq!(scenario.caller[0].name, "caller");
    assert_eq!(
        scenario.caller[0].steps[4].verb,
        Verb::Answered(Within { within_ms: 5 })
    );
}

#[test]
fn errors_name_file_line_and_key() {
    let cases = [
        (step_error("{ prss = \"1\" }"), "unknown variant `prss`"),
        (step_error("{ press = { keyz = \"1\" } }"), "unknown field `keyz`"),
        (step_error("{ press = 1 }"), "expected keys, or a table with `keys`"),
        (
            step_error("{ press = \"x\" }"),
            "'x' is not a key; keys are 0 to 9, *, #, A to D",
        ),
        (step_error("{ press = \"\" }"), "1 to 128 keys"),
        (
            step_error("{ press = { keys = \"1\", hold_ms = 5 } }"),
            "must be 40 to 6000",
        ),
        (step_error("{ hear_tone = { hz = 20 } }"), "must be 100 to 3800"),
        (
            step_error("{ hear_prompt = { file = \"a.wav\", at_least = 2.0 } }"),
            "must be 0.1 to 1",
        ),
        (step_error("{ ended = { by = \"me\" } }"), "unknown variant `me`"),
        (step_error("{ hang_up = { now = true } }"), "unknown field `now`"),
    ];
    for (error, part) in cases {
        assert!(error.starts_with("s.toml:5: ") && error.contains(part), "{error}");
        assert!(!error.contains('\n'), "one line: {error}");
    }
}

#[test]
fn what_concerns_the_whole_file_is_said_too() {
    let caller = "[[caller]]\nsteps = [{ call = \"1\" }]\n";
    let cases = [
        ("caller = []\nabout = \"x\"".to_owned(), "1 to 64 `[[caller]]` blocks"),
        (
            format!("about = \"x\"\n{caller}{caller}"),
            "two callers are called \"caller\"",
        ),
        ("about = \"x\"\n[[caller]]\nsteps = []".to_owned(), "1 to 256 steps"),
        (
            format!("about = \"x\"\nnetwork = {{ loss = 1.5 }}\n{caller}"),
            "`loss` is 1.5, it must be 0 to 0.9",
        ),
        (
            format!("about = \"x\"\nnetwork = {{ loss = nan }}\n{caller}"),
            "`loss` is NaN",
        ),
        (
            "about = \"x\"\n[[caller]]\nname = \"a b\"\nsteps = [{ call = \"1\" }]".to_owned(),
            "letters, digits",
        ),
        (caller.to_owned(), "missing field `about`"),
        ("about = \"x\"\nabuot = 1".to_owned(), "unknown field `abuot`"),
        ("about = ".to_owned(), "s.toml:1: "),
    ];
    for (text, part) in cases {
        let error = error(&text);
        assert!(error.contains(part), "{error}");
    }
}
