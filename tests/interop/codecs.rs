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
use std::time::Duration;

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
    let desk = Lane::take();
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
    let desks = [Lane::take(), Lane::take()];
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
