//! Identity headers as they come from PyJWT, and with their parameters bent.

use super::*;
use crate::identity::tests::{URL, header};

fn fault(value: &str) -> Reason {
    Token::parse(value).unwrap_err()
}

#[test]
fn foreign_tokens_are_read() {
    let token = Token::parse(header!("shaken_a")).unwrap();
    assert_eq!(token.certificate_url(&UrlRules::default()).unwrap().as_str(), URL);
    assert!(token.claims().unwrap().shaken.is_some());
    assert!(
        Token::parse(header!("base"))
            .unwrap()
            .claims()
            .unwrap()
            .shaken
            .is_none()
    );
    assert!(Token::parse(header!("compact")).unwrap().claims().is_none());
}

#[test]
fn what_networks_write_and_the_grammar_does_not() {
    let good = header!("shaken_a");
    for (from, to) in [
        ("ppt=shaken", r#"ppt="shaken""#),
        (";alg=ES256;ppt=shaken", ""),
        (";alg=ES256", " ; ALG = \"ES256\" ;other;x=\"a;b\""),
        (";info", " ;info"),
    ] {
        let bent = good.replace(from, to);
        assert!(bent != good && Token::parse(&bent).is_ok(), "{bent}");
    }
}

#[test]
fn foreign_tokens_that_are_refused() {
    assert_eq!(fault(header!("alg_none")), Reason::Algorithm);
    assert_eq!(fault(header!("alg_hs256")), Reason::Algorithm);
    assert_eq!(fault(header!("typ_jwt")), Reason::Type);
    assert_eq!(fault(header!("ppt_div")), Reason::Extension);
    assert_eq!(fault(header!("no_attest")), Reason::Claims);
    assert_eq!(fault(header!("iat_text")), Reason::Claims);
}

#[test]
fn parameters_that_are_refused() {
    let good = header!("shaken_a");
    let many = ";a=b".repeat(IDENTITY_PARAMETERS);
    for (from, to, reason) in [
        (";info=<https://cert.example.org/passport.cer>", "", Reason::Malformed),
        (
            "<https://cert.example.org/passport.cer>",
            "https://cert.example.org/passport.cer",
            Reason::Malformed,
        ),
        ("passport.cer>", "other.cer>", Reason::Url(UrlFault::Mismatch)),
        (";alg=ES256", ";alg=none", Reason::Algorithm),
        (";alg=ES256", ";alg=ES256;alg=ES256", Reason::Malformed),
        (";alg=ES256", ";alg", Reason::Malformed),
        (";alg=ES256", many.as_str(), Reason::Malformed),
        ("ppt=shaken", "ppt=rph", Reason::Extension),
        (";info", "A;info", Reason::Malformed),
        (";info", ".;info", Reason::Malformed),
        (";info", "=;info", Reason::Malformed),
        ("eyJ", "ey J", Reason::Malformed),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good);
        assert_eq!(fault(&bad), reason, "{bad}");
    }
    assert_eq!(
        fault(&header!("base").replace(";info", ";ppt=shaken;info")),
        Reason::Malformed
    );
    assert_eq!(
        fault(&header!("compact").replace(";info", ";ppt=shaken;info")),
        Reason::Malformed
    );
    assert_eq!(fault(&header!("compact").replace("..", ".")), Reason::Malformed);
    assert_eq!(fault(&header!("compact").replace("..", ".e30.")), Reason::Claims);
}

/// CVE-2025-49832 of another server: a header without a semicolon.
#[test]
fn every_prefix_is_refused_or_read() {
    let good = header!("shaken_a");
    for len in 0..good.len() {
        let reason = Token::parse(&good[..len]).err();
        if !good[..len].contains('>') {
            assert!(reason.is_some(), "{len} bytes were enough");
        }
    }
    assert_eq!(fault(&good[..good.find(';').unwrap()]), Reason::Malformed);
}

#[test]
fn a_signature_that_is_no_pair_of_numbers() {
    let compact = header!("compact");
    let signature = &compact[2..compact.find(';').unwrap()];
    for bad in [
        base64::encode_url(&[0; 64]),
        base64::encode_url(&[0xff; 64]),
        base64::encode_url(&[1; 63]),
    ] {
        assert_eq!(fault(&compact.replace(signature, &bad)), Reason::Malformed);
    }
}

#[test]
fn too_long_is_not_looked_into() {
    let long = format!("{};x={}", header!("shaken_a"), "a".repeat(IDENTITY_BYTES));
    assert_eq!(fault(&long), Reason::TooLong);
}
