//! Callers and callees of sipp with our server between: what each end does is a scenario file, what the server is to do with
//! it is the called user of the handler `switchboard`. Not here: far ends that meet the server alone (`main.rs`).

use crate::lab::{self, Lane, MACHINE};
use crate::server::{Route, Server, Setup};
use crate::sipp::{Callee, Run, said};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

/// A caller dials through the server and meets a callee.
struct Meeting {
    callee: &'static str,
    /// The called user: what the server does.
    wanted: &'static str,
    /// The final status that the caller gets.
    status: u16,
}

const fn meeting(callee: &'static str, wanted: &'static str, status: u16) -> Meeting {
    Meeting { callee, wanted, status }
}

const MEETINGS: &[Meeting] = &[
    meeting("callee_answers", "dial", 200),
    meeting("callee_answers_while_cancelled", "dial-briefly", 480),
    meeting("callee_busy", "dial", 486),
    meeting("callee_challenges_401", "dial-known", 200),
    meeting("callee_challenges_407", "dial-known", 200),
    meeting("callee_challenges_from_elsewhere", "dial", 480),
    meeting("callee_forks", "dial", 200),
    meeting("callee_forks_and_both_answer", "dial", 200),
    meeting("callee_glares", "hold-and-leave", 480),
    meeting("callee_hangs_up", "dial", 200),
    meeting("callee_holds", "dial", 200),
    meeting("callee_is_held", "hold-callee", 200),
    meeting("callee_is_late_with_bye", "dial", 200),
    meeting("callee_never_answers", "dial-briefly", 480),
    meeting("callee_overloaded", "dial", 480),
    meeting("callee_refuses_404", "dial", 404),
    meeting("callee_refuses_480", "dial", 480),
    meeting("callee_refuses_500", "dial", 480),
    meeting("callee_refuses_603", "dial", 603),
    meeting("callee_repeats_its_200", "dial", 200),
    meeting("callee_rings_reliably", "dial", 200),
    meeting("callee_sends_early_media", "dial-early", 200),
];

/// A server whose handler may dial anything on this machine.
fn switchboard(folder: &Path) -> Server {
    let routes = [Route {
        to: "*",
        handler: crate::SWITCHBOARD,
    }];
    let setup = Setup {
        sip: "strangers = \"answer\"",
        sections: "[[tenant]]\nname = \"default\"\nhosts = [\"127.0.0.0/8\"]\ncalls_per_second = 100\ncalls = 100\n",
        ..Setup::default()
    };
    Server::start_with(folder, &Lane::for_meetings(), &routes, &setup)
}

/// Every meeting at once at one server; one outcome for each, on both sides.
#[test]
fn callers_meet_callees_of_all_kinds() {
    lab::need("sipp");
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    let folder = lab::folder("meetings");
    let server = switchboard(&folder);
    let failures: Vec<String> = std::thread::scope(|scope| {
        let runs: Vec<_> = MEETINGS
            .iter()
            .map(|meeting| scope.spawn(|| meet(meeting, server.sip)))
            .collect();
        let ended = runs
            .into_iter()
            .map(|run| run.join().expect("a meeting's thread does not panic"));
        ended.filter_map(Result::err).collect()
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    server.expect_records(MEETINGS.len());
    server.settle();
    server.stop();
}

fn meet(meeting: &Meeting, server: SocketAddr) -> Result<(), String> {
    let name = format!("{}_{}", meeting.callee, meeting.wanted);
    let (calling, called) = (lab::folder(&format!("{name}_calling")), lab::folder(&name));
    if meeting.callee == "callee_sends_early_media" {
        std::fs::write(called.join("speech.ulaw"), [0x55; 12_000]).expect("the test's folder can be written to");
    }
    let callee = Callee::start(meeting.callee, &called, &Lane::far_end(), &[], PATIENCE);
    let uri = callee.uri();
    let called = || callee.finish().map(|_| ());
    let calling = call("caller", meeting.wanted, server, &calling, &[("callee", &uri)]).and_then(|()| {
        let status = format!("STATUS {}", meeting.status);
        let lines = said(&calling);
        if lines.contains(&status) {
            Ok(())
        } else {
            Err(format!("{name}: {lines:?} instead of {status}"))
        }
    });
    match (calling, called()) {
        (Ok(()), Ok(())) => Ok(()),
        (calling, called) => Err(format!("{name}: the caller: {calling:?}\nthe callee: {called:?}")),
    }
}

fn call(scenario: &str, to: &str, server: SocketAddr, folder: &Path, keys: &[(&str, &str)]) -> Result<(), String> {
    let run = Run {
        scenario,
        to,
        calls: 1,
        calls_per_second: 1,
        patience: PATIENCE,
        keys,
    };
    run.against(server, folder, &Lane::far_end()).map(|_| ())
}

/// A redirection is followed as far as the handler allows, and not further.
#[test]
fn a_redirection_is_followed_as_far_as_allowed() {
    lab::need("sipp");
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    let folder = lab::folder("redirections");
    let server = switchboard(&folder);
    let place = |name: &str| lab::folder(&format!("redirections_{name}"));

    let there = Callee::start("callee_answers", &place("there"), &Lane::far_end(), &[], PATIENCE);
    let elsewhere = there.uri();
    let keys = [("target", elsewhere.as_str())];
    let moved = Callee::start("callee_redirects", &place("moved"), &Lane::far_end(), &keys, PATIENCE);
    let calling = place("calling");
    call(
        "caller",
        "dial-further",
        server.sip,
        &calling,
        &[("callee", &moved.uri())],
    )
    .expect("it is connected");
    assert!(
        said(&calling).contains(&"STATUS 200".to_owned()),
        "{:?}",
        said(&calling)
    );
    moved.finish().expect("it was called and acknowledged");
    there.finish().expect("it was called in its place");

    let nowhere = [("target", "sip:nobody@127.0.0.1:9")];
    let moved = Callee::start(
        "callee_redirects",
        &place("again"),
        &Lane::far_end(),
        &nowhere,
        PATIENCE,
    );
    let calling = place("calling_again");
    call(
        "caller",
        "dial-no-further",
        server.sip,
        &calling,
        &[("callee", &moved.uri())],
    )
    .expect("it is refused");
    assert!(
        said(&calling).contains(&"STATUS 480".to_owned()),
        "{:?}",
        said(&calling)
    );
    moved.finish().expect("it was called and acknowledged");
    // The second address of the redirection is dialled too and says nothing at all, so that call lasts until its INVITE is
    // given up.
    server.settle();
    server.expect_records(2);
    server.stop();
}

/// The caller sends its callee to somebody else, who answers or is busy.
#[test]
fn a_caller_transfers_blindly_and_in_vain() {
    lab::need("sipp");
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    let folder = lab::folder("referrals");
    let server = switchboard(&folder);
    for (scenario, target) in [("refer_blindly", "callee_hangs_up"), ("refer_in_vain", "callee_busy")] {
        let place = |who: &str| lab::folder(&format!("{scenario}_{who}"));
        let callee = Callee::start("callee_answers", &place("callee"), &Lane::far_end(), &[], PATIENCE);
        let target = Callee::start(target, &place("target"), &Lane::far_end(), &[], PATIENCE);
        let (callee_uri, target_uri) = (callee.uri(), target.uri());
        let keys = [("callee", callee_uri.as_str()), ("target", target_uri.as_str())];
        call(scenario, "dial", server.sip, &place("caller"), &keys).unwrap_or_else(|error| panic!("{error}"));
        callee.finish().expect("the other party hung up");
        target.finish().expect("it was called");
    }
    server.expect_records(2);
    server.settle();
    server.stop();
}

/// Waits for a caller that is to be replaced to say which dialog it has.
fn dialog_of(folder: &Path) -> String {
    let end = Instant::now() + Duration::from_secs(15);
    loop {
        let dialog = said(folder)
            .iter()
            .find_map(|line| line.strip_prefix("REPLACES ").map(str::to_owned));
        if let Some(dialog) = dialog {
            return dialog;
        }
        assert!(Instant::now() < end, "the caller has no dialog: {:?}", said(folder));
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A caller that waits to be replaced, in a thread.
fn waiting(server: SocketAddr, to: &'static str, folder: PathBuf, callee: String) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        call("waits_to_be_replaced", to, server, &folder, &[("callee", &callee)])
            .unwrap_or_else(|error| panic!("{error}"));
    })
}

/// Another telephone takes over a call (RFC 3891).
#[test]
fn an_invite_takes_over_a_dialog() {
    lab::need("sipp");
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    let folder = lab::folder("replaces");
    let server = switchboard(&folder);
    let first = lab::folder("replaces_first");
    let waits = waiting(server.sip, "stay", first.clone(), String::new());
    let dialog = dialog_of(&first);
    let second = lab::folder("replaces_second");
    call(
        "invite_with_replaces",
        "stay",
        server.sip,
        &second,
        &[("replaces", &dialog)],
    )
    .unwrap_or_else(|error| panic!("{error}"));
    waits.join().expect("the first got its BYE");
    server.expect_records(1);
    server.settle();
    server.stop();
}

/// The caller of two calls joins their far ends (RFC 5589, section 7.3).
#[test]
fn a_caller_joins_the_far_ends_of_two_calls() {
    lab::need("sipp");
    let _shared = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    let folder = lab::folder("joined");
    let server = switchboard(&folder);
    let place = |who: &str| lab::folder(&format!("joined_{who}"));
    let [one, other] =
        ["one", "other"].map(|who| Callee::start("callee_answers", &place(who), &Lane::far_end(), &[], PATIENCE));
    let asked = place("asked");
    let waits = waiting(server.sip, "dial", asked.clone(), other.uri());
    let dialog = dialog_of(&asked)
        .replace(';', "%3B")
        .replace('=', "%3D")
        .replace('@', "%40");
    let (one_uri, us) = (one.uri(), format!("sip:dial@{}", server.sip));
    let keys = [
        ("callee", one_uri.as_str()),
        ("target", us.as_str()),
        ("replaces", dialog.as_str()),
    ];
    call("refer_with_replaces", "dial", server.sip, &place("asking"), &keys).unwrap_or_else(|error| panic!("{error}"));
    waits.join().expect("the call that was joined is over for its caller");
    // The two that are left would talk for ever: a telephone that is switched off ends it.
    drop((one, other));
}
