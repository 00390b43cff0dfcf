//! Sound in every format a stream has, from every rate a tap may have.

use super::*;
use crate::measure::frequency_dbfs;

const FORMATS: [WireFormat; 3] = [WireFormat::Mulaw8k, WireFormat::L16at16k, WireFormat::L16at24k];

fn tone(hertz: u32, samples: usize) -> Vec<i16> {
    let place = |n: usize| n as f64 * 440.0 * std::f64::consts::TAU / f64::from(hertz);
    (0..samples).map(|n| (place(n).sin() * 8_000.0) as i16).collect()
}

#[test]
fn what_a_tap_gives_comes_out_in_every_format() {
    for format in FORMATS {
        for rate in [8_000, 16_000] {
            let mut encoder = WireEncoder::new(format);
            let frame = rate as usize / 50;
            let mut heard = Vec::new();
            for sound in tone(rate, frame * 50).chunks(frame) {
                let bytes = encoder.encode(rate, sound);
                heard.extend(format.decode(&bytes).expect("whole samples"));
            }
            assert_eq!(format.length(heard.len() as u64), Duration::from_secs(1));
            let level = frequency_dbfs(&heard, format.rate().hertz(), 440.0);
            assert!((level + 12.2).abs() < 0.7, "{format:?} of {rate}: {level} dB");
        }
    }
}

#[test]
fn half_a_sample_is_no_sound() {
    assert_eq!(WireFormat::L16at16k.decode(&[1, 2, 3]), None);
    assert_eq!(WireFormat::L16at24k.decode(&[1, 2]), Some(vec![0x0201]));
    assert_eq!(WireFormat::Mulaw8k.decode(&[0xff; 3]), Some(vec![0; 3]));
}

#[test]
fn sound_of_an_unknown_rate_is_as_much_silence() {
    let bytes = WireEncoder::new(WireFormat::L16at16k).encode(11_025, &[99; 220]);
    assert_eq!(bytes, vec![0; 640]);
}
