//! The real pocketsphinx hearing the real espeak-ng, programs that do everything wrong, and a web server on loopback.

use super::*;
use crate::shard_threads::{Heard as Told, Outbox};
use crate::testing::{self, Folder};
use crate::web::WebAddress;
use patchcord_control::words::Said;
use patchcord_media::{Clip, FRAME_SAMPLES, Law, Utterance, g711, is_sound};
use patchcord_switch::Query;
use std::path::PathBuf;
use std::process::Command;
use std::sync::mpsc::Receiver;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);
/// What is left of silence around something said, in samples.
const MARGIN: usize = 15 * FRAME_SAMPLES;

struct Rig {
    outbox: Outbox,
    queue: RecognitionQueue,
    figures: Arc<RecognitionFigures>,
    // Ends before the shard's end of its queue.
    _thread: AsyncThread,
}

fn rig(config: RecognitionConfig) -> Rig {
    let (inbox, outbox) = Inbox::new();
    let figures = Arc::new(RecognitionFigures::default());
    let (thread, queue) = start(&config, None, &[inbox], &figures).unwrap().unwrap();
    Rig {
        outbox,
        queue,
        figures,
        _thread: thread,
    }
}

impl Rig {
    fn ask(&self, number: u64, wanted: ToRecognise) {
        recognise(Some(&self.queue), (0, Query(number)), wanted).unwrap();
    }

    fn answer(&self) -> (u64, Recognised) {
        match self.outbox.heard(PATIENCE) {
            Some(Told::Recognised(query, heard)) => (query.0, heard),
            other => panic!("no answer but {other:?}"),
        }
    }

    fn hear(&self, wanted: ToRecognise) -> Recognised {
        self.ask(7, wanted);
        let (number, heard) = self.answer();
        assert_eq!(number, 7);
        heard
    }
}

/// What espeak-ng says, as it comes over a telephone line.
fn said(text: &str) -> Utterance {
    let spoken = Command::new("espeak-ng")
        .args(["-v", "en-us", "-s", "150", "--stdout", text])
        .output();
    let mut file = spoken.expect("espeak-ng is installed; make setup does it").stdout;
    file[40..44].copy_from_slice(&[0xff; 4]);
    let clip = Clip::from_file(&file).unwrap();
    let law = Law::Pcmu;
    let line = clip.samples().iter();
    let line: Vec<i16> = line
        .map(|sample| g711::samples_of(law)[usize::from(g711::encode(law, *sample / 2))])
        .collect();
    // Cut as the media engine cuts it.
    let frames = line.as_chunks::<FRAME_SAMPLES>().0;
    let first = frames.iter().position(|frame| is_sound(frame)).unwrap();
    let last = frames.iter().rposition(|frame| is_sound(frame)).unwrap();
    let silence = vec![0; MARGIN];
    Utterance::new([&silence[..], frames[first..=last].as_flattened(), &silence].concat())
}

fn wanted(sound: Utterance, phrases: &[&str], digits: u8) -> ToRecognise {
    ToRecognise {
        tenant: Tenant("default".to_owned()),
        sound,
        phrases: phrases.iter().map(|phrase| (*phrase).to_owned().into()).collect(),
        digits,
        language: None,
    }
}

/// The phrase and how sure it is; none if it is none of them.
fn phrase(heard: &Recognised) -> Option<(&str, u8)> {
    match heard.as_ref().expect("it is recognised") {
        Heard::Said(Said { phrase, confidence }) => Some((phrase.reveal(), *confidence)),
        Heard::NoMatch => None,
    }
}

#[test]
fn pocketsphinx_tells_the_phrases_apart_as_a_telephone_line_carries_them() {
    let rig = rig(RecognitionConfig::default());
    for phrases in [
        &["sales", "support", "operator", "yes", "no"][..],
        &["accounts", "technical support", "opening hours"],
    ] {
        for text in phrases {
            let heard = rig.hear(wanted(said(text), phrases, 0));
            let (phrase, sure) = phrase(&heard).unwrap_or_else(|| panic!("{text} is not heard"));
            assert!(
                phrase == *text && (50..=100).contains(&sure),
                "{text}: {phrase}, {sure}"
            );
        }
    }
    for (text, digit) in [
        ("zero", "0"),
        ("one", "1"),
        ("two", "2"),
        ("three", "3"),
        ("four", "4"),
        ("five", "5"),
        ("nine", "9"),
    ] {
        let heard = rig.hear(wanted(said(text), &["operator"], 1));
        assert_eq!(phrase(&heard).map(|(digit, _)| digit), Some(digit), "{text}");
    }
    assert_eq!(rig.figures.sounds.get(), 15);
    assert_eq!((rig.figures.failed.get(), rig.figures.unmatched.get()), (0, 0));
}

#[test]
fn silence_noise_and_what_was_not_asked_for_match_nothing() {
    let rig = rig(RecognitionConfig::default());
    let mut state = 1u32;
    let mut noise = |most: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((state >> 16) % (2 * most + 1)) as i16 - most as i16
    };
    let hiss: Vec<i16> = (0..9_600).map(|_| noise(2_000)).collect();
    let hum: Vec<i16> = (0..9_600)
        .map(|at| ((f64::from(at) * 0.3).sin() * 8_000.0) as i16)
        .collect();
    let phrases = ["accounts", "technical support", "opening hours"];
    let mut sounds: Vec<Utterance> = [vec![0; 9_600], hiss, hum, Vec::new(), vec![1; 7]]
        .map(Utterance::new)
        .into();
    sounds.extend(["good morning", "what do you mean", "customer service"].map(said));
    for (number, sound) in sounds.into_iter().enumerate() {
        assert_eq!(phrase(&rig.hear(wanted(sound, &phrases, 0))), None, "number {number}");
    }
    assert_eq!((rig.figures.failed.get(), rig.figures.unmatched.get()), (0, 8));
    // However like "no" it is: nobody takes a second to say that.
    assert_eq!(
        phrase(&rig.hear(wanted(said("customer service"), &["yes", "no"], 0))),
        None
    );
}

#[test]
fn a_word_that_is_not_known_and_a_language_without_a_model_are_named() {
    let rig = rig(RecognitionConfig::default());
    let sound = Utterance::new(vec![0; 8_000]);
    assert_eq!(
        rig.hear(wanted(sound.clone(), &["sales", "the frobnicator"], 0)),
        Err("the word \"frobnicator\" is not in the dictionary".to_owned())
    );
    let german = ToRecognise {
        language: Some("de-AT".to_owned()),
        ..wanted(sound.clone(), &["sales"], 0)
    };
    let why = "there is no model for the language \"de-AT\" here, only for \"en\"";
    assert_eq!(rig.hear(german), Err(why.to_owned()));
    let british = ToRecognise {
        language: Some("en-GB".to_owned()),
        ..wanted(sound, &["Sales", "don\u{2019}t"], 2)
    };
    assert_eq!(rig.hear(british), Ok(Heard::NoMatch));
    assert_eq!(rig.figures.failed.get(), 2);
}

/// A program that is a few lines of shell in place of pocketsphinx, in a folder of its own.
fn script(folder: &Folder, lines: &str) -> RecognitionConfig {
    let program = folder.script("ear.sh", lines);
    RecognitionConfig {
        recogniser: RecogniserConfig::Pocketsphinx(PocketsphinxConfig {
            program,
            ..PocketsphinxConfig::default()
        }),
        ..RecognitionConfig::default()
    }
}

#[test]
fn what_a_program_can_do_wrong_is_said_and_nothing_of_what_was_said() {
    let folder = Folder::new("recognition");
    for (lines, reason) in [
        ("exit 3", "ear.sh ended with 3; is its model one for sound at 16 kHz?"),
        ("exit 0", "the program that recognises gave no answer"),
        ("echo sales", "gave no answer"),
        ("echo 'sales (stdin x)'", "gave no answer"),
        ("kill -9 $$", "ear.sh was killed"),
        ("cat /dev/zero", "what it gives is larger than 16 KiB"),
        ("exec /no/such/program", "ear.sh is not there or cannot be run"),
        (
            "head -c 100000000 /dev/zero >\"$0.full\"; exit 5",
            "ear.sh ended with 5",
        ),
    ] {
        let heard = rig(script(&folder, lines)).hear(wanted(said("sales"), &["sales"], 0));
        let error = heard.unwrap_err();
        assert!(error.contains(reason), "{lines}: {error}");
        assert!(!error.contains("sales"), "{error}");
    }
    let nothing = script(&folder, "echo ' (stdin -200)'");
    assert_eq!(
        rig(nothing).hear(wanted(said("sales"), &["sales"], 0)),
        Ok(Heard::NoMatch)
    );
}

#[test]
fn a_program_that_hangs_is_killed_with_all_it_started() {
    let folder = Folder::new("recognition");
    let marks = folder.path().join("alive");
    // A grandchild would go on; it has the program's group.
    let lines = format!("(while :; do date +%N >>{0}; sleep 0.05; done) & wait", marks.display());
    let rig = rig(RecognitionConfig {
        time: Duration::from_millis(500),
        at_once: 1,
        ..script(&folder, &lines)
    });
    for _ in 0..2 {
        let heard = rig.hear(wanted(said("no"), &["no"], 0));
        assert_eq!(heard, Err("it was not recognised within 500 ms".to_owned()));
    }
    let size = || std::fs::metadata(&marks).map_or(0, |file| file.len());
    let before = size();
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(before, size(), "something of it is alive");
}

#[test]
fn a_node_without_a_recogniser_says_why() {
    let missing = |config: PocketsphinxConfig| {
        let rig = rig(RecognitionConfig {
            recogniser: RecogniserConfig::Pocketsphinx(config),
            ..RecognitionConfig::default()
        });
        rig.hear(wanted(said("no"), &["no"], 0)).unwrap_err()
    };
    let nowhere = || PathBuf::from("/no/such/place");
    let usual = PocketsphinxConfig::default;
    for (config, reason) in [
        (
            PocketsphinxConfig {
                program: nowhere(),
                ..usual()
            },
            "the program /no/such/place is not there",
        ),
        (
            PocketsphinxConfig {
                model: nowhere(),
                ..usual()
            },
            "/no/such/place: No such file",
        ),
        (
            PocketsphinxConfig {
                dictionary: nowhere(),
                ..usual()
            },
            "/no/such/place: No such file",
        ),
    ] {
        let why = missing(config);
        assert!(why.contains(reason), "{why}");
    }
    let deaf = RecognitionConfig {
        recogniser: RecogniserConfig::Nobody,
        ..RecognitionConfig::default()
    };
    assert!(start(&deaf, None, &[], &Arc::default()).unwrap().is_none());
    let sound = wanted(Utterance::new(Vec::new()), &["no"], 0);
    assert_eq!(recognise(None, (0, Query(1)), sound), Err(NOBODY));
}

#[test]
fn too_much_at_once_is_refused_and_one_tenant_leaves_room_for_others() {
    let folder = Folder::new("recognition");
    let rig = rig(RecognitionConfig {
        time: Duration::from_secs(60),
        at_once: 1,
        ..script(&folder, "sleep 60")
    });
    let sound = || wanted(Utterance::new(Vec::new()), &["no"], 0);
    let mut number = 0;
    let mut ask = |wanted: &ToRecognise| {
        number += 1;
        // The queue to the thread is shorter than what may wait: it is emptied meanwhile.
        while recognise(Some(&rig.queue), (0, Query(number)), wanted.clone()).is_err() {
            std::thread::sleep(Duration::from_millis(1));
        }
        number
    };
    // One is being recognised beside those that wait.
    for _ in 0..=WAITING_OF_TENANT {
        ask(&sound());
    }
    let one_more = ask(&sound());
    assert_eq!(rig.answer(), (one_more, Err(BUSY.to_owned())));
    let other = ToRecognise {
        tenant: Tenant("other".to_owned()),
        ..sound()
    };
    for _ in WAITING_OF_TENANT..WAITING {
        ask(&other);
    }
    let one_more = ask(&other);
    assert_eq!(rig.answer(), (one_more, Err(BUSY.to_owned())));
    assert_eq!(rig.figures.failed.get(), 2);
}

/// A web server that answers forms; the requests it read.
fn serve_with(answer: impl Fn(&[u8]) -> Vec<u8> + Send + 'static) -> (HostedServer, Receiver<Vec<u8>>) {
    let (port, requests) = testing::serve(answer, b"--\r\n");
    let server = HostedServer {
        address: WebAddress::parse(&format!("http://127.0.0.1:{port}/inference")).unwrap(),
        headers: Vec::new(),
        roots: None,
    };
    (server, requests)
}

fn serve(answer: Vec<u8>) -> (HostedServer, Receiver<Vec<u8>>) {
    serve_with(move |_| answer.clone())
}

fn hosted(server: HostedServer) -> RecognitionConfig {
    RecognitionConfig {
        recogniser: RecogniserConfig::Server(server, vec![("model".to_owned(), "small".to_owned().into())]),
        ..RecognitionConfig::default()
    }
}

fn ok(body: &str) -> Vec<u8> {
    testing::ok("application/json", body.as_bytes())
}

#[test]
fn a_server_is_sent_a_form_with_the_sound_and_its_text_is_looked_up() {
    let (server, requests) = serve(ok(
        "{\"text\": \" Sales, please.\", \"confidence\": 0.83, \"language\": \"en\"}",
    ));
    let rig = rig(hosted(server));
    let sound = said("sales");
    let heard = rig.hear(wanted(sound.clone(), &["sales", "support"], 3));
    assert_eq!(phrase(&heard), Some(("sales", 83)));
    let request = requests.recv_timeout(PATIENCE).unwrap();
    let text = String::from_utf8_lossy(&request);
    assert!(text.starts_with("POST /inference HTTP/1.1\r\n"), "{text}");
    for (name, value) in [
        ("language", "en"),
        ("prompt", "sales, support"),
        ("response_format", "json"),
        ("digits", "3"),
        ("model", "small"),
    ] {
        let field = format!("Content-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n--");
        assert!(text.contains(&field), "{name}: {text}");
    }
    assert!(text.contains("[\"sales\",\"support\"]"), "{text}");
    let wav = patchcord_media::write_wav(8_000, sound.samples());
    assert!(request.windows(wav.len()).any(|part| part == wav), "the sound is in it");
}

#[test]
fn what_a_server_can_do_wrong_is_said_and_nothing_of_what_was_said() {
    for (answer, reason) in [
        (
            b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n".to_vec(),
            "answered with 401",
        ),
        (ok("my code is 4711"), "answered with no JSON that has a text"),
        (ok("{\"text\": 4711}"), "answered with no JSON that has a text"),
        (ok(&" ".repeat(64 * 1024 + 1)), "larger than 64 KiB"),
        (b"SIP/2.0 200 OK\r\n\r\n".to_vec(), "cannot be reached, or broke off"),
    ] {
        let (server, _requests) = serve(answer);
        let error = rig(hosted(server)).hear(wanted(said("no"), &["no"], 0)).unwrap_err();
        assert!(error.contains(reason) && !error.contains("4711"), "{reason}: {error}");
    }
    let (server, _requests) = serve(ok("{\"text\": \"something else\"}"));
    assert_eq!(
        rig(hosted(server)).hear(wanted(said("no"), &["no"], 0)),
        Ok(Heard::NoMatch)
    );
}

/// What comes after `mark` in a form, up to `end`.
fn after<'f>(form: &'f [u8], mark: &[u8], end: &[u8]) -> &'f [u8] {
    let find = |from: &[u8], what: &[u8]| from.windows(what.len()).position(|part| part == what).unwrap();
    let rest = &form[find(form, mark) + mark.len()..];
    &rest[..find(rest, end)]
}

/// A real recogniser behind a web server: it takes the sound and the phrases from the form and asks pocketsphinx.
fn transcribe(form: &[u8]) -> Vec<u8> {
    let phrases: Vec<String> = serde_json::from_slice(after(form, b"application/json\r\n\r\n", b"\r\n--")).unwrap();
    let wav = after(form, b"audio/wav\r\n\r\n", b"\r\n--");
    let sound = Utterance::new(Clip::from_wav(wav).unwrap().samples().to_vec());
    let phrases: Vec<&str> = phrases.iter().map(String::as_str).collect();
    let program = Pocketsphinx::new(&PocketsphinxConfig::default(), "en").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let heard = runtime.block_on(program.recognise(&wanted(sound, &phrases, 0), "en"));
    let text = phrase(&heard).map_or("nothing", |(phrase, _)| phrase);
    ok(&serde_json::json!({ "text": format!("{text}.") }).to_string())
}

#[test]
fn a_real_recogniser_behind_a_server_hears_the_sound_as_it_was() {
    let (server, _requests) = serve_with(transcribe);
    let rig = rig(hosted(server));
    for word in ["support", "operator", "yes"] {
        let heard = rig.hear(wanted(said(word), &["support", "operator", "yes", "no"], 0));
        assert_eq!(phrase(&heard), Some((word, 100)));
    }
}
