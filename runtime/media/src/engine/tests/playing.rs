//! What goes out: pacing, prompts, flow.

use super::*;
use crate::g711;

fn loud(packet: &rtp::Packet<'_>) -> bool {
    packet.payload.iter().any(|&byte| byte != g711::silence(Law::Pcmu))
}

/// Checks that each packet follows the one before it exactly, and counts them.
struct InStep(u64, Option<Header>);

impl Sink for InStep {
    fn send(&mut self, _: SessionId, lane: Lane, _: SocketAddr, packet: &[u8]) {
        if lane == Lane::Rtp {
            let header = rtp::parse(packet).expect("we send RTP").header;
            if let Some(last) = self.1 {
                assert_eq!(header.timestamp, last.timestamp.wrapping_add(160));
                assert_eq!(header.sequence, last.sequence.wrapping_add(1));
                assert!(!header.marker);
            }
            (self.0, self.1) = (self.0 + 1, Some(header));
        }
    }

    fn heard(&mut self, _: SessionId, _: &[i16]) {}

    fn relay(&mut self, _: SessionId, _: &Relayed<'_>) {}
}

#[test]
fn ten_hours_are_exactly_as_many_packets_and_timestamps() {
    let (mut engine, start) = (Engine::new(Config::default(), 5), Instant::now());
    engine.command(
        start,
        Command::Open {
            session: SESSION,
            plan: plan(),
        },
    );
    let (mut sink, mut random, ticks) = (InStep(0, None), Random::new(8), 10 * 3600 * 50u32);
    for tick in 0..ticks {
        let tremble = Duration::from_micros(random.next() % 12_000);
        engine.tick(start + crate::FRAME * tick + tremble, 0, &mut sink);
    }
    assert_eq!(sink.0, u64::from(ticks));
    assert_eq!(engine.counters(SESSION).expect("open").ticks_missed, 0);
}

#[test]
fn a_stalled_thread_leaves_a_hole_of_its_length() {
    let mut bench = Bench::new();
    bench.ticks(3);
    bench.now += crate::FRAME * 10;
    bench.ticks(3);
    let sent = bench.rtp();
    let steps: Vec<u32> = sent
        .windows(2)
        .map(|w| w[1].header.timestamp.wrapping_sub(w[0].header.timestamp) / 160)
        .collect();
    assert_eq!(steps, [1, 1, 11, 1, 1]);
    assert_eq!(
        sent.iter().map(|p| p.header.marker).collect::<Vec<_>>(),
        [true, false, false, true, false, false]
    );
    assert_eq!(bench.counters().ticks_missed, 10);
}

#[test]
fn a_prompt_is_sent_to_its_end_and_silence_around_it() {
    let mut bench = Bench::new();
    bench.ticks(2);
    bench.play(1, vec![clip(400)], 1, StopOnKey::PlayOn);
    bench.ticks(5);
    assert_eq!(
        bench.rtp().iter().map(loud).collect::<Vec<_>>(),
        [false, false, true, true, true, false, false]
    );
    assert_eq!(bench.ended(), [(1, 60, PlayEnd::Finished)]);
    assert!(bench.sink.sent.iter().all(|sent| sent.to == remote()));
}

#[test]
fn every_play_ends_exactly_once() {
    let mut bench = Bench::new();
    bench.play(1, vec![clip(160)], 0, StopOnKey::PlayOn);
    bench.ticks(3);
    bench.play(2, vec![clip(160)], 0, StopOnKey::PlayOn);
    bench.ticks(2);
    bench.command(Command::Stop {
        session: SESSION,
        play: PlayId(1),
    });
    bench.ticks(1);
    bench.command(Command::Stop {
        session: SESSION,
        play: PlayId(2),
    });
    bench.play(3, vec![], 0, StopOnKey::PlayOn);
    bench.play(4, vec![clip(1); crate::MAX_SEGMENTS + 1], 1, StopOnKey::PlayOn);
    bench.play(5, vec![clip(160)], 0, StopOnKey::PlayOn);
    bench.tick();
    bench.command(Command::Close { session: SESSION });
    bench.tick();
    assert_eq!(
        bench.ended(),
        [
            (1, 60, PlayEnd::Replaced),
            (2, 60, PlayEnd::Stopped),
            (3, 0, PlayEnd::Finished),
            (4, 0, PlayEnd::Refused),
            (5, 20, PlayEnd::Closed)
        ]
    );
}

#[test]
fn a_prompt_waits_while_the_plan_forbids_sending() {
    let mut bench = Bench::new();
    bench.play(1, vec![clip(640)], 1, StopOnKey::PlayOn);
    bench.ticks(2);
    bench.command(Command::Update {
        session: SESSION,
        plan: Plan {
            flow: Flow::RecvOnly,
            ..plan()
        },
    });
    bench.ticks(50);
    assert_eq!((bench.rtp().len(), bench.ended().len()), (2, 0));
    bench.command(Command::Update {
        session: SESSION,
        plan: plan(),
    });
    bench.ticks(3);
    let sent = bench.rtp();
    assert_eq!(
        sent.iter().map(loud).collect::<Vec<_>>(),
        [true, true, true, true, false]
    );
    assert_eq!(
        sent[2].header.timestamp.wrapping_sub(sent[1].header.timestamp),
        51 * 160,
        "the time went on"
    );
    assert!(sent[2].header.marker);
    assert_eq!(bench.ended(), [(1, 80, PlayEnd::Finished)]);
}

#[test]
fn nothing_is_sent_to_an_address_that_is_none() {
    let mut bench = Bench::empty(Config::default());
    let nowhere = at("0.0.0.0:4000");
    bench.command(Command::Open {
        session: SESSION,
        plan: Plan {
            remote: nowhere,
            remote_rtcp: nowhere,
            ..plan()
        },
    });
    bench.ticks(1_000);
    assert_eq!(bench.sink.sent, []);
}

#[test]
fn the_codec_and_payload_type_are_those_of_the_plan() {
    let mut bench = Bench::new();
    bench.command(Command::Update {
        session: SESSION,
        plan: Plan {
            codec: Codec::Pcma,
            payload_type: 8,
            ..plan()
        },
    });
    bench.play(1, vec![clip(160)], 1, StopOnKey::PlayOn);
    bench.ticks(2);
    let sent = bench.rtp();
    assert_eq!(sent[0].header.payload_type, 8);
    assert_eq!(sent[0].payload, [g711::encode(Law::Pcma, 4_000); 160]);
    assert_eq!(sent[1].payload, [0xd5; 160]);
}
