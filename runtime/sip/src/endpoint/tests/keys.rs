//! Keys by INFO, both ways.

use std::time::Duration;

use crate::tests::{Bench, header, methods, request, status, statuses};
use crate::{DialogError, EndCause, Event, Failure, Message};

fn info(kind: &str, cseq: u32, tag: &str, body: &str) -> String {
    request("INFO", &format!("k{cseq}"), cseq, Some(tag), body).replace("application/sdp", kind)
}

#[test]
fn a_key_the_peer_presses_is_told() {
    let mut bench = Bench::new();
    let (dialog, tag) = bench.up();
    let sent = bench.feed(&info("application/dtmf-relay", 2, &tag, "Signal=#\r\nDuration=250\r\n"));
    assert_eq!(statuses(&sent), [200]);
    let expected = Event::Key {
        dialog,
        event: 11,
        duration_ms: 250,
    };
    assert_eq!(bench.events.last(), Some(&expected));
    let told = bench.events.len();
    // The same again is absorbed.
    bench.feed(&info("application/dtmf-relay", 2, &tag, "Signal=#\r\nDuration=250\r\n"));
    assert_eq!(
        statuses(&bench.feed(&info("application/dtmf", 3, &tag, "nothing"))),
        [400]
    );
    let other = bench.feed(&info("application/media_control+xml", 4, &tag, "<x/>"));
    assert_eq!(
        (status(&other[0]), header(&other[0], "Accept")),
        (415, Some("application/dtmf-relay, application/dtmf"))
    );
    assert_eq!(bench.events.len(), told);
}

#[test]
fn our_keys_go_one_after_the_other() {
    let mut bench = Bench::new();
    let (dialog, _) = bench.placed("");
    for event in [1, 10, 16] {
        bench.endpoint.info_key(bench.now, dialog, event, 120).expect("room");
    }
    assert_eq!(
        bench.endpoint.info_key(bench.now, dialog, 17, 1),
        Err(DialogError::BadStatus)
    );
    let mut seen = Vec::new();
    let mut sent = bench.drain();
    while let Some(Message::Request(info)) = sent.pop() {
        assert!(sent.is_empty(), "one at a time");
        seen.push(String::from_utf8_lossy(&info.body).into_owned());
        // Whether the peer takes it or not, the next one follows.
        sent = bench.hear(&Message::Request(info), if seen.len() == 1 { 200 } else { 415 }, "", "");
    }
    assert_eq!(
        seen,
        [
            "Signal=1\r\nDuration=120\r\n",
            "Signal=*\r\nDuration=120\r\n",
            "Signal=!\r\nDuration=120\r\n"
        ]
    );
}

#[test]
fn too_many_keys_are_refused_and_a_dead_peer_is_noticed() {
    let mut bench = Bench::new();
    let (dialog, _) = bench.placed("");
    for _ in 0..=crate::limits::KEYS_QUEUED {
        bench.endpoint.info_key(bench.now, dialog, 1, 100).expect("room");
    }
    assert_eq!(
        bench.endpoint.info_key(bench.now, dialog, 1, 100),
        Err(DialogError::Full)
    );
    let first = bench.drain().remove(0);
    assert!(bench.hear(&first, 481, "", "").is_empty());
    let cause = EndCause::Failed(Failure::ForgottenByPeer);
    assert_eq!(bench.events.last(), Some(&Event::Ended { dialog, cause }));
    let (dialog, _) = bench.placed("");
    bench.endpoint.info_key(bench.now, dialog, 1, 100).expect("room");
    let sent = bench.pass(Duration::from_secs(33));
    assert_eq!(methods(&sent).last().map(String::as_str), Some("BYE"));
    let cause = EndCause::TimedOut;
    assert_eq!(bench.events.last(), Some(&Event::Ended { dialog, cause }));
}

#[test]
fn keys_need_a_call_that_is_up() {
    let mut bench = Bench::new();
    let dialog = bench.ring();
    assert_eq!(
        bench.endpoint.info_key(bench.now, dialog, 1, 100),
        Err(DialogError::WrongState)
    );
}

#[test]
fn a_key_that_was_overtaken_is_told_again() {
    let mut bench = Bench::new();
    let (dialog, _) = bench.placed("");
    bench.endpoint.info_key(bench.now, dialog, 4, 100).expect("room");
    let first = bench.drain().remove(0);
    let mut sent = bench.hear(&first, 500, "", "");
    assert_eq!(
        (header(&first, "CSeq"), header(&sent[0], "CSeq")),
        (Some("2 INFO"), Some("3 INFO"))
    );
    sent = bench.hear(&sent[0], 500, "", "");
    assert_eq!(methods(&sent), ["INFO"]);
    assert!(
        bench.hear(&sent[0], 500, "", "").is_empty(),
        "it means something else, then"
    );
}

#[test]
fn a_peer_takes_info_if_it_says_so() {
    for (fields, takes) in [
        ("Allow: INVITE, ACK, BYE, INFO\r\n", true),
        ("Allow: INVITE, ACK, BYE\r\n", false),
        ("", false),
    ] {
        let mut bench = Bench::new();
        let (dialog, _) = bench.placed(fields);
        assert_eq!(bench.endpoint.takes_info(dialog), takes, "{fields:?}");
    }
}
