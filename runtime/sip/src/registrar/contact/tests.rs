//! Addresses of record, escapes, and RFC 3261's own examples of equal and different addresses.

use super::*;

fn uri(text: &str) -> Uri {
    text.parse().expect("an address")
}

#[test]
fn an_address_of_record_is_the_same_however_it_is_written() {
    for text in [
        "sip:alice@office.example",
        "sips:alice@OFFICE.example:5061;transport=tls",
        "sip:%61lice:secret@office.example?Subject=x",
        "sip:alice;phone-context=x@office.example",
    ] {
        assert_eq!(
            address_of_record(&uri(text)).as_deref(),
            Some("alice@office.example"),
            "{text}"
        );
    }
    assert_ne!(
        address_of_record(&uri("sip:Alice@office.example")).as_deref(),
        Some("alice@office.example")
    );
    for none in [
        "sip:office.example",
        "tel:+4912",
        "sip:%ff@h",
        "sip:%00@h",
        "sip:a%40b@h",
        "sip:;x@h",
    ] {
        assert_eq!(address_of_record(&uri(none)), None, "{none}");
    }
}

#[test]
fn compares_contacts_as_rfc_3261_19_1_4_says() {
    for (one, other) in [
        (
            "sip:%61lice@atlanta.com;transport=TCP",
            "sip:alice@AtlanTa.CoM;Transport=tcp",
        ),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
        ("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on"),
    ] {
        assert!(
            same_contact(&uri(one), &uri(other)) && same_contact(&uri(other), &uri(one)),
            "{one} {other}"
        );
    }
    for (one, other) in [
        (
            "SIP:ALICE@AtLanTa.CoM;Transport=udp",
            "sip:alice@AtLanTa.CoM;Transport=UDP",
        ),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
        ("sip:bob@biloxi.com", "sips:bob@biloxi.com"),
        (
            "sip:carol@chicago.com;security=on",
            "sip:carol@chicago.com;security=off",
        ),
        ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
        ("sip:chicago.com", "sip:carol@chicago.com"),
    ] {
        assert!(
            !same_contact(&uri(one), &uri(other)) && !same_contact(&uri(other), &uri(one)),
            "{one} {other}"
        );
    }
}

#[test]
fn reads_numbers_strictly() {
    assert_eq!(
        [
            thousandths("1"),
            thousandths("1.000"),
            thousandths("0.35"),
            thousandths("0")
        ],
        [Some(1000), Some(1000), Some(350), Some(0)]
    );
    for bad in ["", "2", "1.1", "0.1234", "-0.1", "0.x", ".5", "00.5"] {
        assert_eq!(thousandths(bad), None, "{bad}");
    }
    assert_eq!(
        [
            seconds("0"),
            seconds("99999999999999999999"),
            seconds(""),
            seconds("+1")
        ],
        [Some(0), Some(u64::from(u32::MAX)), None, None]
    );
    assert_eq!(
        [reg_id("1"), reg_id("0"), reg_id("2147483648"), reg_id("x")],
        [Some(1), None, None, None]
    );
    let long = format!("\"<{}>\"", "u".repeat(300));
    for bad in ["urn:x", "<urn:x>", "\"<>\"", "\"<a b>\"", "\"<a\\>\"", &long] {
        assert_eq!(instance(bad), None, "{bad}");
    }
    assert_eq!(instance("\"<urn:uuid:1>\""), Some("urn:uuid:1"));
    assert_eq!((cut("äöü", 3), cut("ab", 3)), ("ä", "ab"));
}
