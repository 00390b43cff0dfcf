//! Speech that is written down while it is said, by a real recogniser behind a WebSocket: espeak-ng's voice from a real
//! telephone, pocketsphinx in a server of its own in Python (`dictation/recogniser.py`), our example between them.

use crate::lab::{self, Lane, MACHINE};
use crate::linphone::Telephone;
use crate::office::Phone;
use crate::server::{Route, Server, Setup};
use patchcord_media::Clip;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::PoisonError;
use std::time::Duration;

const HANDLER: &str = "examples/transcript";
const RATE: usize = 8_000;

/// The recogniser's process; killed when dropped.
struct Recogniser {
    process: Child,
    port: u16,
}

impl Recogniser {
    fn start(errors: &std::path::Path) -> Self {
        let python = lab::root().join("target/python/bin/python");
        assert!(
            python.exists(),
            "{} with pocketsphinx and websockets is not there: run `make setup`",
            python.display()
        );
        let port = lab::free_port();
        let errors = std::fs::File::create(errors).expect("the test's folder can be written to");
        let mut process = Command::new(python)
            .arg(lab::root().join("tests/interop/dictation/recogniser.py"))
            .arg(port.to_string())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .expect("it can be started");
        let mut said = String::new();
        let output = process.stdout.take().expect("its output is a pipe");
        BufReader::new(output).read_line(&mut said).expect("it says something");
        assert_eq!(said.trim(), "listening");
        Self { process, port }
    }
}

impl Drop for Recogniser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What espeak-ng says, at 8 kHz.
fn spoken(text: &str) -> Vec<i16> {
    let spoken = Command::new("espeak-ng")
        .args(["-v", "en-us", "-s", "150", "--stdout", text])
        .output();
    let mut file = spoken.expect("espeak-ng can be started").stdout;
    // It does not know the length when it begins.
    file[40..44].copy_from_slice(&[0xff; 4]);
    Clip::from_file(&file).expect("a sound file").samples().to_vec()
}

fn silence(time: Duration) -> Vec<i16> {
    vec![0; time.as_millis() as usize * RATE / 1_000]
}

/// What the handler logged of its sentences: the wish, and how many partial texts came before it.
fn sentences(log: &str) -> Vec<(String, u32)> {
    let lines = log
        .lines()
        .filter_map(|line| line.split_once("sentence ")?.1.split_once(": "));
    let parsed = lines.filter_map(|(_, rest)| {
        let (wish, rest) = rest.split_once(" after ")?;
        Some((wish.to_owned(), rest.split_once(' ')?.0.parse().ok()?))
    });
    parsed.collect()
}

#[test]
fn what_a_telephone_says_is_written_down_while_it_is_said() {
    lab::need("linphonec");
    lab::need("espeak-ng");
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    let folder = lab::folder("dictation");
    let recogniser = Recogniser::start(&folder.join("recogniser.log"));
    let sections = format!(
        "[recognition]\nprovider = \"websocket\"\nurl = \"ws://127.0.0.1:{}/listen\"\n",
        recogniser.port
    );
    let setup = Setup {
        sip: "strangers = \"answer\"",
        sections: &sections,
        ..Setup::default()
    };
    let routes = [Route {
        to: "*",
        handler: HANDLER,
    }];
    let server = Server::start_with(&folder, &Lane::take(), &routes, &setup);
    let second = Duration::from_secs(1);
    // Behind each sentence there is time for the answer.
    let speech = [
        silence(3 * second),
        spoken("weather"),
        silence(4 * second),
        spoken("operator"),
        silence(30 * second),
    ]
    .concat();
    let phone_folder = lab::folder("dictation_phone");
    let mut telephone = Telephone::start(&phone_folder, &Lane::far_end(), &speech, None);
    telephone.dial(&format!("sip:transcript@{}", server.sip));
    telephone.wait_talking();
    // The handler hangs up once it has heard the second sentence.
    telephone.wait_hung_up();
    telephone.finish();
    let records = server.expect_records(1);
    let log = std::fs::read_to_string(folder.join("server.log")).expect("the server writes a log");
    let sentences = sentences(&log);
    let wishes: Vec<&str> = sentences.iter().map(|(wish, _)| wish.as_str()).collect();
    assert_eq!(wishes, ["Weather", "Operator"], "{log}");
    let counts: Vec<u32> = sentences.iter().map(|(_, count)| *count).collect();
    assert!(
        counts[0] > 0 && counts[1] > counts[0],
        "partial texts before each: {log}"
    );
    let recognition = &records[0]["recognitions"][0];
    assert_eq!(recognition["ended_by"], "stopped");
    assert_eq!(
        (&recognition["finals"], &recognition["connections"]),
        (&Value::from(2), &Value::from(1))
    );
    assert_eq!(
        (&recognition["dropped_ms"], &recognition["ignored"]),
        (&Value::from(0), &Value::from(0))
    );
    assert!(!log.contains("weather"), "what was said is in no log: {log}");
    server.settle();
    server.stop();
}
