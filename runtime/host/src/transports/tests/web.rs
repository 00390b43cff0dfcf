//! SIP over WebSocket: the handshake, one message for each WebSocket message, and what is no SIP.

use super::rig::{Authority, Plan, expect, expect_end, options, write};
use super::secure::{plan, secure};
use patchcord_sip::Transport;
use std::io::{Read, Write};

const TEXT: u8 = 1;
const BINARY: u8 = 2;
const PING: u8 = 9;
const PONG: u8 = 10;

fn handshake(fields: &str) -> Vec<u8> {
    format!("GET /anything HTTP/1.1\r\nHost: sip.example\r\nOrigin: https://elsewhere.example\r\n{fields}\r\n")
        .into_bytes()
}

const GOOD: &str = "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: other, sip\r\n";

const OPENED: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: sip\r\n\r\n";

/// A frame as a client sends it: masked (RFC 6455 5.2), all in one.
pub(super) fn frame(kind: u8, bytes: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | kind];
    match bytes.len() {
        short @ 0..126 => frame.push(0x80 | short as u8),
        long => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&u16::try_from(long).unwrap().to_be_bytes());
        }
    }
    let mask = [1, 2, 3, 4];
    frame.extend_from_slice(&mask);
    frame.extend(bytes.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// The next frame of the server: its kind and what it holds.
pub(super) fn read_frame(stream: &mut impl Read) -> (u8, Vec<u8>) {
    let mut head = [0; 2];
    stream.read_exact(&mut head).unwrap();
    let length = match head[1] {
        126 => {
            let mut length = [0; 2];
            stream.read_exact(&mut length).unwrap();
            usize::from(u16::from_be_bytes(length))
        }
        short => usize::from(short),
    };
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).unwrap();
    (head[0] & 0x0f, bytes)
}

fn open(stream: &mut (impl Read + Write)) {
    write(stream, &handshake(GOOD));
    expect(stream, OPENED);
}

#[test]
fn each_websocket_message_is_a_sip_message() {
    let rig = Plan::of(Transport::Ws).start();
    let mut browser = rig.dial();
    open(&mut browser);
    write(&mut browser, &frame(TEXT, &options("1")));
    let (flow, bytes) = rig.message();
    assert_eq!((flow.transport, bytes), (Transport::Ws, options("1")));
    // On a WebSocket the length need not be said.
    let bare = b"OPTIONS sip:a@b SIP/2.0\r\nCall-ID: 2\r\n\r\n";
    write(&mut browser, &frame(BINARY, bare));
    assert_eq!(rig.message(), (flow, bare.to_vec()));
    rig.send(flow, None, b"SIP/2.0 200 OK\r\n\r\n");
    assert_eq!(read_frame(&mut browser), (TEXT, b"SIP/2.0 200 OK\r\n\r\n".to_vec()));
    rig.send(flow, None, b"SIP/2.0 200 \xff\r\n\r\n");
    assert_eq!(read_frame(&mut browser), (BINARY, b"SIP/2.0 200 \xff\r\n\r\n".to_vec()));
    drop(browser);
    assert_eq!(rig.failure(), flow);
}

#[test]
fn it_is_kept_alive_in_both_ways() {
    let rig = Plan::of(Transport::Ws).start();
    let mut browser = rig.dial();
    // What follows the handshake at once is not lost.
    write(&mut browser, &[handshake(GOOD), frame(PING, b"are you there")].concat());
    expect(&mut browser, OPENED);
    assert_eq!(read_frame(&mut browser), (PONG, b"are you there".to_vec()));
    write(&mut browser, &frame(TEXT, b"\r\n\r\n"));
    assert_eq!(read_frame(&mut browser), (TEXT, b"\r\n".to_vec()));
    rig.silence();
}

#[test]
fn a_handshake_that_is_not_for_sip_is_refused_in_http() {
    let rig = Plan::of(Transport::Ws).start();
    let many = "X: y\r\n".repeat(100);
    let long = format!("X: {}\r\n", "y".repeat(17_000));
    for (fields, status) in [
        ("", "426"),
        (&GOOD.replace("sip\r\n", "chat\r\n"), "400"),
        (&GOOD.replace(", sip", ""), "400"),
        (&GOOD.replace("Version: 13", "Version: 8"), "426"),
        (&GOOD.replace("dGhlIHNhbXBsZSBub25jZQ==", "short"), "400"),
        (&GOOD.replace("Upgrade: websocket", "Upgrade: h2c"), "426"),
        (&(many + GOOD), "431"),
        (&(long + GOOD), "431"),
    ] {
        let mut stranger = rig.dial();
        write(&mut stranger, &handshake(fields));
        let answer = String::from_utf8(expect_end(&mut stranger)).unwrap();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")) || status == "431" && answer.is_empty(),
            "{fields}: {answer}"
        );
    }
    let mut stranger = rig.dial();
    write(&mut stranger, &options("1"));
    assert!(expect_end(&mut stranger).starts_with(b"HTTP/1.1 400 "));
    rig.wait(|figures| figures.handshakes_failed.get(), 9);
    rig.silence();
}

#[test]
fn what_no_websocket_may_carry_closes_it() {
    let rig = Plan::of(Transport::Ws).start();
    for bad in [
        // Not masked.
        [&[0x81, 2][..], b"ab"].concat(),
        // Text that is none.
        frame(TEXT, b"\xff\xff"),
        // Longer than a message may be.
        [&[0x82, 0x80 | 127][..], &(1_u64 << 40).to_be_bytes(), &[0; 4]].concat(),
        // An unknown kind.
        frame(5, b""),
    ] {
        let mut stranger = rig.dial();
        open(&mut stranger);
        write(&mut stranger, &bad);
        expect_end(&mut stranger);
    }
    rig.wait(|figures| figures.websocket_errors.get(), 4);
    rig.silence();
}

#[test]
fn a_secure_websocket_is_both() {
    let authority = Authority::new();
    let rig = plan(Transport::Wss, &authority).start();
    let mut browser = secure(rig.dial(), &authority, "localhost");
    open(&mut browser);
    let message = [options("1"), vec![b'x'; 3_000]].concat();
    write(&mut browser, &frame(TEXT, &message));
    let (flow, bytes) = rig.message();
    assert_eq!((flow.transport, bytes), (Transport::Wss, message));
    rig.send(flow.any_connection(), None, b"answer");
    assert_eq!(read_frame(&mut browser), (TEXT, b"answer".to_vec()));
}
