//! The limiter: nothing above full scale, nothing changed below it, no corners.

use super::*;

const FRAME: usize = 160;

fn run(sound: &[i32]) -> Vec<i16> {
    let mut limiter = Limiter::new(FRAME);
    let mut heard = Vec::new();
    for frame in sound.chunks_exact(FRAME) {
        let mut out = [0; FRAME];
        limiter.run(frame, &mut out);
        heard.extend(out);
    }
    heard
}

fn sine(amplitude: f64, hertz: f64, count: usize) -> Vec<i32> {
    let turn = std::f64::consts::TAU * hertz / 8_000.0;
    (0..count)
        .map(|n| (amplitude * (turn * n as f64).sin()).round() as i32)
        .collect()
}

#[test]
fn below_full_scale_it_only_delays_by_a_block() {
    let sound = sine(32_767.0, 440.0, FRAME * 20);
    let heard = run(&sound);
    assert!(heard[..20].iter().all(|&sample| sample == 0));
    assert!(
        heard[20..]
            .iter()
            .zip(&sound)
            .all(|(&out, &sample)| i32::from(out) == sample)
    );
}

#[test]
fn a_loud_sum_fills_the_scale_and_is_not_cut() {
    let sound = sine(30.0 * 32_767.0, 400.0, FRAME * 50);
    let heard = run(&sound);
    let settled = &heard[FRAME * 10..];
    let power = |hertz| crate::measure::frequency_dbfs(settled, 8_000, hertz);
    assert!(power(400.0) > -0.1, "{} dBFS", power(400.0));
    // A cut sine has a third harmonic of 30 %, -10 dB.
    for harmonic in [800.0, 1_200.0, 1_600.0, 2_000.0] {
        assert!(power(harmonic) < -70.0, "{harmonic} Hz: {} dBFS", power(harmonic));
    }
    assert!(
        settled
            .iter()
            .all(|&sample| sample.unsigned_abs() < 32_767 || sample == 32_767 || sample == -32_767)
    );
}

#[test]
fn a_sudden_loud_sound_is_met_before_it_comes_and_gives_way_slowly() {
    // It comes within 5 ms: faster than a syllable.
    let loudness = |n: usize| match n {
        1_600..1_640 => 1.0 + 19.0 * (n - 1_600) as f64 / 40.0,
        1_640..3_200 => 20.0,
        3_200..3_240 => 20.0 - 19.0 * (n - 3_200) as f64 / 40.0,
        _ => 1.0,
    };
    let sound = sine(8_000.0, 200.0, FRAME * 120);
    let sound: Vec<i32> = sound
        .iter()
        .enumerate()
        .map(|(n, &s)| (f64::from(s) * loudness(n)) as i32)
        .collect();
    let heard = run(&sound);
    let loudest = heard.iter().map(|sample| sample.unsigned_abs()).max();
    assert!(loudest <= Some(32_767), "{loudest:?}");
    // 32,767 along 200 Hz bends by 808 at most; gain on its way adds to it, a cut or a jump would be thousands.
    for (n, three) in heard.windows(3).enumerate() {
        let bend = i32::from(three[0]) - 2 * i32::from(three[1]) + i32::from(three[2]);
        assert!(bend.abs() < 1_700, "{bend} at {n}");
    }
    let end = &heard[FRAME * 110..];
    assert!(
        (crate::measure::level_dbfs(end) - -12.25).abs() < 0.1,
        "the gain came back"
    );
}

#[test]
fn a_follower_does_the_same_from_then_on() {
    let sound = sine(90_000.0, 310.0, FRAME * 6);
    let (mut first, mut second) = (Limiter::new(FRAME), Limiter::new(FRAME));
    for (n, frame) in sound.chunks_exact(FRAME).enumerate() {
        if n == 3 {
            assert!(!second.agrees(&first));
            second.follow(&first);
            assert!(second.agrees(&first));
        }
        let (mut a, mut b) = ([0; FRAME], [0; FRAME]);
        first.run(frame, &mut a);
        if n >= 3 {
            second.run(frame, &mut b);
            assert_eq!(a, b);
        }
    }
}
