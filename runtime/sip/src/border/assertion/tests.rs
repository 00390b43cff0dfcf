//! Who begins a call: written and read again, within bounds.

use super::*;

fn region() -> Region {
    Region::new("eu1").expect("a name")
}

#[test]
fn what_is_written_is_read_again() {
    for (tenant, identity, grants) in [
        ("acme", "alice", ""),
        ("a c;m=e", "\"\u{fc}\"@x\r\nVia: y", "call;to=%41,<z>"),
        (
            &*"t".repeat(TENANT_BYTES),
            &*"i".repeat(IDENTITY_BYTES),
            &*"g".repeat(GRANTS_BYTES),
        ),
    ] {
        let plain = Assertion::new(tenant, identity, grants).expect("in bounds");
        let acting = plain.clone().with_action("star hang-up").expect("in bounds");
        for who in [plain, acting] {
            let value = who.write(&region());
            assert!(value.bytes().all(|byte| byte.is_ascii_graphic()), "{value}");
            assert_eq!(Assertion::read(&value), Ok((region(), who.clone())));
            let spaced = format!(" {} ; later=1 ;", value.replace(';', " ; "));
            assert_eq!(Assertion::read(&spaced), Ok((region(), who)));
        }
    }
}

#[test]
fn every_part_has_a_bound() {
    let long = |bytes: usize| "x".repeat(bytes + 1);
    let new = |tenant: &str, identity: &str, grants: &str| Assertion::new(tenant, identity, grants).unwrap_err();
    assert_eq!(new("", "a", ""), AssertionError::Missing("tenant"));
    assert_eq!(new("a", "", ""), AssertionError::Missing("identity"));
    assert_eq!(
        new(&long(TENANT_BYTES), "a", ""),
        AssertionError::TooLong("tenant", TENANT_BYTES)
    );
    assert_eq!(
        new("a", &long(IDENTITY_BYTES), ""),
        AssertionError::TooLong("identity", IDENTITY_BYTES)
    );
    assert_eq!(
        new("a", "a", &long(GRANTS_BYTES)),
        AssertionError::TooLong("grants", GRANTS_BYTES)
    );
    let who = Assertion::new("a", "a", "").expect("in bounds");
    assert_eq!(
        who.clone().with_action("").unwrap_err(),
        AssertionError::Missing("action")
    );
    let error = who.with_action(&long(ACTION_BYTES)).unwrap_err();
    assert_eq!(error, AssertionError::TooLong("action", ACTION_BYTES));
    assert_eq!(error.to_string(), "action is longer than 64 bytes");
}

#[test]
fn what_is_unreadable_is_told_apart() {
    for (value, why) in [
        ("", AssertionError::Missing("region")),
        ("region=EU;tenant=a;identity=b", AssertionError::Unreadable("region")),
        ("region=eu;identity=b", AssertionError::Missing("tenant")),
        ("region=eu;tenant=%zz;identity=b", AssertionError::Unreadable("tenant")),
        ("region=eu;tenant=%ff;identity=b", AssertionError::Unreadable("tenant")),
        (
            "region=eu;tenant=a;identity=b;identity=c",
            AssertionError::Repeated("identity"),
        ),
        ("region=eu;tenant", AssertionError::Unreadable("a part")),
        (
            "region=eu;tenant=a;identity=b;action=",
            AssertionError::Missing("action"),
        ),
    ] {
        assert_eq!(Assertion::read(value).unwrap_err(), why, "{value}");
    }
}
