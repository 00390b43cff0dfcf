//! What is refused at the door, and with what.

use std::time::Duration;

use crate::tests::{Bench, SDP, config, header, request, request_with, server_address, status, statuses, tag_of};
use crate::{EndCause, Event, Limits};

fn answer(bench: &mut Bench, raw: &str) -> crate::Message {
    let mut sent = bench.feed(raw);
    assert_eq!(sent.len(), 1, "{raw}");
    sent.remove(0)
}

#[test]
fn options_tells_what_we_can_do() {
    let mut bench = Bench::new();
    let sent = answer(&mut bench, &request("OPTIONS", "o", 1, None, ""));
    assert_eq!(
        (status(&sent), header(&sent, "Allow")),
        (
            200,
            Some("INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, PRACK, UPDATE, REFER, NOTIFY, REGISTER, SUBSCRIBE, PUBLISH")
        )
    );
    assert_eq!(
        (header(&sent, "Accept"), header(&sent, "Supported")),
        (
            Some("application/sdp, application/dtmf-relay, application/dtmf, message/sipfrag"),
            Some("100rel, timer, replaces, norefersub")
        )
    );
}

#[test]
fn unknown_dialogs_and_methods() {
    let mut bench = Bench::new();
    for (method, tag, expected) in [
        ("BYE", Some("x"), 481),
        ("BYE", None, 481),
        ("INVITE", Some("x"), 481),
        ("MESSAGE", None, 405),
        ("REFER", None, 403),
        ("NOTIFY", None, 481),
        ("PRACK", None, 481),
        ("FOO", None, 501),
    ] {
        let sent = answer(&mut bench, &request(method, "m", 1, tag, ""));
        assert_eq!(status(&sent), expected, "{method}");
        assert_eq!(header(&sent, "Allow").is_some(), expected == 405 || expected == 501);
    }
    assert!(bench.feed(&request("ACK", "m", 1, Some("x"), "")).is_empty());
    assert_eq!(
        (bench.endpoint.counters().strays, bench.endpoint.counters().transactions),
        (1, 0)
    );
}

#[test]
fn what_is_required_and_not_supported_is_named() {
    let mut bench = Bench::new();
    let sent = answer(
        &mut bench,
        &request_with("INVITE", "q", 1, None, "Require: 100rel, foo\r\nRequire: bar\r\n", SDP),
    );
    assert_eq!((status(&sent), header(&sent, "Unsupported")), (420, Some("foo, bar")));
    let supported = request_with(
        "INVITE",
        "q2",
        1,
        None,
        "Supported: 100rel, timer\r\nRequire: \r\n",
        SDP,
    );
    assert_eq!(status(&answer(&mut bench, &supported)), 100);
}

#[test]
fn bodies_addresses_and_contacts_that_cannot_be_used() {
    let mut bench = Bench::new();
    let invite = request("INVITE", "q", 1, None, SDP);
    let mut status_of = |raw: String| status(&answer(&mut bench, &raw));
    assert_eq!(status_of(invite.replace("application/sdp", "text/plain")), 415);
    assert_eq!(
        status_of(invite.replace("Content-Type", "Content-Encoding: gzip\r\nContent-Type")),
        415
    );
    assert_eq!(
        status_of(invite.replace("INVITE sip:menu@198.51.100.2", "INVITE nobodyKnowsThisScheme:x")),
        416
    );
    assert_eq!(
        status_of(invite.replace("Contact: <sip:a@192.0.2.1:5062>\r\n", "")),
        400
    );
    assert_eq!(status_of(invite.replace("SIP/2.0\r\nVia", "SIP/7.0\r\nVia")), 505);
    assert_eq!(status_of(invite.replace("CSeq: 1", "CSeq: x")), 400);
    assert_eq!(status_of(invite.replace("Content-Length: ", "Content-Length: 9")), 400);
    assert_eq!(bench.events.len(), 0);
    assert_eq!(bench.endpoint.counters().malformed, 3);
}

#[test]
fn what_cannot_be_answered_is_dropped_and_counted() {
    let mut bench = Bench::new();
    let invite = request("INVITE", "q", 1, None, SDP);
    for raw in [
        invite.replace("Via: ", "Viaduct: "),
        invite.replace("Call-ID: call-1\r\n", ""),
        invite.replace("INVITE sip", "sip"),
        request("ACK", "q", 1, None, "").replace("CSeq: 1", "CSeq: x"),
        "SIP/2.0 200 OK\r\nVia: broken\r\n\r\n".to_owned(),
        "\u{0}\u{1}\u{2}garbage".to_owned(),
    ] {
        assert!(bench.feed(&raw).is_empty(), "{raw}");
    }
    for keep_alive in ["\r\n\r\n", "\r\n", "", "\0"] {
        assert!(bench.feed(keep_alive).is_empty());
    }
    let counters = bench.endpoint.counters();
    assert_eq!(
        (counters.malformed, counters.keep_alives, bench.events.len()),
        (6, 4, 0)
    );
}

#[test]
fn a_refusal_without_state_is_the_same_each_time() {
    let mut bench = Bench::new();
    let raw = request("BYE", "m", 1, None, "");
    let (one, two) = (answer(&mut bench, &raw), answer(&mut bench, &raw));
    assert_eq!(one, two);
    assert_ne!(
        tag_of(&one),
        tag_of(&answer(&mut bench, &request("BYE", "n", 1, None, "")))
    );
}

#[test]
fn over_the_limit_new_calls_wait_and_old_ones_go_on() {
    let mut small = config(server_address());
    small.limits = Limits {
        dialogs: 1,
        transactions: 1,
        message_bytes: 1500,
    };
    let mut bench = Bench::with(small);
    let (dialog, tag) = bench.up();
    let other = request("INVITE", "z", 1, None, SDP).replace("call-1", "call-2");
    let sent = answer(&mut bench, &other);
    assert_eq!((status(&sent), header(&sent, "Retry-After")), (503, Some("5")));
    assert_eq!(
        statuses(&bench.feed(&request("OPTIONS", "y", 2, Some(&tag), ""))),
        [503]
    );
    assert_eq!(
        statuses(&bench.feed(&request("BYE", "x", 3, Some(&tag), ""))),
        [200],
        "BYE is always obeyed"
    );
    assert_eq!(
        bench.events.last(),
        Some(&Event::Ended {
            dialog,
            cause: EndCause::RemoteBye
        })
    );
    assert_eq!(bench.endpoint.counters().overload_refusals, 2);
    bench.pass(Duration::from_secs(40));
    assert_eq!(statuses(&bench.feed(&other)), [100], "room again");
    let long = request_with("OPTIONS", "l", 1, None, &format!("X: {}\r\n", "x".repeat(1500)), "");
    assert!(bench.feed(&long).is_empty());
    assert_eq!(bench.endpoint.counters().malformed, 1);
}

#[test]
fn responses_go_where_the_request_came_from() {
    let mut bench = Bench::new();
    let from = "203.0.113.50:40000".parse().expect("an address");
    let raw = request("OPTIONS", "o", 1, None, "");
    bench.feed_from(from, raw.as_bytes());
    bench.feed_from(from, raw.replace(";rport", "").as_bytes());
    let to: Vec<String> = bench.sent.iter().map(|(to, _)| to.to_string()).collect();
    assert_eq!(to, ["203.0.113.50:40000", "203.0.113.50:5062"]);
}

#[test]
fn a_peer_of_rfc_2543_without_branch_is_understood() {
    let mut bench = Bench::new();
    let old = |text: String, branch: &str| text.replace(&format!(";branch=z9hG4bK{branch};rport"), "");
    let invite = old(request("INVITE", "b1", 1, None, SDP), "b1");
    assert_eq!(statuses(&bench.feed(&invite)), [100]);
    assert_eq!(statuses(&bench.feed(&invite)), [100], "absorbed");
    let Some(Event::Invite { dialog, .. }) = bench.events.last() else {
        panic!("{:?}", bench.events)
    };
    let dialog = *dialog;
    bench.endpoint.accept(bench.now, dialog, SDP.into()).expect("answered");
    let tag = tag_of(&bench.drain()[0]);
    bench.feed(&old(request("ACK", "b2", 1, Some(&tag), ""), "b2"));
    assert_eq!(bench.events.last(), Some(&Event::Confirmed { dialog, sdp: None }));
    assert_eq!(
        statuses(&bench.feed(&old(request("BYE", "b3", 2, Some(&tag), ""), "b3"))),
        [200]
    );
}
