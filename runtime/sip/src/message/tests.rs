//! Typed views and bodies.

use super::*;
use crate::parse::parse;

fn request(raw: &str) -> Request {
    match parse(raw.as_bytes()) {
        Ok(Message::Request(request)) => request,
        other => panic!("{other:?}"),
    }
}

fn with_body(headers: &str, body: &str) -> Request {
    request(&format!(
        "INVITE sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\n\
         Call-ID: c\r\nCSeq: 7 INVITE\r\n{headers}\r\n{body}"
    ))
}

#[test]
fn gives_typed_views() {
    let request = with_body("m: <sip:a@192.0.2.1>;expires=5, <sip:other@h>\r\n", "");
    assert_eq!(request.from().expect("From").tag(), Some("1"));
    assert_eq!(request.to().expect("To").tag(), None);
    assert_eq!(
        request.cseq(),
        Ok(CSeq {
            number: 7,
            method: Method::Invite
        })
    );
    assert_eq!(request.contact().expect("Contact").param("expires"), Some("5"));
    assert_eq!(request.call_id(), Some("c"));
    assert_eq!(request.header_values("contact").count(), 1);
}

#[test]
fn finds_the_session_description() {
    assert_eq!(with_body("", "v=0\r\n").sdp(), Some(&b"v=0\r\n"[..]));
    assert_eq!(
        with_body("c: Application/SDP ; charset=utf-8\r\n", "v=0\r\n").sdp(),
        Some(&b"v=0\r\n"[..])
    );
    assert_eq!(with_body("", "").sdp(), None);
    assert_eq!(
        with_body("Content-Type: text/plain\r\n", "v=0\r\n").session_body(),
        SessionBody::Unsupported
    );
    assert_eq!(
        with_body("Content-Type: application/sdp\r\nContent-Encoding: gzip\r\n", "x").session_body(),
        SessionBody::Unsupported
    );
    let optional = "Content-Type: text/plain\r\nContent-Disposition: x;handling=optional\r\n";
    assert_eq!(with_body(optional, "hi").session_body(), SessionBody::None);
}

#[test]
fn finds_it_in_a_multipart_body() {
    let kind = "Content-Type: multipart/mixed;boundary=\"b1\"\r\n";
    let body = "--b1\r\nContent-Type: application/isup\r\n\r\n\u{1}\u{2}\r\n--b1\r\nContent-Type: application/sdp\r\n\r\nv=0\r\ns=-\r\n\r\n--b1--\r\n";
    assert_eq!(with_body(kind, body).sdp(), Some(&b"v=0\r\ns=-\r\n"[..]));
    let none = "--b1\r\nContent-Type: text/plain\r\n\r\nx\r\n--b1--\r\n";
    assert_eq!(with_body(kind, none).session_body(), SessionBody::Unsupported);
}

#[test]
fn debug_holds_no_numbers() {
    let shown = format!("{:?}", with_body("Contact: <sip:+4930123456@h>\r\n", "v=0\r\n"));
    assert!(!shown.contains("4930123456") && shown.contains("INVITE"), "{shown}");
}
