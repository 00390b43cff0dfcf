//! The published test vector, and what identifiers must be.

use super::*;

#[test]
fn siphash_matches_its_reference() {
    // Reference vector of SipHash-2-4: key 00..0f, input 00..0e.
    let key = [0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908];
    let input: Vec<u8> = (0..15).collect();
    assert_eq!(siphash(key, &input), 0xa129_ca61_49be_45e5);
}

#[test]
fn the_same_seed_gives_the_same_tokens_and_never_one_twice() {
    let (mut one, mut same, mut other) = (Tokens::new(1), Tokens::new(1), Tokens::new(2));
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..1000 {
        let token = one.token();
        assert_eq!(token, same.token());
        assert_ne!(token, other.token());
        assert_eq!(token.len(), 16);
        assert!(seen.insert(token));
    }
}

#[test]
fn a_stateless_tag_depends_on_its_parts_only() {
    let mut tokens = Tokens::new(1);
    let before = tokens.stateless(&[b"a", b"b"]);
    tokens.token();
    assert_eq!(before, tokens.stateless(&[b"a", b"b"]));
    assert_ne!(before, tokens.stateless(&[b"a", b"c"]));
}
