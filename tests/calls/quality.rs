//! What a handler is told of how a line sounds, against what the pretend line did.

#![allow(clippy::disallowed_methods, reason = "a test begins at some moment")]

use crate::support::{helper, program, world};
use crate::{SECOND, answered, rest};
use patchcord_sim::phone::Offer;
use patchcord_sim::{Conditions, PhoneOptions};
use patchcord_switch::Program;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// What the handler said of a line that loses so much.
fn told(loss: f64) -> String {
    static PROGRAM: OnceLock<Vec<Arc<Program>>> = OnceLock::new();
    let programs = PROGRAM.get_or_init(|| vec![program("tells_quality", &helper("tells_quality"))]);
    let mut world = world(3, programs);
    let conditions = Conditions {
        loss,
        delay: Duration::from_millis(40),
        ..Conditions::default()
    };
    let options = PhoneOptions {
        conditions,
        hum: Some(500),
        ..PhoneOptions::default()
    };
    let phone = world.add_phone("alice", options);
    let call = world.call(phone, "tells_quality", Offer::InInvite);
    call.expect("the name can stand in an address");
    assert!(world.run_until(30 * SECOND, |world| answered(world, phone)));
    world.run_for(20 * SECOND);
    rest(&mut world);
    assert!(world.noticed("at first: false"), "nothing is measured yet");
    let log = world.log().to_string();
    let line = log.lines().find(|line| line.contains("of 1000"));
    line.unwrap_or_else(|| panic!("{log}")).to_owned()
}

/// The number after a word.
fn number(told: &str, after: &str) -> u64 {
    let digits = told
        .split(after)
        .nth(1)
        .expect("it is said")
        .trim_start_matches("Some(");
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().unwrap_or_else(|_| panic!("{told}"))
}

#[test]
fn a_handler_is_told_what_the_line_does_to_its_call() {
    let (good, bad) = (told(0.0), told(0.1));
    assert_eq!((number(&good, "lost "), number(&good, " and ")), (0, 0), "{good}");
    let trip = number(&good, "there and back ");
    assert!((78..=90).contains(&trip), "40 ms each way: {good}");
    assert!(number(&good, "mos ") > 420, "{good}");
    for after in ["lost ", " and "] {
        let lost = number(&bad, after);
        assert!((50..=160).contains(&lost), "a tenth is lost: {bad}");
    }
    assert!(number(&bad, "mos ") + 60 < number(&good, "mos "), "{good}\n{bad}");
}
