//! Responses: back the way their request came, and no other.

use super::*;
use crate::tests::SDP;

/// The device's answer to a request that reached it.
fn answer(request: &str, status: u16, body: &str) -> String {
    let lines = |name: &str| {
        let lines = values(request, name).into_iter();
        lines.map(|value| format!("{name}: {value}\r\n")).collect::<String>()
    };
    let copied: String = ["Via", "Record-Route", "From", "To", "Call-ID", "CSeq"]
        .map(lines)
        .concat();
    format!(
        "SIP/2.0 {status} X\r\n{copied}Contact: <sip:x@h>\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn rung(border: &Border) -> String {
    let route = format!("Route: {}\r\n", border.path(device(phone())));
    let invite = from_a("INVITE", "1", &route, "", "");
    sent(border.pass(Arrival::Node(&node("a")), invite.as_bytes())).1
}

#[test]
fn every_response_goes_back_to_the_node_that_asked_without_our_via() {
    let rung = rung(&border());
    for status in [100, 180, 200, 302, 486, 603] {
        let raw = answer(&rung, status, SDP);
        let (to, back) = sent(border().pass(from_device(phone()), raw.as_bytes()));
        assert_eq!(to, Hop::Node(node("a")));
        let (first, rest) = raw.split_once("\r\n").expect("a status line");
        let (_, rest) = rest.split_once("\r\n").expect("our Via");
        assert_eq!(back, format!("{first}\r\n{rest}"));
    }
}

#[test]
fn a_response_to_a_device_goes_over_the_flow_that_its_request_came_by() {
    let who = Assertion::new("acme", "alice", "").expect("in bounds");
    for (flow, rport, expected) in [
        (phone(), ";rport", phone()),
        (browser(), ";rport", browser()),
        // RFC 3261 18.2.2: to the port in Via.
        (Flow::udp(address("192.0.2.1:9999")), "", phone()),
    ] {
        let raw = from_phone("INVITE", "1", "", "", "").replace(";rport", rport);
        let (_, on) = sent(border().begin(device(flow), raw.as_bytes(), &node("a"), &who));
        let raw = answer(&on, 180, "").replace("Contact", "P-Patchcord-Origin: region=eu1\r\nContact");
        let (to, back) = sent(border().pass(Arrival::Node(&node("a")), raw.as_bytes()));
        assert_eq!(to, Hop::Flow(expected));
        assert_eq!(values(&back, "Via").len(), 1);
        assert!(values(&back, ORIGIN_HEADER).is_empty());
    }
}

#[test]
fn however_the_vias_are_written_only_ours_goes() {
    let rung = rung(&border());
    let ours = values(&rung, "Via")[0];
    let theirs = values(&rung, "Via")[1];
    let two_lines = format!("Via: {ours}\r\nVia: {theirs}\r\n");
    let raw = answer(&rung, 180, "");
    assert!(raw.contains(&two_lines));
    for (lines, left) in [
        (format!("Via: {ours}, {theirs}\r\n"), format!("Via: {theirs}\r\n")),
        (format!("v:{ours},{theirs}\r\n"), format!("v:{theirs}\r\n")),
        (
            format!("VIA : {ours} ,\r\n\t{theirs}\r\n"),
            format!("VIA : {theirs}\r\n"),
        ),
        (
            format!("v: {ours};received=198.51.100.2;rport=5060\r\nVia: {theirs}\r\n"),
            format!("Via: {theirs}\r\n"),
        ),
        (
            format!("Via:\r\n {}\r\nv: {theirs}\r\n", ours.replace(";branch", " ; branch")),
            format!("v: {theirs}\r\n"),
        ),
    ] {
        let raw = raw.replace(&two_lines, &lines);
        let (to, back) = sent(border().pass(from_device(phone()), raw.as_bytes()));
        assert_eq!(to, Hop::Node(node("a")), "{lines}");
        assert_eq!(back, raw.replace(&lines, &left));
    }
}

#[test]
fn a_response_that_is_not_under_a_branch_of_ours_goes_nowhere() {
    let raw = answer(&rung(&border()), 200, "");
    let pass = |from: Arrival<'_>, raw: &str| dropped(border().pass(from, raw.as_bytes()));
    let forged = raw.replacen("pcb1.", "pcb1.A", 1);
    assert_eq!(pass(from_device(phone()), &forged), NotPassed::ForgedBranch);
    let other_call = raw.replace("call-1", "call-2");
    assert_eq!(pass(from_device(phone()), &other_call), NotPassed::ForgedBranch);
    assert_eq!(pass(Arrival::Node(&node("a")), &raw), NotPassed::WrongSide);
    let theirs = format!("Via: {}\r\n", values(&raw, "Via")[1]);
    assert_eq!(
        pass(from_device(phone()), &raw.replace(&theirs, "")),
        NotPassed::NoWayBack
    );
    // A Route's token is no Via's.
    let told = values(&raw, "Record-Route")[0];
    let token = &told["<sip:".len()..told.find('@').expect("a user part")];
    let misused = raw.replacen(&branch(values(&raw, "Via")[0])["z9hG4bK".len()..], token, 1);
    assert_eq!(pass(from_device(phone()), &misused), NotPassed::ForgedBranch);
    // Nothing of it is ours to pass on: this node's own requests look so.
    let own = raw.replacen("z9hG4bKpcb1.", "z9hG4bK", 1);
    assert_eq!(ours(border().pass(from_device(phone()), own.as_bytes())), (own, None));
}

#[test]
fn a_response_that_is_too_long_is_dropped() {
    let rung = rung(&border());
    let raw = answer(&rung, 200, &"x".repeat(2_000));
    let config = BorderConfig {
        message_bytes: 1_500,
        ..config("b", "10.0.0.2:5071")
    };
    let border = Border::new(config).expect("a good configuration");
    assert_eq!(
        dropped(border.pass(from_device(phone()), raw.as_bytes())),
        NotPassed::TooLong
    );
}
