//! The same proof for wide band, transcoding and SRTP, once what each session needs is there: after its first packets. Not for
//! Opus, whose coder allocates within a packet.

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
/// Pairs are bridged to each other.
const LEGS: [(Codec, u8, Option<SrtpKeys>); 6] = [
    (Codec::G722, 9, None),
    (Codec::Pcmu, 0, None),
    (Codec::L16Wide, 97, None),
    (Codec::G722, 9, None),
    (Codec::Pcma, 8, Some(KEYS)),
    (Codec::L16Narrow, 98, Some(KEYS)),
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

fn open(engine: &mut Engine, now: Instant, talks: bool) {
    let clip = Arc::new(Clip::from_samples(&[3_000; 8_000]));
    for (number, (codec, payload_type, srtp)) in (0..).zip(LEGS) {
        let session = SessionId(number);
        let plan = Plan {
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
        };
        engine.command(now, Command::Open { session, plan });
        if talks {
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
            engine.command(now, command);
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
