//! Sessions in rooms: in one engine and in two, in every codec, with taps, whispers, and what ends under them.

use super::*;
use crate::codec::{Decoder, Encoder, Sound};
use crate::measure::{frequency_dbfs, level_dbfs};
use crate::mixer::{Part, Rate, Way};
use crate::{
    Joined, Paused, RoomEvent, RoomFrame, RoomId, RoomOrder, SeatPlan, TapEnd, TapEvent, TapId, TapOptions, TapOrder,
    TapStart, TapTaken, Tapped,
};
use std::f64::consts::TAU;

const ROOM: RoomId = RoomId {
    home: SessionId(1),
    number: 7,
};
const CODECS: [(Codec, u8); 5] = [
    (Codec::Pcmu, 0),
    (Codec::Pcma, 8),
    (Codec::G722, 9),
    (Codec::L16Narrow, 97),
    (Codec::L16Wide, 98),
];
const TAP: TapId = TapId { number: 3, channel: 0 };
/// Of each who talks.
const AMPLITUDE: f64 = 600.0;

/// A session's far end: says one tone and keeps what it hears, at 8 kHz.
struct Member {
    session: SessionId,
    /// Which engine.
    engine: usize,
    codec: (Codec, u8),
    hertz: f64,
    encoder: Encoder,
    decoder: Decoder,
    sequence: u16,
    heard: Vec<i16>,
}

#[derive(Default)]
struct Wires {
    sent: Vec<(SessionId, Vec<u8>)>,
    crossing: Vec<(RoomId, SessionId, Way, Vec<i16>)>,
    tapped: Vec<i16>,
}

impl Sink for Wires {
    fn send(&mut self, session: SessionId, lane: Lane, _: SocketAddr, packet: &[u8]) {
        if lane == Lane::Rtp {
            self.sent.push((session, packet.to_vec()));
        }
    }

    fn heard(&mut self, _: SessionId, _: &[i16]) {}

    fn relay(&mut self, _: SessionId, _: &Relayed<'_>) {}

    fn tapped(&mut self, _: SessionId, tapped: &Tapped<'_>) -> TapTaken {
        assert_eq!(tapped.position as usize * 160, self.tapped.len());
        self.tapped.extend_from_slice(tapped.samples);
        TapTaken::Yes
    }

    fn room_frame(&mut self, frame: &RoomFrame<'_>) {
        let RoomFrame {
            room,
            session,
            way,
            samples,
        } = *frame;
        self.crossing.push((room, session, way, samples.to_vec()));
    }
}

/// A meeting over some engines; the room is in the first.
struct Meeting {
    engines: Vec<Engine>,
    wires: Vec<Wires>,
    members: Vec<Member>,
    now: Instant,
    reports: Vec<Report>,
}

impl Meeting {
    fn new(engines: usize) -> Meeting {
        let engines: Vec<Engine> = (0..engines as u64).map(|n| Engine::new(Config::default(), n)).collect();
        let mut meeting = Meeting {
            wires: engines.iter().map(|_| Wires::default()).collect(),
            engines,
            members: Vec::new(),
            now: Instant::now(),
            reports: Vec::new(),
        };
        meeting.order(RoomOrder::Open);
        meeting
    }

    fn order(&mut self, order: RoomOrder) {
        self.command(0, Command::Room { room: ROOM, order });
    }

    fn command(&mut self, engine: usize, command: Command) {
        self.engines[engine].command(self.now, command);
        self.drain();
    }

    fn drain(&mut self) {
        for engine in &mut self.engines {
            self.reports.extend(std::iter::from_fn(|| engine.poll_report()));
        }
    }

    /// A member that says this tone; its number.
    fn come(&mut self, engine: usize, codec: (Codec, u8), hertz: f64) -> usize {
        let session = SessionId(self.members.len() as u32 + 1);
        let plan = Plan {
            codec: codec.0,
            payload_type: codec.1,
            ..plan()
        };
        self.command(engine, Command::Open { session, plan });
        self.members.push(Member {
            session,
            engine,
            codec,
            hertz,
            encoder: Encoder::new(codec.0, OpusOptions::default()),
            decoder: Decoder::new(codec.0, Rate::Hz8000),
            sequence: 65_500,
            heard: Vec::new(),
        });
        let member = self.members.len() - 1;
        self.seat(member, SeatPlan::default());
        member
    }

    fn seat(&mut self, member: usize, plan: SeatPlan) {
        let Member {
            session, engine, codec, ..
        } = self.members[member];
        let joined = Some(Joined {
            room: ROOM,
            part: plan.part,
        });
        let rate = codec.0.rate();
        self.order(RoomOrder::Seat { session, rate, plan });
        self.command(engine, Command::Join { session, joined });
    }

    fn leave(&mut self, member: usize) {
        let Member { session, engine, .. } = self.members[member];
        self.order(RoomOrder::Leave { session });
        self.command(engine, Command::Join { session, joined: None });
    }

    /// 20 ms in which all talk.
    fn tick(&mut self) {
        for n in 0..self.members.len() {
            self.say(n);
        }
        for phase in 0..PHASES {
            for (engine, wires) in self.engines.iter_mut().zip(&mut self.wires) {
                engine.tick(self.now, phase, wires);
            }
            let crossing: Vec<_> = self
                .wires
                .iter_mut()
                .map(|wires| std::mem::take(&mut wires.crossing))
                .collect();
            for (n, frames) in crossing.into_iter().enumerate() {
                // There are two at most: what is not in one is in the other.
                let Some(other) = self.engines.get_mut(1 - n) else {
                    continue;
                };
                for (room, session, way, samples) in &frames {
                    other.room_frame(&RoomFrame {
                        room: *room,
                        session: *session,
                        way: *way,
                        samples,
                    });
                }
            }
        }
        self.now += crate::FRAME;
        self.drain();
        self.hear();
    }

    fn say(&mut self, n: usize) {
        let member = &mut self.members[n];
        let rate = member.codec.0.rate();
        let from = usize::from(member.sequence.wrapping_sub(65_500)) * rate.frame();
        let sound: Vec<i16> = (from..from + rate.frame())
            .map(|n| (AMPLITUDE * (TAU * member.hertz * n as f64 / f64::from(rate.hertz())).sin()) as i16)
            .collect();
        let mut payload = [0; 1_400];
        let length = member.encoder.encode(&sound, &mut payload);
        let ticks = member.codec.0.clock() / 50;
        let timestamp = u32::from(member.sequence.wrapping_sub(65_500)) * ticks;
        let bytes = packet(member.codec.1, member.sequence, timestamp, 9, &payload[..length]);
        member.sequence = member.sequence.wrapping_add(1);
        let datagram = Datagram {
            session: member.session,
            lane: Lane::Rtp,
            from: remote(),
            bytes: &bytes,
        };
        let engine = member.engine;
        self.engines[engine].packet(self.now, datagram, &mut self.wires[engine]);
    }

    fn hear(&mut self) {
        for wires in &mut self.wires {
            for (session, bytes) in wires.sent.drain(..) {
                let member = &mut self.members[session.0 as usize - 1];
                let packet = rtp::parse(&bytes).expect("we send RTP");
                let mut sound = Sound::new();
                assert!(member.decoder.decode(packet.payload, &mut sound));
                member.heard.extend_from_slice(sound.samples());
            }
        }
    }

    fn ticks(&mut self, count: usize) {
        (0..count).for_each(|_| self.tick());
    }

    /// The level of a member's tone in the last half second of what another hears.
    fn level(&self, listener: usize, of: usize) -> f64 {
        let heard = &self.members[listener].heard;
        frequency_dbfs(&heard[heard.len() - 4_000..], 8_000, self.members[of].hertz)
    }

    /// Whether the listener hears the other as loudly as it speaks.
    fn hears(&self, listener: usize, of: usize) -> bool {
        (self.level(listener, of) - said_dbfs()).abs() < 0.5
    }

    fn hears_nothing_of(&self, listener: usize, of: usize) -> bool {
        self.level(listener, of) < -75.0
    }
}

fn said_dbfs() -> f64 {
    20.0 * (AMPLITUDE / 32_767.0).log10()
}

/// Tones whose whole periods fit into half a second, and none a multiple of another's distance.
fn tone(n: usize) -> f64 {
    240.0 + 94.0 * n as f64
}

#[test]
fn thirty_hear_all_tones_but_their_own_in_every_codec_and_over_two_engines() {
    for engines in [1, 2] {
        let mut meeting = Meeting::new(engines);
        for n in 0..30 {
            meeting.come(n % engines, CODECS[n % CODECS.len()], tone(n));
        }
        meeting.ticks(60);
        for listener in 0..30 {
            for of in 0..30 {
                let (level, said) = (meeting.level(listener, of), said_dbfs());
                if listener == of {
                    assert!(level < said - 30.0, "{listener} hears itself at {level:.1} dBFS");
                } else {
                    let off = level - said;
                    assert!(
                        off.abs() < 0.5,
                        "{listener} hears {of} {off:.2} dB off ({engines} engines)"
                    );
                }
            }
        }
        let strays: Vec<u64> = meeting
            .engines
            .iter()
            .map(|engine| engine.totals().stray_relayed)
            .collect();
        assert!(strays.iter().all(|&strays| strays == 0), "{strays:?}");
    }
}

#[test]
fn opus_legs_hear_each_other_and_a_telephone() {
    let mut meeting = Meeting::new(1);
    meeting.come(0, (Codec::Opus, 96), 900.0);
    meeting.come(0, (Codec::Opus, 96), 1_300.0);
    meeting.come(0, (Codec::Pcmu, 0), 600.0);
    meeting.ticks(90);
    for (listener, of) in [(0, 1), (1, 0), (0, 2), (2, 0), (2, 1)] {
        let off = meeting.level(listener, of) - said_dbfs();
        assert!(off.abs() < 2.0, "{listener} hears {of} {off:.1} dB off");
    }
}

#[test]
fn what_is_said_is_heard_within_the_buffer_and_two_ticks() {
    for (engines, most_ms) in [(1, 40 + 40), (2, 40 + 40 + 40)] {
        let mut meeting = Meeting::new(engines);
        meeting.come(0, CODECS[0], 500.0);
        meeting.come(engines - 1, CODECS[0], 0.0);
        let mut ms = 0;
        while meeting.members[1]
            .heard
            .last()
            .is_none_or(|&sample| sample.unsigned_abs() < 16)
        {
            meeting.tick();
            ms += 20;
            assert!(ms < 500, "nothing is heard");
        }
        assert!(ms - 20 <= most_ms, "{engines} engines: {ms}");
    }
}

/// What is left in a buffer that nobody took from any more is not waited for.
#[test]
fn who_was_listened_to_before_is_heard_as_soon() {
    let mut meeting = Meeting::new(1);
    let (a, b) = (meeting.come(0, CODECS[0], 500.0), meeting.come(0, CODECS[0], 0.0));
    meeting.leave(a);
    let session = meeting.members[a].session;
    let options = crate::DetectOptions {
        timeout: Duration::from_secs(3),
        ..crate::DetectOptions::default()
    };
    meeting.command(0, Command::Detect { session, options });
    let over = |report: &Report| matches!(report, Report::Detected { .. });
    while !meeting.reports.iter().any(over) {
        meeting.tick();
        assert!(meeting.members[a].heard.len() < 100 * 8_000, "a detection ends");
    }
    meeting.ticks(20);
    meeting.seat(a, SeatPlan::default());
    meeting.ticks(10);
    let heard = &meeting.members[b].heard;
    let level = level_dbfs(&heard[heard.len() - 5 * 160..]);
    assert!((level - said_dbfs()).abs() < 1.0, "{level:.1} dBFS after 200 ms");
}

#[test]
fn whispers_reach_only_whom_they_are_for_and_nobody_once_they_are_gone() {
    let mut meeting = Meeting::new(1);
    let (customer, agent, coach) = (
        meeting.come(0, CODECS[0], tone(0)),
        meeting.come(0, CODECS[2], tone(5)),
        meeting.come(0, CODECS[1], tone(9)),
    );
    meeting.seat(
        coach,
        SeatPlan {
            heard_by: vec![meeting.members[agent].session],
            ..SeatPlan::default()
        },
    );
    meeting.ticks(60);
    assert!(meeting.hears(agent, coach) && meeting.hears_nothing_of(customer, coach));
    assert!(meeting.hears(coach, customer) && meeting.hears(coach, agent));
    meeting.leave(agent);
    meeting.ticks(60);
    assert!(
        meeting.hears_nothing_of(customer, coach),
        "an agent who leaves does not let the customer hear the coach: {:.1} dBFS",
        meeting.level(customer, coach)
    );
    assert!(
        meeting.members[customer].heard.len() > 100 * 160,
        "sound goes on without gaps"
    );
    meeting.seat(coach, SeatPlan::default());
    meeting.ticks(60);
    assert!(meeting.hears(customer, coach));
}

#[test]
fn who_only_listens_is_not_heard_and_gains_are_what_they_say() {
    let mut meeting = Meeting::new(2);
    let (a, b) = (meeting.come(0, CODECS[0], tone(1)), meeting.come(1, CODECS[4], tone(4)));
    let listens = SeatPlan {
        part: Part::ListensOnly,
        from_room_db: -6,
        ..SeatPlan::default()
    };
    meeting.seat(b, listens);
    meeting.ticks(60);
    assert!(meeting.hears_nothing_of(a, b));
    let off = meeting.level(b, a) - said_dbfs() + 6.0;
    assert!(off.abs() < 0.5, "{off:.2}");
    let loud = SeatPlan {
        to_room_db: 12,
        ..SeatPlan::default()
    };
    meeting.seat(b, loud);
    meeting.ticks(60);
    let off = meeting.level(a, b) - said_dbfs() - 12.0;
    assert!(off.abs() < 0.5, "{off:.2}");
}

#[test]
fn a_tap_gets_all_that_is_said_and_ends_with_the_room() {
    let mut meeting = Meeting::new(1);
    for (n, codec) in CODECS.into_iter().take(4).enumerate() {
        meeting.come(0, codec, tone(3 * n));
    }
    let options = TapOptions {
        longest: Duration::from_secs(60),
        quiet: None,
        starts: TapStart::AtOnce,
    };
    meeting.order(RoomOrder::Tap {
        tap: TAP,
        order: TapOrder::Begin(options),
    });
    meeting.ticks(80);
    let tapped = &meeting.wires[0].tapped;
    assert_eq!(tapped.len(), 80 * 160);
    for n in 0..4 {
        let off = frequency_dbfs(&tapped[8_000..], 8_000, tone(3 * n)) - said_dbfs();
        assert!(off.abs() < 0.5, "{n}: {off:.2}");
    }
    // A pause with silence is silent.
    meeting.order(RoomOrder::Tap {
        tap: TAP,
        order: TapOrder::Pause(Paused::Silence),
    });
    meeting.ticks(10);
    assert!(level_dbfs(&meeting.wires[0].tapped[80 * 160..]) < -100.0);
    meeting.order(RoomOrder::Close);
    let ended = meeting.reports.iter().filter(
        |report| matches!(report, Report::Tap { tap, event: TapEvent::Ended(TapEnd::Closed), .. } if *tap == TAP),
    );
    assert_eq!(ended.count(), 1);
    meeting.ticks(30);
    assert!(meeting.hears_nothing_of(0, 1), "a room that is closed is silent");
}

#[test]
fn another_codec_in_the_middle_takes_its_seat_along() {
    let mut meeting = Meeting::new(1);
    let (a, b) = (meeting.come(0, CODECS[0], tone(1)), meeting.come(0, CODECS[1], tone(4)));
    meeting.ticks(30);
    let (codec, payload_type) = CODECS[2];
    let member = &mut meeting.members[b];
    member.codec = CODECS[2];
    member.encoder = Encoder::new(codec, OpusOptions::default());
    member.decoder = Decoder::new(codec, Rate::Hz8000);
    let session = member.session;
    let plan = Plan {
        codec,
        payload_type,
        ..plan()
    };
    meeting.command(0, Command::Update { session, plan });
    meeting.seat(b, SeatPlan::default());
    meeting.ticks(60);
    assert!(meeting.hears(a, b) && meeting.hears(b, a));
}

#[test]
fn the_speaker_is_told_by_session() {
    let mut meeting = Meeting::new(1);
    // Loud enough to count as speech.
    let louder = SeatPlan::default();
    let a = meeting.come(0, CODECS[0], tone(1));
    meeting.come(0, CODECS[0], 0.0);
    meeting.seat(a, louder);
    meeting.ticks(20);
    let session = meeting.members[a].session;
    let spoke = meeting.reports.iter().any(|report| {
        matches!(report, Report::Room { room, event: RoomEvent::Speaker(Some(who)) } if *room == ROOM && *who == session)
    });
    assert!(spoke, "{:?}", meeting.reports);
    meeting.leave(a);
    meeting.ticks(40);
    let last = meeting.reports.iter().rev().find_map(|report| match report {
        Report::Room { event, .. } => Some(*event),
        _ => None,
    });
    assert_eq!(last, Some(RoomEvent::Speaker(None)));
}

#[test]
fn a_room_that_cannot_be_had_is_told_and_orders_to_none_are_counted() {
    let mut meeting = Meeting::new(1);
    meeting.order(RoomOrder::Open);
    let refused = |report: &&Report| {
        matches!(
            report,
            Report::Room {
                event: RoomEvent::Refused,
                ..
            }
        )
    };
    assert_eq!(meeting.reports.iter().filter(refused).count(), 1, "it is open already");
    meeting.order(RoomOrder::Close);
    let ignored = meeting.engines[0].totals().ignored_commands;
    meeting.order(RoomOrder::Leave { session: SESSION });
    assert_eq!(meeting.engines[0].totals().ignored_commands, ignored + 1);
}
