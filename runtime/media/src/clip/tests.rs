//! WAV files of every kind become the same sound; what 8 kHz cannot hold is gone.

use super::*;
use crate::measure::{frequency_dbfs, level_dbfs};
use crate::write_wav;

fn sine(rate: u32, hz: f64, seconds: f64) -> Vec<i16> {
    let samples = (f64::from(rate) * seconds) as usize;
    (0..samples)
        .map(|n| (16_000.0 * (std::f64::consts::TAU * hz * n as f64 / f64::from(rate)).sin()) as i16)
        .collect()
}

/// Gain of a frequency through loading, in dB.
fn gain(rate: u32, hz: f64, heard_hz: f64) -> f64 {
    let clip = Clip::from_wav(&write_wav(rate, &sine(rate, hz, 1.0))).expect("a WAV file");
    let middle = &clip.samples()[1_000..7_000];
    let came_in = 20.0 * (16_000.0f64 / 32_768.0).log10();
    frequency_dbfs(middle, SAMPLE_RATE, heard_hz) - came_in
}

#[test]
fn speech_passes_and_nothing_is_folded_into_it() {
    for rate in [16_000, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000] {
        for hz in [300.0, 1_000.0, 3_000.0, 3_400.0] {
            let gain = gain(rate, hz, hz);
            assert!(gain.abs() < 0.2, "{rate} Hz: {hz} Hz comes out at {gain:.2} dB");
        }
        for hz in [4_600.0, 5_000.0, 7_000.0] {
            let alias = gain(rate, hz, 8_000.0 - hz);
            assert!(alias < -60.0, "{rate} Hz: {hz} Hz is heard folded at {alias:.1} dB");
        }
    }
}

#[test]
fn low_rates_are_brought_up() {
    for rate in [4_000, 6_000, 7_999] {
        let clip = Clip::from_wav(&write_wav(rate, &sine(rate, 1_000.0, 1.0))).expect("a WAV file");
        assert_eq!(clip.duration(), Duration::from_secs(1), "{rate} Hz");
        let middle = &clip.samples()[1_000..7_000];
        let purity = level_dbfs(middle) - frequency_dbfs(middle, SAMPLE_RATE, 1_000.0);
        assert!(purity.abs() < 0.05, "{rate} Hz: {purity:.3} dB of something else");
    }
}

#[test]
fn the_length_and_the_beginning_stay_where_they_were() {
    for rate in [8_000, 11_025, 44_100, 48_000] {
        let mut sound = vec![0; rate as usize];
        sound[rate as usize / 2..].fill(8_000);
        let clip = Clip::from_wav(&write_wav(rate, &sound)).expect("a WAV file");
        assert_eq!(clip.samples().len(), 8_000, "{rate} Hz");
        let edge = clip
            .samples()
            .iter()
            .position(|&s| s >= 4_000)
            .expect("it becomes loud");
        assert!((3_999..=4_001).contains(&edge), "{rate} Hz: edge at {edge}");
    }
}

#[test]
fn at_8_khz_every_sample_stays_as_it_is() {
    let samples: Vec<i16> = (i16::MIN..=i16::MAX).collect();
    assert_eq!(
        Clip::from_wav(&write_wav(8_000, &samples))
            .expect("a WAV file")
            .samples(),
        samples
    );
}

#[test]
fn it_is_coded_both_ways() {
    let clip = Clip::from_samples(&[0, 1000, -1000]);
    assert_eq!(
        clip.coded(Law::Pcmu),
        [0xff, g711::encode(Law::Pcmu, 1000), g711::encode(Law::Pcmu, -1000)]
    );
    assert_eq!(
        clip.coded(Law::Pcma),
        [0xd5, g711::encode(Law::Pcma, 1000), g711::encode(Law::Pcma, -1000)]
    );
    assert_eq!(clip.duration(), Duration::from_micros(375));
}

#[test]
fn very_short_sounds_survive() {
    for samples in 1..20 {
        let clip = Clip::from_wav(&write_wav(48_000, &vec![100; samples])).expect("a WAV file");
        assert_eq!(clip.samples().len(), samples.div_ceil(6));
    }
}

#[test]
fn wide_band_has_what_was_recorded_and_adds_nothing_to_what_was_not() {
    let wide_of = |clip: &Clip| {
        let mut wide = vec![0; clip.samples().len() * 2];
        for (n, out) in wide.chunks_mut(320).enumerate() {
            clip.copy_wide(n * 160, out);
        }
        wide
    };
    let tone = |rate: u32, hz: f64| -> Vec<i16> {
        let turn = std::f64::consts::TAU * hz / f64::from(rate);
        (0..rate)
            .map(|n| (8_000.0 * (turn * f64::from(n)).sin()) as i16)
            .collect()
    };
    // Above what 8 kHz can say.
    let recorded = Clip::from_wav(&write_wav(48_000, &tone(48_000, 6_000.0))).expect("a WAV file");
    let wide = wide_of(&recorded);
    assert!((frequency_dbfs(&wide, 16_000, 6_000.0) + 12.25).abs() < 0.5);
    assert!(level_dbfs(&recorded.samples()[800..7_200]) < -70.0);
    for hz in [300.0, 1_000.0, 2_500.0, 3_300.0] {
        let narrow = Clip::from_samples(&tone(8_000, hz));
        let wide = wide_of(&narrow);
        let (kept, image) = (
            frequency_dbfs(&wide, 16_000, hz),
            frequency_dbfs(&wide, 16_000, 8_000.0 - hz),
        );
        assert!((kept + 12.25).abs() < 0.3, "{hz}: {kept:.2}");
        assert!(image < kept - 40.0, "{hz}: {:.1}", image - kept);
    }
}
