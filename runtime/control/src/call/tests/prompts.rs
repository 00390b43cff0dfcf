//! Prompts: what is refused, waiting for one or several, forgetting.

use super::*;
use crate::speech::{Speech, TextForm};
use crate::words::{GatherFailure, LimitName, Tone};

fn spoken(form: TextForm, text: &str) -> Segment {
    Segment::Speech(Speech {
        text: text.to_owned().into(),
        form,
        language: None,
        voice: None,
    })
}

const WHY: &str = "there is no such voice";

fn not_spoken(operation: OperationId) -> LegSignal {
    LegSignal::NotSpoken {
        operation,
        why: WHY.to_owned(),
    }
}

#[test]
fn a_prompt_is_played_and_waited_for() {
    let mut bench = Bench::answered();
    assert_eq!(bench.ask(play(file("welcome.wav"))), None);
    let operation = bench.played();
    let ended = LegSignal::PlayEnded {
        operation,
        played_ms: 1_240,
        position_ms: 1_240,
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
        from_ms: 0,
        volume_db: 0,
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
        position_ms: 520,
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
        from_ms: 0,
        volume_db: 0,
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

#[test]
fn texts_are_checked_before_anything_is_played() {
    let mut bench = Bench::answered();
    let plain = |text: &str| spoken(TextForm::Plain, text);
    let voiced = |language: &str, voice: &str| {
        let mut segment = plain("Hello.");
        if let Segment::Speech(speech) = &mut segment {
            speech.language = Some(language.to_owned());
            speech.voice = Some(voice.to_owned());
        }
        segment
    };
    for (bad, reason) in [
        (plain(" ... "), "there is nothing to say in a text"),
        (
            spoken(TextForm::Ssml, "Hi <b>you</b>"),
            "a text's SSML, at byte 3: unknown element; known are speak, p, s, break, emphasis, prosody, say-as and sub",
        ),
        (
            voiced("en_GB", "f3"),
            "no language; give a tag such as \"en\" or \"de-AT\"",
        ),
        (
            voiced("en", "--path=/"),
            "no voice's name; it has 1 to 100 letters, digits, spaces, `.`, `_`, `-` and `+`, a letter or digit first",
        ),
    ] {
        let invalid = Error::Invalid {
            argument: "prompt".to_owned(),
            reason: reason.to_owned(),
        };
        assert_eq!(bench.ask(play(vec![bad])), Some(Answer::Played(Err(invalid))));
    }
    let (half, rest) = ("a".repeat(2_500), "b".repeat(2_501));
    let over = Error::Limit {
        name: LimitName::SpeechBytes,
        allowed: 5_000,
        asked: 5_001,
    };
    assert_eq!(
        bench.ask(play(vec![plain(&half), plain(&rest)])),
        Some(Answer::Played(Err(over)))
    );
    assert_eq!(bench.ask(play(vec![voiced("de-AT", "en-us+f3"), plain(&half)])), None);
    bench.played();
}

#[test]
fn a_prompt_that_cannot_be_spoken_is_stopped_and_says_why() {
    let mut bench = Bench::answered();
    let hello = vec![spoken(TextForm::Plain, "Hello.")];
    bench.ask(play(hello.clone()));
    let operation = bench.played();
    assert_eq!(
        bench.leg(not_spoken(operation)),
        Some(Answer::Played(Err(Error::NotSpoken(WHY.to_owned()))))
    );
    assert!(bench.wants(&Output::Media(CALLER, MediaCommand::Stop { operation })));

    let options = GatherOptions {
        prompt: Some(hello),
        ..gather()
    };
    assert_eq!(bench.ask(Ask::Gather { leg: CALLER, options }), None);
    let operation = bench.played();
    bench.key('7');
    let failure = GatherFailure {
        reason: Error::NotSpoken(WHY.to_owned()),
        keys: "7".to_owned().into(),
    };
    assert_eq!(bench.leg(not_spoken(operation)), Some(Answer::Gathered(Err(failure))));
    assert!(bench.wants(&Output::Media(CALLER, MediaCommand::Stop { operation })));
    // Nobody waits for it any more, and it must not go on waiting for its text.
    bench.leg(not_spoken(OperationId(99)));
    let operation = OperationId(99);
    assert!(bench.wants(&Output::Media(CALLER, MediaCommand::Stop { operation })));
}

#[test]
fn a_trace_never_shows_what_is_said() {
    let ask = play(vec![spoken(TextForm::Plain, "Your code is 4711."), Segment::Silence(5)]);
    assert_eq!(crate::describe::ask(&ask), "play(speech of 18 bytes + silence 5 ms)");
    assert!(!format!("{ask:?}").contains("4711"));
}
