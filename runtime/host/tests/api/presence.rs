//! Presence by the API: what is said of people, read one by one and together, and told as it changes.

use super::{KEY, READER, api_node, client, problem};
use crate::http::Answer;
use serde_json::{Value, json};

const BOB: &str = "/v1/presence/bob";

fn put(client: &crate::http::Client, path: &str, body: Value) -> Answer {
    client.ask("PUT", path, &[], Some(body))
}

#[test]
fn what_is_said_of_somebody_is_read_changed_and_taken_back() {
    let node = api_node();
    let (ours, reader) = (client(&node, KEY), client(&node, READER));
    let nobody = json!({ "identity": "bob", "availability": "unavailable", "text": "", "calls": 0, "clients": [] });
    assert_eq!(ours.get(BOB).body, nobody);
    let away = json!({ "availability": "unavailable", "reason": "away-long", "text": "On holiday." });
    let said = put(&ours, BOB, away.clone());
    assert_eq!((said.status, &said.body["said"]), (200, &away));
    assert_eq!(reader.get(BOB).body, said.body);
    let change = json!({ "reason": null, "text": "Back on Monday." });
    let changed = ours.ask("PATCH", BOB, &[], Some(change)).body;
    assert_eq!(
        changed["said"],
        json!({ "availability": "unavailable", "text": "Back on Monday." })
    );
    // Nobody is registered: an identity is not there because it is said to be.
    let there = put(&ours, BOB, json!({ "availability": "available", "text": "At home." })).body;
    assert_eq!(
        (&there["availability"], &there["text"]),
        (&json!("unavailable"), &json!("At home."))
    );
    let both = reader.get("/v1/presence?identities=alice,bob").body;
    assert_eq!(both["presence"][0]["identity"], "alice");
    assert_eq!(both["presence"][1], there);
    assert_eq!(reader.get("/v1/clients/bob/instances").body, json!({ "instances": [] }));
    assert_eq!(ours.ask("DELETE", BOB, &[], None).status, 204);
    assert_eq!(ours.get(BOB).body, nobody);
}

#[test]
fn what_is_wrong_is_told_by_name_and_changes_nothing() {
    let node = api_node();
    let (ours, reader) = (client(&node, KEY), client(&node, READER));
    let (_, code, _) = problem(put(&reader, BOB, json!({ "availability": "busy" })));
    assert_eq!(code, "out-of-scope");
    let many: Vec<String> = (0..101).map(|number| format!("user{number}")).collect();
    let too_many = format!("/v1/presence?identities={}", many.join(","));
    for path in [
        "/v1/presence",
        "/v1/presence?identities=",
        too_many.as_str(),
        "/v1/presence/events",
    ] {
        let (status, code, field) = problem(ours.get(path));
        assert_eq!(
            (status, code.as_str(), field),
            (400, "invalid-request", json!("identities")),
            "{path}"
        );
    }
    let long = json!({ "availability": "busy", "text": "x".repeat(257) });
    let (_, code, field) = problem(put(&ours, BOB, long));
    assert_eq!((code.as_str(), field), ("refused", json!("text")));
    for body in [
        json!({ "availability": "asleep" }),
        json!({}),
        json!({ "availability": "busy", "mood": "good" }),
    ] {
        let (_, code, _) = problem(put(&ours, BOB, body));
        assert_eq!(code, "invalid-body");
    }
    assert!(ours.get(BOB).body["said"].is_null());
}

#[test]
fn a_reader_of_events_is_told_how_all_are_and_then_what_changed() {
    let node = api_node();
    let ours = client(&node, KEY);
    let mut events = ours.stream("/v1/presence/events?identities=bob,alice");
    let (kind, first) = events.next().unwrap();
    assert_eq!(kind, "presence");
    let names: Vec<&Value> = first["presence"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["identity"])
        .collect();
    assert_eq!(names, ["alice", "bob"]);
    put(&ours, BOB, json!({ "availability": "unavailable", "text": "one" }));
    put(&ours, BOB, json!({ "availability": "unavailable", "text": "two" }));
    let mut newest = Value::Null;
    while newest["text"] != "two" {
        let (_, news) = events.next().unwrap();
        assert_eq!(news["presence"].as_array().unwrap().len(), 1, "alice has not changed");
        newest = news["presence"][0].clone();
    }
    assert_eq!(newest["identity"], "bob");
}
