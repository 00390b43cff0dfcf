//! Made-up voices with the rhythm of speech, over lines of all kinds, and what is no voice: noise, clicks, tones.

use super::*;
use crate::random::Random;
use crate::{Law, g711};
use std::f64::consts::TAU;

const MESSAGE_END: DetectOptions = DetectOptions {
    mode: DetectMode::DetectMessageEnd,
    timeout: Duration::from_secs(30),
    speech_threshold: Duration::from_millis(2_400),
    speech_end_threshold: Duration::from_millis(1_200),
    silence_timeout: Duration::from_secs(5),
};

/// Sound under construction, 8 samples a millisecond.
struct Sound {
    samples: Vec<f64>,
    random: Random,
}

impl Sound {
    fn new(seed: u64) -> Sound {
        Sound {
            samples: Vec::new(),
            random: Random::new(seed),
        }
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + self.random.fraction() * (high - low)
    }

    fn silence(mut self, ms: usize) -> Sound {
        self.samples.resize(self.samples.len() + ms * 8, 0.0);
        self
    }

    /// Syllables of a voice: harmonics under two formants that move, a hiss before some, pauses between phrases.
    fn speech(mut self, ms: usize, dbfs: f64) -> Sound {
        let end = self.samples.len() + ms * 8;
        let pitch = self.between(95.0, 230.0);
        let loud = 32_767.0 * 10f64.powf(dbfs / 20.0);
        let mut syllables = 0;
        while self.samples.len() < end {
            if self.random.next().is_multiple_of(3) {
                let level = loud * self.between(0.1, 0.35);
                for n in 0..self.between(250.0, 600.0) as usize {
                    let hiss = self.between(-1.0, 1.0) * level * (n as f64 / 250.0).min(1.0);
                    self.samples.push(hiss);
                }
            }
            self.syllable(pitch, loud);
            syllables += 1;
            let gap = if syllables % 7 == 6 {
                self.between(1_600.0, 3_600.0)
            } else {
                self.between(80.0, 500.0)
            };
            self.samples.resize(self.samples.len() + gap as usize, 0.0);
        }
        self.samples.truncate(end);
        self
    }

    fn syllable(&mut self, pitch: f64, loud: f64) {
        let (length, level) = (self.between(900.0, 2_200.0), loud * self.between(0.5, 1.2));
        let (from, to) = (pitch * self.between(0.85, 1.2), pitch * self.between(0.8, 1.15));
        let (first, second) = (self.between(300.0, 850.0), self.between(900.0, 2_300.0));
        let mut phase = 0.0;
        for n in 0..length as usize {
            let part = n as f64 / length;
            let f0 = from + (to - from) * part;
            phase += TAU * f0 / 8_000.0;
            let envelope = (part * std::f64::consts::PI).sin().powf(0.6);
            let mut sum = 0.0;
            for harmonic in 1..=(3_400.0 / f0) as u32 {
                let hz = f64::from(harmonic) * f0;
                let near = |formant: f64| 1.0 / (1.0 + ((hz - formant) / 120.0).powi(2));
                sum += (near(first) + 0.5 * near(second) + 0.02) * (phase * f64::from(harmonic)).sin();
            }
            self.samples.push(sum * envelope * level * 0.8);
        }
    }

    fn tone(mut self, hz: &[f64], ms: usize, dbfs: f64) -> Sound {
        let level = 32_767.0 * 10f64.powf(dbfs / 20.0);
        for n in 0..ms * 8 {
            let sum: f64 = hz.iter().map(|hz| (TAU * hz * n as f64 / 8_000.0).sin()).sum();
            self.samples.push(sum * level);
        }
        self
    }

    /// White noise under all of it.
    fn noise(mut self, dbfs: f64) -> Sound {
        // Evenly spread from -1 to 1 has a third of the power of a constant 1, a sine half of it.
        let level = 32_767.0 * 10f64.powf(dbfs / 20.0) * 1.5f64.sqrt();
        for n in 0..self.samples.len() {
            let noise = self.between(-1.0, 1.0) * level;
            self.samples[n] += noise;
        }
        self
    }

    fn clicks(mut self, every_ms: usize) -> Sound {
        for n in (0..self.samples.len()).step_by(every_ms * 8) {
            for sample in self.samples.iter_mut().skip(n).take(12) {
                *sample += 20_000.0;
            }
        }
        self
    }

    fn louder(mut self, factor: f64) -> Sound {
        self.samples.iter_mut().for_each(|sample| *sample *= factor);
        self
    }

    /// The verdict and when it came, in milliseconds. The sound goes over a line of this codec and starts at a moment
    /// that has nothing to do with frames.
    fn detect_over(&self, codec: Law, options: DetectOptions) -> (Verdict, usize) {
        let mut detector = Detector::new(options);
        let samples: Vec<i16> = self
            .samples
            .iter()
            .map(|&s| s.clamp(-32_768.0, 32_767.0) as i16)
            .collect();
        let coded = samples
            .iter()
            .map(|&s| g711::samples_of(codec)[usize::from(g711::encode(codec, s))]);
        let line: Vec<i16> = std::iter::repeat_n(0, 37).chain(coded).collect();
        for (n, frame) in line.chunks(FRAME_SAMPLES).enumerate() {
            let mut whole = [0; FRAME_SAMPLES];
            whole[..frame.len()].copy_from_slice(frame);
            if let Some(verdict) = detector.frame(&whole) {
                assert!(!detector.running());
                assert_eq!(detector.frame(&whole), None, "once");
                return (verdict, (n + 1) * 20);
            }
        }
        panic!("no verdict after {} ms", line.len() / 8);
    }

    fn detect(&self, options: DetectOptions) -> (Verdict, usize) {
        self.detect_over(Law::Pcmu, options)
    }
}

/// Levels of noise on a line, none included.
const LINES: [Option<f64>; 4] = [None, Some(-65.0), Some(-50.0), Some(-40.0)];

fn on_line(sound: Sound, noise: Option<f64>) -> Sound {
    match noise {
        Some(dbfs) => sound.noise(dbfs),
        None => sound,
    }
}

#[test]
fn a_short_greeting_is_a_human() {
    for (seed, (noise, codec)) in (0..64).zip(
        LINES
            .into_iter()
            .flat_map(|noise| [(noise, Law::Pcmu), (noise, Law::Pcma)])
            .cycle(),
    ) {
        let said = 300 + seed as usize * 20;
        let sound = Sound::new(seed).silence(400).speech(said, -20.0).silence(8_000);
        for options in [DetectOptions::default(), MESSAGE_END] {
            let (verdict, at) = on_line(
                Sound {
                    samples: sound.samples.clone(),
                    random: Random::new(seed),
                },
                noise,
            )
            .detect_over(codec, options);
            assert_eq!(verdict, Verdict::Human, "seed {seed}, {noise:?}, {said} ms");
            let soonest = 400 + 1_200;
            assert!((soonest..=400 + said + 1_500).contains(&at), "seed {seed}: {at} ms");
        }
    }
}

#[test]
fn a_long_greeting_is_a_machine_as_soon_as_it_is_long() {
    for (seed, noise) in (0..40).zip(LINES.into_iter().cycle()) {
        let sound = on_line(Sound::new(seed).silence(300).speech(9_000, -20.0).silence(3_000), noise);
        let (verdict, at) = sound.detect(DetectOptions::default());
        assert_eq!(verdict, Verdict::Machine, "seed {seed}, {noise:?}");
        assert!((2_600..=3_800).contains(&at), "seed {seed}: {at} ms");
    }
}

#[test]
fn the_beep_ends_the_greeting() {
    for (seed, noise) in (0..40).zip(LINES.into_iter().cycle()) {
        let hz = 320.0 + 54.0 * seed as f64;
        let beep = 220 + seed as usize * 11;
        let sound = Sound::new(seed).silence(300).speech(6_000, -20.0).silence(600);
        let over = sound.samples.len() / 8 + beep;
        let sound = on_line(sound.tone(&[hz], beep, -16.0).silence(5_000), noise);
        let (verdict, at) = sound.detect(MESSAGE_END);
        assert_eq!(
            verdict,
            Verdict::MachineEnd(GreetingEnd::Beep),
            "seed {seed}, {noise:?}, {hz} Hz, {beep} ms"
        );
        assert!(
            (over..=over + 60).contains(&at),
            "seed {seed}: {at} ms, the beep ended at {over}"
        );
    }
}

#[test]
fn silence_or_the_time_end_it_too() {
    for (seed, noise) in (0..40).zip(LINES.into_iter().cycle()) {
        let sound = on_line(Sound::new(seed).speech(7_000, -20.0).silence(4_000), noise);
        let (verdict, at) = sound.detect(MESSAGE_END);
        assert_eq!(
            verdict,
            Verdict::MachineEnd(GreetingEnd::Silence),
            "seed {seed}, {noise:?}"
        );
        assert!((7_600..=8_300).contains(&at), "seed {seed}: {at} ms");
    }
    let endless = Sound::new(5).speech(40_000, -20.0).noise(-50.0);
    let (verdict, at) = endless.detect(MESSAGE_END);
    assert_eq!((verdict, at), (Verdict::MachineEnd(GreetingEnd::Other), 30_000));
}

#[test]
fn what_is_no_voice_is_silence() {
    let none = || Sound::new(9).silence(9_000);
    let sounds = [
        ("nothing", none()),
        ("noise of -60 dBFS", none().noise(-60.0)),
        ("noise of -45 dBFS", none().noise(-45.0)),
        ("noise of -35 dBFS", none().noise(-35.0)),
        ("noise of -25 dBFS", none().noise(-25.0)),
        ("noise of -10 dBFS", none().noise(-10.0)),
        (
            "noise that begins later",
            Sound::new(9).silence(2_000).tone(&[], 7_000, 0.0).noise(-70.0),
        ),
        ("clicks", none().clicks(900)),
        ("clicks in noise", none().noise(-50.0).clicks(400)),
        ("a constant", Sound::new(1).tone(&[0.000_01], 9_000, 0.0)),
        ("hum", Sound::new(1).tone(&[50.0], 9_000, -25.0)),
        (
            "ringing",
            Sound::new(1).tone(&[440.0, 480.0], 2_000, -22.0).silence(7_000),
        ),
        ("a dial tone", Sound::new(1).tone(&[350.0, 440.0], 9_000, -19.0)),
        (
            "keys",
            Sound::new(1).tone(&[697.0, 1_209.0], 2_000, -12.0).silence(7_000),
        ),
    ];
    for (what, sound) in sounds {
        for options in [DetectOptions::default(), MESSAGE_END] {
            let (verdict, at) = sound.detect(options);
            assert_eq!((verdict, at), (Verdict::Unknown(Unknown::Silence), 5_000), "{what}");
        }
    }
    // Noise that is switched on after digital silence, and off again.
    let mut gated = Sound::new(3);
    for _ in 0..9 {
        let mut noise = Sound::new(gated.samples.len() as u64).silence(551).noise(-35.0);
        gated.samples.append(&mut noise.samples);
        gated = gated.silence(449);
    }
    assert_eq!(gated.detect(MESSAGE_END).0, Verdict::Unknown(Unknown::Silence));
}

#[test]
fn a_beep_alone_is_a_machine_and_a_fax_is_a_fax() {
    for (ms, hz) in [(200, 1_000.0), (500, 440.0), (1_500, 2_400.0), (900, 2_100.0)] {
        let sound = Sound::new(1).silence(1_003).tone(&[hz], ms, -15.0).silence(8_000);
        assert_eq!(sound.detect(DetectOptions::default()).0, Verdict::Machine, "{hz} Hz");
        assert_eq!(
            sound.detect(MESSAGE_END).0,
            Verdict::MachineEnd(GreetingEnd::Beep),
            "{hz} Hz"
        );
    }
    let fax = Sound::new(1).silence(700).tone(&[2_100.0], 3_000, -15.0).silence(8_000);
    for options in [DetectOptions::default(), MESSAGE_END] {
        let (verdict, at) = fax.detect(options);
        assert_eq!(verdict, Verdict::Fax);
        assert!((1_700..=1_800).contains(&at), "{at} ms");
    }
    for (ms, hz) in [(140, 1_000.0), (500, 250.0), (500, 2_700.0)] {
        let sound = Sound::new(1).silence(1_003).tone(&[hz], ms, -15.0).silence(8_000);
        assert!(
            !matches!(sound.detect(MESSAGE_END).0, Verdict::MachineEnd(_)),
            "{ms} ms of {hz} Hz are no beep"
        );
    }
}

#[test]
fn speech_has_no_beeps_in_it() {
    for seed in 0..10 {
        let sound = Sound::new(seed).speech(40_000, -18.0);
        let patient = DetectOptions {
            timeout: Duration::from_secs(30),
            speech_end_threshold: Duration::from_secs(5),
            ..MESSAGE_END
        };
        let (verdict, _) = sound.detect(patient);
        assert_eq!(verdict, Verdict::MachineEnd(GreetingEnd::Other), "seed {seed}");
    }
}

#[test]
fn clipped_and_quiet_voices_are_voices() {
    for (what, factor) in [("clipped", 12.0), ("quiet", 0.08)] {
        for seed in 0..10 {
            let human = Sound::new(seed)
                .silence(300)
                .speech(700, -18.0)
                .silence(6_000)
                .louder(factor);
            assert_eq!(
                human.detect(DetectOptions::default()).0,
                Verdict::Human,
                "{what}, seed {seed}"
            );
            let machine = Sound::new(seed).silence(300).speech(6_000, -18.0).louder(factor);
            assert_eq!(
                machine.detect(DetectOptions::default()).0,
                Verdict::Machine,
                "{what}, seed {seed}"
            );
        }
    }
}

#[test]
fn options_are_obeyed_and_checked() {
    let sound = Sound::new(4).silence(300).speech(2_000, -20.0).silence(9_000);
    let strict = DetectOptions {
        speech_threshold: Duration::from_millis(1_000),
        ..DetectOptions::default()
    };
    assert_eq!(sound.detect(strict).0, Verdict::Machine);
    let patient = DetectOptions {
        speech_end_threshold: Duration::from_millis(3_000),
        ..DetectOptions::default()
    };
    assert!(sound.detect(patient).1 > 300 + 1_500 + 3_000);
    let short = DetectOptions {
        timeout: Duration::from_secs(3),
        speech_end_threshold: Duration::from_secs(4),
        ..DetectOptions::default()
    };
    assert_eq!(sound.detect(short), (Verdict::Unknown(Unknown::Timeout), 3_000));
    let waits = DetectOptions {
        silence_timeout: Duration::from_secs(2),
        ..DetectOptions::default()
    };
    assert_eq!(
        Sound::new(1).silence(3_000).detect(waits),
        (Verdict::Unknown(Unknown::Silence), 2_000)
    );
    assert!(DetectOptions::default().in_range() && MESSAGE_END.in_range());
    let ms = Duration::from_millis;
    let default = DetectOptions::default();
    for (least, most, set) in [
        (
            3_000,
            60_000,
            (|o, t| DetectOptions { timeout: t, ..o }) as fn(DetectOptions, Duration) -> DetectOptions,
        ),
        (1_000, 6_000, |o, t| DetectOptions {
            speech_threshold: t,
            ..o
        }),
        (500, 5_000, |o, t| DetectOptions {
            speech_end_threshold: t,
            ..o
        }),
        (2_000, 10_000, |o, t| DetectOptions {
            silence_timeout: t,
            ..o
        }),
    ] {
        assert!(set(default, ms(least)).in_range() && set(default, ms(most)).in_range());
        assert!(!set(default, ms(least - 1)).in_range() && !set(default, ms(most + 1)).in_range());
    }
}

#[test]
fn no_sound_makes_it_panic_and_every_one_has_a_verdict() {
    for seed in 0..200u64 {
        let mut random = Random::new(seed);
        let mut detector = Detector::new(if seed.is_multiple_of(2) {
            MESSAGE_END
        } else {
            DetectOptions::default()
        });
        let verdicts = (0..1_600).filter_map(|_| {
            let kind = random.next() % 5;
            let value = random.next() as i16;
            let frame = std::array::from_fn(|n| match kind {
                0 => 0,
                1 => value,
                2 => i16::MAX,
                3 if n % 2 == 0 => i16::MIN,
                3 => i16::MAX,
                _ => random.next() as i16,
            });
            detector.frame(&frame)
        });
        assert_eq!(verdicts.count(), 1, "seed {seed}");
    }
}
