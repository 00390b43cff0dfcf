//! Bridges, transfers and moving legs, driven by hand.

use super::dialling::{dial, locate, options};
use super::*;
use crate::ids::TransferId;
use crate::words::{
    BridgeEnd, BridgeOptions, Bridged, Destination, KeysBetween, Order, TransferOutcome, TransferPolicy,
};

const CALLEE: LegId = LegId(1);
const TRANSFER: TransferId = TransferId(1);

fn plain() -> BridgeOptions {
    BridgeOptions {
        hang_up_on: None,
        longest_ms: None,
        keys: KeysBetween::Pass,
        transfers: TransferPolicy::Refuse,
        hold_music: None,
    }
}

fn bridge(options: BridgeOptions) -> Ask {
    Ask::Bridge {
        first: CALLER,
        second: CALLEE,
        options,
    }
}

/// A caller who has not been answered, and a callee who has.
fn connected() -> Bench {
    let mut bench = Bench::new(Description::Offered);
    bench.ask(dial(&["a"], options(Order::Together)));
    assert_eq!(locate(&mut bench, 1), [CALLEE]);
    bench.feed(Input::Leg(CALLEE, LegSignal::Answered));
    bench
}

fn talking(options: BridgeOptions) -> Bench {
    let mut bench = connected();
    assert_eq!(bench.ask(bridge(options)), None);
    bench.leg(LegSignal::AudioOpen);
    bench
}

fn callee_leaves(bench: &mut Bench) -> Option<Answer> {
    bench.feed(Input::Leg(
        CALLEE,
        LegSignal::Ended {
            why: Interruption::HungUp,
            cause: None,
        },
    ))
}

fn ended_by(answer: Option<Answer>) -> BridgeEnd {
    match answer {
        Some(Answer::Bridged(Ok(Bridged { ended_by, .. }))) => ended_by,
        other => panic!("expected the end of a bridge, got {other:?}"),
    }
}

#[test]
fn a_bridge_answers_the_caller_and_passes_sound_both_ways() {
    let mut bench = connected();
    assert_eq!(bench.ask(bridge(plain())), None);
    assert!(
        bench.wants(&Output::Leg(CALLER, LegCommand::Answer)),
        "answer on bridge"
    );
    bench.leg(LegSignal::AudioOpen);
    let to = |leg| MediaCommand::Relay(Some((leg, KeysBetween::Pass)));
    assert!(bench.wants(&Output::Media(CALLER, to(CALLEE))));
    assert!(bench.wants(&Output::Media(CALLEE, to(CALLER))));
}

#[test]
fn the_callee_leaves_and_the_handler_goes_on_with_the_caller() {
    let mut bench = talking(plain());
    bench.now += SECOND;
    let answer = callee_leaves(&mut bench);
    let left = BridgeEnd::SecondLeft(Interruption::HungUp);
    assert_eq!(
        answer,
        Some(Answer::Bridged(Ok(Bridged {
            lasted_ms: 1_000,
            ended_by: left
        })))
    );
    assert!(bench.wants(&Output::Media(CALLER, MediaCommand::Relay(None))));
    assert_eq!(
        bench.ask(play(file("welcome.wav"))),
        None,
        "the caller can be played to"
    );
}

#[test]
fn the_caller_leaves_and_the_callee_stays() {
    let mut bench = talking(plain());
    let answer = bench.hung_up();
    assert_eq!(ended_by(answer), BridgeEnd::FirstLeft(Interruption::HungUp));
    assert_eq!(
        bench.ask(Ask::Sleep { ms: 10 }),
        None,
        "a leg is left, so the call goes on"
    );
    bench.now += Duration::from_millis(10);
    assert_eq!(bench.feed(Input::Deadline), Some(Answer::Unit(Ok(()))));
}

#[test]
fn star_hangs_up_only_the_callee() {
    let mut bench = talking(BridgeOptions {
        hang_up_on: Key::from_char('*'),
        ..plain()
    });
    assert_eq!(bench.key('1'), None);
    let star = Key::from_char('*').unwrap();
    assert_eq!(
        bench.feed(Input::Leg(CALLEE, LegSignal::Key(star))),
        None,
        "the callee's star is nothing"
    );
    let answer = bench.key('*');
    assert_eq!(ended_by(answer), BridgeEnd::Key);
    assert!(bench.wants(&Output::Leg(CALLEE, LegCommand::HangUp)));
    assert!(!bench.wants(&Output::Leg(CALLER, LegCommand::HangUp)));
}

#[test]
fn a_bridge_has_its_longest_time_and_can_be_stopped() {
    let mut bench = talking(BridgeOptions {
        longest_ms: Some(5_000),
        ..plain()
    });
    bench.now += Duration::from_secs(5);
    let answer = bench.feed(Input::Deadline);
    assert_eq!(ended_by(answer), BridgeEnd::TimeLimit);
    let start = Ask::StartBridge {
        first: CALLER,
        second: CALLEE,
        options: plain(),
    };
    let Some(Answer::Started(Ok(operation))) = bench.ask(start) else {
        panic!("it starts");
    };
    let again = bench.ask(bridge(plain()));
    assert_eq!(again, Some(Answer::Bridged(Err(Error::AlreadyBridged))));
    bench.ask(Ask::StopBridge { operation });
    let Some(Answer::BridgeResult(result)) = bench.ask(Ask::BridgeResult { operation }) else {
        panic!("a result is asked for");
    };
    assert_eq!(result.map(|result| result.unwrap().ended_by), Some(BridgeEnd::Stopped));
}

#[test]
fn who_is_held_hears_music_and_a_muted_leg_is_not_passed_on() {
    let mut bench = talking(BridgeOptions {
        hold_music: Some(file("welcome.wav")),
        ..plain()
    });
    bench.feed(Input::Leg(CALLEE, LegSignal::Held));
    let music = bench.played();
    // One that cannot be spoken is silence until the hold ends: begun anew it would fail anew.
    bench.leg(LegSignal::NotSpoken {
        operation: music,
        why: "there is no such voice".to_owned(),
    });
    assert!(!bench.outputs.iter().any(|output| matches!(output, Output::Media(..))));
    bench.feed(Input::Leg(CALLEE, LegSignal::Unheld));
    assert!(bench.wants(&Output::Media(CALLER, MediaCommand::Stop { operation: music })));
    callee_leaves(&mut bench);

    let mut bench = connected();
    bench.ask(Ask::Mute { leg: CALLEE });
    bench.ask(bridge(plain()));
    bench.leg(LegSignal::AudioOpen);
    let to_caller = MediaCommand::Relay(Some((CALLER, KeysBetween::Pass)));
    assert!(!bench.wants(&Output::Media(CALLEE, to_caller)));
}

#[test]
fn a_leg_is_held_when_its_far_end_agrees() {
    let mut bench = talking(plain());
    callee_leaves(&mut bench);
    assert_eq!(bench.ask(Ask::Hold { leg: CALLER }), None);
    assert!(bench.wants(&Output::Leg(CALLER, LegCommand::Hold(HoldWanted::On))));
    assert_eq!(bench.leg(LegSignal::HoldAnswered(Ok(()))), Some(Answer::Unit(Ok(()))));
    bench.ask(Ask::Resume { leg: CALLER });
    let refused = bench.leg(LegSignal::HoldAnswered(Err(488)));
    assert_eq!(refused, Some(Answer::Unit(Err(Error::RefusedByPeer(488)))));
}

#[test]
fn keys_are_sent_with_their_pauses_and_waited_for() {
    let mut bench = Bench::answered();
    let keys = |keys: &str| Ask::SendKeys {
        leg: CALLER,
        keys: keys.to_owned().into(),
    };
    assert_eq!(bench.ask(keys("1w#")), None);
    assert_eq!(
        bench.wake(Duration::from_millis(200 + 500 + 200)),
        Some(Answer::Unit(Ok(())))
    );
    assert_eq!(bench.ask(keys("W5")), None, "a pause first");
    assert_eq!(bench.outputs, []);
    assert_eq!(bench.wake(SECOND), None);
    assert!(matches!(
        bench.outputs[..],
        [Output::Media(CALLER, MediaCommand::SendKeys(_))]
    ));
    assert_eq!(bench.wake(Duration::from_millis(200)), Some(Answer::Unit(Ok(()))));
    let wrong = bench.ask(keys("1x"));
    assert!(
        matches!(wrong, Some(Answer::Unit(Err(Error::Invalid { .. })))),
        "{wrong:?}"
    );
}

fn asks_for_transfer(bench: &mut Bench, kind: TransferKind) -> Option<Answer> {
    let asked = AskedTransfer {
        transfer: TRANSFER,
        to: Destination::User("carol".to_owned().into()),
        kind,
    };
    bench.feed(Input::Leg(CALLEE, LegSignal::TransferAsked(asked)))
}

fn with_transfers() -> Bench {
    talking(BridgeOptions {
        transfers: TransferPolicy::Ask,
        ..plain()
    })
}

#[test]
fn a_transfer_nobody_wants_is_declined_and_the_bridge_stands() {
    let mut bench = talking(plain());
    assert_eq!(asks_for_transfer(&mut bench, TransferKind::Blind), None);
    assert!(bench.wants(&Output::Leg(CALLEE, LegCommand::TransferFinish(TRANSFER, 603))));
}

#[test]
fn a_blind_transfer_is_offered_and_ends_exactly_once() {
    let mut bench = with_transfers();
    let answer = asks_for_transfer(&mut bench, TransferKind::Blind);
    assert_eq!(ended_by(answer), BridgeEnd::Transfer(TRANSFER));
    let transfer = TRANSFER;
    assert_eq!(bench.ask(Ask::TransferAskedBy { transfer }), Some(Answer::Leg(CALLEE)));
    bench.ask(Ask::TransferAccept { transfer });
    assert!(bench.wants(&Output::Leg(CALLEE, LegCommand::TransferAccept(TRANSFER))));
    bench.ask(Ask::TransferAccept { transfer });
    assert!(
        !bench.wants(&Output::Leg(CALLEE, LegCommand::TransferAccept(TRANSFER))),
        "once"
    );
    bench.ask(Ask::TransferFinish { transfer, status: 200 });
    assert!(bench.wants(&Output::Leg(CALLEE, LegCommand::TransferFinish(TRANSFER, 200))));
    bench.ask(Ask::TransferFinish { transfer, status: 500 });
    bench.ask(Ask::TransferDrop { transfer });
    assert!(
        !bench
            .outputs
            .iter()
            .any(|o| matches!(o, Output::Leg(_, LegCommand::TransferFinish(..)))),
        "once"
    );
}

#[test]
fn a_dropped_request_is_answered_with_a_failure() {
    let mut bench = with_transfers();
    asks_for_transfer(&mut bench, TransferKind::Blind);
    bench.ask(Ask::TransferDrop { transfer: TRANSFER });
    assert!(bench.wants(&Output::Leg(CALLEE, LegCommand::TransferFinish(TRANSFER, 500))));
}

#[test]
fn an_attended_transfer_takes_the_party_of_the_other_call() {
    let mut other = talking(plain());
    let released = other.call.release(other.now, CALLEE);
    let moved = released.expect("an answered leg can be moved").leg;
    let end = std::iter::from_fn(|| other.call.poll()).find_map(|output| match output {
        Output::Resume { answer, .. } => Some(answer),
        _ => None,
    });
    assert_eq!(ended_by(end), BridgeEnd::SecondLeft(Interruption::Moved));

    let mut bench = with_transfers();
    asks_for_transfer(&mut bench, TransferKind::Attended);
    assert_eq!(bench.ask(Ask::TransferTake { transfer: TRANSFER }), None);
    let from = TakeFrom::Transfer {
        leg: CALLEE,
        transfer: TRANSFER,
    };
    assert!(bench.wants(&Output::Take(from)));
    let answer = bench.feed(Input::Taken(Ok(Box::new(moved))));
    assert_eq!(answer, Some(Answer::Taken(Ok(LegId(2)))));
    let to_new = Ask::Bridge {
        first: CALLER,
        second: LegId(2),
        options: plain(),
    };
    assert_eq!(bench.ask(to_new), None, "the taken leg is answered and has audio");
    assert!(bench.wants(&Output::Media(
        LegId(2),
        MediaCommand::Relay(Some((CALLER, KeysBetween::Pass)))
    )));
}

#[test]
fn a_call_can_be_joined_and_split() {
    let mut donor = Bench::answered();
    donor.ask(Ask::Sleep { ms: 60_000 });
    let released = donor.call.release(donor.now, CALLER).expect("it is answered");
    assert_eq!(released.media, [MediaCommand::Relay(None)]);
    let moved = released.leg;
    let outputs: Vec<Output> = std::iter::from_fn(|| donor.call.poll()).collect();
    assert!(outputs.contains(&Output::Resume {
        answer: Answer::Unit(Err(Error::Interrupted(Interruption::Moved))),
        turn: Turn::New,
    }));
    assert!(
        !outputs
            .iter()
            .any(|o| matches!(o, Output::Media(_, MediaCommand::Close))),
        "its session lives on"
    );
    donor.returns();
    assert_eq!(
        donor.record().map(|record| record.legs[0].ended_by),
        Some(Interruption::Moved)
    );

    let mut bench = Bench::answered();
    assert_eq!(
        bench.ask(Ask::Take { call: None }),
        Some(Answer::Taken(Err(Error::NoSuchCall)))
    );
    assert_eq!(bench.ask(Ask::Take { call: Some(CallId(8)) }), None);
    assert!(bench.wants(&Output::Take(TakeFrom::Call(CallId(8)))));
    let answer = bench.feed(Input::Taken(Ok(Box::new(moved))));
    assert_eq!(answer, Some(Answer::Taken(Ok(LegId(1)))));
    let handler = "other".to_owned();
    assert_eq!(bench.ask(Ask::Give { leg: LegId(1), handler }), None);
    let answer = bench.feed(Input::Given(Ok(CallId(9))));
    assert_eq!(answer, Some(Answer::Given(Ok(CallId(9)))));
}

#[test]
fn a_transfer_asked_of_a_far_end_has_one_outcome() {
    let cases: [(&[(u16, Last)], TransferOutcome); 5] = [
        (
            &[(202, Last::No), (100, Last::No), (200, Last::Yes)],
            TransferOutcome::Transferred,
        ),
        (&[(405, Last::Yes)], TransferOutcome::Refused(refusal(405))),
        (
            &[(202, Last::No), (486, Last::Yes)],
            TransferOutcome::Failed(refusal(486)),
        ),
        (&[(202, Last::No), (100, Last::Yes)], TransferOutcome::Unknown),
        (&[(200, Last::Yes)], TransferOutcome::Transferred),
    ];
    for (told, expected) in cases {
        let mut bench = talking(plain());
        callee_leaves(&mut bench);
        let to = "sip:carol@192.0.2.9".to_owned().into();
        assert_eq!(bench.ask(Ask::Refer { leg: CALLER, to }), None);
        let mut answer = None;
        for (status, last) in told {
            let (status, last) = (*status, *last);
            answer = bench.leg(LegSignal::Referred { status, last });
        }
        assert_eq!(answer, Some(Answer::Referred(Ok(expected))), "{told:?}");
    }
}
