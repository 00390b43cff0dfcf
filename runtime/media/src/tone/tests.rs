//! Level, purity, cadence and edges, measured.

use super::*;
use crate::measure::{frequency_dbfs, level_dbfs};

fn tone(frequencies: &[u16], on_ms: u64, off_ms: u64, count: u16, level_dbm0: i8) -> Tone {
    Tone {
        frequencies: frequencies.to_vec(),
        on: Duration::from_millis(on_ms),
        off: Duration::from_millis(off_ms),
        count,
        level_dbm0,
    }
}

fn play(tone: &Tone) -> Vec<i16> {
    let mut oscillator = Oscillator::new(tone, 1);
    (0..length(tone)).map(|n| oscillator.sample(n)).collect()
}

#[test]
fn the_level_is_that_of_the_whole() {
    for frequencies in [&[1000][..], &[440, 480], &[350, 440, 700, 1100]] {
        let level = level_dbfs(&play(&tone(frequencies, 2000, 0, 1, -10))) + FULL_SCALE_DBM0;
        assert!((level - -10.0).abs() < 0.1, "{frequencies:?}: {level} dBm0");
    }
}

#[test]
fn it_stays_pure_for_an_hour() {
    let hour = tone(&[1004], 3_600_000, 0, 1, -3);
    let mut oscillator = Oscillator::new(&hour, 1);
    let mut last = Vec::new();
    for n in 0..length(&hour) {
        let sample = oscillator.sample(n);
        if n >= length(&hour) - 9_000 && n < length(&hour) - 1_000 {
            last.push(sample);
        }
    }
    let (all, wanted) = (level_dbfs(&last), frequency_dbfs(&last, SAMPLE_RATE, 1004.0));
    assert!((all - wanted).abs() < 0.01, "level {all}, of which at 1004 Hz {wanted}");
    assert!((wanted - (-3.0 - FULL_SCALE_DBM0)).abs() < 0.05);
}

#[test]
fn the_cadence_is_exact_and_its_silence_is_silent() {
    let sound = play(&tone(&[425], 500, 250, 3, -16));
    assert_eq!(sound.len(), 3 * 6_000);
    for cycle in sound.chunks(6_000) {
        assert!(level_dbfs(&cycle[100..3_900]) > -20.0);
        assert!(cycle[4_000..].iter().all(|&s| s == 0));
        assert_eq!(cycle, &sound[..6_000], "each burst begins at the same phase");
    }
}

#[test]
fn edges_do_not_click() {
    let sound = play(&tone(&[1000], 100, 100, 2, 0));
    let largest_step = |part: &[i16]| part.windows(2).map(|w| (i32::from(w[1]) - i32::from(w[0])).abs()).max();
    let middle = largest_step(&sound[200..600]);
    assert!(largest_step(&sound[..60]) <= middle && largest_step(&sound[740..860]) <= middle);
    assert!(sound[0] == 0 && sound[1].abs() < 1_000 && sound[799].abs() < 1_000);
}

#[test]
fn nonsense_is_silence_and_never_a_panic() {
    assert!(play(&tone(&[], 50, 0, 1, 0)).iter().all(|&s| s == 0));
    assert!(play(&tone(&[0, 4000, 65_535], 50, 0, 1, 0)).iter().all(|&s| s == 0));
    assert_eq!(length(&tone(&[400], 0, 0, 1000, 0)), 0);
    let endless = Tone {
        on: Duration::MAX,
        off: Duration::MAX,
        ..tone(&[400], 1, 1, u16::MAX, 127)
    };
    assert_eq!(length(&endless), u64::MAX);
    Oscillator::new(&endless, 1).sample(u64::MAX - 1);
}
