//! Each caller of `captures`, from its INVITE to its BYE, with the SDP it brought.

use std::net::SocketAddr;

use patchcord_sip::sdp::{self, Codec, Direction, Local, SRTP_KEY_BYTES, Srtp, SrtpKey};
use patchcord_sip::{EndCause, Event, Message, Request, parse, peek_call_id};

use crate::captures::{ALL, BARESIP, CARRIER, DESK_PHONE, OLD_GATEWAY, SIPP, VIDEO_PHONE_V6, sealed};
use crate::door::{Door, wire};

fn local() -> Local {
    Local {
        address: "198.51.100.2".parse().expect("an address"),
        port: 30_000,
        session_id: 7,
        version: 1,
        codecs: vec![Codec::Pcmu, Codec::Pcma],
        direction: Direction::SendRecv,
        ptime_ms: 20,
        srtp: Srtp::Accept,
        srtp_key: SrtpKey([0; SRTP_KEY_BYTES]),
        webrtc: None,
    }
}

fn request(text: &str) -> Request {
    match parse(&sealed(text)) {
        Ok(Message::Request(request)) => request,
        other => panic!("{other:?}"),
    }
}

/// A later request of the same caller, made from its INVITE.
fn later(text: &str, method: &str, cseq: u32, tag: &str) -> Vec<u8> {
    let invite = request(text);
    let via = invite.headers.first("Via").expect("a Via");
    let via = match via.split_once("branch=") {
        Some((head, _)) => format!("{head}branch=z9hG4bK{method}{cseq}"),
        None => via.to_owned(),
    };
    let value = |name| invite.headers.first(name).expect("a mandatory header");
    wire(&format!(
        "{method} sip:198.51.100.2 SIP/2.0\nVia: {via}\nFrom: {}\nTo: {};tag={tag}\nCall-ID: {}\nCSeq: {cseq} {method}\nContent-Length: 0\n\n",
        value("From"),
        value("To"),
        value("Call-ID")
    ))
}

#[test]
fn every_caller_gets_through_from_invite_to_bye() {
    for (who, text) in ALL {
        let mut door = Door::from("192.0.2.10:33455");
        assert_eq!(door.feed(&sealed(text)), [100], "{who}");
        assert_eq!(door.feed(&sealed(text)), [100], "{who}: repeated");
        let dialog = door.call();
        let number = request(text).cseq().expect("CSeq").number;
        let tag = door.answer();
        assert!(door.feed(&later(text, "ACK", number, &tag)).is_empty(), "{who}");
        assert_eq!(door.feed(&later(text, "BYE", number + 1, &tag)), [200], "{who}");
        let expected = [
            Event::Confirmed { dialog, sdp: None },
            Event::Ended {
                dialog,
                cause: EndCause::RemoteBye,
            },
        ];
        assert_eq!(door.events[1..], expected, "{who}");
        assert_eq!(door.endpoint.counters().malformed, 0, "{who}");
    }
}

#[test]
fn a_message_printed_again_says_the_same() {
    for (who, text) in ALL {
        let message = parse(&sealed(text)).unwrap_or_else(|why| panic!("{who}: {why}"));
        let again = parse(&message.to_bytes()).unwrap_or_else(|why| panic!("{who}: {why}"));
        let (Message::Request(message), Message::Request(again)) = (message, again) else {
            panic!("{who}")
        };
        let fields = |request: &Request| -> Vec<(String, Vec<u8>)> {
            let pairs = request
                .headers
                .iter()
                .map(|field| (field.name.to_owned(), field.value.to_vec()));
            pairs
                .filter(|(name, _)| !name.eq_ignore_ascii_case("Content-Length"))
                .collect()
        };
        assert_eq!(fields(&message), fields(&again), "{who}");
        assert_eq!((message.uri, message.body), (again.uri, again.body), "{who}");
    }
}

#[test]
fn the_call_id_is_found_without_parsing() {
    for (who, text) in ALL {
        let parsed = request(text);
        assert_eq!(
            peek_call_id(&sealed(text)),
            parsed.call_id().map(str::as_bytes),
            "{who}"
        );
    }
}

#[test]
fn offers_are_answered_in_the_callers_own_terms() {
    let expected: [(&str, &str, Codec, Option<u8>, Direction); 5] = [
        (BARESIP, "192.0.2.10:10042", Codec::Pcmu, Some(101), Direction::SendRecv),
        (SIPP, "192.0.2.10:6000", Codec::Pcmu, None, Direction::SendRecv),
        (
            DESK_PHONE,
            "10.1.4.22:5004",
            Codec::Pcma,
            Some(101),
            Direction::SendRecv,
        ),
        (
            CARRIER,
            "203.0.113.30:20002",
            Codec::Pcma,
            Some(101),
            Direction::SendRecv,
        ),
        (
            VIDEO_PHONE_V6,
            "[2001:db8::10]:7078",
            Codec::Pcmu,
            Some(101),
            Direction::RecvOnly,
        ),
    ];
    for (text, remote, codec, events, direction) in expected {
        let invite = request(text);
        let (answer, agreed) = sdp::answer(invite.sdp().expect("an offer"), &local()).expect("a common codec");
        let remote: SocketAddr = remote.parse().expect("an address");
        assert_eq!(
            (
                agreed.remote,
                agreed.codec,
                agreed.telephone_event.map(|events| events.payload_type)
            ),
            (remote, codec, events),
            "{remote}"
        );
        assert_eq!(agreed.direction, direction, "{remote}");
        let offered = String::from_utf8_lossy(invite.sdp().expect("an offer"))
            .matches("m=")
            .count();
        assert_eq!(
            String::from_utf8_lossy(&answer).matches("m=").count(),
            offered,
            "{remote}: every line answered"
        );
    }
    assert_eq!(request(OLD_GATEWAY).sdp(), None);
}

#[test]
fn responses_find_their_way_to_each_caller() {
    let to = |text: &str, from: &str| {
        let mut door = Door::from(from);
        door.feed(&sealed(text));
        door.endpoint
            .provisional(door.now, door.call(), 180, None)
            .expect("ringing");
        door.drain()[0].to.to_string()
    };
    assert_eq!(
        to(DESK_PHONE, "203.0.113.77:61000"),
        "203.0.113.77:61000",
        "behind a translator, by rport"
    );
    assert_eq!(to(SIPP, "192.0.2.10:5061"), "192.0.2.10:5061");
    assert_eq!(
        to(SIPP, "192.0.2.10:9999"),
        "192.0.2.10:5061",
        "no rport: the port in Via"
    );
    assert_eq!(to(OLD_GATEWAY, "192.0.2.33:1719"), "192.0.2.33:5060", "no port at all");
    assert_eq!(
        to(CARRIER, "203.0.113.20:5060"),
        "203.0.113.20:5060",
        "the topmost Via counts"
    );
}

#[test]
fn the_carriers_routes_are_returned_and_followed() {
    let mut door = Door::from("203.0.113.20:5060");
    door.feed(&sealed(CARRIER));
    let dialog = door.call();
    door.endpoint
        .accept(door.now, dialog, crate::door::ANSWER.into())
        .expect("waiting");
    let answer = door.drain().remove(0);
    let Ok(Message::Response(response)) = parse(&answer.bytes) else {
        panic!("a 200")
    };
    let routes: Vec<&str> = response.header_values("Record-Route").collect();
    assert_eq!(
        routes,
        ["<sip:203.0.113.20;lr;ftag=gK04>", "<sip:203.0.113.21:5080;lr=on>"]
    );
    assert_eq!(response.headers.list("Via").count(), 2);
    let tag = response.to().expect("To").tag().expect("our tag").to_owned();
    door.feed(&later(CARRIER, "ACK", 441, &tag));
    door.endpoint.bye(door.now, dialog).expect("up");
    let bye = door.drain().remove(0);
    let Ok(Message::Request(request)) = parse(&bye.bytes) else {
        panic!("a BYE")
    };
    assert_eq!(bye.to.to_string(), "203.0.113.20:5060");
    assert_eq!(request.headers.list("Route").collect::<Vec<_>>(), routes);
    assert_eq!(request.uri.as_str(), "sip:+12015550123@203.0.113.21:5080");
    assert_eq!(
        request.to().expect("To").uri.as_str(),
        "tel:+12015550123;verstat=TN-Validation-Passed"
    );
}

#[test]
fn nothing_private_is_shown_by_debug() {
    for (who, text) in ALL {
        let mut door = Door::from("192.0.2.10:33455");
        door.feed(&sealed(text));
        let shown = format!("{:?} {:?}", door.events, request(text).from());
        for private in ["192.0.2", "5550", "alice", "bob", "Reception", "1234567"] {
            assert!(!shown.contains(private), "{who}: {shown}");
        }
    }
}
