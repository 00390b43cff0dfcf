//! Canonical numbers (RFC 8224 8.3) and addresses (8.5), and which of the two an address is.

use super::*;

fn party(text: &str) -> Option<Party> {
    Party::of(&Uri::parse(text).unwrap())
}

fn number(text: &str) -> Option<Party> {
    Some(Party::Number(Number::parse(text).unwrap()))
}

fn address(text: &str) -> Option<Party> {
    Some(Party::Address(text.into()))
}

#[test]
fn plus_and_separators_fall_away() {
    for text in ["+12155551212", "1-215-555-1212", " +1 (215) 555.1212 "] {
        assert_eq!(Number::parse(text).unwrap().as_str(), "12155551212", "{text}");
    }
    assert_eq!(Number::parse("*67#").unwrap().as_str(), "*67#");
}

#[test]
fn what_is_no_number() {
    for text in [
        "",
        "+",
        "--",
        "++1",
        "1+2",
        "alice",
        "12a",
        "1234567890123456",
        "\u{0661}\u{0662}",
    ] {
        assert_eq!(Number::parse(text), None, "{text}");
    }
    assert!(Number::parse("123456789012345").is_some());
}

#[test]
fn addresses_that_are_numbers() {
    for text in [
        "tel:+1-215-555-1212",
        "sip:+12155551212@example.com;user=phone",
        "sip:12155551212@192.0.2.1",
        "sip:%2B12155551212;npdi=yes@example.com:5070",
        "sips:12155551212:secret@example.com",
    ] {
        assert_eq!(party(text), number("12155551212"), "{text}");
    }
}

#[test]
fn addresses_that_stay_addresses() {
    assert_eq!(
        party("SIP:Alice:pw@EXAMPLE.com:5060;transport=tcp?Subject=x"),
        address("sip:Alice@example.com")
    );
    assert_eq!(
        party("sip:anonymous@anonymous.invalid"),
        address("sip:anonymous@anonymous.invalid")
    );
    assert_eq!(party("sip:example.com"), address("sip:example.com"));
    assert_eq!(party("urn:service:sos"), None);
    assert_eq!(party(&format!("sip:{}@example.com", "a".repeat(ADDRESS_BYTES))), None);
}
