//! Real programs and a web server on loopback as voices: what they say, what is remembered, and everything they can do wrong.

use super::*;
use crate::hosted::HostedServer;
use crate::shard_threads::{Heard, Outbox};
use crate::sounds::{SOUND_BYTES, Sound, WAITING_OF_TENANT};
use crate::testing::{self, Folder};
use crate::web::WebAddress;
use patchcord_control::ids::Tenant;
use patchcord_media::{Clip, measure, write_wav};
use patchcord_switch::Query;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::time::Instant;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

struct Rig {
    outbox: Outbox,
    queue: SpeechQueue,
    figures: Arc<SoundFigures>,
    // Ends before the shard's end of its queue.
    _thread: AsyncThread,
}

fn rig(config: SpeechConfig) -> Rig {
    let (inbox, outbox) = Inbox::new();
    let figures = Arc::new(SoundFigures::default());
    let (thread, queue) = start(&config, &[inbox], &figures).unwrap().unwrap();
    Rig {
        outbox,
        queue,
        figures,
        _thread: thread,
    }
}

fn text(piece: &str) -> ToSpeak {
    ToSpeak {
        tenant: Tenant("default".to_owned()),
        piece: piece.to_owned().into(),
        language: None,
        voice: None,
    }
}

impl Rig {
    fn ask(&self, number: u64, wanted: ToSpeak) {
        speak(Some(&self.queue), (0, Query(number)), wanted).unwrap();
    }

    fn answer(&self) -> (u64, Sound) {
        match self.outbox.heard(PATIENCE) {
            Some(Heard::Spoken(query, sound)) => (query.0, sound),
            other => panic!("no sound but {other:?}"),
        }
    }

    fn say(&self, wanted: ToSpeak) -> Sound {
        self.ask(7, wanted);
        let (number, sound) = self.answer();
        assert_eq!(number, 7);
        sound
    }
}

/// A voice that is a few lines of shell.
fn script(folder: &Folder, lines: &str) -> SpeechConfig {
    program(&folder.script("voice.sh", lines))
}

fn program(path: &Path) -> SpeechConfig {
    SpeechConfig {
        voice: VoiceConfig::Program(path.to_owned()),
        ..SpeechConfig::default()
    }
}

/// A voice that beeps for so many milliseconds.
fn beep(ms: usize) -> Vec<u8> {
    let samples: Vec<i16> = (0..ms * 8).map(|at| if at % 16 < 8 { 8_000 } else { -8_000 }).collect();
    write_wav(8_000, &samples)
}

fn ms(clip: &Clip) -> u128 {
    clip.duration().as_millis()
}

#[test]
fn espeak_ng_speaks_with_all_the_marks_that_texts_may_have() {
    let rig = rig(SpeechConfig::default());
    let plain = rig.say(text("Hello &amp; welcome.")).unwrap();
    assert!((600..3_000).contains(&ms(&plain)), "{plain:?}");
    assert!(measure::level_dbfs(plain.samples()) > -35.0, "{plain:?}");
    let paused = rig.say(text("Hello &amp; <break time=\"2s\"/>welcome.")).unwrap();
    assert!(ms(&paused) > ms(&plain) + 1_500, "{paused:?} {plain:?}");
    let slow = rig
        .say(text("<prosody rate=\"50%\">Hello &amp; welcome.</prosody>"))
        .unwrap();
    assert!(ms(&slow) > ms(&plain) * 5 / 4, "{slow:?} {plain:?}");
    let word = rig
        .say(text("<say-as interpret-as=\"cardinal\">1234</say-as>"))
        .unwrap();
    let letters = rig
        .say(text("<say-as interpret-as=\"characters\">1234</say-as>"))
        .unwrap();
    assert_ne!(ms(&word), ms(&letters));
    let german = ToSpeak {
        language: Some("de-AT".to_owned()),
        ..text("Hello &amp; welcome.")
    };
    assert_ne!(rig.say(german).unwrap().samples(), plain.samples());
    assert_eq!(rig.figures.failed.get(), 0);
}

#[test]
fn a_voice_that_espeak_ng_does_not_have_is_named() {
    let rig = rig(SpeechConfig::default());
    let strange = ToSpeak {
        voice: Some("nobody".to_owned()),
        ..text("Hello.")
    };
    assert_eq!(
        rig.say(strange),
        Err("espeak-ng ended with 1; is there a voice \"nobody\"?".to_owned())
    );
    assert_eq!(rig.figures.failed.get(), 1);
}

#[test]
fn a_text_is_made_once_and_then_remembered() {
    let folder = Folder::new("speech");
    folder.file("beep.wav", &beep(200));
    let here = folder.path().display();
    // A second run would find nothing to take away.
    let config = script(
        &folder,
        &format!("cat >/dev/null; rm {here}/token && cat {here}/beep.wav"),
    );
    folder.file("token", b"");
    let rig = rig(config);
    assert_eq!(ms(&rig.say(text("Hello.")).unwrap()), 200);
    assert_eq!(ms(&rig.say(text("Hello.")).unwrap()), 200);
    assert_eq!((rig.figures.asked.get(), rig.figures.remembered.get()), (2, 1));
    // Run again it finds no token: another tenant's text is another text.
    let other = ToSpeak {
        tenant: Tenant("other".to_owned()),
        ..text("Hello.")
    };
    assert!(rig.say(other).is_err());
    assert_eq!((rig.figures.remembered.get(), rig.figures.failed.get()), (1, 1));
}

#[test]
fn the_same_text_that_several_wait_for_is_made_once() {
    let folder = Folder::new("speech");
    folder.file("beep.wav", &beep(200));
    let here = folder.path().display();
    // It waits until the test lets it go on.
    let config = script(
        &folder,
        &format!("cat >/dev/null; until [ -e {here}/go ]; do sleep 0.02; done; rm {here}/go; cat {here}/beep.wav"),
    );
    let rig = rig(config);
    (0..5).for_each(|number| rig.ask(number, text("Hello.")));
    folder.file("go", b"");
    for _ in 0..5 {
        assert_eq!(ms(&rig.answer().1.unwrap()), 200);
    }
    assert_eq!((rig.figures.asked.get(), rig.figures.remembered.get()), (5, 4));
}

#[test]
fn a_program_that_hangs_is_killed_with_all_it_started() {
    let folder = Folder::new("speech");
    let here = folder.path().display();
    // A shell of its own that waits, and the voice waits, too; both name the folder.
    let config = script(&folder, &format!("sh -c 'sleep 600; :' {here} &\nsleep 600; :"));
    let rig = rig(SpeechConfig {
        time: Duration::from_secs(3),
        ..config
    });
    rig.ask(1, text("Hello."));
    let begun = Instant::now();
    while running(folder.path()) < 2 {
        assert!(begun.elapsed() < PATIENCE, "it was never begun");
        std::thread::sleep(Duration::from_millis(5));
    }
    let late = Err("it was not spoken within 3000 ms".to_owned());
    assert_eq!(rig.answer(), (1, late));
    while running(folder.path()) > 0 {
        assert!(begun.elapsed() < PATIENCE, "something of it is still alive");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Processes whose command line names a path.
fn running(path: &Path) -> usize {
    let name = path.to_str().unwrap();
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let lines = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
    lines
        .filter(|line| String::from_utf8_lossy(line).contains(name))
        .count()
}

#[test]
fn what_a_program_can_do_wrong_is_said_and_nothing_of_the_text() {
    let folder = Folder::new("speech");
    for (lines, reason) in [
        (
            "cat >/dev/null; echo no sound",
            "what came as its sound is not one: it begins like no sound file",
        ),
        ("exit 3", "voice.sh ended with 3; is there a voice \"en\"?"),
        (
            "kill -9 $$",
            "voice.sh was killed; it took more memory or time than it may",
        ),
        (
            "cat >/dev/null; cat /dev/zero",
            "what it gives is larger than 16384 KiB",
        ),
        (
            "[ \"$(ulimit -v) $(ulimit -t) $(ulimit -n) $(ulimit -f) $(ulimit -c)\" = '524288 20 32 131072 0' ] && exit 9",
            "voice.sh ended with 9",
        ),
    ] {
        let rig = rig(script(&folder, lines));
        let error = rig.say(text("My code is 4711.")).unwrap_err();
        assert!(error.contains(reason), "{lines}: {error}");
        assert!(!error.contains("4711"), "{error}");
    }
    let missing = rig(program(&folder.path().join("nothing")));
    assert_eq!(
        missing.say(text("Hello.")),
        Err("the program nothing is not there or cannot be run".to_owned())
    );
    let mute = rig(script(&folder, "cat >/dev/null"));
    assert_eq!(ms(&mute.say(text("<p/>")).unwrap()), 0);
}

#[test]
fn a_program_sees_nothing_of_our_environment_and_the_text_only_as_input() {
    let folder = Folder::new("speech");
    folder.file("beep.wav", &beep(100));
    let here = folder.path().display();
    let config = script(
        &folder,
        &format!(
            "[ -z \"$CARGO_MANIFEST_DIR\" ] || exit 4\n[ \"$*\" = '-v de+f2 -b 1 -m --stdin --stdout' ] || exit 5\n\
         [ \"$(cat)\" = '<speak>Hi <break/></speak>' ] || exit 6\n[ \"$(pwd)\" = / ] || exit 8\ncat {here}/beep.wav"
        ),
    );
    let wanted = ToSpeak {
        voice: Some("de+f2".to_owned()),
        ..text("Hi <break/>")
    };
    assert_eq!(rig(config).say(wanted).map(|clip| ms(&clip)), Ok(100));
}

#[test]
fn a_flood_is_bounded_and_every_text_is_answered() {
    let folder = Folder::new("speech");
    let rig = rig(SpeechConfig {
        time: Duration::from_millis(300),
        ..script(&folder, "sleep 600")
    });
    let wish = |number: u64| speak(Some(&rig.queue), (0, Query(number)), text(&number.to_string())).is_ok();
    let taken = (0..4_000).filter(|number| wish(*number)).count();
    for _ in 0..taken {
        assert!(rig.answer().1.is_err());
    }
    assert!(rig.figures.dropped.get() > 0);
    assert!(rig.outbox.heard(Duration::ZERO).is_none());
}

#[test]
fn one_tenant_leaves_room_for_others() {
    let folder = Folder::new("speech");
    folder.file("beep.wav", &beep(100));
    let here = folder.path().display();
    let config = script(
        &folder,
        &format!("cat >/dev/null; until [ -e {here}/go ]; do sleep 0.02; done; cat {here}/beep.wav"),
    );
    let rig = rig(config);
    let mut refused = Vec::new();
    // The queue to the thread is shorter than what one tenant may have waiting.
    for number in 0..=WAITING_OF_TENANT as u64 {
        while speak(Some(&rig.queue), (0, Query(number)), text("Hello.")).is_err() {
            std::thread::yield_now();
        }
    }
    refused.push(rig.answer());
    assert_eq!(refused, [(WAITING_OF_TENANT as u64, Err(Speaker::BUSY.to_owned()))]);
    let other = ToSpeak {
        tenant: Tenant("other".to_owned()),
        ..text("Hello.")
    };
    rig.ask(9_999, other);
    folder.file("go", b"");
    let answers: Vec<_> = (0..=WAITING_OF_TENANT).map(|_| rig.answer()).collect();
    assert!(answers.iter().all(|(_, sound)| sound.is_ok()));
    assert!(answers.iter().any(|(number, _)| *number == 9_999));
}

#[test]
fn nobody_speaks_on_a_node_that_is_to_be_mute() {
    let mute = SpeechConfig {
        voice: VoiceConfig::Nobody,
        ..SpeechConfig::default()
    };
    assert!(start(&mute, &[], &Arc::default()).unwrap().is_none());
    assert_eq!(speak(None, (0, Query(1)), text("Hello.")), Err(NOBODY));
}

/// A web server that gives every request the same answer; the requests it read.
fn serve(answer: Vec<u8>) -> (HostedServer, std::sync::mpsc::Receiver<Vec<u8>>) {
    let (port, requests) = testing::serve(move |_| answer.clone(), b"</speak>");
    let server = HostedServer {
        address: WebAddress::parse(&format!("http://127.0.0.1:{port}/speak?rate=8000")).unwrap(),
        headers: vec![(
            "x-key".parse().unwrap(),
            hyper::header::HeaderValue::from_static("secret").into(),
        )],
        roots: None,
    };
    (server, requests)
}

fn hosted(server: HostedServer) -> SpeechConfig {
    SpeechConfig {
        voice: VoiceConfig::Server(server),
        language: "en-GB".to_owned(),
        ..SpeechConfig::default()
    }
}

fn ok(body: &[u8]) -> Vec<u8> {
    testing::ok("audio/wav", body)
}

#[test]
fn a_server_of_voices_is_sent_ssml_and_its_sound_is_heard() {
    let (server, requests) = serve(ok(&beep(300)));
    let rig = rig(hosted(server));
    let wanted = ToSpeak {
        voice: Some("Anna 2".to_owned()),
        ..text("Hi <break time=\"1s\"/>&amp; ho")
    };
    assert_eq!(ms(&rig.say(wanted.clone()).unwrap()), 300);
    let request = String::from_utf8(requests.recv_timeout(PATIENCE).unwrap()).unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let head = head.to_ascii_lowercase();
    assert!(head.starts_with("post /speak?rate=8000 http/1.1\r\n"), "{head}");
    for line in ["x-key: secret", "content-type: application/ssml+xml", "accept: audio/*"] {
        assert!(head.contains(line), "{line}: {head}");
    }
    assert_eq!(
        body,
        "<speak version=\"1.0\" xmlns=\"http://www.w3.org/2001/10/synthesis\" xml:lang=\"en-GB\">\
         <voice name=\"Anna 2\">Hi <break time=\"1s\"/>&amp; ho</voice></speak>"
    );
    // Remembered: nothing is asked again.
    assert_eq!(ms(&rig.say(wanted).unwrap()), 300);
    assert!(requests.try_recv().is_err());
}

#[test]
fn what_a_server_can_do_wrong_is_said_and_nothing_of_the_text() {
    for (answer, reason) in [
        (
            b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n".to_vec(),
            "answered with 401",
        ),
        (
            b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n".to_vec(),
            "answered with 302",
        ),
        (ok(b"Hello."), "not one: it begins like no sound file"),
        (b"SIP/2.0 200 OK\r\n\r\n".to_vec(), "cannot be reached, or broke off"),
        (ok(&vec![0; SOUND_BYTES + 1]), "larger than 16 MiB"),
    ] {
        let (server, _requests) = serve(answer);
        let error = rig(hosted(server)).say(text("My code is 4711.")).unwrap_err();
        assert!(error.contains(reason), "{reason}: {error}");
        assert!(!error.contains("4711") && !error.contains("secret"), "{error}");
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let silent = WebAddress::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    let (server, _requests) = serve(Vec::new());
    let rig = rig(SpeechConfig {
        time: Duration::from_millis(300),
        ..hosted(HostedServer {
            address: silent,
            ..server
        })
    });
    assert_eq!(
        rig.say(text("Hello.")),
        Err("it was not spoken within 300 ms".to_owned())
    );
}
