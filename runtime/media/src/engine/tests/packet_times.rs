//! Packets of other lengths than 20 ms: what we make is the same sound to the sample, cut otherwise, and numbers and times
//! follow from what was sent.

use super::codecs::{ALL, FAR, NEAR, Talker, assert_is_the_tone, bridge, far, headers_to_far, heard, near, plan_in};
use super::*;
use crate::{KeyPress, PacketTime, Tone, g711};
use std::f64::consts::TAU;

fn plan_of(codec: (Codec, u8), own: PacketTime) -> Plan {
    Plan {
        packets: PacketTimes {
            own,
            ..PacketTimes::default()
        },
        ..plan_in(remote(), codec)
    }
}

fn open(codec: (Codec, u8), own: PacketTime) -> Bench {
    let mut bench = Bench::empty(Config::default());
    bench.command(Command::Open {
        session: SESSION,
        plan: plan_of(codec, own),
    });
    bench
}

/// 605 ms of a tone of 1 kHz that were recorded, and 600 ms that are made.
fn tones() -> Vec<Segment> {
    let samples: Vec<i16> = (0..4_840)
        .map(|n| (8_000.0 * (TAU * 1_000.0 * f64::from(n) / 8_000.0).sin()) as i16)
        .collect();
    let tone = Segment::Tone(Tone {
        frequencies: vec![1_000],
        on: Duration::from_millis(600),
        off: Duration::ZERO,
        count: 1,
        level_dbm0: -9,
    });
    vec![Segment::Clip(Arc::new(Clip::from_samples(&samples))), tone]
}

/// Payloads of sound, one after the other.
fn payloads(bench: &Bench) -> Vec<u8> {
    let sound = bench
        .rtp()
        .into_iter()
        .filter(|packet| packet.header.payload_type != EVENT);
    sound.flat_map(|packet| packet.payload.to_vec()).collect()
}

/// The time of each packet of sound, and how much later it begins than the one before it ended, in ms. Each has the number
/// after the one before.
fn lengths_and_gaps(bench: &Bench, codec: Codec) -> Vec<(u32, i32)> {
    let per_ms = codec.clock() / 1_000;
    let mut end = None;
    let mut sequence = None;
    let mut all = Vec::new();
    for packet in bench.rtp() {
        let header = packet.header;
        assert!(sequence.is_none_or(|before: u16| header.sequence == before.wrapping_add(1)));
        sequence = Some(header.sequence);
        if header.payload_type == EVENT {
            continue;
        }
        let ticks = codec.ticks(packet.payload).expect("sound");
        let gap = end.map_or(0, |end| header.timestamp.wrapping_sub(end) as i32);
        assert_eq!(ticks % per_ms, 0, "whole ms");
        all.push((ticks / per_ms, gap / per_ms as i32));
        end = Some(header.timestamp.wrapping_add(ticks));
    }
    all
}

fn position(bench: &Bench) -> Option<(Duration, PlayEnd)> {
    bench.reports.iter().find_map(|report| match report {
        Report::PlayEnded { position, why, .. } => Some((*position, *why)),
        _ => None,
    })
}

#[test]
fn every_codec_says_the_same_sound_in_packets_of_every_length() {
    for codec in ALL {
        let mut usual = Vec::new();
        for time in [PacketTime::Ms20].into_iter().chain(PacketTime::ALL) {
            let what = format!("{codec:?} in packets of {time:?}");
            let mut bench = open(codec, time);
            bench.play(1, tones(), 1, StopOnKey::PlayOn);
            bench.ticks(75);
            let said = match (codec.0, time) {
                (Codec::Opus, PacketTime::Ms30) => 20,
                (Codec::Opus, PacketTime::Ms50) | (Codec::L16Wide, PacketTime::Ms50 | PacketTime::Ms60) => 40,
                _ => time.ms(),
            };
            let cut = lengths_and_gaps(&bench, codec.0);
            assert_eq!(cut, vec![(said, 0); 1_500 / said as usize], "{what}");
            let markers = bench.rtp().iter().filter(|packet| packet.header.marker).count();
            assert!(markers == 1 && bench.rtp()[0].header.marker, "{what}");
            let at = Duration::from_millis(1_205);
            assert_eq!(position(&bench), Some((at, PlayEnd::Finished)), "{what}");
            if usual.is_empty() {
                usual = payloads(&bench);
            } else if codec.0 != Codec::Opus {
                let now = payloads(&bench);
                assert!(now == usual[..now.len()], "{what}: the same bytes");
            }
            let sound = heard(&bench, remote(), codec);
            assert_is_the_tone(&sound[400..4_400], &format!("the clip: {what}"));
            assert_is_the_tone(&sound[5_200..9_200], &format!("the tone: {what}"));
        }
    }
}

#[test]
fn a_packet_leaves_with_the_tick_that_fills_it() {
    for (time, each) in [
        (PacketTime::Ms10, [2, 2, 2, 2, 2, 2]),
        (PacketTime::Ms20, [1, 1, 1, 1, 1, 1]),
        (PacketTime::Ms30, [0, 1, 1, 0, 1, 1]),
        (PacketTime::Ms40, [0, 1, 0, 1, 0, 1]),
        (PacketTime::Ms50, [0, 0, 1, 0, 1, 0]),
        (PacketTime::Ms60, [0, 0, 1, 0, 0, 1]),
    ] {
        let mut bench = open((Codec::Pcmu, 0), time);
        let sent = each.map(|_| {
            let before = bench.rtp().len();
            bench.tick();
            bench.rtp().len() - before
        });
        assert_eq!(sent, each, "{time:?}");
    }
}

#[test]
fn a_key_ends_a_prompt_where_it_came_and_the_position_is_what_was_sent() {
    for time in PacketTime::ALL {
        for ticks in 1..=6 {
            let mut bench = open((Codec::Pcmu, 0), time);
            bench.play(1, vec![clip(8_000)], 1, StopOnKey::Stop);
            bench.ticks(ticks);
            bench.event(1, 5_000, 7, 10, 160);
            bench.ticks(9);
            let sound = payloads(&bench);
            let quiet = g711::silence(Law::Pcmu);
            let loud = sound.iter().position(|&byte| byte == quiet).expect("then silence");
            assert_eq!(loud, ticks * 160, "{time:?}");
            assert!(sound[loud..].iter().all(|&byte| byte == quiet), "{time:?}");
            let at = Duration::from_millis(20 * ticks as u64);
            assert_eq!(position(&bench), Some((at, PlayEnd::Key)), "{time:?}");
        }
    }
}

#[test]
fn keys_keep_their_own_times_between_packets_of_any_length() {
    for time in PacketTime::ALL {
        for before in 1..=6 {
            let mut bench = open((Codec::Pcmu, 0), time);
            bench.play(1, vec![clip(16_000)], 1, StopOnKey::PlayOn);
            bench.ticks(before);
            let keys = vec![KeyPress {
                event: 5,
                duration_ms: 60,
                pause_ms: 40,
            }];
            bench.command(Command::SendKeys { session: SESSION, keys });
            let quiet = bench.rtp().len();
            bench.ticks(6);
            let all = bench.rtp();
            let first = all.first().expect("sound or a key").header.timestamp;
            let events: Vec<(u32, u16, bool)> = all
                .iter()
                .filter(|packet| packet.header.payload_type == EVENT)
                .map(|packet| {
                    let duration = u16::from_be_bytes([packet.payload[2], packet.payload[3]]);
                    (
                        packet.header.timestamp.wrapping_sub(first),
                        duration,
                        packet.header.marker,
                    )
                })
                .collect();
            let at = before as u32 * 160;
            let told = [
                (at, 160, true),
                (at, 320, false),
                (at, 480, false),
                (at, 480, false),
                (at, 480, false),
            ];
            assert_eq!(events, told, "{time:?} after {before} ticks");
            // What waited went out before the key, and nothing of it is lost or said twice.
            let key = all
                .iter()
                .position(|packet| packet.header.payload_type == EVENT)
                .expect("a key");
            let said: usize = all[..key].iter().map(|packet| packet.payload.len()).sum();
            assert_eq!(said as u32, at, "{time:?} after {before} ticks");
            assert!(key >= quiet);
            let after = all[key..].iter().find(|packet| packet.header.payload_type != EVENT);
            if let Some(after) = after {
                assert!(after.header.marker, "{time:?}: sound after a key begins anew");
                let begins = after.header.timestamp.wrapping_sub(first);
                assert_eq!(begins, at + 5 * 160, "{time:?}: where the key's packets ended");
            }
        }
    }
}

#[test]
fn the_length_may_change_in_the_middle_of_a_prompt() {
    for codec in ALL.into_iter().filter(|codec| codec.0 != Codec::Opus) {
        let mut usual = open(codec, PacketTime::Ms20);
        let mut changing = open(codec, PacketTime::Ms60);
        for bench in [&mut usual, &mut changing] {
            bench.play(1, tones(), 1, StopOnKey::PlayOn);
        }
        usual.ticks(48);
        for (n, time) in [60, 10, 50, 20, 40, 60, 30, 20].into_iter().enumerate() {
            changing.command(Command::Update {
                session: SESSION,
                plan: plan_of(codec, PacketTime::at_most(time)),
            });
            // Not always as many as make whole packets.
            changing.ticks([5, 7][n % 2]);
        }
        let (now, before) = (payloads(&changing), payloads(&usual));
        assert!(now == before[..now.len()], "{codec:?}: the same bytes");
        let waits = before.len() - now.len();
        assert!(waits < before.len() / 48, "{codec:?}: less than a packet waits");
        let cut = lengths_and_gaps(&changing, codec.0);
        assert!(cut.iter().all(|(_, gap)| *gap == 0), "{codec:?}: {cut:?}");
        let last = cut.last().expect("packets").0;
        assert_eq!(last, 20, "{codec:?}");
    }
}

#[test]
fn opus_changes_its_length_too() {
    let codec = (Codec::Opus, 96);
    let mut bench = open(codec, PacketTime::Ms60);
    // Silence long enough to be remembered is not said in packets of the wrong length.
    bench.ticks(60);
    for time in [PacketTime::Ms20, PacketTime::Ms40, PacketTime::Ms10, PacketTime::Ms60] {
        bench.command(Command::Update {
            session: SESSION,
            plan: plan_of(codec, time),
        });
        bench.ticks(60);
        let cut = lengths_and_gaps(&bench, codec.0);
        assert!(cut.iter().all(|(_, gap)| *gap == 0), "{cut:?}");
        assert_eq!(cut.last().expect("packets").0, time.ms());
    }
    bench.sink.sent.clear();
    bench.play(1, tones(), 1, StopOnKey::PlayOn);
    bench.ticks(75);
    assert_is_the_tone(&heard(&bench, remote(), codec)[800..9_200], "after it");
}

#[test]
fn a_prompt_that_may_not_be_sent_waits_with_what_waits_for_its_packet() {
    for time in PacketTime::ALL {
        for ticks in 1..=6 {
            let mut bench = open((Codec::Pcmu, 0), time);
            bench.play(1, tones(), 1, StopOnKey::PlayOn);
            let mut usual = open((Codec::Pcmu, 0), PacketTime::Ms20);
            usual.play(1, tones(), 1, StopOnKey::PlayOn);
            usual.ticks(60);
            bench.ticks(ticks);
            for flow in [Flow::RecvOnly, Flow::SendRecv] {
                let plan = Plan {
                    flow,
                    ..plan_of((Codec::Pcmu, 0), time)
                };
                bench.command(Command::Update { session: SESSION, plan });
                bench.ticks(30);
            }
            let sound = payloads(&bench);
            assert!(sound == payloads(&usual)[..sound.len()], "{time:?}");
            let cut = lengths_and_gaps(&bench, Codec::Pcmu);
            let gaps: Vec<i32> = cut.iter().map(|(_, gap)| *gap).filter(|gap| *gap != 0).collect();
            // Sound from before the pause comes right before that after it.
            assert!(
                gaps == [600] || (gaps.is_empty() && sound.len() < 60 * 160),
                "{time:?}: {gaps:?}"
            );
        }
    }
}

#[test]
fn what_is_relayed_comes_after_the_end_of_a_prompt_and_keeps_its_length() {
    for time in PacketTime::ALL {
        for ticks in 1..=6 {
            let mut bench = bridge((Codec::Pcmu, 0), (Codec::Pcmu, 0));
            let plan = Plan {
                packets: PacketTimes {
                    own: time,
                    ..PacketTimes::default()
                },
                ..plan_in(far(), (Codec::Pcmu, 0))
            };
            bench.command(Command::Update { session: FAR, plan });
            let prompt = Prompt {
                segments: vec![clip(160 * ticks)],
                times: 1,
            };
            bench.command(Command::Play {
                session: FAR,
                play: PlayId(1),
                prompt,
                stop_on_key: StopOnKey::PlayOn,
            });
            bench.ticks(ticks);
            let mut talker = Talker::new((Codec::Pcmu, 0));
            for _ in 0..6 {
                bench.packet(NEAR, Lane::Rtp, near(), &talker.say(20));
                bench.tick();
            }
            let to_far = bench
                .sink
                .sent
                .iter()
                .filter(|sent| sent.to == far() && sent.lane == Lane::Rtp);
            let mut next = None;
            let mut lengths = Vec::new();
            for packet in to_far.map(|sent| rtp::parse(&sent.bytes).expect("RTP")) {
                let (header, length) = (packet.header, packet.payload.len() as u32);
                assert!(
                    next.is_none_or(|next| next == (header.sequence, header.timestamp)),
                    "{time:?}"
                );
                next = Some((header.sequence.wrapping_add(1), header.timestamp.wrapping_add(length)));
                lengths.push(length / 8);
            }
            let (own, relayed) = lengths.split_at(lengths.len() - 6);
            assert_eq!(own.iter().sum::<u32>(), 20 * ticks as u32, "{time:?}: the whole prompt");
            assert_eq!(relayed, [20; 6], "{time:?}");
        }
    }
}

#[test]
fn a_session_that_closes_has_said_all() {
    for time in PacketTime::ALL {
        for ticks in 1..=6 {
            let mut bench = open((Codec::Pcma, 8), time);
            bench.play(1, vec![clip(160 * ticks)], 1, StopOnKey::PlayOn);
            bench.ticks(ticks);
            bench.command(Command::Close { session: SESSION });
            bench.tick();
            assert_eq!(payloads(&bench).len(), 160 * ticks, "{time:?}");
            assert!(lengths_and_gaps(&bench, Codec::Pcma).iter().all(|(_, gap)| *gap == 0));
        }
    }
}

#[test]
fn missed_ticks_leave_a_hole_before_the_packet_they_came_in() {
    let mut bench = open((Codec::Pcmu, 0), PacketTime::Ms60);
    bench.ticks(7);
    bench.now += crate::FRAME * 10;
    bench.ticks(8);
    let cut = lengths_and_gaps(&bench, Codec::Pcmu);
    assert_eq!(cut, [(60, 0), (60, 0), (60, 200), (60, 0), (60, 0)]);
    let markers: Vec<bool> = bench.rtp().iter().map(|packet| packet.header.marker).collect();
    assert_eq!(markers, [true, false, true, false, false]);
}

#[test]
fn silence_that_goes_unsent_ends_with_a_marker_at_its_time() {
    let codec = (Codec::Opus, 96);
    let mut bench = Bench::empty(Config::default());
    let opus = OpusOptions {
        dtx: true,
        ..OpusOptions::default()
    };
    let plan = Plan {
        opus,
        ..plan_of(codec, PacketTime::Ms60)
    };
    bench.command(Command::Open { session: SESSION, plan });
    bench.ticks(150);
    let before = bench.rtp().len();
    assert!(before < 30, "{before} of 50 packets of silence");
    bench.play(1, tones(), 1, StopOnKey::PlayOn);
    bench.ticks(66);
    let all = bench.rtp();
    let first = all[0].header.timestamp;
    let begins = all
        .iter()
        .find(|packet| packet.header.timestamp.wrapping_sub(first) >= 150 * 960);
    let begins = begins.expect("the prompt").header;
    assert!(begins.marker);
    assert_eq!(begins.timestamp.wrapping_sub(first), 150 * 960);
}

#[test]
fn what_is_coded_anew_is_not_longer_than_the_far_end_takes() {
    for (to, ms, most_ms, pieces) in [
        ((Codec::G722, 9), 60, 120, 1),
        ((Codec::G722, 9), 60, 60, 1),
        ((Codec::G722, 9), 60, 50, 2),
        ((Codec::G722, 9), 60, 20, 3),
        ((Codec::Opus, 96), 40, 30, 2),
        ((Codec::Opus, 96), 60, 10, 6),
        ((Codec::G722, 9), 20, 30, 1),
    ] {
        let mut bench = bridge((Codec::Pcmu, 0), to);
        let packets = PacketTimes {
            most_ms,
            ..PacketTimes::default()
        };
        let plan = Plan {
            packets,
            ..plan_in(far(), to)
        };
        bench.command(Command::Update { session: FAR, plan });
        let mut talker = Talker::new((Codec::Pcmu, 0));
        for _ in 0..40 {
            bench.packet(NEAR, Lane::Rtp, near(), &talker.say(ms));
            bench.now += Duration::from_millis(ms as u64);
        }
        let sent = headers_to_far(&bench);
        let what = format!("{to:?} of {ms} ms, at most {most_ms}");
        assert_eq!(sent.len(), 40 * pieces, "{what}");
        for pair in sent.windows(2) {
            assert_eq!(pair[1].sequence, pair[0].sequence.wrapping_add(1));
            let step = pair[1].timestamp.wrapping_sub(pair[0].timestamp) as usize;
            assert_eq!(step, to.0.clock() as usize * ms / 1_000 / pieces, "{what}");
        }
        assert_is_the_tone(&heard(&bench, far(), to)[800..], &what);
    }
}
