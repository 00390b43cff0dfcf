//! Sounds in words.

use super::*;

fn tone(hz: f64, samples: usize) -> Vec<i16> {
    let sample = |n: usize| ((n as f64 * hz * std::f64::consts::TAU / 8_000.0).sin() * 6_000.0) as i16;
    (0..samples).map(sample).collect()
}

#[test]
fn tones_silence_and_other_sound_are_told_apart_in_order() {
    let noise: Vec<i16> = (0..8_000_i32).map(|n| (n * n % 7_919) as i16 - 3_960).collect();
    let heard = [tone(440.0, 8_000), vec![0; 4_000], noise, tone(620.0, 16_000)].concat();
    assert_eq!(
        describe(&heard),
        "a tone of 440 Hz for 1.0 s, 0.5 s of silence, 1.0 s of other sound, a tone of 620 Hz for 2.0 s"
    );
    assert_eq!(describe(&[0; 8_000]), "only silence, for 1.0 s");
    assert_eq!(describe(&[]), "nothing at all");
}

#[test]
fn a_gap_of_a_lost_packet_is_not_a_stretch_and_many_stretches_are_cut_short() {
    let gap = [tone(440.0, 3_200), vec![0; 320], tone(440.0, 3_200)].concat();
    assert_eq!(describe(&gap), "a tone of 440 Hz for 0.8 s");
    let many: Vec<i16> = (0..10)
        .flat_map(|_| [tone(440.0, 3_200), vec![0; 3_200]].concat())
        .collect();
    let words = describe(&many);
    assert!(
        words.starts_with("at last a tone") && words.matches(',').count() == STRETCHES - 1,
        "{words}"
    );
}
