//! A second opinion: the `rsip` crate reads the plain IPv4 messages it can read, and must see what we see. It refuses
//! compact names, IPv6, `tel:` and instance ids, so it is asked only about messages without them. The only file that
//! names it.

use patchcord_sip::{Message, parse};
use rsip::headers::UntypedHeader;
use rsip::prelude::HeadersExt;

use crate::captures::{OLD_GATEWAY, SIPP, sealed};

/// Messages both can read, varied in what is common on the wire.
fn plain_messages() -> Vec<Vec<u8>> {
    let mut all = vec![sealed(SIPP), sealed(OLD_GATEWAY)];
    let methods = [
        "INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER", "INFO", "UPDATE", "MESSAGE",
    ];
    for (number, method) in methods.iter().enumerate() {
        for (user, tag, port) in [
            ("alice", "a1", ":5060"),
            ("+4930123", "88.x-1", ""),
            ("b.c_d", "z", ":65535"),
        ] {
            let body = "hello body\r\n".repeat(number);
            all.push(
                format!(
                    "{method} sip:{user}@192.0.2.7{port} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1{port};branch=z9hG4bK{number}{tag};rport\r\n\
                     Via: SIP/2.0/TCP proxy.example.com;branch=z9hG4bKp\r\nMax-Forwards: {}\r\nFrom: \"A {user}\" <sip:{user}@example.com>;tag={tag}\r\n\
                     To: <sip:{user}@192.0.2.7>\r\nCall-ID: {number}{tag}@192.0.2.1\r\nCSeq: {} {method}\r\nContact: <sip:{user}@192.0.2.1{port}>\r\n\
                     X-Own: a, b;c=\"d\"\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{body}",
                    70 - number,
                    1 + number * 1_000_003,
                    body.len()
                )
                .into_bytes(),
            );
        }
    }
    all
}

#[test]
fn a_foreign_parser_sees_the_same_requests() {
    for raw in plain_messages() {
        let text = String::from_utf8_lossy(&raw).into_owned();
        let Ok(Message::Request(ours)) = parse(&raw) else {
            panic!("{text}")
        };
        let theirs = rsip::Request::try_from(&raw[..]).unwrap_or_else(|why| panic!("{why}: {text}"));
        assert_eq!(ours.method.as_str(), theirs.method.to_string(), "{text}");
        assert_eq!(ours.uri.as_str(), theirs.uri.to_string(), "{text}");
        assert_eq!(ours.headers.len(), theirs.headers.iter().count(), "{text}");
        assert_eq!(ours.body, theirs.body, "{text}");
        assert_eq!(
            ours.call_id(),
            theirs.call_id_header().ok().map(|id| id.value()),
            "{text}"
        );
        let cseq = theirs.cseq_header().expect("a CSeq");
        assert_eq!(
            ours.cseq().expect("a CSeq").number,
            cseq.seq().expect("a number"),
            "{text}"
        );
        let their_tag = theirs
            .from_header()
            .expect("a From")
            .tag()
            .expect("readable")
            .map(|tag| tag.to_string());
        assert_eq!(
            ours.from().expect("a From").tag().map(str::to_owned),
            their_tag,
            "{text}"
        );
        let their_branch = theirs
            .via_header()
            .expect("a Via")
            .params()
            .expect("readable")
            .into_iter()
            .find_map(|param| match param {
                rsip::Param::Branch(branch) => Some(branch.to_string()),
                _ => None,
            });
        assert_eq!(
            ours.via().expect("a Via").branch().map(str::to_owned),
            their_branch,
            "{text}"
        );
    }
}

#[test]
fn what_we_print_reads_the_same_to_a_foreign_parser() {
    for raw in plain_messages() {
        let printed = parse(&raw).expect("read above").to_bytes();
        let before = rsip::Request::try_from(&raw[..]).expect("read above");
        let after = rsip::Request::try_from(&printed[..]).expect("what we print is plain as well");
        assert_eq!(before, after);
    }
}

#[test]
fn a_foreign_parser_sees_the_same_responses() {
    for (status, reason) in [
        (100, "Trying"),
        (180, "Ringing"),
        (200, "OK"),
        (486, "Busy Here"),
        (603, "Decline"),
    ] {
        let raw = format!(
            "SIP/2.0 {status} {reason}\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK7;received=192.0.2.1\r\nFrom: <sip:a@example.com>;tag=1\r\n\
             To: <sip:b@example.com>;tag=2\r\nCall-ID: r{status}\r\nCSeq: 9 INVITE\r\nContent-Length: 0\r\n\r\n"
        );
        let Ok(Message::Response(ours)) = parse(raw.as_bytes()) else {
            panic!("{raw}")
        };
        let theirs = rsip::Response::try_from(raw.as_bytes()).expect("plain");
        assert_eq!(
            (ours.status, ours.headers.len()),
            (theirs.status_code.code(), theirs.headers.iter().count())
        );
        assert_eq!(
            ours.to().expect("a To").tag(),
            theirs
                .to_header()
                .ok()
                .and_then(|to| to.tag().ok().flatten())
                .as_ref()
                .map(|tag| tag.value())
        );
    }
}
