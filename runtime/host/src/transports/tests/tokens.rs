//! Tokens at the doors for WebSockets: a good one proves each message of its connection, a bad one is refused by name, and the client
//! protocol speaks for itself.

use super::rig::{Plan, Rig, expect_end, options, write};
use super::web::{frame, read_frame};
use crate::api::{ApiKey, KeyHash, Scope};
use crate::clients::{Grants, Minting, PresenceGrant, mint, public_key, testing};
use crate::deployments::now_ms;
use crate::shard_threads::Heard;
use crate::transports::tests::rig::PATIENCE;
use patchcord_control::ids::Tenant;
use patchcord_sip::{MayCall, Transport};
use serde_json::{Value, json};
use std::io::Read;
use std::net::TcpStream;

const KEY: &str = "pck_at_the_door";
const TEXT: u8 = 1;
const CLOSE: u8 = 8;

fn start() -> Rig {
    let key = ApiKey {
        name: "door".to_owned(),
        tenant: Tenant("acme".to_owned()),
        scopes: vec![Scope::Clients],
        hash: KeyHash::of(KEY),
        token_key: Some(public_key(KEY)),
    };
    let plan = Plan {
        keys: vec![key],
        ..Plan::of(Transport::Ws)
    };
    plan.start()
}

fn token(api_key: &str) -> String {
    testing::minted(api_key, "acme", testing::reception())
}

/// Asks for a WebSocket; the head of the answer.
fn ask(stream: &mut TcpStream, path: &str, protocols: &str) -> String {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: node.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Protocol: {protocols}\r\n\r\n"
    );
    write(stream, request.as_bytes());
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).expect("an answer");
        head.push(byte[0]);
    }
    String::from_utf8(head).expect("text")
}

fn proven(rig: &Rig) -> (std::sync::Arc<patchcord_sip::Proven>, String) {
    match rig.shards[0].heard(PATIENCE) {
        Some(Heard::Proven(_, proven, bytes)) => (proven, String::from_utf8(bytes).expect("text")),
        other => panic!("no message of a client but {other:?}"),
    }
}

#[test]
fn a_token_proves_each_message_of_its_connection() {
    let rig = start();
    let token = token(KEY);
    let by_address = (format!("/?x=1&access_token={token}"), "sip".to_owned());
    let by_protocol = ("/".to_owned(), format!("sip, bearer.{token}"));
    for (path, protocols) in [by_address, by_protocol] {
        let mut stream = rig.dial();
        let head = ask(&mut stream, &path, &protocols);
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
        assert!(head.contains("Sec-WebSocket-Protocol: sip\r\n"), "{head}");
        for name in ["one", "two"] {
            write(&mut stream, &frame(TEXT, &options(name)));
            let (proven, text) = proven(&rig);
            assert_eq!(
                (&*proven.tenant, &*proven.identity, proven.may_be_called),
                ("acme", "alice", true)
            );
            assert!(matches!(&proven.calls, MayCall::Handler { name, .. } if &**name == "reception"));
            assert!(text.contains(name));
        }
    }
}

#[test]
fn a_token_that_is_not_good_opens_nothing_and_is_told_why() {
    let rig = start();
    for (token, code) in [
        (token("pck_of_a_stranger"), "token-unknown-key"),
        ("x".to_owned(), "token-malformed"),
    ] {
        let mut stream = rig.dial();
        let head = ask(&mut stream, &format!("/?access_token={token}"), "sip");
        assert!(head.starts_with("HTTP/1.1 401"), "{head}");
        let body = String::from_utf8(expect_end(&mut stream)).expect("text");
        assert!(body.starts_with(code), "{body}");
    }
    rig.wait(|figures| figures.tokens_refused.get(), 2);
    assert_eq!(refusals(&rig), [("malformed", 1), ("unknown_key", 1)]);
    rig.silence();
}

/// What tokens were refused for, as far as there was any.
fn refusals(rig: &Rig) -> Vec<(&'static str, u64)> {
    let all = rig.figures.tokens.by_reason();
    all.into_iter().filter(|(_, count)| *count > 0).collect()
}

/// A token of a minute with an API key, made so long ago.
fn old(seconds: i64, presence: PresenceGrant) -> String {
    let wanted = Minting {
        tenant: "acme".to_owned(),
        grants: Grants {
            presence,
            ..testing::grants("alice", false, None)
        },
        life: 60,
        name: "old".to_owned(),
    };
    mint(KEY, &wanted, now_ms() / 1_000 - seconds).expect("it can be made")
}

#[test]
fn a_client_that_is_refused_is_counted_by_what_its_token_lacks() {
    let rig = start();
    let expired = old(120, PresenceGrant::default());
    let good = old(0, PresenceGrant::default());
    let forged = format!("{}{}", &good[..good.len() - 8], &expired[expired.len() - 8..]);
    let foreign = testing::minted(KEY, "globex", None);
    for (token, code) in [
        (expired, "token-expired"),
        (forged, "token-bad-signature"),
        (foreign, "token-foreign-tenant"),
    ] {
        let mut stream = rig.dial();
        ask(&mut stream, "/client", "patchcord.client.v1");
        say(&mut stream, &json!({ "type": "hello", "version": 1, "token": token }));
        assert_eq!(hear(&mut stream)["code"], code);
        assert_eq!(closed(&mut stream), 4401);
    }
    let mut stream = rig.dial();
    ask(&mut stream, "/client", "patchcord.client.v1");
    say(&mut stream, &json!({ "type": "hello", "version": 1, "token": good }));
    assert_eq!(hear(&mut stream)["type"], "welcome");
    for (number, asked) in [
        json!({ "type": "register" }),
        json!({ "type": "presence.watch", "identities": ["bob"] }),
    ]
    .into_iter()
    .enumerate()
    {
        let mut asked = asked;
        asked["seq"] = (number + 1).into();
        say(&mut stream, &asked);
        assert_eq!(hear(&mut stream)["code"], "token-missing-grant");
    }
    let counted = [
        ("bad_signature", 1),
        ("foreign_tenant", 1),
        ("expired", 1),
        ("missing_grant", 2),
    ];
    assert_eq!(refusals(&rig), counted);
    rig.wait(|figures| figures.tokens_refused.get(), 0);
}

fn say(stream: &mut TcpStream, message: &Value) {
    write(stream, &frame(TEXT, message.to_string().as_bytes()));
}

fn hear(stream: &mut TcpStream) -> Value {
    let (kind, bytes) = read_frame(stream);
    assert_eq!(kind, TEXT, "{}", bytes.escape_ascii());
    serde_json::from_slice(&bytes).expect("JSON")
}

/// The number that the WebSocket is closed with.
fn closed(stream: &mut TcpStream) -> u16 {
    let (kind, bytes) = read_frame(stream);
    assert_eq!(kind, CLOSE, "{}", bytes.escape_ascii());
    u16::from_be_bytes([bytes[0], bytes[1]])
}

#[test]
fn a_client_is_welcomed_registers_and_comes_back_with_its_secret_once() {
    let rig = start();
    let mut stream = rig.dial();
    let head = ask(
        &mut stream,
        "/client",
        &format!("patchcord.client.v1, bearer.{}", token(KEY)),
    );
    assert!(
        head.contains("Sec-WebSocket-Protocol: patchcord.client.v1\r\n"),
        "{head}"
    );
    say(&mut stream, &json!({ "type": "hello", "version": 1 }));
    let welcome = hear(&mut stream);
    assert_eq!(
        (&welcome["type"], &welcome["identity"]),
        (&json!("welcome"), &json!("alice"))
    );
    say(&mut stream, &json!({ "type": "register", "seq": 1 }));
    let (proven, text) = proven(&rig);
    assert_eq!(&*proven.identity, "alice");
    assert!(text.starts_with("REGISTER "), "{text}");
    // Torn, without a goodbye.
    drop(stream);

    let back = json!({ "type": "hello", "version": 1, "resume": welcome["resume"], "received": 0 });
    let mut stream = rig.dial();
    ask(&mut stream, "/client", "patchcord.client.v1");
    say(&mut stream, &back);
    let again = hear(&mut stream);
    assert_eq!((&again["resumed"], &again["received"]), (&json!(true), &json!(1)));
    assert_ne!(again["resume"], welcome["resume"]);

    let mut replay = rig.dial();
    ask(&mut replay, "/client", "patchcord.client.v1");
    say(&mut replay, &back);
    assert_eq!(hear(&mut replay)["code"], "resume-replayed");
    assert_eq!(closed(&mut replay), 4410);

    say(&mut stream, &json!({ "type": "leave", "seq": 2 }));
    assert_eq!(closed(&mut stream), 1000);
    rig.wait(|figures| figures.connections.get(), 0);
}

#[test]
fn what_is_no_hello_and_what_has_no_good_token_is_turned_away() {
    let rig = start();
    for (hello, code, number) in [
        (json!({ "type": "register" }), "malformed", 4400),
        (json!({ "type": "hello", "version": 2 }), "malformed", 4400),
        (json!({ "type": "hello", "version": 1 }), "token-malformed", 4401),
        (
            json!({ "type": "hello", "version": 1, "token": token("pck_other") }),
            "token-unknown-key",
            4401,
        ),
        (
            json!({ "type": "hello", "version": 1, "resume": "00" }),
            "resume-over",
            4410,
        ),
    ] {
        let mut stream = rig.dial();
        ask(&mut stream, "/client", "patchcord.client.v1");
        say(&mut stream, &hello);
        assert_eq!(
            (hear(&mut stream)["code"].as_str(), closed(&mut stream)),
            (Some(code), number),
            "{hello}"
        );
    }
    let mut stream = rig.dial();
    assert!(ask(&mut stream, "/client", "sip").starts_with("HTTP/1.1 400"));
    assert_eq!(
        refusals(&rig),
        [("malformed", 1), ("unknown_key", 1)],
        "what is no hello says nothing of a token"
    );
    rig.silence();
}
