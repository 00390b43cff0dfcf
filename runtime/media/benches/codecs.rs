//! What codecs and SRTP cost on one core: legs that play a prompt, and bridged calls of both ways, by codec. Ratios are to
//! G.711 without SRTP in the same run. No target is asserted: read the figures.

#![allow(clippy::disallowed_methods, reason = "a bench reads the clock: it measures")]

use patchcord_media::*;
use std::f64::consts::TAU;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

const LEGS: u32 = 40;
const TICKS: u32 = 500;
const CODECS: [(&str, Codec, u8); 5] = [
    ("G.711", Codec::Pcmu, 0),
    ("A-law", Codec::Pcma, 8),
    ("G.722", Codec::G722, 9),
    ("L16/16000", Codec::L16Wide, 97),
    ("Opus", Codec::Opus, 96),
];
const KEYS: SrtpKeys = SrtpKeys {
    suite: SrtpSuite::Tag80,
    send: SrtpKey([1; SRTP_KEY_BYTES]),
    receive: SrtpKey([1; SRTP_KEY_BYTES]),
};
/// As browsers agree on them by DTLS, which prefer the longest.
const BROWSERS_KEYS: SrtpKeys = SrtpKeys {
    suite: SrtpSuite::Gcm256,
    ..KEYS
};

/// Keeps what one session sends, and counts the rest.
#[derive(Default)]
struct Kept {
    packets: Vec<Vec<u8>>,
    sent: u64,
}

impl Sink for Kept {
    fn send(&mut self, session: SessionId, lane: Lane, _: SocketAddr, packet: &[u8]) {
        self.sent += 1;
        if session == SessionId(0) && lane == Lane::Rtp && self.packets.len() < self.packets.capacity() {
            self.packets.push(packet.to_vec());
        }
    }

    fn heard(&mut self, _: SessionId, samples: &[i16]) {
        std::hint::black_box(samples);
    }

    fn relay(&mut self, _: SessionId, _: &Relayed<'_>) {}
}

fn plan((codec, payload_type): (Codec, u8), srtp: Option<SrtpKeys>) -> Plan {
    let remote = SocketAddr::from(([192, 0, 2, 7], 4_000));
    Plan {
        remote,
        remote_rtcp: SocketAddr::new(remote.ip(), 4_001),
        codec,
        payload_type,
        receives: Vec::new(),
        opus: OpusOptions::default(),
        packets: PacketTimes::default(),
        srtp,
        telephone_event: Some(TelephoneEvent::new(101)),
        flow: Flow::SendRecv,
        timeout: None,
    }
}

/// Something like a voice.
fn speech() -> Arc<Clip> {
    let sample = |n: u32| {
        let t = f64::from(n) / 8_000.0;
        let voice: f64 = (1..20)
            .map(|k| (TAU * (120.0 + 15.0 * (2.0 * t).sin()) * f64::from(k) * t).sin() / f64::from(k))
            .sum();
        (4_000.0 * voice * (0.6 + 0.4 * (TAU * 3.0 * t).sin())) as i16
    };
    let samples: Vec<i16> = (0..80_000).map(sample).collect();
    Arc::new(Clip::from_samples(&samples))
}

/// Legs that play; the time a leg takes in a tick, and the packets of the first one.
fn play(codec: (Codec, u8), srtp: Option<SrtpKeys>, clip: &Arc<Clip>) -> (Duration, Vec<Vec<u8>>) {
    let start = Instant::now();
    let mut engine = Engine::new(Config::default(), 1);
    for number in 0..LEGS {
        let session = SessionId(number);
        let plan = plan(codec, srtp);
        engine.command(start, Command::Open { session, plan });
        let prompt = Prompt {
            segments: vec![Segment::Clip(clip.clone())],
            times: 0,
        };
        let (play, stop_on_key) = (PlayId(1), StopOnKey::PlayOn);
        let command = Command::Play {
            session,
            play,
            prompt,
            stop_on_key,
        };
        engine.command(start, command);
    }
    let mut sink = Kept {
        packets: Vec::with_capacity(TICKS as usize),
        sent: 0,
    };
    let before = Instant::now();
    for tick in 0..TICKS {
        for phase in 0..PHASES {
            engine.tick(start + FRAME * tick, phase, &mut sink);
        }
    }
    (before.elapsed() / TICKS / LEGS, sink.packets)
}

/// Pairs that talk both ways, by packets of one codec at either end; the time a call takes in 20 ms.
fn bridge(ends: [((Codec, u8), Option<SrtpKeys>); 2], talk: &[Vec<Vec<u8>>; 2]) -> Duration {
    let start = Instant::now();
    let mut engine = Engine::new(Config::default(), 1);
    for number in 0..LEGS {
        let (session, to) = (SessionId(number), Some(SessionId(number ^ 1)));
        let (codec, srtp) = ends[number as usize % 2];
        let plan = plan(codec, srtp);
        engine.command(start, Command::Open { session, plan });
        let keys = RelayKeys::Pass;
        engine.command(start, Command::Relay { session, to, keys });
    }
    let mut sink = Kept::default();
    let before = Instant::now();
    for tick in 0..TICKS {
        let now = start + FRAME * tick;
        for number in 0..LEGS {
            let datagram = Datagram {
                session: SessionId(number),
                lane: Lane::Rtp,
                from: SocketAddr::from(([192, 0, 2, 7], 4_000)),
                bytes: &talk[number as usize % 2][tick as usize],
            };
            engine.packet(now, datagram, &mut sink);
        }
        for phase in 0..PHASES {
            engine.tick(now, phase, &mut sink);
        }
    }
    let taken = before.elapsed() / TICKS / (LEGS / 2);
    assert!(
        sink.sent >= u64::from(LEGS * TICKS) - u64::from(LEGS),
        "every packet goes on: {}",
        sink.sent
    );
    taken
}

fn print(what: &str, each: Duration, base: Duration, of: &str) {
    let ratio = each.as_secs_f64() / base.as_secs_f64();
    let core = FRAME.as_secs_f64() / each.as_secs_f64();
    println!(
        "{what:40} {:8.2} us in 20 ms, {ratio:6.1} times G.711; {core:.0} {of} on one core",
        each.as_secs_f64() * 1e6
    );
}

fn main() {
    let clip = speech();
    let base = play((Codec::Pcmu, 0), None, &clip).0;
    let mut talk = Vec::new();
    for (name, codec, payload_type) in CODECS {
        let (each, packets) = play((codec, payload_type), None, &clip);
        print(&format!("plays, {name}"), each, base, "legs");
        talk.push(((codec, payload_type), packets));
    }
    print(
        "plays, G.711 under SRTP",
        play((Codec::Pcmu, 0), Some(KEYS), &clip).0,
        base,
        "legs",
    );
    let at = |n: usize| talk[n].clone();
    let run = |a: usize, b: usize, srtp: [Option<SrtpKeys>; 2]| {
        let says = |n: usize, srtp: Option<SrtpKeys>| match srtp {
            // Both directions have one key here, so what a leg sends is what a leg may receive.
            Some(_) => play(at(n).0, srtp, &clip).1,
            None => at(n).1,
        };
        let ends = [(at(a).0, srtp[0]), (at(b).0, srtp[1])];
        bridge(ends, &[says(a, srtp[0]), says(b, srtp[1])])
    };
    let (plain, browser) = ([None; 2], Some(BROWSERS_KEYS));
    let base = run(0, 0, plain);
    for (what, a, b, srtp) in [
        ("bridged, G.711", 0, 0, plain),
        ("bridged, G.711 under SRTP", 0, 0, [Some(KEYS); 2]),
        ("bridged, Opus passed on", 4, 4, plain),
        ("bridged, G.711 to A-law", 0, 1, plain),
        ("bridged, G.711 to G.722", 0, 2, plain),
        ("bridged, G.711 to Opus", 0, 4, plain),
        ("bridged, G.722 to Opus", 2, 4, plain),
        ("bridged, a browser to G.711", 4, 0, [browser, None]),
        ("bridged, two browsers", 4, 4, [browser; 2]),
    ] {
        print(what, run(a, b, srtp), base, "calls");
    }
}
