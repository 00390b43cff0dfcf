//! A copy of the database that was made while the node ran, by the database's own tools, brings back a node that serves: what to keep,
//! as examples/server/README.md says.

use super::database::{copy, database};
use super::handlers::{call_module, log_lines};
use super::suite::{KEY, SECRET, call, client, done, echo_server, hosting, long_call, publish, put, until};
use super::support::log;
use patchcord_host::{DatabaseConfig, SealingKey};
use patchcord_sim::phone::End;
use serde_json::json;

#[test]
fn a_copy_that_was_made_while_the_node_ran_serves_again() {
    let database = database("copied");
    let node = hosting(&database);
    let ours = client(&node, KEY);
    let port = echo_server();
    let name: &'static str = format!("asks_port-{port}-asks").leak();
    let secret = put(&ours, "/v1/secrets/crm-token", json!({ "value": SECRET }));
    assert_eq!(secret.status, 204, "{}", secret.text);
    let asks = json!({ "http": [format!("http://127.0.0.1:{port}/")], "secrets": ["crm-token"] });
    done(publish(&ours, name, &call_module("asks_port"), asks));
    for (path, body) in [
        (format!("/v1/handlers/{name}/rollout"), json!({ "version": 1 })),
        (format!("/v1/routes/{name}"), json!({ "handler": name })),
    ] {
        done(put(&ours, &path, body));
    }
    done(publish(&ours, "line", &call_module("endless_tone"), json!({})));
    done(put(&ours, "/v1/handlers/line/rollout", json!({ "version": 1 })));
    done(put(&ours, "/v1/routes/100", json!({ "handler": "line" })));
    assert_eq!(call(&node, name).end, End::ByFarEnd);
    // What is used is written with the records of calls.
    until(&ours, "/v1/usage", |used| {
        used["usage"].to_string().contains("\"calls\"")
    });

    // There is a call, and writing goes on, when the copy is made.
    let phone = long_call(&node, "100");
    let live = until(&ours, "/v1/calls?status=in-progress", |list| {
        list["calls"][0].is_object()
    });
    let copied = copy(&database);
    done(put(&ours, "/v1/routes/later", json!({ "handler": "line" })));
    let id = live["calls"][0]["id"].as_str().unwrap();
    ours.post(&format!("/v1/calls/{id}/end"), None);
    phone.join().unwrap();
    drop(node);

    let node = hosting(&copied);
    let ours = client(&node, KEY);
    assert_eq!(ours.get("/v1/calls").body["calls"].as_array().unwrap().len(), 1);
    assert_eq!(ours.get("/v1/routes/100").status, 200);
    assert_eq!(ours.get("/v1/routes/later").status, 404, "it came after the copy");
    let watcher = node.watch();
    assert_eq!(call(&node, name).end, End::ByFarEnd);
    let lines = log_lines(&watcher);
    assert!(lines[0].contains("200"), "the secret could be opened: {lines:?}");
    drop(node);
    without_its_key(copied, name);
}

/// A copy whose key is lost serves, without its secrets: handlers are told when they ask for them.
fn without_its_key(copied: DatabaseConfig, name: &'static str) {
    let node = hosting(&DatabaseConfig {
        sealing: SealingKey::parse(&"77".repeat(32)),
        ..copied
    });
    let watcher = node.watch();
    assert_eq!(call(&node, name).end, End::ByFarEnd);
    let lines = log_lines(&watcher);
    assert!(lines.iter().all(|line| !line.contains("200")), "{lines:?}");
    assert!(log().contains("this secret was sealed with another key"));
    let ours = client(&node, KEY);
    let phone = long_call(&node, "100");
    let live = until(&ours, "/v1/calls?status=in-progress", |list| {
        list["calls"][0].is_object()
    });
    let id = live["calls"][0]["id"].as_str().unwrap();
    ours.post(&format!("/v1/calls/{id}/end"), None);
    phone.join().unwrap();
}
