//! Sessions of every codec: prompts and keys to them, bridges between them.

use super::*;
use crate::codec::{Decoder, Encoder, Sound};
use crate::measure::{frequency_dbfs, level_dbfs};
use crate::mixer::Rate;
use crate::{FRAME_SAMPLES, KeyPress, Listening, RelayKeys, Tone};
use std::f64::consts::TAU;

pub(super) const ALL: [(Codec, u8); 6] = [
    (Codec::Pcmu, 0),
    (Codec::Pcma, 8),
    (Codec::G722, 9),
    (Codec::Opus, 96),
    (Codec::L16Narrow, 97),
    (Codec::L16Wide, 98),
];
pub(super) const NEAR: SessionId = SessionId(1);
pub(super) const FAR: SessionId = SessionId(2);

pub(super) fn near() -> SocketAddr {
    at("192.0.2.7:4000")
}

pub(super) fn far() -> SocketAddr {
    at("192.0.2.8:4000")
}

pub(super) fn plan_in(remote: SocketAddr, (codec, payload_type): (Codec, u8)) -> Plan {
    Plan {
        remote,
        remote_rtcp: SocketAddr::new(remote.ip(), remote.port() + 1),
        codec,
        payload_type,
        ..plan()
    }
}

/// Both are open, and what comes from the near end goes to the far one.
pub(super) fn bridge(from: (Codec, u8), to: (Codec, u8)) -> Bench {
    let mut bench = Bench::empty(Config::default());
    for (session, plan) in [(NEAR, plan_in(near(), from)), (FAR, plan_in(far(), to))] {
        bench.command(Command::Open { session, plan });
    }
    bench.command(Command::Relay {
        session: NEAR,
        to: Some(FAR),
        keys: RelayKeys::Pass,
    });
    bench
}

/// A far end that talks in a codec.
pub(super) struct Talker {
    codec: (Codec, u8),
    encoder: Encoder,
    sequence: u16,
    timestamp: u32,
    played: usize,
}

impl Talker {
    pub(super) fn new(codec: (Codec, u8)) -> Talker {
        Talker {
            codec,
            encoder: Encoder::new(codec.0, OpusOptions::default()),
            sequence: 65_000,
            timestamp: u32::MAX - 30_000,
            played: 0,
        }
    }

    /// Its next packet: so many ms of a tone of 1 kHz.
    pub(super) fn say(&mut self, ms: usize) -> Vec<u8> {
        let (codec, payload_type) = self.codec;
        let hertz = codec.rate().hertz() as usize;
        let sound: Vec<i16> = (self.played..self.played + hertz * ms / 1_000)
            .map(|n| (8_000.0 * (TAU * 1_000.0 * n as f64 / hertz as f64).sin()) as i16)
            .collect();
        let mut payload = [0; 1_400];
        let length = self.encoder.encode(&sound, &mut payload);
        let bytes = packet(payload_type, self.sequence, self.timestamp, 77, &payload[..length]);
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(codec.clock() / 1_000 * ms as u32);
        self.played += sound.len();
        bytes
    }
}

/// What an end hears that decodes each packet it was sent, at 8 kHz.
pub(super) fn heard(bench: &Bench, to: SocketAddr, (codec, payload_type): (Codec, u8)) -> Vec<i16> {
    let mut decoder = Decoder::new(codec, Rate::Hz8000);
    let mut all = Vec::new();
    for sent in bench
        .sink
        .sent
        .iter()
        .filter(|sent| sent.to == to && sent.lane == Lane::Rtp)
    {
        let packet = rtp::parse(&sent.bytes).expect("we send RTP");
        if packet.header.payload_type == payload_type {
            let mut sound = Sound::new();
            assert!(decoder.decode(packet.payload, &mut sound));
            all.extend_from_slice(sound.samples());
        }
    }
    all
}

/// The headers of what the far end of a bridge was sent.
pub(super) fn headers_to_far(bench: &Bench) -> Vec<Header> {
    let sent = bench.sink.sent.iter();
    sent.filter(|sent| sent.to == far() && sent.lane == Lane::Rtp)
        .map(|sent| rtp::parse(&sent.bytes).expect("we send RTP").header)
        .collect()
}

pub(super) fn assert_is_the_tone(sound: &[i16], what: &str) {
    let level = frequency_dbfs(sound, 8_000, 1_000.0);
    assert!((level + 12.25).abs() < 1.0, "{what}: {level:.2} dBFS");
    let rest = 10f64.powf(level_dbfs(sound) / 10.0) - 10f64.powf(level / 10.0);
    assert!(rest < 10f64.powf((level - 20.0) / 10.0), "{what}: {rest}");
}

#[test]
fn prompts_and_tones_play_in_every_codec() {
    let tone = Segment::Tone(Tone {
        frequencies: vec![1_000],
        on: Duration::from_millis(600),
        off: Duration::ZERO,
        count: 1,
        level_dbm0: -9,
    });
    let samples: Vec<i16> = (0..4_800)
        .map(|n| (8_000.0 * (TAU * 1_000.0 * f64::from(n) / 8_000.0).sin()) as i16)
        .collect();
    for codec in ALL {
        let mut bench = Bench::empty(Config::default());
        let plan = plan_in(remote(), codec);
        let session = SESSION;
        bench.command(Command::Open { session, plan });
        bench.play(
            1,
            vec![Segment::Clip(Arc::new(Clip::from_samples(&samples))), tone.clone()],
            1,
            StopOnKey::PlayOn,
        );
        bench.ticks(62);
        assert_eq!(bench.ended(), [(1, 1_200, PlayEnd::Finished)], "{codec:?}");
        let sent = bench.rtp();
        assert_eq!(sent.len(), 62, "{codec:?}");
        for pair in sent.windows(2) {
            assert_eq!(pair[1].header.sequence, pair[0].header.sequence.wrapping_add(1));
            let step = pair[1].header.timestamp.wrapping_sub(pair[0].header.timestamp);
            assert_eq!(step, codec.0.clock() / 50, "{codec:?}");
        }
        let sound = heard(&bench, remote(), codec);
        assert_is_the_tone(&sound[400..4_400], &format!("the clip in {codec:?}"));
        assert_is_the_tone(&sound[5_200..9_200], &format!("the tone in {codec:?}"));
    }
}

#[test]
fn any_codec_is_bridged_to_any_other_at_once_and_losses_stay_losses() {
    for from in ALL {
        for to in ALL {
            let mut bench = bridge(from, to);
            let mut talker = Talker::new(from);
            for n in 0..60 {
                let before = bench.sink.sent.len();
                let packet = talker.say(20);
                if n != 30 {
                    bench.packet(NEAR, Lane::Rtp, near(), &packet);
                    assert_eq!(
                        bench.sink.sent.len(),
                        before + 1,
                        "{from:?} to {to:?}: before the next tick"
                    );
                }
                bench.tick();
            }
            let sent = headers_to_far(&bench);
            assert_eq!(sent.len(), 59, "{from:?} to {to:?}: nothing of our own in between");
            for (n, pair) in sent.windows(2).enumerate() {
                let packets = if n == 29 { 2 } else { 1 };
                let step = pair[1].timestamp.wrapping_sub(pair[0].timestamp);
                assert_eq!(step, packets * to.0.clock() / 50, "{from:?} to {to:?}");
                assert_eq!(pair[1].sequence.wrapping_sub(pair[0].sequence), packets as u16);
            }
            let sound = heard(&bench, far(), to);
            assert_is_the_tone(&sound[800..4_400], &format!("{from:?} to {to:?}"));
        }
    }
}

#[test]
fn packets_of_other_lengths_leave_as_what_the_codec_can_say() {
    for (to, ms, pieces) in [
        ((Codec::Opus, 96), 30, 3),
        ((Codec::Opus, 96), 10, 1),
        ((Codec::Opus, 96), 60, 1),
        ((Codec::L16Wide, 98), 60, 2),
        ((Codec::G722, 9), 30, 1),
    ] {
        let mut bench = bridge((Codec::Pcmu, 0), to);
        let mut talker = Talker::new((Codec::Pcmu, 0));
        for _ in 0..40 {
            bench.packet(NEAR, Lane::Rtp, near(), &talker.say(ms));
            bench.now += Duration::from_millis(ms as u64);
        }
        let sent: Vec<Header> = bench
            .sink
            .sent
            .iter()
            .map(|sent| rtp::parse(&sent.bytes).expect("RTP").header)
            .collect();
        assert_eq!(sent.len(), 40 * pieces, "{to:?} of {ms} ms");
        for pair in sent.windows(2) {
            assert_eq!(pair[1].sequence, pair[0].sequence.wrapping_add(1));
            let step = pair[1].timestamp.wrapping_sub(pair[0].timestamp);
            assert_eq!(
                step as usize,
                to.0.clock() as usize * ms / 1_000 / pieces,
                "{to:?} of {ms} ms"
            );
        }
        assert_is_the_tone(&heard(&bench, far(), to)[800..], &format!("{to:?} of {ms} ms"));
    }
}

#[test]
fn a_codec_may_change_in_the_middle() {
    let mut bench = bridge((Codec::Pcmu, 0), (Codec::Pcmu, 0));
    let mut talker = Talker::new((Codec::Pcmu, 0));
    for to in [(Codec::Opus, 96), (Codec::Pcma, 8), (Codec::G722, 9), (Codec::Opus, 96)] {
        bench.command(Command::Update {
            session: FAR,
            plan: plan_in(far(), to),
        });
        bench.sink.sent.clear();
        for _ in 0..30 {
            bench.packet(NEAR, Lane::Rtp, near(), &talker.say(20));
            bench.tick();
        }
        assert_is_the_tone(&heard(&bench, far(), to)[800..4_000], &format!("{to:?}"));
    }
}

#[test]
fn whatever_was_agreed_on_is_understood_under_the_number_it_was_given() {
    let mut bench = Bench::empty(Config::default());
    let plan = Plan {
        receives: vec![(111, Codec::Opus), (9, Codec::L16Wide), (0, Codec::Pcmu)],
        ..plan_in(remote(), (Codec::Opus, 96))
    };
    bench.command(Command::Open { session: SESSION, plan });
    let listening = Listening::On;
    bench.command(Command::Listen {
        session: SESSION,
        listening,
    });
    let mut sequence = 0;
    for codec in [
        (Codec::Opus, 111),
        (Codec::Opus, 96),
        (Codec::L16Wide, 9),
        (Codec::Pcmu, 0),
    ] {
        let mut talker = Talker::new(codec);
        (talker.sequence, talker.timestamp) = (sequence, 1_000_000 * u32::from(codec.1));
        bench.sink.heard.clear();
        for _ in 0..50 {
            bench.receive(Lane::Rtp, remote(), &talker.say(20));
            bench.tick();
        }
        sequence = talker.sequence;
        assert_is_the_tone(&bench.sink.heard[4_000..7_600], &format!("{codec:?}"));
    }
    assert_eq!(bench.counters().unknown_payload, 0);
    bench.receive(Lane::Rtp, remote(), &packet(77, sequence, 0, 77, &[0; 160]));
    assert_eq!(bench.counters().unknown_payload, 1);
}

#[test]
fn keys_are_told_in_the_units_that_were_agreed_on() {
    let mut bench = bridge((Codec::Pcmu, 0), (Codec::Opus, 96));
    let events = TelephoneEvent {
        clock: 48_000,
        ..TelephoneEvent::new(110)
    };
    bench.command(Command::Update {
        session: FAR,
        plan: Plan {
            telephone_event: Some(events),
            ..plan_in(far(), (Codec::Opus, 96))
        },
    });
    let keys = vec![KeyPress {
        event: 5,
        duration_ms: 100,
        pause_ms: 40,
    }];
    bench.command(Command::SendKeys { session: FAR, keys });
    bench.ticks(10);
    let durations = |bench: &Bench| -> Vec<u16> {
        let packets = bench.sink.sent.iter().filter(|sent| sent.to == far());
        packets
            .map(|sent| rtp::parse(&sent.bytes).expect("RTP"))
            .filter(|packet| packet.header.payload_type == 110)
            .map(|packet| u16::from_be_bytes([packet.payload[2], packet.payload[3]]))
            .collect()
    };
    assert_eq!(durations(&bench), [960, 1_920, 2_880, 3_840, 4_800, 4_800, 4_800]);

    // One that goes by in a bridge is told anew.
    bench.sink.sent.clear();
    let mut talker = Talker::new((Codec::Pcmu, 0));
    for _ in 0..5 {
        bench.packet(NEAR, Lane::Rtp, near(), &talker.say(20));
        bench.tick();
    }
    for (n, duration) in [(0, 160), (1, 320), (2, 480)] {
        let [high, low] = u16::to_be_bytes(duration);
        let event = packet(EVENT, talker.sequence + n, talker.timestamp, 77, &[7, 10, high, low]);
        bench.packet(NEAR, Lane::Rtp, near(), &event);
        bench.tick();
    }
    assert_eq!(durations(&bench), [960, 1_920, 2_880]);
    let sent = headers_to_far(&bench);
    let event = sent.iter().position(|header| header.payload_type == 110).expect("one");
    let after = sent[event].timestamp.wrapping_sub(sent[event - 1].timestamp);
    assert_eq!(after, 960, "as long after the sound as at its source");

    // And one that comes in is understood.
    let mut bench = Bench::empty(Config::default());
    let plan = Plan {
        telephone_event: Some(events),
        ..plan_in(remote(), (Codec::Opus, 96))
    };
    bench.command(Command::Open { session: SESSION, plan });
    bench.receive(Lane::Rtp, remote(), &packet(110, 1, 5_000, 77, &[3, 10, 0x12, 0xc0]));
    let told = bench.reports.iter().find_map(|report| match report {
        Report::Key { event, duration_ms, .. } => Some((*event, *duration_ms)),
        _ => None,
    });
    assert_eq!(told, Some((3, 100)));
}

#[test]
fn without_telephone_events_keys_are_tones_in_wide_band_too() {
    for codec in [(Codec::G722, 9), (Codec::Opus, 96)] {
        let mut bench = Bench::empty(Config::default());
        let plan = Plan {
            telephone_event: None,
            ..plan_in(remote(), codec)
        };
        bench.command(Command::Open { session: SESSION, plan });
        let keys = "159D".bytes().map(|key| KeyPress {
            event: if key == b'D' { 15 } else { key - b'0' },
            duration_ms: 100,
            pause_ms: 100,
        });
        bench.command(Command::SendKeys {
            session: SESSION,
            keys: keys.collect(),
        });
        bench.ticks(45);
        let mut detector = crate::dtmf::ToneDetector::default();
        let sound = heard(&bench, remote(), codec);
        let frames = sound.chunks_exact(FRAME_SAMPLES);
        let found: Vec<u8> = frames.filter_map(|frame| detector.hear(frame)).collect();
        assert_eq!(found, [1, 5, 9, 15], "{codec:?}");
    }
}

#[test]
fn a_far_end_that_does_not_send_its_silence_is_not_talked_into() {
    let mut bench = bridge((Codec::Opus, 96), (Codec::Opus, 96));
    let mut talker = Talker::new((Codec::Opus, 96));
    for _ in 0..10 {
        bench.packet(NEAR, Lane::Rtp, near(), &talker.say(20));
        bench.tick();
    }
    // One octet: the configuration of the coder, and no sound.
    let rest = packet(96, talker.sequence, talker.timestamp, 77, &[0x48]);
    bench.packet(NEAR, Lane::Rtp, near(), &rest);
    let to_far = |bench: &Bench| headers_to_far(bench).len();
    let before = to_far(&bench);
    bench.ticks(20);
    assert_eq!(to_far(&bench), before, "for 400 ms");
    bench.ticks(10);
    assert!(to_far(&bench) > before, "it said nothing more: our own silence");
}
