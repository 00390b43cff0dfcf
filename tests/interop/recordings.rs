//! Recordings that outlive their server: it is killed at random points, and every file is read by sox, by ffmpeg and by
//! ourselves, as it was left and as the next start repaired it.

#![allow(
    clippy::disallowed_methods,
    reason = "a test of a real server looks at the real clock"
)]

use crate::hummer::{HUM_HZ, Hummer};
use crate::lab::{self, Lane, MACHINE};
use crate::server::{Route, Server, Setup};
use patchcord_media::{Clip, measure};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const RECORDER: &str = "tests/interop/recorder";
/// Servers killed, and calls each records meanwhile: a hundred recordings.
const KILLS: u64 = 5;
const CALLS: u64 = 20;
/// The latest moment a caller calls, and when the server is killed after that, at random.
const CALL_WITHIN_MS: u64 = 1_500;
const KILL_AFTER_MS: (u64, u64) = (2_000, 3_500);
/// What may be missing at the end of a file: a second, and what a busy machine needs until the first packet is heard.
const MISSING_MAX: Duration = Duration::from_millis(1_500);

#[test]
fn recordings_of_a_server_that_is_killed_a_hundred_times_are_playable_to_the_last_second() {
    lab::need("sox");
    lab::need("ffmpeg");
    let _shared = MACHINE.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    let (folder, lane) = (lab::folder("killed"), Lane::take());
    let recordings = folder.join("recordings");
    let routes = [Route {
        to: "*",
        handler: RECORDER,
    }];
    // One address calls more often than a stranger may.
    let setup = Setup {
        sip: "strangers = \"answer\"",
        sections: "[gate]\nrequests_per_minute = 100000\nrequests_burst = 10000\n",
        ..Setup::default()
    };
    let mut dice = ChaCha8Rng::seed_from_u64(1);
    let mut lengths = BTreeMap::new();
    for round in 0..KILLS {
        let server = Server::start_with(&folder, &lane, &routes, &setup);
        let least = record_and_kill(server, round, &mut dice);
        let left = files(&recordings, ".wav.part");
        assert_eq!(left.len() as u64, CALLS, "round {round}: one file for each call");
        let mut found: Vec<Duration> = Vec::new();
        for file in &left {
            let length = length_as_left(file);
            found.push(length);
            lengths.insert(id(file), length);
        }
        found.sort();
        for (least, found) in least.iter().zip(&found) {
            assert!(*found + MISSING_MAX >= *least, "round {round}: {found:?} of {least:?}");
        }
    }
    let server = Server::start_with(&folder, &lane, &routes, &setup);
    let records = server.expect_records((KILLS * CALLS) as usize);
    assert!(
        files(&recordings, ".part").is_empty(),
        "nothing is in progress for ever"
    );
    for record in &records {
        let id = record["interrupted_recording"].as_str().expect("nothing else is told");
        let before = lengths.remove(id).expect("each is told once");
        repaired(&recordings.join(format!("{id}.wav")), record, before);
    }
    assert!(lengths.is_empty());
    server.settle();
    server.stop();
}

/// Lets callers hum to a server and kills it; how long each was answered, in ascending order.
fn record_and_kill(server: Server, round: u64, dice: &mut ChaCha8Rng) -> Vec<Duration> {
    let callers: Vec<Hummer> = (0..CALLS)
        .map(|call| {
            let after = Duration::from_millis(dice.next_u64() % CALL_WITHIN_MS);
            Hummer::call(server.sip, after, 1 + round * CALLS + call)
        })
        .collect();
    let (first, last) = KILL_AFTER_MS;
    std::thread::sleep(Duration::from_millis(first + dice.next_u64() % (last - first)));
    let killed = Instant::now();
    // SIGKILL: it learns nothing of it.
    drop(server);
    let mut answered: Vec<Duration> = callers
        .iter()
        .map(|caller| killed.saturating_duration_since(caller.answered().expect("every caller was answered")))
        .collect();
    answered.sort();
    answered
}

/// The length of a file as the kill left it, which every reader finds alike; ffmpeg reads them when they are repaired.
fn length_as_left(file: &Path) -> Duration {
    let bytes = fs::read(file).expect("a recording can be read");
    let told = u32::from_le_bytes([bytes[40], bytes[41], bytes[42], bytes[43]]) as usize;
    assert!(bytes.len() >= 44 + told, "its header promises no more than there is");
    if told > 0 {
        assert_eq!(ours(&bytes[..44 + told]), told / 2);
        assert_eq!(soxs(file), told / 2);
    }
    samples(told / 2)
}

/// A repaired file is as its record says, is not shorter than it was, and what was hummed is in it.
fn repaired(file: &Path, record: &serde_json::Value, before: Duration) {
    let bytes = fs::read(file).expect("a recording can be read");
    let count = (bytes.len() - 44) / 2;
    let hash: String = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(record["sha256"], hash.as_str());
    assert_eq!(record["bytes"], bytes.len());
    assert_eq!(record["length_ms"], samples(count).as_millis() as u64);
    assert!(samples(count) >= before);
    if count == 0 {
        return;
    }
    assert_eq!(
        (ours(&bytes), soxs(file), ffmpegs(file)),
        (count, count, count),
        "{}",
        file.display()
    );
    let clip = Clip::from_wav(&bytes).expect("our own reader takes it");
    let blocks = clip.samples().chunks_exact(320);
    let (all, humming) = (blocks.len(), blocks.filter(|block| hums(block)).count());
    // Less what was silent until the first packet came.
    assert!(humming + 25 >= all, "{humming} of {all} blocks of {}", file.display());
}

fn hums(block: &[i16]) -> bool {
    let tone = measure::frequency_dbfs(block, 8_000, f64::from(HUM_HZ));
    tone > -40.0 && measure::level_dbfs(block) - tone < 2.0
}

fn samples(count: usize) -> Duration {
    Duration::from_micros(count as u64 * 125)
}

fn ours(bytes: &[u8]) -> usize {
    Clip::from_wav(bytes).expect("our own reader takes it").samples().len()
}

/// Samples that sox reads.
fn soxs(file: &Path) -> usize {
    let mut sox = Command::new("sox");
    sox.args(["-V1", "-t", "wav"]).arg(file).args(["-t", "raw", "-"]);
    read_by(&mut sox)
}

/// Samples that ffmpeg reads.
fn ffmpegs(file: &Path) -> usize {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg
        .args(["-v", "error", "-f", "wav", "-i"])
        .arg(file)
        .args(["-f", "s16le", "-"]);
    read_by(&mut ffmpeg)
}

fn read_by(program: &mut Command) -> usize {
    let output = program.output().expect("the program can be started");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.trim().is_empty(), "{program:?}: {said}");
    output.stdout.len() / 2
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the server made the folder");
    let paths = entries.map(|entry| entry.expect("a folder that opened can be read").path());
    paths.filter(|path| path.to_string_lossy().ends_with(ending)).collect()
}

/// The recording of a file.
fn id(file: &Path) -> String {
    let name = file.file_name().expect("a file has a name").to_string_lossy();
    name.split('.').next().unwrap_or_default().to_owned()
}
