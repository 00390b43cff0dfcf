//! What a file is, and what is said of one that is none. Files of foreign programs, and damaged ones, are in `tests/sound`.

use super::*;

#[test]
fn files_are_told_apart_by_their_first_bytes() {
    assert_eq!(format(b"RIFF1234WAVE"), Some(SoundFormat::Wav));
    assert_eq!(format(b"fLaC"), Some(SoundFormat::Flac));
    assert_eq!(format(b"OggS\0"), Some(SoundFormat::Ogg));
    assert_eq!(format(b"ID3\x04"), Some(SoundFormat::Mp3));
    for second in [0xfb, 0xfa, 0xf3, 0xf2, 0xe3, 0xe2] {
        assert_eq!(format(&[0xff, second, 0x90]), Some(SoundFormat::Mp3), "{second:x}");
    }
    // Layers 1 and 2, the reserved version, AAC, nothing.
    for other in [
        &[0xff, 0xff][..],
        &[0xff, 0xfd],
        &[0xff, 0xeb],
        &[0xff, 0xf1],
        b"",
        b"RIF",
        b"<html>",
    ] {
        assert_eq!(format(other), None, "{other:x?}");
    }
}

#[test]
fn what_is_wrong_says_what_would_be_right() {
    let words = |bytes: &[u8]| match read(bytes) {
        Err(why) => why.to_string(),
        Ok(_) => panic!("it was read"),
    };
    assert_eq!(
        words(b"<html>not found"),
        "it begins like no sound file; use WAV, MP3, FLAC, or Ogg with Opus or Vorbis"
    );
    assert_eq!(
        words(b"RIFF"),
        "not a WAV file: it does not begin with RIFF and WAVE (at byte 0)"
    );
    for begun in [&b"fLaC"[..], b"OggS", b"ID3\x04\0\0\0\0\0\0", b"\xff\xfb\x90\0"] {
        let words = words(begun);
        assert!(words.starts_with("as ") && words.len() > 20, "{words}");
    }
    let large = [&b"fLaC"[..], &vec![0; MAX_WAV_BYTES]].concat();
    assert_eq!(words(&large), "as FLAC: larger than 64 MiB, the limit of a prompt");
}

#[test]
fn sound_is_mixed_and_its_limits_are_kept() {
    let mut mixed = Mixed {
        rate: 0,
        samples: Vec::new(),
    };
    assert_eq!(
        mixed.add(8_000, 2, &[1.0, 0.0, 0.5, 0.5, f32::NAN, 1.0, 9.0, 9.0]),
        Ok(())
    );
    assert_eq!(mixed.samples, [0.5, 0.5, 0.0, 1.0]);
    assert_eq!(
        mixed.add(16_000, 1, &[0.0]),
        Err(SoundProblem::Damaged("its rate changes on the way"))
    );
    assert_eq!(mixed.add(3_999, 1, &[0.0]), Err(SoundProblem::BadRate(3_999)));
    assert_eq!(mixed.add(8_000, 9, &[0.0; 9]), Err(SoundProblem::BadChannels(9)));
    let whole = vec![0.0; 8_000 * MAX_CLIP_SECONDS as usize - 4];
    assert_eq!(mixed.add(8_000, 1, &whole), Ok(()));
    assert_eq!(mixed.add(8_000, 1, &[0.0]), Err(SoundProblem::TooLong));
}
