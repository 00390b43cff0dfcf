//! A whole node on several doors: calls get their answers on the way they came, and TLS needs its certificate.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(
    unreachable_pub,
    dead_code,
    reason = "a test binary exports nothing, and uses a part of what tests share"
)]

mod support;

use patchcord_host::{Door, Identity, NodeConfig, TlsFiles};
use patchcord_sip::Transport;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

fn invite(transport: &str, call: &str) -> String {
    format!(
        "INVITE sip:nobody@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/{transport} 127.0.0.1:5062;branch=z9hG4bK{call};rport\r\n\
         From: <sip:caller@example.com>;tag=1\r\nTo: <sip:nobody@127.0.0.1>\r\nCall-ID: doors-{call}\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:caller@127.0.0.1:5062>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )
}

/// The final status of a call that was sent on this connection.
fn status(stream: impl Read) -> String {
    let mut lines = BufReader::new(stream).lines();
    loop {
        let line = lines.next().expect("an answer comes").unwrap();
        if line.starts_with("SIP/2.0 ") && !line.starts_with("SIP/2.0 1") {
            return line;
        }
    }
}

fn dial(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

fn door(transport: Transport, listen: SocketAddr) -> Door {
    Door {
        transport,
        listen,
        advertise: None,
    }
}

#[test]
fn a_call_is_answered_on_the_way_it_came() {
    let (config, _records) = support::config(2);
    let folder = std::env::temp_dir().join(format!("patchcord-doors-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let identity = Identity {
        certificate: folder.join("certificate.pem"),
        key: folder.join("key.pem"),
    };
    std::fs::write(&identity.certificate, made.cert.pem()).unwrap();
    std::fs::write(&identity.key, made.signing_key.serialize_pem()).unwrap();
    let free = SocketAddr::from(([127, 0, 0, 1], 0));
    let free6 = SocketAddr::from((Ipv6Addr::LOCALHOST, 0));
    let mut config = NodeConfig { shards: 3, ..config };
    config.sip.tls = TlsFiles {
        identity: Some(identity),
        ..TlsFiles::default()
    };
    config.sip.doors = vec![
        door(Transport::Tls, free),
        door(Transport::Tcp, free),
        door(Transport::Tcp, free6),
        door(Transport::Udp, free6),
    ];
    let node = support::node(config, Vec::new());
    let doors = node.doors().to_vec();
    let kinds: Vec<_> = doors
        .iter()
        .map(|door| (door.transport, door.address.is_ipv4()))
        .collect();
    assert_eq!(
        kinds,
        [
            (Transport::Udp, true),
            (Transport::Udp, false),
            (Transport::Tls, true),
            (Transport::Tcp, true),
            (Transport::Tcp, false)
        ]
    );
    for (door, call) in doors[3..].iter().zip(["v4", "v6"]) {
        let mut stream = dial(door.address);
        stream.write_all(invite("TCP", call).as_bytes()).unwrap();
        assert!(status(stream).starts_with("SIP/2.0 404 "), "nobody has this number");
    }
    let phone = std::net::UdpSocket::bind(free6).unwrap();
    phone.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    phone
        .send_to(invite("UDP", "datagram").as_bytes(), doors[1].address)
        .unwrap();
    let mut answer = [0; 2_000];
    let (length, from) = phone.recv_from(&mut answer).unwrap();
    assert_eq!(from, doors[1].address);
    assert!(answer[..length].starts_with(b"SIP/2.0 "));

    let page = node.metrics();
    let counted = page
        .lines()
        .find(|line| line.starts_with("patchcord_sip_stream_messages_total{direction=\"in\"}"));
    assert_eq!(counted.unwrap().rsplit(' ').next(), Some("2"));
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn tls_without_a_certificate_does_not_start() {
    let (mut config, _records) = support::config(1);
    config.sip.doors = vec![door(Transport::Tls, SocketAddr::from(([127, 0, 0, 1], 0)))];
    let error = patchcord_host::Node::start(config, support::runtime().clone())
        .err()
        .unwrap();
    assert!(error.to_string().starts_with("TLS needs a certificate"), "{error}");
}
