//! Networks, and configurations that are refused.

use super::*;

fn user(aor: &str, username: &str) -> User {
    User {
        tenant: "acme".into(),
        aor: aor.into(),
        username: username.to_owned(),
        secret: Secret::password("x"),
    }
}

#[test]
fn networks_hold_what_they_should() {
    for (ip, network, prefix, within) in [
        ("192.0.2.77", "192.0.2.77", 32, true),
        ("192.0.2.78", "192.0.2.77", 32, false),
        ("192.0.2.78", "192.0.2.0", 24, true),
        ("::ffff:192.0.2.78", "192.0.2.0", 24, true),
        ("192.0.3.1", "192.0.2.0", 24, false),
        ("203.0.113.9", "0.0.0.0", 0, true),
        ("2001:db8::1", "0.0.0.0", 0, false),
        ("2001:db8::1", "2001:db8::", 64, true),
        ("2001:db8:0:1::1", "2001:db8::", 64, false),
        ("2001:db8::1", "::", 0, true),
    ] {
        let parse = |text: &str| text.parse().expect("an address");
        assert_eq!(
            is_within(parse(ip), parse(network), prefix),
            within,
            "{ip} in {network}/{prefix}"
        );
    }
}

#[test]
fn users_are_unique_and_have_domains() {
    assert!(index(&[user("a@h", "a"), user("a@g", "a"), user("b@h", "b")]).is_ok());
    let refused = |users: &[User]| index(users).err();
    assert_eq!(
        refused(&[user("a@h", "a"), user("b@h", "a")]),
        Some(GateError::SameUserName)
    );
    assert_eq!(
        refused(&[user("a@h", "a"), user("a@h", "b")]),
        Some(GateError::SameUserName)
    );
    for bad in ["a", "@h", "a@", "a@H"] {
        assert_eq!(refused(&[user(bad, "a")]), Some(GateError::BadAddress), "{bad}");
    }
    let peer = |network: &str, prefix| TrustedPeer {
        trunk: "t".into(),
        network: network.parse().expect("an address"),
        prefix,
        port: None,
        transport: None,
    };
    assert_eq!(check_peers(&[peer("192.0.2.1", 33)]), Err(GateError::BadAddress));
    assert_eq!(check_peers(&[peer("::1", 129)]), Err(GateError::BadAddress));
    assert_eq!(check_peers(&[peer("::1", 128), peer("192.0.2.1", 32)]), Ok(()));
    assert_eq!(
        check_peers(&vec![peer("::1", 128); TRUSTED_PEERS + 1]),
        Err(GateError::TooManyPeers)
    );
}
