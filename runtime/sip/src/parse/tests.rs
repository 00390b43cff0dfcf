//! What the parser takes and refuses. The torture messages of RFC 4475 are in `tests/wire`.

use super::*;
use crate::tests::{Dice, SDP, fuzz_rounds, request};

fn fault(raw: &str) -> Fault {
    parse(raw.as_bytes()).expect_err("this is malformed").why
}

fn with(old: &str, new: &str) -> String {
    let raw = request("INVITE", "b", 1, None, SDP);
    assert!(raw.contains(old), "{old}");
    raw.replacen(old, new, 1)
}

fn body_of(raw: &str) -> Vec<u8> {
    match parse(raw.as_bytes()).expect("well-formed") {
        Message::Request(request) => request.body,
        Message::Response(response) => response.body,
    }
}

#[test]
fn frames_the_body_as_datagrams_are_framed() {
    let length = format!("Content-Length: {}", SDP.len());
    assert_eq!(body_of(&with(&length, "Content-Length: 3")), b"v=0");
    assert_eq!(body_of(&with(&format!("{length}\r\n"), "")), SDP.as_bytes());
    assert_eq!(
        body_of(&with(&length, &format!("{length}\r\nl: {}", SDP.len()))),
        SDP.as_bytes()
    );
    assert_eq!(fault(&with(&length, "Content-Length: 9999")), Fault::ShortBody);
    assert_eq!(fault(&with(&length, "Content-Length: -999")), Fault::ContentLength);
    assert_eq!(
        fault(&with(&length, "Content-Length: 99999999999999999999999")),
        Fault::ContentLength
    );
    assert_eq!(
        fault(&with(&length, &format!("{length}\r\nContent-Length: 3"))),
        Fault::ContentLength
    );
}

#[test]
fn joins_folded_lines_and_takes_bare_line_feeds() {
    let folded = with(
        "Call-ID: call-1",
        "Subject: first\r\n  second\r\n\tthird\r\nCall-ID  :\r\n call-1",
    );
    let Ok(Message::Request(request)) = parse(folded.as_bytes()) else {
        panic!("well-formed")
    };
    let subject = request.headers.first("Subject").expect("the subject");
    assert_eq!(
        subject.split_whitespace().collect::<Vec<_>>(),
        ["first", "second", "third"]
    );
    assert_eq!(request.call_id(), Some("call-1"));
    let bare = request_bare();
    assert!(parse(bare.as_bytes()).is_ok());
}

#[test]
fn names_the_fault_and_keeps_the_rest() {
    assert_eq!(fault(&with("SIP/2.0\r\n", "SIP/7.0\r\n")), Fault::Version);
    assert_eq!(
        fault(&with("sip:menu@198.51.100.2 SIP", "<sip:menu@198.51.100.2> SIP")),
        Fault::RequestUri
    );
    assert_eq!(
        fault(&with("sip:menu@198.51.100.2 SIP", "sip:menu@198.51.100.2  SIP")),
        Fault::RequestUri
    );
    assert_eq!(fault(&with("Call-ID: call-1\r\n", "")), Fault::Missing("Call-ID"));
    assert_eq!(fault(&with("CSeq: 1 INVITE", "CSeq: 1 BYE")), Fault::MethodMismatch);
    assert_eq!(
        fault(&with("CSeq: 1 INVITE", "CSeq: 36893488147419103232 INVITE")),
        Fault::CSeq
    );
    assert_eq!(fault(&with("CSeq: 1 INVITE", "CSeq: 2147483648 INVITE")), Fault::CSeq);
    assert_eq!(fault(&with("Max-Forwards: 70", "Max-Forwards: x")), Fault::MaxForwards);
    assert_eq!(fault(&with("\"A\"", "\"A")), Fault::Quotes);
    assert_eq!(
        fault(&with("Call-ID: call-1", "Call-ID: call-1\r\nCall-ID: 2")),
        Fault::Repeated("Call-ID")
    );
    assert_eq!(fault(&with("Call-ID:", "Call ID:")), Fault::HeaderLine);
    assert_eq!(fault("INVITE sip:a@b SIP/2.0\r\nVia: x\r\n"), Fault::NoEmptyLine);
    assert_eq!(fault("\r\n\r\n"), Fault::KeepAlive);
    assert_eq!(fault("hello"), Fault::StartLine);
    assert_eq!(fault("SIP/2.0 4294967301 better not\r\n\r\n"), Fault::StartLine);
    assert_eq!(
        fault(&with("Call-ID", &format!("{}Call-ID", "X: 1\r\n".repeat(256)))),
        Fault::TooManyFields
    );
}

#[test]
fn tells_where_the_fault_is() {
    let raw = with("Call-ID:", "Broken line\r\nCall-ID:");
    let found = parse(raw.as_bytes()).expect_err("malformed");
    assert_eq!(found.at, raw.find("Broken").expect("it is there"));
}

#[test]
fn peeks_at_the_call_id_without_parsing() {
    let raw = request("INVITE", "b", 1, None, SDP);
    assert_eq!(peek_call_id(raw.as_bytes()), Some(&b"call-1"[..]));
    assert_eq!(
        peek_call_id(b"BYE x\r\nVia: y\r\ni :  abc@d \r\n\r\n"),
        Some(&b"abc@d"[..])
    );
    assert_eq!(peek_call_id(b"BYE x\nCALL-id:q\n"), Some(&b"q"[..]));
    assert_eq!(peek_call_id(b"BYE x\r\n\r\nCall-ID: body"), None);
    assert_eq!(peek_call_id(b"BYE x\r\nCall-Info: 7\r\nCall-ID:\r\n\r\n"), None);
    assert_eq!(peek_call_id(b""), None);
}

#[test]
fn fuzz_no_mutation_makes_it_panic_and_what_is_taken_prints_and_reads_again() {
    let seeds = [
        request("INVITE", "b", 1, None, SDP),
        request("BYE", "b", 9, Some("x"), ""),
        "SIP/2.0 200 OK\r\nv: SIP/2.0/UDP [::1]:5;branch=z9hG4bKq\r\nf: \"\\\"x\" <sip:a@b>;tag=1\r\nt: <tel:+1>;tag=2\r\n\
         i: 1\r\nCSeq: 1 INVITE\r\nm: <sip:[::1]>\r\nl: 2\r\n\r\nxx"
            .to_owned(),
    ];
    let mut taken = 0;
    for round in fuzz_rounds(20_000) {
        let mut dice = Dice::new(round);
        let mut bytes = seeds[(round % 3) as usize].clone().into_bytes();
        for _ in 0..=dice.below(3) {
            let at = dice.below(bytes.len() as u64) as usize;
            match dice.below(5) {
                0 => bytes[at] = dice.roll() as u8,
                1 if bytes.len() > 1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, b"\r\n \t:;,<>\"\\@%?=\0\xff"[dice.below(17) as usize]),
                3 => bytes.truncate(at.max(1)),
                _ => {
                    let len = dice.below(20).min((bytes.len() - at) as u64) as usize;
                    let part = bytes[at..at + len].to_vec();
                    bytes.splice(at..at, part);
                }
            }
        }
        peek_call_id(&bytes);
        if let Ok(message) = parse(&bytes) {
            taken += 1;
            let again = parse(&message.to_bytes()).unwrap_or_else(|why| panic!("seed {round}: {why}"));
            assert_eq!(again.to_bytes(), message.to_bytes(), "seed {round}");
        }
    }
    assert!(taken > 100, "the mutations should not all be fatal: {taken}");
}

fn request_bare() -> String {
    request("BYE", "b", 9, Some("x"), "").replace("\r\n", "\n")
}
