//! The examples of the standard.

use super::*;

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    std::array::from_fn(|n| u8::from_str_radix(&hex[n * 2..n * 2 + 2], 16).expect("hexadecimal"))
}

/// RFC 3711 appendix B.2.
#[test]
fn the_key_stream_is_that_of_the_standard() {
    let cipher = Aes128::new(&bytes::<16>("2B7E151628AED2A6ABF7158809CF4F3C").into());
    let mut stream = [0; 48];
    apply(&cipher, &bytes("F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000"), &mut stream);
    let expected = "E03EAD0935C95E80E166B16DD92B4EB4D23513162B02D0F72A43A2FE4A5F97AB41E95B3BB0A2E8DD477901E4FCA894C0";
    assert_eq!(stream, bytes(expected));
}

/// RFC 3711 appendix B.3.
#[test]
fn keys_are_derived_as_the_standard_has_it() {
    let master = Aes128::new(&bytes::<16>("E1F97A0D3E018BE0D64FA32C06DE4139").into());
    let salt = bytes("0EC675AD498AFEEBB6960B3AABE6");
    assert_eq!(
        derived(&master, &salt, 0),
        bytes::<16>("C61E7A93744F39EE10734AFE3FF7A087")
    );
    assert_eq!(derived(&master, &salt, 2), bytes::<14>("30CBBC08863D8C85D49DB34A9AE1"));
    assert_eq!(
        derived(&master, &salt, 1),
        bytes::<20>("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4")
    );
}
