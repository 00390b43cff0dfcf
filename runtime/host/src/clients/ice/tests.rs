//! What servers can be named, and what a client is told of them.

use super::*;
use crate::clients::testing::grants;

fn url(text: &str) -> IceUrl {
    IceUrl::parse(text).expect(text)
}

fn token() -> Token {
    Token {
        tenant: "acme".to_owned(),
        kid: "key_1".to_owned(),
        expires_at: 1_700_000_000,
        grants: grants("alice", true, None),
    }
}

#[test]
fn addresses_are_those_of_stun_and_turn() {
    for good in [
        "stun:stun.example.com",
        "stuns:192.0.2.1:5349",
        "turn:turn.example.com:3478?transport=udp",
        "turns:[2001:db8::1]:443?transport=tcp",
        "turn:[2001:db8::1]",
    ] {
        url(good);
    }
    let long = format!("turn:{}", "a".repeat(URL_BYTES));
    for bad in [
        "",
        "turn.example.com",
        "http://turn.example.com",
        "turn:",
        "turn:a b",
        "turn:alice@turn.example.com",
        "turn:turn.example.com:0",
        "turn:turn.example.com:70000",
        "turn:turn.example.com?transport=sctp",
        "stun:stun.example.com?transport=udp",
        "turn:[2001:db8::1",
        "turn:[turn.example.com]",
        &long,
    ] {
        assert_eq!(IceUrl::parse(bad), None, "{bad}");
    }
}

#[test]
fn a_secret_stands_beside_a_relay_and_nowhere_else() {
    let relay = || vec![url("turn:turn.example.com")];
    assert_eq!(IceServers::new(relay(), None), Err(IceServersError::NoSecret));
    let reflects = vec![url("stun:stun.example.com")];
    assert_eq!(
        IceServers::new(reflects, Some("hush".to_owned())),
        Err(IceServersError::NoTurn)
    );
    let many = vec![url("stun:stun.example.com"); URLS_MAX + 1];
    assert_eq!(IceServers::new(many, None), Err(IceServersError::TooMany));
    assert!(IceServers::default().of_client(&token()).is_empty());
}

/// The password was reckoned by OpenSSL: `printf %s <name> | openssl dgst -sha1 -hmac north -binary | base64`.
#[test]
fn each_client_has_a_name_that_ends_and_a_password_that_follows_from_it() {
    let urls = vec![
        url("turn:turn.example.com"),
        url("stun:stun.example.com"),
        url("turns:turn.example.com"),
    ];
    let servers = IceServers::new(urls, Some("north".to_owned())).unwrap();
    let told = servers.of_client(&token());
    let [reflects, relays] = told.as_slice() else {
        panic!("{told:?}");
    };
    assert_eq!(reflects.urls, ["stun:stun.example.com"]);
    assert_eq!((&reflects.username, &reflects.credential), (&None, &None));
    assert_eq!(relays.urls, ["turn:turn.example.com", "turns:turn.example.com"]);
    assert_eq!(relays.username.as_deref(), Some("1700014400:acme/alice"));
    assert_eq!(relays.credential.as_deref(), Some("b2qPh8059fc0HFryEi/v5tqQD2A="));
    assert!(!format!("{servers:?}").contains("north"));
}
