//! The keyed hash against its published vector, forged nonces, and a full table of uses.

use super::*;
use crate::tests::{Dice, start};

const LIFETIME: Duration = Duration::from_secs(60);

fn peer() -> IpAddr {
    "192.0.2.1".parse().expect("an address")
}

fn made(number: u32) -> Made {
    Made {
        ms: u64::from(number),
        number,
    }
}

#[test]
fn the_keyed_hash_is_hmac_sha_256() {
    // RFC 4231, test case 1, with its 20-byte key padded by zeros as HMAC does itself.
    let mut key = [0; 32];
    key[..20].fill(0x0b);
    let mint = Mint::new(start(), key);
    assert_eq!(
        hex(&mint.keyed_hash(&[b"Hi ", b"There"])),
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    );
}

#[test]
fn no_digit_of_a_nonce_can_be_changed() {
    let now = start();
    let mut mint = Mint::new(now, [1; 32]);
    let nonce = mint.make(now, peer());
    assert!(mint.read(now, &nonce, peer(), LIFETIME).is_some());
    for at in 0..nonce.len() {
        let mut forged = nonce.clone().into_bytes();
        forged[at] = if forged[at] == b'0' { b'1' } else { b'0' };
        let forged = String::from_utf8(forged).expect("digits");
        assert_eq!(mint.read(now, &forged, peer(), LIFETIME), None, "digit {at}");
    }
    for odd in [
        "",
        "0",
        "+0000000000",
        &nonce[1..],
        &format!("{nonce}0"),
        &"\u{e9}".repeat(26),
    ] {
        assert_eq!(mint.read(now, odd, peer(), LIFETIME), None);
    }
    let other = Mint::new(now, [2; 32]);
    assert_eq!(other.read(now, &nonce, peer(), LIFETIME), None, "another key");
}

#[test]
fn a_nonce_of_the_future_is_none_of_ours() {
    let now = start();
    let mut mint = Mint::new(now, [1; 32]);
    let nonce = mint.make(now + LIFETIME, peer());
    assert_eq!(mint.read(now, &nonce, peer(), LIFETIME), None);
    let mapped = "::ffff:192.0.2.1".parse().expect("an address");
    assert!(
        mint.read(now + LIFETIME, &nonce, mapped, LIFETIME).is_some(),
        "the same peer"
    );
}

#[test]
fn a_full_table_forgets_the_oldest_and_never_takes_it_again() {
    let mut uses = Uses::default();
    for number in 0..NONCES_IN_USE as u32 + 100 {
        assert!(uses.note(made(number), 1));
        assert!(uses.len() <= NONCES_IN_USE);
    }
    assert!(!uses.note(made(99), 2), "forgotten");
    assert!(!uses.note(made(0), 2), "older than what was forgotten");
    assert!(uses.note(made(100), 2));
}

#[test]
fn no_count_is_taken_twice_in_any_order() {
    for seed in 0..200 {
        let mut dice = Dice::new(seed);
        let mut window = Window::default();
        let mut taken = std::collections::BTreeSet::new();
        let mut around = 1;
        for _ in 0..500 {
            around += dice.below(3) as u32;
            let count = (around + 20).saturating_sub(dice.below(90) as u32);
            let is_new = window.note(count);
            assert!(!is_new || taken.insert(count), "seed {seed}: {count} twice");
            let recent = window.highest - count < 64;
            assert!(
                is_new || !recent || taken.contains(&count),
                "seed {seed}: {count} refused for nothing"
            );
        }
        assert!(!window.note(window.highest));
        assert!(window.note(u32::MAX));
        assert!(!window.note(u32::MAX));
    }
}
