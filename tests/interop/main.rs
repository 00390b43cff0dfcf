//! Foreign programs against the real server: sipp as the far end that does everything a far end may do, baresip as the
//! telephone that hears. What our own simulator and our own stack would get wrong on both sides alike, these notice.
//! `make setup` installs them.

#![allow(
    unreachable_pub,
    reason = "a test binary exports nothing; `pub` marks what a module offers the others"
)]

mod api_document;
mod baresip;
mod browsers;
mod captures;
mod carriers;
mod certificates;
mod clients;
mod codecs;
mod console;
mod devices;
mod dictation;
mod event_readers;
mod helper_tests;
mod hummer;
mod journals;
mod kamailio;
mod lab;
mod lamps;
mod linphone;
mod meetings;
mod object_store;
mod office;
mod office_tests;
mod phone;
mod rclone;
mod reading;
mod recordings;
mod rooms;
mod server;
mod sipjs;
mod sipp;
mod sipvicious;
mod sprayer;
mod strangers;
mod telemetry;
mod transcript;

use lab::{Lane, MACHINE};
use patchcord_media::measure;
use server::{Route, Server, Setup};
use sipp::Run;
use std::time::Duration;

const MENU: &str = "examples/menu";
/// What the menu plays for the keys 1, 2 and 3.
const TONES_HZ: &[u16] = &[440, 620, 880];
const RINGER: &str = "tests/interop/ringer";
const SWITCHBOARD: &str = "tests/interop/switchboard";

/// A scenario that sipp plays once, the called user, and how many end records it leaves.
struct Single {
    scenario: &'static str,
    to: &'static str,
    records: usize,
}

const fn single(scenario: &'static str, to: &'static str, records: usize) -> Single {
    Single { scenario, to, records }
}

const SINGLES: &[Single] = &[
    single("menu_keys", "menu", 1),
    single("cancel_before_answer", "ringer", 1),
    single("bye_from_caller", "menu", 1),
    single("lost_ack", "menu", 1),
    single("late_ack", "menu", 1),
    single("duplicate_invite", "menu", 1),
    single("late_offer", "menu", 1),
    single("hold_resume", "menu", 1),
    single("hold_inactive", "stay", 1),
    single("update_from_caller", "stay", 1),
    single("info_key", "menu", 1),
    single("caller_pracks", "ring-briefly", 1),
    single("caller_never_pracks", "ring-long", 1),
    single("caller_glares", "hold-caller", 1),
    single("session_timer_caller_refreshes", "stay", 1),
    single("session_timer_we_refresh", "stay", 1),
    single("session_timer_expires", "stay", 1),
    single("session_timer_too_short", "stay", 0),
    single("invite_replaces_nobody", "stay", 0),
    single("options", "menu", 0),
    single("unknown_method", "menu", 0),
    single("bye_unknown_call", "menu", 0),
];

#[test]
fn five_hundred_callers_press_a_key() {
    lab::need("sipp");
    load(&Run {
        scenario: "menu_keys",
        to: "menu",
        calls: 500,
        calls_per_second: 50,
        patience: Duration::from_secs(60),
        keys: &[],
    });
}

#[test]
#[ignore = "minutes of load: `make load`"]
fn load_of_five_thousand_callers() {
    lab::need("sipp");
    let patience = Duration::from_secs(180);
    load(&Run {
        scenario: "menu_keys",
        to: "menu",
        calls: 5000,
        calls_per_second: 100,
        patience,
        keys: &[],
    });
}

/// All calls succeed, nothing is sent twice, one record each, nothing is left over.
fn load(run: &Run) {
    let folder = lab::folder(&format!("load_{}", run.calls));
    let lane = Lane::for_load();
    // One address calls more often than a stranger may.
    let setup = Setup {
        sip: "strangers = \"answer\"",
        sections: "[gate]\nrequests_per_minute = 100000\nrequests_burst = 10000\n",
        ..Setup::default()
    };
    let routes = [Route { to: "*", handler: MENU }];
    let server = Server::start_with(&folder, &lane, &routes, &setup);
    let counts = {
        let _alone = MACHINE.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        run.against(server.sip, &folder, &lane)
            .unwrap_or_else(|error| panic!("{error}"))
    };
    assert_eq!(counts.repeated(), [], "nobody had to send anything twice");
    assert_eq!(counts.get("Retransmissions(C)"), 0);
    let records = server.expect_records(run.calls as usize);
    let unheard = records
        .iter()
        .filter(|record| reading::media(record, "keys") != Some(1))
        .count();
    assert_eq!(unheard, 0, "calls whose one key was not heard once");
    server.settle();
    server.stop();
}

/// Every scenario at once against one server: they do not know of each other, and none may disturb another.
#[test]
fn a_far_end_does_what_it_likes() {
    lab::need("sipp");
    let _shared = MACHINE.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    let folder = lab::folder("singles");
    let routes = [
        Route {
            to: "ringer",
            handler: RINGER,
        },
        Route {
            to: "menu",
            handler: MENU,
        },
        Route {
            to: "*",
            handler: SWITCHBOARD,
        },
    ];
    // Callers without a voice stay, or they would not live to see their session timers.
    let setup = Setup {
        sip: "strangers = \"answer\"",
        media: "timeout_s = 0",
        ..Setup::default()
    };
    let server = Server::start_with(&folder, &Lane::take(), &routes, &setup);
    let failures: Vec<String> = std::thread::scope(|scope| {
        let runs: Vec<_> = SINGLES
            .iter()
            .map(|single| scope.spawn(|| play(single, &server)))
            .collect();
        runs.into_iter()
            .filter_map(|run| run.join().expect("a scenario's thread does not panic").err())
            .collect()
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    server.expect_records(SINGLES.iter().map(|single| single.records).sum());
    server.settle();
    server.stop();
}

fn play(single: &Single, server: &Server) -> Result<(), String> {
    let folder = lab::folder(&format!("single_{}", single.scenario));
    let patience = Duration::from_secs(110);
    let run = Run {
        scenario: single.scenario,
        to: single.to,
        calls: 1,
        calls_per_second: 1,
        patience,
        keys: &[],
    };
    let counts = run.against(server.sip, &folder, &Lane::far_end())?;
    let repeated = counts.repeated();
    // 64*T1 of answers at intervals of T1 doubling to T2: 0.5, 1.5, 3.5, 7.5, then every 4 s until 31.5 (RFC 3261,
    // section 13.3.1.4). One more or less is a matter of rounding.
    let expected = |count: u64| match single.scenario {
        "lost_ack" => (9..=11).contains(&count),
        "late_ack" => (1..=2).contains(&count),
        // The same intervals, of a 18x that no PRACK comes for (RFC 3262, section 3).
        "caller_never_pracks" => (5..=11).contains(&count),
        _ => false,
    };
    let waits_for_ack = matches!(single.scenario, "lost_ack" | "late_ack");
    let waits_for_prack = single.scenario == "caller_never_pracks";
    let as_expected = match repeated.as_slice() {
        [(name, count)] if waits_for_ack => name.contains("_200_") && expected(*count),
        // An answer to a repeated INVITE may be repeated or not.
        [] | [_] if single.scenario == "duplicate_invite" => true,
        [(name, count)] if waits_for_prack => name.contains("_18") && expected(*count),
        [] => !waits_for_ack && !waits_for_prack,
        _ => false,
    };
    if as_expected {
        Ok(())
    } else {
        Err(format!("{}: sent again: {repeated:?}", single.scenario))
    }
}

/// A telephone calls, speaks into the prompt, presses a key, and has heard the prompt and the tone of its choice.
#[test]
fn a_telephone_hears_the_menu() {
    lab::need("baresip");
    let _shared = MACHINE.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    let folder = lab::folder("telephone");
    let server = Server::start(&folder, &Lane::take(), &[Route { to: "*", handler: MENU }]);
    let prompt = reading::wav(&lab::root().join(MENU).join("prompts/menu.wav"));
    let mut telephone = baresip::Telephone::start(&folder, &Lane::far_end(), &prompt);
    telephone.dial(&format!("sip:menu@{}", server.sip));
    telephone.expect("CALL_ESTABLISHED", Duration::from_secs(5));
    std::thread::sleep(Duration::from_millis(
        prompt.len() as u64 * 1000 / u64::from(baresip::RATE) + 300,
    ));
    telephone.press('1');
    telephone.expect("CALL_CLOSED", Duration::from_secs(15));
    let heard = telephone.finish();

    let found = measure::find(&prompt, &heard).expect("the recording is longer than the prompt");
    assert!(
        found.correlation > 0.9,
        "the prompt is in what was heard with a correlation of {:.3}",
        found.correlation
    );
    let after = &heard[found.lag + prompt.len()..];
    assert_eq!(
        reading::tone(after, baresip::RATE, TONES_HZ),
        Some(TONES_HZ[0]),
        "the tone of the first choice"
    );

    let records = server.expect_records(1);
    assert_eq!(reading::media(&records[0], "keys"), Some(1), "the key was heard once");
    server.settle();
    server.stop();
}
