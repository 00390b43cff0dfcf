//! Proof that packets and ticks do not touch the allocator: neither taking memory nor giving it back.

#![allow(clippy::disallowed_methods, reason = "a test needs an origin for its virtual clock")]

mod counting;

use patchcord_media::*;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

#[derive(Default)]
struct Counted {
    sent: u64,
    heard: u64,
    relayed: u64,
    tapped: u64,
}

impl Sink for Counted {
    fn send(&mut self, _: SessionId, _: Lane, _: SocketAddr, _: &[u8]) {
        self.sent += 1;
    }

    fn heard(&mut self, _: SessionId, _: &[i16]) {
        self.heard += 1;
    }

    fn relay(&mut self, _: SessionId, _: &Relayed<'_>) {
        self.relayed += 1;
    }

    fn tapped(&mut self, _: SessionId, _: &Tapped<'_>) -> TapTaken {
        self.tapped += 1;
        TapTaken::Yes
    }
}

const SESSIONS: u32 = 40;

fn rtp(payload_type: u8, sequence: u16, timestamp: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x80, payload_type];
    bytes.extend_from_slice(&sequence.to_be_bytes());
    bytes.extend_from_slice(&timestamp.to_be_bytes());
    bytes.extend_from_slice(&[0, 0, 0, 9]);
    bytes.extend_from_slice(payload);
    bytes
}

fn open(engine: &mut Engine, now: Instant, remote: SocketAddr) {
    let plan = Plan {
        remote,
        remote_rtcp: SocketAddr::new(remote.ip(), remote.port() + 1),
        codec: Codec::Pcmu,
        payload_type: 0,
        receives: Vec::new(),
        opus: OpusOptions::default(),
        packets: PacketTimes::default(),
        srtp: None,
        telephone_event: Some(TelephoneEvent::new(101)),
        flow: Flow::SendRecv,
        timeout: Some(Duration::from_secs(1)),
    };
    let clip = Arc::new(Clip::from_samples(&[1000; 3_333]));
    let coming = Coming::default();
    coming.is_here(clip.clone());
    for number in 0..SESSIONS {
        let session = SessionId(number);
        let tone = Tone {
            frequencies: vec![440, 480],
            on: Duration::from_millis(330),
            off: Duration::from_millis(170),
            count: 3,
            level_dbm0: -12,
        };
        let segments = vec![
            Segment::Clip(clip.clone()),
            Segment::Tone(tone),
            Segment::Silence(Duration::from_millis(5)),
            Segment::Coming(coming.clone()),
        ];
        let prompt = Prompt {
            segments,
            times: (number % 3) as u16,
        };
        let stop_on_key = if number % 2 == 0 {
            StopOnKey::Stop
        } else {
            StopOnKey::PlayOn
        };
        engine.command(
            now,
            Command::Open {
                session,
                plan: plan.clone(),
            },
        );
        engine.command(
            now,
            Command::Play {
                session,
                play: PlayId(number),
                prompt,
                stop_on_key,
            },
        );
        engine.command(
            now,
            Command::Listen {
                session,
                listening: Listening::On,
            },
        );
        set_to_work(engine, now, session);
    }
}

/// What a session does beside playing: keys, a relay, a detection.
fn set_to_work(engine: &mut Engine, now: Instant, session: SessionId) {
    let number = session.0;
    let keys = vec![
        KeyPress {
            event: 5,
            duration_ms: 100,
            pause_ms: 100
        };
        10
    ];
    engine.command(now, Command::SendKeys { session, keys });
    // Half of them to their neighbour, whose prompt ends or not; half to a session of another engine.
    engine.command(
        now,
        Command::Relay {
            session,
            to: Some(SessionId(if number.is_multiple_of(2) {
                number + 1
            } else {
                number + SESSIONS
            })),
            keys: RelayKeys::Pass,
        },
    );
    let options = DetectOptions::default();
    engine.command(now, Command::Detect { session, options });
    let options = EarOptions {
        end_silence: Duration::from_millis(600),
        longest: Duration::from_secs(3),
    };
    let (ear, order) = (EarId(number), EarOrder::Open(options));
    engine.command(now, Command::Ear { session, ear, order });
    // Live sound with marks, which comes to its turn when prompts and keys are over.
    let live = LiveId(u64::from(number));
    for order in [
        LiveOrder::Begin {
            rate: mixer::Rate::Hz24000,
        },
        LiveOrder::Sound(vec![1_000; 24_000]),
        LiveOrder::Mark(1),
    ] {
        engine.command(now, Command::Live { session, live, order });
    }
    // One tap runs through and tells of quiet, another ends by itself.
    for (channel, longest) in [(0, Duration::from_secs(60)), (1, Duration::from_secs(10))] {
        let tap = TapId {
            number: u64::from(number),
            channel,
        };
        let order = TapOrder::Begin(TapOptions {
            longest,
            quiet: Some(Duration::from_millis(500)),
            starts: TapStart::AtOnce,
        });
        engine.command(now, Command::Tap { session, tap, order });
    }
}

/// A packet of sound that is different in each, and not steady.
fn loud(number: u32) -> [u8; 160] {
    std::array::from_fn(|at| (number.wrapping_mul(2_654_435_761) >> (at % 24)) as u8 | 0x80 >> (number % 3))
}

/// What each session receives, a packet a tick; an empty one is none.
fn packets() -> Vec<Vec<u8>> {
    let mut packets = Vec::new();
    for n in 0..1_000u32 {
        let (sequence, timestamp) = (n as u16, n * 160);
        packets.push(match n % 100 {
            // A key now and then, some losses, rubbish, a silence of more than a second, the rest sound.
            50..=55 => rtp(101, sequence, (n - n % 100) * 160, &[5, 10, 0, 160]),
            60 => vec![1, 2, 3],
            61..=63 => Vec::new(),
            _ if (300..400).contains(&n) => Vec::new(),
            // Half a second of something loud and restless, which might be a voice.
            10..=35 if n > 600 && n < 700 => rtp(0, sequence, timestamp, &loud(n)),
            _ => rtp(0, sequence, timestamp, &[0x80; 160]),
        });
    }
    packets
}

#[test]
fn packets_and_ticks_do_not_allocate() {
    let (mut now, mut sink) = (Instant::now(), Counted::default());
    let remote: SocketAddr = "192.0.2.7:4000".parse().expect("an address");
    let mut engine = Engine::new(Config::default(), 7);
    open(&mut engine, now, remote);
    let packets = packets();
    let mut said = Vec::with_capacity(2 * SESSIONS as usize);
    let (mut keys, mut ended, mut silent, mut detected, mut tapped, mut marks) = (0, 0, 0, 0, 0, 0);
    let before = counting::calls();
    for packet in &packets {
        for session in (0..SESSIONS).map(SessionId).filter(|_| !packet.is_empty()) {
            for (lane, bytes) in [(Lane::Rtp, &packet[..]), (Lane::Rtcp, b"\x80\xc9\x00\x01\0\0\0\x09")] {
                let from = remote;
                let datagram = Datagram {
                    session,
                    lane,
                    from,
                    bytes,
                };
                engine.packet(now, datagram, &mut sink);
            }
        }
        for phase in 0..PHASES {
            engine.tick(now, phase, &mut sink);
        }
        while let Some(report) = engine.poll_report() {
            keys += u32::from(matches!(report, Report::Key { .. }));
            ended += u32::from(matches!(report, Report::PlayEnded { .. }));
            silent += u32::from(matches!(report, Report::Silent { .. }));
            detected += u32::from(matches!(report, Report::Detected { .. }));
            tapped += u32::from(matches!(report, Report::Tap { .. }));
            marks += u32::from(matches!(report, Report::Live { .. }));
            if let Report::Ear { event, .. } = report {
                // Whoever takes it frees it.
                said.push(event);
            }
        }
        now += FRAME;
    }
    let calls = counting::calls() - before;
    assert!(before > 1_000, "the counter must count: {before}");
    assert_eq!(
        calls, 0,
        "the allocator was called while packets and ticks were handled"
    );
    // The run must have reached what could allocate.
    assert!(
        sink.sent > 40_000 && sink.heard == 40_000,
        "{} sent, {} heard",
        sink.sent,
        sink.heard
    );
    assert_eq!((keys, silent, detected), (10 * SESSIONS, SESSIONS, SESSIONS));
    assert_eq!((sink.tapped, tapped >= 3 * SESSIONS), (60_000, true), "{tapped} told");
    let heard = said.iter().filter(|event| matches!(event, EarEvent::Said(_)));
    assert_eq!((said.len(), heard.count()), (2 * SESSIONS as usize, SESSIONS as usize));
    let relayed: u64 = (0..SESSIONS)
        .filter_map(|number| engine.counters(SessionId(number)))
        .map(|counters| counters.relayed)
        .sum();
    assert!(
        relayed > 5_000 && sink.relayed > 15_000,
        "{relayed} and {}",
        sink.relayed
    );
    assert!(ended >= SESSIONS / 2, "{ended} prompts ended");
    assert!(marks >= SESSIONS / 2, "live sound was played in {marks} sessions");
}
