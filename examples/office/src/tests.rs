//! What can be tested of a handler without a call.

use super::apology;
use patchcord::prelude::*;
use patchcord::{Absence, Cause, Refusal};

#[test]
fn every_failure_has_its_words() {
    let cause = |status| Cause {
        status,
        phrase: String::new(),
        q850: None,
    };
    let reason = "no such thing".to_owned();
    for (outcome, announcement, refusal) in [
        (DialOutcome::Busy(cause(486)), "busy.wav", RejectReason::Busy),
        (DialOutcome::Declined(cause(603)), "busy.wav", RejectReason::Declined),
        (DialOutcome::NotFound(cause(404)), "unknown.wav", RejectReason::NotFound),
        (
            DialOutcome::Forbidden(Refusal { reason }),
            "unknown.wav",
            RejectReason::Forbidden,
        ),
        (DialOutcome::NoAnswer, "nobody.wav", RejectReason::Unavailable),
        (DialOutcome::Unreachable, "nobody.wav", RejectReason::Unavailable),
        (
            DialOutcome::Unavailable(Absence {
                cause: cause(480),
                status: None,
            }),
            "nobody.wav",
            RejectReason::Unavailable,
        ),
    ] {
        assert_eq!(apology(&outcome), (announcement, refusal), "{outcome:?}");
    }
}
