//! The signature against another implementation.

use super::*;

/// The example of `wit/webhooks.md`, reckoned by another implementation (Python's).
const SIGNATURE: &str = "561bc318366381ffbbc7886ba08955b4b4f305344800b1deb40c10c2e41cbe82";

#[test]
fn the_signature_is_that_of_the_documents_example() {
    let parameters = [
        ("event", "custom".to_owned()),
        ("call-id", "call_07".to_owned()),
        ("at-ms", "1000500".to_owned()),
        ("name", "order-paid".to_owned()),
        ("data", "a&b=ü ~".to_owned()),
    ];
    let signed = sign(
        "a-secret-that-signs",
        "https://crm.example.com/calls?x=1",
        &parameters,
        1_795_741_200,
    );
    assert_eq!(
        signed.body,
        "at-ms=1000500&call-id=call_07&data=a%26b%3D%C3%BC%20~&event=custom&name=order-paid"
    );
    assert_eq!(signed.signature, format!("t=1795741200,v1={SIGNATURE}"));
    let document = include_str!("../../../../../wit/webhooks.md");
    assert!(document.contains(SIGNATURE) && document.contains(&signed.body));
}

#[test]
fn whatever_is_changed_changes_the_signature() {
    let parameters = |value: &str| [("a", value.to_owned()), ("b", "2".to_owned())];
    let usual = sign("a secret", "https://x.example/", &parameters("1"), 7).signature;
    for other in [
        sign("a Secret", "https://x.example/", &parameters("1"), 7),
        sign("a secret", "https://x.example", &parameters("1"), 7),
        sign("a secret", "https://x.example/", &parameters("1b"), 7),
        sign("a secret", "https://x.example/", &parameters("1"), 8),
    ] {
        assert_ne!(other.signature, usual);
    }
    let apart = sign("a secret", "u", &[("ab", "c".to_owned())], 7).signature;
    assert_ne!(apart, sign("a secret", "u", &[("a", "bc".to_owned())], 7).signature);
}
