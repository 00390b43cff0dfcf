//! Candidates as browsers write them, refusals, priorities and noise.

use super::*;
use crate::tests::{Noise, fuzz_rounds};

const OF_CHROME: &str = "candidate:842163049 1 udp 1677729535 203.0.113.5 54321 typ srflx raddr 10.0.0.2 rport 54321 generation 0 \
                         ufrag EsAw network-cost 999";
const OF_FIREFOX: &str = "a=candidate:1 1 TCP 2105458943 2001:db8::5 9 typ host tcptype active";

#[test]
fn candidates_of_browsers_are_read() {
    let udp: Candidate = OF_CHROME.parse().unwrap();
    assert_eq!(udp.kind, CandidateKind::ServerReflexive);
    assert_eq!(udp.transport(), Transport::Udp);
    assert_eq!(udp.address, "203.0.113.5:54321".parse().unwrap());
    assert_eq!((udp.priority, udp.foundation.as_str()), (1_677_729_535, "842163049"));
    let tcp: Candidate = OF_FIREFOX.parse().unwrap();
    assert_eq!((tcp.kind, tcp.tcp), (CandidateKind::Host, Some(TcpType::Active)));
    assert_eq!(tcp.address, "[2001:db8::5]:9".parse().unwrap());
}

#[test]
fn what_is_written_is_read_alike() {
    let address = SocketAddr::from(([192, 0, 2, 1], 3_478));
    let socket = SocketAddr::from(([10, 0, 0, 1], 3_478));
    for candidate in [
        Candidate::host(address, 65_535),
        Candidate::tcp_passive("[2001:db8::1]:443".parse().unwrap(), 100),
        Candidate::found(Transport::Udp, address, 77),
    ] {
        assert_eq!(candidate.to_string().parse(), Ok(candidate.clone()), "{candidate}");
    }
    let mapped = Candidate::mapped(address, socket, 1);
    assert!(mapped.to_string().contains("192.0.2.1 3478 typ host"), "{mapped}");
    assert!(!mapped.to_string().contains("10.0.0.1"), "{mapped}");
}

#[test]
fn udp_is_wanted_more_than_tcp_and_an_own_address_more_than_a_found_one() {
    let address = SocketAddr::from(([192, 0, 2, 1], 1));
    let (high, low) = (Candidate::host(address, 9), Candidate::host(address, 8));
    assert!(high.priority > low.priority);
    assert_eq!(high.priority, 126 << 24 | 9 << 8 | 255);
    assert!(Candidate::tcp_passive(address, u16::MAX).priority < high.reflexive_priority());
    assert_eq!(high.reflexive_priority(), 110 << 24 | 9 << 8 | 255);
}

#[test]
fn a_bad_candidate_is_refused_with_its_fault() {
    for (text, error) in [
        ("", TextError::Missing("foundation")),
        ("1 1 udp 5 192.0.2.1 7", TextError::Missing("typ")),
        ("1 2 udp 5 192.0.2.1 7 typ host", TextError::Value("component")),
        ("1 1 sctp 5 192.0.2.1 7 typ host", TextError::Value("transport")),
        ("1 1 udp 5000000000 192.0.2.1 7 typ host", TextError::Value("priority")),
        ("1 1 udp 5 192.0.2.256 7 typ host", TextError::Value("address")),
        ("1 1 udp 5 192.0.2.1 70000 typ host", TextError::Value("port")),
        ("1 1 udp 5 192.0.2.1 7 typ other", TextError::Value("typ")),
        ("1 1 tcp 5 192.0.2.1 7 typ host", TextError::Missing("tcptype")),
        ("1 1 tcp 5 192.0.2.1 7 typ host tcptype x", TextError::Value("tcptype")),
        ("a:b 1 udp 5 192.0.2.1 7 typ host", TextError::Character("foundation")),
        ("1 1 udp 5 0f7c1be3-8f5b.local 7 typ host", TextError::NamedAddress),
    ] {
        assert_eq!(text.parse::<Candidate>(), Err(error), "{text}");
    }
}

#[test]
fn fuzz_text_is_read_or_refused() {
    for round in fuzz_rounds(20_000) {
        let model = if round % 2 == 0 { OF_CHROME } else { OF_FIREFOX };
        let bytes = Noise::new(round).spoil(model.as_bytes());
        let text = String::from_utf8_lossy(&bytes);
        if let Ok(candidate) = text.parse::<Candidate>() {
            assert_eq!(candidate.to_string().parse::<Candidate>(), Ok(candidate), "{text}");
        }
        let _ = text.parse::<crate::Fingerprint>();
    }
}
