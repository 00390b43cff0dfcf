//! Bridged sessions: what one receives is part of the one stream the other sends, whatever else it sends in between.

mod across;
mod events;
mod hold;
mod random;
mod strangers;

use super::*;
use crate::{KeyPress, RelayContent, RelayKeys, g711};

const A: SessionId = SessionId(1);
const B: SessionId = SessionId(6);
const B_EVENT: u8 = 96;

/// Two sessions with far ends at `a()` and `b()`; A is relayed to B.
struct Bridge {
    bench: Bench,
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
}

fn a() -> SocketAddr {
    at("192.0.2.7:4000")
}

fn b() -> SocketAddr {
    at("192.0.2.8:4000")
}

fn plan_of(remote: SocketAddr, codec: Codec, telephone_event: Option<u8>) -> Plan {
    Plan {
        remote,
        remote_rtcp: SocketAddr::new(remote.ip(), remote.port() + 1),
        codec,
        payload_type: if codec == Codec::Pcmu { 0 } else { 8 },
        telephone_event: telephone_event.map(TelephoneEvent::new),
        ..plan()
    }
}

fn plan_of_b() -> Plan {
    plan_of(b(), Codec::Pcmu, Some(B_EVENT))
}

impl Bridge {
    fn new(keys: RelayKeys) -> Bridge {
        let mut bridge = Bridge::apart();
        bridge.relay(A, Some(B), keys);
        bridge
    }

    /// Not bridged yet.
    fn apart() -> Bridge {
        let mut bench = Bench::empty(Config::default());
        for (session, plan) in [(A, plan_of(a(), Codec::Pcmu, Some(EVENT))), (B, plan_of_b())] {
            bench.command(Command::Open { session, plan });
        }
        Bridge {
            bench,
            sequence: 65_530,
            timestamp: u32::MAX - 400,
            ssrc: 77,
        }
    }

    fn relay(&mut self, session: SessionId, to: Option<SessionId>, keys: RelayKeys) {
        self.bench.command(Command::Relay { session, to, keys });
    }

    fn update_b(&mut self, plan: Plan) {
        self.bench.command(Command::Update { session: B, plan });
    }

    fn play_to_b(&mut self, play: u32, samples: usize) {
        self.bench.command(Command::Play {
            session: B,
            play: PlayId(play),
            prompt: Prompt {
                segments: vec![clip(samples)],
                times: 1,
            },
            stop_on_key: StopOnKey::PlayOn,
        });
    }

    /// The far end of A sends its next packet of sound.
    fn say(&mut self, payload: &[u8]) {
        let bytes = self.next_packet(payload);
        self.arrive(&bytes);
    }

    /// The next packet of A's far end, which may get lost or come late.
    fn next_packet(&mut self, payload: &[u8]) -> Vec<u8> {
        let bytes = packet(0, self.sequence, self.timestamp, self.ssrc, payload);
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(payload.len() as u32);
        bytes
    }

    fn next_event(&mut self, timestamp: u32, event: u8, flags: u8, duration: u16) -> Vec<u8> {
        let [high, low] = duration.to_be_bytes();
        let mut bytes = packet(EVENT, self.sequence, timestamp, self.ssrc, &[event, flags, high, low]);
        if duration == 160 {
            bytes[1] |= 0x80;
        }
        self.sequence = self.sequence.wrapping_add(1);
        bytes
    }

    fn arrive(&mut self, bytes: &[u8]) {
        self.bench.packet(A, Lane::Rtp, a(), bytes);
    }

    /// A packet of A's and a tick, so often.
    fn talk(&mut self, ticks: usize, byte: u8) {
        for _ in 0..ticks {
            self.say(&[byte; 160]);
            self.bench.tick();
        }
    }

    /// RTP to B so far.
    fn to_b(&self) -> Vec<Heard> {
        self.bench.sent_to(b())
    }
}

impl Bench {
    fn sent_to(&self, to: SocketAddr) -> Vec<Heard> {
        let sent = self
            .sink
            .sent
            .iter()
            .filter(|sent| sent.to == to && sent.lane == Lane::Rtp);
        sent.map(|sent| Heard::new(&sent.bytes)).collect()
    }
}

/// An RTP packet a far end got.
#[derive(Debug, Clone, PartialEq)]
struct Heard {
    header: Header,
    payload: Vec<u8>,
}

impl Heard {
    fn new(bytes: &[u8]) -> Heard {
        let rtp::Packet { header, payload } = rtp::parse(bytes).expect("we send RTP");
        Heard {
            header,
            payload: payload.to_vec(),
        }
    }
}

/// Every packet follows the one before it: one source, no number twice or left out, no time twice or left out.
fn assert_without_a_seam(heard: &[Heard]) {
    for pair in heard.windows(2) {
        let (before, after) = (&pair[0].header, &pair[1].header);
        assert_eq!(before.ssrc, after.ssrc);
        assert_eq!(after.sequence, before.sequence.wrapping_add(1));
        let length = pair[0].payload.len() as u32;
        assert_eq!(after.timestamp, before.timestamp.wrapping_add(length));
    }
}

fn first_bytes(heard: &[Heard]) -> Vec<u8> {
    heard.iter().map(|packet| packet.payload[0]).collect()
}

#[test]
fn sound_goes_on_at_once_and_the_tick_adds_nothing() {
    let mut bridge = Bridge::new(RelayKeys::Keep);
    bridge.bench.ticks(2);
    bridge.bench.now += Duration::from_millis(3);
    bridge.say(&[0x21; 160]);
    assert_eq!(first_bytes(&bridge.to_b()), [0xff, 0xff, 0x21], "before the next tick");
    bridge.bench.ticks(1);
    bridge.talk(50, 0x22);
    let heard = bridge.to_b();
    assert_without_a_seam(&heard);
    assert_eq!(first_bytes(&heard)[2..], [vec![0x21], vec![0x22; 50]].concat());
    assert!(heard[2].header.marker && !heard[3..].iter().any(|packet| packet.header.marker));
    assert!(heard.iter().all(|packet| packet.header.payload_type == 0));
    // A hears silence: it is one direction only.
    assert!(
        bridge
            .bench
            .sent_to(a())
            .iter()
            .all(|packet| packet.payload == [0xff; 160])
    );
    let counters = bridge.bench.engine.counters(B).expect("open");
    assert_eq!((counters.relayed, counters.relay_dropped), (51, 0));
    assert_eq!((counters.packets_out, counters.bytes_out), (53, 53 * 160));
}

#[test]
fn other_codecs_are_recoded_byte_by_byte() {
    let mut bridge = Bridge::new(RelayKeys::Keep);
    bridge.update_b(plan_of(b(), Codec::Pcma, None));
    let every: Vec<u8> = (0..=255).collect();
    bridge.say(&every);
    let heard = bridge.to_b();
    assert_eq!(heard[0].header.payload_type, 8);
    for (byte, &got) in every.iter().zip(&heard[0].payload) {
        assert_eq!(got, g711::encode(Law::Pcma, g711::FROM_PCMU[usize::from(*byte)]));
    }
    // What the far end of A may send beside its agreed codec is known by its static type.
    let bytes = packet(8, bridge.sequence, bridge.timestamp.wrapping_add(96), 77, &every);
    bridge.arrive(&bytes);
    assert_eq!(
        bridge.to_b()[1].payload,
        every,
        "the same codec on both sides passes as it is"
    );
    bridge.update_b(plan_of_b());
    bridge.sequence += 1;
    let bytes = packet(8, bridge.sequence, bridge.timestamp.wrapping_add(352), 77, &every);
    bridge.arrive(&bytes);
    let recoded = &bridge.to_b()[2].payload;
    assert!((0..256).all(|n| recoded[n] == g711::encode(Law::Pcmu, g711::FROM_PCMA[n])));
}

#[test]
fn packets_of_any_length_pass_as_they_are() {
    let mut bridge = Bridge::new(RelayKeys::Keep);
    bridge.bench.ticks(1);
    let lengths = [80, 160, 240, 320, 480, 80, 400, 160, 1, 239];
    for (n, &length) in lengths.iter().cycle().take(60).enumerate() {
        bridge.say(&vec![n as u8; length]);
        let until = bridge.bench.now + Duration::from_micros(length as u64 * 125);
        while bridge.bench.now + crate::FRAME <= until {
            bridge.bench.tick();
        }
    }
    let heard = bridge.to_b();
    assert_without_a_seam(&heard);
    assert_eq!(heard.len(), 61);
    assert!((1..61).all(|n| heard[n].payload == vec![(n - 1) as u8; lengths[(n - 1) % 10]]));
    // Too long for a packet of sound: dropped, counted, no hole in the numbers.
    bridge.say(&[1; crate::MAX_RELAYED_BYTES + 1]);
    bridge.say(&[2; 160]);
    let after = bridge.to_b();
    assert_eq!(after.len(), 62);
    assert_eq!(after[61].header.sequence, heard[60].header.sequence.wrapping_add(1));
    assert_eq!(bridge.bench.engine.counters(A).expect("open").relay_dropped, 1);
}

#[test]
fn loss_and_order_are_passed_on_and_duplicates_are_not() {
    let mut bridge = Bridge::new(RelayKeys::Keep);
    bridge.talk(3, 1);
    let packets: Vec<Vec<u8>> = (10..20).map(|n| bridge.next_packet(&[n; 160])).collect();
    for n in [0, 2, 1, 1, 2, 5, 4, 5, 8, 9, 9, 0] {
        bridge.arrive(&packets[n]);
    }
    let heard = &bridge.to_b()[2..];
    assert_eq!(first_bytes(heard), [1, 10, 12, 11, 15, 14, 18, 19]);
    let base = heard[0].header;
    for (packet, steps) in heard.iter().zip([0, 1, 3, 2, 6, 5, 9, 10]) {
        assert_eq!(packet.header.sequence.wrapping_sub(base.sequence), steps);
        assert_eq!(
            packet.header.timestamp.wrapping_sub(base.timestamp),
            u32::from(steps) * 160
        );
    }
}

#[test]
fn a_prompt_comes_first_and_the_relay_goes_on_after_it() {
    let mut bridge = Bridge::new(RelayKeys::Keep);
    bridge.talk(5, 1);
    bridge.play_to_b(1, 480);
    bridge.talk(6, 2);
    let heard = bridge.to_b();
    assert_without_a_seam(&heard);
    let prompt = g711::encode(Law::Pcmu, 4_000);
    assert_eq!(
        first_bytes(&heard),
        [1, 1, 1, 1, 1, prompt, prompt, prompt, 2, 2, 2],
        "what A said meanwhile is not heard late"
    );
    let markers: Vec<bool> = heard.iter().map(|packet| packet.header.marker).collect();
    assert_eq!(
        markers,
        [true, false, false, false, false, true, false, false, true, false, false]
    );
    assert_eq!(bridge.bench.ended(), [(1, 60, PlayEnd::Finished)]);
}

#[test]
fn our_own_keys_come_first() {
    let mut bridge = Bridge::new(RelayKeys::Pass);
    bridge.talk(2, 1);
    bridge.bench.command(Command::SendKeys {
        session: B,
        keys: vec![KeyPress {
            event: 7,
            duration_ms: 40,
            pause_ms: 60,
        }],
    });
    bridge.talk(8, 1);
    let heard = bridge.to_b();
    let kinds: Vec<(u8, u8)> = heard
        .iter()
        .map(|packet| (packet.header.payload_type, packet.payload[0]))
        .collect();
    let key = (B_EVENT, 7);
    assert_eq!(
        kinds,
        [(0, 1), (0, 1), key, key, key, key, (0, 0xff), (0, 1), (0, 1), (0, 1)]
    );
    let numbers = heard
        .windows(2)
        .map(|w| w[1].header.sequence.wrapping_sub(w[0].header.sequence));
    assert!(numbers.into_iter().all(|step| step == 1));
    assert_eq!(
        heard[7].header.timestamp.wrapping_sub(heard[1].header.timestamp),
        6 * 160
    );
    assert!(heard[7].header.marker);
}

#[test]
fn after_100_ms_of_nothing_there_is_silence_until_it_goes_on() {
    let mut bridge = Bridge::new(RelayKeys::Keep);
    bridge.talk(5, 1);
    bridge.bench.ticks(10);
    assert_eq!(
        bridge.to_b().len(),
        5 + 5,
        "the last packet's own 20 ms and 100 more pass first"
    );
    // A's far end was on the way of its own; its timestamps jumped, too.
    bridge.timestamp = bridge.timestamp.wrapping_add(987_654);
    bridge.talk(5, 2);
    let heard = bridge.to_b();
    assert_eq!(
        first_bytes(&heard),
        [1, 1, 1, 1, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 2, 2, 2, 2]
    );
    let steps = heard
        .windows(2)
        .map(|w| w[1].header.timestamp.wrapping_sub(w[0].header.timestamp) / 160);
    assert_eq!(steps.collect::<Vec<_>>(), [1, 1, 1, 1, 6, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
    assert!(heard[5].header.marker && heard[10].header.marker);
}

#[test]
fn switching_a_thousand_times_does_not_move_the_clock() {
    let mut bridge = Bridge::new(RelayKeys::Keep);
    bridge.bench.tick();
    for n in 0..1_000 {
        // Packets come at any place between two ticks.
        let moment = Duration::from_micros(n * 7_919 % 19_000);
        bridge.bench.now += moment;
        bridge.say(&[1; 160]);
        bridge.bench.now -= moment;
        bridge.bench.tick();
        if n % 3 != 0 {
            bridge.play_to_b(n as u32, 160 * (n as usize % 4 + 1));
            bridge.bench.ticks(n as usize % 6);
        }
    }
    let ticks = bridge.bench.engine.counters(A).expect("open").packets_out as u32;
    let heard = bridge.to_b();
    let went = heard[heard.len() - 1]
        .header
        .timestamp
        .wrapping_sub(heard[0].header.timestamp);
    assert!((ticks * 160).abs_diff(went) <= 8 * 160, "{went} for {ticks} ticks");
}

#[test]
fn a_far_end_that_begins_anew_stays_one_stream_on_the_other_side() {
    let mut bridge = Bridge::new(RelayKeys::Keep);
    bridge.talk(5, 1);
    (bridge.ssrc, bridge.sequence, bridge.timestamp) = (4_711, 9, 5);
    bridge.talk(5, 2);
    // The clock jumps within one numbering, and then the numbering too: the first packet of that is in doubt.
    bridge.timestamp = bridge.timestamp.wrapping_sub(1_000_000);
    bridge.talk(5, 3);
    bridge.sequence = bridge.sequence.wrapping_add(30_000);
    bridge.talk(6, 4);
    let heard = bridge.to_b();
    assert_eq!(
        first_bytes(&heard),
        [vec![1; 5], vec![2; 5], vec![3; 5], vec![4; 5]].concat()
    );
    let numbers = heard
        .windows(2)
        .map(|w| w[1].header.sequence.wrapping_sub(w[0].header.sequence));
    assert!(numbers.into_iter().all(|step| step == 1));
    let steps: Vec<u32> = heard
        .windows(2)
        .map(|w| w[1].header.timestamp.wrapping_sub(w[0].header.timestamp))
        .collect();
    assert!(steps.iter().all(|step| (160..=320).contains(step)), "{steps:?}");
}

#[test]
fn early_media_is_one_relay() {
    let mut bridge = Bridge::apart();
    // B is the caller, who may hear the callee A but is not heard.
    bridge.update_b(Plan {
        flow: Flow::SendOnly,
        ..plan_of_b()
    });
    bridge.relay(A, Some(B), RelayKeys::Keep);
    bridge.relay(B, Some(A), RelayKeys::Keep);
    for n in 0..10 {
        let bytes = packet(0, n, u32::from(n) * 160, 5, &[0x33; 160]);
        bridge.bench.packet(B, Lane::Rtp, b(), &bytes);
        bridge.talk(1, 0x44);
    }
    assert_eq!(first_bytes(&bridge.to_b()), [0x44; 10]);
    assert_eq!(first_bytes(&bridge.bench.sent_to(a())), [0xff; 10]);
    // Answered: both ways.
    bridge.update_b(plan_of_b());
    let bytes = packet(0, 10, 1_600, 5, &[0x33; 160]);
    bridge.bench.packet(B, Lane::Rtp, b(), &bytes);
    assert_eq!(first_bytes(&bridge.bench.sent_to(a()))[10..], [0x33]);
}

#[test]
fn ending_the_relay_gives_silence_at_once() {
    let mut bridge = Bridge::new(RelayKeys::Keep);
    bridge.talk(3, 1);
    bridge.relay(A, None, RelayKeys::Keep);
    bridge.talk(3, 1);
    bridge.relay(A, Some(B), RelayKeys::Keep);
    bridge.talk(2, 2);
    let heard = bridge.to_b();
    assert_without_a_seam(&heard);
    assert_eq!(first_bytes(&heard), [1, 1, 1, 0xff, 0xff, 0xff, 2, 2]);
    bridge.relay(SessionId(99), Some(B), RelayKeys::Keep);
    assert_eq!(bridge.bench.engine.totals().ignored_commands, 1);
}

#[test]
fn one_source_flows_at_a_time() {
    const C: SessionId = SessionId(11);
    let mut bridge = Bridge::new(RelayKeys::Keep);
    let c = at("192.0.2.9:4000");
    bridge.bench.command(Command::Open {
        session: C,
        plan: plan_of(c, Codec::Pcmu, None),
    });
    bridge.relay(C, Some(B), RelayKeys::Keep);
    let say_c = |bridge: &mut Bridge, n: u16| {
        let bytes = packet(0, n, u32::from(n) * 160, 3, &[9; 160]);
        bridge.bench.packet(C, Lane::Rtp, c, &bytes);
    };
    for n in 0..5 {
        bridge.say(&[1; 160]);
        say_c(&mut bridge, n);
        bridge.bench.tick();
    }
    assert_eq!(first_bytes(&bridge.to_b()), [1; 5]);
    // A moves on, to itself: an echo. Its place is free at once.
    bridge.relay(A, Some(A), RelayKeys::Keep);
    for n in 5..10 {
        bridge.say(&[2; 160]);
        say_c(&mut bridge, n);
        bridge.bench.tick();
    }
    let heard = bridge.to_b();
    assert_without_a_seam(&heard);
    assert_eq!(first_bytes(&heard)[5..], [9; 5]);
    assert_eq!(first_bytes(&bridge.bench.sent_to(a()))[5..], [2; 5]);
}

#[test]
fn when_either_side_closes_the_relay_ends_and_a_later_session_of_the_number_hears_nothing() {
    let mut bridge = Bridge::new(RelayKeys::Keep);
    bridge.talk(3, 1);
    bridge.bench.command(Command::Close { session: B });
    bridge.say(&[1; 160]);
    bridge.bench.tick();
    bridge.bench.command(Command::Open {
        session: B,
        plan: plan_of_b(),
    });
    bridge.bench.sink.sent.clear();
    bridge.talk(5, 1);
    assert_eq!(first_bytes(&bridge.to_b()), [0xff; 5]);
    // The same without a packet between closing and opening.
    bridge.relay(A, Some(B), RelayKeys::Keep);
    bridge.talk(3, 1);
    bridge.bench.command(Command::Close { session: B });
    bridge.bench.tick();
    bridge.bench.command(Command::Open {
        session: B,
        plan: plan_of_b(),
    });
    bridge.bench.sink.sent.clear();
    bridge.talk(5, 1);
    assert_eq!(first_bytes(&bridge.to_b()), [0xff; 5]);
    // The source closes: B hears silence.
    bridge.relay(A, Some(B), RelayKeys::Keep);
    bridge.talk(3, 1);
    bridge.bench.command(Command::Close { session: A });
    bridge.bench.ticks(10);
    assert_eq!(bridge.to_b().last().expect("sent").payload, [0xff; 160]);
    assert_eq!(bridge.bench.sink.relayed, []);
    assert!(
        bridge
            .bench
            .reports
            .iter()
            .all(|report| matches!(report, Report::Closed { .. }))
    );
}

#[test]
fn a_silence_on_purpose_is_noise_in_the_targets_own_frames() {
    let mut bridge = Bridge::new(RelayKeys::Keep);
    bridge.talk(10, 0x22);
    let noise = packet(13, bridge.sequence, bridge.timestamp, bridge.ssrc, &[55]);
    bridge.sequence = bridge.sequence.wrapping_add(1);
    bridge.arrive(&noise);
    bridge.bench.ticks(30);
    let silence = bridge.to_b().split_off(10);
    assert!(silence.len() > 20, "own frames fill the time: {}", silence.len());
    let samples: Vec<i16> = silence
        .iter()
        .flat_map(|packet| packet.payload.iter().map(|&byte| g711::FROM_PCMU[usize::from(byte)]))
        .collect();
    let level = crate::measure::level_dbfs(&samples);
    assert!((-55.0..=-50.0).contains(&level), "{level:.1}");
    for pair in bridge.to_b().windows(2) {
        assert_eq!(pair[1].header.sequence, pair[0].header.sequence.wrapping_add(1));
    }
    bridge.talk(3, 0x23);
    assert_eq!(first_bytes(&bridge.to_b()[bridge.to_b().len() - 3..]), [0x23; 3]);
    // With the bridge its noise ends too.
    bridge.relay(A, None, RelayKeys::Keep);
    bridge.bench.ticks(5);
    assert_eq!(bridge.to_b().last().expect("silence").payload, [0xff; 160]);
}
