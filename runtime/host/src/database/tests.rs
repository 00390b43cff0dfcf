//! What seals secrets.

use super::*;

#[test]
fn a_secret_opens_in_its_own_place_and_with_its_own_key_only() {
    let key = SealingKey::parse(&"0f".repeat(32)).expect("it is one");
    let tenant = Tenant("ours".to_owned());
    let sealed = key
        .seal((&tenant, "crm"), "hunter22hunter22")
        .expect("there is randomness");
    assert!(!sealed.windows(8).any(|part| part == b"hunter22"));
    assert_eq!(key.open((&tenant, "crm"), &sealed).as_deref(), Some("hunter22hunter22"));
    assert_eq!(key.open((&tenant, "erp"), &sealed), None);
    assert_eq!(key.open((&Tenant("theirs".to_owned()), "crm"), &sealed), None);
    let other = SealingKey::parse(&"1f".repeat(32)).expect("it is one");
    assert_eq!(other.open((&tenant, "crm"), &sealed), None);
    assert_eq!(key.open((&tenant, "crm"), &sealed[..8]), None);
    assert!(SealingKey::parse("0f").is_none());
}

#[test]
fn links_are_signed_with_the_same_key_at_each_start_which_is_not_the_one_that_seals() {
    let key = |digit: &str| SealingKey::parse(&digit.repeat(32)).expect("it is one").links();
    assert_eq!(key("0f"), key("0f"));
    assert_ne!(key("0f"), key("1f"));
    assert_ne!(key("0f"), [0x0f; KEY_BYTES]);
}
