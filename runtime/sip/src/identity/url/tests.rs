//! Addresses that a stranger would like us to fetch.

use super::*;

fn check(text: &str) -> Result<CertificateUrl, UrlFault> {
    CertificateUrl::check(text, &UrlRules::default())
}

#[test]
fn public_https_addresses_pass() {
    let url = check("HTTPS://Cert.Example.org:8443/a/b.pem?v=1").unwrap();
    assert_eq!((url.host(), url.port()), ("cert.example.org", 8443));
    assert_eq!(url.as_str(), "HTTPS://Cert.Example.org:8443/a/b.pem?v=1");
    for text in [
        "https://cert.example.org",
        "https://9.9.9.9/c",
        "https://[2620:fe::fe]/c",
        "https://a-b.c_d.example/",
    ] {
        assert!(check(text).is_ok(), "{text}");
    }
}

#[test]
fn everything_else_is_refused_by_name() {
    let long = format!("https://cert.example.org/{}", "a".repeat(URL_BYTES));
    for (text, fault) in [
        (long.as_str(), UrlFault::TooLong),
        ("", UrlFault::Scheme),
        ("http://cert.example.org/c", UrlFault::Scheme),
        ("file:///etc/passwd", UrlFault::Scheme),
        ("https:/cert.example.org/c", UrlFault::Scheme),
        ("https://user@cert.example.org/c", UrlFault::UserInfo),
        ("https://cert.example.org@127.0.0.1/c", UrlFault::UserInfo),
        ("https://cert.example.org:22/c", UrlFault::Port),
        ("https://cert.example.org:99999/c", UrlFault::Malformed),
        ("https://cert.example.org:/c", UrlFault::Malformed),
        ("https://cert.example.org:+443/c", UrlFault::Malformed),
        ("https://cert.example.org/c#f", UrlFault::Malformed),
        ("https://cert.example.org\\@127.0.0.1/c", UrlFault::Malformed),
        ("https://cert.example.org/\r\nHost: a", UrlFault::Malformed),
        ("https://c\u{e9}rt.example.org/", UrlFault::Malformed),
        ("https://", UrlFault::Malformed),
        ("https://.example.org/", UrlFault::Malformed),
        ("https://localhost./", UrlFault::Malformed),
        ("https://%6cocalhost/", UrlFault::Malformed),
        ("https://[::1/", UrlFault::Malformed),
        ("https://[fe80::1%25eth0]/", UrlFault::Malformed),
    ] {
        assert_eq!(check(text).unwrap_err(), fault, "{text}");
    }
}

#[test]
fn hosts_that_are_not_public() {
    for host in [
        "localhost",
        "printer",
        "db.internal",
        "a.localhost",
        "nas.local",
        "127.0.0.1",
        "10.1.2.3",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "[::1]",
        "[::]",
        "[fe80::1]",
        "[fd00::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:8.8.8.8]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[2001:db8::1]",
        "[ff02::1]",
    ] {
        assert_eq!(
            check(&format!("https://{host}/c")).unwrap_err(),
            UrlFault::Private,
            "{host}"
        );
    }
    // Other spellings of 127.0.0.1 that some resolvers take.
    for host in [
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.0.0.0x1",
        "1.2.3.4.5",
        "256.1.1.1",
    ] {
        assert_eq!(
            check(&format!("https://{host}/c")).unwrap_err(),
            UrlFault::Malformed,
            "{host}"
        );
    }
}

#[test]
fn rules_of_the_operator() {
    let rules = UrlRules {
        hosts: HostRule::Only(vec!["cert.example.org".to_owned(), ".carrier.example".to_owned()]),
        ..UrlRules::default()
    };
    for (host, admitted) in [
        ("cert.example.org", true),
        ("CERT.example.org", true),
        ("a.cert.example.org", false),
        ("sti.carrier.example", true),
        ("a.sti.carrier.example", true),
        ("carrier.example", false),
        ("evilcarrier.example", false),
        ("carrier.example.evil.test", false),
    ] {
        let found = CertificateUrl::check(&format!("https://{host}/c"), &rules);
        assert_eq!(found.is_ok(), admitted, "{host}");
    }
    let laboratory = UrlRules {
        literals: LiteralRule::Any,
        ports: vec![4443],
        ..UrlRules::default()
    };
    assert!(CertificateUrl::check("https://127.0.0.1:4443/c", &laboratory).is_ok());
    assert_eq!(
        CertificateUrl::check("https://localhost/c", &laboratory).unwrap_err(),
        UrlFault::Port
    );
}
