//! Requests: the way there, and what stands in the message when it goes on.

use super::*;
use crate::tests::SDP;

fn routed(method: &str, branch: &str, to_tag: &str) -> String {
    let route = format!("Route: {}\r\n", border().path(device(phone())));
    from_a(method, branch, &route, to_tag, "")
}

fn pass_from_a(raw: &str) -> (Hop, String) {
    sent(border().pass(Arrival::Node(&node("a")), raw.as_bytes()))
}

fn who() -> Assertion {
    Assertion::new("acme", "alice", "call=anyone; from=\"7 %\"").expect("in bounds")
}

#[test]
fn an_invite_with_a_path_goes_over_the_flow_of_its_device() {
    for flow in [phone(), browser()] {
        let route = format!("Route: {}\r\n", border().path(device(flow)));
        let raw = from_a("INVITE", "1", &route, "", SDP);
        let (to, on) = pass_from_a(&raw);
        assert_eq!(to, Hop::Flow(flow));
        // Everything that is not the border's business is as it came.
        let ours: usize = on.find("Via: SIP/2.0/TLS 10.0.0.1").expect("the node's Via stays");
        let (start, rest) = raw.split_once("\r\n").expect("a start line");
        assert!(on.starts_with(&format!("{start}\r\nVia: SIP/2.0/")), "{on}");
        let expected = rest.replace(&route, "").replace("Max-Forwards: 70", "Max-Forwards: 69");
        assert_eq!(&on[ours..], expected);
    }
}

#[test]
fn both_sides_are_told_the_door_that_they_can_reach() {
    let (_, on) = pass_from_a(&routed("INVITE", "1", ""));
    let told = values(&on, "Record-Route");
    assert!(
        told[0].starts_with("<sip:pcb1.") && told[0].ends_with("@198.51.100.2:5060;lr>"),
        "{told:?}"
    );
    assert!(
        told[1].starts_with("<sip:pcb1.") && told[1].ends_with("@10.0.0.2:5071;transport=tls;lr;pc-lossy>"),
        "{told:?}"
    );
    let via = values(&on, "Via")[0];
    assert!(
        via.starts_with("SIP/2.0/UDP 198.51.100.2:5060;branch=z9hG4bKpcb1."),
        "{via}"
    );
    assert!(via.ends_with(";rport"), "{via}");

    let route = format!("Route: {}\r\n", border().path(device(browser())));
    let raw = from_a("INVITE", "1", &route, "", "").replace("INVITE sip:", "INVITE sips:");
    let (_, on) = pass_from_a(&raw);
    let told = values(&on, "Record-Route");
    assert!(
        told[0].starts_with("<sips:") && told[0].ends_with("@198.51.100.2:443;transport=ws;lr>"),
        "{told:?}"
    );
    assert!(
        told[1].starts_with("<sips:") && told[1].ends_with("@10.0.0.2:5071;lr>"),
        "{told:?}"
    );
    assert!(values(&on, "Via")[0].starts_with("SIP/2.0/WSS 198.51.100.2:443;"));
}

#[test]
fn inside_a_call_both_sides_come_through_and_nothing_is_told_again() {
    let (for_node, for_device) = routes_of_call(&border(), phone(), None);
    let (to, on) = pass_from_a(&from_a("BYE", "2", &for_node, ";tag=phone", ""));
    assert_eq!(to, Hop::Flow(phone()));
    assert!(
        values(&on, "Route").is_empty() && values(&on, "Record-Route").is_empty(),
        "{on}"
    );

    let raw = from_phone("INFO", "3", &for_device, ";tag=anchor", "Signal=5\r\n");
    let (to, on) = sent(border().pass(from_device(phone()), raw.as_bytes()));
    assert_eq!(to, Hop::Node(node("a")));
    assert!(
        values(&on, "Route").is_empty() && values(&on, "Record-Route").is_empty(),
        "{on}"
    );
    assert!(on.ends_with("\r\n\r\nSignal=5\r\n"));
    // NOTIFY can begin a dialog of its own.
    let raw = from_a("NOTIFY", "4", &for_node, ";tag=phone", "");
    assert_eq!(values(&pass_from_a(&raw).1, "Record-Route").len(), 2);
}

#[test]
fn what_is_beyond_the_device_stays_in_route() {
    let path = border().path(device(phone()));
    for lines in [
        format!("Route: {path}\r\nRoute: <sip:edge.example;lr>\r\n"),
        format!("Route: {path} ,  <sip:edge.example;lr>\r\n"),
        format!("Route: {path},\r\n <sip:edge.example;lr>\r\n"),
        format!("ROUTE :, {path} , ,<sip:edge.example;lr>\r\n"),
    ] {
        let (to, on) = pass_from_a(&from_a("INVITE", "1", &lines, "", ""));
        assert_eq!(to, Hop::Flow(phone()));
        assert_eq!(values(&on, "Route"), ["<sip:edge.example;lr>"], "{lines}");
    }
}

#[test]
fn a_request_its_repetition_its_cancel_and_its_ack_have_one_branch() {
    let of = |raw: &str| branch(values(&pass_from_a(raw).1, "Via")[0]).to_owned();
    let invite = of(&routed("INVITE", "1", ""));
    assert_eq!(invite, of(&routed("INVITE", "1", "")));
    assert_eq!(invite, of(&routed("CANCEL", "1", "")));
    assert_eq!(invite, of(&routed("ACK", "1", ";tag=phone")));
    assert_ne!(
        invite,
        of(&routed("INVITE", "2", "")),
        "another branch is another transaction"
    );
    assert_ne!(invite, of(&routed("ACK", "2", ";tag=phone")), "so is the ACK to a 2xx");
    let other = |from: &str, to: &str| of(&routed("INVITE", "1", "").replace(from, to));
    assert_ne!(
        invite,
        other("10.0.0.1:5071;branch", "10.0.0.3:5071;branch"),
        "another sender"
    );
    assert_ne!(invite, other("CSeq: 1", "CSeq: 2"));
    assert_ne!(invite, other("sip:phone@192.168.1.7", "sip:phone@192.168.1.8"));
}

#[test]
fn the_branch_of_an_rfc_2543_sender_is_made_of_its_whole_via() {
    let of = |branch: &str, method: &str| {
        let raw = routed(method, "x", "").replace(";branch=z9hG4bKx", branch);
        super::branch(values(&pass_from_a(&raw).1, "Via")[0]).to_owned()
    };
    assert_eq!(of("", "INVITE"), of("", "CANCEL"));
    assert_eq!(of(";branch=7", "INVITE"), of(";branch=7", "ACK"));
    assert_ne!(of(";branch=7", "INVITE"), of(";branch=8", "INVITE"));
}

#[test]
fn hops_are_counted_and_end() {
    let with = |line: &str| routed("INVITE", "1", "").replace("Max-Forwards: 70\r\n", line);
    let hops = |line: &str| values(&pass_from_a(&with(line)).1, "Max-Forwards").join(",");
    assert_eq!(hops("Max-Forwards: 1\r\n"), "0");
    assert_eq!(hops("max-forwards :  070 \r\n"), "69");
    assert_eq!(hops(""), "70", "RFC 3261 16.6");
    let (why, answer) = refused(border().pass(Arrival::Node(&node("a")), with("Max-Forwards: 0\r\n").as_bytes()));
    assert_eq!(why, NotPassed::TooManyHops);
    assert!(answer.starts_with("SIP/2.0 483 "), "{answer}");
    let ack = routed("ACK", "1", ";tag=x").replace("Max-Forwards: 70", "Max-Forwards: 0");
    assert_eq!(
        dropped(border().pass(Arrival::Node(&node("a")), ack.as_bytes())),
        NotPassed::TooManyHops
    );

    let vias = "Via: SIP/2.0/UDP h;branch=z9hG4bK9\r\n".repeat(VIAS);
    let raw = routed("INVITE", "1", "").replace("Max-Forwards", &format!("{vias}Max-Forwards"));
    assert_eq!(
        refused(border().pass(Arrival::Node(&node("a")), raw.as_bytes())).0,
        NotPassed::TooManyHops
    );
}

#[test]
fn what_comes_round_is_a_loop_and_what_comes_by_with_another_aim_is_not() {
    let (_, on) = pass_from_a(&routed("INVITE", "1", ""));
    let our_via = values(&on, "Via")[0];
    let again = routed("INVITE", "9", "").replace("Max-Forwards", &format!("Via: {our_via}\r\nMax-Forwards"));
    let (why, answer) = refused(border().pass(Arrival::Node(&node("a")), again.as_bytes()));
    assert_eq!(why, NotPassed::Loop);
    assert!(answer.starts_with("SIP/2.0 482 "), "{answer}");
    let elsewhere = again.replace("sip:phone@192.168.1.7", "sip:other@192.168.1.7");
    assert_eq!(pass_from_a(&elsewhere).0, Hop::Flow(phone()));
    let route = format!("Route: {}\r\n", border().path(device(browser())));
    let via = format!("Via: {our_via}\r\n");
    let raw = from_a("INVITE", "9", &format!("{via}{route}"), "", "");
    assert_eq!(pass_from_a(&raw).0, Hop::Flow(browser()), "another device");
}

#[test]
fn what_proxies_are_asked_for_is_refused() {
    let raw = routed("INVITE", "1", "").replace("Max-Forwards", "Proxy-Require: sec-agree, x\r\nMax-Forwards");
    let (why, answer) = refused(border().pass(Arrival::Node(&node("a")), raw.as_bytes()));
    assert_eq!(
        (why, values(&answer, "Unsupported")),
        (NotPassed::Extension, vec!["sec-agree, x"])
    );
    let cancel = raw.replace("INVITE", "CANCEL");
    assert_eq!(pass_from_a(&cancel).0, Hop::Flow(phone()), "RFC 3261 8.2.2.3");
}

#[test]
fn a_message_that_would_grow_too_long_is_refused() {
    let mut config = config("b", "10.0.0.2:5071");
    let raw = routed("INVITE", "1", "");
    let grown = pass_from_a(&raw).1.len();
    for (limit, fits) in [(grown, true), (grown - 1, false)] {
        config.message_bytes = limit;
        let border = Border::new(config.clone()).expect("a good configuration");
        match border.pass(Arrival::Node(&node("a")), raw.as_bytes()) {
            Passed::Send { .. } => assert!(fits),
            other => {
                assert!(!fits);
                assert!(refused(other).1.starts_with("SIP/2.0 513 "));
            }
        }
    }
    config.message_bytes = raw.len() - 1;
    let border = Border::new(config).expect("a good configuration");
    assert_eq!(
        dropped(border.pass(Arrival::Node(&node("a")), raw.as_bytes())),
        NotPassed::TooLong
    );
}

#[test]
fn a_device_behind_a_translator_is_told_where_it_was_seen() {
    let (_, for_device) = routes_of_call(&border(), phone(), None);
    let raw = from_phone("BYE", "3", &for_device, ";tag=anchor", "").replace(";rport", ";received=203.0.113.66;rport");
    let (_, on) = sent(border().pass(from_device(phone()), raw.as_bytes()));
    let expected = "SIP/2.0/UDP 192.168.1.7:5062;branch=z9hG4bK3;rport=5062;received=192.0.2.1";
    assert_eq!(values(&on, "Via")[1], expected);
}

#[test]
fn a_call_that_a_device_begins_goes_to_its_anchor_with_who_it_is() {
    let forged = "p-patchcord-ORIGIN : region=eu1;tenant=other;identity=root\r\n";
    let raw = from_phone("INVITE", "1", forged, "", SDP);
    let (clean, asserted) = ours(border().pass(from_device(phone()), raw.as_bytes()));
    assert_eq!((clean.as_str(), asserted), (raw.replace(forged, "").as_str(), None));
    let (to, on) = sent(border().begin(device(phone()), raw.as_bytes(), &node("a"), &who()));
    assert_eq!(to, Hop::Node(node("a")));
    assert_eq!(values(&on, ORIGIN_HEADER).len(), 1);
    let told = values(&on, "Record-Route");
    assert!(
        told[0].ends_with("@10.0.0.2:5071;transport=tls;lr;pc-lossy>") && told[1].ends_with("@198.51.100.2:5060;lr>")
    );
    assert!(values(&on, "Via")[0].starts_with("SIP/2.0/TLS 10.0.0.2:5071;branch=z9hG4bKpcb1."));

    // At the anchor: a border as well, which takes it as its own.
    let anchor = Border::new(config("a", "10.0.0.1:5071")).expect("a good configuration");
    let (got, asserted) = ours(anchor.pass(Arrival::Node(&node("b")), on.as_bytes()));
    let asserted = asserted.expect("a node says who it is");
    assert_eq!((asserted.node.as_str(), asserted.region.as_str()), ("b", "us1"));
    assert_eq!(asserted.who, who());
    assert!(values(&got, ORIGIN_HEADER).is_empty() && got.ends_with(SDP));

    // The anchor's requests in the call: the caller's route set is as it stands.
    let routes = format!("Route: {}, {}\r\n", told[0], told[1]);
    assert_eq!(
        pass_from_a(&from_a("BYE", "2", &routes, ";tag=phone", "")).0,
        Hop::Flow(phone())
    );
    let routes = format!("Route: {}, {}\r\n", told[1], told[0]);
    let bye = from_phone("BYE", "2", &routes, ";tag=anchor", "");
    assert_eq!(
        sent(border().pass(from_device(phone()), bye.as_bytes())).0,
        Hop::Node(node("a"))
    );
}

#[test]
fn what_belongs_to_a_new_request_goes_its_way_under_its_branch() {
    let of = |method: &str, to_tag: &str| {
        let raw = from_phone(method, "1", "", to_tag, "");
        let (to, on) = sent(border().begin(device(phone()), raw.as_bytes(), &node("a"), &who()));
        assert_eq!(to, Hop::Node(node("a")));
        branch(values(&on, "Via")[0]).to_owned()
    };
    let invite = of("INVITE", "");
    assert_eq!((&of("CANCEL", ""), &of("ACK", ";tag=anchor")), (&invite, &invite));
    let begin = |raw: String| refused(border().begin(device(phone()), raw.as_bytes(), &node("a"), &who())).0;
    assert_eq!(begin(from_phone("BYE", "1", "", ";tag=x", "")), NotPassed::NoToken);
    let (_, for_device) = routes_of_call(&border(), phone(), None);
    assert_eq!(
        begin(from_phone("INVITE", "1", &for_device, "", "")),
        NotPassed::StrayToken
    );
    let response = "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h\r\nFrom: <sip:a@h>\r\nTo: <sip:b@h>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n\r\n";
    let passed = border().begin(device(phone()), response.as_bytes(), &node("a"), &who());
    assert_eq!(dropped(passed), NotPassed::NotARequest);
}

#[test]
fn who_begins_a_call_is_told_to_nodes_only() {
    let line = format!("{ORIGIN_HEADER}: region=eu1;tenant=acme;identity=alice\r\n");
    let (for_node, _) = routes_of_call(&border(), phone(), None);
    let raw = from_a("INFO", "5", &format!("{line}{for_node}"), ";tag=phone", "");
    assert!(values(&pass_from_a(&raw).1, ORIGIN_HEADER).is_empty());
    let raw = from_a("INVITE", "5", &line, "", "");
    assert_eq!(
        ours(border().pass(Arrival::Node(&node("a")), raw.as_bytes()))
            .1
            .expect("said")
            .who
            .identity(),
        "alice"
    );
    for bad in [
        format!("{line}{line}"),
        line.replace("identity=alice", "identity="),
        line.replace("region=eu1;", ""),
        line.replace("alice", "%4"),
        line.replace("alice", &"a".repeat(IDENTITY_BYTES + 1)),
        line.replace("alice", "a;identity=b"),
    ] {
        let raw = from_a("INVITE", "5", &bad, "", "");
        let (why, answer) = refused(border().pass(Arrival::Node(&node("a")), raw.as_bytes()));
        assert!(matches!(why, NotPassed::Assertion(_)), "{bad}: {why}");
        assert!(answer.starts_with("SIP/2.0 400 "));
    }
}

#[test]
fn what_has_nothing_to_do_with_the_border_is_left_alone() {
    for raw in [
        from_phone("INVITE", "1", "Route: <sip:198.51.100.2;lr>\r\n", "", SDP),
        "\r\n\r\n".to_owned(),
        "not SIP at all".to_owned(),
        from_phone("REGISTER", "1", "", "", "").replace("\r\n", "\n"),
    ] {
        for from in [from_device(phone()), Arrival::Node(&node("a"))] {
            assert_eq!(
                border().pass(from, raw.as_bytes()),
                Passed::Ours {
                    bytes: Cow::Borrowed(raw.as_bytes()),
                    asserted: None
                }
            );
        }
    }
}

#[test]
fn a_refusal_is_an_answer_to_its_request_and_always_the_same() {
    let raw = from_phone("BYE", "3", "Route: <sip:pcb1.AAAA@198.51.100.2;lr>\r\n", "", "");
    let (why, answer) = refused(border().pass(from_device(phone()), raw.as_bytes()));
    assert_eq!(why, NotPassed::ForgedToken);
    let parsed = match crate::parse(answer.as_bytes()) {
        Ok(Message::Response(response)) => response,
        other => panic!("{other:?}"),
    };
    assert_eq!((parsed.status, parsed.call_id()), (403, Some("call-1")));
    assert!(parsed.tag_of_to().is_some());
    assert_eq!(
        values(&answer, "Via"),
        ["SIP/2.0/UDP 192.168.1.7:5062;branch=z9hG4bK3;rport=5062;received=192.0.2.1"]
    );
    assert_eq!(refused(border().pass(from_device(phone()), raw.as_bytes())).1, answer);
}

#[test]
fn who_cannot_be_reached_is_told_of() {
    let a = node("a");
    let invite = routed("INVITE", "1", "");
    let gone = border().unreachable(Arrival::Node(&a), invite.as_bytes());
    assert!(refused(gone).1.starts_with("SIP/2.0 430 Flow Failed\r\n"));
    let invite = from_phone("INVITE", "1", "", "", "");
    let gone = border().unreachable(from_device(phone()), invite.as_bytes());
    assert!(refused(gone).1.starts_with("SIP/2.0 503 "));
    let ack = routed("ACK", "1", ";tag=x");
    assert_eq!(
        dropped(border().unreachable(Arrival::Node(&a), ack.as_bytes())),
        NotPassed::FlowGone
    );
}
