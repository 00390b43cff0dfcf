//! Recordings in a foreign object store: byte for byte what the end records say, whatever the store and the server go through
//! on the way.

use crate::api_document::new_key;
use crate::certificates::Certificates;
use crate::hummer::Hummer;
use crate::lab::{self, Lane, MACHINE};
use crate::rclone::{self, ACCESS_KEY, BUCKET, SECRET_KEY, Store};
use crate::server::{Route, Server, Setup};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::PoisonError;
use std::time::Duration;

const RECORDERS: &[Route<'static>] = &[Route {
    to: "*",
    handler: "tests/interop/recorder",
}];
/// Where they lie in the bucket.
const PLACE: &str = "office/default";
const WAITING: &str = "patchcord_recordings_waiting";
const SENT: &str = "patchcord_recordings_sent_total";
const FAILED: &str = "patchcord_recording_send_failures_total";
/// Larger than what is sent in one piece.
const LARGE: usize = 12 * 1024 * 1024 + 1;
/// Servers killed, and calls to each.
const KILLS: u64 = 3;
const CALLS: u64 = 6;

/// A bench: the store's port, and what the server is told of it.
struct Bench {
    folder: std::path::PathBuf,
    lane: Lane,
    port: u16,
    certificates: Certificates,
    /// Where recordings are asked for, with which key, and the lines that let it in.
    api: SocketAddr,
    key: (String, String),
}

impl Bench {
    fn new(name: &str) -> Self {
        let folder = lab::folder(name);
        let certificates = Certificates::make(&folder);
        fs::write(folder.join("access.key"), ACCESS_KEY).expect("the test's folder can be written to");
        let bench = Self {
            folder,
            lane: Lane::take(),
            port: lab::free_port(),
            certificates,
            api: SocketAddr::from(([127, 0, 0, 1], lab::free_port())),
            key: new_key("bench"),
        };
        bench.secret(SECRET_KEY);
        bench
    }

    fn secret(&self, secret: &str) {
        fs::write(self.folder.join("secret.key"), secret).expect("the test's folder can be written to");
    }

    fn store(&self) -> Store {
        Store::start(&self.folder, self.port, &self.certificates)
    }

    fn server(&self) -> Server {
        let sections = format!(
            "[recordings]\nstore = \"s3://{BUCKET}/office\"\nendpoint = \"https://127.0.0.1:{}\"\nroots = \"{}\"\n\
             access_key = \"file:access.key\"\nsecret_key = \"file:secret.key\"\n\n\
             [gate]\nrequests_per_minute = 100000\nrequests_burst = 10000\n\n[api]\nlisten = \"{}\"\n\n{}",
            self.port,
            self.certificates.authority.display(),
            self.api,
            self.key.1
        );
        let setup = Setup {
            sip: "strangers = \"answer\"",
            sections: &sections,
            ..Setup::default()
        };
        Server::start_with(&self.folder, &self.lane, RECORDERS, &setup)
    }

    /// The status and the body of what is answered about a recording.
    fn ask(&self, method: &str, recording: &serde_json::Value, what: &str) -> (u16, Vec<u8>) {
        let mut stream = TcpStream::connect(self.api).expect("the API listens");
        let id = recording["recording"].as_str().expect("it has a name");
        let head = format!("{method} /v1/recordings/{id}{what} HTTP/1.1\r\nHost: x\r\nConnection: close");
        write!(stream, "{head}\r\nAuthorization: Bearer {}\r\n\r\n", self.key.0).expect("it takes requests");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("it answers");
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
        let body = answer.split_off(end.expect("a head has an end") + 4);
        let status = answer[9..12]
            .iter()
            .fold(0, |status, digit| 10 * status + u16::from(digit - b'0'));
        (status, body)
    }

    fn waiting(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.join("recordings/to-send/default"));
        let names = entries.into_iter().flatten().map(|entry| {
            let entry = entry.expect("a folder that opened can be read");
            entry.file_name().to_string_lossy().into_owned()
        });
        names.collect()
    }
}

/// Somebody hums for a second; what the end record says of the recording.
fn record(server: &Server, seed: u64, records: usize) -> serde_json::Value {
    let caller = Hummer::call(server.sip, Duration::ZERO, seed);
    caller.wait_answered();
    std::thread::sleep(Duration::from_secs(1));
    caller.hang_up();
    let record = server.expect_records(records).pop().expect("there is one");
    let recording = record["recordings"][0].clone();
    assert_eq!(
        (recording["ended_by"].as_str(), recording["why"].as_str()),
        (Some("left"), Some("hung_up")),
        "{record}"
    );
    recording
}

/// What the store has is what the end record says.
fn is_in(store: &Store, recording: &serde_json::Value) {
    let name = format!(
        "{PLACE}/{}.wav",
        recording["recording"].as_str().expect("it has a name")
    );
    let bytes = store.get(&name);
    assert!(bytes.len() > 44 + 8_000, "{} bytes", bytes.len());
    assert_eq!(recording["bytes"], bytes.len());
    assert_eq!(recording["sha256"], hash(&bytes).as_str());
    let about = store.about(&name);
    assert_eq!(about["MimeType"], "audio/wav", "{about}");
    assert_eq!(about["Metadata"]["sha256"], recording["sha256"], "{about}");
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn count(log: &str, sentence: &str) -> usize {
    log.lines().filter(|line| line.contains(sentence)).count()
}

#[test]
fn a_recording_waits_for_a_store_that_refuses_it_or_is_away_and_gets_there_whole() {
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    let bench = Bench::new("object_store");
    let store = bench.store();

    // With the wrong secret, and killed.
    bench.secret("not-the-secret-of-this-store");
    let server = bench.server();
    let refused = record(&server, 1, 1);
    server.expect_metric(FAILED, |failed| failed >= 2.0);
    assert_eq!(server.metric(WAITING), Some(1.0));
    let log = server.log();
    assert_eq!(count(&log, "the store does not take recordings"), 1, "{log}");
    assert!(log.contains("it answered with 403 SignatureDoesNotMatch"), "{log}");
    assert!(!log.contains(ACCESS_KEY) && !log.contains("not-the-secret"), "{log}");
    drop(server);
    assert_eq!(bench.waiting().len(), 1);

    // With the right one, and a large one from before.
    bench.secret(SECRET_KEY);
    let large: Vec<u8> = (0..LARGE).map(|at| (at / 3) as u8).collect();
    let file = bench.folder.join("recordings/to-send/default/rec_large_1.ogg");
    fs::write(file, &large).expect("the server's folder can be written to");
    let server = bench.server();
    server.expect_metric(SENT, |sent| sent >= 2.0);
    is_in(&store, &refused);
    assert!(
        store.get(&format!("{PLACE}/rec_large_1.ogg")) == large,
        "a large one is whole"
    );
    server.expect_metric(WAITING, |waiting| waiting == 0.0);

    // Without the store, which comes back.
    drop(store);
    let away = record(&server, 2, 2);
    server.expect_metric(FAILED, |failed| failed >= 1.0);
    assert_eq!(server.metric(WAITING), Some(1.0));
    let store = bench.store();
    server.expect_metric(WAITING, |waiting| waiting == 0.0);
    is_in(&store, &away);
    let there = record(&server, 3, 3);
    server.expect_metric(WAITING, |waiting| waiting == 0.0);
    is_in(&store, &there);
    let log = server.log();
    assert_eq!(count(&log, "the store does not take recordings"), 1, "{log}");
    assert_eq!(count(&log, "the store takes recordings again"), 1, "{log}");
    assert_eq!(bench.waiting(), [""; 0]);
    assert_eq!(rclone::objects(&bench.folder, PLACE).len(), 4);

    // What the store has is given to whoever asks here, and removed there.
    let name = format!("{PLACE}/{}.wav", there["recording"].as_str().expect("it has a name"));
    let (status, sound) = bench.ask("GET", &there, "/content");
    assert!(
        status == 200 && sound == store.get(&name),
        "{status}, {} bytes",
        sound.len()
    );
    assert_eq!(bench.ask("DELETE", &there, "").0, 204);
    assert_eq!(rclone::objects(&bench.folder, PLACE).len(), 3);
    assert_eq!(bench.ask("GET", &there, "/content").0, 404);
    server.settle();
    server.stop();
}

#[test]
fn recordings_of_a_server_that_is_killed_are_in_the_store_once_each() {
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    let bench = Bench::new("object_store_killed");
    let mut dice = ChaCha8Rng::seed_from_u64(3);
    let mut store = None;
    for round in 0..KILLS {
        // Away in the first round, there in the others.
        if round > 0 && store.is_none() {
            store = Some(bench.store());
        }
        record_and_kill(bench.server(), round, &mut dice);
    }
    let server = bench.server();
    let all = (KILLS * CALLS) as usize;
    server.expect_metric(WAITING, |waiting| {
        waiting == 0.0 && rclone::objects(&bench.folder, PLACE).len() == all
    });
    assert_eq!(bench.waiting(), [""; 0]);
    let stored: BTreeMap<String, String> = rclone::objects(&bench.folder, PLACE)
        .iter()
        .map(|object| (id(object), hash(&fs::read(object).expect("an object can be read"))))
        .collect();
    assert_eq!(stored.len(), all, "one for each call, and nothing else");
    let (mut kept, mut interrupted) = (BTreeSet::new(), BTreeSet::new());
    for record in server.records() {
        let (told, first) = match record["interrupted_recording"].as_str() {
            Some(id) => {
                // A kill while it is repaired has it told again.
                interrupted.insert(id.to_owned());
                ((id, &record["sha256"]), true)
            }
            None => {
                let recording = &record["recordings"][0];
                let id = recording["recording"].as_str().expect("each call recorded");
                ((id, &recording["sha256"]), kept.insert(id.to_owned()))
            }
        };
        assert!(first, "{} is told twice", told.0);
        assert_eq!(told.1.as_str(), stored.get(told.0).map(String::as_str), "{}", told.0);
    }
    assert!(
        !kept.is_empty() && !interrupted.is_empty(),
        "some hung up in time, and some did not"
    );
    assert!(kept.is_disjoint(&interrupted));
    server.settle();
    server.stop();
}

/// Callers hum, every second one hangs up, and the server is killed about then.
fn record_and_kill(server: Server, round: u64, dice: &mut ChaCha8Rng) {
    let callers: Vec<Hummer> = (0..CALLS)
        .map(|call| Hummer::call(server.sip, Duration::ZERO, 1 + round * CALLS + call))
        .collect();
    callers.iter().for_each(Hummer::wait_answered);
    std::thread::sleep(Duration::from_millis(300));
    for leaving in callers.iter().step_by(2) {
        std::thread::sleep(Duration::from_millis(dice.next_u64() % 200));
        leaving.hang_up();
    }
    std::thread::sleep(Duration::from_millis(dice.next_u64() % 300));
    // SIGKILL: it learns nothing of it.
    drop(server);
}

/// The recording of an object.
fn id(object: &Path) -> String {
    object
        .file_stem()
        .expect("an object has a name")
        .to_string_lossy()
        .into_owned()
}
