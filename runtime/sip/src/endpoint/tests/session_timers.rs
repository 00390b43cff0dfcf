//! Session timers, both roles, under virtual time.

use std::time::Duration;

use crate::tests::{Bench, SDP, config, header, methods, request, request_with, server_address, status, statuses};
use crate::{DialogId, EndCause, Event, Message, SessionTimer};

const SECOND: Duration = Duration::from_secs(1);
const ALLOW: &str = "Allow: INVITE, ACK, BYE, UPDATE\r\n";

/// A call from a peer with these fields, answered; the dialog and our 200.
fn answered(bench: &mut Bench, fields: &str) -> (DialogId, Message) {
    bench.feed(&request_with("INVITE", "b1", 1, None, fields, SDP));
    let dialog = bench.events.last().and_then(Event::dialog).expect("a call");
    bench.endpoint.accept(bench.now, dialog, SDP.into()).expect("ringing");
    let answer = bench.drain().remove(0);
    bench.feed(&request("ACK", "b2", 1, Some(&crate::tests::tag_of(&answer)), ""));
    (dialog, answer)
}

fn cause(bench: &Bench) -> Option<EndCause> {
    match bench.events.last() {
        Some(Event::Ended { cause, .. }) => Some(*cause),
        _ => None,
    }
}

#[test]
fn we_ask_and_refresh_at_half_by_update() {
    let mut bench = Bench::new();
    let (_, invite) = bench.place(|_| {});
    assert_eq!(header(&invite, "Session-Expires"), Some("1800"));
    bench.hear(
        &invite,
        200,
        &format!("{ALLOW}Session-Expires: 600;refresher=uac\r\n"),
        SDP,
    );
    assert!(bench.pass(299 * SECOND).is_empty());
    let update = bench.pass(SECOND);
    assert_eq!(methods(&update), ["UPDATE"]);
    assert_eq!(header(&update[0], "Session-Expires"), Some("600;refresher=uac"));
    assert_eq!(header(&update[0], "Content-Length"), Some("0"));
    bench.hear(&update[0], 200, "Session-Expires: 600;refresher=uac\r\n", "");
    assert_eq!(methods(&bench.pass(300 * SECOND)), ["UPDATE"], "and again");
    assert_eq!(bench.events.len(), 1, "none of the user's business: {:?}", bench.events);
}

#[test]
fn a_peer_without_update_is_refreshed_by_an_invite_that_repeats_our_description() {
    let mut bench = Bench::new();
    let (dialog, _) = bench.placed("Session-Expires: 100;refresher=uac\r\n");
    let refresh = bench.pass(50 * SECOND).remove(0);
    let Message::Request(request) = &refresh else {
        panic!("a request")
    };
    assert_eq!(
        (request.method.as_str(), request.sdp()),
        ("INVITE", Some(SDP.as_bytes()))
    );
    // The user's own change waits for it, and then goes out.
    bench
        .endpoint
        .reinvite(bench.now, dialog, Some(SDP.into()))
        .expect("waits");
    assert!(bench.drain().is_empty());
    let sent = bench.hear(&refresh, 200, "Session-Expires: 100;refresher=uac\r\n", SDP);
    assert_eq!(methods(&sent), ["ACK"]);
    assert_eq!(bench.events.len(), 1);
    assert_eq!(methods(&bench.pass(SECOND)).first().map(String::as_str), Some("INVITE"));
}

#[test]
fn a_refresh_the_peer_makes_a_change_is_told() {
    let mut bench = Bench::new();
    let (dialog, _) = bench.placed("Session-Expires: 100;refresher=uac\r\n");
    let refresh = bench.pass(50 * SECOND).remove(0);
    let other = SDP.replace("4000", "4002");
    bench.hear(&refresh, 200, "Session-Expires: 100;refresher=uac\r\n", &other);
    let sdp = Some(other.into_bytes());
    let expected = Event::ReinviteAnswered {
        dialog,
        status: 200,
        sdp,
    };
    assert_eq!(bench.events.last(), Some(&expected));
}

#[test]
fn a_session_the_peer_does_not_refresh_is_given_up() {
    let mut bench = Bench::new();
    let (_, invite) = bench.placed("Session-Expires: 96;refresher=uas\r\n");
    assert!(bench.pass(63 * SECOND).is_empty());
    // A refresh in time starts it again.
    let answer = bench.theirs(
        &invite,
        "UPDATE",
        5,
        "Supported: timer\r\nSession-Expires: 96;refresher=uac\r\n",
        "",
    );
    assert_eq!(
        (status(&answer[0]), header(&answer[0], "Session-Expires")),
        (200, Some("96;refresher=uac"))
    );
    assert_eq!(header(&answer[0], "Require"), Some("timer"));
    assert!(bench.pass(63 * SECOND).is_empty());
    assert_eq!(methods(&bench.pass(SECOND)), ["BYE"]);
    assert_eq!(cause(&bench), Some(EndCause::SessionExpired));
}

#[test]
fn a_refresh_that_keeps_failing_ends_with_the_session() {
    let mut bench = Bench::new();
    bench.placed(&format!("{ALLOW}Session-Expires: 120;refresher=uac\r\n"));
    let update = bench.pass(60 * SECOND).remove(0);
    // It does not take UPDATE after all.
    bench.hear(&update, 405, "", "");
    let invite = bench.pass(Duration::ZERO).remove(0);
    assert_eq!(methods(std::slice::from_ref(&invite)), ["INVITE"]);
    bench.hear(&invite, 500, "", "");
    let again = bench.pass(10 * SECOND);
    assert_eq!(methods(&again), ["INVITE"]);
    bench.hear(&again[0], 500, "", "");
    let sent = bench.pass(20 * SECOND);
    assert!(methods(&sent).contains(&"BYE".to_owned()), "{:?}", methods(&sent));
    assert_eq!(cause(&bench), Some(EndCause::SessionExpired));
}

#[test]
fn an_interval_too_small_for_the_peer_is_asked_for_again() {
    let mut bench = Bench::new();
    let (_, invite) = bench.place(|_| {});
    let sent = bench.hear(&invite, 422, "Min-SE: 3600\r\n", "");
    assert_eq!(methods(&sent), ["ACK", "INVITE"]);
    let again = &sent[1];
    assert_eq!(
        (header(again, "Session-Expires"), header(again, "Min-SE")),
        (Some("3600"), Some("3600"))
    );
    assert_eq!(
        (header(again, "CSeq"), header(again, "Call-ID")),
        (Some("2 INVITE"), header(&invite, "Call-ID"))
    );
    // A peer that is never content gets no third one.
    let sent = bench.hear(again, 422, "Min-SE: 3600\r\n", "");
    assert_eq!(methods(&sent), ["ACK"]);
    assert_eq!(cause(&bench), Some(EndCause::Rejected { status: 422 }));
}

#[test]
fn an_interval_too_small_for_us_is_refused() {
    let mut bench = Bench::with(crate::Config {
        session: SessionTimer {
            expires_s: 600,
            min_s: 300,
        },
        ..config(server_address())
    });
    let fields = "Supported: timer\r\nSession-Expires: 120\r\n";
    let sent = bench.feed(&request_with("INVITE", "q", 1, None, fields, SDP));
    assert_eq!((status(&sent[0]), header(&sent[0], "Min-SE")), (422, Some("300")));
    assert!(bench.events.is_empty());
    let (_, answer) = answered(&mut bench, "Supported: timer\r\nSession-Expires: 400;refresher=uac\r\n");
    assert_eq!(header(&answer, "Session-Expires"), Some("400;refresher=uac"));
    let (_, invite) = bench.place(|_| {});
    assert_eq!(
        (header(&invite, "Session-Expires"), header(&invite, "Min-SE")),
        (Some("600"), Some("300"))
    );
}

#[test]
fn as_called_side_we_refresh_if_it_is_on_us() {
    let mut bench = Bench::new();
    let (_, answer) = answered(
        &mut bench,
        &format!("{ALLOW}Supported: timer\r\nSession-Expires: 200;refresher=uas\r\n"),
    );
    assert_eq!(
        (header(&answer, "Session-Expires"), header(&answer, "Require")),
        (Some("200;refresher=uas"), None)
    );
    let update = bench.pass(100 * SECOND);
    assert_eq!(
        (methods(&update), header(&update[0], "Session-Expires")),
        (vec!["UPDATE".to_owned()], Some("200;refresher=uac"))
    );
    assert_eq!(bench.endings(), 0);
    // The peer is gone: the refresh finds out.
    bench.pass(33 * SECOND);
    assert_eq!(cause(&bench), Some(EndCause::TimedOut));
}

#[test]
fn a_peer_without_the_extension_has_no_timer() {
    let mut bench = Bench::new();
    let (_, answer) = answered(&mut bench, "");
    assert_eq!(header(&answer, "Session-Expires"), None);
    assert!(statuses(&bench.pass(10_000 * SECOND)).is_empty());
    bench.placed("");
    assert!(bench.pass(10_000 * SECOND).is_empty());
    assert_eq!(bench.endings(), 0);
}
