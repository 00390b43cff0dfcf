//! Streams of codecs with memory that come swapped, late and with holes.

use super::*;
use crate::codec::{Encoder, OpusOptions};
use crate::measure::{self, level_dbfs};
use std::f64::consts::TAU;

const PACKETS: usize = 200;

/// The packets of a sound, and the sound at 8 kHz.
fn stream(codec: Codec, loss_percent: u8) -> (Vec<Vec<u8>>, Vec<i16>) {
    let hertz = codec.rate().hertz() as usize;
    let sample = |n: usize, hertz: usize| {
        let t = n as f64 / hertz as f64;
        let syllables = 0.6 + 0.4 * (TAU * 4.0 * t).sin();
        let voice: f64 = (1..8)
            .map(|k| (TAU * 140.0 * f64::from(k) * t).sin() / f64::from(k))
            .sum();
        (5_000.0 * syllables * voice) as i16
    };
    let sound: Vec<i16> = (0..PACKETS * hertz / 50).map(|n| sample(n, hertz)).collect();
    let narrow = (0..PACKETS * FRAME_SAMPLES).map(|n| sample(n, 8_000)).collect();
    let mut encoder = Encoder::new(codec, OpusOptions::default());
    encoder.expect_loss(loss_percent);
    let packets = sound
        .chunks_exact(hertz / 50)
        .map(|samples| {
            let mut payload = [0; 1_400];
            let length = encoder.encode(samples, &mut payload);
            payload[..length].to_vec()
        })
        .collect();
    (packets, narrow)
}

/// What is heard of packets that come in the tick `at` says, none of them never; and how many frames were covered.
fn hear(codec: Codec, packets: &[Vec<u8>], at: impl Fn(usize) -> Option<usize>) -> (Vec<i16>, usize) {
    let mut hearing = Hearing::new(codec);
    let frame = hearing.rate().frame();
    let (mut heard, mut covered) = (Vec::new(), 0);
    for tick in 0..packets.len() + 5 {
        for (n, payload) in packets.iter().enumerate().filter(|(n, _)| at(*n) == Some(tick)) {
            hearing.packet(Incoming {
                codec,
                number: 70_000 + n as u64,
                timestamp: (u32::MAX - 9_000).wrapping_add(n as u32 * frame as u32),
                payload,
            });
        }
        let (mut native, mut narrow) = (vec![0; frame], [0; FRAME_SAMPLES]);
        covered += usize::from(hearing.pull(&mut native));
        hearing.narrow(&native, &mut narrow);
        heard.extend_from_slice(&narrow);
    }
    (heard, covered)
}

fn likeness(sound: &[i16], heard: &[i16]) -> f64 {
    measure::find(&sound[20 * FRAME_SAMPLES..][..8_000], heard).map_or(0.0, |found| found.correlation)
}

#[test]
fn a_swapped_packet_is_as_good_as_one_in_order() {
    for codec in [Codec::G722, Codec::Opus, Codec::L16Wide] {
        let (packets, sound) = stream(codec, 0);
        let (steady, covered) = hear(codec, &packets, Some);
        // Opus models sound and does not copy it.
        let least = if codec == Codec::Opus { 0.85 } else { 0.99 };
        assert!(
            likeness(&sound, &steady) > least,
            "{codec:?}: {}",
            likeness(&sound, &steady)
        );
        assert!(covered <= 4, "only after the end: {covered}");
        let (swapped, _) = hear(codec, &packets, |n| Some(if n % 7 == 3 { n + 1 } else { n }));
        // After four seconds the buffer waits less where nothing came late.
        let before = 190 * FRAME_SAMPLES;
        assert!(steady[..before] == swapped[..before], "{codec:?}");
    }
}

#[test]
fn opus_restores_a_lost_packet_from_the_next_one() {
    let lost = |n: usize| (n % 10 != 5).then_some(n);
    let (with, sound) = stream(Codec::Opus, 20);
    let (heard, covered) = hear(Codec::Opus, &with, lost);
    assert!(covered <= 4, "the jitter buffer has nothing to cover: {covered}");
    let restored = likeness(&sound, &heard);
    let (without, _) = stream(Codec::Opus, 0);
    let (heard, _) = hear(Codec::Opus, &without, lost);
    let guessed = likeness(&sound, &heard);
    let (steady, _) = hear(Codec::Opus, &with, Some);
    let steady = likeness(&sound, &steady);
    assert!(restored > steady - 0.03, "{restored}, of {steady} without loss");
    assert!(
        restored > guessed + 0.1,
        "{restored}, and {guessed} without what restores it"
    );
    // G.722 knows no such thing: there the jitter buffer covers each hole.
    let (packets, _) = stream(Codec::G722, 0);
    let (_, covered) = hear(Codec::G722, &packets, lost);
    assert!(covered >= 18, "{covered}");
}

#[test]
fn long_holes_and_restarts_end() {
    for codec in [Codec::G722, Codec::Opus] {
        let (packets, sound) = stream(codec, 0);
        let (heard, _) = hear(codec, &packets, |n| (!(50..90).contains(&n)).then_some(n));
        let end = &heard[120 * FRAME_SAMPLES..180 * FRAME_SAMPLES];
        let likeness = measure::find(&sound[130 * FRAME_SAMPLES..][..4_000], end).map_or(0.0, |f| f.correlation);
        // The errors of a hole fade from Opus slowly where the sound repeats itself as exactly as this one.
        let least = if codec == Codec::Opus { 0.7 } else { 0.95 };
        assert!(likeness > least, "{codec:?}: {likeness}");
        assert!(level_dbfs(&heard[75 * FRAME_SAMPLES..85 * FRAME_SAMPLES]) < -50.0);
    }
}
