//! A room whose seats talk, listen, whisper and sit in another engine, with a tap of the whole: ticks do not allocate once
//! it runs. In a program of its own, because the counter counts the whole program.

#![allow(clippy::disallowed_methods, reason = "a test needs an origin for its virtual clock")]

mod counting;

use patchcord_media::mixer::{Part, Way};
use patchcord_media::*;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const SEATS: u32 = 40;
const TICKS: u32 = 400;
const ROOM: RoomId = RoomId {
    home: SessionId(0),
    number: 1,
};
const CODECS: [(Codec, u8); 3] = [(Codec::Pcmu, 0), (Codec::G722, 9), (Codec::L16Wide, 98)];

/// Frames on their way between two engines: storage that is made once.
struct Wires {
    sent: u32,
    tapped: u32,
    crossing: Vec<(SessionId, Way, usize, [i16; 320])>,
}

impl Sink for Wires {
    fn send(&mut self, _: SessionId, lane: Lane, _: SocketAddr, _: &[u8]) {
        self.sent += u32::from(lane == Lane::Rtp);
    }

    fn heard(&mut self, _: SessionId, _: &[i16]) {}

    fn relay(&mut self, _: SessionId, _: &Relayed<'_>) {}

    fn tapped(&mut self, _: SessionId, _: &Tapped<'_>) -> TapTaken {
        self.tapped += 1;
        TapTaken::Yes
    }

    fn room_frame(&mut self, frame: &RoomFrame<'_>) {
        assert!(
            self.crossing.len() < self.crossing.capacity(),
            "room for every frame of a tick"
        );
        let mut samples = [0; 320];
        samples[..frame.samples.len()].copy_from_slice(frame.samples);
        self.crossing
            .push((frame.session, frame.way, frame.samples.len(), samples));
    }
}

fn remote() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 7], 4_000))
}

fn codec_of(session: u32) -> (Codec, u8) {
    CODECS[session as usize % CODECS.len()]
}

fn seat(engines: &mut [Engine; 2], now: Instant, number: u32) {
    let (session, (codec, payload_type)) = (SessionId(number), codec_of(number));
    let plan = Plan {
        remote: remote(),
        remote_rtcp: SocketAddr::from(([192, 0, 2, 7], 4_001)),
        codec,
        payload_type,
        receives: Vec::new(),
        opus: OpusOptions::default(),
        packets: PacketTimes::default(),
        srtp: None,
        telephone_event: Some(TelephoneEvent::new(101)),
        flow: Flow::SendRecv,
        timeout: None,
    };
    let engine = &mut engines[number as usize % 2];
    engine.command(now, Command::Open { session, plan });
    let part = if number % 5 == 4 {
        Part::ListensOnly
    } else {
        Part::Talks
    };
    let joined = Some(Joined { room: ROOM, part });
    engine.command(now, Command::Join { session, joined });
    let plan = SeatPlan {
        part,
        to_room_db: (number % 7) as i8 - 3,
        from_room_db: 0,
        heard_by: if number % 10 == 3 {
            vec![SessionId(0), SessionId(1)]
        } else {
            Vec::new()
        },
    };
    let order = RoomOrder::Seat {
        session,
        rate: codec.rate(),
        plan,
    };
    engines[0].command(now, Command::Room { room: ROOM, order });
}

/// Each talks for a while and is silent for a while.
fn packet(number: u32, tick: u32) -> Vec<u8> {
    let (codec, payload_type) = codec_of(number);
    let bytes = if codec == Codec::L16Wide { 640 } else { 160 };
    let speaks = (tick / 50 + number).is_multiple_of(3);
    let mut packet = vec![if speaks { (tick * 31 + number) as u8 } else { 0xff }; 12 + bytes];
    if codec == Codec::L16Wide && !speaks {
        packet.fill(0);
    }
    packet[..12].copy_from_slice(&[0x80, payload_type, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9]);
    packet[2..4].copy_from_slice(&(tick as u16).to_be_bytes());
    packet[4..8].copy_from_slice(&(tick * codec.clock() / 50).to_be_bytes());
    packet
}

/// 20 ms of both engines, and what crosses between them.
fn tick(engines: &mut [Engine; 2], wires: &mut [Wires; 2], now: Instant) {
    for phase in 0..PHASES {
        for (engine, wires) in engines.iter_mut().zip(wires.iter_mut()) {
            engine.tick(now, phase, wires);
        }
        for n in 0..2 {
            for (session, way, length, samples) in &wires[n].crossing {
                engines[1 - n].room_frame(&RoomFrame {
                    room: ROOM,
                    session: *session,
                    way: *way,
                    samples: &samples[..*length],
                });
            }
            wires[n].crossing.clear();
        }
    }
}

#[test]
fn ticks_of_a_room_over_two_engines_do_not_allocate() {
    let mut now = Instant::now();
    let mut engines = [Engine::new(Config::default(), 1), Engine::new(Config::default(), 2)];
    let mut wires: [Wires; 2] = std::array::from_fn(|_| Wires {
        sent: 0,
        tapped: 0,
        crossing: Vec::with_capacity(4 * SEATS as usize),
    });
    let open = RoomOrder::Open;
    engines[0].command(
        now,
        Command::Room {
            room: ROOM,
            order: open,
        },
    );
    (0..SEATS).for_each(|number| seat(&mut engines, now, number));
    let order = RoomOrder::Tap {
        tap: TapId { number: 1, channel: 0 },
        order: TapOrder::Begin(TapOptions {
            longest: Duration::from_secs(60),
            quiet: Some(Duration::from_secs(1)),
            starts: TapStart::AtOnce,
        }),
    };
    engines[0].command(now, Command::Room { room: ROOM, order });
    let packets: Vec<Vec<Vec<u8>>> = (0..TICKS)
        .map(|tick| (0..SEATS).map(|number| packet(number, tick)).collect())
        .collect();
    let (mut before, mut speakers) = (0, 0);
    for (number_of_tick, packets) in packets.iter().enumerate() {
        // What begins makes its storage then.
        if number_of_tick == 10 {
            before = counting::calls();
        }
        for (number, bytes) in packets.iter().enumerate() {
            let datagram = Datagram {
                session: SessionId(number as u32),
                lane: Lane::Rtp,
                from: remote(),
                bytes,
            };
            engines[number % 2].packet(now, datagram, &mut wires[number % 2]);
        }
        tick(&mut engines, &mut wires, now);
        for engine in &mut engines {
            while let Some(report) = engine.poll_report() {
                speakers += u32::from(matches!(report, Report::Room { .. }));
            }
        }
        now += FRAME;
    }
    let calls = counting::calls() - before;
    assert!(before > 1_000, "the counter must count: {before}");
    assert_eq!(calls, 0, "the allocator was called in a tick");
    assert_eq!((wires[0].tapped, wires[0].sent + wires[1].sent), (TICKS, SEATS * TICKS));
    assert!(speakers > 5, "{speakers} changes of speaker");
}
