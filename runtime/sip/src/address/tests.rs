//! Display names, brackets, tags.

use super::*;

fn address(text: &str) -> NameAddr {
    NameAddr::parse(text).unwrap_or_else(|fault| panic!("{text}: {fault}"))
}

#[test]
fn reads_quoted_names_with_escapes_and_commas() {
    let parsed = address(r#" "J Rosenberg \\\", Jr;<x>"  < sip:jdrosen@example.com;lr > ; tag = 98asjd8 ; x="a;b""#);
    assert_eq!(parsed.display.as_deref(), Some(r#"J Rosenberg \", Jr;<x>"#));
    assert_eq!(parsed.uri.as_str(), "sip:jdrosen@example.com;lr");
    assert_eq!((parsed.tag(), parsed.param("X")), (Some("98asjd8"), Some("\"a;b\"")));
}

#[test]
fn without_brackets_parameters_belong_to_the_header() {
    let parsed = address("sip:caller@example.net;tag=134161461246");
    assert_eq!(
        (parsed.uri.as_str(), parsed.tag()),
        ("sip:caller@example.net", Some("134161461246"))
    );
    assert!(NameAddr::parse("sip:user@example.com?Route=%3Csip:x%3E").is_err());
}

#[test]
fn takes_what_phones_really_send() {
    assert_eq!(
        address("Bell, Alexander <sip:a.g.bell@example.com>;tag=43")
            .display
            .as_deref(),
        Some("Bell, Alexander")
    );
    assert_eq!(address("caller<sip:caller@example.com>;tag=323").tag(), Some("323"));
    assert_eq!(address("tel:+12015550123;tag=1").uri.user(), Some("+12015550123"));
    let gruu = address(r#"<sip:a@192.0.2.1:5060>;+sip.instance="<urn:uuid:0>";reg-id=1"#);
    assert_eq!(gruu.param("+sip.instance"), Some("\"<urn:uuid:0>\""));
}

#[test]
fn refuses_unbalanced_text() {
    for text in [
        "\"Mr. J. User <sip:j.user@example.com>",
        "<sip:a@b",
        "<sip:a@b> x",
        "\"Watson\" < t.watson@example.org >",
        "",
        ";tag=1",
    ] {
        assert!(NameAddr::parse(text).is_err(), "{text}");
    }
}

#[test]
fn prints_what_parses_to_the_same() {
    let mut parsed = address(r#""a \"quoted\" \\ name" <sip:x@y;lr>;tag=1;flag"#);
    assert_eq!(NameAddr::parse(&parsed.to_string()).as_ref(), Ok(&parsed));
    parsed.display = Some("evil\r\nHeader: 1".to_owned());
    assert!(!parsed.to_string().contains('\n'));
}
