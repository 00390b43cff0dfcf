//! The calling side, against answers written by hand.

use std::time::Duration;

use crate::tests::{Bench, SDP, config, header, methods, phone_address, server_address, tag_of};
use crate::{DialogError, DialogId, EndCause, Event, Flow, Message, Outgoing};

const SECOND: Duration = Duration::from_secs(1);

/// A calling endpoint with one INVITE out, and that INVITE.
struct Caller {
    bench: Bench,
    dialog: DialogId,
    invite: Message,
}

fn outgoing(sdp: Option<&str>) -> Outgoing {
    Outgoing {
        sdp: sdp.map(Into::into),
        headers: vec![("X-Call".to_owned(), "7\r\nEvil: 1".to_owned())],
        ..Outgoing::new(
            "sip:b@198.51.100.2".parse().expect("an address"),
            Flow::udp(server_address()),
            crate::NameAddr::parse("\"A\" <sip:a@192.0.2.1>;tag=mine").expect("an address"),
        )
    }
}

fn calling(sdp: Option<&str>) -> Caller {
    let mut bench = Bench::with(config(phone_address()));
    let dialog = bench.endpoint.invite(bench.now, outgoing(sdp)).expect("room");
    let invite = bench.drain().remove(0);
    Caller { bench, dialog, invite }
}

/// A response of the far end to one of our requests.
fn response(to: &Message, status: u16, tag: &str, body: &str) -> String {
    let copy = |name| header(to, name).unwrap_or_default().to_owned();
    let base = copy("To");
    let to_value = if base.contains(";tag=") || tag.is_empty() {
        base
    } else {
        format!("{base};tag={tag}")
    };
    let kind = if body.is_empty() {
        ""
    } else {
        "Content-Type: application/sdp\r\n"
    };
    format!(
        "SIP/2.0 {status} X\r\nVia: {};received=192.0.2.1\r\nFrom: {}\r\nTo: {to_value}\r\nCall-ID: {}\r\nCSeq: {}\r\n\
         Record-Route: <sip:203.0.113.2;lr>, <sip:203.0.113.1;lr>\r\nContact: <sip:b@198.51.100.2:5080>\r\n{kind}Content-Length: {}\r\n\r\n{body}",
        copy("Via"),
        copy("From"),
        copy("Call-ID"),
        copy("CSeq"),
        body.len()
    )
}

impl Caller {
    fn hear(&mut self, status: u16, tag: &str, body: &str) -> Vec<Message> {
        let raw = response(&self.invite, status, tag, body);
        self.bench.feed_from(server_address(), raw.as_bytes())
    }

    fn last(&self) -> &Event {
        self.bench.events.last().expect("an event")
    }

    fn ended(&self) -> EndCause {
        match self.last() {
            Event::Ended { cause, .. } if self.bench.endings() == 1 => *cause,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_call_we_place_and_end() {
    let mut caller = calling(Some(SDP));
    let dialog = caller.dialog;
    assert_eq!(header(&caller.invite, "X-Call"), Some("7  Evil: 1"));
    assert_ne!(tag_of(&caller.invite), "mine");
    assert!(caller.hear(100, "", "").is_empty());
    caller.hear(180, "t", "");
    caller.hear(183, "t", SDP);
    let early = Event::Progress {
        dialog,
        status: 183,
        sdp: Some(SDP.into()),
    };
    assert_eq!(
        caller.bench.events,
        [
            Event::Progress {
                dialog,
                status: 180,
                sdp: None
            },
            early
        ]
    );
    let ack = caller.hear(200, "t", SDP);
    assert_eq!(methods(&ack), ["ACK"]);
    assert_eq!(header(&ack[0], "CSeq"), Some("1 ACK"));
    assert!(
        matches!(caller.last(), Event::Answered { dialog: id, sdp, .. } if *id == dialog && *sdp == Some(SDP.into()))
    );
    let Message::Request(request) = &ack[0] else {
        panic!("a request")
    };
    assert_eq!(request.uri.as_str(), "sip:b@198.51.100.2:5080");
    // Record-Route is followed from our end, that is reversed.
    assert_eq!(
        request.headers.list("Route").collect::<Vec<_>>(),
        ["<sip:203.0.113.1;lr>", "<sip:203.0.113.2;lr>"]
    );
    assert_eq!(
        caller.bench.sent.last().map(|(to, _)| to.to_string()).as_deref(),
        Some("203.0.113.1:5060")
    );
    assert_eq!(caller.hear(200, "t", SDP), ack, "a repeated 200 gets the same ACK");
    caller.bench.endpoint.bye(caller.bench.now, dialog).expect("up");
    let bye = caller.bench.drain().remove(0);
    assert_eq!(header(&bye, "CSeq"), Some("2 BYE"));
    caller
        .bench
        .feed_from(server_address(), response(&bye, 200, "t", "").as_bytes());
    assert_eq!(caller.ended(), EndCause::LocalBye);
    caller.bench.pass(64 * SECOND);
    assert_eq!(
        (
            caller.bench.endpoint.counters().transactions,
            caller.bench.endpoint.dialogs.len()
        ),
        (0, 0)
    );
}

#[test]
fn nobody_answers() {
    let mut caller = calling(Some(SDP));
    // A doubles without bound: 0.5, 1.5, 3.5, 7.5, 15.5, 31.5 s.
    assert_eq!(methods(&caller.bench.pass(31 * SECOND)).len(), 5);
    assert_eq!(methods(&caller.bench.pass(2 * SECOND)).len(), 1);
    assert_eq!(caller.ended(), EndCause::TimedOut);
    assert_eq!(caller.bench.endpoint.wake_at(), None);
}

#[test]
fn a_refusal_is_acknowledged_as_often_as_it_comes() {
    let mut caller = calling(Some(SDP));
    let ack = caller.hear(486, "t", "");
    assert_eq!(methods(&ack), ["ACK"]);
    assert_eq!(
        header(&ack[0], "Via"),
        header(&caller.invite, "Via"),
        "the branch of the INVITE"
    );
    assert!(header(&ack[0], "To").is_some_and(|to| to.ends_with(";tag=t")));
    assert_eq!(caller.hear(486, "t", ""), ack);
    assert_eq!(caller.ended(), EndCause::Rejected { status: 486 });
    caller.bench.pass(33 * SECOND);
    assert!(caller.hear(486, "t", "").is_empty(), "after timer D it is a stray");
    assert_eq!(caller.bench.endpoint.counters().strays, 1);
}

#[test]
fn cancel_waits_for_a_sign_of_life() {
    let mut caller = calling(Some(SDP));
    caller
        .bench
        .endpoint
        .cancel(caller.bench.now, caller.dialog)
        .expect("not answered");
    assert!(caller.bench.drain().is_empty());
    let cancel = caller.hear(180, "t", "");
    assert_eq!(methods(&cancel), ["CANCEL"]);
    assert_eq!(header(&cancel[0], "Via"), header(&caller.invite, "Via"));
    assert_eq!(header(&cancel[0], "CSeq"), Some("1 CANCEL"));
    caller
        .bench
        .feed_from(server_address(), response(&cancel[0], 200, "t", "").as_bytes());
    assert_eq!(caller.bench.endings(), 0, "the INVITE's own answer decides");
    assert_eq!(methods(&caller.hear(487, "t", "")), ["ACK"]);
    assert_eq!(caller.ended(), EndCause::Cancelled);
}

#[test]
fn an_answer_that_crosses_the_cancel_is_hung_up() {
    let mut caller = calling(Some(SDP));
    caller.hear(180, "t", "");
    caller
        .bench
        .endpoint
        .cancel(caller.bench.now, caller.dialog)
        .expect("not answered");
    assert_eq!(methods(&caller.bench.drain()), ["CANCEL"]);
    assert_eq!(methods(&caller.hear(200, "t", SDP)), ["ACK", "BYE"]);
    assert_eq!(caller.ended(), EndCause::Cancelled);
}

#[test]
fn a_cancel_nobody_confirms_ends_the_call_anyway() {
    let mut caller = calling(Some(SDP));
    caller.hear(180, "t", "");
    caller
        .bench
        .endpoint
        .cancel(caller.bench.now, caller.dialog)
        .expect("not answered");
    caller.bench.pass(33 * SECOND);
    assert_eq!(caller.ended(), EndCause::Cancelled);
    assert_eq!(
        (
            caller.bench.endpoint.counters().transactions,
            caller.bench.endpoint.wake_at()
        ),
        (0, None)
    );
}

#[test]
fn a_second_fork_is_acknowledged_and_hung_up() {
    let mut caller = calling(Some(SDP));
    caller.hear(200, "one", SDP);
    let sent = caller.hear(200, "two", SDP);
    assert_eq!(methods(&sent), ["ACK", "BYE"]);
    assert!(
        sent.iter()
            .all(|message| header(message, "To").is_some_and(|to| to.ends_with(";tag=two")))
    );
    assert_eq!(methods(&caller.hear(200, "two", SDP)), ["ACK"], "once");
    assert_eq!(caller.bench.endings(), 0, "the first fork is the call");
    for fork in 0..40 {
        caller.hear(200, &format!("f{fork}"), SDP);
    }
    let byes = caller
        .bench
        .sent
        .iter()
        .filter(|(_, message)| methods(std::slice::from_ref(message)) == ["BYE"])
        .count();
    assert_eq!(
        byes,
        usize::from(crate::limits::FORKS),
        "the number of forks is limited"
    );
}

#[test]
fn a_late_offer_is_answered_in_the_ack() {
    let mut caller = calling(None);
    assert!(caller.hear(200, "t", SDP).is_empty(), "the user has to answer first");
    assert!(matches!(caller.last(), Event::Answered { sdp, .. } if *sdp == Some(SDP.into())));
    assert!(caller.hear(200, "t", SDP).is_empty());
    caller
        .bench
        .endpoint
        .acknowledge(caller.bench.now, caller.dialog, Some(SDP.into()))
        .expect("owed");
    let ack = caller.bench.drain().remove(0);
    let Message::Request(request) = &ack else {
        panic!("a request")
    };
    assert_eq!(request.sdp(), Some(SDP.as_bytes()));
    assert_eq!(caller.hear(200, "t", SDP), [ack]);
    let again = caller.bench.endpoint.acknowledge(caller.bench.now, caller.dialog, None);
    assert_eq!(again, Err(DialogError::WrongState));
}

#[test]
fn an_answer_owed_too_long_ends_the_call() {
    let mut caller = calling(None);
    caller.hear(200, "t", SDP);
    let sent = caller.bench.pass(33 * SECOND);
    assert_eq!(methods(&sent)[0], "BYE");
    assert_eq!(caller.ended(), EndCause::NoAck);
}

#[test]
fn our_reinvite_is_answered_refused_or_ends_the_call() {
    let mut caller = calling(Some(SDP));
    caller.hear(200, "t", SDP);
    let dialog = caller.dialog;
    let reinvite = |caller: &mut Caller, status: u16| {
        caller
            .bench
            .endpoint
            .reinvite(caller.bench.now, dialog, Some(SDP.into()))
            .expect("idle");
        assert_eq!(
            caller.bench.endpoint.reinvite(caller.bench.now, dialog, None),
            Err(DialogError::WrongState)
        );
        let sent = caller.bench.drain().remove(0);
        methods(
            &caller
                .bench
                .feed_from(server_address(), response(&sent, status, "t", "").as_bytes()),
        )
    };
    assert_eq!(reinvite(&mut caller, 200), ["ACK"]);
    assert_eq!(
        caller.last(),
        &Event::ReinviteAnswered {
            dialog,
            status: 200,
            sdp: None
        }
    );
    assert_eq!(reinvite(&mut caller, 488), ["ACK"]);
    assert_eq!(
        caller.last(),
        &Event::ReinviteAnswered {
            dialog,
            status: 488,
            sdp: None
        }
    );
    assert_eq!(reinvite(&mut caller, 481), ["ACK"]);
    assert_eq!(caller.ended(), EndCause::Failed(crate::Failure::ForgottenByPeer));
}

#[test]
fn a_reinvite_that_is_not_answered_ends_the_call() {
    let mut caller = calling(Some(SDP));
    caller.hear(200, "t", SDP);
    caller
        .bench
        .endpoint
        .reinvite(caller.bench.now, caller.dialog, None)
        .expect("idle");
    caller.bench.pass(33 * SECOND);
    assert_eq!(caller.ended(), EndCause::TimedOut);
    caller.bench.pass(64 * SECOND);
    assert_eq!(
        (
            caller.bench.endpoint.counters().transactions,
            caller.bench.endpoint.dialogs.len()
        ),
        (0, 0)
    );
}

#[test]
fn the_far_end_hangs_up_and_glare_is_491() {
    let mut caller = calling(Some(SDP));
    caller.hear(200, "t", SDP);
    caller
        .bench
        .endpoint
        .reinvite(caller.bench.now, caller.dialog, Some(SDP.into()))
        .expect("idle");
    caller.bench.drain();
    let theirs = |method: &str, cseq: u32, caller: &Caller| {
        format!(
            "{method} sip:192.0.2.1:5062 SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.2:5060;branch=z9hG4bK{method}{cseq}\r\n\
             From: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {cseq} {method}\r\nContact: <sip:b@198.51.100.2>\r\n\r\n",
            "<sip:b@198.51.100.2>;tag=t",
            header(&caller.invite, "From").unwrap_or_default(),
            header(&caller.invite, "Call-ID").unwrap_or_default()
        )
    };
    let glare = theirs("INVITE", 77, &caller);
    assert_eq!(
        crate::tests::statuses(&caller.bench.feed_from(server_address(), glare.as_bytes())),
        [491]
    );
    let bye = theirs("BYE", 78, &caller);
    assert_eq!(
        crate::tests::statuses(&caller.bench.feed_from(server_address(), bye.as_bytes())),
        [200]
    );
    assert_eq!(caller.ended(), EndCause::RemoteBye);
}

#[test]
fn responses_that_are_not_ours_are_strays() {
    let mut caller = calling(Some(SDP));
    let ours = response(&caller.invite, 200, "t", SDP);
    for raw in [
        ours.replace("z9hG4bK", "z9hG4bKx"),
        ours.replace("192.0.2.1:5062", "192.0.2.77:5062"),
        ours.replace("1 INVITE", "1 BYE"),
    ] {
        assert!(caller.bench.feed_from(server_address(), raw.as_bytes()).is_empty());
    }
    assert_eq!(
        (caller.bench.endpoint.counters().strays, caller.bench.events.len()),
        (3, 0)
    );
}

#[test]
fn headers_the_endpoint_writes_itself_are_refused() {
    let mut bench = Bench::new();
    for name in ["Via", "v", "call-id", "l", "", "a b", "X\r\n"] {
        let mut call = outgoing(None);
        call.headers = vec![(name.to_owned(), "x".to_owned())];
        assert_eq!(
            bench.endpoint.invite(bench.now, call),
            Err(DialogError::BadHeader),
            "{name:?}"
        );
    }
    let mut call = outgoing(None);
    call.headers = vec![("X".to_owned(), "x".to_owned()); 65];
    assert_eq!(bench.endpoint.invite(bench.now, call), Err(DialogError::TooLarge));
    assert!(bench.drain().is_empty());
}
