//! Speech beside keys: what may be asked for, which of the two comes first, and when the media engine listens.

use super::*;
use crate::words::{GatherEnd, GatherFailure, Heard, Hearing, LimitName, Said};

pub(super) fn hearing() -> Hearing {
    Hearing {
        phrases: vec!["sales".to_owned().into(), "yes please".to_owned().into()],
        digits: 0,
        language: None,
        end_silence_ms: 800,
        max_ms: 10_000,
    }
}

fn listening() -> GatherOptions {
    GatherOptions {
        speech: Some(hearing()),
        ..gather()
    }
}

fn ask(options: GatherOptions) -> Ask {
    Ask::Gather { leg: CALLER, options }
}

pub(super) fn said(phrase: &str) -> Said {
    Said {
        phrase: phrase.to_owned().into(),
        confidence: 87,
    }
}

fn heard(operation: OperationId, heard: Result<Heard, String>) -> LegSignal {
    LegSignal::Heard { operation, heard }
}

impl Bench {
    /// The collection that the media engine was just told to listen for.
    fn hears(&self) -> Option<OperationId> {
        self.outputs.iter().find_map(|output| match output {
            Output::Media(CALLER, MediaCommand::Hear { operation, .. }) => Some(*operation),
            _ => None,
        })
    }

    fn stops_hearing(&self, operation: OperationId) -> bool {
        self.wants(&Output::Media(CALLER, MediaCommand::StopHearing { operation }))
    }
}

#[test]
fn a_phrase_ends_the_collection_and_no_time_runs_out_while_it_is_said() {
    let mut bench = Bench::answered();
    assert_eq!(bench.ask(ask(listening())), None);
    let id = bench.hears().expect("the engine listens from the beginning");
    bench.now += 4 * SECOND;
    assert_eq!(bench.leg(LegSignal::SpeechBegan { operation: id }), None);
    bench.now += 20 * SECOND;
    assert_eq!(bench.feed(Input::Deadline), None, "it is still being said");
    let gathered = collected(bench.leg(heard(id, Ok(Heard::Said(said("sales"))))));
    assert_eq!(
        (gathered.ended_by, gathered.said, gathered.complete),
        (GatherEnd::Said, Some(said("sales")), true)
    );
    assert!(bench.stops_hearing(id));
    assert_eq!(
        bench.leg(heard(id, Ok(Heard::NoMatch))),
        None,
        "an answer too many is nothing"
    );
}

#[test]
fn what_is_none_of_the_phrases_and_what_cannot_be_recognised_are_told_apart() {
    let mut bench = Bench::answered();
    bench.ask(ask(listening()));
    let id = bench.hears().unwrap();
    let gathered = collected(bench.leg(heard(id, Ok(Heard::NoMatch))));
    assert_eq!(
        (gathered.ended_by, gathered.said, gathered.complete),
        (GatherEnd::NoMatch, None, false)
    );
    bench.ask(ask(listening()));
    let id = bench.hears().unwrap();
    let why = "nobody listens".to_owned();
    let failure = GatherFailure {
        reason: Error::NotHeard(why.clone()),
        keys: String::new().into(),
    };
    assert_eq!(bench.leg(heard(id, Err(why))), Some(Answer::Gathered(Err(failure))));
    assert!(bench.stops_hearing(id));
}

#[test]
fn a_key_ends_listening_and_what_was_said_before_it_counts_no_more() {
    let mut bench = Bench::answered();
    bench.ask(ask(listening()));
    let id = bench.hears().unwrap();
    bench.leg(LegSignal::SpeechBegan { operation: id });
    assert_eq!(bench.key('7'), None);
    assert!(bench.stops_hearing(id));
    assert_eq!(bench.leg(heard(id, Ok(Heard::Said(said("sales"))))), None);
    let gathered = collected(bench.key('#'));
    assert_eq!((gathered.keys.reveal().as_str(), gathered.said), ("7", None));
}

#[test]
fn keys_that_were_typed_ahead_are_not_listened_beside() {
    let mut bench = Bench::answered();
    bench.key('1');
    bench.ask(ask(listening()));
    assert_eq!(bench.hears(), None);
}

#[test]
fn silence_ends_as_without_speech_and_so_does_silence_after_the_prompt() {
    let mut bench = Bench::answered();
    bench.ask(ask(listening()));
    let id = bench.hears().unwrap();
    assert_eq!(collected(bench.wake(5 * SECOND)).ended_by, GatherEnd::FirstKeyTimeout);
    assert!(bench.stops_hearing(id));
}

#[test]
fn a_prompt_is_listened_over_or_heard_out_first() {
    for barge_in in [true, false] {
        let mut bench = Bench::answered();
        bench.ask(ask(GatherOptions {
            prompt: Some(file("welcome.wav")),
            barge_in,
            ..listening()
        }));
        assert_eq!(bench.hears().is_some(), barge_in);
        let operation = bench.played();
        if barge_in {
            bench.leg(LegSignal::SpeechBegan { operation });
        }
        bench.leg(LegSignal::PlayEnded {
            operation,
            played_ms: 400,
            position_ms: 400,
            end: Some(PlayEnd::Stopped),
        });
        assert_eq!(bench.hears().is_some(), !barge_in);
        assert_eq!(
            bench.call.wake_at().is_some_and(|at| at == bench.now + 5 * SECOND),
            !barge_in
        );
        let gathered = collected(bench.leg(heard(operation, Ok(Heard::Said(said("yes please"))))));
        assert_eq!(gathered.ended_by, GatherEnd::Said);
    }
}

#[test]
fn whatever_ends_the_collection_ends_the_listening() {
    let start = |bench: &mut Bench| {
        let options = listening();
        let Some(Answer::Started(Ok(id))) = bench.ask(Ask::StartGather { leg: CALLER, options }) else {
            panic!("it starts");
        };
        assert_eq!(bench.hears(), Some(id));
        id
    };
    let mut bench = Bench::answered();
    let id = start(&mut bench);
    bench.ask(Ask::CancelGather { operation: id });
    assert!(bench.stops_hearing(id));
    bench.ask(Ask::Forget { operation: id });
    let id = start(&mut bench);
    bench.ask(Ask::Forget { operation: id });
    assert!(bench.stops_hearing(id));
    let id = start(&mut bench);
    let released = bench.call.release(bench.now, CALLER).expect("an answered leg can go");
    assert!(released.media.contains(&MediaCommand::StopHearing { operation: id }));
}

#[test]
fn what_cannot_be_listened_for_is_refused_by_name_and_never_repeated() {
    let mut bench = Bench::answered();
    let phrase = |text: &str| Hearing {
        phrases: vec!["sales".to_owned().into(), text.to_owned().into()],
        ..hearing()
    };
    let none = Hearing {
        phrases: Vec::new(),
        ..hearing()
    };
    let long = "a".repeat(101);
    let mut wrong: Vec<(Hearing, &str)> = ["", " ", "two  words", "option 2", "a|b", "'", "<s>", &long]
        .iter()
        .map(|text| (phrase(text), "options.speech.phrases"))
        .collect();
    wrong.push((none, "options.speech"));
    wrong.push((
        Hearing {
            digits: 17,
            ..hearing()
        },
        "options.speech.digits",
    ));
    let tag = Some("no tag".to_owned());
    wrong.push((
        Hearing {
            language: tag,
            ..hearing()
        },
        "options.speech.language",
    ));
    for ms in [199, 5_001] {
        let options = Hearing {
            end_silence_ms: ms,
            ..hearing()
        };
        wrong.push((options, "options.speech.end-silence-ms"));
    }
    for ms in [499, 30_001] {
        wrong.push((
            Hearing {
                max_ms: ms,
                ..hearing()
            },
            "options.speech.max-ms",
        ));
    }
    for (speech, name) in wrong {
        let speech = Some(speech);
        match bench.ask(ask(GatherOptions { speech, ..gather() })) {
            Some(Answer::Gathered(Err(GatherFailure {
                reason: Error::Invalid { argument, reason },
                ..
            }))) => {
                assert_eq!(argument, name);
                assert!(!reason.contains("option 2") && !reason.contains(&long), "{reason}");
            }
            answer => panic!("{name}: {answer:?}"),
        }
    }
}

#[test]
fn there_is_a_limit_on_phrases_and_digits_alone_will_do() {
    let mut bench = Bench::answered();
    let many = Hearing {
        phrases: vec!["sales".to_owned().into(); 65],
        ..hearing()
    };
    let refused = bench.ask(ask(GatherOptions {
        speech: Some(many),
        ..gather()
    }));
    let reason = Error::Limit {
        name: LimitName::Phrases,
        allowed: 64,
        asked: 65,
    };
    let keys = String::new().into();
    assert_eq!(refused, Some(Answer::Gathered(Err(GatherFailure { reason, keys }))));
    let digits = Hearing {
        phrases: Vec::new(),
        digits: 4,
        ..hearing()
    };
    bench.ask(ask(GatherOptions {
        speech: Some(digits),
        ..gather()
    }));
    assert!(bench.hears().is_some(), "digits alone will do");
}
