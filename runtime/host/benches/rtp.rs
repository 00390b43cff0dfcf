//! What a media thread's loop costs beside the system calls it cannot do without: packets in and out of 1,000 sessions, by the
//! CPU time of one thread, against a loop that only receives and sends the same packets on as many sockets. Both take
//! turns in one run, so that a busy machine slows both.

#[path = "support/mod.rs"]
mod support;

use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg, sendmmsg};
use patchcord_host::FlatOut;
use patchcord_media::{Clip, FRAME};
use std::io::{IoSlice, IoSliceMut};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::{Better, Pace, against, headline, line, sockets, thread_cpu};

const SESSIONS: u16 = 1_000;
const FIRST_PORT: u16 = 6_000;
/// Rounds that fill caches and settle sources, not measured.
const WARM_UP: u32 = 20;
/// As the media threads do it.
const BATCH: usize = 8;
const BUFFER_BYTES: usize = 1_536;
const SOCKET_BYTES: usize = 32 * 1024;
const PACKET_BYTES: usize = 172;
const TARGET: f64 = 0.4;

fn main() {
    let rounds = Pace::of_environment().pick(200, 1_000);
    sockets::allow_many();
    let callers: Vec<_> = (0..SESSIONS).map(|_| sockets::bind(SOCKET_BYTES)).collect();
    let addresses: Vec<_> = callers.iter().map(sockets::address).collect();
    let clip = Arc::new(Clip::from_samples(&vec![3_000; 8_000]));
    let ports = FIRST_PORT..=FIRST_PORT + 2 * SESSIONS - 1;
    // Nobody reads the reports; the port next to a caller's may be somebody else's here.
    let reports = sockets::bind(SOCKET_BYTES);
    let media = FlatOut::new(ports, &addresses, sockets::address(&reports), &clip);
    let mut media = media.expect("the ports are free");
    let mut bare = Bare::new();
    let media_addresses: Vec<_> = (0..SESSIONS)
        .map(|number| SocketAddr::from(([127, 0, 0, 1], FIRST_PORT + 2 * number)))
        .collect();
    let bare_addresses: Vec<_> = bare.sockets.iter().map(sockets::address).collect();

    let (mut media_cpu, mut bare_cpu) = (Duration::ZERO, Duration::ZERO);
    let start = Instant::now();
    for round in 0..WARM_UP + rounds {
        let packet = packet(round);
        speak(&callers, &media_addresses, &packet);
        let cpu = measured(|| media.round(start + FRAME * round));
        hear(&callers);
        speak(&callers, &bare_addresses, &packet);
        let bare_round = measured(|| bare.round());
        hear(&callers);
        if round >= WARM_UP {
            media_cpu += cpu;
            bare_cpu += bare_round;
        }
    }
    let all = u64::from(WARM_UP + rounds) * u64::from(SESSIONS);
    assert_eq!(
        media.packets(),
        (all, all),
        "the media loop received and sent every packet"
    );
    assert_eq!(
        (bare.received, bare.sent),
        (all, all),
        "the bare loop received and sent every packet"
    );
    report(u64::from(rounds) * u64::from(SESSIONS), media_cpu, bare_cpu);
}

fn report(pairs: u64, media: Duration, bare: Duration) {
    headline(
        "RTP of a media thread without its pace, 1,000 sessions that play a prompt and hear speech; one in and one out",
    );
    let rate = |cpu: Duration| pairs as f64 / cpu.as_secs_f64();
    let figures = |cpu: Duration| {
        let us = cpu.as_secs_f64() * 1e6 / pairs as f64;
        format!("{:.0} packets/s and core, {us:.2} us a pair", 2.0 * rate(cpu))
    };
    line("media loop", &figures(media), "");
    line("bare loop: recvmmsg and sendmmsg", &figures(bare), "");
    let ratio = rate(media) / rate(bare);
    let remark = format!("target {TARGET}: {}", against(ratio, TARGET, Better::More));
    line("ratio", &format!("{ratio:.2} of the bare loop"), &remark);
}

fn measured(work: impl FnOnce()) -> Duration {
    let before = thread_cpu();
    work();
    thread_cpu() - before
}

fn packet(round: u32) -> [u8; PACKET_BYTES] {
    let mut packet = [0x55; PACKET_BYTES];
    packet[..12].copy_from_slice(&[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9]);
    packet[2..4].copy_from_slice(&(round as u16).to_be_bytes());
    packet[4..8].copy_from_slice(&(round * 160).to_be_bytes());
    packet
}

/// Every caller sends a packet to its place.
fn speak(callers: &[UdpSocket], to: &[SocketAddr], packet: &[u8]) {
    for (caller, to) in callers.iter().zip(to) {
        caller
            .send_to(packet, to)
            .expect("the loopback interface takes a packet");
    }
}

/// Every caller throws away what came.
fn hear(callers: &[UdpSocket]) {
    let mut packet = [0; BUFFER_BYTES];
    for caller in callers {
        while caller.recv_from(&mut packet).is_ok() {}
    }
}

/// The loop that only receives and sends back, in batches.
struct Bare {
    sockets: Vec<UdpSocket>,
    incoming: MultiHeaders<SockaddrStorage>,
    outgoing: MultiHeaders<SockaddrStorage>,
    buffers: Vec<[u8; BUFFER_BYTES]>,
    received: u64,
    sent: u64,
}

impl Bare {
    fn new() -> Self {
        Self {
            sockets: (0..SESSIONS).map(|_| sockets::bind(SOCKET_BYTES)).collect(),
            incoming: MultiHeaders::preallocate(BATCH, None),
            outgoing: MultiHeaders::preallocate(BATCH, None),
            buffers: vec![[0; BUFFER_BYTES]; BATCH],
            received: 0,
            sent: 0,
        }
    }

    fn round(&mut self) {
        let Self {
            sockets,
            incoming,
            outgoing,
            buffers,
            received,
            sent,
        } = self;
        for socket in sockets.iter() {
            let (mut from, mut bytes, mut count) = ([None; BATCH], [0; BATCH], 0);
            let mut buffer = buffers.iter_mut();
            let mut slices: [_; BATCH] =
                std::array::from_fn(|_| [IoSliceMut::new(buffer.next().expect("there is one for each"))]);
            let flags = MsgFlags::MSG_DONTWAIT;
            let Ok(messages) = recvmmsg(socket.as_raw_fd(), incoming, slices.iter_mut(), flags, None) else {
                continue;
            };
            for message in messages {
                (from[count], bytes[count]) = (message.address, message.bytes);
                count += 1;
            }
            let slices: [_; BATCH] = std::array::from_fn(|at| [IoSlice::new(&buffers[at][..bytes[at]])]);
            *received += count as u64;
            let answers = slices[..count].iter();
            if let Ok(results) = sendmmsg(socket.as_raw_fd(), outgoing, answers, &from[..count], [], flags) {
                *sent += results.count() as u64;
            }
        }
    }
}
