//! The same proof for wide band, transcoding, SRTP and packets of any length, once what each session needs is there: after
//! its first packets. Not for Opus, whose coder allocates within a packet.

#![allow(clippy::disallowed_methods, reason = "a test needs an origin for its virtual clock")]

mod counting;

use patchcord_media::*;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

/// Packets and ticks until everything was made that is made at the first of its kind.
const FIRST: u32 = 10;
const TICKS: u32 = 200;
const KEYS: SrtpKeys = SrtpKeys {
    suite: SrtpSuite::Tag80,
    send: SrtpKey([1; SRTP_KEY_BYTES]),
    receive: SrtpKey([1; SRTP_KEY_BYTES]),
};
/// As browsers have it.
const GCM: SrtpKeys = SrtpKeys {
    suite: SrtpSuite::Gcm256,
    ..KEYS
};
/// Pairs are bridged to each other.
const LEGS: [(Codec, u8, Option<SrtpKeys>); 6] = [
    (Codec::G722, 9, None),
    (Codec::Pcmu, 0, None),
    (Codec::L16Wide, 97, None),
    (Codec::G722, 9, None),
    (Codec::Pcma, 8, Some(KEYS)),
    (Codec::L16Narrow, 98, Some(GCM)),
];

/// What sessions sent is what their far ends say: with one key for both directions it is authentic too.
struct Far {
    packets: Vec<([u8; 1_600], usize)>,
    sent: u64,
}

impl Sink for Far {
    fn send(&mut self, session: SessionId, lane: Lane, _: SocketAddr, packet: &[u8]) {
        if lane == Lane::Rtp {
            let (bytes, length) = &mut self.packets[session.0 as usize];
            bytes[..packet.len()].copy_from_slice(packet);
            *length = packet.len();
            self.sent += 1;
        }
    }

    fn heard(&mut self, _: SessionId, _: &[i16]) {}

    fn relay(&mut self, _: SessionId, _: &Relayed<'_>) {}
}

fn remote() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 7], 4_000))
}

fn plan(codec: Codec, payload_type: u8, srtp: Option<SrtpKeys>) -> Plan {
    Plan {
        remote: remote(),
        remote_rtcp: SocketAddr::new(remote().ip(), 4_001),
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

/// A clip without end.
fn play(session: SessionId, clip: &Arc<Clip>) -> Command {
    let prompt = Prompt {
        segments: vec![Segment::Clip(clip.clone())],
        times: 0,
    };
    Command::Play {
        session,
        play: PlayId(1),
        prompt,
        stop_on_key: StopOnKey::PlayOn,
    }
}

fn open(engine: &mut Engine, now: Instant, talks: bool) {
    let clip = Arc::new(Clip::from_samples(&[3_000; 8_000]));
    for (number, (codec, payload_type, srtp)) in (0..).zip(LEGS) {
        let session = SessionId(number);
        let plan = plan(codec, payload_type, srtp);
        engine.command(now, Command::Open { session, plan });
        if talks {
            engine.command(now, play(session, &clip));
            continue;
        }
        let listening = Listening::On;
        engine.command(now, Command::Listen { session, listening });
        let (to, keys) = (Some(SessionId(number ^ 1)), RelayKeys::Pass);
        engine.command(now, Command::Relay { session, to, keys });
    }
}

#[test]
fn wide_band_transcoding_and_srtp_do_not_allocate() {
    let mut now = Instant::now();
    let far = || Far {
        packets: vec![([0; 1_600], 0); LEGS.len()],
        sent: 0,
    };
    let (mut ends, mut node) = (far(), far());
    let [mut talkers, mut bridges] = [1, 2].map(|seed| Engine::new(Config::default(), seed));
    open(&mut talkers, now, true);
    open(&mut bridges, now, false);
    let mut before = 0;
    for tick in 0..FIRST + TICKS {
        if tick == FIRST {
            before = counting::calls();
        }
        for phase in 0..PHASES {
            talkers.tick(now, phase, &mut ends);
        }
        for (number, (bytes, length)) in (0..).zip(&ends.packets) {
            let datagram = Datagram {
                session: SessionId(number),
                lane: Lane::Rtp,
                from: remote(),
                bytes: &bytes[..*length],
            };
            bridges.packet(now, datagram, &mut node);
        }
        for phase in 0..PHASES {
            bridges.tick(now, phase, &mut node);
        }
        while bridges.poll_report().is_some() || talkers.poll_report().is_some() {}
        now += FRAME;
    }
    assert_eq!(counting::calls() - before, 0, "the allocator was called");
    for number in 0..LEGS.len() as u32 {
        let counters = bridges.counters(SessionId(number)).expect("it is open");
        assert!(counters.relayed >= u64::from(TICKS), "{number}: {counters:?}");
        assert_eq!((counters.unauthentic, counters.malformed), (0, 0), "{number}");
    }
}

#[test]
fn packets_of_other_lengths_do_not_allocate() {
    let mut now = Instant::now();
    let mut engine = Engine::new(Config::default(), 3);
    let mut sink = Far {
        packets: vec![([0; 1_600], 0); LEGS.len() * PacketTime::ALL.len()],
        sent: 0,
    };
    let clip = Arc::new(Clip::from_samples(&[3_000; 8_000]));
    let each = LEGS.iter().flat_map(|leg| PacketTime::ALL.map(|own| (leg, own)));
    for (number, ((codec, payload_type, srtp), own)) in (0..).zip(each) {
        let session = SessionId(number);
        let packets = PacketTimes {
            own,
            ..PacketTimes::default()
        };
        let plan = Plan {
            packets,
            ..plan(*codec, *payload_type, *srtp)
        };
        engine.command(now, Command::Open { session, plan });
        engine.command(now, play(session, &clip));
        let key = KeyPress {
            event: 5,
            duration_ms: 100,
            pause_ms: 500,
        };
        let keys = vec![key; 5];
        engine.command(now, Command::SendKeys { session, keys });
    }
    let mut before = 0;
    for tick in 0..FIRST + TICKS {
        if tick == FIRST {
            before = counting::calls();
        }
        for phase in 0..PHASES {
            engine.tick(now, phase, &mut sink);
        }
        while engine.poll_report().is_some() {}
        now += FRAME;
    }
    assert_eq!(counting::calls() - before, 0, "the allocator was called");
    assert!(sink.sent > u64::from(TICKS) * LEGS.len() as u64);
}
