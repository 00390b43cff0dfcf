//! Foreign telephones in wide band and under SRTP: baresip with Opus, G.722 and L16, alone with us and with each other
//! through us.

use crate::baresip::{Manner, RATE, Telephone};
use crate::lab::{self, Lane, MACHINE};
use crate::office::{self, DOMAIN, PASSWORD, Phone};
use crate::office_tests::OFFICE;
use crate::reading;
use crate::server::{Route, Server, Setup};
use crate::{MENU, TONES_HZ};
use patchcord_media::measure;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

const OPUS: &str = "opus/48000/2";
const G722: &str = "G722/16000/1";
const L16: &str = "L16/16000/1";

fn manner(codecs: &'static str) -> Manner {
    Manner {
        codecs,
        ..Manner::default()
    }
}

/// Whether the telephone says that it coded so.
fn assert_coded(telephone: &Telephone, codec: &str) {
    let name = codec.split('/').next().expect("a name");
    let log = telephone.log();
    assert!(
        log.contains(&format!("Set audio encoder: {name}")) && log.contains(&format!("Set audio decoder: {name}")),
        "{codec}: {log}"
    );
}

/// It speaks into the prompt, presses a key, and has heard the prompt and the tone of its choice.
#[test]
fn a_telephone_hears_the_menu_in_wide_band() {
    lab::need("baresip");
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    let setup = Setup {
        sip: "strangers = \"answer\"",
        media: "codecs = [\"opus\", \"G722\", \"L16/16000\", \"PCMU\"]",
        ..Setup::default()
    };
    let folder = lab::folder("wide_band");
    let server = Server::start_with(&folder, &Lane::take(), &[Route { to: "*", handler: MENU }], &setup);
    let prompt = reading::wav(&lab::root().join(MENU).join("prompts/menu.wav"));
    // One after the other in the same place.
    let desk = Lane::far_end();
    for (n, codec) in [OPUS, G722, L16].into_iter().enumerate() {
        let folder = lab::folder(&format!("wide_band_{n}"));
        let mut telephone = Telephone::with(&folder, &desk, &prompt, None, manner(codec));
        telephone.dial(&format!("sip:menu@{}", server.sip));
        telephone.expect("CALL_ESTABLISHED", Duration::from_secs(5));
        let spoken = prompt.len() as u64 * 1_000 / u64::from(RATE);
        std::thread::sleep(Duration::from_millis(spoken + 300));
        telephone.press('1');
        telephone.expect("CALL_CLOSED", Duration::from_secs(15));
        assert_coded(&telephone, codec);
        let heard = telephone.finish();
        let found = measure::find(&prompt, &heard).expect("the recording is longer than the prompt");
        // Opus models speech and does not copy it.
        let least = if codec == OPUS { 0.8 } else { 0.9 };
        assert!(
            found.correlation > least,
            "{codec}: the prompt with {:.3}",
            found.correlation
        );
        let after = &heard[found.lag + prompt.len()..];
        assert_eq!(
            reading::tone(after, RATE, TONES_HZ),
            Some(TONES_HZ[0]),
            "{codec}: the first choice"
        );
        let records = server.expect_records(n + 1);
        assert_eq!(
            reading::media(&records[n], "keys"),
            Some(1),
            "{codec}: the key was heard once"
        );
    }
    server.settle();
    server.stop();
}

/// Packets that a telephone says it sent and received in its last call.
fn packets(telephone: &Telephone) -> [u64; 2] {
    let log = telephone.log();
    let line = log.lines().rfind(|line| line.starts_with("packets:"));
    let line = line.unwrap_or_else(|| panic!("it counts its packets: {log}"));
    let mut numbers = line.split_ascii_whitespace().skip(1).map(|word| word.parse());
    [(); 2].map(|()| {
        numbers
            .next()
            .and_then(Result::ok)
            .unwrap_or_else(|| panic!("two numbers: {line}"))
    })
}

/// What it asks for by `a=ptime` it gets, in numbers that it counts itself, and it sends what we ask for.
#[test]
fn a_telephone_gets_packets_as_long_as_it_asks_for() {
    lab::need("baresip");
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    let ours = 60;
    let setup = Setup {
        sip: "strangers = \"answer\"",
        media: "codecs = [\"opus\", \"G722\", \"PCMU\", \"PCMA\"]\nptime_ms = 60",
        ..Setup::default()
    };
    let folder = lab::folder("packet_times");
    let server = Server::start_with(&folder, &Lane::take(), &[Route { to: "*", handler: MENU }], &setup);
    let prompt = reading::wav(&lab::root().join(MENU).join("prompts/menu.wav"));
    let desk = Lane::far_end();
    let wishes = [("PCMU/8000/1", 40), ("PCMA/8000/1", 10), (G722, 30), (OPUS, 40)];
    for (n, (codec, theirs)) in wishes.into_iter().enumerate() {
        let what = format!("{codec} in packets of {theirs} ms");
        let manner = Manner {
            ptime_ms: Some(theirs),
            ..manner(codec)
        };
        let folder = lab::folder(&format!("packet_times_{n}"));
        let mut telephone = Telephone::with(&folder, &desk, &prompt, None, manner);
        telephone.dial(&format!("sip:menu@{}", server.sip));
        telephone.expect("CALL_ESTABLISHED", Duration::from_secs(5));
        let begin = Instant::now();
        let spoken = prompt.len() as u64 * 1_000 / u64::from(RATE);
        std::thread::sleep(Duration::from_millis(spoken + 300));
        telephone.press('1');
        telephone.expect("CALL_CLOSED", Duration::from_secs(15));
        let call_ms = begin.elapsed().as_millis() as f64;
        let wanted = format!("peer changed ptime_tx {theirs}ms -> {ours}ms");
        assert!(telephone.log().contains(&wanted), "{what}: {}", telephone.log());
        let record = &server.expect_records(n + 1)[n];
        // Packets of 20 ms would be half as long as any of these at least, or twice as long.
        let [sent, received] = packets(&telephone);
        for (packets, ms) in [(sent, ours), (received, u64::from(theirs))] {
            let share = (packets * ms) as f64 / call_ms;
            assert!(
                (0.7..1.3).contains(&share),
                "{what}: {packets} of {ms} ms in {call_ms} ms"
            );
        }
        let counted = reading::media(record, "packets_out").expect("it was counted");
        assert!(
            counted.abs_diff(received) <= 3,
            "{what}: {counted} sent, {received} received"
        );
        assert_eq!(reading::media(record, "keys"), Some(1), "{what}");
        let heard = telephone.finish();
        let found = measure::find(&prompt, &heard).expect("the recording is longer than the prompt");
        let least = if codec == OPUS { 0.8 } else { 0.9 };
        assert!(
            found.correlation > least,
            "{what}: the prompt with {:.3}",
            found.correlation
        );
        let after = &heard[found.lag + prompt.len()..];
        assert_eq!(
            reading::tone(after, RATE, TONES_HZ),
            Some(TONES_HZ[0]),
            "{what}: the first choice"
        );
    }
    server.settle();
    server.stop();
}

/// Two that have no codec in common talk through us, both ways; two that have one do it in that.
#[test]
fn telephones_of_other_codecs_talk_to_each_other() {
    let pairs = [
        (manner(OPUS), manner(G722)),
        (manner(G722), manner("PCMA/8000/1")),
        (manner("PCMU/8000/1"), manner(OPUS)),
        (manner(OPUS), manner(OPUS)),
    ];
    talk("mixed_codecs", "", &pairs);
}

/// Telephones that insist on SRTP talk to us and to each other, where nothing else is allowed.
#[test]
fn telephones_that_require_encryption_have_it() {
    let encrypted = |codecs| Manner {
        codecs,
        encryption: Some("srtp-mand"),
        ..Manner::default()
    };
    let pairs = [
        (encrypted("PCMU/8000/1"), encrypted("PCMU/8000/1")),
        (encrypted(OPUS), encrypted("PCMA/8000/1")),
    ];
    talk("srtp", "srtp = \"require\"", &pairs);
}

/// Anna calls clara in each of these manners, and each hears the other's tone.
fn talk(name: &str, media: &str, pairs: &[(Manner, Manner)]) {
    lab::need("baresip");
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    let setup = Setup {
        // baresip 1.0 gives up when it is offered SHA-256 too.
        sip: &format!("domain = \"{DOMAIN}\"\ndigest = [\"md5\"]"),
        media,
        sections: &crate::office_tests::users(),
        ..Setup::default()
    };
    let server = Server::start_with(&lab::folder(name), &Lane::take(), OFFICE, &setup);
    // Pairs one after the other at the same desks.
    let desks = [Lane::far_end(), Lane::far_end()];
    let tones = [440, 880];
    for (n, (annas, claras)) in pairs.iter().enumerate() {
        let desk = |user: &str, lane: &Lane, hz: u16, manner: Manner| {
            let account = office::Account {
                user: user.to_owned(),
                domain: DOMAIN.to_owned(),
                password: PASSWORD.to_owned(),
                registrar: server.sip,
                transport: office::Transport::Udp,
                authority: None,
            };
            let folder = lab::folder(&format!("{name}_{n}_{user}"));
            let mut telephone = Telephone::with(&folder, lane, &office::tone(hz), Some(&account), manner);
            telephone.wait_registered();
            telephone
        };
        let mut anna = desk("anna", &desks[0], tones[0], *annas);
        let mut clara = desk("clara", &desks[1], tones[1], *claras);
        anna.call("clara");
        clara.answer();
        anna.wait_talking();
        clara.wait_talking();
        std::thread::sleep(Duration::from_secs(4));
        anna.hang_up();
        clara.wait_hung_up();
        for (telephone, manner) in [(&anna, annas), (&clara, claras)] {
            assert_coded(telephone, manner.codecs);
        }
        for (telephone, other, manners) in [(anna, tones[1], (annas, claras)), (clara, tones[0], (claras, annas))] {
            let heard = telephone.finish();
            assert_eq!(reading::tone(&heard, RATE, &tones), Some(other), "{manners:?}");
        }
        let record = server.expect_records(n + 1)[n].to_string();
        for manner in [annas, claras] {
            let name = manner.codecs.split('/').next().expect("a name");
            assert!(record.contains(&format!("\"codec\":\"{name}\"")), "{record}");
            let encrypted = record.contains("\"srtp\":\"AES_CM_128_HMAC_SHA1_80\"");
            assert_eq!(encrypted, manner.encryption.is_some(), "{record}");
        }
    }
    server.settle();
    server.stop();
}
