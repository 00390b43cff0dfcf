//! Lists of numbers as OpenSSL encoded them, and encodings that are none.

use super::*;
use crate::identity::tests::{NOW, chain, fixture, number, roots};
use crate::identity::{CertificateChain, Party};
use crate::uri::Uri;

#[test]
fn a_range_permits_its_numbers_and_no_others() {
    let chain = CertificateChain::read(fixture!("range.pem")).unwrap();
    let permits = |text: &str| chain.path_permits(&roots(), NOW, &number(text).into()).unwrap();
    for (caller, permitted) in [
        ("12155551199", false),
        ("12155551200", true),
        ("12155551299", true),
        ("12155551300", false),
        ("2155551212", false),
        ("012155551212", false),
        ("13035550100", true),
        ("13035550101", false),
        ("*2155551212", false),
    ] {
        assert_eq!(permits(caller), permitted, "{caller}");
    }
    let address = Party::of(&Uri::parse("sip:alice@example.com").unwrap()).unwrap();
    assert!(!chain.path_permits(&roots(), NOW, &address).unwrap());
}

#[test]
fn a_provider_permits_every_number() {
    assert!(chain().path_permits(&roots(), NOW, &number("999").into()).unwrap());
}

#[test]
fn encodings_that_are_refused() {
    let one = b"\x30\x05\xa2\x03\x16\x011";
    assert!(Authority::read(one).unwrap().permits(&number("1").into()));
    for bad in [
        b"".as_slice(),
        b"\x30\x00",
        b"\x30\x05\xa3\x03\x16\x011",
        b"\x30\x05\xa2\x03\x16\x01a",
        b"\x30\x05\xa2\x03\x16\x01-",
        b"\x30\x05\xa2\x03\x0c\x011",
        b"\x30\x06\xa2\x03\x16\x011\x00",
        b"\x30\x05\xa2\x03\x16\x011\x00",
        b"\x30\x04\xa2\x02\x16\x00",
        // A range with a negative count.
        b"\x30\x0a\xa1\x08\x30\x06\x16\x011\x02\x01\xff",
    ] {
        assert!(Authority::read(bad).is_err(), "{bad:02x?}");
    }
    let many = [b"\xa2\x03\x16\x011".as_slice()].repeat(AUTHORITY_ENTRIES + 1).concat();
    let length = u16::try_from(many.len()).unwrap().to_be_bytes();
    assert!(Authority::read(&[b"\x30\x82", length.as_slice(), &many].concat()).is_err());
}
