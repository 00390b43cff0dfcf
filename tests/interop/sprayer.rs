//! Somebody who sends RTP at a range of ports, hoping that one belongs to a call and speaks to whom it hears (the attack
//! that RFC 7362 and the news call "RTP bleed"). Counts what comes back.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::ops::Range;
use std::time::{Duration, Instant};

/// Sends a packet of 20 ms of G.711 to every port of `ports` every 50 ms for as long as `duration`, and gives how many
/// packets came back.
pub fn spray(ports: Range<u16>, duration: Duration) -> usize {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("the loopback interface has a free port");
    socket.set_nonblocking(true).expect("a socket can be told not to wait");
    let end = Instant::now() + duration;
    let mut heard = 0;
    let mut sequence = 0_u16;
    while Instant::now() < end {
        for port in ports.clone() {
            // A full buffer loses this packet; the next comes in a moment.
            let _ = socket.send_to(&packet(sequence), SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        }
        sequence = sequence.wrapping_add(1);
        std::thread::sleep(Duration::from_millis(50));
        let mut buffer = [0; 2048];
        loop {
            match socket.recv_from(&mut buffer) {
                Ok(_) => heard += 1,
                // Nobody at that port said so (ICMP); nothing was heard.
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {}
                Err(_) => break,
            }
        }
    }
    heard
}

/// RFC 3550 version 2, payload type 0, a fixed source.
fn packet(sequence: u16) -> Vec<u8> {
    let mut bytes = vec![0x80, 0];
    bytes.extend_from_slice(&sequence.to_be_bytes());
    bytes.extend_from_slice(&(u32::from(sequence) * 160).to_be_bytes());
    bytes.extend_from_slice(&0x5eed_5eed_u32.to_be_bytes());
    bytes.resize(12 + 160, 0xff);
    bytes
}
