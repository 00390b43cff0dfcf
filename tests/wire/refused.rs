//! Messages one slip away from a good one, beyond those of the RFCs (`torture.rs`), each with the answer an endpoint
//! gives over UDP. RFC 3261 8.2, 18.3, 20.

use patchcord_sip::{Message, Scheme, Uri, parse};

use crate::door::{Door, wire};

/// A good OPTIONS or INVITE to spoil.
fn good(method: &str) -> String {
    format!(
        "{method} sip:user@example.com SIP/2.0
Via: SIP/2.0/UDP 192.0.2.95;branch=z9hG4bKkdj.insuf
Max-Forwards: 70
From: <sip:caller@example.net>;tag=242etr
To: <sip:user@example.com>
Call-ID: bad.0ha0isndaksdj
CSeq: 8 {method}
Contact: <sip:caller@192.0.2.95>
Content-Length: 0

"
    )
}

fn answer_to(text: &str) -> Vec<u16> {
    let mut door = Door::from("192.0.2.95:5060");
    let statuses = door.feed(&wire(text));
    assert!(door.events.is_empty(), "{text} made a call");
    statuses
}

fn spoiled(method: &str, old: &str, new: &str) -> Vec<u16> {
    let text = good(method);
    assert!(text.contains(old), "{old}");
    answer_to(&text.replacen(old, new, 1))
}

#[test]
fn the_unspoiled_message_is_taken() {
    assert_eq!(answer_to(&good("OPTIONS")), [200]);
    assert_eq!(Door::from("192.0.2.95:5060").feed(&wire(&good("INVITE"))), [100]);
}

#[test]
fn start_lines() {
    let line = "sip:user@example.com SIP/2.0";
    assert!(
        spoiled("OPTIONS", line, "sip:user@example.com").is_empty(),
        "no version: not SIP at all"
    );
    assert!(spoiled("OPTIONS", line, "sip:user@example.com HTTP/1.1").is_empty());
}

#[test]
fn headers() {
    let to = "To: <sip:user@example.com>";
    assert_eq!(
        spoiled("OPTIONS", to, "To: \"Watson, Thomas\" < t.watson@example.org >"),
        [400]
    );
    assert_eq!(spoiled("OPTIONS", "Max-Forwards: 70", "Max-Forwards: 300000"), [400]);
    assert_eq!(spoiled("OPTIONS", "Contact", "Contact it"), [400]);
    assert_eq!(spoiled("OPTIONS", "Content-Length: 0", "l: 0x0"), [400]);
}

/// What a response must copy is missing, so there is none.
#[test]
fn each_missing_header_alone() {
    for line in [
        "Call-ID: bad.0ha0isndaksdj\n",
        "From: <sip:caller@example.net>;tag=242etr\n",
        "To: <sip:user@example.com>\n",
        "CSeq: 8 OPTIONS\n",
    ] {
        assert!(spoiled("OPTIONS", line, "").is_empty(), "{line}");
    }
}

#[test]
fn each_repeated_header_alone() {
    for line in [
        "Call-ID: x",
        "From: <sip:x@y>;tag=1",
        "To: <sip:x@y>",
        "CSeq: 9 OPTIONS",
    ] {
        let repeated = spoiled("OPTIONS", "Contact:", &format!("{line}\nContact:"));
        assert_eq!(repeated, [400], "{line}");
    }
}

#[test]
fn responses_that_are_none_are_dropped() {
    for line in [
        "SIP/2.0 200 OK",
        "SIP/2.0 99 x",
        "SIP/2.0 2 x",
        "SIP/2.0 700 x",
        "SIP/2.0 +20 x",
    ] {
        let text = good("OPTIONS").replace("OPTIONS sip:user@example.com SIP/2.0", line);
        assert!(answer_to(&text).is_empty(), "{line}");
    }
}

#[test]
fn a_via_that_no_response_can_follow_means_silence() {
    for via in ["SIP/2.0/UDP", "SIP/2.0/UDP ;branch=z9hG4bKx", "UDP 192.0.2.95", ""] {
        let silent = spoiled("OPTIONS", "SIP/2.0/UDP 192.0.2.95;branch=z9hG4bKkdj.insuf", via).is_empty();
        assert!(silent, "{via}");
    }
}

#[test]
fn three_colons_are_forgiven_only_before_an_ipv4_address() {
    for host in [
        "[2001:db8:::1]",
        "[:::1]",
        "[2001:::db8:::192.0.2.1]",
        "[2001:db8::::192.0.2.1]",
    ] {
        assert!(Uri::parse(&format!("sip:user@{host}")).is_err(), "{host}");
    }
    assert!(Uri::parse("sip:user@[:::192.0.2.1]").is_ok());
}

#[test]
fn addresses_of_telephones_and_services() {
    let scheme = |uri: &str| Uri::parse(uri).map(|uri| uri.scheme());
    assert_eq!(scheme("tel:+1-800-555-0199;phone-context=example.com"), Ok(Scheme::Tel));
    assert_eq!(scheme("urn:service:sos.fire"), Ok(Scheme::Urn));
}

/// Latin-1 in a display name of a header nobody needs, and in an unknown one: kept, and everything after them too.
#[test]
fn bytes_that_are_not_utf8_stay_as_they_are() {
    let text = good("OPTIONS").replace("Contact:", "Subject: caf@\nX-After: still here\nContact:");
    let mut raw = wire(&text);
    let at = raw.windows(4).position(|four| four == b"caf@").expect("written above");
    raw[at + 3] = 0xe9;
    let Ok(Message::Request(request)) = parse(&raw) else {
        panic!("valid")
    };
    assert_eq!(request.headers.raw("Subject").next(), Some(&b"caf\xe9"[..]));
    assert_eq!(request.headers.first("X-After"), Some("still here"));
    assert!(request.to_bytes().windows(4).any(|four| four == b"caf\xe9"));
}
