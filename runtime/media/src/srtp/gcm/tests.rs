//! The examples of the standard.

use super::*;

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |n: usize| u8::from_str_radix(&hex[n * 2..n * 2 + 2], 16).expect("hexadecimal");
    (0..hex.len() / 2).map(digit).collect()
}

/// RFC 7714 section 16.1: the keys of the session itself, without a master.
#[test]
fn a_packet_is_sealed_as_the_standard_has_it() {
    let key: [u8; 16] = std::array::from_fn(|n| n as u8);
    let keys = GcmKeys {
        cipher: Box::new(Cipher::Short(Aes128Gcm::new(&key.into()))),
        salt: *b"Quid pro quo",
    };
    let header = bytes("8040f17b8041f8d35501a0b2");
    let plain = b"Gallia est omnis divisa in partes tres";
    let nonce = keys.nonce(0x5501_a0b2, 0xf17b);
    assert_eq!(nonce.to_vec(), bytes("51753c6580c2726f20718414"));
    let mut secret = plain.to_vec();
    let tag = keys.seal(&nonce, &header, &mut secret);
    let expected = "f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833";
    assert_eq!(secret, bytes(expected));
    assert_eq!(tag.to_vec(), bytes("899d7f27beb16a9152cf765ee4390cce"));
    assert!(keys.open(&nonce, &header, &mut secret, &tag).is_some());
    assert_eq!(secret, plain);
}
