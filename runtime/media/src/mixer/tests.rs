//! Rooms: who hears whom and how loud, without clicks, and who is said to speak.

mod random;
mod speaking;

use super::*;
use crate::measure::frequency_dbfs;

const LIMITER_DELAY: usize = 20;

/// A leg with a tone, and everything it heard.
struct Talker {
    key: LegKey,
    rate: Rate,
    hertz: f64,
    amplitude: f64,
    phase: usize,
    heard: Vec<i16>,
}

impl Talker {
    fn join(mixer: &mut Mixer, rate: Rate, hertz: f64, amplitude: f64) -> Self {
        Self {
            key: mixer.add(rate, Part::Talks).expect("there is room"),
            rate,
            hertz,
            amplitude,
            phase: 0,
            heard: Vec::new(),
        }
    }

    fn frame(&mut self) -> Vec<i16> {
        let turn = std::f64::consts::TAU * self.hertz / f64::from(self.rate.hertz());
        let from = self.phase;
        self.phase += self.rate.frame();
        (from..self.phase)
            .map(|n| (self.amplitude * (turn * n as f64).sin()).round() as i16)
            .collect()
    }

    fn talk(&mut self, mixer: &mut Mixer) {
        let frame = self.frame();
        mixer.push(self.key, &frame).expect("it is in the room");
    }

    fn listen(&mut self, mixer: &Mixer) {
        self.heard
            .extend(mixer.heard(self.key).expect("it is in the room").samples());
    }

    /// How loud it heard a frequency in its last so many ticks, in dB of that amplitude.
    fn heard_db(&self, hertz: f64, amplitude: f64, ticks: usize) -> f64 {
        let from = self.heard.len() - ticks * self.rate.frame();
        let level = frequency_dbfs(&self.heard[from..], self.rate.hertz(), hertz);
        level - 20.0 * (amplitude / 32_767.0).log10()
    }

    /// The largest second difference of what it heard.
    fn bend(&self) -> i32 {
        bend(&self.heard)
    }
}

fn bend(sound: &[i16]) -> i32 {
    let bends = sound.windows(3);
    bends
        .map(|three| (i32::from(three[0]) - 2 * i32::from(three[1]) + i32::from(three[2])).abs())
        .max()
        .unwrap_or(0)
}

fn run(mixer: &mut Mixer, talkers: &mut [Talker], ticks: u64) {
    for tick in 0..ticks {
        talkers.iter_mut().for_each(|talker| talker.talk(mixer));
        mixer.mix(tick);
        talkers.iter_mut().for_each(|talker| talker.listen(mixer));
        while mixer.poll_event().is_some() {}
    }
}

fn room() -> Mixer {
    Mixer::new(MixerConfig::default()).expect("a room of the usual size")
}

fn noise(seed: u64, count: usize) -> Vec<i16> {
    let mut random = crate::random::Random::new(seed);
    (0..count).map(|_| (random.next() >> 50) as i16 - 8_192).collect()
}

#[test]
fn legs_of_one_rate_hear_the_exact_sum_of_the_others() {
    let mut mixer = room();
    let keys: Vec<_> = (0..3)
        .map(|_| mixer.add(Rate::Hz8000, Part::Talks).expect("room"))
        .collect();
    let sounds: Vec<_> = (0..3).map(|seed| noise(seed, 160 * 20)).collect();
    let mut heard = vec![Vec::<i16>::new(); 3];
    for tick in 0..20 {
        for (key, sound) in keys.iter().zip(&sounds) {
            mixer.push(*key, &sound[tick * 160..][..160]).expect("a frame");
        }
        mixer.mix(tick as u64);
        for (key, heard) in keys.iter().zip(&mut heard) {
            heard.extend(mixer.heard(*key).expect("a leg").samples());
        }
    }
    for (me, heard) in heard.iter().enumerate() {
        for n in 160..160 * 20 - LIMITER_DELAY {
            let others: i32 = (0..3)
                .filter(|&other| other != me)
                .map(|other| i32::from(sounds[other][n]))
                .sum();
            assert_eq!(i32::from(heard[n + LIMITER_DELAY]), others, "leg {me}, sample {n}");
        }
    }
}

#[test]
fn thirty_legs_with_a_tone_each_are_heard_by_all_but_themselves() {
    let mut mixer = room();
    let mut talkers: Vec<_> = (0..30)
        .map(|n| Talker::join(&mut mixer, Rate::ALL[n % 4], 300.0 + 100.0 * n as f64, 1_000.0))
        .collect();
    run(&mut mixer, &mut talkers, 15);
    for me in &talkers {
        for other in &talkers {
            let level = me.heard_db(other.hertz, other.amplitude, 10);
            if other.key == me.key {
                assert!(level < -60.0, "{} Hz hears itself at {level} dB", me.hertz);
            } else {
                assert!(
                    level.abs() < 0.5,
                    "{} Hz hears {} Hz at {level} dB",
                    me.hertz,
                    other.hertz
                );
            }
        }
    }
}

#[test]
fn thirty_talkers_of_full_scale_are_turned_down_not_cut() {
    let mut mixer = room();
    let mut talkers: Vec<_> = (0..30)
        .map(|n| Talker::join(&mut mixer, Rate::Hz8000, 300.0 + 100.0 * n as f64, 32_767.0))
        .collect();
    run(&mut mixer, &mut talkers, 60);
    let listener = &talkers[0];
    let levels: Vec<_> = talkers[1..]
        .iter()
        .map(|other| listener.heard_db(other.hertz, 32_767.0, 10))
        .collect();
    let quietest = levels.iter().copied().fold(f64::INFINITY, f64::min);
    let loudest = levels.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    assert!(
        loudest - quietest < 0.5,
        "all are turned down alike: {quietest} to {loudest}"
    );
    // Cutting would put power where no talker is; it lies between them.
    for between in 0..28 {
        let hertz = 450.0 + 100.0 * f64::from(between);
        let level = listener.heard_db(hertz, 32_767.0, 10);
        assert!(level < loudest - 40.0, "{hertz} Hz: {level} dB beside {loudest}");
    }
}

#[test]
fn gain_works_both_ways() {
    let mut mixer = room();
    let mut talkers = [400.0, 700.0, 1_000.0].map(|hertz| Talker::join(&mut mixer, Rate::Hz16000, hertz, 2_000.0));
    mixer.set_gain(talkers[0].key, Way::ToRoom, -12.0).expect("in range");
    mixer.set_gain(talkers[1].key, Way::FromRoom, 6.0).expect("in range");
    run(&mut mixer, &mut talkers, 20);
    let heard = |me: usize, other: usize| talkers[me].heard_db(talkers[other].hertz, 2_000.0, 10);
    assert!((heard(1, 0) - -6.0).abs() < 0.1, "{}", heard(1, 0));
    assert!((heard(2, 0) - -12.0).abs() < 0.1);
    assert!((heard(1, 2) - 6.0).abs() < 0.1);
    assert!(heard(1, 1) < -60.0, "a louder room brings no echo");
    for wrong in [-61.0, 20.5, f32::NAN] {
        assert_eq!(
            mixer.set_gain(talkers[0].key, Way::ToRoom, wrong),
            Err(MixerRefusal::Gain)
        );
    }
}

#[test]
fn nothing_that_begins_or_ends_clicks() {
    let (hertz, amplitude) = (200.0, 8_000.0);
    let smooth = amplitude * (std::f64::consts::TAU * hertz / 8_000.0_f64).powi(2);
    // A ramp of 160 samples bends a little at its ends; a click would bend by thousands.
    let bound = (smooth * 1.8 + 3.5 * amplitude / 160.0 + 4.0) as i32;
    assert!(bound < 700, "{bound}");
    for offset in 0..8 {
        let mut mixer = room();
        let mut talker = Talker::join(&mut mixer, Rate::Hz8000, hertz, amplitude);
        talker.phase = offset * 5;
        let mut listener = Talker::join(&mut mixer, Rate::Hz8000, 0.0, 0.0);
        for tick in 0..60u64 {
            match tick {
                5 => mixer.set_mute(talker.key, Mute::Muted).expect("there"),
                10 => mixer.set_mute(talker.key, Mute::Heard).expect("there"),
                22 => mixer.set_gain(talker.key, Way::ToRoom, -5.0).expect("there"),
                26 => mixer.set_gain(listener.key, Way::FromRoom, 5.0).expect("there"),
                28 => mixer.set_gain(listener.key, Way::FromRoom, 0.0).expect("there"),
                30 => mixer.whisper(talker.key, &[listener.key]).expect("there"),
                35 => mixer.whisper(talker.key, &[]).expect("there"),
                40 => mixer.remove(talker.key).expect("there"),
                45 => talker.key = mixer.add(Rate::Hz8000, Part::Talks).expect("a place"),
                _ => {}
            }
            let frame = talker.frame();
            if !(15..20).contains(&tick) && !(40..45).contains(&tick) {
                mixer.push(talker.key, &frame).expect("there");
            }
            mixer.mix(tick);
            listener.listen(&mixer);
        }
        let at = listener.heard.windows(3).position(|w| bend(w) > bound);
        assert!(
            listener.bend() <= bound,
            "{} of {bound} allowed at sample {at:?}",
            listener.bend()
        );
        assert!(
            listener.heard_db(hertz, amplitude, 5).abs() < 5.1,
            "it was heard at the end"
        );
    }
}

#[test]
fn who_joins_hears_the_room_come_up_without_a_click() {
    let mut mixer = room();
    let mut talkers = vec![Talker::join(&mut mixer, Rate::Hz8000, 200.0, 8_000.0)];
    run(&mut mixer, &mut talkers, 7);
    talkers.push(Talker::join(&mut mixer, Rate::Hz8000, 0.0, 0.0));
    run(&mut mixer, &mut talkers, 10);
    assert!(
        talkers[1].heard[0] == 0 && talkers[1].bend() < 400,
        "{}",
        talkers[1].bend()
    );
    assert!(talkers[1].heard_db(200.0, 8_000.0, 5).abs() < 0.1);
    assert!(
        matches!(mixer.heard(talkers[1].key), Some(Heard::Shared(_))),
        "it says nothing"
    );
    assert!(matches!(mixer.heard(talkers[0].key), Some(Heard::Own(_))), "it does");
}

#[test]
fn listeners_and_the_muted_are_not_heard() {
    let mut mixer = room();
    let mut talkers = [500.0, 900.0].map(|hertz| Talker::join(&mut mixer, Rate::Hz8000, hertz, 3_000.0));
    let listening = mixer.add(Rate::Hz8000, Part::ListensOnly).expect("room");
    mixer.set_mute(talkers[1].key, Mute::Muted).expect("there");
    for tick in 0..20 {
        talkers.iter_mut().for_each(|talker| talker.talk(&mut mixer));
        mixer.push(listening, &noise(tick, 160)).expect("there");
        mixer.mix(tick);
        talkers.iter_mut().for_each(|talker| talker.listen(&mixer));
    }
    assert!(
        talkers[0].heard.iter().all(|&sample| sample == 0),
        "nobody else is heard"
    );
    assert!(talkers[1].heard_db(500.0, 3_000.0, 10).abs() < 0.1, "the muted hear");
}

#[test]
fn a_whisper_is_heard_by_its_listeners_only() {
    let mut mixer = room();
    let rates = [Rate::Hz8000, Rate::Hz8000, Rate::Hz16000, Rate::Hz48000];
    let mut talkers: Vec<_> = (0..4)
        .map(|n| Talker::join(&mut mixer, rates[n], 400.0 + 300.0 * n as f64, 3_000.0))
        .collect();
    let coach = talkers[0].key;
    mixer
        .whisper(coach, &[talkers[1].key, talkers[2].key, coach])
        .expect("few");
    run(&mut mixer, &mut talkers, 20);
    let heard = |talkers: &[Talker], me: usize| talkers[me].heard_db(400.0, 3_000.0, 10);
    assert!(heard(&talkers, 1).abs() < 0.5 && heard(&talkers, 2).abs() < 0.5);
    assert!(heard(&talkers, 0) < -60.0 && heard(&talkers, 3) < -60.0);
    assert!(
        talkers[0].heard_db(700.0, 3_000.0, 10).abs() < 0.5,
        "who whispers hears the room"
    );
    mixer.remove(talkers[1].key).expect("there");
    mixer.remove(talkers[2].key).expect("there");
    let mut left = vec![talkers.remove(0), talkers.pop().expect("the fourth")];
    run(&mut mixer, &mut left, 20);
    assert!(
        heard(&left, 1).abs() < 0.5,
        "when all it whispered to are gone, the room hears it again"
    );
}

#[test]
fn whispers_have_their_limit() {
    let mut mixer = room();
    let keys: Vec<_> = (0..MAX_WHISPERS as u32 + 2)
        .map(|_| mixer.add(Rate::Hz8000, Part::Talks).expect("room"))
        .collect();
    assert_eq!(mixer.whisper(keys[0], &keys[1..]), Err(MixerRefusal::TooManyWhispers));
    mixer
        .whisper(keys[0], &keys[1..=MAX_WHISPERS])
        .expect("as many as may be");
    assert_eq!(mixer.whisper(keys[1], &keys[..1]), Err(MixerRefusal::TooManyWhispers));
    mixer.whisper(keys[0], &[]).expect("back to the room");
    mixer.mix(0);
    mixer.whisper(keys[1], &keys[..1]).expect("there is room again");
}

#[test]
fn a_room_is_a_leg_of_another_room() {
    let (mut near, mut far) = (room(), room());
    let mut here = [400.0, 700.0].map(|hertz| Talker::join(&mut near, Rate::Hz8000, hertz, 3_000.0));
    let mut there = [1_000.0, 1_300.0].map(|hertz| Talker::join(&mut far, Rate::Hz16000, hertz, 3_000.0));
    let near_leg = near.add(Rate::Hz16000, Part::Talks).expect("room");
    let far_leg = far.add(Rate::Hz16000, Part::Talks).expect("room");
    for tick in 0..25 {
        here.iter_mut().for_each(|talker| talker.talk(&mut near));
        there.iter_mut().for_each(|talker| talker.talk(&mut far));
        near.mix(tick);
        carry(&near, near_leg, &mut far, far_leg).expect("both at 16 kHz");
        far.mix(tick);
        carry(&far, far_leg, &mut near, near_leg).expect("both at 16 kHz");
        here.iter_mut().for_each(|talker| talker.listen(&near));
        there.iter_mut().for_each(|talker| talker.listen(&far));
    }
    let tones = [400.0, 700.0, 1_000.0, 1_300.0];
    for (me, talker) in here.iter().chain(&there).enumerate() {
        for (other, &hertz) in tones.iter().enumerate() {
            let level = talker.heard_db(hertz, 3_000.0, 10);
            let right = if me == other { level < -60.0 } else { level.abs() < 0.5 };
            assert!(right, "leg {me} hears {hertz} Hz at {level} dB");
        }
    }
    assert_eq!(
        carry(&near, here[0].key, &mut far, far_leg),
        Err(MixerRefusal::WrongLength)
    );
}

#[test]
fn keys_of_legs_that_left_mean_nobody() {
    let mut mixer = Mixer::new(MixerConfig {
        max_legs: 2,
        loudest: None,
    })
    .expect("a small room");
    let first = mixer.add(Rate::Hz8000, Part::Talks).expect("room");
    let second = mixer.add(Rate::Hz8000, Part::Talks).expect("room");
    assert_eq!(mixer.add(Rate::Hz8000, Part::Talks), Err(MixerRefusal::Full));
    mixer.remove(first).expect("there");
    assert_eq!(mixer.remove(first), Err(MixerRefusal::NoSuchLeg));
    assert_eq!(
        mixer.add(Rate::Hz8000, Part::Talks),
        Err(MixerRefusal::Full),
        "its sound still fades"
    );
    mixer.mix(0);
    let third = mixer.add(Rate::Hz24000, Part::Talks).expect("its place is free");
    assert_eq!(mixer.push(first, &[0; 160]), Err(MixerRefusal::NoSuchLeg));
    assert_eq!(mixer.heard(first), None);
    assert_eq!(mixer.push(third, &[0; 160]), Err(MixerRefusal::WrongLength));
    assert_eq!(mixer.whisper(second, &[first]), Err(MixerRefusal::NoSuchLeg));
    assert_eq!(mixer.legs(), 2);
    for config in [(0, None), (MAX_LEGS + 1, None), (2, Some(0))] {
        let (max_legs, loudest) = config;
        assert!(Mixer::new(MixerConfig { max_legs, loudest }).is_err());
    }
}
