//! Our server and other people's exchanges: a trunk that registers, a proxy in front that records its route, a call that
//! goes out through it. The proxy and registrar is kamailio, and sipp where single messages count.

use crate::baresip::{RATE, Telephone};
use crate::kamailio::{self, Algorithm, Kamailio};
use crate::lab::{self, Lane, MACHINE};
use crate::office::{self, Account, DOMAIN, PASSWORD, Phone, Transport};
use crate::server::{Route, Server, Setup};
use crate::sipp::Callee;
use crate::{MENU, TONES_HZ, reading};
use patchcord_media::measure;
use std::net::SocketAddr;
use std::sync::PoisonError;
use std::time::Duration;

/// Who the trunk is at kamailio.
const TRUNK_USER: &str = "emil";

/// A registrar of sipp's challenges our trunk, checks the answer by itself and grants it a minute.
#[test]
fn a_trunk_registers_with_digest() {
    lab::need("sipp");
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    let (folder, there) = (lab::folder("trunk"), lab::folder("trunk_registrar"));
    let patience = Duration::from_secs(30);
    let registrar = Callee::start("registrar_challenges", &there, &Lane::far_end(), &[], patience);
    let trunk = format!(
        "[[trunk]]\nname = \"carrier\"\nhost = \"127.0.0.1\"\nport = {}\nusername = \"trunk\"\npassword = \"secret\"\n\
         realm = \"carrier.test\"\nregister_s = 60\noptions_s = 0\n",
        registrar.address.port()
    );
    let setup = Setup {
        sections: &trunk,
        ..Setup::default()
    };
    let server = Server::start_with(&folder, &Lane::take(), &[all(MENU)], &setup);
    registrar.finish().unwrap_or_else(|error| panic!("{error}"));
    server.stop();
}

fn all(handler: &str) -> Route<'_> {
    Route { to: "*", handler }
}

/// Of the sections of a server: kamailio as a trunk.
fn at_kamailio(kamailio: SocketAddr, more: &str) -> String {
    format!(
        "[[trunk]]\nname = \"kamailio\"\nhost = \"127.0.0.1\"\nport = {}\npeers = [\"127.0.0.1\"]\n\
         from_domain = \"{DOMAIN}\"\n{more}",
        kamailio.port()
    )
}

fn account(user: &str, kamailio: &Kamailio) -> Account {
    Account {
        user: user.to_owned(),
        domain: DOMAIN.to_owned(),
        password: PASSWORD.to_owned(),
        registrar: kamailio.udp,
        transport: Transport::Udp,
        authority: None,
    }
}

/// A telephone of kamailio's calls the user that our trunk is there: the call comes in through the proxy, which stays in
/// its route, and our BYE finds the way back through it.
#[test]
fn a_call_comes_in_over_a_registered_trunk() {
    for program in ["baresip", kamailio::PROGRAM] {
        lab::need(program);
    }
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    let (folder, certificates) = office::prepared("trunk_in");
    let kamailio = Kamailio::start(&folder, &certificates, Algorithm::Md5, None);
    let trunk =
        format!("username = \"{TRUNK_USER}\"\npassword = \"{PASSWORD}\"\nrealm = \"{DOMAIN}\"\nregister_s = 60\n");
    let setup = Setup {
        sections: &at_kamailio(kamailio.udp, &trunk),
        ..Setup::default()
    };
    let server = Server::start_with(&folder, &Lane::take(), &[all(MENU)], &setup);
    let prompt = reading::wav(&lab::root().join(MENU).join("prompts/menu.wav"));
    let desk = lab::folder("trunk_in_anna");
    let mut telephone = Telephone::registered(&desk, &Lane::far_end(), &prompt, &account("anna", &kamailio));
    telephone.wait_registered();
    telephone.call(TRUNK_USER);
    telephone.wait_talking();
    std::thread::sleep(Duration::from_millis(
        prompt.len() as u64 * 1000 / u64::from(RATE) + 300,
    ));
    telephone.press('1');
    telephone.wait_hung_up();
    let heard = telephone.finish();
    let found = measure::find(&prompt, &heard).expect("the recording is longer than the prompt");
    assert!(
        found.correlation > 0.9,
        "the prompt was heard with {:.3}",
        found.correlation
    );
    let after = &heard[found.lag + prompt.len()..];
    assert_eq!(reading::tone(after, RATE, TONES_HZ), Some(TONES_HZ[0]));
    server.expect_records(1);
    server.settle();
    server.stop();
}

/// A telephone without an account calls a number through our server, which sends it to kamailio, which rings the phone that
/// registered with that number: the two hear each other, and either end can hang up.
#[test]
fn a_call_goes_out_over_a_trunk() {
    for program in ["baresip", kamailio::PROGRAM] {
        lab::need(program);
    }
    const NUMBER: &str = "+4930123456";
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    let (folder, certificates) = office::prepared("trunk_out");
    let kamailio = Kamailio::start(&folder, &certificates, Algorithm::Md5, None);
    let sections = at_kamailio(kamailio.udp, "prefixes = [\"+49\"]\n")
        + "[[tenant]]\nname = \"default\"\nnumbers = [\"+4940555000\"]\ncaller_id = \"+4940555000\"\n[[tenant.destination]]\nname = \"Germany\"\nprefix = \"+49\"\nprice = 0\n";
    let setup = Setup {
        sip: "strangers = \"answer\"",
        sections: &sections,
        ..Setup::default()
    };
    let server = Server::start_with(&folder, &Lane::take(), &[all("examples/outside-line")], &setup);
    let (caller_hz, callee_hz) = (440, 880);
    let tones = [caller_hz, callee_hz];
    let far = lab::folder("trunk_out_callee");
    let speech = office::tone(callee_hz);
    let mut callee = Telephone::registered(&far, &Lane::far_end(), &speech, &account(NUMBER, &kamailio));
    callee.wait_registered();
    let near = lab::folder("trunk_out_caller");
    let mut caller = Telephone::start(&near, &Lane::far_end(), &office::tone(caller_hz));
    caller.dial(&format!("sip:{NUMBER}@{}", server.sip));
    callee.answer();
    caller.wait_talking();
    callee.wait_talking();
    std::thread::sleep(Duration::from_secs(4));
    callee.hang_up();
    caller.wait_hung_up();
    let (at_caller, at_callee) = (caller.finish(), callee.finish());
    assert_eq!(reading::tone(&at_caller, RATE, &tones), Some(callee_hz), "the caller");
    assert_eq!(reading::tone(&at_callee, RATE, &tones), Some(caller_hz), "the callee");
    server.expect_records(1);
    server.settle();
    server.stop();
}
