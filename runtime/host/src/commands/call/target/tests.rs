//! Whom the test phone can call, and what it says of addresses it cannot.

use super::*;

#[test]
fn an_address_leads_to_its_host_and_port() {
    let target = find("sip:menu@127.0.0.1:5070").unwrap();
    assert_eq!(target.uri.user(), Some("menu"));
    assert_eq!(target.destination, "127.0.0.1:5070".parse().unwrap());
    assert_eq!(target.local, IpAddr::V4(Ipv4Addr::LOCALHOST));
}

#[test]
fn without_a_port_it_is_the_one_of_sip() {
    assert_eq!(find("sip:menu@127.0.0.1").unwrap().destination.port(), SIP_PORT);
}

#[test]
fn a_name_is_resolved_by_the_machine() {
    let target = find("sip:menu@localhost:5070").unwrap();
    assert!(target.destination.ip().is_loopback(), "{}", target.destination);
}

#[test]
fn what_cannot_be_called_is_said_with_what_would_be_right() {
    let cases = [
        ("menu", "is no SIP address"),
        ("sips:menu@127.0.0.1", "use sip: instead of sips:"),
        ("tel:+15550100", "does not say where to call"),
        ("urn:service:sos", "does not say where to call"),
        ("sip:menu@127.0.0.1:0", "port 0"),
        ("sip:menu@no-such-host.invalid", "knows no host"),
    ];
    for (text, expected) in cases {
        let why = format!("{:#}", find(text).unwrap_err());
        assert!(why.contains(expected), "{text}: {why}");
    }
}
