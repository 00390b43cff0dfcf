//! Files read again by another reader (the one of prompts), cut off anywhere and ended anywhere.

use super::*;
use crate::Clip;
use crate::measure::{self, frequency_dbfs};
use std::f64::consts::TAU;

fn tone(hz: f64, samples: usize) -> Vec<i16> {
    (0..samples)
        .map(|n| (8_000.0 * (TAU * hz * n as f64 / 8_000.0).sin()) as i16)
        .collect()
}

/// No two places sound alike.
fn sweep(samples: usize) -> Vec<i16> {
    let sample = |n: usize| {
        let t = n as f64 / 8_000.0;
        (8_000.0 * (TAU * (300.0 + 100.0 * t) * t).sin()) as i16
    };
    (0..samples).map(sample).collect()
}

/// A file of these samples, written in pieces, that ends after so many.
fn file(channels: u8, samples: &[i16], end: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut file = OggOpus::new(channels, 7, &mut bytes);
    for piece in samples.chunks(3_777) {
        file.push(piece.iter().copied(), &mut bytes);
        file.flush(&mut bytes);
    }
    let OggEnd { last_page, granule } = file.finish(end, &mut bytes);
    let last = last_page as usize;
    let page = OggPage::read(&bytes[last..]).expect("a page begins there");
    bytes.truncate(last + page.length);
    OggPage::end(&mut bytes[last..], granule);
    bytes
}

#[test]
fn it_is_as_long_as_it_is_to_be_and_sounds_like_what_went_in() {
    for (samples, end) in [
        (80_000, 80_000),
        (80_000, 80_000 - 12_345),
        (80_123, 80_123),
        (5, 5),
        (80_000, 1),
        (0, 0),
    ] {
        let sound = sweep(samples);
        let bytes = file(1, &sound, end);
        if end == 0 {
            continue;
        }
        let clip = Clip::from_file(&bytes).expect("a sound file");
        // Resampled from 48 kHz: the last part of a sample counts.
        assert!(
            clip.samples().len().abs_diff(end as usize) <= 1,
            "{} of {end}",
            clip.samples().len()
        );
        if end > 20_000 {
            let found = measure::find(&sound[..20_000], clip.samples()).expect("it is in there");
            assert!(found.correlation > 0.8 && found.lag <= 2, "{found:?}");
        }
    }
}

#[test]
fn two_channels_stay_apart() {
    let (left, right) = (tone(440.0, 40_000), tone(1_500.0, 40_000));
    let sound: Vec<i16> = left
        .iter()
        .zip(&right)
        .flat_map(|(left, right)| [*left, *right])
        .collect();
    let bytes = file(2, &sound, 40_000);
    // The reader of prompts mixes channels, so the decoder alone says what is in which.
    let mut decoder = ropus::Decoder::new(8_000, Channels::Stereo).expect("a decoder");
    let (mut at, mut heard) = (0, [Vec::new(), Vec::new()]);
    while let Some(page) = OggPage::read(&bytes[at..]) {
        let laces = &bytes[at + 27..at + page.head];
        let mut packet = at + page.head;
        for lace in laces {
            let length = usize::from(*lace);
            let mut samples = [0; 1_920];
            let decoded = decoder.decode(&bytes[packet..packet + length], &mut samples, ropus::DecodeMode::Normal);
            if let Ok(count) = decoded {
                for pair in samples[..count * 2].chunks_exact(2) {
                    heard[0].push(pair[0]);
                    heard[1].push(pair[1]);
                }
            }
            packet += length;
        }
        at += page.length;
    }
    for (channel, own, other) in [(0, 440.0, 1_500.0), (1, 1_500.0, 440.0)] {
        let sound = &heard[channel][8_000..36_000];
        let apart = frequency_dbfs(sound, 8_000, own) - frequency_dbfs(sound, 8_000, other);
        assert!(apart > 25.0, "channel {channel}: {apart:.1} dB");
    }
}

#[test]
fn every_beginning_of_a_file_is_a_file_up_to_its_last_whole_page() {
    let sound = tone(440.0, 80_000);
    let mut bytes = Vec::new();
    let mut file = OggOpus::new(1, 7, &mut bytes);
    for piece in sound.chunks(4_000) {
        file.push(piece.iter().copied(), &mut bytes);
        file.flush(&mut bytes);
    }
    let mut random = crate::random::Random::new(3);
    for _ in 0..50 {
        let cut = 200 + random.next() as usize % (bytes.len() - 200);
        let (mut at, mut granule, mut last) = (0, 0, 0);
        while let Some(page) = OggPage::read(&bytes[at..cut]) {
            (at, granule, last) = (at + page.length, page.granule, page.length);
        }
        let first = OggPage::read(&bytes).expect("the first page");
        let samples = ogg_opus_samples(&bytes[first.head..first.length], granule).expect("its header");
        if samples > 0 {
            let mut file = bytes[..at].to_vec();
            let last = at - last;
            OggPage::end(&mut file[last..], granule);
            let clip = Clip::from_file(&file).expect("a sound file");
            assert!(clip.samples().len().abs_diff(samples as usize) <= 1);
        }
    }
    let mut damaged = bytes.clone();
    damaged[60] ^= 1;
    assert_eq!(OggPage::read(&bytes).map(|page| page.length), Some(47));
    assert_eq!(OggPage::read(&damaged[47..]), None);
}
