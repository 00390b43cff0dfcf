//! What is said of something found.

use super::*;
use patchcord_sim::scenario::{Breach, Failure};

#[test]
fn a_finding_is_told_with_its_scenario_and_its_file() {
    let mut report = passed("Found.");
    report.failures.push(Failure {
        at: Duration::from_secs(2),
        who: "node".to_owned(),
        breach: Breach::Consent,
        steps: Vec::new(),
        expected: "no recording before the caller has pressed 1".to_owned(),
        happened: "a recording began".to_owned(),
    });
    let found = Found {
        case: 17,
        steps_before: 23,
        steps: 3,
        runs: 64,
        text: "about = \"Found.\"\nsteps_may_fail = true\n".to_owned(),
        report,
    };
    let text = told("scenarios/fuzz_9_17.toml", 9, &found);
    for part in [
        "Random scenario 17 of seed 9 breaks a rule: node at 2.000 s: expected no recording before the caller",
        "+        2.000 s  happened: a recording began",
        "from 23 steps to 3, and written to scenarios/fuzz_9_17.toml:\n\n    about = \"Found.\"\n    steps_may_fail = true\n",
    ] {
        assert!(text.contains(part), "{part:?} is missing in\n{text}");
    }
}
