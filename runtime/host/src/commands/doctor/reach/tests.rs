//! Calls to ourselves on loopback, and to where nobody is.

use super::*;
use std::sync::atomic::{AtomicU16, Ordering};

fn free_port() -> u16 {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// On ports of its own: tests run side by side.
fn local() -> NodeConfig {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 28_000 + (std::process::id() % 100) as u16 * 32 + NEXT.fetch_add(8, Ordering::Relaxed);
    NodeConfig::local(SocketAddr::from(([127, 0, 0, 1], free_port())), first..=first + 7)
}

#[test]
fn a_node_on_loopback_is_called_and_answers_that_nobody_is_at_home() {
    let node = local();
    let findings = look(&node);
    assert_eq!(findings.len(), 2);
    for finding in findings {
        assert!(
            matches!(&finding.verdict, Verdict::Note(note) if note.contains("private")),
            "{finding:?}"
        );
    }
}

#[test]
fn an_address_that_leads_elsewhere_is_told_with_what_to_do() {
    let mut node = local();
    // Nobody has it (RFC 5737), and nothing comes back.
    node.sip.advertise = Some(SocketAddr::from(([192, 0, 2, 77], 5060)));
    node.media.advertise = IpAddr::from([192, 0, 2, 77]);
    let findings = look(&node);
    for finding in &findings {
        let Verdict::Wrong(why) = &finding.verdict else {
            panic!("{finding:?}");
        };
        assert!(why.contains("advertise") && why.contains("forward"), "{why}");
    }
}

#[test]
fn somebody_else_who_answers_there_is_told_apart() {
    let other = UdpSocket::bind("127.0.0.1:0").unwrap();
    let at = other.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; ANSWER_BYTES];
        let (_, from) = other.recv_from(&mut buffer).unwrap();
        other.send_to(b"SIP/2.0 200 OK\r\n\r\n", from).unwrap();
    });
    let found = call(Transport::Udp, at);
    assert!(
        matches!(&found.verdict, Verdict::Wrong(why) if why.contains("somebody else")),
        "{found:?}"
    );
    let closed = SocketAddr::from(([127, 0, 0, 1], free_port()));
    assert!(matches!(call(Transport::Tcp, closed).verdict, Verdict::Wrong(_)));
}
