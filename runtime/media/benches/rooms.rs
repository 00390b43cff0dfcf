//! What 20 ms of a room cost in an engine, from the packets that come in to those that go out: jitter buffers, mixing, coding.
//! One room of 1,000 seats of which 5 talk, and rooms of 30 in which 3 or all do; a silent seat sends silence, as most
//! telephones do, or nothing. Printed as microseconds a tick, the share of one core, and as a ratio to the bare loop that adds
//! a frame to a sum for each seat. No target is asserted: read the figures.

#![allow(clippy::disallowed_methods, reason = "a bench reads the clock: it measures")]

use patchcord_media::mixer::Part;
use patchcord_media::*;
use std::hint::black_box;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const SEATS: u32 = 1_000;
const TICKS: u32 = 300;

struct Discard;

impl Sink for Discard {
    fn send(&mut self, _: SessionId, _: Lane, _: SocketAddr, packet: &[u8]) {
        black_box(packet);
    }

    fn heard(&mut self, _: SessionId, _: &[i16]) {}

    fn relay(&mut self, _: SessionId, _: &Relayed<'_>) {}
}

/// What a seat that does not talk sends.
#[derive(Clone, Copy, PartialEq)]
enum Quiet {
    Silence,
    Nothing,
    Listens,
}

fn remote() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 7], 4_000))
}

fn open(engine: &mut Engine, now: Instant, codec: (Codec, u8), per_room: u32, part: impl Fn(u32) -> Part) {
    for number in 0..SEATS {
        let session = SessionId(number);
        let plan = Plan {
            remote: remote(),
            remote_rtcp: remote(),
            codec: codec.0,
            payload_type: codec.1,
            receives: Vec::new(),
            opus: OpusOptions::default(),
            packets: PacketTimes::default(),
            srtp: None,
            telephone_event: Some(TelephoneEvent::new(101)),
            flow: Flow::SendRecv,
            timeout: None,
        };
        engine.command(now, Command::Open { session, plan });
        let home = SessionId(number / per_room * per_room);
        let room = RoomId {
            home,
            number: home.0.into(),
        };
        if home == session {
            engine.command(
                now,
                Command::Room {
                    room,
                    order: RoomOrder::Open,
                },
            );
        }
        let part = part(number);
        let plan = SeatPlan {
            part,
            ..SeatPlan::default()
        };
        let rate = codec.0.rate();
        let order = RoomOrder::Seat { session, rate, plan };
        engine.command(now, Command::Room { room, order });
        let joined = Some(Joined { room, part });
        engine.command(now, Command::Join { session, joined });
    }
}

fn packet(codec: (Codec, u8), tick: u32, talks: bool) -> [u8; 172] {
    let mut packet = [if codec.0 == Codec::Pcmu { 0xff } else { 0 }; 172];
    if talks {
        for (n, byte) in packet.iter_mut().enumerate() {
            *byte = (n as u32 * 7 + tick * 13) as u8;
        }
    }
    packet[..12].copy_from_slice(&[0x80, codec.1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9]);
    packet[2..4].copy_from_slice(&(tick as u16).to_be_bytes());
    packet[4..8].copy_from_slice(&(tick * codec.0.clock() / 50).to_be_bytes());
    packet
}

/// The bare loop: every seat's frame added to a sum, and copied out.
fn bare() -> f64 {
    let (frame, mut sum, mut out) = ([1_i16; 160], [0_i32; 160], [0_i16; 160]);
    let before = Instant::now();
    for _ in 0..TICKS * SEATS {
        for (sum, &sample) in sum.iter_mut().zip(black_box(&frame)) {
            *sum += i32::from(sample);
        }
        for (out, &sum) in out.iter_mut().zip(black_box(&sum)) {
            *out = sum as i16;
        }
        black_box(&out);
    }
    before.elapsed().as_secs_f64() * 1e6 / f64::from(TICKS)
}

fn run(what: &str, codec: (Codec, u8), per_room: u32, talking: u32, quiet: Quiet, bare: f64) {
    let start = Instant::now();
    let mut engine = Engine::new(Config::default(), 1);
    let talks = |number: u32| number % per_room < talking;
    open(&mut engine, start, codec, per_room, |number| {
        if quiet == Quiet::Listens && !talks(number) {
            Part::ListensOnly
        } else {
            Part::Talks
        }
    });
    let (mut receiving, mut ticking) = (Duration::ZERO, Duration::ZERO);
    for tick in 0..TICKS {
        let now = start + FRAME * tick;
        let (loud, silent) = (packet(codec, tick, true), packet(codec, tick, false));
        let before = Instant::now();
        for number in (0..SEATS).filter(|&number| talks(number) || quiet != Quiet::Nothing) {
            let datagram = Datagram {
                session: SessionId(number),
                lane: Lane::Rtp,
                from: remote(),
                bytes: if talks(number) { &loud } else { &silent },
            };
            engine.packet(now, datagram, &mut Discard);
        }
        receiving += before.elapsed();
        let before = Instant::now();
        for phase in 0..PHASES {
            engine.tick(now, phase, &mut Discard);
        }
        ticking += before.elapsed();
        while engine.poll_report().is_some() {}
    }
    let us = |time: Duration| time.as_secs_f64() * 1e6 / f64::from(TICKS);
    let (receive, tick) = (us(receiving), us(ticking));
    println!(
        "{what:50} receive {receive:7.1} us, tick {tick:7.1} us per 20 ms; {:5.1} % of one core; {:5.1} times the bare sum",
        (receive + tick) / 200.0,
        (receive + tick) / bare
    );
}

fn main() {
    let bare = bare();
    println!("{SEATS} seats; the bare sum of their frames: {bare:.1} us per 20 ms");
    let (narrow, wide) = ((Codec::Pcmu, 0), (Codec::G722, 9));
    run(
        "one room, 5 talk, others send silence",
        narrow,
        SEATS,
        5,
        Quiet::Silence,
        bare,
    );
    run(
        "one room, 5 talk, others send nothing",
        narrow,
        SEATS,
        5,
        Quiet::Nothing,
        bare,
    );
    run(
        "one room, 5 talk, others only listen",
        narrow,
        SEATS,
        5,
        Quiet::Listens,
        bare,
    );
    run(
        "rooms of 30, 3 talk, others send silence",
        narrow,
        30,
        3,
        Quiet::Silence,
        bare,
    );
    run("rooms of 30, all talk", narrow, 30, 30, Quiet::Silence, bare);
    run(
        "rooms of 30 in G.722, 3 talk, others send silence",
        wide,
        30,
        3,
        Quiet::Silence,
        bare,
    );
}
