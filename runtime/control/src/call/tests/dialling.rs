//! Diallings driven by hand: who rings, who wins, what the caller hears, and what came of it.

use super::*;
use crate::presence::WhenBusy;
use crate::words::{
    Absence, AnsweredBy, CallerHears, CallerId, Destination, DetectionOptions, DialAnswer, DialOptions, DialOutcome,
    Endpoint, MachineWait, Order,
};

pub(super) fn user(name: &str) -> Endpoint {
    Endpoint {
        to: Destination::User(name.to_owned().into()),
        ring_ms: None,
        headers: Vec::new(),
        credentials: None,
    }
}

pub(super) fn options(order: Order) -> DialOptions {
    DialOptions {
        order,
        ring_ms: 30_000,
        caller_id: CallerId::Caller,
        caller_name: None,
        caller_hears: CallerHears::Ringback,
        redirects: 1,
        detect_machine: None,
        when_busy: WhenBusy::Ring,
    }
}

pub(super) fn dial(endpoints: &[&str], options: DialOptions) -> Ask {
    Ask::Dial {
        caller: Some(CALLER),
        endpoints: endpoints.iter().map(|name| user(name)).collect(),
        options,
    }
}

/// The far end of every endpoint asked about has so many ways; the legs that were placed.
pub(super) fn locate(bench: &mut Bench, ways: u32) -> Vec<LegId> {
    let asked: Vec<(OperationId, u32)> = bench
        .outputs
        .iter()
        .filter_map(|output| match output {
            Output::Locate { dial, endpoint, .. } => Some((*dial, *endpoint)),
            _ => None,
        })
        .collect();
    let mut legs = Vec::new();
    for (dial, endpoint) in asked {
        let branch = |key| Branch {
            key,
            from: "100".to_owned().into(),
            to: "200".to_owned().into(),
            longest: None,
        };
        let found = Ok((0..ways).map(branch).collect());
        bench.feed(Input::Located { dial, endpoint, found });
        legs.extend(placed(bench));
    }
    legs
}

fn placed(bench: &Bench) -> Vec<LegId> {
    let legs = bench.outputs.iter().filter_map(|output| match output {
        Output::Leg(leg, LegCommand::Place(_)) => Some(*leg),
        _ => None,
    });
    legs.collect()
}

pub(super) fn outcome(answer: Option<Answer>) -> DialOutcome {
    match answer {
        Some(Answer::Dialled(Ok(outcome))) => outcome,
        other => panic!("expected an outcome, got {other:?}"),
    }
}

fn answered(leg: LegId, endpoint: u32) -> DialOutcome {
    DialOutcome::Answered(DialAnswer {
        leg,
        endpoint,
        answered_by: None,
    })
}

pub(super) fn refused(bench: &mut Bench, leg: LegId, status: u16) -> Option<Answer> {
    bench.feed(Input::Leg(
        leg,
        LegSignal::Ended {
            why: Interruption::NotConnected,
            cause: Some(refusal(status)),
        },
    ))
}

#[test]
fn an_unanswered_caller_hears_ringing_and_the_first_to_answer_wins() {
    let mut bench = Bench::new(Description::Offered);
    assert_eq!(bench.ask(dial(&["a", "b"], options(Order::Together))), None);
    let legs = locate(&mut bench, 1);
    assert_eq!(legs, [LegId(1), LegId(2)]);
    bench.feed(Input::Leg(legs[0], LegSignal::Ringing));
    assert!(bench.wants(&Output::Leg(CALLER, LegCommand::Ring)));
    bench.feed(Input::Leg(legs[1], LegSignal::Ringing));
    assert!(!bench.wants(&Output::Leg(CALLER, LegCommand::Ring)), "once is enough");
    let answer = bench.feed(Input::Leg(legs[1], LegSignal::Answered));
    assert_eq!(outcome(answer), answered(legs[1], 1));
    assert!(
        bench.wants(&Output::Leg(legs[0], LegCommand::HangUp)),
        "the other stops ringing"
    );
    assert!(
        !bench
            .outputs
            .iter()
            .any(|o| matches!(o, Output::Leg(CALLER, LegCommand::Answer)))
    );
}

#[test]
fn who_answers_in_the_same_breath_is_hung_up() {
    let mut bench = Bench::answered();
    bench.ask(dial(&["a", "b"], options(Order::Together)));
    let legs = locate(&mut bench, 1);
    bench.feed(Input::Leg(legs[0], LegSignal::Answered));
    bench.feed(Input::Leg(legs[1], LegSignal::Answered));
    assert!(
        !bench.wants(&Output::Leg(legs[1], LegCommand::HangUp)),
        "it was told to stop when the first answered; its end is on the way"
    );
    bench.feed(Input::Leg(
        legs[1],
        LegSignal::Ended {
            why: Interruption::Cancelled,
            cause: None,
        },
    ));
    assert_eq!(
        bench.ask(Ask::State { leg: legs[1] }),
        Some(Answer::State(LegState::Ended))
    );
}

#[test]
fn in_turn_the_next_rings_only_after_the_last_has_failed() {
    let mut bench = Bench::answered();
    bench.ask(dial(&["a", "b"], options(Order::InTurn)));
    let first = locate(&mut bench, 1);
    assert_eq!(first.len(), 1);
    refused(&mut bench, first[0], 486);
    let second = locate(&mut bench, 1);
    assert_eq!(second.len(), 1);
    let answer = bench.feed(Input::Leg(second[0], LegSignal::Answered));
    assert_eq!(outcome(answer), answered(second[0], 1));
}

#[test]
fn the_failure_that_says_most_is_the_outcome() {
    let cases: [(&[u16], DialOutcome); 6] = [
        (&[404, 486], DialOutcome::Busy(refusal(486))),
        (
            &[503, 480],
            DialOutcome::Unavailable(Absence {
                cause: refusal(480),
                status: None,
            }),
        ),
        (&[603, 486], DialOutcome::Declined(refusal(603))),
        (&[500, 404], DialOutcome::NotFound(refusal(404))),
        (&[503, 503], DialOutcome::Failed(refusal(503))),
        (&[487, 404], DialOutcome::NoAnswer),
    ];
    for (statuses, expected) in cases {
        let mut bench = Bench::answered();
        bench.ask(dial(&["a", "b"], options(Order::Together)));
        let legs = locate(&mut bench, 1);
        assert_eq!(refused(&mut bench, legs[0], statuses[0]), None);
        let answer = refused(&mut bench, legs[1], statuses[1]);
        assert_eq!(outcome(answer), expected, "{statuses:?}");
    }
}

#[test]
fn nobody_answers_in_time() {
    let mut bench = Bench::answered();
    bench.ask(dial(&["a"], options(Order::Together)));
    let legs = locate(&mut bench, 2);
    assert_eq!(legs.len(), 2, "every phone of a user rings");
    bench.feed(Input::Leg(legs[0], LegSignal::Ringing));
    bench.now += Duration::from_secs(30);
    let answer = bench.feed(Input::Deadline);
    assert_eq!(outcome(answer), DialOutcome::NoAnswer);
    assert!(bench.wants(&Output::Leg(legs[0], LegCommand::HangUp)));
    assert!(bench.wants(&Output::Leg(legs[1], LegCommand::HangUp)));
}

#[test]
fn each_endpoint_has_its_own_patience() {
    let mut bench = Bench::answered();
    let mut short = user("a");
    short.ring_ms = Some(5_000);
    bench.ask(Ask::Dial {
        caller: Some(CALLER),
        endpoints: vec![short, user("b")],
        options: options(Order::InTurn),
    });
    let first = locate(&mut bench, 1);
    bench.now += Duration::from_secs(5);
    assert_eq!(bench.feed(Input::Deadline), None);
    assert!(bench.wants(&Output::Leg(first[0], LegCommand::HangUp)));
    assert_eq!(locate(&mut bench, 1).len(), 1, "the second is called");
}

#[test]
fn what_cannot_be_located_is_said_as_it_is() {
    let cases = [
        (
            NotLocated::Forbidden("premium".to_owned()),
            DialOutcome::Forbidden("premium".to_owned()),
        ),
        (NotLocated::Unreachable, DialOutcome::Unreachable),
    ];
    for (why, expected) in cases {
        let mut bench = Bench::answered();
        bench.ask(dial(&["a"], options(Order::Together)));
        let Some(Output::Locate { dial, endpoint, .. }) = bench.outputs.first().cloned() else {
            panic!("an endpoint is looked for first");
        };
        let found = Err(why);
        let answer = bench.feed(Input::Located { dial, endpoint, found });
        assert_eq!(outcome(answer), expected);
    }
}

#[test]
fn a_redirection_is_followed_as_often_as_allowed() {
    let mut bench = Bench::answered();
    bench.ask(dial(&["a"], options(Order::Together)));
    let first = locate(&mut bench, 1);
    let elsewhere = vec!["sip:b@192.0.2.9".to_owned().into()];
    bench.feed(Input::Leg(first[0], LegSignal::Redirected(elsewhere.clone())));
    assert_eq!(refused(&mut bench, first[0], 302), None);
    let second = locate(&mut bench, 1);
    assert_eq!(second.len(), 1, "the new address is called");
    bench.feed(Input::Leg(second[0], LegSignal::Redirected(elsewhere.clone())));
    let answer = refused(&mut bench, second[0], 302);
    assert_eq!(outcome(answer), DialOutcome::Redirected(elsewhere));
}

#[test]
fn a_caller_who_leaves_ends_the_dialling() {
    let mut bench = Bench::answered();
    bench.ask(dial(&["a"], options(Order::Together)));
    let legs = locate(&mut bench, 1);
    let answer = bench.hung_up();
    assert_eq!(
        answer,
        Some(Answer::Dialled(Err(Error::Interrupted(Interruption::HungUp))))
    );
    assert!(bench.wants(&Output::Leg(legs[0], LegCommand::HangUp)));
}

#[test]
fn early_media_opens_the_caller_and_is_passed_to_it() {
    let mut bench = Bench::new(Description::Offered);
    let mut wanted = options(Order::Together);
    wanted.caller_hears = CallerHears::EarlyMedia;
    bench.ask(dial(&["a"], wanted));
    let legs = locate(&mut bench, 1);
    bench.feed(Input::Leg(legs[0], LegSignal::AudioOpen));
    assert!(bench.wants(&Output::Leg(CALLER, LegCommand::EarlyMedia)));
    bench.leg(LegSignal::AudioOpen);
    let relay = MediaCommand::Relay(Some((CALLER, crate::words::KeysBetween::Keep)));
    assert!(bench.wants(&Output::Media(legs[0], relay)));
    let answer = bench.feed(Input::Leg(legs[0], LegSignal::Answered));
    assert_eq!(outcome(answer), answered(legs[0], 0));
    assert!(
        bench.wants(&Output::Media(legs[0], MediaCommand::Relay(None))),
        "until it is bridged"
    );
}

#[test]
fn an_answered_caller_hears_a_ringing_tone_until_somebody_answers() {
    let mut bench = Bench::answered();
    bench.ask(dial(&["a"], options(Order::Together)));
    let legs = locate(&mut bench, 1);
    bench.feed(Input::Leg(legs[0], LegSignal::Ringing));
    let tone = bench.played();
    assert!(bench.outputs.iter().any(|output| matches!(
        output,
        Output::Media(
            CALLER,
            MediaCommand::Play {
                source: PromptSource::Ringback,
                times: 0,
                ..
            }
        )
    )));
    bench.feed(Input::Leg(legs[0], LegSignal::Answered));
    assert!(bench.wants(&Output::Media(CALLER, MediaCommand::Stop { operation: tone })));
}

#[test]
fn a_machine_is_told_from_a_person_before_the_outcome() {
    let mut bench = Bench::answered();
    let mut wanted = options(Order::Together);
    let detection = DetectionOptions {
        wait_for: MachineWait::Verdict,
        timeout_ms: 30_000,
        speech_ms: 2_400,
        speech_end_ms: 1_200,
        silence_ms: 5_000,
    };
    wanted.detect_machine = Some(detection);
    bench.ask(dial(&["a"], wanted));
    let legs = locate(&mut bench, 1);
    assert_eq!(bench.feed(Input::Leg(legs[0], LegSignal::Answered)), None);
    assert!(bench.wants(&Output::Media(legs[0], MediaCommand::Detect(detection))));
    let answer = bench.feed(Input::Leg(legs[0], LegSignal::Detected(AnsweredBy::Machine)));
    let DialOutcome::Answered(answer) = outcome(answer) else {
        panic!("it was answered");
    };
    assert_eq!(answer.answered_by, Some(AnsweredBy::Machine));
}

#[test]
fn a_started_dialling_gives_its_outcome_once_and_dropping_it_hangs_up() {
    let mut bench = Bench::answered();
    let start = Ask::StartDial {
        caller: Some(CALLER),
        endpoints: vec![user("a")],
        options: options(Order::Together),
    };
    let Some(Answer::Started(Ok(operation))) = bench.ask(start) else {
        panic!("it starts at once");
    };
    let legs = {
        let mut wanted: Vec<Output> = bench.outputs.clone();
        wanted.retain(|output| matches!(output, Output::Locate { .. }));
        assert_eq!(wanted.len(), 1);
        locate(&mut bench, 1)
    };
    assert_eq!(bench.ask(Ask::DialResult { operation }), Some(Answer::DialResult(None)));
    bench.feed(Input::Leg(legs[0], LegSignal::Answered));
    assert_eq!(bench.ask(Ask::Done { operation }), Some(Answer::Flag(true)));
    bench.ask(Ask::Forget { operation });
    assert!(
        bench.wants(&Output::Leg(legs[0], LegCommand::HangUp)),
        "nobody took the leg"
    );
}

#[test]
fn nonsense_is_refused_by_the_name_of_the_argument() {
    type Spoil = fn(&mut Vec<Endpoint>, &mut DialOptions);
    let cases: [(&str, Spoil); 7] = [
        ("endpoint.headers", |endpoints, _| {
            endpoints[0]
                .headers
                .push(("p-asserted-identity".to_owned(), "<tel:+4930123456>".to_owned().into()));
        }),
        ("endpoints", |endpoints, _| endpoints.clear()),
        ("options.ring-ms", |_, options| options.ring_ms = 999),
        ("options.redirects", |_, options| options.redirects = 6),
        ("endpoint.ring-ms", |endpoints, _| endpoints[0].ring_ms = Some(700_000)),
        ("endpoint.headers", |endpoints, _| {
            endpoints[0]
                .headers
                .push(("X-A".to_owned(), "a\r\nVia: x".to_owned().into()));
        }),
        ("endpoint.to.user", |endpoints, _| {
            endpoints[0].to = Destination::User(String::new().into())
        }),
    ];
    for (argument, spoil) in cases {
        let mut bench = Bench::answered();
        let (mut endpoints, mut options) = (vec![user("a")], options(Order::Together));
        spoil(&mut endpoints, &mut options);
        let caller = Some(CALLER);
        let answer = bench.ask(Ask::Dial {
            caller,
            endpoints,
            options,
        });
        let Some(Answer::Dialled(Err(Error::Invalid { argument: named, .. }))) = answer else {
            panic!("{argument}: {answer:?}");
        };
        assert_eq!(named, argument);
    }
    let mut bench = Bench::answered();
    let answer = bench.ask(dial(&["a"; 11], options(Order::Together)));
    assert!(matches!(
        answer,
        Some(Answer::Dialled(Err(Error::Limit {
            name: crate::words::LimitName::Endpoints,
            ..
        })))
    ));
}

#[test]
fn a_handler_that_fails_while_it_rings_leaves_nobody_ringing() {
    let mut bench = Bench::new(Description::Offered);
    bench.ask(Ask::StartDial {
        caller: Some(CALLER),
        endpoints: vec![user("a")],
        options: options(Order::Together),
    });
    let legs = locate(&mut bench, 1);
    bench.returns();
    assert!(bench.wants(&Output::Leg(legs[0], LegCommand::HangUp)));
}

#[test]
fn a_leg_whose_time_is_paid_up_is_hung_up() {
    let mut bench = Bench::answered();
    bench.ask(dial(&["a"], options(Order::Together)));
    let Some(Output::Locate { dial, endpoint, .. }) = bench.outputs.first().cloned() else {
        panic!("an endpoint is looked for first");
    };
    let branch = Branch {
        key: 1,
        from: "100".to_owned().into(),
        to: "200".to_owned().into(),
        longest: Some(Duration::from_secs(60)),
    };
    let found = Ok(vec![branch]);
    bench.feed(Input::Located { dial, endpoint, found });
    let leg = LegId(1);
    bench.feed(Input::Leg(leg, LegSignal::Answered));
    bench.ask(Ask::Sleep { ms: 100_000 });
    assert_eq!(bench.wake(Duration::from_secs(60)), None);
    assert!(bench.wants(&Output::Leg(leg, LegCommand::HangUp)));
    let why = Interruption::EndedByHandler;
    bench.feed(Input::Leg(leg, LegSignal::Ended { why, cause: None }));
    assert_eq!(bench.call.legs[leg].interruption(), Some(Interruption::TimeLimit));
}
