//! Telephones of two makes at our server: an office's whole day, with what each of them hears measured at every step, and
//! strangers at its doors who find nobody. Not here: how an office lives (`office.rs`), single messages (`main.rs`).

use crate::lab::{self, Lane, MACHINE};
use crate::linphone;
use crate::office::{self, DOMAIN, PASSWORD, Phone, USERS};
use crate::server::{Route, Server, Setup};
use std::fmt::Write as _;
use std::sync::PoisonError;

/// Everything goes to the office.
pub const OFFICE: &[Route] = &[Route {
    to: "*",
    handler: "examples/office",
}];

/// A user of each name.
pub fn users() -> String {
    USERS.iter().fold(String::new(), |mut sections, name| {
        write!(sections, "[[user]]\nname = \"{name}\"\npassword = \"{PASSWORD}\"\n").expect("a string takes it");
        sections
    })
}

/// Two baresip and three linphone telephones over UDP, TCP and TLS.
#[test]
fn telephones_live_their_day_with_us() {
    for program in ["baresip", "linphonec"] {
        lab::need(program);
    }
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    let (folder, certificates) = office::prepared("day");
    let setup = Setup {
        // baresip 1.0 gives up when it is offered SHA-256 too.
        sip: &format!("domain = \"{DOMAIN}\"\ndigest = [\"md5\"]"),
        sections: &users(),
        media: "",
        certificates: Some(&certificates),
    };
    let server = Server::start_with(&folder, &Lane::take(), OFFICE, &setup);
    let exchange = office::Exchange {
        udp: server.sip,
        tcp: server.tcp,
        tls: server.tls,
        referrals: office::Referrals::CarriedOut,
    };
    office::a_day("day", &exchange, &certificates);
    server.settle();
    server.stop();
}

/// Two browsers with SIP.js over secure WebSocket, and a telephone.
#[test]
fn browsers_by_sip_js_talk_with_telephones_and_with_each_other() {
    for program in ["baresip", "chromium", "node"] {
        lab::need(program);
    }
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    let (folder, certificates) = office::prepared("browsers_among_telephones");
    let door = std::net::SocketAddr::from(([127, 0, 0, 1], lab::free_port()));
    let setup = Setup {
        sip: &format!("domain = \"{DOMAIN}\"\ndigest = [\"md5\"]\nwss = \"{door}\""),
        sections: &users(),
        media: &format!("browser_port = {}", lab::free_port()),
        certificates: Some(&certificates),
    };
    let server = Server::start_with(&folder, &Lane::take(), OFFICE, &setup);
    let exchange = office::Exchange {
        udp: server.sip,
        tcp: server.tcp,
        tls: server.tls,
        referrals: office::Referrals::CarriedOut,
    };
    office::browsers_among_telephones("browsers_among_telephones", &exchange, door);
    server.settle();
    server.stop();
}

/// The better algorithm of digest (RFC 8760), by a telephone that speaks it.
#[test]
fn linphone_registers_with_us_by_sha_256() {
    lab::need("linphonec");
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    let folder = lab::folder("our_sha_256");
    let setup = Setup {
        sip: &format!("domain = \"{DOMAIN}\""),
        sections: &users(),
        ..Setup::default()
    };
    let server = Server::start_with(&folder, &Lane::take(), OFFICE, &setup);
    let account = office::Account {
        user: USERS[0].to_owned(),
        domain: DOMAIN.to_owned(),
        password: PASSWORD.to_owned(),
        registrar: server.sip,
        transport: office::Transport::Udp,
        authority: None,
    };
    let mut telephone = linphone::Telephone::start(&folder, &Lane::take(), &[0], Some(&account));
    telephone.wait_registered();
    let log = std::fs::read_to_string(folder.join("linphone.log")).expect("it wrote its log");
    let authorizations = log.lines().filter(|line| line.starts_with("Authorization:"));
    assert!(
        authorizations.clone().any(|line| line.contains("SHA-256")),
        "it answered: {:?}",
        authorizations.collect::<Vec<_>>()
    );
    server.stop();
}
