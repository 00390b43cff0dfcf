//! Access tokens by the API: made with the key of the request, refused by name, and never to be kept on the way.

use super::{KEY, READER, TENANT, TURN_SECRET, api_node, client, problem};
use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Value, json};

fn claims(token: &str) -> Value {
    let claims = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&Base64UrlUnpadded::decode_vec(claims).unwrap()).unwrap()
}

#[test]
fn a_token_is_made_with_the_key_of_the_request_until_that_is_revoked() {
    let node = api_node();
    let admin = client(&node, KEY);
    let made = admin.post("/v1/keys", Some(json!({ "name": "pages", "scopes": ["clients"] })));
    assert_eq!(made.status, 201, "{}", made.text);
    let ours = client(&node, made.body["key"].as_str().unwrap());
    let wanted = json!({
        "identity": "alice", "call": { "handler": "hello", "params": { "queue": "sales" } }, "incoming": true,
        "presence": { "publish": true, "watch": ["bob"] }, "ttl_s": 60,
    });
    let answer = ours.post("/v1/tokens", Some(wanted.clone()));
    assert_eq!((answer.status, &answer.body["identity"]), (201, &json!("alice")));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let claims = claims(answer.body["token"].as_str().unwrap());
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 60);
    let grants = json!({
        "identity": "alice", "call": { "handler": "hello", "params": { "queue": "sales" } }, "incoming": true,
        "presence": { "publish": true, "watch": ["bob"] }, "media": ["audio"],
    });
    assert_eq!(claims["grants"], grants);
    let relay = &answer.body["ice_servers"][0];
    assert_eq!(relay["urls"], json!(["turn:turn.example.com"]));
    let name = format!("{}:{TENANT}/alice", claims["exp"].as_i64().unwrap() + 4 * 60 * 60);
    assert_eq!(relay["username"], name);
    assert!(
        relay["credential"].is_string() && !answer.text.contains(TURN_SECRET),
        "{relay}"
    );
    assert_eq!(ours.get("/v1/clients/doors").body, json!({ "doors": [] }));

    let path = format!("/v1/keys/{}", made.body["id"].as_str().unwrap());
    assert_eq!(admin.ask("DELETE", &path, &[], None).status, 204);
    assert_eq!(ours.post("/v1/tokens", Some(wanted)).status, 401);
}

#[test]
fn who_may_make_no_token_and_what_no_token_can_say_is_refused_by_name() {
    let node = api_node();
    let (old, reader) = (client(&node, KEY), client(&node, READER));
    let alice = || Some(json!({ "identity": "alice" }));
    let (status, code, _) = problem(old.post("/v1/tokens", alice()));
    assert_eq!((status, code.as_str()), (403, "key-without-tokens"));
    let (_, code, _) = problem(reader.post("/v1/tokens", alice()));
    assert_eq!(code, "out-of-scope");
    for (body, field) in [
        (json!({ "identity": "alice smith" }), "identity"),
        (json!({ "identity": "alice", "ttl_s": 86_401 }), "ttl_s"),
        (
            json!({ "identity": "alice", "dial": true, "call": { "handler": "hello" } }),
            "dial",
        ),
    ] {
        let (status, code, at) = problem(old.post("/v1/tokens", Some(body)));
        assert_eq!((status, code.as_str(), at), (422, "refused", json!(field)));
    }
    for body in [
        json!({}),
        json!({ "identity": "alice", "presence": { "watch": "some" } }),
    ] {
        let (_, code, _) = problem(old.post("/v1/tokens", Some(body)));
        assert_eq!(code, "invalid-body");
    }
}
