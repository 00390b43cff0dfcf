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
            "{ hear_speech = \"Hello.\" }",
            "{ hear_speech = { text = \"Hallo.\", language = \"de\", voice = \"Anna\" } }",
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
    assert_eq!(lines, (4..=18).collect::<Vec<_>>());
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
            step_error("{ hear_speech = \"...\" }"),
            "s.toml:5: there is nothing to say in the text \"...\"",
        ),
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

const CALLER: &str = "about = \"x\"\n[[caller]]\nname = \"alice\"\nsteps = [{ call = \"bob\" }]\n";

#[test]
fn a_callee_says_how_it_is_reached_and_what_it_does_when_called() {
    let callee = |keys: &str| {
        let text = format!("{CALLER}[[callee]]\nname = \"bob\"\n{keys}\n");
        Scenario::parse("s.toml", &text)
            .unwrap_or_else(|error| panic!("{error}"))
            .callee
            .remove(0)
    };
    assert_eq!(
        (callee("").user(), callee("").when_called),
        (Some("bob"), WhenCalled::Ring)
    );
    assert_eq!(callee("user = \"desk\"").user(), Some("desk"));
    assert_eq!(callee("number = \"+12025550100\"").user(), None);
    assert_eq!(callee("host = \"bob.example\"").user(), None);
    let cases = [
        ("\"busy\"", WhenCalled::Busy),
        ("\"wait\"", WhenCalled::Wait),
        ("{ answer_after_ms = 5 }", WhenCalled::AnswerAfterMs(5)),
        ("{ early_media_ms = 5 }", WhenCalled::EarlyMediaMs(5)),
        ("{ refuse = 603 }", WhenCalled::Refuse(603)),
        (
            "{ ring_then_refuse = { ring_ms = 5, status = 480 } }",
            WhenCalled::RingThenRefuse(RingThenRefuse {
                ring_ms: 5,
                status: 480,
            }),
        ),
        (
            "{ redirect = \"sip:carol@10.0.0.9\" }",
            WhenCalled::Redirect("sip:carol@10.0.0.9".to_owned()),
        ),
    ];
    for (text, wanted) in cases {
        let is = callee(&format!("when_called = {text}")).when_called;
        assert!(is == wanted && is.incoming().is_some(), "{text}");
    }
}

#[test]
fn steps_of_callees_know_their_lines_and_every_verb_can_be_written() {
    let steps = [
        "{ called = \"alice\" }",
        "{ called = { name = \"Alice\", within_ms = 5 } }",
        "{ not_called_ms = 5 }",
        "{ ring = {} }",
        "{ send_early_media = {} }",
        "{ answer = {} }",
        "{ refuse = 486 }",
        "{ hear = \"bob\" }",
        "{ hear = { who = \"bob\", for_ms = 5 } }",
        "{ keys_heard = \"12#\" }",
        "{ say = \"a.wav\" }",
        "{ say_words = \"yes please\" }",
        "{ hum = 440 }",
        "{ quiet = {} }",
        "{ press_by_info = \"1\" }",
        "{ changed = {} }",
        "{ transfer = \"carol\" }",
        "{ transfer_to_line = 2 }",
        "{ transferred = {} }",
        "{ line = 4 }",
        "{ register = {} }",
        "{ unregister = {} }",
        "{ ended = { by = \"replacement\" } }",
    ];
    let lines = steps.map(|step| format!("  {step},\n")).concat();
    let text = format!("{CALLER}[[callee]]\nname = \"bob\"\nhum_hz = 700\nsteps = [\n{lines}]\n");
    let scenario = Scenario::parse("s.toml", &text).unwrap_or_else(|error| panic!("{error}"));
    let at: Vec<usize> = scenario.callee[0].steps.iter().map(|step| step.line).collect();
    assert_eq!(at, (9..9 + steps.len()).collect::<Vec<_>>());
    assert_eq!((scenario.hum_of("bob"), scenario.hum_of("alice")), (Some(700), None));
}

#[test]
fn what_is_wrong_with_a_callee_is_said_in_one_line() {
    let of = |keys: &str| error(&format!("{CALLER}[[callee]]\nname = \"bob\"\n{keys}\n"));
    let cases = [
        ("nmber = \"1\"", "unknown field `nmber`"),
        ("number = \"100\"", "callee \"bob\": `number`: "),
        (
            "number = \"+12025550100\"\nuser = \"bob\"",
            "one of `user`, `number` and `host`",
        ),
        ("host = \"a b\"", "it must be a host name"),
        ("user = \"a@b\"", "letters, digits"),
        ("lines = 5", "`lines` is 5, it must be 1 to 4"),
        ("hum_hz = 20", "`hum_hz` is 20, it must be 100 to 3800"),
        ("when_called = \"sleep\"", "unknown variant `sleep`"),
        (
            "when_called = { refuse = 200 }",
            "refuses with 200, it must be 300 to 699",
        ),
        ("when_called = { redirect = \"carol\" }", "it must be a SIP address"),
        (
            "steps = [{ line = 5 }]",
            "s.toml:7: there is no line 5, lines are 1 to 4",
        ),
        ("steps = [{ refuse = 200 }]", "s.toml:7: `refuse` is 200"),
        (
            "steps = [{ hear = \"alice\" }]",
            "s.toml:7: `hear`: \"alice\" hums nothing",
        ),
        (
            "steps = [{ hear = \"zoe\" }]",
            "s.toml:7: `hear`: nobody is called \"zoe\"",
        ),
    ];
    for (keys, part) in cases {
        let error = of(keys);
        assert!(error.contains(part) && !error.contains('\n'), "{error}");
    }
    let twice = format!("{CALLER}[[callee]]\nname = \"alice\"\n");
    assert!(error(&twice).contains("are called \"alice\""));
}
