//! Keys in both PEM forms; what is signed is what our own reader and a foreign reader's rules expect.

use super::*;
use crate::identity::tests::{NOW, ORIGIN, URL, call, chain, fixture, number, roots, signer};
use crate::identity::{FRESHNESS_S, Token, Verdict, verify};

fn origin() -> OriginId {
    OriginId::parse(ORIGIN).unwrap()
}

/// PyJWT wrote the same claims in the same order, so all but the signature is equal.
#[test]
fn signs_what_pyjwt_signs() {
    let ours = signer()
        .sign(
            NOW,
            &number("+12155551212"),
            &[number("+1-212-555-1213")],
            Attestation::Full,
            origin(),
        )
        .unwrap();
    let theirs = crate::identity::tests::header!("shaken_a");
    let claims = |header: &str| header.split('.').nth(1).unwrap().to_owned();
    assert_eq!(claims(&ours), claims(theirs));
    assert!(ours.ends_with(&format!(";info=<{URL}>;alg=ES256;ppt=shaken")));
    let verdict = verify(
        &Token::parse(&ours).unwrap(),
        &chain(),
        &roots(),
        &call(),
        FRESHNESS_S,
        NOW,
    );
    let (attestation, origid) = (Some(Attestation::Full), Some(origin()));
    assert_eq!(verdict, Verdict::Valid { attestation, origid });
}

#[test]
fn the_same_call_gives_the_same_signature() {
    let sign = || signer().sign(NOW, &number("1"), &[number("2")], Attestation::Gateway, origin());
    assert_eq!(sign(), sign());
}

#[test]
fn both_forms_of_a_key_are_the_same_key() {
    let sec1 = Signer::from_pem(fixture!("key_sec1.pem"), URL, &UrlRules::default()).unwrap();
    assert!(chain().belongs_to(&sec1) && chain().belongs_to(&signer()));
    let other = crate::identity::CertificateChain::read(fixture!("wrong_key.pem")).unwrap();
    assert!(!other.belongs_to(&sec1));
}

#[test]
fn what_makes_no_signer() {
    let rules = UrlRules::default();
    for key in [b"".as_slice(), fixture!("chain.pem"), &fixture!("key_pkcs8.pem")[..100]] {
        assert_eq!(Signer::from_pem(key, URL, &rules).unwrap_err(), SignerFault::Key);
    }
    let plain = Signer::from_pem(fixture!("key_pkcs8.pem"), "http://cert.example.org/c", &rules);
    assert_eq!(plain.unwrap_err(), SignerFault::Url(UrlFault::Scheme));
}

#[test]
fn destinations_are_bounded() {
    let sign = |count: usize| {
        signer().sign(
            NOW,
            &number("1"),
            &vec![number("2"); count],
            Attestation::Full,
            origin(),
        )
    };
    assert_eq!(sign(0), Err(SignerFault::Destinations));
    assert_eq!(sign(DESTINATIONS + 1), Err(SignerFault::Destinations));
    assert!(Token::parse(&sign(DESTINATIONS).unwrap()).is_ok());
}

#[test]
fn an_origin_is_one_uuid_for_each_customer() {
    let origin = signer().origin_of("acme");
    assert_eq!(origin, signer().origin_of("acme"));
    assert_ne!(origin, signer().origin_of("acma"));
    let text = origin.to_string();
    assert_eq!(&text[14..15], "8", "its version");
    assert!("89ab".contains(&text[19..20]), "its variant");
    assert_eq!(OriginId::parse(&text), Some(origin));
}
