//! Captures of other people's calls, which sipp brings along and plays: what is recorded is the sound in them, and their keys
//! are heard.

use crate::lab::{self, Lane, MACHINE};
use crate::reading;
use crate::server::{Route, Server};
use crate::sipp::Run;
use patchcord_media::measure;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::PoisonError;
use std::time::Duration;

const SPEECH: &str = "g711a.pcap";
const KEYS: &[&str] = &[
    "dtmf_2833_9.pcap",
    "dtmf_2833_4.pcap",
    "dtmf_2833_1.pcap",
    "dtmf_2833_pound.pcap",
];
/// Where their package puts them.
const CAPTURES: &str = "/usr/share/sip-tester";
/// Half a second, and how much later than it was sent anything may be: that long may a busy machine need for the first packet.
const PIECE: usize = 4_000;
const LATE_MAX: usize = 4_000;

#[test]
fn captured_speech_is_recorded_and_captured_keys_are_collected() {
    lab::need("sipp");
    lab::need("ffmpeg");
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    let folder = lab::folder("captures");
    let routes = [Route {
        to: "*",
        handler: "tests/interop/recorder",
    }];
    let server = Server::start(&folder, &Lane::take(), &routes);
    // The second says that it presses others: so it is seen that the handler looks.
    std::thread::scope(|scope| {
        for (keys, name) in [("941", "captures_right"), ("94", "captures_wrong")] {
            let server = &server;
            scope.spawn(move || call(server, keys, name));
        }
    });
    let records = server.expect_records(2);
    let ended = |outcome: &str| {
        let found = records
            .iter()
            .find(|record| record["handler_end"]["outcome"] == outcome);
        found.unwrap_or_else(|| panic!("no call was {outcome}: {records:?}"))
    };
    let why = ended("faulted")["handler_end"]["text"].as_str().unwrap_or_default();
    assert!(why.ends_with("other keys, 3 of them"), "{why}");
    let record = ended("done");
    assert_eq!(reading::media(record, "keys"), Some(4), "each key once: {record}");
    assert_eq!(record["legs"][0]["media"]["codec"], "PCMA");
    let source = decoded(&payloads(
        &fs::read(Path::new(CAPTURES).join(SPEECH)).expect("its package brings it"),
        8,
    ));
    let file = format!(
        "{}.wav",
        record["recordings"][0]["recording"].as_str().expect("it was recorded")
    );
    let recorded = reading::wav(&folder.join("recordings").join(file));
    is_in(&source, &recorded);
    server.settle();
    server.stop();
}

/// Piece by piece, since the jitter buffer may leave out, or add, some milliseconds between two of them.
fn is_in(source: &[i16], recorded: &[i16]) {
    let spoken = |piece: &[i16]| measure::level_dbfs(piece) > -40.0;
    let pieces = source.chunks_exact(PIECE).enumerate();
    let pieces: Vec<(usize, &[i16])> = pieces.filter(|(_, piece)| spoken(piece)).collect();
    let found = |(number, piece): &&(usize, &[i16])| {
        let found = measure::find(piece, recorded);
        let late = |lag: usize| lag.checked_sub(number * PIECE).is_some_and(|late| late <= LATE_MAX);
        found.is_some_and(|found| found.correlation > 0.99 && late(found.lag))
    };
    let exact = pieces.iter().filter(found).count();
    assert!(pieces.len() >= 8, "somebody speaks in it: {} pieces", pieces.len());
    assert!(
        exact * 5 >= pieces.len() * 4,
        "{exact} of {} pieces are in it",
        pieces.len()
    );
}

fn call(server: &Server, keys: &str, name: &str) {
    let folder: PathBuf = lab::folder(name);
    for capture in KEYS.iter().chain([&SPEECH]) {
        fs::copy(Path::new(CAPTURES).join(capture), folder.join(capture)).expect("its package brings it");
    }
    let run = Run {
        scenario: "captured_sound_and_keys",
        to: "keys",
        calls: 1,
        calls_per_second: 1,
        patience: Duration::from_secs(60),
        keys: &[("keys", keys)],
    };
    run.against(server.sip, &folder, &Lane::far_end())
        .unwrap_or_else(|error| panic!("{error}"));
}

/// The RTP payloads of one type in a capture of Ethernet, IPv4 and UDP.
fn payloads(capture: &[u8], payload_type: u8) -> Vec<u8> {
    // Bytes of each header; IPv4 says its own.
    let (file, packet, ethernet, udp, rtp) = (24, 16, 14, 8, 12);
    let mut payloads = Vec::new();
    let mut rest = &capture[file..];
    while rest.len() > packet {
        let length = u32::from_le_bytes([rest[8], rest[9], rest[10], rest[11]]) as usize;
        let ip = &rest[packet + ethernet..packet + length];
        let sound = &ip[usize::from(ip[0] & 15) * 4 + udp..];
        if sound[1] & 0x7f == payload_type {
            payloads.extend_from_slice(&sound[rtp..]);
        }
        rest = &rest[packet + length..];
    }
    payloads
}

/// ffmpeg's opinion on A-law.
fn decoded(alaw: &[u8]) -> Vec<i16> {
    let mut ffmpeg = Command::new("ffmpeg")
        .args("-v error -f alaw -ar 8000 -ac 1 -i - -f s16le -".split(' '))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("ffmpeg can be started");
    let mut input = ffmpeg.stdin.take().expect("it has an input");
    let alaw = alaw.to_vec();
    // Beside the reading: a pipe holds less than this.
    let writing = std::thread::spawn(move || input.write_all(&alaw));
    let output = ffmpeg.wait_with_output().expect("ffmpeg ends");
    let written = writing.join().expect("writing does not panic");
    assert!(output.status.success() && written.is_ok());
    let samples = output.stdout.as_chunks::<2>().0;
    samples.iter().map(|two| i16::from_le_bytes(*two)).collect()
}
