//! Caller ids by the API of a node as its operator starts it: a number is asked for, a phone rings there, whoever answers keys the code,
//! and then the number may be shown. For any database.

use super::http::Client;
use super::served::{FRIEND, KEY, OWN, Rung, STRANGER, Served, ms, refused, shown_to, shows, until};
use super::support::phone::TestPhone;
use patchcord_media::KeyPress;
use patchcord_sim::phone::{Action, End, key_event};
use serde_json::{Value, json};

const NUMBER: &str = "+4930222222";
/// What an operator writes for it.
const PROOFS: &str = "[caller_ids]\nhandler = \"caller-id\"\n";

fn keys(code: &str) -> Action {
    let key = |key| KeyPress {
        event: key_event(key).unwrap(),
        duration_ms: 80,
        pause_ms: 60,
    };
    Action::Press(code.chars().map(key).collect())
}

fn path(number: &str) -> String {
    format!("/v1/caller-ids/{}", number.replace('+', "%2B"))
}

/// Asks for a number; its code and the call.
fn ask(client: &Client, number: &str) -> (String, String) {
    let asked = client.post("/v1/caller-ids", Some(json!({ "number": number })));
    assert_eq!(asked.status, 201, "{}", asked.text);
    assert_eq!(asked.body["state"], "pending");
    let text = |name: &str| asked.body[name].as_str().unwrap().to_owned();
    (text("code"), text("call"))
}

/// Another code.
fn other(code: &str) -> &'static str {
    if code == "907861" { "807962" } else { "907861" }
}

/// Whether a code stands somewhere by itself. Six digits within a longer number, a time or an id are chance.
fn holds(written: &[u8], code: &str) -> bool {
    let apart =
        |byte: Option<&u8>, more: &[u8]| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric() && !more.contains(byte));
    let ends = |at: usize| written.get(at + 6).is_none_or(|byte| !byte.is_ascii_digit());
    let begins = |at: usize| apart(at.checked_sub(1).and_then(|at| written.get(at)), b".:-+");
    let found = |(at, six): (usize, &[u8])| six == code.as_bytes() && begins(at) && ends(at);
    written.windows(6).enumerate().any(found)
}

#[test]
fn a_number_is_shown_once_its_code_was_keyed() {
    let phone = TestPhone::new("carrier", 301);
    let served = Served::start("proved", phone.address(), PROOFS);
    let ours = served.client(KEY);
    served.give_number();
    let (phone, own) = shows(&ours, phone, FRIEND, Some(OWN));
    assert_eq!(own.unwrap(), OWN, "a number that the tenant has by the API is its own");
    let (phone, not_yet) = shows(&ours, phone, FRIEND, Some(NUMBER));
    assert!(not_yet.unwrap_err().contains("neither yours, nor verified"));

    let rung = Rung::waits(phone);
    let (code, call) = ask(&ours, NUMBER);
    let other = other(&code);
    let theirs = served.client(STRANGER);
    nothing_is_changed_from_outside(&ours, &theirs, &call);
    let (phone, outcome) = rung.does(vec![(ms(800), keys(other)), (ms(4_000), keys(&code))]);
    assert_eq!(shown_to(&outcome), "anonymous", "the tenant shows no number yet");
    assert_eq!(outcome.end, End::ByFarEnd, "the handler says goodbye");
    let proved = until(&ours, &path(NUMBER), |one| one["state"] == "verified");
    assert_eq!(proved["call"], json!(call));
    assert!(proved["code"].is_null() && proved["verified_at"].is_string());
    assert_eq!(refused(&theirs.get(&path(NUMBER))), (404, "not-found"));
    assert_eq!(
        refused(&theirs.ask("DELETE", &path(NUMBER), &[], None)),
        (404, "not-found")
    );
    assert_eq!(theirs.get("/v1/caller-ids").body, json!({ "caller_ids": [] }));
    let again = ours.post("/v1/caller-ids", Some(json!({ "number": NUMBER })));
    assert_eq!(refused(&again), (409, "exists"));
    let (phone, shown) = shows(&ours, phone, FRIEND, Some(NUMBER));
    assert_eq!(shown.unwrap(), NUMBER);
    chosen_and_forgotten(&ours, phone);

    let record = until(&ours, &format!("/v1/calls/{call}"), |call| {
        call["status"] == "completed"
    });
    assert_eq!(
        (&record["handler"], &record["to"]),
        (&json!("caller-id"), &json!(NUMBER))
    );
    let written = served.written();
    assert!(holds(&[&written[..], b" 123456,"].concat(), "123456") && written.len() > 1_000);
    for code in [code.as_str(), other] {
        assert!(!holds(&written, code), "a code that was keyed is written nowhere");
    }
}

/// Somebody who proves a number cannot do so by changing the call from outside.
fn nothing_is_changed_from_outside(ours: &Client, theirs: &Client, call: &str) {
    let live = until(ours, &format!("/v1/calls/{call}"), |call| {
        call["legs"][0]["state"].is_string()
    });
    assert_eq!(live["began"], "placed");
    let message = json!({ "name": "caller-id", "data": "right" });
    let changed = ours.post(&format!("/v1/calls/{call}/messages"), Some(message.clone()));
    assert_eq!(refused(&changed), (409, "wrong-state"), "{}", changed.text);
    let moved = ours.post(
        &format!("/v1/calls/{call}/redirect"),
        Some(json!({ "handler": "tone" })),
    );
    assert_eq!(refused(&moved), (409, "wrong-state"), "{}", moved.text);
    let theirs = theirs.post(&format!("/v1/calls/{call}/messages"), Some(message));
    assert_eq!(refused(&theirs), (404, "not-found"));
}

/// The default is one of the numbers, until it is forgotten.
fn chosen_and_forgotten(ours: &Client, phone: TestPhone) {
    let default = "/v1/default-caller-id";
    let choose = |number: Value| ours.ask("PUT", default, &[], Some(json!({ "number": number })));
    assert_eq!(ours.get(default).body, json!({ "number": null }));
    let stranger = choose(json!("+4930999999"));
    assert_eq!(
        (refused(&stranger), &stranger.body["field"]),
        ((422, "refused"), &json!("number"))
    );
    assert_eq!(choose(json!(NUMBER)).body, json!({ "number": NUMBER }));
    let (phone, shown) = shows(ours, phone, FRIEND, None);
    assert_eq!(shown.unwrap(), NUMBER);
    assert_eq!(ours.ask("DELETE", &path(NUMBER), &[], None).status, 204);
    assert_eq!(ours.get(default).body, json!({ "number": null }));
    let (_, gone) = shows(ours, phone, FRIEND, Some(NUMBER));
    assert!(gone.unwrap_err().contains("neither yours, nor verified"));
}

#[test]
fn five_wrong_codes_and_a_call_that_is_hung_up_prove_nothing() {
    let phone = TestPhone::new("carrier", 302);
    let served = Served::start("wrong", phone.address(), PROOFS);
    let ours = served.client(KEY);
    let rung = Rung::waits(phone);
    let (code, _) = ask(&ours, NUMBER);
    let other = other(&code);
    let tries = (0..5).map(|place| (ms(800 + place * 3_500), keys(other)));
    let (phone, outcome) = rung.does(tries.collect());
    assert_eq!(outcome.end, End::ByFarEnd, "no other try");
    until(&ours, &path(NUMBER), |one| one["state"] == "failed");

    let rung = Rung::waits(phone);
    let (code, _) = ask(&ours, NUMBER);
    assert_eq!(ours.get(&path(NUMBER)).body["state"], "pending");
    let too_few = vec![(ms(500), keys(&code[..5])), (ms(2_000), Action::HangUp)];
    rung.does(too_few);
    until(&ours, &path(NUMBER), |one| one["state"] == "failed");
    let listed = ours.get("/v1/caller-ids").body;
    assert_eq!(listed["caller_ids"][0]["state"], "failed");
    assert!(listed["caller_ids"][0]["expires_at"].is_null());
}

#[test]
fn what_is_asked_too_often_or_cannot_be_is_told() {
    // Nobody is there: what is asked for is not proved, and rings nobody.
    let phone = TestPhone::new("carrier", 303);
    let served = Served::start("often", phone.address(), PROOFS);
    let (ours, theirs) = (served.client(KEY), served.client(STRANGER));
    let wish = |client: &Client, number: &str| client.post("/v1/caller-ids", Some(json!({ "number": number })));
    for number in ["", "030222222", "+49", "+49 30 222222", "*", "+49302222222222222"] {
        let answer = wish(&ours, number);
        assert_eq!(
            (refused(&answer), &answer.body["field"]),
            ((422, "refused"), &json!("number")),
            "{number}"
        );
    }
    served.give_number();
    assert_eq!(refused(&wish(&ours, OWN)), (409, "exists"), "it is its own");
    // Another tenant that asks for it is answered as for any other number.
    assert_eq!(wish(&theirs, OWN).status, wish(&theirs, "+4930444444").status);
    let asked: Vec<_> = (0..6).map(|_| wish(&ours, NUMBER)).collect();
    let statuses: Vec<_> = asked.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [201, 201, 201, 201, 201, 429]);
    assert_eq!(refused(&asked[5]), (429, "too-many"));

    let without = Served::start("without", phone.address(), "");
    let answer = wish(&without.client(KEY), NUMBER);
    assert_eq!(refused(&answer), (422, "refused"));
    assert!(answer.body["detail"].as_str().unwrap().contains("[caller_ids] handler"));
}
