//! Recordings in Opus as ffmpeg reads them: ended where they are to end, cut off anywhere, and with channels that stay apart.

use patchcord_media::{OggEnd, OggOpus, OggPage, measure};
use std::f64::consts::TAU;
use std::path::{Path, PathBuf};
use std::process::Command;

const SECOND: usize = 8_000;

fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("recordings");
    std::fs::create_dir_all(&folder).expect("the target folder can be written to");
    let path = folder.join(name);
    std::fs::write(&path, bytes).expect("the target folder can be written to");
    path
}

fn tone(hz: f64) -> impl Iterator<Item = i16> {
    (0..5 * SECOND).map(move |n| (8_000.0 * (TAU * hz * n as f64 / SECOND as f64).sin()) as i16)
}

/// What ffmpeg decodes, at 48 kHz.
fn decoded(path: &Path, channel: usize) -> Vec<i16> {
    let pan = format!("pan=mono|c0=c{channel}");
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(path)
        .args(["-af", &pan, "-f", "s16le", "-ar", "48000", "-"])
        .output()
        .expect("ffmpeg can be started: run `make setup`");
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let samples = output.stdout.as_chunks::<2>().0;
    samples.iter().map(|bytes| i16::from_le_bytes(*bytes)).collect()
}

fn written(samples: impl Iterator<Item = i16>, channels: u8) -> (OggOpus, Vec<u8>) {
    let mut bytes = Vec::new();
    let mut pages = OggOpus::new(channels, 1, &mut bytes);
    let samples: Vec<i16> = samples.collect();
    for half_a_second in samples.chunks(SECOND / 2 * usize::from(channels)) {
        pages.push(half_a_second.iter().copied(), &mut bytes);
        pages.flush(&mut bytes);
    }
    (pages, bytes)
}

#[test]
fn ffmpeg_reads_as_much_as_was_recorded() {
    for kept in [5 * SECOND, 3 * SECOND + 1_234, 77] {
        let (mut pages, mut bytes) = written(tone(440.0), 1);
        let OggEnd { last_page, granule } = pages.finish(kept as u64, &mut bytes);
        let last = last_page as usize;
        let page = OggPage::read(&bytes[last..]).expect("a page begins there");
        bytes.truncate(last + page.length);
        OggPage::end(&mut bytes[last..], granule);
        let heard = decoded(&file(&format!("kept_{kept}.ogg"), &bytes), 0);
        assert_eq!(heard.len(), kept * 6);
        if kept > SECOND {
            let level = measure::frequency_dbfs(&heard[9_600..], 48_000, 440.0);
            assert!((level + 12.25).abs() < 1.0, "{level:.1}");
        }
    }
}

#[test]
fn ffmpeg_reads_what_a_killed_process_left() {
    let (_, bytes) = written(tone(440.0), 1);
    // Two thirds of it, in the middle of a page: what is whole before that is heard.
    let heard = decoded(&file("killed.ogg", &bytes[..bytes.len() * 2 / 3]), 0);
    assert!(heard.len() >= (5 * SECOND * 2 / 3 - SECOND) * 6, "{}", heard.len());
}

#[test]
fn ffmpeg_finds_two_channels_apart() {
    let both = tone(440.0).zip(tone(1_500.0)).flat_map(|(left, right)| [left, right]);
    let (mut pages, mut bytes) = written(both, 2);
    pages.finish(5 * SECOND as u64, &mut bytes);
    let path = file("two.ogg", &bytes);
    for (channel, own, other) in [(0, 440.0, 1_500.0), (1, 1_500.0, 440.0)] {
        let heard = decoded(&path, channel);
        let level = |hz| measure::frequency_dbfs(&heard[9_600..200_000], 48_000, hz);
        assert!(
            level(own) - level(other) > 20.0,
            "channel {channel}: {:.1}",
            level(own) - level(other)
        );
    }
}
