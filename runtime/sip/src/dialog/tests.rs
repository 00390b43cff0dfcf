//! Where requests inside a dialog go and how they are addressed.

use super::*;
use crate::message::Message;
use crate::parse::parse;

fn dialog(contact: &str, extra: &str, from: &str) -> Result<Dialog, Unusable> {
    let raw = format!(
        "INVITE sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\n\
         Call-ID: c\r\nCSeq: 5 INVITE\r\nContact: {contact}\r\n{extra}\r\n"
    );
    let Ok(Message::Request(request)) = parse(raw.as_bytes()) else {
        panic!("{raw}")
    };
    Dialog::of_invite(
        DialogId(1),
        &request,
        "ours".to_owned(),
        Flow::udp(from.parse().expect("an address")),
    )
}

fn next(contact: &str, extra: &str, from: &str) -> (Head, String) {
    let mut dialog = dialog(contact, extra, from).expect("a dialog");
    let (head, to) = dialog.next_head();
    (head, to.flow.peer.to_string())
}

#[test]
fn goes_straight_to_the_contact() {
    let (head, to) = next("<sip:a@192.0.2.1:5070;ob>", "", "192.0.2.1:5060");
    assert_eq!(
        (head.uri.as_str(), to.as_str()),
        ("sip:a@192.0.2.1:5070;ob", "192.0.2.1:5070")
    );
    assert_eq!(
        (head.from.as_str(), head.to.as_str()),
        ("<sip:b@h>;tag=ours", "<sip:a@h>;tag=1")
    );
    assert!(head.routes.is_empty());
}

#[test]
fn goes_to_the_source_of_a_peer_behind_a_translator_or_a_name() {
    assert_eq!(
        next("<sip:a@10.0.0.5:5070>", "", "203.0.113.7:1234").1,
        "203.0.113.7:1234"
    );
    assert_eq!(next("<sip:a@phone.example>", "", "192.0.2.1:5060").1, "192.0.2.1:5060");
}

#[test]
fn follows_loose_routes_in_order() {
    let extra = "Record-Route: <sip:192.0.2.10;lr>, <sip:192.0.2.11:5099;lr>\r\n";
    let (head, to) = next("<sip:a@192.0.2.1>", extra, "192.0.2.10:5060");
    assert_eq!(to, "192.0.2.10:5060");
    assert_eq!(head.routes, ["<sip:192.0.2.10;lr>", "<sip:192.0.2.11:5099;lr>"]);
    assert_eq!(head.uri, "sip:a@192.0.2.1");
}

#[test]
fn gives_a_strict_router_what_it_needs() {
    let extra = "Record-Route: <sip:192.0.2.10>\r\nRecord-Route: <sip:192.0.2.11;lr>\r\n";
    let (head, to) = next("<sip:a@192.0.2.1>", extra, "192.0.2.10:5060");
    assert_eq!((head.uri.as_str(), to.as_str()), ("sip:192.0.2.10", "192.0.2.10:5060"));
    assert_eq!(head.routes, ["<sip:192.0.2.11;lr>", "<sip:a@192.0.2.1>"]);
}

#[test]
fn refuses_what_cannot_make_a_dialog() {
    assert_eq!(dialog("nonsense", "", "192.0.2.1:1").err(), Some(Unusable::Contact));
    assert_eq!(
        dialog("<sip:a@h>", &"Record-Route: <sip:h;lr>\r\n".repeat(33), "192.0.2.1:1").err(),
        Some(Unusable::Route)
    );
    assert!(dialog("<sip:a@h>", &"Record-Route: <sip:h;lr>\r\n".repeat(32), "192.0.2.1:1").is_ok());
}

#[test]
fn takes_requests_in_order_only() {
    let mut dialog = dialog("<sip:a@192.0.2.1>", "", "192.0.2.1:5060").expect("a dialog");
    assert!(!dialog.remote.takes_cseq(5) && !dialog.remote.takes_cseq(4));
    let remote = &mut dialog.remote;
    assert!(remote.takes_cseq(6) && remote.takes_cseq(900) && !remote.takes_cseq(7));
}
