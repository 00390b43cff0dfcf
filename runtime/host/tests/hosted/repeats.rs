//! Requests with an `Idempotency-Key`: done once, whichever node of a database is asked, and after a restart too.

use super::{KEY, client, database, done, hosting, refused};
use crate::http::{Answer, Client};
use patchcord_host::DatabaseConfig;
use serde_json::{Value, json};

fn post(client: &Client, path: &str, key: &str, body: &Value) -> Answer {
    client.ask("POST", path, &[("Idempotency-Key", key)], Some(body.clone()))
}

fn names(client: &Client, list: &str) -> usize {
    client.get(&format!("/v1/{list}")).body[list].as_array().unwrap().len()
}

#[test]
fn a_request_is_done_once_by_two_nodes_and_after_a_restart() {
    let database = database("repeats");
    let (one, other) = (hosting(&database), hosting(&database));
    let order = json!({ "name": "crm", "url": "https://crm.example.com/" });
    let first = post(&client(&one, KEY), "/v1/webhooks", "order-1", &order);
    let made = done(first);
    let again = post(&client(&other, KEY), "/v1/webhooks", "order-1", &order);
    assert_eq!(
        (again.status, again.header("location")),
        (201, Some("/v1/webhooks/crm"))
    );
    assert_eq!(again.body, made, "with the secret in it");
    assert_eq!(names(&client(&other, KEY), "webhooks"), 1);
    let key = json!({ "name": "ci", "scopes": ["read"] });
    let made = done(post(&client(&one, KEY), "/v1/keys", "key-1", &key));
    drop((one, other));

    let node = hosting(&database);
    let ours = client(&node, KEY);
    assert_eq!(done(post(&ours, "/v1/keys", "key-1", &key)), made);
    assert_eq!(names(&ours, "keys"), 1, "nothing was done twice");
    let reused = post(
        &ours,
        "/v1/keys",
        "key-1",
        &json!({ "name": "ci", "scopes": ["write"] }),
    );
    assert_eq!(refused(&reused), (409, "key-reused"));
    let wrong = json!({ "name": "a b", "scopes": ["read"] });
    assert_eq!(refused(&post(&ours, "/v1/keys", "key-2", &wrong)), (422, "refused"));
    assert_eq!(
        post(&ours, "/v1/keys", "key-2", &key).status,
        201,
        "what was not done may be tried again"
    );
}

#[test]
fn a_node_that_cannot_seal_keeps_no_secret() {
    let database = DatabaseConfig {
        sealing: None,
        ..database("unsealed")
    };
    let node = hosting(&database);
    let ours = client(&node, KEY);
    let key = json!({ "name": "ci", "scopes": ["read"] });
    done(post(&ours, "/v1/keys", "key-1", &key));
    assert_eq!(refused(&post(&ours, "/v1/keys", "key-1", &key)), (409, "wrong-state"));
    assert_eq!(names(&ours, "keys"), 1);
    let webhook = json!({ "name": "crm", "url": "https://crm.example.com/" });
    assert_eq!(
        refused(&post(&ours, "/v1/webhooks", "hook-1", &webhook)),
        (503, "unavailable")
    );
}
