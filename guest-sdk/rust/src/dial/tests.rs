//! What the builder makes of its words.

use super::*;
use crate::bindings::patchcord::handler::dial::{Cause, Destination};

fn parts(what: Dial) -> (Vec<dial::Endpoint>, Options) {
    what.parts().expect("nothing is wrong with it")
}

#[test]
fn one_word_calls_a_user_for_a_minute() {
    let (endpoints, options) = parts(Dial::user("bob"));
    assert_eq!(endpoints.len(), 1);
    assert_eq!(endpoints[0].to, Destination::User("bob".to_owned()));
    assert_eq!(endpoints[0].ring_ms, None);
    assert_eq!((options.ring_ms, options.redirects), (60_000, 2));
    assert_eq!(options.caller_id, CallerId::Caller);
    assert_eq!(options.caller_hears, CallerHears::Ringback);
    assert_eq!(options.detect_machine, None);
}

#[test]
fn each_party_keeps_its_own_words_and_shares_the_common_ones() {
    let bob = Party::user("bob")
        .ring_for(Duration::from_secs(15))
        .header("X-Own", "1");
    let office = Party::address("sip:office@example.com").credentials("us", "secret");
    let what = Dial::to(bob)
        .header("X-Ticket", "4711")
        .then(office)
        .anonymous()
        .early_media();
    let (endpoints, options) = parts(what);
    let names = |place: usize| -> Vec<&str> {
        let headers = &endpoints[place].headers;
        headers.iter().map(|header| header.name.as_str()).collect()
    };
    assert_eq!((names(0), names(1)), (vec!["X-Own", "X-Ticket"], vec!["X-Ticket"]));
    assert_eq!((endpoints[0].ring_ms, endpoints[1].ring_ms), (Some(15_000), None));
    assert!(endpoints[0].credentials.is_none() && endpoints[1].credentials.is_some());
    assert_eq!(options.order, Order::InTurn);
    assert_eq!(options.caller_id, CallerId::Anonymous);
    assert_eq!(options.caller_hears, CallerHears::EarlyMedia);
}

#[test]
fn together_and_in_turn_do_not_mix() {
    let three = |first: fn(Dial, Party) -> Dial, second: fn(Dial, Party) -> Dial| {
        let two = first(Dial::user("a"), Party::user("b"));
        second(two, Party::user("c")).parts().map(|(_, options)| options.order)
    };
    assert_eq!(three(Dial::then, Dial::then), Ok(Order::InTurn));
    assert_eq!(three(Dial::or_together, Dial::or_together), Ok(Order::Together));
    for mixed in [
        three(Dial::then, Dial::or_together),
        three(Dial::or_together, Dial::then),
    ] {
        assert!(
            matches!(&mixed, Err(Error::Invalid(why)) if why.argument == "options.order"),
            "{mixed:?}"
        );
    }
}

#[test]
fn a_failure_has_the_status_that_says_it() {
    let cause = |status| Cause {
        status,
        phrase: String::new(),
        q850: None,
    };
    for (outcome, status) in [
        (DialOutcome::Busy(cause(600)), 600),
        (DialOutcome::NoAnswer, 408),
        (DialOutcome::Failed(cause(503)), 503),
        (DialOutcome::Redirected(Vec::new()), 302),
        (DialOutcome::Cancelled, 487),
    ] {
        assert_eq!(outcome.status(), status);
        assert!(!outcome.is_machine() && outcome.leg().is_none());
    }
}

#[test]
fn what_is_printed_names_nobody() {
    let party = Party::address("sip:secret-name@example.com").credentials("secret-name", "secret-word");
    let shown = format!("{:?}", Dial::user("secret-name").header("X", "secret-word").then(party));
    assert!(
        shown.contains("User") && shown.contains("Address") && !shown.contains("secret"),
        "{shown}"
    );
}
