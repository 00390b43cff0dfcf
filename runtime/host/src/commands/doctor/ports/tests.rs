//! What is said of ports that cannot be had.

use super::*;

#[test]
fn each_reason_has_its_advice() {
    let at = |text: &str| text.parse::<SocketAddr>().unwrap();
    for (address, kind, said) in [
        ("0.0.0.0:5060", ErrorKind::AddrInUse, "sport = :5060"),
        ("198.51.100.7:5060", ErrorKind::AddrNotAvailable, "advertise"),
        ("0.0.0.0:443", ErrorKind::PermissionDenied, "cap_net_bind_service"),
        ("0.0.0.0:5060", ErrorKind::PermissionDenied, "the system refuses"),
    ] {
        let advice = advice(at(address), &Error::from(kind));
        assert!(advice.contains(said), "{advice}");
    }
}

#[test]
fn a_port_in_use_is_found_among_those_for_audio() {
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let node = NodeConfig::local(at_any(), port..=port);
    let found = audio(&node);
    assert!(
        matches!(&found.verdict, Verdict::Wrong(why) if why.contains(&port.to_string())),
        "{found:?}"
    );
    drop(taken);
    assert_eq!(audio(&node).verdict, Verdict::Fine);
}

fn at_any() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}
