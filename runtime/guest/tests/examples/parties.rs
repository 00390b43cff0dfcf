//! The examples that call others: what they dial, whom they connect, and what they do with a transfer.

use crate::heard;
use crate::support::{PretendCall, Ran, example, runtime};
use patchcord_control::ask::Ask;
use patchcord_control::ids::{LegId, TransferId};
use patchcord_control::words::{
    AnsweredBy, BridgeEnd, Cause, Destination, DialAnswer, DialOutcome, Endpoint, Error, Interruption, Order,
    TransferPolicy,
};
use patchcord_guest::{Limits, Module, Step};

fn ran(name: &str, call: PretendCall) -> Ran {
    let module = Module::load(runtime(), &example(name)).expect("accepted");
    let ran = call.run(&module, Limits::default());
    assert_eq!(ran.end, Step::Finished(Ok(())), "{:?}", ran.asks);
    ran
}

fn office(call: PretendCall) -> Ran {
    ran("office", PretendCall { called: "bob", ..call })
}

fn answers(leg: u32) -> Result<DialOutcome, Error> {
    answered_by(leg, None)
}

fn answered_by(leg: u32, answered_by: Option<AnsweredBy>) -> Result<DialOutcome, Error> {
    Ok(DialOutcome::Answered(DialAnswer {
        leg: LegId(leg),
        endpoint: 0,
        answered_by,
    }))
}

fn busy() -> Result<DialOutcome, Error> {
    Ok(DialOutcome::Busy(Cause {
        status: 486,
        phrase: "Busy Here".to_owned(),
        q850: Some(17),
    }))
}

/// A bridge that ends with a transfer.
fn transfer() -> Vec<BridgeEnd> {
    vec![BridgeEnd::Transfer(TransferId(7))]
}

/// What happened between the parties, in order.
fn story(ran: &Ran) -> Vec<String> {
    let told = ran.asks.iter().filter_map(|ask| {
        Some(match ask {
            Ask::Dial {
                caller: Some(caller),
                endpoints,
                ..
            } => format!("{} dials {}", caller.0, endpoints.len()),
            Ask::Bridge { first, second, .. } => format!("{} talks with {}", first.0, second.0),
            Ask::TransferAccept { .. } => "accept".to_owned(),
            Ask::TransferTake { .. } => "take".to_owned(),
            Ask::TransferFinish { status, .. } => format!("finish {status}"),
            Ask::TransferDrop { transfer } => format!("drop {}", transfer.0),
            Ask::HangUp { leg } => format!("hang up {}", leg.0),
            Ask::Reject { reason, .. } => format!("reject {reason:?}"),
            _ => return None,
        })
    });
    told.collect()
}

fn endpoints(ran: &Ran) -> Vec<&Vec<Endpoint>> {
    let dialled = ran.asks.iter().filter_map(|ask| match ask {
        Ask::Dial { endpoints, .. } => Some(endpoints),
        _ => None,
    });
    dialled.collect()
}

#[test]
fn an_extension_rings_and_the_two_talk() {
    let ran = office(PretendCall {
        dials: vec![answers(1)],
        ..PretendCall::default()
    });
    assert_eq!(story(&ran), ["0 dials 1", "0 talks with 1"]);
    let to = &endpoints(&ran)[0][0].to;
    assert_eq!(*to, Destination::User("bob".to_owned().into()));
    let options = ran.asks.iter().find_map(|ask| match ask {
        Ask::Bridge { options, .. } => Some(options),
        _ => None,
    });
    let options = options.expect("they talked");
    assert!(options.hold_music.is_some() && options.transfers == TransferPolicy::Ask);
}

#[test]
fn who_reaches_nobody_is_told_why_and_refused() {
    let ran = office(PretendCall {
        dials: vec![busy()],
        ..PretendCall::default()
    });
    assert_eq!(heard(&ran.asks), ["busy.wav"]);
    assert_eq!(story(&ran), ["0 dials 1", "reject Busy"]);
    assert!(!ran.asks.iter().any(|ask| matches!(ask, Ask::Answer { .. })));
}

#[test]
fn a_blind_transfer_dials_for_the_party_that_stays() {
    for (asker, stays, talk) in [(1, 0, "0 talks with 2"), (0, 1, "2 talks with 1")] {
        let ran = office(PretendCall {
            dials: vec![answers(1), answers(2)],
            bridges: transfer(),
            asker,
            ..PretendCall::default()
        });
        let (dial, hang_up) = (format!("{stays} dials 1"), format!("hang up {asker}"));
        let expected = [
            "0 dials 1",
            "0 talks with 1",
            "accept",
            &dial,
            "finish 200",
            &hang_up,
            "drop 7",
            talk,
        ];
        assert_eq!(story(&ran), expected);
        let to = &endpoints(&ran)[1][0].to;
        assert_eq!(*to, Destination::Number("+12025550100".to_owned().into()));
    }
}

#[test]
fn a_blind_transfer_that_fails_lets_the_two_talk_on() {
    let ran = office(PretendCall {
        dials: vec![answers(1), busy()],
        bridges: transfer(),
        asker: 1,
        ..PretendCall::default()
    });
    let after = &story(&ran)[2..];
    assert_eq!(after, ["accept", "0 dials 1", "finish 486", "drop 7", "0 talks with 1"]);
}

#[test]
fn a_destination_that_may_not_be_dialled_fails_the_transfer_alone() {
    let refused = Error::Invalid {
        argument: "endpoints".to_owned(),
        reason: "no such number".to_owned(),
    };
    let ran = office(PretendCall {
        dials: vec![answers(1), Err(refused)],
        bridges: transfer(),
        asker: 1,
        ..PretendCall::default()
    });
    let after = &story(&ran)[2..];
    assert_eq!(after, ["accept", "0 dials 1", "finish 500", "drop 7", "0 talks with 1"]);
}

#[test]
fn a_party_that_leaves_while_it_is_transferred_ends_the_conversation() {
    let ran = office(PretendCall {
        dials: vec![answers(1), Err(Error::Interrupted(Interruption::HungUp))],
        bridges: transfer(),
        asker: 1,
        ..PretendCall::default()
    });
    assert_eq!(story(&ran)[2..], ["accept", "0 dials 1", "finish 487", "drop 7"]);
    assert!(ran.log.iter().any(|line| line.contains("FirstLeft")), "{:?}", ran.log);
}

#[test]
fn an_attended_transfer_takes_the_other_call() {
    for (asker, talk) in [(1, "0 talks with 2"), (0, "2 talks with 1")] {
        let ran = office(PretendCall {
            dials: vec![answers(1)],
            bridges: transfer(),
            asker,
            attended: Some(Some(2)),
            ..PretendCall::default()
        });
        let hang_up = format!("hang up {asker}");
        assert_eq!(story(&ran)[2..], ["take", "finish 200", &hang_up, "drop 7", talk]);
    }
}

#[test]
fn an_attended_transfer_to_a_call_that_is_gone_is_refused() {
    let ran = office(PretendCall {
        dials: vec![answers(1)],
        bridges: transfer(),
        asker: 0,
        attended: Some(None),
        ..PretendCall::default()
    });
    assert_eq!(story(&ran)[2..], ["take", "finish 481", "drop 7", "0 talks with 1"]);
}

#[test]
fn an_outside_line_dials_numbers_only() {
    let ran = ran(
        "outside-line",
        PretendCall {
            called: "bob",
            ..PretendCall::default()
        },
    );
    assert_eq!(story(&ran), ["reject NotFound"]);
}

#[test]
fn an_outside_line_is_answered_by_its_bridge_and_tells_failures_by_tones() {
    let call = |dial| {
        ran(
            "outside-line",
            PretendCall {
                called: "+12025550100",
                dials: vec![dial],
                ..PretendCall::default()
            },
        )
    };
    let connected = call(answers(1));
    assert_eq!(story(&connected), ["0 dials 1", "0 talks with 1"]);
    assert!(!connected.asks.iter().any(|ask| matches!(ask, Ask::Answer { .. })));
    let failed = call(busy());
    assert_eq!(heard(&failed.asks), ["[425] Hz", "500 ms"]);
    assert_eq!(story(&failed), ["0 dials 1", "reject Busy"]);
    let nowhere = call(Ok(DialOutcome::Unreachable));
    assert_eq!(heard(&nowhere.asks), ["[425] Hz", "250 ms"]);
}

#[test]
fn screening_connects_on_key_1_and_on_nothing_else() {
    let call = |keys| {
        ran(
            "screening",
            PretendCall {
                called: "bob",
                dials: vec![answers(1)],
                keys,
                ..PretendCall::default()
            },
        )
    };
    let taken = call(vec!["1"]);
    assert_eq!(story(&taken), ["0 dials 1", "0 talks with 1"]);
    assert_eq!(heard(&taken.asks), ["whisper.wav"]);
    for (keys, whispers) in [(vec!["2"], 1), (Vec::new(), 2)] {
        let refused = call(keys);
        let mut expected = vec!["whisper.wav"; whispers];
        expected.push("away.wav");
        assert_eq!(heard(&refused.asks), expected);
        assert_eq!(story(&refused), ["0 dials 1", "hang up 1", "reject Unavailable"]);
    }
}

#[test]
fn follow_me_tries_the_desk_then_everything_else_but_no_machine() {
    let call = |dials| {
        ran(
            "follow-me",
            PretendCall {
                called: "bob",
                dials,
                ..PretendCall::default()
            },
        )
    };
    let no_answer = || Ok(DialOutcome::NoAnswer);
    assert_eq!(story(&call(vec![answers(1)])), ["0 dials 1", "0 talks with 1"]);
    let person = call(vec![no_answer(), answered_by(2, Some(AnsweredBy::Human))]);
    assert_eq!(story(&person), ["0 dials 1", "0 dials 2", "0 talks with 2"]);
    let mut elsewhere = person.asks.iter().filter_map(|ask| match ask {
        Ask::Dial { options, .. } => Some(options),
        _ => None,
    });
    let elsewhere = elsewhere.next_back().expect("it dialled twice");
    assert!(elsewhere.order == Order::Together && elsewhere.detect_machine.is_some());
    let machine = call(vec![no_answer(), answered_by(2, Some(AnsweredBy::Machine))]);
    assert_eq!(heard(&machine.asks), ["trying.wav", "away.wav"]);
    let expected = ["0 dials 1", "0 dials 2", "hang up 2", "reject Unavailable"];
    assert_eq!(story(&machine), expected);
}
