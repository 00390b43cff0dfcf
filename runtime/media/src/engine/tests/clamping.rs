//! Keys that come as tones and are to stay on their side: in bridges and rooms, in every codec, wherever in a packet they
//! begin.

use super::codecs::{ALL, FAR, NEAR, assert_is_the_tone, far, heard, near, plan_in};
use super::*;
use crate::codec::Encoder;
use crate::dtmf::{ToneDetector, ToneGenerator};
use crate::mixer::{Part, Rate, Resampler};
use crate::{FRAME_SAMPLES, Joined, KeyPress, RelayKeys, RoomId, RoomOrder, SeatPlan, g711};
use std::f64::consts::TAU;

/// What is too short to be a key for anybody (ITU-T Q.24), in samples: 25 ms.
const TOO_SHORT: usize = 200;
/// What is no key any more, in dBFS.
const QUIET: f64 = -25.0;
const ROOM: RoomId = RoomId { home: NEAR, number: 7 };

/// 500 ms of a tone, a pause in which a key is pressed so many samples later than it could be, and the tone again, at 8 kHz.
fn talk(key: u8, later: usize) -> Vec<i16> {
    let tone = (0..4_000).map(|n| (8_000.0 * (TAU * 1_000.0 * f64::from(n) / 8_000.0).sin()) as i16);
    let mut sound: Vec<i16> = tone.clone().collect();
    sound.extend(vec![0; 800 + later]);
    let mut generator = ToneGenerator::default();
    generator.push(vec![KeyPress {
        event: key,
        duration_ms: 100,
        pause_ms: 50,
    }]);
    let mut frame = [0; FRAME_SAMPLES];
    while generator.fill(&mut frame).is_some() {
        sound.extend(frame);
    }
    sound.extend(vec![0; 800]);
    sound.extend(tone);
    // Long enough that nothing is made up for at its end.
    sound.extend(vec![0; 1_600]);
    sound.resize(sound.len().next_multiple_of(480), 0);
    sound
}

/// Both are open, and no end sends telephone events.
fn apart(from: (Codec, u8), to: (Codec, u8)) -> Bench {
    let mut bench = Bench::empty(Config::default());
    for (session, remote, codec) in [(NEAR, near(), from), (FAR, far(), to)] {
        let plan = Plan {
            telephone_event: None,
            ..plan_in(remote, codec)
        };
        bench.command(Command::Open { session, plan });
    }
    bench
}

fn relay(bench: &mut Bench, keys: RelayKeys) {
    bench.command(Command::Relay {
        session: NEAR,
        to: Some(FAR),
        keys,
    });
}

/// The near end's stream so far.
struct Speaker {
    sequence: u16,
    timestamp: u32,
}

impl Speaker {
    fn new() -> Speaker {
        Speaker {
            sequence: 65_500,
            timestamp: u32::MAX - 9_000,
        }
    }

    /// Says it in packets of so many ms.
    fn say(&mut self, bench: &mut Bench, (codec, payload_type): (Codec, u8), sound: &[i16], ms: usize) {
        let mut encoder = Encoder::new(codec, OpusOptions::default());
        let mut resampler = Resampler::new(Rate::Hz8000, codec.rate());
        for narrow in sound.chunks_exact(8 * ms) {
            let mut samples = vec![0; codec.rate().hertz() as usize / 1_000 * ms];
            if codec.rate() == Rate::Hz8000 {
                samples.copy_from_slice(narrow);
            } else {
                resampler.convert(narrow, &mut samples);
            }
            let mut payload = [0; 1_400];
            let length = encoder.encode(&samples, &mut payload);
            let bytes = packet(payload_type, self.sequence, self.timestamp, 77, &payload[..length]);
            bench.packet(NEAR, Lane::Rtp, near(), &bytes);
            self.sequence = self.sequence.wrapping_add(1);
            self.timestamp = self.timestamp.wrapping_add(codec.clock() / 1_000 * ms as u32);
            bench.ticks(ms / 20);
            bench.now += Duration::from_millis(ms as u64 % 20);
        }
    }
}

fn say(bench: &mut Bench, codec: (Codec, u8), sound: &[i16], ms: usize) {
    Speaker::new().say(bench, codec, sound, ms);
}

fn keys_in(sound: &[i16]) -> Vec<u8> {
    let mut detector = ToneDetector::default();
    sound.chunks(40).filter_map(|part| detector.hear(part)).collect()
}

/// Where the sound is louder than so many dBFS, by milliseconds.
fn loud(sound: &[i16], dbfs: f64) -> Vec<bool> {
    sound
        .chunks_exact(8)
        .map(|ms| crate::measure::level_dbfs(ms) > dbfs)
        .collect()
}

/// The first and the second tone are whole, and what is louder than so much between them is too short to be a key. A key is
/// some -7 dBFS.
fn assert_kept_back(sound: &[i16], dbfs: f64, what: &str) {
    let loud = loud(sound, dbfs);
    let begin = loud.iter().position(|&loud| loud).expect("the first tone");
    let end = loud.iter().rposition(|&loud| loud).expect("the second tone");
    assert_is_the_tone(&sound[(begin + 50) * 8..(begin + 450) * 8], &format!("{what}: before"));
    assert_is_the_tone(&sound[(end - 450) * 8..(end - 50) * 8], &format!("{what}: after"));
    let leaked = loud[begin + 540..end - 540].iter().filter(|&&loud| loud).count() * 8;
    assert!(leaked < TOO_SHORT, "{what}: {leaked} samples");
    assert_eq!(keys_in(sound), [], "{what}");
}

fn assert_one_key_is_reported(bench: &Bench, what: &str) {
    let counters = bench.engine.counters(NEAR);
    assert_eq!(counters.map(|counters| counters.keys), Some(1), "{what}");
}

#[test]
fn a_key_as_tones_stays_on_its_side_of_a_bridge_in_every_codec() {
    for from in ALL {
        for to in ALL {
            for later in [0, 37, 93, 141] {
                let what = format!("{from:?} to {to:?}, {later} samples late");
                let mut bench = apart(from, to);
                relay(&mut bench, RelayKeys::Keep);
                say(&mut bench, from, &talk(5, later), 20);
                let sound = heard(&bench, far(), to);
                // A decoder of G.722 that is sent another encoder's silence takes a moment to find out.
                let quiet = if from.0 == Codec::G722 && to == from {
                    -18.0
                } else {
                    QUIET
                };
                assert_kept_back(&sound, quiet, &what);
                assert_one_key_is_reported(&bench, &what);
            }
        }
    }
}

#[test]
fn every_key_is_kept_back_in_packets_of_every_length() {
    let pcmu = (Codec::Pcmu, 0);
    for key in 0..16 {
        for ms in [10, 20, 30, 60] {
            for later in (0..8 * ms).step_by(11) {
                let what = format!("key {key}, {ms} ms, {later} samples late");
                let mut bench = apart(pcmu, pcmu);
                relay(&mut bench, RelayKeys::Keep);
                say(&mut bench, pcmu, &talk(key, later), ms);
                let sound = heard(&bench, far(), pcmu);
                assert_kept_back(&sound, QUIET, &what);
            }
        }
    }
}

#[test]
fn a_bridge_that_passes_keys_passes_their_tones_as_they_are() {
    let pcmu = (Codec::Pcmu, 0);
    let mut bench = apart(pcmu, pcmu);
    relay(&mut bench, RelayKeys::Pass);
    let sound = talk(9, 50);
    say(&mut bench, pcmu, &sound, 20);
    let through: Vec<i16> = sound
        .iter()
        .map(|&sample| g711::FROM_PCMU[usize::from(g711::encode(Law::Pcmu, sample))])
        .collect();
    let got = heard(&bench, far(), pcmu);
    assert_eq!(got, through[..got.len()]);
    assert_eq!(keys_in(&got), [9]);
}

/// A bridge that is told in the middle of it to keep keys, and whose far end then changes its codec.
#[test]
fn the_guard_follows_the_bridge_and_the_codec() {
    let (pcmu, g722) = ((Codec::Pcmu, 0), (Codec::G722, 9));
    let mut bench = apart(pcmu, pcmu);
    let mut speaker = Speaker::new();
    let mut keys = |bench: &mut Bench, codec, key| {
        bench.sink.sent.clear();
        speaker.say(bench, codec, &talk(key, 60), 20);
        keys_in(&heard(bench, far(), pcmu))
    };
    relay(&mut bench, RelayKeys::Pass);
    assert_eq!(keys(&mut bench, pcmu, 1), [1]);
    relay(&mut bench, RelayKeys::Keep);
    assert_eq!(keys(&mut bench, pcmu, 2), []);
    bench.command(Command::Update {
        session: NEAR,
        plan: Plan {
            telephone_event: None,
            ..plan_in(near(), g722)
        },
    });
    assert_eq!(keys(&mut bench, g722, 3), []);
    relay(&mut bench, RelayKeys::Pass);
    assert_eq!(keys(&mut bench, g722, 4), [4]);
}

#[test]
fn a_room_does_not_hear_the_keys_of_its_legs() {
    let to = (Codec::Pcmu, 0);
    for from in ALL {
        for later in [0, 37, 93, 141] {
            let what = format!("{from:?}, {later} samples late");
            let mut bench = apart(from, to);
            let order = RoomOrder::Open;
            bench.command(Command::Room { room: ROOM, order });
            for (session, codec) in [(NEAR, from.0), (FAR, to.0)] {
                let (rate, plan) = (codec.rate(), SeatPlan::default());
                let order = RoomOrder::Seat { session, rate, plan };
                bench.command(Command::Room { room: ROOM, order });
                let joined = Some(Joined {
                    room: ROOM,
                    part: Part::Talks,
                });
                bench.command(Command::Join { session, joined });
            }
            say(&mut bench, from, &talk(7, later), 20);
            let sound = heard(&bench, far(), to);
            assert_kept_back(&sound, QUIET, &what);
            assert_one_key_is_reported(&bench, &what);
        }
    }
}
