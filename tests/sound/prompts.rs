//! Prompts in every kind of file, made by ffmpeg and compared with the sound they were made of; and the same files damaged
//! in random ways, which may be refused but never break anything or take more than they should.
//! `PATCHCORD_FUZZ_SECONDS` makes it damage files for so long.

use crate::memory;
use patchcord_media::{Clip, SoundError, SoundFormat, SoundProblem, measure, write_wav};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Damaged files of each kind.
const DAMAGED: u32 = 150;
/// Memory that reading a file of some kilobytes may take at most: a minute of sound at 48 kHz and the tables of codecs.
const MEMORY: usize = 48 << 20;
/// Time that reading it may take at most, on a busy machine.
const TIME: Duration = Duration::from_secs(20);

/// What is encoded how, and the kind it is read as.
const KINDS: [(&str, &[&str], SoundFormat); 9] = [
    ("cbr.mp3", &["-c:a", "libmp3lame", "-b:a", "64k"], SoundFormat::Mp3),
    (
        "vbr-stereo.mp3",
        &["-ac", "2", "-ar", "44100", "-c:a", "libmp3lame", "-q:a", "3"],
        SoundFormat::Mp3,
    ),
    (
        "low.mp3",
        &["-ar", "22050", "-c:a", "libmp3lame", "-b:a", "48k"],
        SoundFormat::Mp3,
    ),
    ("plain.flac", &["-c:a", "flac"], SoundFormat::Flac),
    (
        "stereo-24.flac",
        &["-ac", "2", "-ar", "48000", "-sample_fmt", "s32", "-c:a", "flac"],
        SoundFormat::Flac,
    ),
    (
        "voice.opus",
        &["-ar", "48000", "-c:a", "libopus", "-b:a", "32k"],
        SoundFormat::Ogg,
    ),
    (
        "stereo.opus",
        &["-ac", "2", "-ar", "48000", "-c:a", "libopus", "-b:a", "64k"],
        SoundFormat::Ogg,
    ),
    ("mono.ogg", &["-c:a", "libvorbis", "-q:a", "5"], SoundFormat::Ogg),
    (
        "stereo.ogg",
        &["-ac", "2", "-ar", "44100", "-c:a", "libvorbis", "-q:a", "3"],
        SoundFormat::Ogg,
    ),
];

fn file(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("prompts");
    std::fs::create_dir_all(&folder).expect("the build folder takes files");
    folder.join(name)
}

/// Three seconds at 16 kHz: tones that glide and swell, unlike themselves at any other place.
fn original() -> Vec<i16> {
    (0..48_000)
        .map(|n| {
            let t = f64::from(n) / 16_000.0;
            let phase = std::f64::consts::TAU * (300.0 * t + 120.0 * t * t);
            let swell = 0.3 + 0.7 * (std::f64::consts::TAU * 1.3 * t).sin().powi(2);
            (7_000.0 * swell * (phase.sin() + 0.4 * (2.0 * phase).sin())) as i16
        })
        .collect()
}

/// The original and all files made of it, once for all tests.
fn files() -> &'static (Clip, Vec<Vec<u8>>) {
    static MADE: OnceLock<(Clip, Vec<Vec<u8>>)> = OnceLock::new();
    MADE.get_or_init(|| {
        let (wav, from) = (write_wav(16_000, &original()), file("original.wav"));
        std::fs::write(&from, &wav).expect("the folder takes files");
        let made = KINDS.iter().map(|(name, options, _)| {
            let to = file(name);
            let made = Command::new("ffmpeg")
                .args(["-nostdin", "-loglevel", "error", "-y", "-i"])
                .arg(&from)
                .args(*options)
                .arg(&to)
                .output()
                .expect("ffmpeg is installed by tests/setup");
            assert!(
                made.status.success(),
                "{name}: {}",
                String::from_utf8_lossy(&made.stderr)
            );
            std::fs::read(&to).expect("ffmpeg wrote it")
        });
        let made = made.collect();
        (Clip::from_file(&wav).expect("our own WAV"), made)
    })
}

#[test]
fn every_kind_of_file_sounds_like_what_it_was_made_of() {
    let (original, made) = files();
    for ((name, _, _), bytes) in KINDS.iter().zip(made) {
        let clip = Clip::from_file(bytes).unwrap_or_else(|why| panic!("{name}: {why}"));
        let (ours, theirs) = (original.duration().as_millis(), clip.duration().as_millis());
        assert!(ours.abs_diff(theirs) <= 80, "{name}: {theirs} ms of {ours}");
        let middle = &original.samples()[4_000..20_000];
        let found = measure::find(middle, clip.samples()).unwrap_or_else(|| panic!("{name} is silent"));
        assert!(found.correlation > 0.95, "{name}: {found:?}");
        assert!(found.lag.abs_diff(4_000) <= 480, "{name} is off in time: {found:?}");
        // ffmpeg makes two channels of one with each 3 dB down.
        let panned = if name.contains("stereo") { -3.01 } else { 0.0 };
        let level = measure::level_dbfs(clip.samples()) - measure::level_dbfs(original.samples()) - panned;
        assert!(level.abs() < 0.7, "{name}: {level} dB");
    }
}

#[test]
fn a_file_that_is_cut_off_is_refused_or_shorter() {
    let (original, made) = files();
    for ((name, _, format), bytes) in KINDS.iter().zip(made) {
        for part in [3, 10, 50, 90] {
            match Clip::from_file(&bytes[..bytes.len() * part / 100]) {
                Ok(clip) => assert!(clip.duration() < original.duration(), "{name}, {part} %"),
                Err(SoundError { format: known, what }) => {
                    assert_eq!(known, Some(*format));
                    assert_ne!(what, SoundProblem::DecoderBroke, "{name}, {part} %");
                }
            }
        }
    }
}

/// Bytes changed, cut out, repeated and overwritten.
fn damage(bytes: &[u8], random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let below = |random: &mut ChaCha8Rng, count: usize| random.next_u32() as usize % count.max(1);
    for _ in 0..=below(random, 6) {
        // Half of it where the headers are.
        let reach = if random.next_u32().is_multiple_of(2) {
            bytes.len().min(200)
        } else {
            bytes.len()
        };
        let at = below(random, reach);
        let until = (at + 1 + below(random, 64)).min(bytes.len());
        match below(random, 5) {
            0 => bytes[at] ^= 1 << below(random, 8),
            1 => bytes[at] = random.next_u32() as u8,
            2 => bytes[at..until].fill(if random.next_u32().is_multiple_of(2) { 0xff } else { 0 }),
            3 => drop(bytes.drain(at..until)),
            _ => {
                let again = bytes[at..until].to_vec();
                bytes.splice(at..at, again);
            }
        }
        if bytes.len() < 8 {
            return bytes;
        }
    }
    bytes
}

/// Reads it; nothing may break, and neither memory nor time may be out of proportion.
fn read(bytes: &[u8], what: &str) {
    let start = Instant::now();
    let (read, peak) = memory::peak(|| Clip::from_file(bytes).map(|clip| clip.duration()));
    if let Err(SoundError { what: problem, .. }) = &read {
        assert_ne!(*problem, SoundProblem::DecoderBroke, "{what}");
    }
    assert!(peak < MEMORY, "{what}: {peak} bytes for {read:?}");
    assert!(start.elapsed() < TIME, "{what}");
}

#[test]
fn damaged_files_break_nothing() {
    let seconds = std::env::var("PATCHCORD_FUZZ_SECONDS").ok();
    let seconds = seconds.map(|seconds| Duration::from_secs(seconds.parse().expect("a number of seconds")));
    let start = Instant::now();
    let mut rounds = 0;
    while seconds.map_or(rounds < DAMAGED, |seconds| start.elapsed() < seconds) {
        for ((name, _, _), bytes) in KINDS.iter().zip(&files().1) {
            let mut random = ChaCha8Rng::seed_from_u64(u64::from(rounds));
            read(&damage(bytes, &mut random), &format!("{name}, seed {rounds}"));
        }
        rounds += 1;
    }
    println!("{rounds} damaged files of each of {} kinds", KINDS.len());
}

#[test]
fn random_bytes_behind_a_true_beginning_break_nothing() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    for round in 0..400 {
        for begin in [
            &b"fLaC\0\0\0\x22"[..],
            b"OggS\0\x02",
            b"\xff\xfb\x90\x64",
            b"ID3\x04\0\0\0\0\x02\x01",
            b"RIFF",
        ] {
            let mut bytes = begin.to_vec();
            let mut noise = vec![0; random.next_u32() as usize % 4_000];
            random.fill_bytes(&mut noise);
            bytes.extend(noise);
            read(&bytes, &format!("{begin:?}, round {round}"));
        }
    }
}
