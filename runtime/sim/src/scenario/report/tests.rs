//! What a newcomer reads when a scenario fails.

use super::*;
use std::sync::Arc;

const MS: Duration = Duration::from_millis(1);

fn seen(line: usize, text: &str, reached: Reached) -> StepSeen {
    let text = text.to_owned();
    StepSeen { line, text, reached }
}

/// A scenario whose third step heard another tone.
fn wrong_tone() -> Report {
    let mut log = Log::default();
    let (node, alice): (Arc<str>, Arc<str>) = ("node".into(), "alice".into());
    log.push(MS, &alice, "calls sip:menu@192.0.2.1".to_owned());
    log.push(5 * MS, &alice, "* answered".to_owned());
    log.push(12 * MS, &alice, "presses 1".to_owned());
    for _ in 0..60 {
        log.push(200 * MS, &node, "-> alice    BYE".to_owned());
    }
    log.push_of_handler(210 * MS, &node, "call_1  Info: branch with the 450 Hz tone".to_owned());
    log.push_of_handler(
        220 * MS,
        &node,
        "call_1  FAULT: the handler trapped\nin handle".to_owned(),
    );
    for _ in 0..60 {
        log.push(300 * MS, &node, "-> alice    BYE".to_owned());
    }
    log.push(20_000 * MS, &node, "long after it".to_owned());
    let failure = Failure {
        at: 10_012 * MS,
        who: "alice".to_owned(),
        breach: Breach::Step,
        steps: vec![
            seen(5, "{ call = \"menu\" }", Reached::Done(MS)),
            seen(6, "{ press = \"1\" }", Reached::Done(12 * MS)),
            seen(7, "{ hear_tone = { hz = 440 } }", Reached::Failed(13 * MS)),
            seen(8, "{ hang_up = {} }", Reached::Never),
        ],
        expected: "a tone of 440 Hz for 500 ms, within 10 s".to_owned(),
        happened: "there was none; heard: a tone of 450 Hz for 2.0 s".to_owned(),
    };
    Report {
        file: "tone.toml".to_owned(),
        about: "Key 1 is the tone.".to_owned(),
        failures: vec![failure],
        log,
        records: Vec::new(),
        took: 10_012 * MS,
    }
}

#[test]
fn a_failure_is_a_diff_of_the_step_with_the_steps_before_it() {
    let text = wrong_tone().to_string();
    let wanted = "\
FAIL tone.toml: Key 1 is the tone. (10.0 s of call time)

  alice, step 3 of 4, line 7:

  ok         0.001 s  line 5   { call = \"menu\" }
  ok         0.012 s  line 6   { press = \"1\" }
  =>         0.013 s  line 7   { hear_tone = { hz = 440 } }
    -                 expected: a tone of 440 Hz for 500 ms, within 10 s
    +       10.012 s  happened: there was none; heard: a tone of 450 Hz for 2.0 s
                            (1 more not reached)

    !        0.220 s  call_1  FAULT: the handler trapped
                                 in handle
";
    assert!(text.starts_with(wanted), "{text}");
}

#[test]
fn what_the_handler_said_is_shown_even_where_lines_are_left_out() {
    let text = wrong_tone().to_string();
    let (_, ladder) = text.split_once("What went on").expect("the ladder follows");
    assert!(
        ladder.contains("    |        0.210 s node       call_1  Info: branch with the 450 Hz tone"),
        "{text}"
    );
    assert!(ladder.contains("(80 lines left out)"), "{text}");
    assert!(ladder.find("presses 1") < ladder.find("the step begins"), "{text}");
    assert!(!ladder.contains("long after it"), "{text}");
}

#[test]
fn a_failure_in_one_sentence_names_who_when_and_where() {
    let report = wrong_tone();
    assert_eq!(
        report.failures[0].sentence(),
        "alice at 10.012 s, step 3, line 7: expected a tone of 440 Hz for 500 ms, within 10 s; happened: there was none; \
         heard: a tone of 450 Hz for 2.0 s"
    );
}

#[test]
fn a_broken_rule_has_no_steps() {
    let mut report = wrong_tone();
    report.failures[0].steps.clear();
    report.failures[0].breach = Breach::Consent;
    let text = report.to_string();
    assert!(text.contains("  alice at 10.012 s:\n\n    -"), "{text}");
    assert!(!text.contains("\n\n\n"), "{text}");
    assert!(!text.contains("the step begins"), "{text}");
}
