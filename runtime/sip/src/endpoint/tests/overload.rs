//! What an endpoint does with messages that come when there is no time for anything new.

use std::time::Duration;

use crate::tests::{Bench, SDP, header, phone_address, request, status, statuses};
use crate::{EndCause, Event, Flow, Gate, GateConfig, Input, Message};

impl Bench {
    /// Feeds what there is no time for.
    fn excess(&mut self, raw: &str) -> Vec<Message> {
        let (flow, bytes) = (Flow::udp(phone_address()), raw.as_bytes());
        self.endpoint.handle(
            self.now,
            Input::Excess {
                flow,
                bytes,
                proven: None,
            },
        );
        self.drain()
    }
}

fn retry_after(message: &Message) -> Option<u64> {
    header(message, "Retry-After")?.parse().ok()
}

fn invite(branch: &str) -> String {
    request("INVITE", branch, 1, None, SDP)
}

#[test]
fn a_call_is_refused_before_anything_is_made_of_it() {
    let mut bench = Bench::new();
    let sent = bench.excess(&invite("b1"));
    assert_eq!(statuses(&sent), [503]);
    assert!(retry_after(&sent[0]).is_some_and(|seconds| (1..=5).contains(&seconds)));
    assert!(bench.feed(&request("ACK", "b1", 1, None, "")).is_empty());
    let counters = bench.endpoint.counters();
    assert_eq!(
        (counters.transactions, counters.dialogs, counters.excess_calls),
        (0, 0, 1)
    );
    assert_eq!((bench.events.len(), bench.endpoint.wake_at()), (0, None));
}

#[test]
fn callers_are_asked_back_at_different_times() {
    let mut bench = Bench::new();
    let mut times: Vec<_> = (0..64)
        .filter_map(|call| retry_after(&bench.excess(&invite(&format!("b{call}")))[0]))
        .collect();
    times.sort_unstable();
    times.dedup();
    assert_eq!(times, [1, 2, 3, 4, 5]);
}

#[test]
fn a_repetition_of_a_refused_call_hears_the_same_until_its_transaction_is_over() {
    let mut bench = Bench::new();
    let first = bench.excess(&invite("b1"));
    assert_eq!(bench.excess(&invite("b1")), first);
    assert_eq!(
        bench.feed(&invite("b1")),
        first,
        "there is time again, but that call is refused"
    );
    bench.pass(Duration::from_secs(31));
    assert_eq!(bench.feed(&invite("b1")), first);
    assert_eq!(bench.endpoint.counters().excess_calls, 4);
    // The caller's next attempt is another transaction.
    assert_eq!(statuses(&bench.feed(&invite("b2"))), [100]);
}

#[test]
fn what_goes_on_is_served_as_always() {
    let mut bench = Bench::new();
    // A call that was taken, and whose caller did not hear of it.
    let dialog = bench.ring();
    assert_eq!(statuses(&bench.excess(&invite("b1"))), [100], "not refused: absorbed");
    bench.endpoint.accept(bench.now, dialog, SDP.into()).expect("it rings");
    let tag = crate::tests::tag_of(&bench.drain()[0]);
    assert!(bench.excess(&request("ACK", "b2", 1, Some(&tag), "")).is_empty());
    bench.excess(&request("INVITE", "b3", 2, Some(&tag), SDP));
    assert!(
        matches!(bench.events.last(), Some(Event::Reinvite { .. })),
        "{:?}",
        bench.events
    );
    let sent = bench.excess(&request("BYE", "b4", 3, Some(&tag), ""));
    assert_eq!(statuses(&sent), [487, 200], "the change that waited, and the BYE");
    let cause = EndCause::RemoteBye;
    assert_eq!(bench.events.last(), Some(&Event::Ended { dialog, cause }));
    assert_eq!(bench.endpoint.counters().excess_calls, 0);
}

#[test]
fn registrations_are_refused_too_and_taken_again() {
    let mut bench = Bench::new();
    let register = request("REGISTER", "r1", 1, None, "");
    let sent = bench.excess(&register);
    assert_eq!((status(&sent[0]), retry_after(&sent[0]).is_some()), (503, true));
    assert_eq!(bench.endpoint.counters().excess_registrations, 1);
    bench.feed(&register);
    assert!(matches!(bench.events.last(), Some(Event::Request { .. })));
    assert_eq!(statuses(&bench.excess(&request("OPTIONS", "o", 1, None, ""))), [200]);
}

#[test]
fn a_stranger_learns_nothing_from_overload() {
    let mut bench = Bench::new();
    let gate = Gate::new(bench.now, GateConfig::default(), [7; 32]).expect("a configuration");
    bench.endpoint.set_gate(gate);
    for method in ["INVITE", "REGISTER"] {
        assert!(bench.excess(&request(method, "s", 1, None, SDP)).is_empty(), "{method}");
    }
    assert_eq!(bench.endpoint.counters().excess_calls, 0);
}
