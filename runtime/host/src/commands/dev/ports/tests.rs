//! Ports that are free, taken or nonsense.

use super::*;

/// A port somebody has, with its owner.
fn taken() -> (UdpSocket, u16) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = socket.local_addr().unwrap().port();
    (socket, port)
}

#[test]
fn a_usual_port_in_use_is_passed_over_and_named() {
    let (_owner, port) = taken();
    let choice = choose(Use::Sip, None, port).unwrap();
    assert!(choice.address.port() > port);
    assert_eq!(choice.instead_of, Some(port));
}

#[test]
fn an_explicit_port_in_use_is_an_error_that_names_the_option() {
    let (_owner, port) = taken();
    let asked = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let why = format!("{:#}", choose(Use::Sip, Some(asked), USUAL_SIP).unwrap_err());
    assert!(why.contains(&port.to_string()) && why.contains("--sip"), "{why}");
}

#[test]
fn port_zero_becomes_a_real_one() {
    let asked = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    assert_ne!(choose(Use::Http, Some(asked), USUAL_HTTP).unwrap().address.port(), 0);
}

#[test]
fn ranges_are_read_or_explained() {
    assert_eq!(parse_range("20000-20199"), Ok((20_000, 20_199)));
    for wrong in ["", "20000", "20000-", "a-b", "20001-20000", "0-9", "20000-70000"] {
        let why = parse_range(wrong).unwrap_err();
        assert!(why.contains("20000-20199"), "{wrong}: {why}");
    }
}
