//! Which addresses are ones, and which are allowed.

use super::*;

fn url(text: &str) -> HttpUrl {
    HttpUrl::parse(text).expect("it is an address")
}

#[test]
fn an_address_is_taken_apart() {
    let parts = |text: &str| {
        let url = url(text);
        (
            url.is_secure(),
            url.host().to_owned(),
            url.port(),
            url.authority(),
            url.target(),
        )
    };
    let expected = |secure, host: &str, port, authority: &str, target: &str| {
        (secure, host.to_owned(), port, authority.to_owned(), target.to_owned())
    };
    assert_eq!(
        parts("https://CRM.example.com/a?b=1"),
        expected(true, "crm.example.com", 443, "crm.example.com", "/a?b=1")
    );
    assert_eq!(
        parts("http://[::1]:8080"),
        expected(false, "::1", 8080, "[::1]:8080", "/")
    );
    for text in [
        "ftp://a/",
        "http://",
        "http://me:pass@a/",
        "http://a/../b",
        "http://a/%2e%2E/b",
        "http://a/\r\nX: y",
        "http://a/#part",
        "http://a:0/",
    ] {
        assert!(HttpUrl::parse(text).is_err(), "{text}");
    }
    assert_eq!(format!("{:?}", url("https://a/token")), "https://a/");
}

#[test]
fn only_what_lies_below_is_allowed() {
    let allow = HttpAllow::Below(vec![url("https://a.example/api/"), url("http://b.example/one")]);
    for text in [
        "https://a.example/api/",
        "https://a.example/api/x?y",
        "http://b.example/one?q",
    ] {
        assert!(allow.allows(&url(text)), "{text}");
    }
    for text in [
        "http://a.example/api/x",
        "https://a.example:8443/api/x",
        "https://a.example/other",
        "https://a.example.evil/api/x",
        "http://b.example/one/more",
    ] {
        assert!(!allow.allows(&url(text)), "{text}");
    }
    assert!(!HttpAllow::default().allows(&url("http://a/")));
    assert!(HttpAllow::Everywhere.allows(&url("http://a/")));
}
