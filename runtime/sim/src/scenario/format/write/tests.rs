//! What is written is read as the same again, and short.

use super::*;

/// Everything in a scenario but where its steps stand.
fn meaning(scenario: &Scenario) -> String {
    let verbs = |steps: &[Step]| format!("{:?}", steps.iter().map(|step| &step.verb).collect::<Vec<_>>());
    let mut bare = scenario.clone();
    let mut all = String::new();
    for caller in &mut bare.caller {
        all.push_str(&verbs(&std::mem::take(&mut caller.steps)));
    }
    for callee in &mut bare.callee {
        all.push_str(&verbs(&std::mem::take(&mut callee.steps)));
    }
    format!("{bare:?}{all}")
}

const ALL: &str = "about = \"A \\\"quoted\\\" \\\\ line\\nand \\u0007\"
seed = 7
fault = \"trap\"
voice_fails = \"hoarse\"
steps_may_fail = true

[network]
loss = 0.1

[rules]
consent_key = \"1\"

[[caller]]
name = \"alice\"
starts_after_ms = 300
network = { delay_ms = 90 }
faults = { lost_acks = 2 }
user = \"alice\"
when_called = { refuse = 486 }
hum_hz = 440
steps = [
  { call = \"menu\" },
  { call = { offer = \"late\", to = \"menu\" } },
  { answered = {} },
  { answered = { within_ms = 5 } },
  { press = \"12#\" },
  { press = { hold_ms = 90, keys = \"1\" } },
  { wait_ms = 10 },
  { called = \"bob\" },
  { called = {} },
  { hear_prompt = { at_least = 0.5, file = \"a.wav\" } },
  { ended = { by = \"refusal\", status = 404 } },
]

[[callee]]
name = \"bob\"
number = \"+12025550101\"
when_called = { ring_then_refuse = { ring_ms = 5, status = 603 } }
lines = 2
steps = [
  { say_words = \"hello\" },
]

[[agent]]
greets_ms = 5
url = \"ws://127.0.0.1:1/\"
";

#[test]
fn what_is_written_is_read_as_the_same_and_in_the_shortest_words() {
    let scenario = Scenario::parse("all.toml", ALL).unwrap();
    let text = scenario.to_toml();
    let again = Scenario::parse("again.toml", &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(meaning(&scenario), meaning(&again), "{text}");
    assert_eq!(text, ALL, "{text}");
}
