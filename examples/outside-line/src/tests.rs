//! What can be tested of a handler without a call.

use super::{number, refusal};
use patchcord::prelude::*;
use patchcord::{Cause, Refusal};

#[test]
fn numbers_are_dialled_and_nothing_else() {
    for good in ["+12025550100", "015550100", "110", "999999999999999999"] {
        assert_eq!(number(good).as_deref(), Some(good));
    }
    for bad in [
        "",
        "+",
        "1",
        "bob",
        "+1555O100",
        "++12025550100",
        "1555 0100",
        "1234567890123456789",
        "٣٣٣",
    ] {
        assert_eq!(number(bad), None, "{bad:?}");
    }
}

#[test]
fn a_failure_is_refused_as_what_it_was() {
    let busy = Cause {
        status: 486,
        phrase: "Busy Here".to_owned(),
        q850: Some(17),
    };
    let reason = "destination not allowed".to_owned();
    assert_eq!(refusal(&DialOutcome::Busy(busy)), RejectReason::Busy);
    assert_eq!(
        refusal(&DialOutcome::Forbidden(Refusal { reason })),
        RejectReason::Forbidden
    );
    assert_eq!(refusal(&DialOutcome::NoAnswer), RejectReason::Unavailable);
    assert_eq!(refusal(&DialOutcome::Unreachable), RejectReason::Unavailable);
}
