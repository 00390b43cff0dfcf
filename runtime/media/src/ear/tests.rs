//! What is something said and what is not, and where it begins and ends.

use super::*;
use crate::random::Random;

const OPTIONS: EarOptions = EarOptions {
    end_silence: Duration::from_millis(600),
    longest: Duration::from_secs(3),
};

/// Frames of a voice: a buzz with many harmonics, whose pitch moves and whose strength swings with the syllables.
fn voice(frames: usize) -> Vec<i16> {
    let samples = frames * FRAME_SAMPLES;
    let sample = |at: usize| {
        let time = at as f64 / f64::from(SAMPLE_RATE);
        let pitch = 120.0 + 15.0 * (time * 5.0).sin();
        let buzz: f64 = (1..20)
            .map(|n| (std::f64::consts::TAU * pitch * f64::from(n) * time).sin() / f64::from(n))
            .sum();
        let syllable = 0.15 + 0.85 * (std::f64::consts::TAU * 2.5 * time).sin().abs();
        (buzz * syllable * 5_000.0) as i16
    };
    (0..samples).map(sample).collect()
}

fn silence(frames: usize) -> Vec<i16> {
    vec![0; frames * FRAME_SAMPLES]
}

/// Noise of a line, about as strong as its largest sample says.
fn noise(frames: usize, most: i16) -> Vec<i16> {
    let mut random = Random::new(5);
    let range = 2 * u64::from(most.unsigned_abs()) + 1;
    let sample = |_| (random.next() % range) as i16 - most;
    (0..frames * FRAME_SAMPLES).map(sample).collect()
}

/// What an ear tells of some sound, and in which frame.
fn told(options: EarOptions, sound: &[i16]) -> Vec<(usize, EarEvent)> {
    let mut ear = Ear::new(EarId(1), options);
    let mut told = Vec::new();
    for (number, frame) in sound.as_chunks::<FRAME_SAMPLES>().0.iter().enumerate() {
        ear.frame(frame);
        told.extend(ear.event().map(|event| (number, event)));
    }
    assert_eq!(ear.open(), told.len() < 2);
    told
}

/// Milliseconds of what was said, and the frames in which its beginning and its end were told.
fn said(options: EarOptions, sound: &[i16]) -> (usize, usize, u128) {
    match &told(options, sound)[..] {
        [(began, EarEvent::Began), (ended, EarEvent::Said(utterance))] => {
            (*began, *ended, utterance.duration().as_millis())
        }
        told => panic!("{told:?}"),
    }
}

#[test]
fn what_is_said_is_told_from_100_ms_on_and_handed_over_after_the_silence() {
    let sound = [silence(50), voice(40), silence(60)].concat();
    let (began, ended, length) = said(OPTIONS, &sound);
    assert!(
        (54..=56).contains(&began) && (116..=120).contains(&ended),
        "{began} to {ended}"
    );
    // With 300 ms before and after it, and what the window is longer than the voice that made it full.
    assert!((1_400..=1_500).contains(&length), "{length} ms");
}

#[test]
fn a_pause_between_words_that_is_shorter_than_the_silence_is_part_of_it() {
    let sound = [silence(20), voice(20), silence(25), voice(20), silence(60)].concat();
    let (_, ended, length) = said(OPTIONS, &sound);
    assert!((110..=116).contains(&ended), "frame {ended}");
    assert!(length >= 1_300 + 600, "{length} ms");
}

#[test]
fn it_ends_at_its_longest_whatever_is_still_said() {
    let sound = [silence(30), voice(400)].concat();
    let (_, ended, length) = said(OPTIONS, &sound);
    assert!((150..=190).contains(&ended), "frame {ended}");
    assert!((2_900..=3_000).contains(&length), "{length} ms");
}

#[test]
fn silence_noise_clicks_and_tones_are_nothing_said() {
    let click = [silence(20), voice(2), silence(40), voice(2), silence(40)].concat();
    let tone: Vec<i16> = (0..100 * FRAME_SAMPLES)
        .map(|at| ((std::f64::consts::TAU * 440.0 * at as f64 / 8_000.0).sin() * 8_000.0) as i16)
        .collect();
    let tone = [silence(20), tone, silence(40)].concat();
    for sound in [silence(500), noise(500, 60), noise(500, 1_500), click, tone] {
        assert_eq!(told(OPTIONS, &sound), []);
    }
}

#[test]
fn a_voice_is_told_from_the_noise_it_stands_in() {
    for most in [60, 600] {
        let mut sound = noise(220, most);
        for (sample, voice) in sound[100 * FRAME_SAMPLES..].iter_mut().zip(voice(40)) {
            *sample = sample.saturating_add(voice);
        }
        let (began, ended, _) = said(OPTIONS, &sound);
        assert!((102..=108).contains(&began), "{most}: began in {began}");
        assert!((165..=185).contains(&ended), "{most}: ended in {ended}");
    }
}

#[test]
fn whoever_speaks_at_once_is_heard_from_the_first_word() {
    let sound = [voice(30), silence(60)].concat();
    let (_, _, length) = said(OPTIONS, &sound);
    assert!(length >= 600 + 280, "{length} ms");
}

#[test]
fn times_out_of_range_are_known() {
    let ms = Duration::from_millis;
    assert!(OPTIONS.in_range());
    for (end_silence, longest) in [(199, 3_000), (5_001, 3_000), (600, 499), (600, 30_001)] {
        let (end_silence, longest) = (ms(end_silence), ms(longest));
        assert!(!EarOptions { end_silence, longest }.in_range());
    }
}

#[test]
fn no_sound_is_printed() {
    assert_eq!(format!("{:?}", Utterance::new(vec![7; 8_000])), "Utterance(1000 ms)");
}
