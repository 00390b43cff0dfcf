//! Nothing private is left, and what an engineer needs is.

use super::{Show, lines};
use crate::trace::tests::INVITE;

#[test]
fn nothing_private_is_left() {
    let shown = lines(INVITE.as_bytes(), Show::Harmless).join("\n");
    for private in [
        "alice", "Alice", "bob", "4930", "198.51.100", "192.0.2", "example.com", "secret", "4711", "0123456789abcdef", "talk",
        "c2VjcmV0",
    ] {
        assert!(!shown.contains(private), "{private} in\n{shown}");
    }
    for kept in [
        "INVITE <private> SIP/2.0",
        "Via: <private>;branch=z9hG4bKabc",
        "From: <private>;tag=tag-1",
        "CSeq: 1 INVITE",
        "Max-Forwards: 70",
        "Contact: <private>;expires=60",
        "Content-Type: application/sdp",
        "m=audio 4000 RTP/AVP 0",
        "a=sendrecv",
        "c=<private>",
        "a=<private>",
    ] {
        assert!(shown.lines().any(|line| line == kept), "no {kept} in\n{shown}");
    }
}

#[test]
fn everything_is_shown_on_demand_but_nothing_a_terminal_obeys() {
    let shown = lines(INVITE.as_bytes(), Show::Everything).join("\r\n");
    assert_eq!(shown, INVITE.trim_end());
    for show in [Show::Everything, Show::Harmless] {
        let hostile = "SIP/2.0 200 \x1b[2J\r\nServer: \x07\x1b]0;x\r\n\r\n\x1b[31m";
        assert!(!lines(hostile.as_bytes(), show).join("").contains('\x1b'));
    }
}

#[test]
fn odd_messages_are_no_way_around() {
    let shown = |text: &str| lines(text.as_bytes(), Show::Harmless).join("|");
    assert_eq!(shown("SIP/2.0 200 OK\r\n\r\n"), "SIP/2.0 200 OK|");
    assert_eq!(shown("no colon here\r\nbob\r\n\r\n"), "no <private> here|bob: <private>|");
    assert_eq!(shown("OPTIONS x SIP/2.0\r\nf: bob;tag=a@b\r\n\r\n"), "OPTIONS <private> SIP/2.0|f: <private>|");
    // A body that is no session description is only counted.
    assert_eq!(
        shown("MESSAGE x SIP/2.0\r\nContent-Type: text/plain\r\n\r\nhello bob"),
        "MESSAGE <private> SIP/2.0|Content-Type: text/plain||<9 bytes>"
    );
    assert_eq!(shown(""), "");
}
