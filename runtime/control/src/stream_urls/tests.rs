//! Addresses as people write them, right and wrong, and which of them are below an allowed one.

use super::*;

fn url(text: &str) -> StreamUrl {
    StreamUrl::parse(text).unwrap_or_else(|why| panic!("{text}: {why}"))
}

#[test]
fn an_address_is_taken_apart() {
    let it = url("WSS://Agents.Example:8443/talk/de?token=1");
    assert_eq!((it.is_secure(), it.host(), it.port()), (true, "agents.example", 8443));
    assert_eq!(
        (it.authority(), it.target()),
        ("agents.example:8443".to_owned(), "/talk/de?token=1".to_owned())
    );
    assert_eq!(url("ws://a").target(), "/");
    assert_eq!(url("ws://a?x").target(), "/?x");
    assert_eq!(url("ws://[::1]:9/").authority(), "[::1]:9");
    assert_eq!((url("ws://a").port(), url("wss://a").port()), (80, 443));
}

#[test]
fn what_is_no_address_is_refused_with_a_reason() {
    let bad = [
        "",
        "http://a",
        "ws:/a",
        "ws://",
        "ws://:80",
        "ws://a:0",
        "ws://a:65536",
        "ws://a:+1",
        "ws://u:p@a",
        "ws://a b",
        "ws://a/#x",
        "ws://a/\r\nHost: b",
        "ws://a/../b",
        "ws://a/%2E%2e/b",
        "ws://[::1",
        "ws://[a]/",
        "ws://\u{e4}/",
    ];
    for text in bad {
        assert!(StreamUrl::parse(text).is_err(), "{text:?}");
    }
    assert!(StreamUrl::parse(&format!("ws://a/{}", "x".repeat(STREAM_URL_BYTES))).is_err());
}

#[test]
fn only_what_is_named_is_allowed() {
    let allow = StreamAllow::new(vec![url("ws://a:81/talk"), url("wss://b/all/")]);
    for good in [
        "ws://a:81/talk",
        "ws://A:81/talk?x=1",
        "wss://b/all/",
        "wss://b:443/all/x/y?z",
    ] {
        assert!(allow.allows(&url(good)), "{good}");
    }
    let bad = [
        "ws://a/talk",
        "wss://a:81/talk",
        "ws://a:81/talk/more",
        "ws://a:81/talks",
        "wss://b/all",
        "wss://b/",
        "ws://b/all/",
        "wss://b.evil/all/",
        "wss://c/all/",
    ];
    for bad in bad {
        assert!(!allow.allows(&url(bad)), "{bad}");
    }
    assert!(!StreamAllow::default().allows(&url("ws://a/")));
}

#[test]
fn no_log_shows_a_path() {
    let it = url("ws://a/secret?token=secret");
    assert!(!format!("{it:?} {it}").contains("secret"));
}
