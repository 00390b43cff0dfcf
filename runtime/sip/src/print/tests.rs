//! What is read prints again.

use super::*;
use crate::parse::parse;

#[test]
fn a_parsed_message_prints_byte_for_byte() {
    let raw = b"INVITE sip:b@h;x SIP/2.0\r\nv: SIP/2.0/UDP h ; branch=z9hG4bK1\r\nFROM: \"\xc3\xa9\" <sip:a@h>;tag=1\r\nt: <sip:b@h>\r\n\
        i: c\r\nCSeq: 1   INVITE\r\nX-Odd: \xff\xfe latin\r\nEmpty:\r\nl: 4\r\n\r\nbody";
    let printed = parse(raw).expect("well-formed").to_bytes();
    let again = parse(&printed).expect("still well-formed");
    // White space after a colon is the only thing that may change.
    assert_eq!(again, parse(&again.to_bytes()).expect("still well-formed"));
    let expected = String::from_utf8_lossy(raw).replace("Empty:\r\n", "Empty: \r\n");
    assert_eq!(String::from_utf8_lossy(&printed), expected);
}

#[test]
fn a_response_prints_with_its_own_phrase_and_true_length() {
    let raw = b"SIP/2.0 486 Besetzt \xc3\xbc\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>;tag=2\r\n\
        Call-ID: c\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n";
    let Ok(Message::Response(mut response)) = parse(raw) else {
        panic!("well-formed")
    };
    assert_eq!(response.to_bytes(), raw);
    response.body = b"12345".to_vec();
    assert!(response.to_bytes().ends_with(b"Content-Length: 5\r\n\r\n12345"));
}

#[test]
fn written_values_cannot_add_lines() {
    let mut lines = Lines::response(400, "Bad\r\nEvil: 1");
    lines.field("Warning", "x\r\ny");
    let text = String::from_utf8(lines.finish(None).to_vec()).expect("text");
    assert_eq!(
        text,
        "SIP/2.0 400 Bad  Evil: 1\r\nWarning: x  y\r\nContent-Length: 0\r\n\r\n"
    );
}
