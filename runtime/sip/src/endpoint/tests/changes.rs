//! UPDATE and re-INVITE, both ways, and two changes that meet.

use std::time::Duration;

use crate::tests::{Bench, SDP, header, methods, request, request_with, status, statuses, tag_of};
use crate::{DialogError, EndCause, Event, Failure, Message};

const SECOND: Duration = Duration::from_secs(1);
const ALLOW: &str = "Allow: INVITE, ACK, BYE, UPDATE\r\n";

fn sdp_of(message: &Message) -> Option<&[u8]> {
    match message {
        Message::Request(request) => request.sdp(),
        Message::Response(response) => response.sdp(),
    }
}

#[test]
fn a_peer_changes_the_session_by_update() {
    let mut bench = Bench::new();
    let (dialog, tag) = bench.up();
    assert!(bench.feed(&request("UPDATE", "u1", 2, Some(&tag), SDP)).is_empty());
    let sdp = Some(SDP.into());
    assert_eq!(bench.events.last(), Some(&Event::Reinvite { dialog, sdp }));
    // A second one before the answer has to come again later.
    let early = bench.feed(&request("UPDATE", "u2", 3, Some(&tag), SDP));
    assert_eq!(
        (status(&early[0]), header(&early[0], "Retry-After").is_some()),
        (500, true)
    );
    bench
        .endpoint
        .accept_reinvite(bench.now, dialog, SDP.into())
        .expect("pending");
    let answer = bench.drain().remove(0);
    assert_eq!((status(&answer), sdp_of(&answer)), (200, Some(SDP.as_bytes())));
    assert!(header(&answer, "Contact").is_some());
    bench.feed(&request("UPDATE", "u3", 4, Some(&tag), SDP));
    bench.endpoint.reject_reinvite(bench.now, dialog, 488).expect("pending");
    assert_eq!(statuses(&bench.drain()), [488]);
    assert!(bench.pass(10 * SECOND).is_empty(), "there is no ACK to wait for");
}

#[test]
fn an_update_nobody_answers_is_forgotten() {
    let mut bench = Bench::new();
    let (dialog, tag) = bench.up();
    bench.feed(&request("UPDATE", "u1", 2, Some(&tag), SDP));
    bench.pass(33 * SECOND);
    let late = bench.endpoint.accept_reinvite(bench.now, dialog, SDP.into());
    assert_eq!(late, Err(DialogError::WrongState));
    assert_eq!(
        statuses(&bench.feed(&request("INVITE", "i1", 3, Some(&tag), SDP))),
        [100]
    );
}

#[test]
fn an_update_before_the_answer_to_the_invite_comes_too_early() {
    let mut bench = Bench::new();
    let dialog = bench.ring();
    bench
        .endpoint
        .provisional(bench.now, dialog, 180, None)
        .expect("ringing");
    let tag = tag_of(&bench.drain()[0]);
    assert_eq!(
        statuses(&bench.feed(&request("UPDATE", "u1", 2, Some(&tag), SDP))),
        [500]
    );
    assert_eq!(
        statuses(&bench.feed(&request("UPDATE", "u2", 3, Some(&tag), ""))),
        [200]
    );
}

#[test]
fn we_change_the_session_by_update() {
    let mut bench = Bench::new();
    let (dialog, invite) = bench.placed(ALLOW);
    bench.endpoint.update(bench.now, dialog, SDP.into()).expect("idle");
    let update = bench.drain().remove(0);
    assert_eq!(
        (methods(std::slice::from_ref(&update)), sdp_of(&update)),
        (vec!["UPDATE".to_owned()], Some(SDP.as_bytes()))
    );
    let twice = bench.endpoint.update(bench.now, dialog, SDP.into());
    assert_eq!(twice, Err(DialogError::WrongState));
    // Glare: theirs is refused, ours goes on.
    assert_eq!(statuses(&bench.theirs(&invite, "UPDATE", 7, "", SDP)), [491]);
    assert_eq!(statuses(&bench.theirs(&invite, "INVITE", 8, "", SDP)), [491]);
    assert!(bench.hear(&update, 200, "", SDP).is_empty());
    let sdp = Some(SDP.into());
    let expected = Event::ReinviteAnswered {
        dialog,
        status: 200,
        sdp,
    };
    assert_eq!(bench.events.last(), Some(&expected));
    assert!(
        bench.theirs(&invite, "UPDATE", 9, "", SDP).is_empty(),
        "told to the user"
    );
}

#[test]
fn update_needs_a_peer_that_takes_it() {
    let mut bench = Bench::new();
    for fields in ["", "Allow: INVITE, BYE\r\n"] {
        let (dialog, _) = bench.placed(fields);
        let refused = bench.endpoint.update(bench.now, dialog, SDP.into());
        assert_eq!(refused, Err(DialogError::Unsupported));
    }
}

#[test]
fn an_early_session_is_changed_by_update_both_ways() {
    let mut bench = Bench::new();
    let (dialog, invite) = bench.place(|_| {});
    let unsettled = bench.endpoint.update(bench.now, dialog, SDP.into());
    assert_eq!(unsettled, Err(DialogError::Unsupported));
    let prack = bench.hear(&invite, 183, &format!("{ALLOW}Require: 100rel\r\nRSeq: 1\r\n"), SDP);
    bench.hear(&prack[0], 200, "", "");
    bench
        .endpoint
        .update(bench.now, dialog, SDP.into())
        .expect("an early session");
    let update = bench.drain().remove(0);
    assert!(header(&update, "To").is_some_and(|to| to.ends_with("tag=far")));
    bench.hear(&update, 200, "", SDP);
    assert!(bench.theirs(&invite, "UPDATE", 5, "", SDP).is_empty());
    bench
        .endpoint
        .accept_reinvite(bench.now, dialog, SDP.into())
        .expect("pending");
    assert_eq!(statuses(&bench.drain()), [200]);
    assert_eq!(
        statuses(&bench.theirs(&invite, "BYE", 6, "", "")),
        [481],
        "not before the answer"
    );
    assert_eq!(methods(&bench.hear(&invite, 200, "", "")), ["ACK"]);
    assert_eq!(
        statuses(&bench.theirs(&invite, "UPDATE", 4, "", "")),
        [500],
        "the numbers go on"
    );
}

#[test]
fn a_change_that_meets_another_is_tried_again_by_itself() {
    // Whoever chose the Call-ID waits 2.1 to 4 s, the other up to 2 s (RFC 3261 14.1).
    let mut bench = Bench::new();
    let (dialog, _) = bench.placed("");
    for round in 0..crate::limits::GLARE_TRIES {
        if round == 0 {
            bench
                .endpoint
                .reinvite(bench.now, dialog, Some(SDP.into()))
                .expect("idle");
        }
        let invite = bench.drain().pop().unwrap_or_else(|| {
            let sent = bench.sent.iter().rev().map(|(_, message)| message);
            sent.into_iter()
                .find(|message| methods(std::slice::from_ref(*message)) == ["INVITE"])
                .expect("sent")
                .clone()
        });
        assert_eq!(methods(&bench.hear(&invite, 491, "", "")), ["ACK"]);
        assert!(methods(&bench.pass(2_099 * SECOND / 1_000)).is_empty(), "round {round}");
        assert_eq!(
            methods(&bench.pass(1_901 * SECOND / 1_000)).first().map(String::as_str),
            Some("INVITE")
        );
        let busy = bench.endpoint.reinvite(bench.now, dialog, None);
        assert_eq!(busy, Err(DialogError::WrongState));
        assert!(bench.events.len() == 1, "nothing told: {:?}", bench.events);
    }
    let last = bench.sent.iter().rev().map(|(_, message)| message.clone());
    let last = last
        .into_iter()
        .find(|message| methods(std::slice::from_ref(message)) == ["INVITE"])
        .expect("sent");
    bench.hear(&last, 491, "", "");
    let expected = Event::ReinviteAnswered {
        dialog,
        status: 491,
        sdp: None,
    };
    assert_eq!(bench.events.last(), Some(&expected), "enough is enough");
    bench
        .endpoint
        .reinvite(bench.now, dialog, Some(SDP.into()))
        .expect("idle");
}

#[test]
fn a_change_asked_for_before_the_ack_came_waits_for_it() {
    let mut bench = Bench::new();
    let dialog = bench.ring();
    bench.endpoint.accept(bench.now, dialog, SDP.into()).expect("it rings");
    let answer = bench.drain().pop().expect("a 200");
    let tag = tag_of(&answer);
    bench
        .endpoint
        .reinvite(bench.now, dialog, Some(SDP.into()))
        .expect("it waits");
    assert!(!methods(&bench.pass(SECOND)).contains(&"INVITE".to_owned()));
    bench.feed(&request("ACK", "b2", 1, Some(&tag), ""));
    assert_eq!(methods(&bench.pass(SECOND / 4)), ["INVITE"]);
}

#[test]
fn the_called_side_waits_less_and_lets_the_other_go_first() {
    let mut bench = Bench::new();
    let (dialog, tag) = bench.up();
    bench
        .endpoint
        .reinvite(bench.now, dialog, Some(SDP.into()))
        .expect("idle");
    let ours = bench.drain().remove(0);
    bench.hear(&ours, 491, "", "");
    // Their change comes in the meantime and is answered first.
    assert_eq!(
        statuses(&bench.feed(&request("INVITE", "i1", 2, Some(&tag), SDP))),
        [100]
    );
    assert!(methods(&bench.pass(3 * SECOND)).is_empty(), "not while theirs is open");
    bench
        .endpoint
        .accept_reinvite(bench.now, dialog, SDP.into())
        .expect("pending");
    bench.drain();
    bench.feed(&request("ACK", "i2", 2, Some(&tag), ""));
    assert_eq!(methods(&bench.pass(SECOND / 5)), ["INVITE"]);
}

#[test]
fn a_peer_that_forgot_the_dialog_ends_it() {
    for (answer, cause, then) in [
        (481, EndCause::Failed(Failure::ForgottenByPeer), vec![]),
        (408, EndCause::TimedOut, vec!["BYE"]),
    ] {
        let mut bench = Bench::new();
        let (dialog, _) = bench.placed(ALLOW);
        bench.endpoint.update(bench.now, dialog, SDP.into()).expect("idle");
        let update = bench.drain().remove(0);
        assert_eq!(methods(&bench.hear(&update, answer, "", "")), then);
        assert_eq!(bench.events.last(), Some(&Event::Ended { dialog, cause }));
        assert_eq!(bench.endings(), 1);
    }
}

#[test]
fn a_bye_refuses_what_is_still_to_be_answered() {
    let mut bench = Bench::new();
    let (_, tag) = bench.up();
    bench.feed(&request_with("UPDATE", "u1", 2, Some(&tag), "", SDP));
    let sent = bench.feed(&request("BYE", "x", 3, Some(&tag), ""));
    assert_eq!(statuses(&sent), [487, 200]);
    assert_eq!(bench.endings(), 1);
}

#[test]
fn a_change_that_is_to_come_again_later_does() {
    let mut bench = Bench::new();
    let (dialog, _) = bench.placed(ALLOW);
    bench.endpoint.update(bench.now, dialog, SDP.into()).expect("idle");
    let update = bench.drain().remove(0);
    assert!(bench.hear(&update, 500, "Retry-After: 3 (busy)\r\n", "").is_empty());
    assert!(bench.pass(3 * SECOND - Duration::from_millis(1)).is_empty());
    let again = bench.pass(Duration::from_millis(1));
    assert_eq!(methods(&again), ["UPDATE"]);
    bench.hear(&again[0], 500, "", "");
    let expected = Event::ReinviteAnswered {
        dialog,
        status: 500,
        sdp: None,
    };
    assert_eq!(bench.events.last(), Some(&expected));
}
