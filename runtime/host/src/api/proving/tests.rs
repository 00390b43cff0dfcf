//! Codes and their hashes.

use super::*;

#[test]
fn a_code_has_six_digits_and_is_another_each_time() {
    let codes: std::collections::BTreeSet<_> = (0..64).map(|_| new_code().unwrap()).collect();
    assert!(codes.len() > 32, "{codes:?}");
    for code in codes {
        assert!(
            code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()),
            "{code}"
        );
    }
}

#[test]
fn a_hash_is_of_one_tenant_and_one_call() {
    let (ours, theirs) = (Tenant("ours".to_owned()), Tenant("theirs".to_owned()));
    let one = hash(&ours, CallId(1), "123456");
    assert_eq!(one, hash(&ours, CallId(1), "123456"));
    assert_ne!(one, hash(&theirs, CallId(1), "123456"));
    assert_ne!(one, hash(&ours, CallId(2), "123456"));
    assert_ne!(one, hash(&ours, CallId(1), "123457"));
}
