//! Whoever means harm: tokens of others and of nobody, headers that are ours to write, and any bytes at all.

use super::*;
use crate::stream::{Framed, Framer};
use crate::tests::{Dice, SDP, fuzz_rounds};

fn pass_from_phone(raw: &str) -> NotPassed {
    refused(border().pass(from_device(phone()), raw.as_bytes())).0
}

#[test]
fn a_device_may_show_its_own_token_only() {
    let (_, for_device) = routes_of_call(&border(), phone(), None);
    let bye = from_phone("BYE", "3", &for_device, ";tag=anchor", "");
    let from = |flow| border().pass(from_device(flow), bye.as_bytes());
    assert_eq!(sent(from(phone())).0, Hop::Node(node("a")));
    for other in [
        browser(),
        Flow::udp(address("192.0.2.1:5063")),
        Flow::udp(address("192.0.2.2:5062")),
        Flow {
            connection: Some(ConnectionId(1)),
            ..phone()
        },
    ] {
        let (why, answer) = refused(from(other));
        assert_eq!(why, NotPassed::NotItsToken);
        assert!(answer.starts_with("SIP/2.0 403 "));
    }
    // Without the second token nothing tells whose it is.
    let alone: String = for_device.split_inclusive("\r\n").take(1).collect();
    let bye = from_phone("BYE", "3", &alone, ";tag=anchor", "");
    assert_eq!(pass_from_phone(&bye), NotPassed::NotItsToken);
}

#[test]
fn an_owner_goes_on_with_its_calls_over_another_flow() {
    let (_, for_device) = routes_of_call(&border(), browser(), Some("acme/alice"));
    let bye = from_phone("BYE", "3", &for_device, ";tag=anchor", "");
    let over = Flow {
        connection: Some(ConnectionId(78)),
        ..browser()
    };
    let from = |owner| border().pass(Arrival::Device(Device { flow: over, owner }), bye.as_bytes());
    assert_eq!(sent(from(Some("acme/alice"))).0, Hop::Node(node("a")));
    assert_eq!(refused(from(Some("acme/bob"))).0, NotPassed::NotItsToken);
    assert_eq!(refused(from(None)).0, NotPassed::NotItsToken);
}

#[test]
fn a_token_of_a_call_begins_none() {
    let (_, for_device) = routes_of_call(&border(), phone(), None);
    for method in ["INVITE", "MESSAGE", "REGISTER", "CANCEL"] {
        let raw = from_phone(method, "3", &for_device, "", "");
        assert_eq!(pass_from_phone(&raw), NotPassed::OutsideDialog);
    }
    let other_call = from_phone("BYE", "3", &for_device, ";tag=anchor", "").replace("call-1", "call-2");
    assert_eq!(pass_from_phone(&other_call), NotPassed::ForgedToken);
}

#[test]
fn no_token_leads_to_its_own_side_or_stands_elsewhere() {
    let (for_node, for_device) = routes_of_call(&border(), phone(), None);
    assert_eq!(
        pass_from_phone(&from_phone("BYE", "3", &for_node, ";tag=x", "")),
        NotPassed::WrongSide
    );
    let path = format!("Route: {}\r\n", border().path(device(browser())));
    assert_eq!(
        pass_from_phone(&from_phone("INVITE", "3", &path, "", "")),
        NotPassed::WrongSide
    );
    let third = format!("{for_device}{path}");
    assert_eq!(
        pass_from_phone(&from_phone("BYE", "3", &third, ";tag=x", "")),
        NotPassed::StrayToken
    );
    let behind = format!("Route: <sip:198.51.100.2;lr>\r\n{path}");
    assert_eq!(
        pass_from_phone(&from_phone("INVITE", "3", &behind, "", "")),
        NotPassed::StrayToken
    );
    let from_node = |lines: &str| {
        let raw = from_a("BYE", "3", lines, ";tag=x", "");
        refused(border().pass(Arrival::Node(&node("a")), raw.as_bytes())).0
    };
    assert_eq!(from_node(&for_device), NotPassed::WrongSide);
    assert_eq!(from_node(&format!("{path}{path}")), NotPassed::StrayToken);
    // A token of another border.
    let other = Border::new(config("c", "10.0.0.3:5071")).expect("a good configuration");
    let foreign = format!("Route: {}\r\n", other.path(device(phone())));
    assert_eq!(from_node(&foreign), NotPassed::ForgedToken);
    let mut secret = config("b", "10.0.0.2:5071");
    secret.secret = [8; 32];
    let restarted = Border::new(secret).expect("a good configuration");
    assert_eq!(
        from_node(&format!("Route: {}\r\n", restarted.path(device(phone())))),
        NotPassed::ForgedToken
    );
}

#[test]
fn our_header_is_taken_out_however_it_is_written() {
    for line in [
        "P-Patchcord-Origin: region=eu1;tenant=a;identity=b\r\n",
        "p-PATCHCORD-origin\t:region=eu1\r\n",
        "P-Patchcord-Origin:\r\n region=eu1;tenant=a;\r\n\tidentity=b\r\n",
        "P-Patchcord-Origin: \u{e9}\r\nP-Patchcord-Origin: x\r\n",
    ] {
        for raw in [
            from_phone("INVITE", "1", line, "", SDP),
            from_phone("INVITE", "1", line, "", "").replace("\r\n", "\n"),
        ] {
            let (clean, asserted) = ours(border().pass(from_device(phone()), raw.as_bytes()));
            assert!(asserted.is_none());
            assert!(!clean.to_ascii_lowercase().contains("origin"), "{clean}");
        }
    }
    // A message that cannot be read cannot be cleaned.
    let raw = from_phone("INVITE", "1", "P-Patchcord-Origin: x\r\nnot a line\r\n", "", "");
    let why = dropped(border().pass(from_device(phone()), raw.as_bytes()));
    assert!(matches!(why, NotPassed::Malformed(_)));
}

#[test]
fn nothing_hides_behind_a_message_that_goes_to_a_node() {
    let hidden = from_phone(
        "INVITE",
        "9",
        "P-Patchcord-Origin: region=eu1;tenant=a;identity=root\r\n",
        "",
        "",
    );
    let (_, for_device) = routes_of_call(&border(), phone(), None);
    let honest = from_phone("INFO", "3", &for_device, ";tag=anchor", "");
    for raw in [
        format!("{honest}{hidden}"),
        honest.replace("Content-Length: 0\r\n", "Content-Length: 0\n"),
        honest.replace("Content-Length: 0\r\n", ""),
        honest.replace("Content-Length: 0\r\n\r\n", &format!("l: 0\r\n\n{hidden}")),
    ] {
        let (to, on) = sent(border().pass(from_device(phone()), raw.as_bytes()));
        assert_eq!(to, Hop::Node(node("a")));
        let mut framer = Framer::new(MESSAGE_BYTES);
        framer.push(on.as_bytes());
        assert_eq!(framer.next(), Some(Ok(Framed::Message(on.into_bytes()))), "{raw}");
        assert_eq!((framer.next(), framer.pending()), (None, 0));
    }
}

/// What a fuzzed message may be made of: whole messages with good tokens, and the pieces that matter.
struct Pieces {
    whole: Vec<Vec<u8>>,
    bits: Vec<Vec<u8>>,
}

fn pieces(border: &Border) -> Pieces {
    let (for_node, for_device) = routes_of_call(border, phone(), None);
    let (_, for_browser) = routes_of_call(border, browser(), Some("acme/alice"));
    let path = format!("Route: {}\r\n", border.path(device(phone())));
    let other = Border::new(config("c", "10.0.0.3:5071")).expect("a good configuration");
    let foreign = format!("Route: {}\r\n", other.path(device(phone())));
    let invite = from_a("INVITE", "first", &path, "", SDP);
    let (_, rung) = sent(border.pass(Arrival::Node(&node("a")), invite.as_bytes()));
    let ringing = rung
        .replacen("INVITE sip:phone@192.168.1.7:5062 SIP/2.0", "SIP/2.0 180 Ringing", 1)
        .replace("From:", "P-Patchcord-Origin: x\r\nFrom:");
    let whole = vec![
        invite,
        rung,
        ringing,
        from_a("BYE", "2", &for_node, ";tag=phone", ""),
        from_phone("BYE", "3", &for_device, ";tag=anchor", ""),
        from_phone("INFO", "4", &for_browser, ";tag=anchor", "Signal=1\r\n"),
        from_phone(
            "INVITE",
            "5",
            "P-Patchcord-Origin: region=eu1;tenant=a;identity=b\r\n",
            "",
            SDP,
        ),
        from_a("INVITE", "6", &foreign, "", ""),
    ];
    let bits = [for_node, for_device, for_browser, path, foreign];
    let bits = bits.into_iter().chain(
        [
            "\r\n", "\n", "\r", "\r\n ", ",", ";", "<", ">", "\"", "\\", ":", "@", "pcb1.", "z9hG4bK", "Via: ", "v:",
            "l: 3\r\n", "\0", "\u{e9}",
        ]
        .map(str::to_owned),
    );
    Pieces {
        whole: whole.into_iter().map(String::into_bytes).collect(),
        bits: bits.map(String::into_bytes).collect(),
    }
}

fn mutated(dice: &mut Dice, pieces: &Pieces) -> Vec<u8> {
    let mut bytes = pieces.whole[dice.below(pieces.whole.len() as u64) as usize].clone();
    for _ in 0..dice.below(6) {
        let at = dice.below(bytes.len() as u64 + 1) as usize;
        let end = (at + dice.below(40) as usize).min(bytes.len());
        match dice.below(5) {
            0 => drop(bytes.drain(at..end)),
            1 => {
                let bit = &pieces.bits[dice.below(pieces.bits.len() as u64) as usize];
                bytes.splice(at..at, bit.iter().copied());
            }
            2 if at < bytes.len() => bytes[at] = dice.roll() as u8,
            3 => {
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
            _ => {
                // A part of another message.
                let other = &pieces.whole[dice.below(pieces.whole.len() as u64) as usize];
                let from = dice.below(other.len() as u64) as usize;
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
        }
    }
    bytes
}

/// Whatever comes, it goes nowhere that no token names; what goes on can be read, and is one message on a stream.
fn check(border: &Border, from: Arrival<'_>, bytes: &[u8]) -> bool {
    let is_from_node = matches!(from, Arrival::Node(_));
    match border.pass(from, bytes) {
        Passed::Send { to, bytes: on } => {
            match &to {
                Hop::Node(name) => assert!(!is_from_node && name.as_str() == "a", "{to:?}"),
                Hop::Flow(flow) => assert!(is_from_node && [phone(), browser()].contains(flow), "{to:?}"),
            }
            let message = crate::parse(&on).expect("what goes on can be read");
            let headers = match &message {
                Message::Request(request) => &request.headers,
                Message::Response(response) => &response.headers,
            };
            assert_eq!(headers.raw(ORIGIN_HEADER).count(), 0);
            let mut framer = Framer::new(2 * MESSAGE_BYTES);
            framer.push(&on);
            assert_eq!(framer.next(), Some(Ok(Framed::Message(on))));
            assert_eq!((framer.next(), framer.pending()), (None, 0));
            true
        }
        Passed::Ours { bytes, asserted } => {
            assert!(is_from_node || asserted.is_none());
            assert!(!has_origin_line(&bytes) || crate::parse(&bytes).is_ok_and(|_| !in_head(&bytes)));
            false
        }
        Passed::Refuse { bytes, .. } => {
            let answer = crate::parse::read(&bytes).expect("what we answer can be read").0;
            assert!(matches!(answer, Message::Response(_)));
            false
        }
        Passed::Drop(_) => false,
    }
}

/// Whether the private header stands in the head; in a body it is anybody's text.
fn in_head(bytes: &[u8]) -> bool {
    match crate::parse(bytes) {
        Ok(Message::Request(request)) => request.headers.raw(ORIGIN_HEADER).next().is_some(),
        Ok(Message::Response(response)) => response.headers.raw(ORIGIN_HEADER).next().is_some(),
        Err(_) => false,
    }
}

#[test]
fn fuzz_whatever_comes_goes_nowhere_that_no_token_names() {
    let border = border();
    let pieces = pieces(&border);
    let a = node("a");
    let mut passed = 0;
    for seed in fuzz_rounds(20_000) {
        let mut dice = Dice::new(seed);
        let bytes = match dice.below(10) {
            0 => (0..dice.below(400)).map(|_| dice.roll() as u8).collect(),
            _ => mutated(&mut dice, &pieces),
        };
        let owner = (dice.below(2) == 0).then_some("acme/alice");
        let flow = [phone(), browser(), Flow::udp(address("203.0.113.5:5060"))][dice.below(3) as usize];
        for from in [Arrival::Node(&a), Arrival::Device(Device { flow, owner })] {
            passed += u32::from(check(&border, from, &bytes));
        }
        let who = Assertion::new("acme", "alice", "").expect("in bounds");
        if let Passed::Send { to, bytes } = border.begin(Device { flow, owner }, &bytes, &a, &who) {
            assert_eq!(to, Hop::Node(node("a")));
            let mut framer = Framer::new(2 * MESSAGE_BYTES);
            framer.push(&bytes);
            assert_eq!(framer.next(), Some(Ok(Framed::Message(bytes))));
            assert_eq!((framer.next(), framer.pending()), (None, 0));
        }
        drop(border.unreachable(Arrival::Node(&a), &bytes));
    }
    assert!(passed > 1_000, "the fuzzer reaches what it is for: {passed}");
}

#[test]
fn every_reason_has_a_word_of_its_own() {
    let reasons = [
        NotPassed::Malformed(crate::Fault::Version),
        NotPassed::TooLong,
        NotPassed::ForgedToken,
        NotPassed::WrongSide,
        NotPassed::NotItsToken,
        NotPassed::StrayToken,
        NotPassed::OutsideDialog,
        NotPassed::NoToken,
        NotPassed::TooManyHops,
        NotPassed::Loop,
        NotPassed::Extension,
        NotPassed::FlowGone,
        NotPassed::NodeGone,
        NotPassed::Assertion(AssertionError::Missing("tenant")),
        NotPassed::ForgedBranch,
        NotPassed::NoWayBack,
        NotPassed::NotARequest,
    ];
    let kinds: Vec<_> = reasons.iter().map(|why| why.kind()).collect();
    assert_eq!(kinds, (0..NotPassed::KINDS.len()).collect::<Vec<_>>());
}
