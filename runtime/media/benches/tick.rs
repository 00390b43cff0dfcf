//! What 20 ms of 1,000 sessions cost: each plays a clip, receives a packet, and once also has a listener; then what a
//! relayed packet costs beside copying it, and what a detection costs. Prints microseconds a tick and the share of one
//! core. No target is asserted: read the figures.

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
        receives: Vec::new(),
        opus: OpusOptions::default(),
        packets: PacketTimes::default(),
        srtp: None,
        telephone_event: Some(TelephoneEvent::new(101)),
        flow: Flow::SendRecv,
        timeout: None,
    }
}

fn run(what: &str, segment: Segment, listening: Listening) {
    let start = Instant::now();
    let mut engine = engine(start, segment, listening);
    let mut sink = Discard(0);
    let (mut receiving, mut ticking) = (Duration::ZERO, Duration::ZERO);
    for tick in 0..TICKS {
        let now = start + FRAME * tick;
        let packet = packet(tick, [0x55; 160]);
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
        while let Some(report) = engine.poll_report() {
            assert!(
                matches!(report, Report::Quality { .. }),
                "nothing else happens in this run: {report:?}"
            );
        }
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

/// RTP packet number `n` of a far end.
fn packet(n: u32, payload: [u8; 160]) -> [u8; 172] {
    let mut packet = [0; 172];
    packet[..12].copy_from_slice(&[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9]);
    packet[2..4].copy_from_slice(&(n as u16).to_be_bytes());
    packet[4..8].copy_from_slice(&n.wrapping_mul(160).to_be_bytes());
    packet[12..].copy_from_slice(&payload);
    packet
}

fn each_ns(time: Duration) -> f64 {
    time.as_secs_f64() * 1e9 / f64::from(TICKS) / f64::from(SESSIONS)
}

fn any_bytes(tick: u32) -> [u8; 160] {
    std::array::from_fn(|n| (n as u32 * tick) as u8)
}

/// 1,000 Hz.
fn tone(_: u32) -> [u8; 160] {
    let turn = std::f64::consts::TAU / 8.0;
    std::array::from_fn(|n| g711::encode(Law::Pcmu, (9_000.0 * (turn * n as f64).sin()) as i16))
}

/// A packet for each session in each tick; how long receiving took and how long ticking.
fn receive_all(
    engine: &mut Engine,
    start: Instant,
    payload: fn(u32) -> [u8; 160],
    sink: &mut Discard,
) -> (Duration, Duration) {
    let (mut receiving, mut ticking) = (Duration::ZERO, Duration::ZERO);
    for tick in 0..TICKS {
        let now = start + FRAME * tick;
        let packet = packet(tick, payload(tick));
        let before = Instant::now();
        for number in 0..SESSIONS {
            let datagram = Datagram {
                session: SessionId(number),
                lane: Lane::Rtp,
                from: plan().remote,
                bytes: &packet,
            };
            engine.packet(now, datagram, sink);
        }
        receiving += before.elapsed();
        let before = Instant::now();
        for phase in 0..PHASES {
            engine.tick(now, phase, sink);
        }
        ticking += before.elapsed();
        while let Some(report) = engine.poll_report() {
            std::hint::black_box(report);
        }
    }
    (receiving, ticking)
}

/// What any relay must do: the packet copied under another header, and handed to the sink.
fn copy_all(sink: &mut Discard) -> Duration {
    let mut copying = Duration::ZERO;
    for tick in 0..TICKS {
        let packet = packet(tick, any_bytes(tick));
        let before = Instant::now();
        for number in 0..SESSIONS {
            let mut out = [0; 172];
            out.copy_from_slice(std::hint::black_box(&packet));
            out[2..4].copy_from_slice(&(number as u16).to_be_bytes());
            out[8..12].copy_from_slice(&number.to_be_bytes());
            sink.send(SessionId(number), Lane::Rtp, plan().remote, &out);
        }
        copying += before.elapsed();
    }
    copying
}

/// 500 pairs that talk both ways; `every_other` is the codec of one side of each.
fn run_bridged(what: &str, every_other: Codec) {
    let (start, mut sink) = (Instant::now(), Discard(0));
    let plan_of = |number: u32| match every_other {
        Codec::Pcma if number % 2 == 1 => Plan {
            codec: Codec::Pcma,
            payload_type: 8,
            ..plan()
        },
        _ => plan(),
    };
    let [mut alone, mut bridged] = [(); 2].map(|()| Engine::new(Config::default(), 1));
    for number in 0..SESSIONS {
        let session = SessionId(number);
        for engine in [&mut alone, &mut bridged] {
            let plan = plan_of(number);
            engine.command(start, Command::Open { session, plan });
        }
        let to = Some(SessionId(number ^ 1));
        let keys = RelayKeys::Pass;
        bridged.command(start, Command::Relay { session, to, keys });
    }
    let (alone, _) = receive_all(&mut alone, start, any_bytes, &mut sink);
    let (receiving, ticking) = receive_all(&mut bridged, start, any_bytes, &mut sink);
    let copied = copy_all(&mut sink);
    let relayed: u64 = (0..SESSIONS)
        .filter_map(|number| bridged.counters(SessionId(number)))
        .map(|counters| counters.relayed)
        .sum();
    assert_eq!(relayed, u64::from(TICKS * SESSIONS), "every packet is relayed");
    let relaying = receiving.saturating_sub(alone);
    println!(
        "{what:28} {SESSIONS} sessions: receive {:.0} ns and relay {:.0} ns a packet ({:.1} times the {:.0} ns of copying \
         it), tick {:.0} ns a session; {:.2} % of one core",
        each_ns(alone),
        each_ns(relaying),
        relaying.as_secs_f64() / copied.as_secs_f64(),
        each_ns(copied),
        each_ns(ticking),
        (receiving + ticking).as_secs_f64() / (FRAME * TICKS).as_secs_f64() * 100.0
    );
}

/// Every session detects, in sound that costs most and never lets it end: a tone.
fn run_detecting() {
    let (start, mut sink) = (Instant::now(), Discard(0));
    let mut engine = Engine::new(Config::default(), 1);
    for number in 0..SESSIONS {
        let session = SessionId(number);
        engine.command(start, Command::Open { session, plan: plan() });
        let options = DetectOptions {
            timeout: Duration::from_secs(60),
            ..DetectOptions::default()
        };
        engine.command(start, Command::Detect { session, options });
    }
    let (receiving, ticking) = receive_all(&mut engine, start, tone, &mut sink);
    let running = Command::Close { session: SessionId(0) };
    engine.command(start, running);
    assert!(
        matches!(engine.poll_report(), Some(Report::Detected { .. })),
        "it ran until now"
    );
    println!(
        "{:28} {SESSIONS} sessions: receive {:.0} ns a packet, tick {:.0} ns a session",
        "detection",
        each_ns(receiving),
        each_ns(ticking)
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
    run_bridged("bridged, the same codec", Codec::Pcmu);
    run_bridged("bridged, recoded", Codec::Pcma);
    run_detecting();
}
