//! Addresses good and bad.

use super::*;

fn uri(text: &str) -> Uri {
    Uri::parse(text).unwrap_or_else(|fault| panic!("{text}: {fault}"))
}

#[test]
fn locates_the_parts_of_a_sip_address() {
    let full = uri("SIP:alice:secret@[2001:db8::9:1]:5070;transport=udp;lr?subject=x");
    assert_eq!(
        (full.scheme(), full.user(), full.host(), full.port()),
        (Scheme::Sip, Some("alice"), "[2001:db8::9:1]", Some(5070))
    );
    assert_eq!(
        full.params().collect::<Vec<_>>(),
        [("transport", Some("udp")), ("lr", None)]
    );
    assert_eq!((full.param("LR"), full.param("none")), (Some(""), None));
    assert_eq!(full.ip(), "2001:db8::9:1".parse().ok());
    assert!(full.has_headers());
    let bare = uri("sips:example.com");
    assert_eq!(
        (bare.user(), bare.host(), bare.port(), bare.ip()),
        (None, "example.com", None, None)
    );
}

#[test]
fn keeps_odd_but_legal_users() {
    assert_eq!(
        uri("sip:user;par=u%40example.net@example.com").user(),
        Some("user;par=u%40example.net")
    );
    assert_eq!(
        uri("sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com")
            .user()
            .map(str::len),
        Some(48)
    );
    assert_eq!(
        uri("sip:sips%3Auser%40example.com@example.net").user(),
        Some("sips%3Auser%40example.com")
    );
}

#[test]
fn knows_tel_urn_and_leaves_the_rest_alone() {
    let tel = uri("tel:+1-201-555-0123;phone-context=example.com");
    assert_eq!(
        (tel.scheme(), tel.user(), tel.host()),
        (Scheme::Tel, Some("+1-201-555-0123"), "")
    );
    assert_eq!(tel.param("phone-context"), Some("example.com"));
    assert_eq!(uri("urn:service:sos").scheme(), Scheme::Urn);
    assert_eq!(uri("soap.beep://192.0.2.103:3002").scheme(), Scheme::Other);
}

#[test]
fn refuses_what_is_no_address() {
    let bad = [
        "",
        "sip",
        "sip:",
        ":x",
        "1sip:a@b",
        "sip:@host",
        "sip:a@",
        "sip:a@b@c",
        "sip:a@host:70000",
        "sip:a@host:x",
        "sip:a@ho st",
        "<sip:a@host>",
        "sip:a@[::1",
        "sip:a@[hello]",
        "sip:a@::1",
        "sip:%4@h",
        "sip:a@h\"",
        "tel:",
        "tel:12+3",
        "sip:a@h\r\n",
    ];
    for text in bad {
        assert!(Uri::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn debug_hides_and_display_repeats() {
    let text = "sip:+4930123456@example.com;user=phone";
    assert_eq!(uri(text).to_string(), text);
    assert!(!format!("{:?}", uri(text)).contains("4930"));
}

#[test]
fn three_colons_before_an_ipv4_address_are_read_as_two() {
    let odd = uri("sip:user@[2001:db8:::192.0.2.1]:5070");
    assert_eq!((odd.ip(), odd.port()), ("2001:db8::192.0.2.1".parse().ok(), Some(5070)));
    for host in ["[2001:db8:::1]", "[:::1]", "[1:::2:::192.0.2.1]", "[1::2:::192.0.2.1]"] {
        assert!(Uri::parse(&format!("sip:user@{host}")).is_err(), "{host}");
    }
}

#[test]
fn header_fields_of_an_address_are_unescaped() {
    let uri = Uri::parse("sip:b@h;user=phone?Replaces=a%40h%3Bto-tag%3D1%3bfrom-tag%3D2&X=%zz").expect("an address");
    assert_eq!(uri.header("replaces").as_deref(), Some("a@h;to-tag=1;from-tag=2"));
    assert_eq!((uri.header("X"), uri.header("Y")), (None, None));
    assert_eq!(uri.without_headers().as_str(), "sip:b@h;user=phone");
    assert_eq!(uri.without_headers().param("user"), Some("phone"));
    let plain = Uri::parse("sip:b@h").expect("an address");
    assert_eq!((plain.header("X"), plain.without_headers()), (None, plain.clone()));
}
