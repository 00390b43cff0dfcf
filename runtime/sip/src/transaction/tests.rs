//! Keys; the machines themselves are tested through the endpoint, where their answers are visible.

use super::*;
use crate::message::Message;
use crate::method::Method;
use crate::parse::parse;

fn key_of(via: &str, method: &str, to_tag: &str) -> key::Key {
    let raw = format!(
        "{method} sip:b@h SIP/2.0\r\nVia: {via}\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>{to_tag}\r\nCall-ID: c\r\nCSeq: 1 {method}\r\n\r\n"
    );
    let Ok(Message::Request(request)) = parse(raw.as_bytes()) else {
        panic!("{raw}")
    };
    let matched = if matches!(request.method, Method::Ack | Method::Cancel) {
        Method::Invite
    } else {
        request.method.clone()
    };
    key::server(&request, &matched).expect("a key")
}

#[test]
fn a_branch_with_the_cookie_decides_with_sent_by_and_method() {
    let invite = key_of("SIP/2.0/UDP h:5060;branch=z9hG4bKx", "INVITE", "");
    assert_eq!(invite, key_of("SIP/2.0/UDP H;branch=z9hG4bKx;rport", "ACK", ";tag=2"));
    assert_eq!(invite, key_of("SIP/2.0/UDP h;branch=z9hG4bKx", "CANCEL", ""));
    assert_ne!(invite, key_of("SIP/2.0/UDP h;branch=z9hG4bKx", "BYE", ""));
    assert_ne!(invite, key_of("SIP/2.0/UDP h:5061;branch=z9hG4bKx", "INVITE", ""));
    assert_ne!(invite, key_of("SIP/2.0/UDP h;branch=z9hG4bKX", "INVITE", ""));
}

#[test]
fn without_the_cookie_the_request_itself_decides() {
    let invite = key_of("SIP/2.0/UDP h", "INVITE", "");
    assert_eq!(invite, key_of("SIP/2.0/UDP h", "ACK", ";tag=2"));
    assert_ne!(invite, key_of("SIP/2.0/UDP h;branch=1", "INVITE", ""));
    assert_ne!(
        key_of("SIP/2.0/UDP h;branch=z9hG4bK", "INVITE", ""),
        key_of("SIP/2.0/UDP i;branch=z9hG4bK", "INVITE", "")
    );
}

#[test]
fn a_beat_resends_until_it_ends() {
    let now = crate::tests::start();
    let ms = |ms| now + Duration::from_millis(ms);
    let mut beat = Beat::resending(now, Duration::from_millis(500), Duration::from_secs(2));
    assert_eq!(beat.next(), Some(ms(500)));
    assert!(!beat.take_resend(ms(499), |last| last * 2));
    assert!(beat.take_resend(ms(500), |last| last * 2));
    assert_eq!(beat.next(), Some(ms(1500)));
    assert!(!beat.has_ended(ms(1999)) && beat.has_ended(ms(2000)));
}
