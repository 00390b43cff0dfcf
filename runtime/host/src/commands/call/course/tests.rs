//! Verdicts about calls.

use super::*;

fn verdict(outcome: &Outcome) -> Result<(), String> {
    outcome
        .verdict("127.0.0.1:5060".parse().unwrap())
        .map_err(|why| why.to_string())
}

fn ended(end: End) -> Outcome {
    Outcome {
        answered: true,
        anybody: true,
        end: Some(end),
        ..Outcome::default()
    }
}

#[test]
fn an_answered_call_that_ended_normally_is_fine() {
    assert_eq!(verdict(&ended(End::ByFarEnd)), Ok(()));
    assert_eq!(verdict(&ended(End::ByPhone)), Ok(()));
}

#[test]
fn everything_else_is_one_sentence() {
    let unanswered = Outcome {
        answered: false,
        ..ended(End::ByFarEnd)
    };
    let unpressed = Outcome {
        unpressed: "2#".to_owned(),
        ..ended(End::ByFarEnd)
    };
    let undone = Outcome {
        refusal: Some("the far end takes no telephone events".to_owned()),
        ..ended(End::ByPhone)
    };
    for (outcome, says) in [
        (Outcome::default(), "nobody answers at 127.0.0.1:5060"),
        (ended(End::Refused { status: 486 }), "486: busy"),
        (ended(End::Refused { status: 404 }), "nobody has this number"),
        (ended(End::TimedOut), "stopped answering"),
        (ended(End::NoCommonAudio), "PCMU"),
        (ended(End::Cancelled), "given up"),
        (ended(End::Broken), "broke"),
        (unanswered, "before it was answered"),
        (unpressed, "2#"),
        (undone, "telephone events"),
    ] {
        let why = verdict(&outcome).unwrap_err();
        assert!(why.contains(says), "{says} in {why}");
    }
}
