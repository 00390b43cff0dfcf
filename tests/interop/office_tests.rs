//! Telephones of two makes at our server: an office's whole day, with what each of them hears measured at every step, and
//! strangers at its doors who find nobody. Not here: how an office lives (`office.rs`), single messages (`main.rs`).

use crate::lab::{self, Lane, MACHINE};
use crate::office::{self, DOMAIN, PASSWORD, USERS};
use crate::server::{Route, Server, Setup};
use std::fmt::Write as _;
use std::sync::PoisonError;

const OFFICE: &[Route] = &[Route {
    to: "*",
    handler: "examples/office",
}];

/// A user of each name.
fn users() -> String {
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
