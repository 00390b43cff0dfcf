//! Reading Via, and what goes back in a response.

use super::*;

fn source() -> SocketAddr {
    "203.0.113.9:1024".parse().expect("an address")
}

fn stamped(value: &str) -> String {
    let mut out = String::new();
    stamp(value, source(), &mut out);
    out
}

#[test]
fn reads_spaced_and_bracketed_forms() {
    let via = Via::parse(" SIP  / 2.0\t/ UDP   192.0.2.2 : 5061 ; branch = z9hG4bK390skdjuw ; rport, SIP/2.0/TCP x")
        .expect("a Via");
    assert_eq!(
        (via.transport.trim(), via.host, via.port),
        ("UDP", "192.0.2.2", Some(5061))
    );
    assert_eq!((via.branch(), via.param("rport")), (Some("z9hG4bK390skdjuw"), Some("")));
    let six =
        Via::parse("SIP/2.0/UDP [2001:db8::9:255];received=[2001:db8::9:255];branch=z9hG4bKas3-111").expect("a Via");
    assert_eq!((six.host, six.port), ("[2001:db8::9:255]", None));
}

#[test]
fn another_version_can_still_be_answered() {
    let via = Via::parse("SIP/7.0/UDP c.example.com;branch=z9hG4bKkdjuw").expect("a Via");
    assert_eq!((via.transport, via.host), ("UDP", "c.example.com"));
}

#[test]
fn refuses_what_no_response_could_follow() {
    for text in [
        "",
        "SIP/2.0/UDP",
        "SIP/x/UDP 192.0.2.2",
        "SIP/2/UDP 192.0.2.2",
        "SIP/2.0.1/UDP 192.0.2.2",
        "HTTP/2.0/UDP h",
        "SIP/2.0/UDP h:99999",
        "SIP/2.0/UDP h h",
        "SIP/2.0/UDP ;branch=1",
    ] {
        assert!(Via::parse(text).is_err(), "{text}");
    }
}

#[test]
fn a_response_goes_to_the_source_and_to_the_asked_port() {
    let with = Via::parse("SIP/2.0/UDP 192.0.2.2:5070;rport;branch=z9hG4bKa;maddr=224.0.0.1").expect("a Via");
    assert_eq!(with.response_address(source()), source());
    let without = Via::parse("SIP/2.0/UDP 192.0.2.2:5070;branch=z9hG4bKa").expect("a Via");
    assert_eq!(without.response_address(source()).to_string(), "203.0.113.9:5070");
    let portless = Via::parse("SIP/2.0/UDP host.example;branch=z9hG4bKa").expect("a Via");
    assert_eq!(portless.response_address(source()).to_string(), "203.0.113.9:5060");
    assert!(with.is_translated(source()) && !portless.is_translated(source()));
}

#[test]
fn stamps_received_and_rport_on_the_first_value_only() {
    assert_eq!(
        stamped("SIP/2.0/UDP 10.0.0.1;rport;branch=z9hG4bKa, SIP/2.0/UDP 10.0.0.2;rport"),
        "SIP/2.0/UDP 10.0.0.1;rport=1024;branch=z9hG4bKa;received=203.0.113.9, SIP/2.0/UDP 10.0.0.2;rport"
    );
    assert_eq!(
        stamped("SIP/2.0/UDP 203.0.113.9:9;branch=x"),
        "SIP/2.0/UDP 203.0.113.9:9;branch=x"
    );
    assert_eq!(
        stamped("SIP/2.0/UDP h;received=192.0.2.66;branch=x"),
        "SIP/2.0/UDP h;branch=x;received=203.0.113.9"
    );
}
