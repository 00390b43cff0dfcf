//! Collecting keys: limits, time-outs, barge-in, what was typed ahead.

use super::*;
use crate::words::{GatherEnd, GatherFailure};

fn ask(options: GatherOptions) -> Ask {
    Ask::Gather { leg: CALLER, options }
}

fn with_prompt(barge_in: bool) -> GatherOptions {
    GatherOptions {
        prompt: Some(file("welcome.wav")),
        barge_in,
        max: 1,
        ..gather()
    }
}

#[test]
fn keys_are_collected_until_the_finish_key_which_is_not_kept() {
    let mut bench = Bench::answered();
    assert_eq!(bench.ask(ask(gather())), None);
    assert_eq!(bench.key('1'), None);
    assert_eq!(bench.key('2'), None);
    let gathered = collected(bench.key('#'));
    assert_eq!(
        (gathered.keys.reveal().as_str(), gathered.ended_by, gathered.complete),
        ("12", GatherEnd::FinishKey, true)
    );
}

#[test]
fn the_last_wanted_key_ends_it_and_the_next_is_kept_for_later() {
    let mut bench = Bench::answered();
    bench.ask(ask(gather()));
    for key in ['1', '2', '3'] {
        assert_eq!(bench.key(key), None);
    }
    assert_eq!(collected(bench.key('4')).ended_by, GatherEnd::MaxKeys);
    bench.key('5');
    let options = GatherOptions { max: 1, ..gather() };
    assert_eq!(collected(bench.ask(ask(options))).keys.reveal(), "5");
}

#[test]
fn time_runs_out_for_the_first_and_for_a_further_key() {
    let mut bench = Bench::answered();
    bench.ask(ask(gather()));
    let none = collected(bench.wake(5 * SECOND));
    assert_eq!((none.ended_by, none.complete), (GatherEnd::FirstKeyTimeout, false));
    bench.ask(ask(GatherOptions { min: 2, ..gather() }));
    bench.key('1');
    let one = collected(bench.wake(2 * SECOND));
    assert_eq!(
        (one.ended_by, one.complete, one.keys.reveal().as_str()),
        (GatherEnd::NextKeyTimeout, false, "1")
    );
}

#[test]
fn the_first_key_timer_begins_at_the_end_of_the_prompt() {
    let mut bench = Bench::answered();
    bench.ask(ask(with_prompt(true)));
    let operation = bench.played();
    bench.now += 60 * SECOND;
    bench.leg(LegSignal::PlayEnded {
        operation,
        played_ms: 60_000,
        position_ms: 60_000,
        end: Some(PlayEnd::Finished),
    });
    assert_eq!(collected(bench.wake(5 * SECOND)).ended_by, GatherEnd::FirstKeyTimeout);
}

#[test]
fn with_barge_in_a_key_ends_it_while_the_prompt_plays() {
    let mut bench = Bench::answered();
    bench.ask(ask(with_prompt(true)));
    assert_eq!(collected(bench.key('3')).keys.reveal(), "3");
}

#[test]
fn without_barge_in_the_prompt_is_heard_to_its_end_first() {
    let mut bench = Bench::answered();
    bench.ask(ask(with_prompt(false)));
    let operation = bench.played();
    assert_eq!(bench.key('3'), None);
    assert_eq!(
        bench.key('4'),
        None,
        "one key was wanted; this one is for the next collection"
    );
    let ended = LegSignal::PlayEnded {
        operation,
        played_ms: 900,
        position_ms: 900,
        end: Some(PlayEnd::Finished),
    };
    assert_eq!(collected(bench.leg(ended)).keys.reveal(), "3");
    let options = GatherOptions { max: 1, ..gather() };
    assert_eq!(collected(bench.ask(ask(options))).keys.reveal(), "4");
}

#[test]
fn who_typed_ahead_does_not_hear_the_prompt() {
    let mut bench = Bench::answered();
    bench.key('9');
    assert_eq!(collected(bench.ask(ask(with_prompt(true)))).keys.reveal(), "9");
    assert!(!bench.outputs.iter().any(|output| matches!(output, Output::Media(..))));
    bench.key('8');
    assert_eq!(bench.ask(Ask::Flush { leg: CALLER }), Some(Answer::Nothing));
    assert_eq!(bench.ask(ask(with_prompt(true))), None, "flushed keys are gone");
}

#[test]
fn a_hang_up_gives_what_was_collected_until_then() {
    let mut bench = Bench::answered();
    bench.ask(ask(gather()));
    bench.key('1');
    let Some(Answer::Gathered(Err(GatherFailure { reason, keys }))) = bench.hung_up() else {
        panic!("interrupted")
    };
    assert_eq!(reason, Error::Interrupted(Interruption::HungUp));
    assert_eq!(keys.reveal(), "1");
}

#[test]
fn two_collections_at_once_are_refused_and_cancelling_frees_the_leg() {
    let mut bench = Bench::answered();
    let start = || Ask::StartGather {
        leg: CALLER,
        options: gather(),
    };
    let Some(Answer::Started(Ok(id))) = bench.ask(start()) else {
        panic!("started")
    };
    assert_eq!(bench.ask(start()), Some(Answer::Started(Err(Error::AlreadyGathering))));
    bench.key('1');
    let cancelled = collected(bench.ask(Ask::CancelGather { operation: id }));
    assert_eq!(
        (cancelled.keys.reveal().as_str(), cancelled.ended_by),
        ("1", GatherEnd::Cancelled)
    );
    assert!(matches!(bench.ask(start()), Some(Answer::Started(Ok(_)))));
}

#[test]
fn nonsense_is_refused_by_the_name_of_the_argument() {
    let mut bench = Bench::answered();
    let bad = [
        (
            GatherOptions {
                max: 0,
                min: 0,
                ..gather()
            },
            "options.max",
        ),
        (GatherOptions { max: 65, ..gather() }, "options.max"),
        (GatherOptions { min: 5, ..gather() }, "options.min"),
        (
            GatherOptions {
                first_key_ms: 600_001,
                ..gather()
            },
            "options.first-key-ms",
        ),
        (
            GatherOptions {
                next_key_ms: 99,
                ..gather()
            },
            "options.next-key-ms",
        ),
        (
            GatherOptions {
                prompt: Some(vec![]),
                ..gather()
            },
            "options.prompt",
        ),
    ];
    for (options, named) in bad {
        match bench.ask(ask(options)) {
            Some(Answer::Gathered(Err(GatherFailure {
                reason: Error::Invalid { argument, .. },
                ..
            }))) => {
                assert_eq!(argument, named);
            }
            other => panic!("{named}: {other:?}"),
        }
    }
}

#[test]
fn keys_nobody_wants_push_out_the_oldest_and_are_counted() {
    let mut bench = Bench::answered();
    for _ in 0..64 {
        bench.key('1');
    }
    bench.key('2');
    bench.returns();
    bench.hung_up();
    bench.counted();
    assert_eq!(bench.record().map(|record| record.keys_dropped), Some(1));
}
