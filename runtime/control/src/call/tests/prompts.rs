//! Prompts: what is refused, waiting for one or several, forgetting.

use super::*;
use crate::words::{LimitName, Tone};

#[test]
fn a_prompt_is_played_and_waited_for() {
    let mut bench = Bench::answered();
    assert_eq!(bench.ask(play(file("welcome.wav"))), None);
    let operation = bench.played();
    let ended = LegSignal::PlayEnded {
        operation,
        played_ms: 1_240,
        end: Some(PlayEnd::Finished),
    };
    assert_eq!(bench.leg(ended), played(1_240, PlayEnd::Finished));
}

#[test]
fn what_is_out_of_range_is_refused_by_name_and_nothing_is_played() {
    let tone = |hz: Vec<u16>| {
        vec![Segment::Tone(Tone {
            frequencies: hz,
            on_ms: 100,
            off_ms: 0,
            count: 1,
            level_dbm0: -16,
        })]
    };
    let mut bench = Bench::answered();
    for bad in [
        vec![],
        tone(vec![]),
        tone(vec![100; 5]),
        tone(vec![5_000]),
        vec![Segment::Silence(60_001)],
    ] {
        let answer = bench.ask(play(bad.clone()));
        assert!(
            matches!(answer, Some(Answer::Played(Err(Error::Invalid { .. })))),
            "{bad:?}: {answer:?}"
        );
        assert!(!bench.outputs.iter().any(|output| matches!(output, Output::Media(..))));
    }
    let missing = bench.ask(play(file("nowhere.wav")));
    assert_eq!(
        missing,
        Some(Answer::Played(Err(Error::NoSuchPrompt("nowhere.wav".to_owned()))))
    );
    let many = bench.ask(play(vec![Segment::Silence(1); 65]));
    let over = Error::Limit {
        name: LimitName::PromptSegments,
        allowed: 64,
        asked: 65,
    };
    assert_eq!(many, Some(Answer::Played(Err(over))));
}

#[test]
fn nothing_is_played_before_audio_flows() {
    let mut bench = Bench::new(Description::Offered);
    let answer = bench.ask(play(file("welcome.wav")));
    assert_eq!(answer, Some(Answer::Played(Err(Error::WrongState(LegState::Offered)))));
}

#[test]
fn started_prompts_are_waited_for_together_with_time() {
    let mut bench = Bench::answered();
    let options = PlayOptions {
        barge_in: false,
        times: 0,
    };
    let start = Ask::StartPlay {
        leg: CALLER,
        prompt: file("welcome.wav"),
        options,
    };
    let Some(Answer::Started(Ok(id))) = bench.ask(start) else {
        panic!("started")
    };
    assert_eq!(bench.ask(Ask::Done { operation: id }), Some(Answer::Flag(false)));
    assert_eq!(
        bench.ask(Ask::PlayResult { operation: id }),
        Some(Answer::PlayResult(None))
    );
    assert_eq!(
        bench.ask(Ask::WaitAny {
            operations: vec![id],
            timeout_ms: Some(500)
        }),
        None
    );
    assert_eq!(bench.wake(Duration::from_millis(500)), Some(Answer::Any(Ok(None))));
    assert_eq!(bench.ask(Ask::StopPlay { operation: id }), None);
    assert!(bench.wants(&Output::Media(CALLER, MediaCommand::Stop { operation: id })));
    let ended = LegSignal::PlayEnded {
        operation: id,
        played_ms: 520,
        end: Some(PlayEnd::Stopped),
    };
    assert_eq!(bench.leg(ended), played(520, PlayEnd::Stopped));
    assert_eq!(
        bench.ask(Ask::StopPlay { operation: id }),
        played(520, PlayEnd::Stopped)
    );
    assert_eq!(
        bench.ask(Ask::WaitAny {
            operations: vec![id],
            timeout_ms: None
        }),
        Some(Answer::Any(Ok(Some(0))))
    );
}

#[test]
fn operations_have_a_limit_and_forgetting_makes_room() {
    let mut bench = Bench::answered();
    let options = PlayOptions {
        barge_in: false,
        times: 1,
    };
    let start = || Ask::StartPlay {
        leg: CALLER,
        prompt: file("welcome.wav"),
        options,
    };
    for _ in 0..256 {
        assert!(matches!(bench.ask(start()), Some(Answer::Started(Ok(_)))));
    }
    let refused = bench.ask(start());
    assert!(matches!(
        refused,
        Some(Answer::Started(Err(Error::Limit {
            name: LimitName::Operations,
            ..
        })))
    ));
    bench.ask(Ask::Forget {
        operation: OperationId(1),
    });
    assert!(matches!(bench.ask(start()), Some(Answer::Started(Ok(_)))));
}

#[test]
fn sleeping_takes_its_time_and_no_more_than_four_hours() {
    let mut bench = Bench::answered();
    assert_eq!(bench.ask(Ask::Sleep { ms: 1_000 }), None);
    assert_eq!(bench.wake(SECOND), Some(Answer::Unit(Ok(()))));
    assert!(matches!(
        bench.ask(Ask::Sleep { ms: 14_400_001 }),
        Some(Answer::Unit(Err(Error::Invalid { .. })))
    ));
}
