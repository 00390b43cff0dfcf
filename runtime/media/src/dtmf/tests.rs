//! All keys over the ranges of ITU-T Q.24 and beyond its limits; tones, music and noise that are no keys; the generator.
//! Speech is in `tests/sound`.

use super::*;
use crate::random::Random;
use crate::tone::FULL_SCALE_DBM0;
use crate::{FRAME_SAMPLES, KeyPress, Law, g711};

/// A pair of tones as somebody's telephone may send it.
#[derive(Debug, Clone, Copy)]
struct Press {
    event: u8,
    ms: f64,
    /// Level of the louder tone.
    dbm0: f64,
    /// The high tone over the low one, in dB.
    twist: f64,
    /// How far the low and the high tone are off, in percent.
    off: [f64; 2],
    phase: f64,
}

const USUAL: Press = Press {
    event: 0,
    ms: 50.0,
    dbm0: -10.0,
    twist: 0.0,
    off: [0.0, 0.0],
    phase: 0.0,
};

impl Press {
    fn sound(self) -> Vec<f64> {
        let level = |dbm0: f64| 32_767.0 * 10f64.powf((dbm0 - FULL_SCALE_DBM0) / 20.0);
        let amplitudes = [
            level(self.dbm0 - self.twist.max(0.0)),
            level(self.dbm0 + self.twist.min(0.0)),
        ];
        let tones = tones_of(self.event);
        let turns: Vec<f64> = (0..2)
            .map(|n| TAU * FREQUENCIES[tones[n]] * (1.0 + self.off[n] / 100.0) / 8_000.0)
            .collect();
        (0..(self.ms * 8.0) as usize)
            .map(|n| {
                let n = n as f64;
                amplitudes[0] * (turns[0] * n + self.phase).sin() + amplitudes[1] * (turns[1] * n).sin()
            })
            .collect()
    }
}

/// Sound as it comes over a line: with noise so far below full scale, cut to 16 bits, through mu-law or A-law.
fn line(sound: &[f64], codec: Law, noise: f64, random: &mut Random) -> Vec<i16> {
    let samples = g711::samples_of(codec);
    sound
        .iter()
        .map(|sample| {
            // Twelve of these have a variance of one.
            let gauss = (0..12).map(|_| random.fraction()).sum::<f64>() - 6.0;
            let sample = (sample + gauss * noise).clamp(-32_768.0, 32_767.0) as i16;
            samples[usize::from(g711::encode(codec, sample))]
        })
        .collect()
}

/// The keys heard in frames of 20 ms.
fn heard(sound: &[i16]) -> Vec<u8> {
    let mut detector = ToneDetector::default();
    sound
        .chunks(FRAME_SAMPLES)
        .filter_map(|frame| detector.hear(frame))
        .collect()
}

/// The keys heard of one press with silence around it, `before` samples into the detector's parts.
fn press(press: Press, before: usize) -> Vec<u8> {
    let mut sound = vec![0.0; 400 + before];
    sound.extend(press.sound());
    sound.extend([0.0; 480]);
    heard(&line(&sound, Law::Pcmu, 0.0, &mut Random::new(1)))
}

#[test]
fn all_keys_are_found_over_the_usual_ranges() {
    for event in 0..16 {
        for dbm0 in [-25.0, -15.0, -6.0, -3.0] {
            for twist in [-8.0, -4.0, 0.0, 4.0] {
                for off in [[0.0, 0.0], [1.5, 1.5], [-1.5, -1.5], [1.5, -1.5], [-1.5, 1.5]] {
                    for before in [0, 13, 27] {
                        let wanted = Press {
                            event,
                            ms: 40.0,
                            dbm0,
                            twist,
                            off,
                            phase: before as f64,
                        };
                        assert_eq!(press(wanted, before), [event], "{wanted:?}, {before} samples in");
                    }
                }
            }
        }
    }
}

#[test]
fn keys_at_the_highest_level_are_found_though_they_are_cut() {
    for event in 0..16 {
        let loud = Press {
            event,
            dbm0: 0.0,
            ..USUAL
        };
        assert_eq!(press(loud, 5), [event]);
    }
}

#[test]
fn keys_are_found_in_noise() {
    let mut random = Random::new(7);
    let (mut found, mut pressed) = (0, 0);
    for round in 0..40u32 {
        for codec in [Law::Pcmu, Law::Pcma] {
            for event in 0..16 {
                let press = Press {
                    event,
                    ms: 45.0,
                    dbm0: -12.0,
                    twist: f64::from(round % 3) * 2.0 - 2.0,
                    phase: f64::from(round),
                    ..USUAL
                };
                let mut sound = vec![0.0; 400 + round as usize];
                sound.extend(press.sound());
                sound.extend([0.0; 480]);
                // 15 dB below one tone of -12 dBm0.
                let noise = 32_767.0 / 2f64.sqrt() * 10f64.powf((-12.0 - FULL_SCALE_DBM0 - 15.0) / 20.0);
                let keys = heard(&line(&sound, codec, noise, &mut random));
                assert!(keys.is_empty() || keys == [event], "{event} was heard as {keys:?}");
                found += keys.len();
                pressed += 1;
            }
        }
    }
    assert!(found * 1_000 >= pressed * 999, "{found} of {pressed}");
}

#[test]
fn what_is_too_short_too_faint_off_pitch_or_lopsided_is_no_key() {
    for event in 0..16 {
        let usual = Press { event, ..USUAL };
        let mut wrong = vec![
            Press { ms: 23.0, ..usual },
            Press { ms: 20.0, ..usual },
            Press { dbm0: -45.0, ..usual },
            Press { twist: 9.0, ..usual },
            Press { twist: -13.0, ..usual },
        ];
        for off in [3.5, -3.5, 5.0, -5.0] {
            wrong.push(Press {
                off: [off, 0.0],
                ..usual
            });
            wrong.push(Press {
                off: [0.0, off],
                ..usual
            });
            wrong.push(Press {
                off: [off, off],
                ..usual
            });
        }
        for wrong in wrong {
            for before in [0, 11, 25, 39] {
                assert_eq!(press(wrong, before), [], "{wrong:?}, {before} samples in");
            }
        }
    }
}

#[test]
fn a_pause_makes_two_keys_and_a_short_break_does_not() {
    for event in 0..16 {
        for before in [0, 9, 21, 33] {
            let twice = |pause: f64| {
                let press = Press { event, ..USUAL };
                let mut sound = vec![0.0; 200 + before];
                for _ in 0..2 {
                    sound.extend(press.sound());
                    sound.extend(vec![0.0; (pause * 8.0) as usize]);
                }
                sound.extend([0.0; 400]);
                heard(&line(&sound, Law::Pcma, 0.0, &mut Random::new(1)))
            };
            assert_eq!(twice(40.0), [event, event], "{event} {before}");
            assert_eq!(twice(10.0), [event], "{event} {before}");
        }
    }
}

#[test]
fn a_key_held_long_is_one_key_and_different_keys_follow_each_other() {
    let held = Press {
        event: 5,
        ms: 5_000.0,
        ..USUAL
    };
    assert_eq!(press(held, 3), [5]);
    let mut sound = vec![0.0; 100];
    let keys = [3, 3, 1, 12, 0, 15, 10, 11, 9, 9, 9];
    for event in keys {
        sound.extend(
            Press {
                event,
                ms: 40.0,
                ..USUAL
            }
            .sound(),
        );
        sound.extend([0.0; 320]);
    }
    sound.extend([0.0; 320]);
    assert_eq!(heard(&line(&sound, Law::Pcmu, 0.0, &mut Random::new(1))), keys);
}

#[test]
fn tones_of_the_network_and_music_are_no_keys() {
    let tone = |hertz: &[f64], seconds: usize| -> Vec<f64> {
        let sample = |n: usize| {
            hertz
                .iter()
                .map(|hertz| (TAU * hertz * n as f64 / 8_000.0).sin())
                .sum::<f64>()
        };
        (0..seconds * 8_000).map(|n| 5_000.0 * sample(n)).collect()
    };
    let mut sound = Vec::new();
    // Dial tone, ringing, busy, the European one, fax, single tones of the keys, the bell's beeps.
    for hertz in [
        &[350.0, 440.0][..],
        &[440.0, 480.0],
        &[480.0, 620.0],
        &[425.0],
        &[2_100.0],
        &[697.0],
        &[1_633.0],
        &[950.0, 1_400.0, 1_800.0],
    ] {
        sound.extend(tone(hertz, 2));
    }
    // A sweep through everything in two voices, further apart than any key's.
    for n in 0..160_000u32 {
        let n = f64::from(n) / 160_000.0;
        let phase = TAU * 20.0 * (300.0 * n + 1_600.0 * n * n);
        sound.push(6_000.0 * phase.sin() + 6_000.0 * (phase * 2.6).sin());
    }
    // Music: for each note of a scale a triad with five harmonics each, decaying, four notes a second.
    let mut random = Random::new(3);
    for _ in 0..2_400 {
        let root = 110.0 * 2f64.powf((random.next() % 36) as f64 / 12.0);
        let third = if random.next().is_multiple_of(2) { 3.0 } else { 4.0 };
        let chord = [0.0, third, 7.0].map(|step: f64| root * 2f64.powf(step / 12.0));
        for n in 0..2_000 {
            let decay = 10f64.powf(-f64::from(n) / 2_000.0);
            let harmonic = |hertz: f64| -> f64 {
                (1..=5)
                    .map(|k| (TAU * hertz * f64::from(k * n) / 8_000.0).sin() / f64::from(k))
                    .sum()
            };
            sound.push(3_000.0 * decay * chord.iter().map(|&hertz| harmonic(hertz)).sum::<f64>());
        }
    }
    assert_eq!(heard(&line(&sound, Law::Pcmu, 0.0, &mut Random::new(1))), []);
}

#[test]
fn noise_is_no_key() {
    let mut random = Random::new(11);
    // White, and band-limited so that it is all where the keys are.
    let white: Vec<f64> = vec![0.0; 8_000 * 120];
    assert_eq!(heard(&line(&white, Law::Pcmu, 4_000.0, &mut random)), []);
    let (mut y1, mut y2) = (0.0, 0.0);
    let coloured: Vec<f64> = (0..8_000 * 120)
        .map(|_| {
            let y = (random.fraction() - 0.5) * 6_000.0 + 1.2 * y1 - 0.8 * y2;
            (y2, y1) = (y1, y);
            y
        })
        .collect();
    assert_eq!(heard(&line(&coloured, Law::Pcmu, 0.0, &mut random)), []);
}

#[test]
fn after_a_restart_the_key_that_sounds_is_a_new_one() {
    let mut detector = ToneDetector::default();
    let sound: Vec<i16> = Press {
        event: 7,
        ms: 100.0,
        ..USUAL
    }
    .sound()
    .iter()
    .map(|&s| s as i16)
    .collect();
    assert_eq!(detector.hear(&sound), Some(7));
    assert_eq!(detector.hear(&sound), None);
    detector.restart();
    assert_eq!(detector.hear(&sound), Some(7));
}

fn play(generator: &mut ToneGenerator) -> Vec<i16> {
    let mut sound = Vec::new();
    let mut frame = [1; FRAME_SAMPLES];
    while generator.fill(&mut frame).is_some() {
        sound.extend(frame);
    }
    sound
}

#[test]
fn generated_keys_are_heard_at_the_stated_levels() {
    let events: Vec<u8> = (0..16).chain([5, 5, 0]).collect();
    let press = |&event: &u8| KeyPress {
        event,
        duration_ms: 100,
        pause_ms: 60,
    };
    let mut generator = ToneGenerator::default();
    generator.push(events.iter().map(press).collect());
    let sound = play(&mut generator);
    assert_eq!(sound.len(), events.len() * 160 * 8);
    assert_eq!(heard(&sound), events);
    // Key 0 first: 941 and 1,336 Hz; 0 dBm0 is 3.14 dB below a full sine.
    let level = |hertz| crate::measure::frequency_dbfs(&sound[40..760], 8_000, hertz) + FULL_SCALE_DBM0;
    assert!((level(941.0) - -8.0).abs() < 0.3, "{}", level(941.0));
    assert!((level(1_336.0) - -6.0).abs() < 0.3, "{}", level(1_336.0));
    let loudest = sound.iter().map(|sample| sample.unsigned_abs()).max();
    assert!(loudest < Some(20_600), "far from full scale: {loudest:?}");
}

#[test]
fn the_generator_keeps_its_limits() {
    let key = KeyPress {
        event: 1,
        duration_ms: 0,
        pause_ms: 0,
    };
    let mut generator = ToneGenerator::default();
    assert_eq!(generator.fill(&mut [0; FRAME_SAMPLES]), None);
    generator.push(vec![KeyPress { event: 16, ..key }]);
    assert!(!generator.busy(), "16 is no key");
    generator.push(vec![key; MAX_KEYS + 10]);
    assert!(!generator.has_room(1) && generator.busy());
    let mut began = 0;
    let mut frame = [0; FRAME_SAMPLES];
    while let Some(more) = generator.fill(&mut frame) {
        began += more;
    }
    assert_eq!(began, MAX_KEYS as u64);
    generator.push(vec![key]);
    generator.clear();
    assert!(!generator.busy());
}

const MAX_KEYS: usize = crate::MAX_KEY_PRESSES;
