//! Tenants and each other's things.

use super::{
    KEY, OPERATOR, SECRET, STRANGER, call, client, database, done, hosting, long_call, publish, put, refused, until,
    upload,
};
use crate::handlers::call_module;
use crate::http::Client;
use patchcord_host::Node;
use patchcord_sim::phone::End;
use serde_json::json;

#[test]
fn nothing_of_one_tenant_is_seen_or_changed_by_another() {
    let node = hosting(&database("tenants"));
    let (ours, theirs) = (client(&node, KEY), client(&node, STRANGER));
    let module = done(publish(&ours, "line", &call_module("endless_tone"), json!({})))["module"].clone();
    done(put(&ours, "/v1/handlers/line/rollout", json!({ "version": 1 })));
    done(put(&ours, "/v1/routes/100", json!({ "handler": "line" })));
    let key = done(ours.post("/v1/keys", Some(json!({ "name": "ci", "scopes": ["read"] }))));
    assert_eq!(put(&ours, "/v1/secrets/token", json!({ "value": SECRET })).status, 204);
    let operator = client(&node, OPERATOR);
    done(put(
        &operator,
        "/v1/tenants/default/numbers/+15550100",
        json!({ "handler": "line" }),
    ));
    with_receivers(&ours);
    let taken = put(
        &operator,
        "/v1/tenants/stranger/numbers/+15550100",
        json!({ "handler": null }),
    );
    assert_eq!(refused(&taken), (409, "exists"));

    let document = ours.get("/v1/openapi.json").body;
    let module = module.as_str().unwrap();
    let mut asked = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            // These make an object of the asking tenant; presence of anybody is told, see below.
            let own = ["publishVersion", "setRoute", "setSecret"];
            let open = operation["security"] == json!([]);
            if open
                || !path.contains('{')
                || path.contains("{call}")
                || path.contains("{identity}")
                || own.iter().any(|name| operation["operationId"] == **name)
            {
                continue;
            }
            let concrete = path
                .replace("{hash}", module)
                .replace("{handler}", "line")
                .replace("{version}", "1")
                .replace("{to}", "100")
                .replace("{number}", "+15550100")
                .replace("{tenant}", "default")
                .replace("{key}", key["id"].as_str().unwrap())
                .replace("{secret}", "token")
                .replace("{webhook}", "crm")
                .replace("{sink}", "billing")
                .replace("{metric}", "calls_at_once")
                .replace("{recording}", "rec_00000000000000000000000000000001_1");
            let body = operation["requestBody"]["content"]["application/json"]
                .get("example")
                .cloned();
            let answer = theirs.ask(&method.to_ascii_uppercase(), &concrete, &[], body);
            let needs = operation["description"].as_str().unwrap_or_default();
            let expected = match needs.contains("`operator`") {
                true => (403, "out-of-scope"),
                false => (404, "not-found"),
            };
            assert_eq!(refused(&answer), expected, "{method} {path}");
            asked += 1;
        }
    }
    assert!(asked >= 20, "{asked}");
    own_things_of_the_same_names(&node, (&ours, &theirs), module);
    presence_of_the_same_name((&ours, &theirs));
    let handler = client(&node, key["key"].as_str().unwrap()).get("/v1/handlers/line");
    assert_eq!(handler.body["newest_version"], 1, "nothing of that has touched ours");
}

/// What is said of somebody is its tenant's, and another tenant's person of the same name is another person.
fn presence_of_the_same_name((ours, theirs): (&Client, &Client)) {
    let bob = "/v1/presence/bob";
    let said = done(put(
        ours,
        bob,
        json!({ "availability": "unavailable", "text": "on holiday" }),
    ));
    assert_eq!(said["said"]["text"], "on holiday");
    let nobody = json!({ "identity": "bob", "availability": "unavailable", "text": "", "calls": 0, "clients": [] });
    assert_eq!(theirs.get(bob).body, nobody);
    assert_eq!(
        theirs.get("/v1/presence?identities=bob").body,
        json!({ "presence": [nobody] })
    );
    assert_eq!(theirs.get("/v1/clients/bob/instances").body, json!({ "instances": [] }));
    done(put(theirs, bob, json!({ "availability": "busy" })));
    assert_eq!(theirs.ask("DELETE", bob, &[], None).status, 204);
    assert_eq!(ours.get(bob).body, said, "theirs was another bob");
    assert_eq!(ours.ask("DELETE", bob, &[], None).status, 204);
    assert_eq!(ours.get(bob).body, nobody);
}

/// A webhook `crm` and an event sink `billing`.
fn with_receivers(ours: &Client) {
    done(ours.post(
        "/v1/webhooks",
        Some(json!({ "name": "crm", "url": "https://crm.example.com/" })),
    ));
    let keeps = done(upload(ours, &call_module("keeps_events")))["hash"].clone();
    done(ours.post("/v1/event-sinks", Some(json!({ "name": "billing", "module": keeps }))));
}

/// Another tenant's things of the same names are its own, and get none of our calls.
fn own_things_of_the_same_names(node: &Node, (ours, theirs): (&Client, &Client), module: &str) {
    let lists = [
        "modules",
        "handlers",
        "routes",
        "numbers",
        "secrets",
        "keys",
        "tenants",
        "webhooks",
        "event_sinks",
        "caller_ids",
    ];
    for list in lists {
        let path = format!("/v1/{}", list.replace('_', "-"));
        assert_eq!(theirs.get(&path).body, json!({ list: [] }), "{list}");
    }
    // Their own things of the same names are their own, and get none of our calls.
    done(publish(theirs, "line", &call_module("takes_messages"), json!({})));
    done(put(theirs, "/v1/handlers/line/rollout", json!({ "version": 1 })));
    done(put(theirs, "/v1/routes/*", json!({ "handler": "line" })));
    done(put(theirs, "/v1/routes/100", json!({ "handler": "line" })));
    for to in ["100", "+15550100"] {
        let phone = long_call(node, to);
        let live = until(ours, "/v1/calls?status=in-progress", |list| {
            list["calls"][0].is_object()
        });
        assert_eq!(live["calls"][0]["module"], module);
        ours.post(
            &format!("/v1/calls/{}/end", live["calls"][0]["id"].as_str().unwrap()),
            None,
        );
        phone.join().unwrap();
        until(ours, "/v1/calls?status=in-progress", |list| list["calls"] == json!([]));
    }
    assert_eq!(
        call(node, "77").end,
        End::Refused { status: 404 },
        "not even those that nobody takes"
    );
}
