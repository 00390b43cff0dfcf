//! A telephone of somebody else's watches colleagues at our server: its list says who is there, who talks and who is gone, as that
//! changes. baresip subscribes to `presence` (RFC 3856) and reads PIDF; sipp to `dialog` (RFC 4235), as desk phones with lamps do.

use crate::baresip::{Manner, Telephone};
use crate::lab::{self, Lane, MACHINE};
use crate::office::{Account, DOMAIN, PASSWORD, Phone, Transport};
use crate::office_tests::{OFFICE, users};
use crate::server::{Server, Setup};
use crate::sipp::Run;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

fn account(server: &Server, user: &str) -> Account {
    Account {
        user: user.to_owned(),
        domain: DOMAIN.to_owned(),
        password: PASSWORD.to_owned(),
        registrar: server.sip,
        transport: Transport::Udp,
        authority: None,
    }
}

/// Waits until the watcher has been told that somebody is there.
fn is_told(watcher: &Telephone, basic: &str) {
    until(watcher, basic, |log| log.contains(&format!("<basic>{basic}</basic>")));
}

/// Waits until what the watcher says last of somebody is that it is so now. Of how it was at first it says nothing.
fn sees(watcher: &Telephone, who: &str, status: &str) {
    until(watcher, status, |log| {
        let of_it = |line: &&str| line.contains(&format!("sip:{who}@")) && line.contains("changed status");
        let last = log.lines().rfind(of_it);
        last.and_then(|line| line.rsplit(" to ").next())
            .is_some_and(|now| now.contains(status))
    });
}

fn until(watcher: &Telephone, what: &str, right: impl Fn(&str) -> bool) {
    let end = Instant::now() + PATIENCE;
    loop {
        let log = watcher.log();
        if right(&log) {
            return;
        }
        assert!(Instant::now() < end, "{what:?} is not seen:\n{log}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn baresip_sees_who_is_there_who_talks_and_who_is_gone() {
    lab::need("baresip");
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    let folder = lab::folder("lamps");
    let setup = Setup {
        // baresip 1.0 gives up when it is offered SHA-256 too.
        sip: &format!("domain = \"{DOMAIN}\"\ndigest = [\"md5\"]"),
        sections: &users(),
        ..Setup::default()
    };
    let server = Server::start_with(&folder, &Lane::take(), OFFICE, &setup);
    let watching = Manner {
        watches: Some("bert"),
        ..Manner::default()
    };
    let of = |name: &str| lab::folder(&format!("lamps_{name}"));
    let anna = account(&server, "anna");
    let mut anna = Telephone::with(&of("anna"), &Lane::take(), &[0], Some(&anna), watching);
    anna.wait_registered();
    let mut bert = Telephone::registered(&of("bert"), &Lane::take(), &[0], &account(&server, "bert"));
    bert.wait_registered();
    let mut clara = Telephone::registered(&of("clara"), &Lane::take(), &[0], &account(&server, "clara"));
    clara.wait_registered();
    is_told(&anna, "open");
    clara.call("bert");
    bert.answer();
    clara.wait_talking();
    sees(&anna, "bert", "Busy");
    clara.hang_up();
    bert.wait_hung_up();
    sees(&anna, "bert", "Online");
    bert.finish();
    sees(&anna, "bert", "Offline");
    anna.finish();
    clara.finish();
    server.settle();
    server.stop();
}

#[test]
fn a_lamp_is_told_at_once_and_leaves_in_good_order() {
    for program in ["baresip", "sipp"] {
        lab::need(program);
    }
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    let folder = lab::folder("one_lamp");
    let setup = Setup {
        sip: &format!("domain = \"{DOMAIN}\"\ndigest = [\"md5\"]"),
        sections: &users(),
        ..Setup::default()
    };
    let server = Server::start_with(&folder, &Lane::take(), OFFICE, &setup);
    // Somebody has to be there: strangers' requests are dropped, and who is no stranger is told by where telephones registered.
    let bert = account(&server, "bert");
    let mut bert = Telephone::registered(&lab::folder("one_lamp_bert"), &Lane::take(), &[0], &bert);
    bert.wait_registered();
    let run = Run {
        scenario: "watch_a_lamp",
        to: "bert",
        calls: 1,
        calls_per_second: 1,
        patience: Duration::from_secs(30),
        keys: &[],
    };
    run.against(server.sip, &lab::folder("one_lamp_sipp"), &Lane::far_end())
        .unwrap_or_else(|error| panic!("{error}"));
    bert.finish();
    server.settle();
    server.stop();
}
