//! Messages that must be refused, after RFC 4475 3.1.2, 3.2 and 3.3, each with the answer an endpoint gives over UDP.

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
    // 3.1.2.7 ltgtruri, 3.1.2.8 lwsruri, 3.1.2.9 lwsstart, 3.1.2.10 trws, 3.1.2.11 escruri, 3.1.2.16 badvers
    let line = "sip:user@example.com SIP/2.0";
    assert_eq!(spoiled("INVITE", line, "<sip:user@example.com> SIP/2.0"), [400]);
    assert_eq!(spoiled("INVITE", line, "sip:user@example.com; lr SIP/2.0"), [400]);
    assert_eq!(spoiled("INVITE", line, " sip:user@example.com  SIP/2.0"), [400]);
    assert_eq!(spoiled("OPTIONS", line, "sip:user@example.com SIP/2.0 "), [400]);
    assert_eq!(
        spoiled(
            "INVITE",
            line,
            "sip:user@example.com?Route=%3Csip:example.com%3E SIP/2.0"
        ),
        [400]
    );
    assert_eq!(spoiled("OPTIONS", line, "sip:user@example.com SIP/7.0"), [505]);
    assert!(
        spoiled("OPTIONS", line, "sip:user@example.com").is_empty(),
        "no version: not SIP at all"
    );
    assert!(spoiled("OPTIONS", line, "sip:user@example.com HTTP/1.1").is_empty());
}

#[test]
fn headers() {
    // 3.1.2.1 badinv01, 3.1.2.4 scalar02, 3.1.2.6 quotbal, 3.1.2.14 badaspec, 3.1.2.17/18 mismatch
    assert_eq!(
        spoiled("INVITE", "192.0.2.95;branch=z9hG4bKkdj.insuf", "192.0.2.15;;,;,,"),
        [400]
    );
    assert_eq!(
        spoiled("OPTIONS", "CSeq: 8 OPTIONS", "CSeq: 36893488147419103232 OPTIONS"),
        [400]
    );
    assert_eq!(spoiled("OPTIONS", "Max-Forwards: 70", "Max-Forwards: 300000"), [400]);
    assert_eq!(
        spoiled(
            "INVITE",
            "To: <sip:user@example.com>",
            "To: \"Mr. J. User <sip:j.user@example.com>"
        ),
        [400]
    );
    assert_eq!(
        spoiled(
            "OPTIONS",
            "To: <sip:user@example.com>",
            "To: \"Watson, Thomas\" < t.watson@example.org >"
        ),
        [400]
    );
    assert_eq!(spoiled("OPTIONS", "CSeq: 8 OPTIONS", "CSeq: 8 INVITE"), [400]);
    assert_eq!(spoiled("NEWMETHOD", "CSeq: 8 NEWMETHOD", "CSeq: 8 INVITE"), [400]);
    assert_eq!(spoiled("OPTIONS", "Contact", "Contact it"), [400]);
}

#[test]
fn framing() {
    // 3.1.2.2 clerr, 3.1.2.3 ncl, 3.3.9 mcl01
    assert_eq!(spoiled("INVITE", "Content-Length: 0", "Content-Length: 9999"), [400]);
    assert_eq!(spoiled("INVITE", "Content-Length: 0", "Content-Length: -999"), [400]);
    assert_eq!(
        spoiled("OPTIONS", "Content-Length: 0", "Content-Length: 0\nContent-Length: 5"),
        [400]
    );
    assert_eq!(spoiled("OPTIONS", "Content-Length: 0", "l: 0x0"), [400]);
}

#[test]
fn insufficient_and_repeated_headers() {
    // 3.3.1 insuf: what a response must copy is missing, so there is none. 3.3.8 multi01.
    for line in [
        "Call-ID: bad.0ha0isndaksdj\n",
        "From: <sip:caller@example.net>;tag=242etr\n",
        "To: <sip:user@example.com>\n",
        "CSeq: 8 OPTIONS\n",
    ] {
        assert!(spoiled("OPTIONS", line, "").is_empty(), "{line}");
    }
    for line in [
        "Call-ID: x",
        "From: <sip:x@y>;tag=1",
        "To: <sip:x@y>",
        "CSeq: 9 OPTIONS",
    ] {
        assert_eq!(
            spoiled("OPTIONS", "Contact:", &format!("{line}\nContact:")),
            [400],
            "{line}"
        );
    }
}

#[test]
fn extensions_nobody_has() {
    // 3.3.6 bext01, 3.3.7 invut
    assert_eq!(
        spoiled(
            "OPTIONS",
            "Contact:",
            "Require: nothingSupportsThis, nothingSupportsThisEither\nContact:"
        ),
        [420]
    );
    assert_eq!(
        spoiled(
            "INVITE",
            "Content-Length: 0",
            "Content-Type: application/unknownformat\nContent-Length: 3\n\nabc"
        ),
        [415]
    );
}

#[test]
fn a_forward_count_of_zero_is_no_concern_of_an_endpoint() {
    // 3.3.11 zeromf
    assert_eq!(spoiled("OPTIONS", "Max-Forwards: 70", "Max-Forwards: 0"), [200]);
}

#[test]
fn responses_that_are_none_are_dropped() {
    // 3.1.2.5 scalarlg, 3.1.2.19 bigcode, 3.3.10 bcast (a response to somebody else)
    for line in [
        "SIP/2.0 4294967301 better not break the receiver",
        "SIP/2.0 503 Service Unavailable",
        "SIP/2.0 200 OK",
        "SIP/2.0 99 x",
        "SIP/2.0 2 x",
    ] {
        let text = good("OPTIONS").replace("OPTIONS sip:user@example.com SIP/2.0", line);
        assert!(answer_to(&text).is_empty(), "{line}");
    }
}

#[test]
fn a_branch_of_nothing_but_the_cookie_is_still_answered() {
    // 3.2.1 badbranch
    assert_eq!(spoiled("OPTIONS", "z9hG4bKkdj.insuf", "z9hG4bK"), [200]);
}

#[test]
fn a_via_that_no_response_can_follow_means_silence() {
    for via in ["SIP/2.0/UDP", "SIP/2.0/UDP ;branch=z9hG4bKx", "UDP 192.0.2.95", ""] {
        assert!(
            spoiled("OPTIONS", "SIP/2.0/UDP 192.0.2.95;branch=z9hG4bKkdj.insuf", via).is_empty(),
            "{via}"
        );
    }
}
