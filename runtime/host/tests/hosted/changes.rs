//! A change is read again as far as it goes, and no further: what else there is stays, and what was missed meanwhile is not.

use super::{KEY, OPERATOR, call, client, done, hosting, long_call, publish, put, refused, until};
use crate::database::{database, run};
use crate::handlers::call_module;
use crate::http::Client;
use crate::support::TENANT;
use patchcord_host::Node;
use patchcord_sim::phone::End;
use serde_json::json;

/// The handler `line` of whoever this is, which plays without end.
fn with_line(theirs: &Client) {
    done(publish(theirs, "line", &call_module("endless_tone"), json!({})));
    done(put(theirs, "/v1/handlers/line/rollout", json!({ "version": 1 })));
}

/// Calls a number, and hangs up once the call is there.
fn is_served(node: &Node, theirs: &Client, number: &'static str) {
    let phone = long_call(node, number);
    let live = until(theirs, "/v1/calls?status=in-progress", |list| {
        list["calls"][0].is_object()
    });
    let id = live["calls"][0]["id"].as_str().unwrap();
    theirs.post(&format!("/v1/calls/{id}/end"), None);
    assert_eq!(phone.join().unwrap().end, End::ByFarEnd);
    until(theirs, "/v1/calls?status=in-progress", |list| {
        list["calls"] == json!([])
    });
}

fn is_refused(node: &Node, number: &str) {
    assert_eq!(call(node, number).end, End::Refused { status: 404 }, "{number}");
}

#[test]
fn a_sub_account_goes_and_comes_back_with_its_account_whole() {
    let node = hosting(&database("below"));
    let operator = client(&node, OPERATOR);
    let scopes = json!(["read", "write", "admin"]);
    let key_of = |by: &Client, tenant: &str| {
        let made = json!({ "name": "first", "scopes": scopes });
        let made = done(by.post(&format!("/v1/tenants/{tenant}/keys"), Some(made)));
        client(&node, made["key"].as_str().unwrap())
    };
    done(operator.post("/v1/tenants", Some(json!({ "id": "acme", "name": "Acme" }))));
    let acme = key_of(&operator, "acme");
    done(acme.post("/v1/tenants", Some(json!({ "id": "acme-shop", "name": "Shop" }))));
    let shop = key_of(&acme, "acme-shop");
    with_line(&shop);
    let give = |number: &str| {
        let path = format!("/v1/tenants/acme-shop/numbers/{number}");
        done(put(&operator, &path, json!({ "handler": "line" })))
    };
    give("+15550101");
    is_served(&node, &shop, "+15550101");
    let state = |state: &str| {
        let asked = operator.ask("PATCH", "/v1/tenants/acme", &[], Some(json!({ "state": state })));
        done(asked);
    };
    state("suspended");
    is_refused(&node, "+15550101");
    // Changed while nothing of it counts.
    give("+15550102");
    is_refused(&node, "+15550102");
    state("active");
    is_served(&node, &shop, "+15550101");
    is_served(&node, &shop, "+15550102");
}

#[test]
fn a_change_of_one_thing_leaves_the_others_as_they_are() {
    let node = hosting(&database("changes"));
    let (ours, operator) = (client(&node, KEY), client(&node, OPERATOR));
    with_line(&ours);
    done(put(&ours, "/v1/routes/100", json!({ "handler": "line" })));
    let given = format!("/v1/tenants/{TENANT}/numbers/+15550103");
    done(put(&operator, &given, json!({ "handler": "line" })));
    let both = || {
        is_served(&node, &ours, "100");
        is_served(&node, &ours, "+15550103");
    };
    both();
    done(publish(&ours, "other", &call_module("takes_messages"), json!({})));
    done(put(&ours, "/v1/handlers/other/rollout", json!({ "version": 1 })));
    both();
    done(put(&ours, "/v1/routes/101", json!({ "handler": "other" })));
    let hook = json!({ "name": "crm", "url": "http://127.0.0.1:9/" });
    done(ours.post("/v1/webhooks", Some(hook)));
    let secret = put(&ours, "/v1/secrets/token", json!({ "value": "sk-5555-wxyz" }));
    assert_eq!(secret.status, 204);
    done(put(
        &operator,
        &format!("/v1/tenants/{TENANT}/quotas/calls_at_once"),
        json!({ "most": 3 }),
    ));
    both();
    assert_eq!(ours.ask("DELETE", "/v1/routes/100", &[], None).status, 204);
    is_refused(&node, "100");
    is_served(&node, &ours, "+15550103");
    done(put(&ours, "/v1/numbers/+15550103", json!({ "handler": null })));
    is_refused(&node, "+15550103");
}

#[test]
fn a_reading_that_fails_leaves_what_served_and_the_next_one_makes_up_for_it() {
    let database = database("failing");
    let node = hosting(&database);
    let ours = client(&node, KEY);
    with_line(&ours);
    done(put(&ours, "/v1/routes/100", json!({ "handler": "line" })));
    is_served(&node, &ours, "100");
    done(publish(&ours, "line", &call_module("says_who"), json!({})));

    // The change is written, and what it leads to cannot be read.
    run(&database, "ALTER TABLE modules RENAME TO modules_elsewhere");
    let changed = put(&ours, "/v1/handlers/line/rollout", json!({ "version": 2 }));
    assert_eq!(refused(&changed), (503, "unavailable"), "{}", changed.text);
    is_served(&node, &ours, "100");
    // So is one of something else: until all is known again nothing of this tenant is taken for known.
    let changed = put(&ours, "/v1/routes/101", json!({ "handler": "line" }));
    assert_eq!(refused(&changed), (503, "unavailable"), "{}", changed.text);
    is_served(&node, &ours, "100");

    run(&database, "ALTER TABLE modules_elsewhere RENAME TO modules");
    done(put(&ours, "/v1/routes/102", json!({ "handler": "line" })));
    let busy = End::Refused { status: 486 };
    for number in ["100", "101", "102"] {
        assert_eq!(call(&node, number).end, busy, "{number}: version 2 serves");
    }
}
