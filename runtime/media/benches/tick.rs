//! What 20 ms of 1,000 sessions cost: each plays a clip, receives a packet, and once also has a listener.
//! Prints microseconds a tick and the share of one core. No target is asserted: read the figures.

#![allow(clippy::disallowed_methods, reason = "a bench reads the clock: it measures")]

use patchcord_media::*;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

const SESSIONS: u32 = 1_000;
const TICKS: u32 = 1_000;

struct Discard(u64);

impl Sink for Discard {
    fn send(&mut self, _: SessionId, _: Lane, _: SocketAddr, packet: &[u8]) {
        self.0 += std::hint::black_box(packet).len() as u64;
    }

    fn heard(&mut self, _: SessionId, samples: &[i16]) {
        std::hint::black_box(samples);
    }

    fn relay(&mut self, _: SessionId, relayed: &Relayed<'_>) {
        std::hint::black_box(relayed.payload);
    }
}

fn engine(now: Instant, segment: Segment, listening: Listening) -> Engine {
    let mut engine = Engine::new(Config::default(), 1);
    for number in 0..SESSIONS {
        let session = SessionId(number);
        let prompt = Prompt {
            segments: vec![segment.clone()],
            times: 0,
        };
        engine.command(now, Command::Open { session, plan: plan() });
        engine.command(now, Command::Listen { session, listening });
        engine.command(
            now,
            Command::Play {
                session,
                play: PlayId(1),
                prompt,
                stop_on_key: StopOnKey::Stop,
            },
        );
    }
    engine
}

fn plan() -> Plan {
    Plan {
        remote: SocketAddr::from(([192, 0, 2, 7], 4_000)),
        remote_rtcp: SocketAddr::from(([192, 0, 2, 7], 4_001)),
        codec: Codec::Pcmu,
        payload_type: 0,
        telephone_event: Some(101),
        flow: Flow::SendRecv,
        timeout: None,
    }
}

fn run(what: &str, segment: Segment, listening: Listening) {
    let start = Instant::now();
    let mut engine = engine(start, segment, listening);
    let mut sink = Discard(0);
    let mut packet = vec![0x55; 172];
    packet[..12].copy_from_slice(&[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9]);
    let (mut receiving, mut ticking) = (Duration::ZERO, Duration::ZERO);
    for tick in 0..TICKS {
        let now = start + FRAME * tick;
        packet[2..4].copy_from_slice(&(tick as u16).to_be_bytes());
        packet[4..8].copy_from_slice(&(tick * 160).to_be_bytes());
        let before = Instant::now();
        for number in 0..SESSIONS {
            let datagram = Datagram {
                session: SessionId(number),
                lane: Lane::Rtp,
                from: plan().remote,
                bytes: &packet,
            };
            engine.packet(now, datagram, &mut sink);
        }
        receiving += before.elapsed();
        let before = Instant::now();
        for phase in 0..PHASES {
            engine.tick(now, phase, &mut sink);
        }
        ticking += before.elapsed();
        assert_eq!(engine.poll_report(), None, "nothing happens in this run");
    }
    let us = |time: Duration| time.as_secs_f64() * 1e6 / f64::from(TICKS);
    println!(
        "{what:28} {SESSIONS} sessions: receive {:7.1} us, tick {:7.1} us per 20 ms; {:.2} % of one core; {} MB sent",
        us(receiving),
        us(ticking),
        (us(receiving) + us(ticking)) / 200.0,
        sink.0 / 1_000_000
    );
}

fn main() {
    let clip = Segment::Clip(Arc::new(Clip::from_samples(&vec![3_000; 8_000])));
    let tone = Segment::Tone(Tone {
        frequencies: vec![440, 480],
        on: Duration::from_secs(2),
        off: Duration::from_secs(4),
        count: 100,
        level_dbm0: -16,
    });
    run("clip", clip.clone(), Listening::Off);
    run("clip, listened to", clip, Listening::On);
    run("two-tone, a third of the time", tone, Listening::Off);
}
