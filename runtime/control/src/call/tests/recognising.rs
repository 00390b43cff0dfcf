//! Recognitions: what is refused, what a handler receives in which order, and exactly one outcome whatever ends them.

use super::*;
use crate::record::RecognitionRecord;
use crate::words::{
    FinalText, Gap, HeardSpeech, LimitName, PartialText, Partials, RecogniseCounts, RecogniseEnd, RecogniseFailure,
    RecogniseOptions, StreamEnd,
};
use rand_chacha::rand_core::Rng;

const FIRST: u32 = 1;
const SEEDS: u64 = 3_000;

fn options() -> RecogniseOptions {
    RecogniseOptions {
        language: None,
        hints: vec!["sales please".to_owned().into()],
        partials: Partials::Wanted,
        longest_ms: 60_000,
    }
}

fn partial(text: &str) -> HeardSpeech {
    HeardSpeech::Partial(PartialText {
        text: text.to_owned().into(),
        from_ms: 0,
    })
}

fn final_text(number: u64) -> HeardSpeech {
    HeardSpeech::Final(FinalText {
        text: format!("text {number}").into(),
        confidence: 90,
        from_ms: number,
        to_ms: number + 1,
    })
}

fn over(failure: Option<RecogniseFailure>) -> RecogniseSignal {
    RecogniseSignal::Over {
        failure,
        counts: RecogniseCounts::default(),
    }
}

impl Bench {
    fn start_recognise(&mut self, options: RecogniseOptions) -> Result<OperationId, Error> {
        let leg = CALLER;
        match self.ask(Ask::StartRecognise { leg, options }) {
            Some(Answer::Started(started)) => started,
            other => panic!("{other:?}"),
        }
    }

    fn recognition(&mut self, signal: RecogniseSignal) -> Option<Answer> {
        self.feed(Input::Recognition { number: FIRST, signal })
    }

    fn heard(&mut self, heard: HeardSpeech) -> Option<Answer> {
        self.recognition(RecogniseSignal::Heard(heard))
    }

    /// What the handler receives without waiting.
    fn received(&mut self, operation: OperationId) -> Result<Option<HeardSpeech>, Error> {
        let timeout_ms = Some(0);
        match self.ask(Ask::ReceiveHeard { operation, timeout_ms }) {
            Some(Answer::HeardSpeech(heard)) => heard,
            other => panic!("{other:?}"),
        }
    }

    fn ends_told(&self) -> usize {
        let ends = self.outputs.iter().filter(|output| {
            matches!(
                output,
                Output::Recognition {
                    command: RecogniseCommand::End(_),
                    ..
                }
            )
        });
        ends.count()
    }

    fn recognition_records(&self) -> Option<Vec<RecognitionRecord>> {
        self.outputs.iter().find_map(|output| match output {
            Output::Ended(record) => Some(record.recognitions.clone()),
            _ => None,
        })
    }
}

#[test]
fn ranges_are_held_and_a_refusal_says_nothing_of_the_hints() {
    let mut bench = Bench::answered();
    let refused = |bench: &mut Bench, options| bench.start_recognise(options).expect_err("it is refused");
    let hints = |hints: Vec<&str>| RecogniseOptions {
        hints: hints.into_iter().map(|hint| hint.to_owned().into()).collect(),
        ..options()
    };
    for (options, argument) in [
        (hints(vec!["sales", "4711"]), "options.hints"),
        (hints(vec![""]), "options.hints"),
        (hints(vec!["a | b"]), "options.hints"),
        (
            RecogniseOptions {
                language: Some("?".to_owned()),
                ..options()
            },
            "options.language",
        ),
        (
            RecogniseOptions {
                longest_ms: 999,
                ..options()
            },
            "options.longest-ms",
        ),
    ] {
        let error = refused(&mut bench, options);
        assert!(!error.to_string().contains("4711"));
        assert!(
            matches!(&error, Error::Invalid { argument: named, .. } if named == argument),
            "{error:?}"
        );
    }
    let error = refused(&mut bench, hints(vec!["a"; 129]));
    assert!(matches!(
        error,
        Error::Limit {
            name: LimitName::Hints,
            allowed: 128,
            ..
        }
    ));
    for _ in 0..4 {
        bench.start_recognise(options()).expect("there is room");
    }
    let error = refused(&mut bench, options());
    assert!(matches!(
        error,
        Error::Limit {
            name: LimitName::Recognitions,
            allowed: 4,
            ..
        }
    ));
}

#[test]
fn a_final_text_takes_the_place_of_a_partial_one_and_none_is_lost_untold() {
    let mut bench = Bench::answered();
    let operation = bench.start_recognise(options()).expect("it may");
    bench.heard(partial("one"));
    bench.heard(partial("one two"));
    assert_eq!(bench.received(operation), Ok(Some(partial("one two"))));
    assert_eq!(bench.received(operation), Ok(None));
    bench.heard(partial("three"));
    bench.heard(final_text(0));
    let gap = HeardSpeech::Gap(Gap { from_ms: 1, to_ms: 2 });
    bench.heard(gap.clone());
    bench.heard(partial("four"));
    for wanted in [final_text(0), gap, partial("four")] {
        assert_eq!(bench.received(operation), Ok(Some(wanted)));
    }
    for number in 0..70 {
        bench.heard(final_text(number));
    }
    assert_eq!(bench.received(operation), Ok(Some(HeardSpeech::Missed(6))));
    for number in 6..70 {
        assert_eq!(bench.received(operation), Ok(Some(final_text(number))));
    }
    assert_eq!(bench.received(operation), Ok(None));
}

#[test]
fn it_is_done_while_something_waits_and_what_was_said_before_a_hang_up_comes_before_word_of_that() {
    let mut bench = Bench::answered();
    let operation = bench.start_recognise(options()).expect("it may");
    let operations = vec![operation];
    let any = Ask::WaitAny {
        operations: operations.clone(),
        timeout_ms: None,
    };
    assert_eq!(bench.ask(any.clone()), None, "it waits");
    assert_eq!(bench.heard(partial("one")), Some(Answer::Any(Ok(Some(0)))));
    assert_eq!(bench.received(operation), Ok(Some(partial("one"))));
    let waits = Ask::ReceiveHeard {
        operation,
        timeout_ms: None,
    };
    assert_eq!(bench.ask(waits.clone()), None);
    bench.hung_up();
    let last = bench.heard(final_text(1));
    assert_eq!(last, Some(Answer::HeardSpeech(Ok(Some(final_text(1))))));
    assert_eq!(bench.ask(waits), None, "the last words may still come");
    let interrupted = Error::Interrupted(Interruption::HungUp);
    assert_eq!(
        bench.recognition(over(None)),
        Some(Answer::HeardSpeech(Err(interrupted)))
    );
}

/// What a random test has seen.
#[derive(Default)]
struct Seen {
    ends: usize,
    records: Vec<RecognitionRecord>,
}

impl Seen {
    fn look(&mut self, bench: &Bench) {
        self.ends += bench.ends_told();
        self.records.extend(bench.recognition_records().unwrap_or_default());
    }
}

/// Whatever happens in whatever order, there is one outcome, at most one order to end, and a record that says the same.
#[test]
fn every_order_of_events_has_one_end() {
    let lost = RecogniseEnd::Failed(RecogniseFailure::Lost);
    for seed in seeds(SEEDS) {
        let mut dice = ChaCha12Rng::seed_from_u64(seed);
        let mut bench = Bench::answered();
        let operation = bench.start_recognise(options()).expect("it may");
        let (mut first, mut gone, mut seen) = (None, false, Seen::default());
        for _ in 0..dice.next_u32() % 6 {
            match dice.next_u32() % 4 {
                0 if !gone => {
                    gone = true;
                    first.get_or_insert(RecogniseEnd::Left(Interruption::HungUp));
                    bench.hung_up();
                }
                1 => {
                    first.get_or_insert(lost);
                    bench.recognition(over(Some(RecogniseFailure::Lost)));
                }
                2 => drop(bench.heard(final_text(1))),
                _ => {
                    first.get_or_insert(RecogniseEnd::Stopped);
                    if bench.ask(Ask::StopRecognise { operation }).is_none() {
                        seen.look(&bench);
                        bench.recognition(over(None)).expect("an outcome");
                    }
                }
            }
            seen.look(&bench);
        }
        first.get_or_insert(RecogniseEnd::Left(Interruption::HungUp));
        if !gone {
            bench.hung_up();
            seen.look(&bench);
        }
        bench.recognition(over(None));
        bench.counted();
        bench.returns();
        seen.look(&bench);
        assert_eq!(seen.records.len(), 1, "seed {seed}");
        assert_eq!(Some(seen.records[0].outcome.ended_by), first, "seed {seed}");
        assert!(seen.ends <= 1, "seed {seed}");
    }
}

#[test]
fn a_handle_that_is_dropped_ends_it_and_a_recogniser_that_never_tells_is_lost() {
    let mut bench = Bench::answered();
    let operation = bench.start_recognise(options()).expect("it may");
    bench.ask(Ask::Forget { operation });
    let stopped = Output::Recognition {
        number: FIRST,
        command: RecogniseCommand::End(StreamEnd::Stopped),
    };
    assert!(bench.outputs.contains(&stopped));
    bench.heard(final_text(1));
    bench.hung_up();
    bench.counted();
    bench.returns();
    let mut seen = Seen::default();
    while let Some(at) = bench.call.wake_at().filter(|_| seen.records.is_empty()) {
        bench.now = at;
        bench.feed(Input::Deadline);
        seen.look(&bench);
    }
    assert_eq!(seen.records[0].outcome.ended_by, RecogniseEnd::Stopped);
}
