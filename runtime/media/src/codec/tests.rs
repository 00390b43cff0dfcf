//! Every codec there and back against the sound that went in, at both rates it may be wanted at.

use super::*;
use crate::measure::{self, frequency_dbfs, level_dbfs};
use std::f64::consts::TAU;

const ALL: [Codec; 6] = [
    Codec::Pcmu,
    Codec::Pcma,
    Codec::G722,
    Codec::Opus,
    Codec::L16Narrow,
    Codec::L16Wide,
];

/// Tones as loud as speech, one of them slowly rising.
fn sound(rate: Rate, seconds: usize) -> Vec<i16> {
    let hertz = f64::from(rate.hertz());
    (0..seconds * rate.hertz() as usize)
        .map(|n| {
            let t = n as f64 / hertz;
            let swept = (TAU * (300.0 + 400.0 * t) * t).sin();
            (4_000.0 * swept + 2_500.0 * (TAU * 1_240.0 * t).sin()) as i16
        })
        .collect()
}

/// Through a codec in packets of so many frames of 10 ms.
fn through(codec: Codec, sound: &[i16], wanted: Rate, tens: usize) -> Vec<i16> {
    let mut encoder = Encoder::new(codec, OpusOptions::default());
    let mut decoder = Decoder::new(codec, wanted);
    let mut heard = Vec::new();
    let each = codec.rate().frame() / 2 * tens;
    for samples in sound.chunks_exact(each) {
        assert!(codec.packs(each, MAX));
        let mut payload = [0; MAX];
        let length = encoder.encode(samples, &mut payload);
        let payload = &payload[..length];
        let ticks = codec.ticks(payload).expect("a payload of some time");
        assert_eq!(ticks * 1_000 / codec.clock(), tens as u32 * 10, "{codec:?}");
        let mut decoded = Sound::new();
        assert!(decoder.decode(payload, &mut decoded));
        assert_eq!(decoded.samples().len(), wanted.frame() / 2 * tens, "{codec:?}");
        heard.extend_from_slice(decoded.samples());
    }
    heard
}

const MAX: usize = 1_400;

#[test]
fn what_goes_in_comes_out_at_the_codecs_own_rate() {
    // G.711 has some 38 dB, G.722 what two bands of 4 and 2 bits have; Opus models sound and does not copy it.
    let floor = |codec| match codec {
        Codec::Pcmu | Codec::Pcma => 35.0,
        Codec::G722 => 18.0,
        Codec::Opus => 9.0,
        Codec::L16Narrow | Codec::L16Wide => 80.0,
    };
    for codec in ALL {
        let sound = sound(codec.rate(), 2);
        for tens in [1, 2, 4] {
            let heard = through(codec, &sound, codec.rate(), tens);
            let part = &sound[..sound.len() / 2];
            let found = measure::find(part, &heard).expect("it is in there");
            let ratio = 10.0 * (1.0 / (1.0 - found.correlation.powi(2)).max(1e-12)).log10();
            assert!(ratio > floor(codec), "{codec:?}, {tens}0 ms: {ratio:.1} dB, {found:?}");
            let gain = level_dbfs(&heard) - level_dbfs(&sound);
            assert!(gain.abs() < 0.5, "{codec:?}: {gain:.2} dB");
        }
    }
}

#[test]
fn at_another_rate_what_is_in_both_stays_and_nothing_is_added() {
    for codec in ALL {
        for wanted in [Rate::Hz8000, Rate::Hz16000] {
            let tone: Vec<i16> = (0..codec.rate().hertz())
                .map(|n| (8_000.0 * (TAU * 1_000.0 * f64::from(n) / f64::from(codec.rate().hertz())).sin()) as i16)
                .collect();
            let heard = through(codec, &tone, wanted, 2);
            let heard = &heard[heard.len() / 4..];
            let kept = frequency_dbfs(heard, wanted.hertz(), 1_000.0);
            let put_in = frequency_dbfs(&tone, codec.rate().hertz(), 1_000.0);
            assert!(
                (kept - put_in).abs() < 0.5,
                "{codec:?} to {wanted:?}: {put_in:.1} became {kept:.1}"
            );
            for other in [2_000.0, 3_000.0, 3_700.0] {
                let added = frequency_dbfs(heard, wanted.hertz(), other) - kept;
                assert!(added < -35.0, "{codec:?} to {wanted:?}: {added:.1} dB at {other}");
            }
        }
    }
}

#[test]
fn damaged_payloads_have_no_time_or_decode_to_something_short() {
    let mut random = crate::random::Random::new(5);
    for codec in ALL {
        assert_eq!(codec.ticks(&[]), None);
        let mut decoder = Decoder::new(codec, Rate::Hz8000);
        for _ in 0..2_000 {
            let length = random.next() as usize % 1_400 + 1;
            let payload: Vec<u8> = (0..length).map(|_| random.next() as u8).collect();
            if codec.ticks(&payload).is_some() {
                let mut sound = Sound::new();
                decoder.decode(&payload, &mut sound);
            }
        }
    }
    // 49 frames of 2.5 ms are more than 120 ms (RFC 6716 section 3.2.5).
    assert_eq!(Codec::Opus.ticks(&[0x83 | 16 << 3, 49, 0]), None);
}

#[test]
fn silence_costs_opus_one_coding_and_says_the_same() {
    let mut encoder = Encoder::new(Codec::Opus, OpusOptions::default());
    let mut decoder = Decoder::new(Codec::Opus, Rate::Hz16000);
    let loud = sound(Rate::Hz16000, 1);
    let mut last = Vec::new();
    for samples in loud.chunks_exact(320).chain([[0; 320].as_slice(); 100]) {
        let mut payload = [0; MAX];
        let length = encoder.encode(samples, &mut payload);
        let mut heard = Sound::new();
        assert!(decoder.decode(&payload[..length], &mut heard));
        last = heard.samples().to_vec();
    }
    assert!(level_dbfs(&last) < -70.0, "{:.1}", level_dbfs(&last));
    // And speech after it is there at once.
    let heard: Vec<i16> = loud[..3_200]
        .chunks_exact(320)
        .flat_map(|samples| {
            let mut payload = [0; MAX];
            let length = encoder.encode(samples, &mut payload);
            let mut heard = Sound::new();
            decoder.decode(&payload[..length], &mut heard);
            heard.samples().to_vec()
        })
        .collect();
    assert!((level_dbfs(&heard) - level_dbfs(&loud[..3_200])).abs() < 1.5);
}

#[test]
fn opus_that_may_rests_in_silence() {
    let options = OpusOptions {
        dtx: true,
        ..OpusOptions::default()
    };
    let mut encoder = Encoder::new(Codec::Opus, options);
    let sent = (0..200)
        .filter(|_| encoder.encode(&[0; 320], &mut [0; MAX]) > 0)
        .count();
    assert!((1..60).contains(&sent), "{sent} of 200 frames were sent");
}
