//! The handshake's values against RFC 6455 and RFC 4648, and its request cut anywhere.

use super::{Refusal, accept_value, answer, base64, is_key};

#[test]
fn base64_is_that_of_the_rfc() {
    for (plain, text) in [
        ("", ""),
        ("f", "Zg=="),
        ("fo", "Zm8="),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ] {
        assert_eq!(base64(plain.as_bytes()), text);
    }
    assert_eq!(base64(&[0xff; 3]), "////");
}

#[test]
fn a_key_is_answered_as_the_rfc_shows() {
    assert_eq!(accept_value("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert!(is_key("dGhlIHNhbXBsZSBub25jZQ=="));
    assert!(!is_key("dGhlIHNhbXBsZSBub25jZQ"));
    assert!(!is_key("dGhlIHNhbXBsZSBub25jZQ=a"));
    assert!(!is_key(""));
    assert!(!is_key("\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}=="));
}

#[test]
fn a_request_is_waited_for_and_judged_once() {
    let request = "GET / HTTP/1.1\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: sip\r\n\r\n";
    for end in 0..request.len() {
        assert_eq!(answer(&request.as_bytes()[..end]), None, "{end}");
    }
    let more = format!("{request}frames");
    let (head, judged) = answer(more.as_bytes()).unwrap();
    assert_eq!(head, request.len());
    assert!(judged.is_ok());
    let post = request.replace("GET", "POST");
    assert_eq!(answer(post.as_bytes()).unwrap().1, Err(Refusal::NotHttp));
    let twice = request.replace("Sec-WebSocket-Version", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version");
    assert_eq!(answer(twice.as_bytes()).unwrap().1, Err(Refusal::Key));
    let old = request.replace("HTTP/1.1", "HTTP/1.0");
    assert_eq!(answer(old.as_bytes()).unwrap().1, Err(Refusal::NotHttp));
}
