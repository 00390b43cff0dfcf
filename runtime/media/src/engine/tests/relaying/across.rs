//! A relay between two engines: the frame leaves one through its sink and enters the other.

use super::*;

/// The engine that has B, and what it did.
struct Other {
    engine: Engine,
    sink: Kept,
}

impl Other {
    fn new(now: Instant, seed: u64) -> Other {
        let mut engine = Engine::new(Config::default(), seed);
        engine.command(
            now,
            Command::Open {
                session: B,
                plan: plan_of_b(),
            },
        );
        Other {
            engine,
            sink: Kept::default(),
        }
    }

    /// Takes what waits in the sink of the first engine.
    fn take(&mut self, bench: &mut Bench) {
        for (to, head, payload) in bench.sink.relayed.drain(..) {
            let relayed = Relayed {
                head,
                payload: &payload,
            };
            self.engine.relayed(bench.now, to, &relayed, &mut self.sink);
        }
    }

    fn to_b(&self) -> Vec<Heard> {
        let sent = self.sink.sent.iter().filter(|sent| sent.lane == Lane::Rtp);
        sent.map(|sent| Heard::new(&sent.bytes)).collect()
    }
}

/// A bridge to a session of another engine.
fn across() -> (Bridge, Other) {
    let mut bench = Bench::empty(Config::default());
    bench.command(Command::Open {
        session: A,
        plan: plan_of(a(), Codec::Pcmu, Some(EVENT)),
    });
    let other = Other::new(bench.now, 7);
    let mut bridge = Bridge {
        bench,
        sequence: 10,
        timestamp: 10,
        ssrc: 77,
    };
    bridge.relay(A, Some(B), RelayKeys::Pass);
    (bridge, other)
}

#[test]
fn the_other_engine_sends_what_the_same_engine_would() {
    let (mut bridge, mut other) = across();
    let mut same = Bridge::apart();
    (same.sequence, same.timestamp) = (10, 10);
    same.relay(A, Some(B), RelayKeys::Pass);
    for n in 0..200u16 {
        for bridge in [&mut bridge, &mut same] {
            let bytes = match n % 10 {
                3 => bridge.next_event(u32::from(n) * 160, (n % 9) as u8, 10, 160),
                _ => bridge.next_packet(&[n as u8; 160]),
            };
            if n % 17 != 0 {
                bridge.arrive(&bytes);
            }
            if n % 13 == 0 {
                bridge.arrive(&bytes);
            }
        }
        other.take(&mut bridge.bench);
        for phase in 0..PHASES {
            other.engine.tick(bridge.bench.now, phase, &mut other.sink);
        }
        bridge.bench.tick();
        same.bench.tick();
    }
    let (there, here) = (other.to_b(), same.to_b());
    assert!(there.len() > 180 && there.len() == here.len());
    for (there, here) in there.iter().zip(&here) {
        // Only what each engine chose by chance differs.
        assert_eq!(there.payload, here.payload);
        assert_eq!(
            (there.header.marker, there.header.payload_type),
            (here.header.marker, here.header.payload_type)
        );
    }
    let steps = |heard: &[Heard]| -> Vec<(u16, u32)> {
        heard
            .iter()
            .map(|packet| {
                (
                    packet.header.sequence.wrapping_sub(heard[0].header.sequence),
                    packet.header.timestamp.wrapping_sub(heard[0].header.timestamp),
                )
            })
            .collect()
    };
    assert_eq!(steps(&there), steps(&here));
}

#[test]
fn what_nobody_takes_is_counted() {
    let (mut bridge, mut other) = across();
    bridge.talk(3, 1);
    other.engine.command(bridge.bench.now, Command::Close { session: B });
    other.take(&mut bridge.bench);
    assert_eq!(other.engine.totals().stray_relayed, 3);
    // Longer than any engine relays: an owner that made it up.
    let mut other = Other::new(bridge.bench.now, 3);
    let head = RelayHead {
        from: A,
        stream: 0,
        number: 70_000,
        timestamp: 0,
        clock: 8_000,
        marker: false,
        content: RelayContent::Sound(Codec::Pcmu),
    };
    for payload in [&vec![1; crate::MAX_RELAYED_BYTES + 1][..], &[]] {
        other
            .engine
            .relayed(bridge.bench.now, B, &Relayed { head, payload }, &mut other.sink);
    }
    assert_eq!(other.engine.counters(B).expect("open").relay_dropped, 2);
    assert_eq!(other.sink.sent, []);
}

#[test]
fn frames_lost_on_the_way_are_loss_to_the_far_end() {
    let (mut bridge, mut other) = across();
    for n in 0..20u8 {
        bridge.say(&[n; 160]);
        if n % 7 == 3 {
            bridge.bench.sink.relayed.clear();
        }
        other.take(&mut bridge.bench);
    }
    let heard = other.to_b();
    assert_eq!(heard.len(), 17);
    for pair in heard.windows(2) {
        let steps = pair[1].payload[0] - pair[0].payload[0];
        let (before, after) = (pair[0].header, pair[1].header);
        assert_eq!(after.sequence.wrapping_sub(before.sequence), u16::from(steps));
        assert_eq!(after.timestamp.wrapping_sub(before.timestamp), u32::from(steps) * 160);
    }
}

#[test]
fn a_relayed_frame_shows_nobody_what_is_in_it() {
    let (mut bridge, _) = across();
    let event = bridge.next_event(5, 9, 10, 160);
    bridge.arrive(&event);
    let (_, head, payload) = bridge.bench.sink.relayed.remove(0);
    let relayed = Relayed {
        head,
        payload: &payload,
    };
    let text = format!("{relayed:?}");
    assert!(text.contains("payload: <private>") && !text.contains('['), "{text}");
}
