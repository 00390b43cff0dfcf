//! Random scenarios follow from their seed, and what is made smaller keeps what matters.

use super::*;
use crate::scenario::Verb;

fn vocabulary() -> Vocabulary {
    let text = "about = \"x\"\n[[caller]]\nsteps = [{ call = \"bob\" }, { say_words = \"sales\" }]\n[[callee]]\nname = \"bob\"\n";
    Vocabulary::of("office", &[Scenario::parse("s.toml", text).unwrap()])
}

#[test]
fn a_case_follows_from_its_seed_and_can_be_written() {
    let vocabulary = vocabulary();
    let mut different = std::collections::BTreeSet::new();
    for case in 1..=200 {
        let text = vocabulary.random(7, case).to_toml();
        assert_eq!(text, vocabulary.random(7, case).to_toml());
        let again = Scenario::parse("random.toml", &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(again.to_toml(), text);
        assert!(
            text.contains("{ call = \"bob\" }") || text.contains("to = \"bob\""),
            "{text}"
        );
        different.insert(text);
    }
    assert!(different.len() > 190, "only {} different ones", different.len());
    assert_ne!(vocabulary.random(8, 1).to_toml(), vocabulary.random(7, 1).to_toml());
}

#[test]
fn what_was_found_by_chance_adds_nothing_to_what_chance_knows() {
    let found = vocabulary().random(1, 1);
    assert_eq!(
        Vocabulary::of("office", &[found]).random(3, 3).to_toml(),
        Vocabulary::of("office", &[]).random(3, 3).to_toml()
    );
}

/// A scenario that breaks a rule if somebody presses a star and then another one.
fn stars(scenario: &Scenario) -> Option<(Report, Failure)> {
    let pressed = |verb: &Verb| match verb {
        Verb::Press(press) => press.keys.matches('*').count(),
        _ => 0,
    };
    let caller = |steps: &[crate::scenario::Step]| steps.iter().map(|step| pressed(&step.verb)).sum::<usize>() >= 2;
    let failure = Failure {
        at: std::time::Duration::ZERO,
        who: "node".to_owned(),
        breach: Breach::LeftOver,
        steps: Vec::new(),
        expected: String::new(),
        happened: String::new(),
    };
    let report = Report {
        file: String::new(),
        about: String::new(),
        failures: vec![failure.clone()],
        log: crate::Log::default(),
        records: Vec::new(),
        took: std::time::Duration::ZERO,
    };
    let breaks = scenario.caller.iter().any(|caller_| caller(&caller_.steps));
    breaks.then_some((report, failure))
}

#[test]
fn only_what_breaks_the_rule_is_left() {
    let vocabulary = vocabulary();
    let mut tried = 0;
    for case in 1..2_000 {
        let random = vocabulary.random(5, case);
        let Some((_, failure)) = stars(&random) else { continue };
        let (small, runs) = shrink::shrink(random, &failure, &stars);
        let text = small.to_toml();
        assert!(runs <= SHRINK_RUNS);
        assert!(small.caller.len() == 1 && small.callee.is_empty(), "{text}");
        let verbs: Vec<&Verb> = small.caller[0].steps.iter().map(|step| &step.verb).collect();
        let keys = verbs.iter().map(|verb| match verb {
            Verb::Press(press) => press.keys.as_str(),
            other => panic!("{other:?} is not needed: {text}"),
        });
        assert_eq!(keys.collect::<String>(), "**", "{text}");
        assert_eq!((small.seed, small.network.loss), (1, 0.0), "{text}");
        tried += 1;
    }
    assert!(tried > 20, "{tried} of the scenarios press two stars");
}
