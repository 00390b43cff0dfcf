//! Whoever comes to the door without being asked: scanners, guessers of passwords, sprayers of RTP. They find nothing out.
//! That each of these programs finds out what there is to find is shown in `helper_tests.rs`.

use crate::lab::{self, Lane, MACHINE};
use crate::office::{DOMAIN, USERS};
use crate::office_tests::users;
use crate::server::{Route, Server, Setup};
use crate::sipp::Run;
use crate::{MENU, baresip, sipvicious, sprayer};
use std::sync::PoisonError;
use std::time::Duration;

const ALL: &[Route] = &[Route { to: "*", handler: MENU }];

/// An exchange with users, as it is without a word about strangers, or with this one.
fn exchange(name: &str, lane: &Lane, strangers: &str) -> Server {
    let folder = lab::folder(name);
    let sip = format!("domain = \"{DOMAIN}\"\ndigest = [\"md5\"]\n{strangers}");
    let setup = Setup {
        sip: &sip,
        sections: &users(),
        ..Setup::default()
    };
    Server::start_with(&folder, lane, ALL, &setup)
}

/// A server that drops strangers is not there; one that refuses them does not tell its users from others.
#[test]
fn sipvicious_finds_no_user() {
    lab::need("svmap");
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    let tried = [USERS[0], USERS[1], "nobody", "100", "admin"];
    for (name, strangers) in [("scan_drop", ""), ("scan_refuse", "strangers = \"refuse\"")] {
        let server = exchange(name, &Lane::take(), strangers);
        let folder = lab::folder(&format!("{name}_scanner"));
        let devices = sipvicious::devices(&folder, server.sip);
        if strangers.is_empty() {
            assert_eq!(devices, Vec::<String>::new(), "it shows itself");
        }
        for method in sipvicious::Method::ALL {
            let found = sipvicious::users(&folder, server.sip, method, &tried);
            assert_eq!(found, [], "{name}, by {method:?}");
        }
        server.settle();
        server.stop();
    }
}

/// Registering, asking what is registered and leaving; and a wrong password, with which one learns nothing.
#[test]
fn a_telephone_registers_with_its_password_only() {
    lab::need("sipp");
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    let server = exchange("register", &Lane::take(), "");
    for (scenario, to) in [
        ("register", "anna"),
        ("register_with_a_wrong_password", "anna"),
        ("register_with_a_wrong_password", "nobody"),
    ] {
        let run = Run {
            scenario,
            to,
            calls: 1,
            calls_per_second: 1,
            patience: Duration::from_secs(30),
            keys: &[],
        };
        let folder = lab::folder(&format!("{scenario}_{to}"));
        run.against(server.sip, &folder, &Lane::far_end())
            .unwrap_or_else(|error| panic!("{to}: {error}"));
    }
    server.settle();
    server.stop();
}

/// Somebody sends RTP at every port of the server while a call hears its prompt, and gets not one packet back.
#[test]
fn a_sprayer_hears_nothing() {
    lab::need("baresip");
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    let (folder, lane) = (lab::folder("sprayed"), Lane::take());
    let server = Server::start(&folder, &lane, ALL);
    let mut telephone = baresip::Telephone::start(&folder, &Lane::far_end(), &[0; 8_000]);
    telephone.dial(&format!("sip:menu@{}", server.sip));
    telephone.expect("CALL_ESTABLISHED", Duration::from_secs(5));
    // Until a telephone's first packet its host is believed from any port (RFC 4961); from then on nobody else is.
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(sprayer::spray(lane.media.clone(), Duration::from_secs(2)), 0);
    telephone.press('1');
    telephone.expect("CALL_CLOSED", Duration::from_secs(15));
    server.expect_records(1);
    server.settle();
    server.stop();
}
