//! The answering side.

use std::time::Duration;

use crate::tests::{Bench, SDP, header, methods, phone_address, request, request_with, status, statuses, tag_of};
use crate::transaction::server::State;
use crate::{DialogError, EndCause, Event, Rejection};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_call_from_invite_to_bye() {
    let mut bench = Bench::new();
    assert_eq!(statuses(&bench.feed(&request("INVITE", "b1", 1, None, SDP))), [100]);
    let [
        Event::Invite {
            dialog,
            request: invite,
            flow,
            ..
        },
    ] = &bench.events[..]
    else {
        panic!("{:?}", bench.events)
    };
    let dialog = *dialog;
    assert_eq!(
        (*flow, invite.sdp()),
        (crate::Flow::udp(phone_address()), Some(SDP.as_bytes()))
    );
    bench
        .endpoint
        .provisional(bench.now, dialog, 180, None)
        .expect("ringing");
    bench
        .endpoint
        .provisional(bench.now, dialog, 183, Some(SDP.into()))
        .expect("early media");
    bench.endpoint.accept(bench.now, dialog, SDP.into()).expect("answered");
    let sent = bench.drain();
    assert_eq!(statuses(&sent), [180, 183, 200]);
    let tag = tag_of(&sent[2]);
    assert!(
        sent.iter().all(|response| tag_of(response) == tag),
        "one tag in all of them"
    );
    assert_eq!(header(&sent[2], "Contact"), Some("<sip:198.51.100.2:5060>"));
    let via = header(&sent[2], "Via").expect("a Via");
    assert_eq!(
        via,
        "SIP/2.0/UDP 192.0.2.1:5062;branch=z9hG4bKb1;rport=5062;received=192.0.2.1"
    );
    assert!(bench.feed(&request("ACK", "b2", 1, Some(&tag), "")).is_empty());
    assert_eq!(statuses(&bench.feed(&request("BYE", "b3", 2, Some(&tag), ""))), [200]);
    let told = &bench.events[1..];
    assert_eq!(
        told,
        [
            Event::Confirmed { dialog, sdp: None },
            Event::Ended {
                dialog,
                cause: EndCause::RemoteBye
            }
        ]
    );
    assert_eq!(
        statuses(&bench.feed(&request("BYE", "b3", 2, Some(&tag), ""))),
        [200],
        "a repeated BYE is answered again"
    );
    assert_eq!(statuses(&bench.feed(&request("BYE", "b4", 3, Some(&tag), ""))), [481]);
    assert_eq!(bench.endpoint.bye(bench.now, dialog), Err(DialogError::Unknown));
    bench.pass(64 * SECOND);
    let counters = bench.endpoint.counters();
    assert_eq!(
        (counters.transactions, counters.dialogs, bench.endpoint.wake_at()),
        (0, 0, None),
        "nothing is left over"
    );
    assert_eq!(counters.retransmissions_sent, 1);
}

#[test]
fn a_200_is_repeated_until_its_ack() {
    let mut bench = Bench::new();
    let dialog = bench.ring();
    bench.endpoint.accept(bench.now, dialog, SDP.into()).expect("answered");
    let tag = tag_of(&bench.drain()[0]);
    // T1 doubling to T2: at 0.5, 1.5, 3.5, 7.5 s.
    assert_eq!(bench.pass(Duration::from_millis(499)).len(), 0);
    assert_eq!(statuses(&bench.pass(Duration::from_millis(7_100))), [200; 4]);
    bench.feed(&request("ACK", "b2", 1, Some(&tag), SDP));
    assert_eq!(
        bench.events.last(),
        Some(&Event::Confirmed {
            dialog,
            sdp: Some(SDP.into())
        })
    );
    bench.feed(&request("ACK", "b2", 1, Some(&tag), SDP));
    assert!(bench.pass(100 * SECOND).is_empty());
    assert_eq!(
        bench.events.len(),
        2,
        "a repeated ACK tells nothing new: {:?}",
        bench.events
    );
    assert_eq!(
        bench.endpoint.counters().dialogs,
        1,
        "an established call stays for ever"
    );
}

#[test]
fn without_an_ack_the_call_is_hung_up() {
    let mut bench = Bench::new();
    let dialog = bench.ring();
    bench.endpoint.accept(bench.now, dialog, SDP.into()).expect("answered");
    let sent = bench.pass(33 * SECOND);
    assert_eq!(methods(&sent), ["BYE", "BYE"], "the BYE and its first repetition");
    assert_eq!(
        bench.events.last(),
        Some(&Event::Ended {
            dialog,
            cause: EndCause::NoAck
        })
    );
    bench.pass(64 * SECOND);
    assert_eq!((bench.endpoint.counters().transactions, bench.endings()), (0, 1));
}

#[test]
fn a_repeated_invite_is_no_second_call() {
    let mut bench = Bench::new();
    let dialog = bench.ring();
    assert_eq!(statuses(&bench.feed(&request("INVITE", "b1", 1, None, SDP))), [100]);
    bench
        .endpoint
        .provisional(bench.now, dialog, 180, None)
        .expect("ringing");
    bench.drain();
    assert_eq!(statuses(&bench.feed(&request("INVITE", "b1", 1, None, SDP))), [180]);
    bench.endpoint.accept(bench.now, dialog, SDP.into()).expect("answered");
    bench.drain();
    // Answered: the request is absorbed, the 200 repeats by its own clock (RFC 6026 7.1).
    assert_eq!(bench.feed(&request("INVITE", "b1", 1, None, SDP)).len(), 0);
    assert_eq!(
        (bench.events.len(), bench.endpoint.counters().retransmissions_received),
        (1, 3)
    );
    // The same request over another path has another branch: a merged request.
    assert_eq!(statuses(&bench.feed(&request("INVITE", "other", 1, None, SDP))), [482]);
}

#[test]
fn a_ringing_response_is_repeated_every_minute() {
    let mut bench = Bench::new();
    let dialog = bench.ring();
    bench
        .endpoint
        .provisional(bench.now, dialog, 180, None)
        .expect("ringing");
    bench.drain();
    assert_eq!(statuses(&bench.pass(121 * SECOND)), [180, 180]);
}

#[test]
fn a_refusal_is_repeated_until_its_ack() {
    let mut bench = Bench::new();
    let dialog = bench.ring();
    let rejection = Rejection {
        status: 486,
        retry_after_s: Some(30),
    };
    bench.endpoint.reject(bench.now, dialog, rejection).expect("refused");
    let sent = bench.drain();
    assert_eq!(
        (statuses(&sent), header(&sent[0], "Retry-After")),
        (vec![486], Some("30"))
    );
    assert_eq!(
        bench.events.last(),
        Some(&Event::Ended {
            dialog,
            cause: EndCause::Rejected { status: 486 }
        })
    );
    assert_eq!(statuses(&bench.pass(4 * SECOND)), [486; 3]);
    // The ACK to a refusal has the branch of its INVITE.
    bench.feed(&request("ACK", "b1", 1, Some(&tag_of(&sent[0])), ""));
    let state = bench.endpoint.servers.get(0).map(|server| server.state);
    assert_eq!(state, Some(State::Confirmed));
    assert!(bench.pass(4 * SECOND).is_empty());
    assert!(
        bench.feed(&request("INVITE", "b1", 1, None, SDP)).is_empty(),
        "absorbed while confirmed"
    );
    bench.pass(2 * SECOND);
    assert_eq!(
        (bench.endpoint.counters().transactions, bench.endpoint.wake_at()),
        (0, None)
    );
}

#[test]
fn a_refusal_nobody_acknowledges_is_given_up() {
    let mut bench = Bench::new();
    let dialog = bench.ring();
    bench
        .endpoint
        .reject(
            bench.now,
            dialog,
            Rejection {
                status: 603,
                retry_after_s: None,
            },
        )
        .expect("refused");
    bench.drain();
    // 0.5, 1.5, 3.5, then every 4 s below 32 s.
    assert_eq!(bench.pass(64 * SECOND).len(), 10);
    assert_eq!((bench.endpoint.counters().transactions, bench.endings()), (0, 1));
}

#[test]
fn cancel_before_the_answer() {
    let mut bench = Bench::new();
    let dialog = bench.ring();
    let sent = bench.feed(&request("CANCEL", "b1", 1, None, ""));
    assert_eq!(statuses(&sent), [200, 487]);
    assert_eq!(header(&sent[0], "CSeq"), Some("1 CANCEL"));
    assert_eq!(tag_of(&sent[0]), tag_of(&sent[1]));
    assert_eq!(
        bench.events.last(),
        Some(&Event::Ended {
            dialog,
            cause: EndCause::Cancelled
        })
    );
    assert_eq!(
        bench.endpoint.accept(bench.now, dialog, SDP.into()),
        Err(DialogError::Unknown)
    );
    assert_eq!(
        statuses(&bench.feed(&request("CANCEL", "b1", 1, None, ""))),
        [200],
        "repeated: no second 487"
    );
    assert_eq!(statuses(&bench.feed(&request("CANCEL", "zz", 1, None, ""))), [481]);
    assert_eq!(bench.endings(), 1);
}

#[test]
fn cancel_after_the_answer_has_no_effect() {
    let mut bench = Bench::new();
    let (dialog, _) = bench.up();
    assert_eq!(statuses(&bench.feed(&request("CANCEL", "b1", 1, None, ""))), [200]);
    assert_eq!(bench.endings(), 0);
    assert_eq!(bench.endpoint.bye(bench.now, dialog), Ok(()));
}

#[test]
fn our_bye_ends_at_once_and_is_repeated_until_answered() {
    let mut bench = Bench::new();
    let (dialog, tag) = bench.up();
    bench.endpoint.bye(bench.now, dialog).expect("an established call");
    let sent = bench.drain();
    assert_eq!(methods(&sent), ["BYE"]);
    assert_eq!(bench.sent.last().map(|(to, _)| *to), Some(phone_address()));
    assert_eq!(
        bench.events.last(),
        Some(&Event::Ended {
            dialog,
            cause: EndCause::LocalBye
        })
    );
    assert_eq!(methods(&bench.pass(4 * SECOND)), ["BYE"; 3]);
    assert_eq!(
        statuses(&bench.feed(&request("BYE", "b9", 2, Some(&tag), ""))),
        [200],
        "crossing BYEs are both answered"
    );
    let via = header(&sent[0], "Via").expect("a Via").to_owned();
    let ok = format!(
        "SIP/2.0 200 OK\r\nVia: {via}\r\nFrom: <sip:menu@198.51.100.2>;tag={tag}\r\nTo: <sip:a@192.0.2.1:5062>;tag=phone\r\n\
         Call-ID: call-1\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n"
    );
    bench.feed(&ok);
    assert!(bench.pass(64 * SECOND).is_empty());
    let counters = bench.endpoint.counters();
    assert_eq!(
        (counters.transactions, counters.dialogs, bench.endpoint.dialogs.len()),
        (0, 0, 0)
    );
    assert_eq!((bench.endings(), counters.timeouts), (1, 0));
}

#[test]
fn a_bye_to_nobody_is_given_up() {
    let mut bench = Bench::new();
    let (dialog, _) = bench.up();
    bench.endpoint.bye(bench.now, dialog).expect("an established call");
    // E: 0.5, 1.5, 3.5, then every 4 s below 32 s: ten repetitions.
    bench.drain();
    assert_eq!(methods(&bench.pass(64 * SECOND)).len(), 10);
    let counters = bench.endpoint.counters();
    assert_eq!(
        (
            counters.timeouts,
            counters.transactions,
            bench.endpoint.dialogs.len(),
            bench.endings()
        ),
        (1, 0, 0, 1)
    );
}

#[test]
fn our_bye_waits_for_the_ack_to_our_200() {
    let mut bench = Bench::new();
    let dialog = bench.ring();
    bench.endpoint.accept(bench.now, dialog, SDP.into()).expect("answered");
    let tag = tag_of(&bench.drain()[0]);
    bench.endpoint.bye(bench.now, dialog).expect("answered");
    assert!(bench.drain().is_empty(), "no BYE before the ACK");
    assert_eq!(
        bench.events.last(),
        Some(&Event::Ended {
            dialog,
            cause: EndCause::LocalBye
        })
    );
    assert_eq!(statuses(&bench.pass(SECOND)), [200]);
    assert_eq!(methods(&bench.feed(&request("ACK", "b2", 1, Some(&tag), ""))), ["BYE"]);
    assert_eq!(bench.events.len(), 2, "nothing after Ended: {:?}", bench.events);
}

#[test]
fn bye_before_the_answer_ends_the_call() {
    let mut bench = Bench::new();
    let dialog = bench.ring();
    bench
        .endpoint
        .provisional(bench.now, dialog, 180, None)
        .expect("ringing");
    let tag = tag_of(&bench.drain()[0]);
    assert_eq!(
        statuses(&bench.feed(&request("BYE", "b2", 2, Some(&tag), ""))),
        [487, 200]
    );
    assert_eq!(
        bench.events.last(),
        Some(&Event::Ended {
            dialog,
            cause: EndCause::RemoteBye
        })
    );
}

#[test]
fn reinvites_are_accepted_refused_and_kept_apart() {
    let mut bench = Bench::new();
    let (dialog, tag) = bench.up();
    let moved = request_with("INVITE", "r1", 2, Some(&tag), "", SDP)
        .replace("Contact: <sip:a@192.0.2.1:5062>", "Contact: <sip:a@192.0.2.1:7000>");
    assert_eq!(statuses(&bench.feed(&moved)), [100]);
    assert_eq!(
        bench.events.last(),
        Some(&Event::Reinvite {
            dialog,
            sdp: Some(SDP.into())
        })
    );
    let second = bench.feed(&request("INVITE", "r2", 3, Some(&tag), SDP));
    assert_eq!(statuses(&second), [500], "one at a time");
    assert!(
        header(&second[0], "Retry-After")
            .and_then(|wait| wait.parse::<u8>().ok())
            .is_some_and(|wait| wait <= 10)
    );
    bench
        .endpoint
        .accept_reinvite(bench.now, dialog, SDP.into())
        .expect("pending");
    assert_eq!(statuses(&bench.drain()), [200]);
    assert_eq!(
        statuses(&bench.feed(&request("INVITE", "r3", 4, Some(&tag), SDP))),
        [491],
        "the last is not closed by its ACK"
    );
    bench.feed(&request("ACK", "r4", 2, Some(&tag), ""));
    assert_eq!(bench.events.last(), Some(&Event::Confirmed { dialog, sdp: None }));
    assert_eq!(
        statuses(&bench.feed(&request("INVITE", "r5", 5, Some(&tag), ""))),
        [100]
    );
    assert_eq!(bench.events.last(), Some(&Event::Reinvite { dialog, sdp: None }));
    bench.endpoint.reject_reinvite(bench.now, dialog, 488).expect("pending");
    assert_eq!(statuses(&bench.drain()), [488]);
    assert_eq!(
        bench.endpoint.reject_reinvite(bench.now, dialog, 488),
        Err(DialogError::WrongState)
    );
    bench.endpoint.bye(bench.now, dialog).expect("still up");
    bench.drain();
    let to = bench.sent.last().map(|(to, _)| to.to_string());
    assert_eq!(
        to.as_deref(),
        Some("192.0.2.1:7000"),
        "the Contact of the re-INVITE is the new target"
    );
}

#[test]
fn a_cancelled_reinvite_leaves_the_call_up() {
    let mut bench = Bench::new();
    let (dialog, tag) = bench.up();
    bench.feed(&request("INVITE", "r1", 2, Some(&tag), SDP));
    assert_eq!(
        statuses(&bench.feed(&request("CANCEL", "r1", 2, Some(&tag), ""))),
        [200, 487]
    );
    assert_eq!(
        bench.endpoint.accept_reinvite(bench.now, dialog, SDP.into()),
        Err(DialogError::WrongState)
    );
    assert_eq!(bench.endings(), 0);
    assert_eq!(
        statuses(&bench.feed(&request("INVITE", "r2", 3, Some(&tag), SDP))),
        [100]
    );
    assert_eq!(
        statuses(&bench.feed(&request("BYE", "r3", 4, Some(&tag), ""))),
        [487, 200]
    );
    assert_eq!(
        bench.events.last(),
        Some(&Event::Ended {
            dialog,
            cause: EndCause::RemoteBye
        })
    );
}

#[test]
fn a_reinvite_nobody_acknowledges_ends_the_call() {
    let mut bench = Bench::new();
    let (dialog, tag) = bench.up();
    bench.feed(&request("INVITE", "r1", 2, Some(&tag), SDP));
    bench
        .endpoint
        .accept_reinvite(bench.now, dialog, SDP.into())
        .expect("pending");
    bench.pass(33 * SECOND);
    assert_eq!(
        bench.events.last(),
        Some(&Event::Ended {
            dialog,
            cause: EndCause::NoAck
        })
    );
}

#[test]
fn other_requests_inside_a_dialog() {
    let mut bench = Bench::new();
    let (_, tag) = bench.up();
    let mut say = |method: &str, cseq: u32, body: &str| {
        let sent = bench.feed(&request(method, &format!("o{cseq}"), cseq, Some(&tag), body));
        statuses(&sent)[0]
    };
    assert_eq!(say("OPTIONS", 10, ""), 200);
    assert_eq!(say("INFO", 11, ""), 200);
    assert_eq!(say("INFO", 12, "Signal=1"), 415);
    assert_eq!(say("UPDATE", 13, ""), 200);
    assert_eq!(say("MESSAGE", 14, "hi"), 405);
    assert_eq!(say("PRACK", 15, ""), 400, "without RAck");
    assert_eq!(say("JUMP", 16, ""), 501);
    assert_eq!(say("INFO", 12, ""), 415, "the same branch: absorbed");
    assert_eq!(say("OPTIONS", 9, ""), 500, "out of order");
    let other = request("BYE", "x", 99, Some(&tag), "").replace("tag=phone", "tag=stranger");
    assert_eq!(status(&bench.feed(&other)[0]), 481, "the wrong peer");
    assert_eq!(bench.endings(), 0);
}

#[test]
fn record_route_comes_back_and_is_followed() {
    let mut bench = Bench::new();
    let routes = "Record-Route: <sip:203.0.113.1;lr>\r\nRecord-Route: <sip:203.0.113.2:5070;lr>\r\n";
    bench.feed(&request_with("INVITE", "b1", 1, None, routes, SDP));
    let Some(Event::Invite { dialog, .. }) = bench.events.last() else {
        panic!("{:?}", bench.events)
    };
    let dialog = *dialog;
    bench.endpoint.accept(bench.now, dialog, SDP.into()).expect("answered");
    let answer = bench.drain().remove(0);
    let crate::Message::Response(response) = &answer else {
        panic!("a response")
    };
    assert_eq!(response.headers.values("Record-Route").count(), 2);
    bench.feed(&request("ACK", "b2", 1, Some(&tag_of(&answer)), ""));
    bench.endpoint.bye(bench.now, dialog).expect("up");
    let bye = bench.drain().remove(0);
    assert_eq!(
        bench.sent.last().map(|(to, _)| to.to_string()).as_deref(),
        Some("203.0.113.1:5060")
    );
    let crate::Message::Request(bye) = &bye else {
        panic!("a request")
    };
    assert_eq!(
        bye.headers.list("Route").collect::<Vec<_>>(),
        ["<sip:203.0.113.1;lr>", "<sip:203.0.113.2:5070;lr>"]
    );
    assert_eq!(bye.uri.as_str(), "sip:a@192.0.2.1:5062");
}

#[test]
fn commands_out_of_place_are_refused_and_send_nothing() {
    let mut bench = Bench::new();
    let dialog = bench.ring();
    let now = bench.now;
    assert_eq!(bench.endpoint.bye(now, dialog), Err(DialogError::WrongState));
    assert_eq!(bench.endpoint.cancel(now, dialog), Err(DialogError::WrongState));
    assert_eq!(
        bench.endpoint.accept_reinvite(now, dialog, SDP.into()),
        Err(DialogError::WrongState)
    );
    assert_eq!(bench.endpoint.reinvite(now, dialog, None), Err(DialogError::WrongState));
    assert_eq!(
        bench.endpoint.acknowledge(now, dialog, None),
        Err(DialogError::WrongState)
    );
    assert_eq!(
        bench.endpoint.provisional(now, dialog, 100, None),
        Err(DialogError::BadStatus)
    );
    assert_eq!(
        bench.endpoint.provisional(now, dialog, 200, None),
        Err(DialogError::BadStatus)
    );
    let rejection = |status| Rejection {
        status,
        retry_after_s: None,
    };
    assert_eq!(
        bench.endpoint.reject(now, dialog, rejection(200)),
        Err(DialogError::BadStatus)
    );
    assert_eq!(
        bench.endpoint.reject(now, dialog, rejection(700)),
        Err(DialogError::BadStatus)
    );
    assert_eq!(
        bench.endpoint.accept(now, dialog, vec![b'x'; 40_000]),
        Err(DialogError::TooLarge)
    );
    assert_eq!(
        bench.endpoint.accept(now, crate::DialogId(99), SDP.into()),
        Err(DialogError::Unknown)
    );
    assert!(bench.drain().is_empty());
    bench.endpoint.accept(now, dialog, SDP.into()).expect("still waiting");
    assert_eq!(
        bench.endpoint.accept(now, dialog, SDP.into()),
        Err(DialogError::WrongState)
    );
}
