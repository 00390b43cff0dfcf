//! Ears that listen while a recording grows.

use super::*;

fn tone(hz: f64, samples: usize) -> Vec<i16> {
    let sample = |n: usize| ((n as f64 * hz * std::f64::consts::TAU / 8_000.0).sin() * 6_000.0) as i16;
    (0..samples).map(sample).collect()
}

/// Listens as a runner does, 20 ms at a time. How much was heard when the ear found it, and where it ended.
fn found(wanted: Wanted, heard: &[i16]) -> Option<(usize, usize)> {
    let mut ear = Ear::new(String::new(), wanted);
    for most in (0..=heard.len()).step_by(160) {
        if let Some(end) = ear.listen(&heard[..most], Heard::Growing) {
            return Some((most, end));
        }
    }
    ear.listen(heard, Heard::Whole).map(|end| (heard.len(), end))
}

#[test]
fn a_tone_is_found_as_soon_as_it_lasted_long_enough() {
    let heard = [vec![0; 3_200], tone(440.0, 16_000)].concat();
    let (at, end) = found(Wanted::tone(440, 400), &heard).expect("it sounds for 2 s");
    assert_eq!((at, end), (6_400, 6_400));
    assert_eq!(found(Wanted::tone(440, 2_100), &heard), None);
    assert_eq!(found(Wanted::tone(620, 40), &heard), None);
}

#[test]
fn a_tone_with_a_hole_begins_anew_and_a_mixture_is_no_tone() {
    let heard = [tone(440.0, 3_200), vec![0; 320], tone(440.0, 3_200)].concat();
    assert!(found(Wanted::tone(440, 400), &heard).is_some());
    assert_eq!(found(Wanted::tone(440, 500), &heard), None);
    let both: Vec<i16> = tone(440.0, 8_000)
        .iter()
        .zip(tone(880.0, 8_000))
        .map(|(a, b)| a / 2 + b / 2)
        .collect();
    assert_eq!(found(Wanted::tone(440, 40), &both), None);
}

#[test]
fn a_whisper_of_a_tone_is_silence() {
    let heard: Vec<i16> = tone(440.0, 8_000).iter().map(|sample| sample / 1_000).collect();
    assert_eq!(found(Wanted::tone(440, 40), &heard), None);
    assert_eq!(found(Wanted::silence(1_000), &heard), Some((8_000, 8_000)));
    assert_eq!(found(Wanted::silence(40), &tone(440.0, 8_000)), None);
}

#[test]
fn a_sound_is_found_at_the_end_of_a_call_even_if_little_was_heard_since_the_last_look() {
    let chirp: Vec<i16> = (0..12_000)
        .map(|n| ((f64::from(n) * f64::from(n) * 1e-5).sin() * 8_000.0) as i16)
        .collect();
    let heard = [vec![0; 3_990], chirp.clone()].concat();
    let (_, end) = found(Wanted::sound(chirp.clone(), 0.9), &heard).expect("it is there");
    assert!(end <= heard.len());
    assert_eq!(
        found(Wanted::sound(chirp, 0.9), &heard[..8_000]),
        None,
        "a third of it is not it"
    );
}

#[test]
fn what_was_found_instead_is_said_in_words() {
    let mut ear = Ear::new(String::new(), Wanted::tone(880, 400));
    let heard = tone(440.0, 8_000);
    assert_eq!(ear.listen(&heard, Heard::Whole), None);
    assert_eq!(ear.wanted(), "a tone of 880 Hz for 400 ms");
    assert_eq!(ear.closest(), "there was none");
    let heard = [heard, tone(880.0, 2_400)].concat();
    assert_eq!(ear.listen(&heard, Heard::Whole), None);
    assert_eq!(ear.closest(), "the longest was 280 ms");
}
