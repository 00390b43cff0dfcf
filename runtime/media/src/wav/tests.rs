//! Files of every coding, and broken ones.

use super::*;
use crate::random::Random;

/// A file with this `fmt ` part and sound.
fn file(tag: u16, channels: u16, rate: u32, bits: u16, sound: &[u8]) -> Vec<u8> {
    let block = channels * bits / 8;
    let mut bytes = b"RIFF\0\0\0\0WAVE".to_vec();
    // A part we do not know, of odd length, comes first.
    bytes.extend_from_slice(b"LIST\x03\0\0\0abc\0fmt \x10\0\0\0");
    bytes.extend_from_slice(&tag.to_le_bytes());
    bytes.extend_from_slice(&channels.to_le_bytes());
    bytes.extend_from_slice(&rate.to_le_bytes());
    bytes.extend_from_slice(&(rate.wrapping_mul(u32::from(block))).to_le_bytes());
    bytes.extend_from_slice(&block.to_le_bytes());
    bytes.extend_from_slice(&bits.to_le_bytes());
    bytes.extend_from_slice(b"data");
    bytes.extend_from_slice(&(sound.len() as u32).to_le_bytes());
    bytes.extend_from_slice(sound);
    bytes
}

fn samples(bytes: &[u8]) -> Vec<f32> {
    read(bytes).expect("a good file").samples
}

fn problem(bytes: &[u8]) -> WavProblem {
    read(bytes).expect_err("a bad file").what
}

#[test]
fn every_coding_says_the_same() {
    let half = 0.5f32;
    assert_eq!(samples(&file(1, 1, 8000, 8, &[192, 64])), [half, -half]);
    assert_eq!(samples(&file(1, 1, 8000, 16, &[0, 0x40, 0, 0xc0])), [half, -half]);
    assert_eq!(samples(&file(1, 1, 8000, 24, &[0, 0, 0x40, 0, 0, 0xc0])), [half, -half]);
    assert_eq!(
        samples(&file(1, 1, 8000, 32, &[0, 0, 0, 0x40, 0, 0, 0, 0xc0])),
        [half, -half]
    );
    assert_eq!(samples(&file(3, 1, 8000, 32, &half.to_le_bytes())), [half]);
    assert_eq!(samples(&file(3, 1, 8000, 64, &0.5f64.to_le_bytes())), [half]);
    assert_eq!(samples(&file(7, 1, 8000, 8, &[0xff, 0x80])), [0.0, 32_124.0 / 32_768.0]);
    assert_eq!(
        samples(&file(6, 1, 8000, 8, &[0xd5, 0xaa])),
        [8.0 / 32_768.0, 32_256.0 / 32_768.0]
    );
}

#[test]
fn channels_are_mixed_and_an_incomplete_last_moment_is_left_out() {
    assert_eq!(
        samples(&file(1, 2, 8000, 16, &[0, 0x40, 0, 0, 0, 0x40, 0, 0xc0, 1])),
        [0.25, 0.0]
    );
}

#[test]
fn the_extensible_form_and_an_unknown_length_are_read() {
    let mut bytes =
        b"RIFF\xff\xff\xff\xffWAVEfmt \x28\0\0\0\xfe\xff\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0".to_vec();
    bytes.extend_from_slice(b"\x16\0\x10\0\x04\0\0\0\x01\0\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71");
    bytes.extend_from_slice(b"data\xff\xff\xff\xff\0\x40\0\x40");
    assert_eq!(samples(&bytes), [0.5, 0.5]);
}

#[test]
fn floats_beyond_the_scale_are_cut() {
    let mut sound = Vec::new();
    for value in [f32::NAN, f32::INFINITY, -7.0, 0.25] {
        sound.extend_from_slice(&value.to_le_bytes());
    }
    assert_eq!(samples(&file(3, 1, 8000, 32, &sound)), [0.0, 1.0, -1.0, 0.25]);
}

#[test]
fn each_fault_has_its_name_and_place() {
    assert_eq!(
        read(b"ID3\x04 not a wav at all"),
        Err(WavError {
            what: WavProblem::NotWav,
            at: 0
        })
    );
    assert_eq!(problem(b""), WavProblem::NotWav);
    assert_eq!(problem(&file(1, 0, 8000, 16, &[0, 0])), WavProblem::BadChannels(0));
    assert_eq!(problem(&file(1, 33, 8000, 16, &[0; 66])), WavProblem::BadChannels(33));
    assert_eq!(problem(&file(1, 1, 0, 16, &[0, 0])), WavProblem::BadRate(0));
    assert_eq!(
        problem(&file(1, 1, u32::MAX, 16, &[0, 0])),
        WavProblem::BadRate(u32::MAX)
    );
    assert_eq!(problem(&file(1, 1, 8000, 12, &[0, 0])), WavProblem::BadSampleSize(12));
    assert_eq!(
        problem(&file(0x55, 1, 8000, 16, &[0, 0])),
        WavProblem::UnknownCoding(0x55)
    );
    assert_eq!(problem(&file(1, 1, 8000, 16, &[])), WavProblem::NoSound);
    assert_eq!(problem(&file(1, 1, 8000, 16, &[0])), WavProblem::NoSound);
    assert_eq!(problem(b"RIFF\0\0\0\0WAVE"), WavProblem::NoSound);
    assert_eq!(problem(b"RIFF\0\0\0\0WAVEdata\x02\0\0\0\0\0"), WavProblem::NoFormat);
    assert_eq!(
        problem(b"RIFF\0\0\0\0WAVEfmt \x04\0\0\0\x01\0\x01\0"),
        WavProblem::Truncated
    );
    let zeros = vec![0; MAX_CLIP_SECONDS as usize * 4_000 + 1];
    assert_eq!(problem(&file(1, 1, 4000, 8, &zeros)), WavProblem::TooLong);
    assert_eq!(problem(&vec![0; MAX_WAV_BYTES + 1]), WavProblem::TooLarge);
    let mut huge = file(1, 1, 8000, 16, &[0, 0]);
    let at = huge.len() - 6;
    huge[at..at + 4].copy_from_slice(&0xffff_fff0u32.to_le_bytes());
    assert_eq!(
        read(&huge),
        Err(WavError {
            what: WavProblem::Truncated,
            at: at - 4
        })
    );
}

#[test]
fn a_file_cut_anywhere_is_an_error() {
    let good = file(1, 1, 8000, 16, &[0, 0x40, 0, 0xc0]);
    for cut in 0..good.len() {
        assert!(read(&good[..cut]).is_err(), "cut at {cut}");
    }
}

#[test]
fn what_is_written_is_read() {
    let written = write_wav(16_000, &[1, -1, i16::MAX, i16::MIN]);
    let sound = read(&written).expect("our own file");
    assert_eq!(sound.rate, 16_000);
    assert_eq!(
        sound.samples.iter().map(|s| (s * 32_768.0) as i32).collect::<Vec<_>>(),
        [1, -1, 32_767, -32_768]
    );
    assert_eq!(written.len(), 52);
    assert_eq!(written[4..8], 44u32.to_le_bytes());
}

#[test]
fn random_changes_never_panic() {
    let good = file(1, 2, 8000, 16, &[7; 64]);
    let (mut random, mut read_well) = (Random::new(77), 0);
    for _ in 0..100_000 {
        let mut bytes = good.clone();
        for _ in 0..1 + random.next() % 4 {
            let at = random.next() as usize % bytes.len();
            bytes[at] = random.next() as u8;
        }
        bytes.truncate(bytes.len() - random.next() as usize % 8);
        read_well += usize::from(read(&bytes).is_ok());
    }
    assert!(read_well > 0, "some of the changes must leave a good file");
}
