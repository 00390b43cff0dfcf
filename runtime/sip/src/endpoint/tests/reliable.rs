//! Reliable provisional responses, both roles: repeated until acknowledged, acknowledged once and in order.

use std::time::Duration;

use crate::tests::{Bench, SDP, header, methods, request, request_with, statuses, tag_of};
use crate::{DialogError, DialogId, EndCause, Event, Message};

const SECOND: Duration = Duration::from_secs(1);
const SUPPORTED: &str = "Supported: 100rel\r\n";

/// A ringing call of a peer with these fields; the dialog.
fn ring(bench: &mut Bench, fields: &str, offer: &str) -> DialogId {
    bench.feed(&request_with("INVITE", "b1", 1, None, fields, offer));
    let Some(Event::Invite { dialog, .. }) = bench.events.last() else {
        panic!("{:?}", bench.events)
    };
    *dialog
}

fn progress(bench: &mut Bench, dialog: DialogId, status: u16, sdp: Option<&str>) -> Vec<Message> {
    let sdp = sdp.map(|sdp| sdp.as_bytes().to_vec());
    bench
        .endpoint
        .provisional(bench.now, dialog, status, sdp)
        .expect("ringing");
    bench.drain()
}

fn prack(bench: &mut Bench, to: &Message, branch: &str, cseq: u32, body: &str) -> Vec<Message> {
    let rack = format!(
        "RAck: {} 1 INVITE\r\n",
        header(to, "RSeq").expect("a reliable response")
    );
    bench.feed(&request_with("PRACK", branch, cseq, Some(&tag_of(to)), &rack, body))
}

#[test]
fn early_media_goes_reliably_if_the_peer_can() {
    let mut bench = Bench::new();
    let dialog = ring(&mut bench, SUPPORTED, SDP);
    let plain = progress(&mut bench, dialog, 180, None);
    assert_eq!((header(&plain[0], "RSeq"), header(&plain[0], "Require")), (None, None));
    let early = progress(&mut bench, dialog, 183, Some(SDP)).remove(0);
    assert_eq!(header(&early, "Require"), Some("100rel"));
    assert_eq!(statuses(&bench.pass(SECOND / 2)), [183], "repeated after T1");
    assert_eq!(statuses(&bench.pass(SECOND)), [183], "and after twice that");
    assert_eq!(statuses(&prack(&mut bench, &early, "p1", 2, "")), [200]);
    assert!(bench.pass(20 * SECOND).is_empty());
    assert_eq!(
        statuses(&prack(&mut bench, &early, "p1", 2, "")),
        [200],
        "the PRACK again"
    );
    assert_eq!(
        statuses(&prack(&mut bench, &early, "p2", 3, "")),
        [481],
        "another PRACK"
    );
    bench.endpoint.accept(bench.now, dialog, SDP.into()).expect("ringing");
    assert_eq!(statuses(&bench.drain()), [200]);
}

#[test]
fn the_answer_waits_for_the_prack_of_a_description() {
    let mut bench = Bench::new();
    let dialog = ring(&mut bench, SUPPORTED, SDP);
    let early = progress(&mut bench, dialog, 183, Some(SDP)).remove(0);
    bench.endpoint.accept(bench.now, dialog, SDP.into()).expect("ringing");
    assert!(bench.drain().is_empty());
    let twice = bench.endpoint.accept(bench.now, dialog, SDP.into());
    assert_eq!(twice, Err(DialogError::WrongState));
    assert_eq!(statuses(&prack(&mut bench, &early, "p1", 2, "")), [200, 200]);
    bench.feed(&request("ACK", "a", 1, Some(&tag_of(&early)), ""));
    assert!(matches!(bench.events.last(), Some(Event::Confirmed { .. })));
}

#[test]
fn hanging_up_while_the_answer_waits_refuses_the_call() {
    let mut bench = Bench::new();
    let dialog = ring(&mut bench, SUPPORTED, SDP);
    let early = progress(&mut bench, dialog, 183, Some(SDP)).remove(0);
    bench.endpoint.accept(bench.now, dialog, SDP.into()).expect("ringing");
    bench.endpoint.bye(bench.now, dialog).expect("accepted");
    assert_eq!(statuses(&bench.drain()), [480]);
    assert_eq!(statuses(&prack(&mut bench, &early, "p1", 2, "")), [481]);
    assert_eq!(bench.endings(), 1);
}

#[test]
fn a_peer_that_requires_it_gets_every_one_reliably_and_in_order() {
    let mut bench = Bench::new();
    let dialog = ring(&mut bench, "Require: 100rel\r\n", SDP);
    let first = progress(&mut bench, dialog, 180, None).remove(0);
    assert!(
        progress(&mut bench, dialog, 181, None).is_empty(),
        "waits for the PRACK"
    );
    let second = prack(&mut bench, &first, "p1", 2, "");
    assert_eq!(statuses(&second), [200, 181]);
    let number = |message: &Message| header(message, "RSeq").and_then(|rseq| rseq.parse::<u32>().ok());
    assert_eq!(number(&second[1]), number(&first).map(|rseq| rseq + 1));
    for _ in 0..crate::limits::PROVISIONALS_QUEUED {
        assert!(progress(&mut bench, dialog, 182, None).is_empty());
    }
    let one_more = bench.endpoint.provisional(bench.now, dialog, 182, None);
    assert_eq!(one_more, Err(DialogError::Full));
    // Without a description the answer need not wait, and a PRACK under way still finds its number.
    bench.endpoint.accept(bench.now, dialog, SDP.into()).expect("ringing");
    assert_eq!(statuses(&bench.drain()), [200]);
    assert_eq!(statuses(&prack(&mut bench, &second[1], "p2", 3, "")), [200]);
}

#[test]
fn a_prack_that_never_comes_ends_the_call() {
    let mut bench = Bench::new();
    let dialog = ring(&mut bench, SUPPORTED, SDP);
    progress(&mut bench, dialog, 183, Some(SDP));
    let sent = statuses(&bench.pass(33 * SECOND));
    assert_eq!(sent[..6], [183; 6], "0.5, 1.5, 3.5, 7.5, 15.5, 31.5 s");
    assert_eq!(sent[6], 504);
    let cause = EndCause::NoAck;
    assert_eq!(bench.events.last(), Some(&Event::Ended { dialog, cause }));
}

#[test]
fn a_prack_that_names_something_else_is_refused() {
    let mut bench = Bench::new();
    let dialog = ring(&mut bench, SUPPORTED, SDP);
    let early = progress(&mut bench, dialog, 183, Some(SDP)).remove(0);
    let tag = tag_of(&early);
    let rseq = header(&early, "RSeq").expect("reliable");
    for (number, rack) in [
        "RAck: 0 1 INVITE\r\n".to_owned(),
        format!("RAck: {rseq} 2 INVITE\r\n"),
        format!("RAck: {rseq} 1 UPDATE\r\n"),
    ]
    .into_iter()
    .enumerate()
    {
        let raw = request_with("PRACK", &format!("w{number}"), 2 + number as u32, Some(&tag), &rack, "");
        assert_eq!(statuses(&bench.feed(&raw)), [481], "{rack}");
    }
    let raw = request_with("PRACK", "w9", 9, Some(&tag), "RAck: x\r\n", "");
    assert_eq!(statuses(&bench.feed(&raw)), [400]);
    assert_eq!(statuses(&prack(&mut bench, &early, "p1", 10, "")), [200]);
}

#[test]
fn a_late_offer_makes_our_description_an_offer_and_the_prack_its_answer() {
    let mut bench = Bench::new();
    let dialog = ring(&mut bench, SUPPORTED, "");
    let early = progress(&mut bench, dialog, 183, Some(SDP)).remove(0);
    assert_eq!(statuses(&prack(&mut bench, &early, "p1", 2, SDP)), [200]);
    let sdp = SDP.into();
    assert_eq!(bench.events.last(), Some(&Event::EarlyAnswer { dialog, sdp }));
    // A peer without the extension cannot take an offer before the answer.
    let mut bench = Bench::new();
    let dialog = ring(&mut bench, "", "");
    let Message::Response(plain) = progress(&mut bench, dialog, 183, Some(SDP)).remove(0) else {
        panic!("a response")
    };
    assert_eq!((plain.status, plain.sdp()), (183, None));
}

#[test]
fn an_offer_in_a_prack_is_a_change() {
    let mut bench = Bench::new();
    let dialog = ring(&mut bench, SUPPORTED, SDP);
    let early = progress(&mut bench, dialog, 183, Some(SDP)).remove(0);
    assert!(prack(&mut bench, &early, "p1", 2, SDP).is_empty());
    let sdp = Some(SDP.into());
    assert_eq!(bench.events.last(), Some(&Event::Reinvite { dialog, sdp }));
    bench
        .endpoint
        .accept_reinvite(bench.now, dialog, SDP.into())
        .expect("pending");
    let Message::Response(answer) = bench.drain().remove(0) else {
        panic!("a response")
    };
    assert_eq!((answer.status, answer.sdp()), (200, Some(SDP.as_bytes())));
    assert_eq!(answer.headers.first("CSeq"), Some("2 PRACK"));
    bench.endpoint.accept(bench.now, dialog, SDP.into()).expect("ringing");
    assert_eq!(statuses(&bench.drain()), [200]);
}

fn reliable(rseq: u32) -> String {
    format!("Require: 100rel\r\nRSeq: {rseq}\r\n")
}

#[test]
fn we_acknowledge_in_order_and_once() {
    let mut bench = Bench::new();
    let (dialog, invite) = bench.place(|_| {});
    assert_eq!(
        header(&invite, "Supported"),
        Some("100rel, timer, replaces, norefersub")
    );
    let prack = bench.hear(&invite, 183, &reliable(70), SDP);
    assert_eq!(methods(&prack), ["PRACK"]);
    assert_eq!(
        (header(&prack[0], "RAck"), header(&prack[0], "CSeq")),
        (Some("70 1 INVITE"), Some("2 PRACK"))
    );
    assert!(bench.hear(&invite, 183, &reliable(70), SDP).is_empty(), "heard before");
    assert!(bench.hear(&invite, 180, &reliable(72), "").is_empty(), "one is missing");
    assert_eq!(bench.events.len(), 1);
    assert_eq!(methods(&bench.pass(SECOND / 2)), ["PRACK"], "repeated like any request");
    bench.hear(&prack[0], 200, "", "");
    assert!(bench.pass(SECOND).is_empty());
    let next = bench.hear(&invite, 180, &reliable(71), "");
    assert_eq!(header(&next[0], "RAck"), Some("71 1 INVITE"));
    bench.hear(&next[0], 200, "", "");
    let status = 180;
    assert_eq!(
        bench.events.last(),
        Some(&Event::Progress {
            dialog,
            status,
            sdp: None
        })
    );
    assert_eq!(methods(&bench.hear(&invite, 200, "", "")), ["ACK"]);
}

#[test]
fn each_fork_has_its_own_numbers() {
    let mut bench = Bench::new();
    let (_, invite) = bench.place(|_| {});
    for (tag, rseq) in [("one", 5), ("two", 900), ("one", 6)] {
        let raw = crate::tests::response_to(&invite, 183, tag, &reliable(rseq), "");
        let prack = bench.feed(&raw);
        assert_eq!(header(&prack[0], "RAck"), Some(format!("{rseq} 1 INVITE").as_str()));
        assert!(header(&prack[0], "To").is_some_and(|to| to.ends_with(&format!("tag={tag}"))));
    }
    assert_eq!(bench.events.len(), 3);
}

#[test]
fn without_our_offer_we_do_not_ask_for_it() {
    let mut bench = Bench::new();
    let (_, invite) = bench.place(|call| call.sdp = None);
    assert_eq!(header(&invite, "Supported"), Some("timer, replaces, norefersub"));
}
