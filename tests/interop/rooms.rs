//! A room of foreign telephones: three of baresip's, each in another codec, in the call of `examples/coaching`. Who hears whom is
//! measured in what each of them played, and in the recording of the room.

use crate::baresip::{Manner, RATE, Telephone};
use crate::lab::{self, Lane, MACHINE};
use crate::office::{self, DOMAIN, PASSWORD, Phone};
use crate::reading;
use crate::server::{Route, Server, Setup};
use patchcord_media::measure;
use std::fmt::Write;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

const COACHING: &str = "examples/coaching";
/// User, codec, tone.
const SEATS: [(&str, &str, u16); 3] = [
    ("anna", "PCMU/8000/1", 440),
    ("agent", "G722/16000/1", 620),
    ("coach", "opus/48000/2", 880),
];
const ANNA: usize = 0;
const AGENT: usize = 1;
const COACH: usize = 2;
/// A tone has to be there, or gone, within this time.
const CHANGE_MAX: Duration = Duration::from_secs(8);
const WINDOW: usize = 4_000;
/// Louder than this is heard, and softer than the other is not: tones are some -10 dBFS.
const HEARD_DBFS: f64 = -30.0;
const UNHEARD_DBFS: f64 = -45.0;

/// Which tones sound in the end of a recording; none if one is neither there nor gone.
fn tones(heard: &[i16]) -> Option<[bool; 3]> {
    let window = heard.last_chunk::<WINDOW>()?;
    let mut sound = [false; 3];
    for (sound, (_, _, hz)) in sound.iter_mut().zip(SEATS) {
        let level = measure::frequency_dbfs(window, RATE, f64::from(hz));
        *sound = level > HEARD_DBFS;
        if (UNHEARD_DBFS..=HEARD_DBFS).contains(&level) {
            return None;
        }
    }
    Some(sound)
}

/// Waits until each telephone hears just those tones.
fn expect(phones: &[Telephone], wanted: &[[bool; 3]], when: &str) {
    let end = Instant::now() + CHANGE_MAX;
    loop {
        let found: Vec<_> = phones.iter().map(|phone| tones(&phone.heard())).collect();
        if found.iter().flatten().eq(wanted) {
            return;
        }
        assert!(Instant::now() < end, "{when}: {found:?} in place of {wanted:?}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn three_telephones_of_three_codecs_sit_in_one_room() {
    lab::need("baresip");
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    let folder = lab::folder("room");
    let recordings = folder.join("recordings");
    let mut sections = format!("[recordings]\nfolder = \"{}\"\n", recordings.display());
    for (user, _, _) in SEATS {
        write!(sections, "[[user]]\nname = \"{user}\"\npassword = \"{PASSWORD}\"\n").expect("a string takes it");
    }
    let setup = Setup {
        sip: &format!("domain = \"{DOMAIN}\"\ndigest = [\"md5\"]"),
        sections: &sections,
        ..Setup::default()
    };
    let routes = [Route {
        to: "*",
        handler: COACHING,
    }];
    let server = Server::start_with(&folder, &Lane::take(), &routes, &setup);
    let mut phones = SEATS.map(|(user, codecs, hz)| {
        let account = office::Account {
            user: user.to_owned(),
            domain: DOMAIN.to_owned(),
            password: PASSWORD.to_owned(),
            registrar: server.sip,
            transport: office::Transport::Udp,
            authority: None,
        };
        let manner = Manner {
            codecs,
            ..Manner::default()
        };
        let folder = lab::folder(&format!("room_{user}"));
        let mut phone = Telephone::with(&folder, &Lane::far_end(), &office::tone(hz), Some(&account), manner);
        phone.wait_registered();
        phone
    });
    phones[ANNA].call("help");
    for seat in [AGENT, COACH] {
        phones[seat].answer();
    }
    phones.iter_mut().for_each(Phone::wait_talking);
    let listening = [[false, true, false], [true, false, false], [true, true, false]];
    expect(&phones, &listening, "the coach listens");
    phones[COACH].press('2');
    let whispering = [[false, true, false], [true, false, true], [true, true, false]];
    expect(&phones, &whispering, "the coach whispers");
    phones[COACH].press('3');
    let talking = [[false, true, true], [true, false, true], [true, true, false]];
    expect(&phones, &talking, "the coach talks");
    phones[COACH].hang_up();
    expect(&phones[..2], &listening[..2], "the coach has left");
    phones[ANNA].hang_up();
    phones[AGENT].wait_hung_up();
    let record = &server.expect_records(1)[0];
    assert_eq!(record["recordings"][0]["room"], 1, "{record}");
    let name = record["recordings"][0]["recording"].as_str().expect("its name");
    let sound = reading::wav(&recordings.join(format!("{name}.wav")));
    let together = sound.windows(WINDOW).step_by(WINDOW).filter_map(tones);
    let all = together.filter(|tones| *tones == [true, true, true]).count();
    assert!(all >= 1, "all three are in the recording for a while");
    server.settle();
    server.stop();
}
