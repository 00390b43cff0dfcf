//! The keys of one direction of RTP or RTCP with AES-GCM (RFC 7714), and what is done with them.

use super::keys::{Which, derived};
use super::{SrtpKey, SrtpSuite};
use aes::cipher::KeyInit;
use aes::{Aes128, Aes256};
use aes_gcm::aead::AeadInPlace;
use aes_gcm::{Aes128Gcm, Aes256Gcm};

/// Bytes of a tag.
pub(super) const TAG: usize = 16;
const NONCE: usize = 12;

enum Cipher {
    Short(Aes128Gcm),
    Long(Aes256Gcm),
}

/// The keys of a direction.
pub(super) struct GcmKeys {
    cipher: Box<Cipher>,
    salt: [u8; NONCE],
}

impl GcmKeys {
    /// Derived from a master key (RFC 3711 section 4.3; its salt is filled up with zeros, RFC 7714 section 11).
    pub(super) fn new(suite: SrtpSuite, master: &SrtpKey, which: Which) -> Self {
        let (key, salt) = suite.key_and_salt();
        let (key, behind) = master.0.split_at(key);
        let mut padded = [0; 14];
        padded[..salt].copy_from_slice(&behind[..salt]);
        let label = which as u8;
        let (cipher, salt) = if suite == SrtpSuite::Gcm256 {
            let master = Aes256::new_from_slice(key).expect("the suite's key is 32 bytes");
            let key = derived::<32, _>(&master, &padded, label);
            (
                Cipher::Long(Aes256Gcm::new(&key.into())),
                derived(&master, &padded, label + 2),
            )
        } else {
            let master = Aes128::new_from_slice(key).expect("the suite's key is 16 bytes");
            let key = derived::<16, _>(&master, &padded, label);
            (
                Cipher::Short(Aes128Gcm::new(&key.into())),
                derived(&master, &padded, label + 2),
            )
        };
        Self {
            cipher: Box::new(cipher),
            salt,
        }
    }

    /// Of a packet of a sender (RFC 7714 sections 8.1 and 9.1): RTP's index has 48 bits, RTCP's 31.
    pub(super) fn nonce(&self, ssrc: u32, index: u64) -> [u8; NONCE] {
        let mut nonce = self.salt;
        for (byte, other) in nonce[2..6].iter_mut().zip(ssrc.to_be_bytes()) {
            *byte ^= other;
        }
        for (byte, other) in nonce[6..].iter_mut().zip(&index.to_be_bytes()[2..]) {
            *byte ^= other;
        }
        nonce
    }

    /// Encrypts in place; the tag of it and of what stays readable.
    pub(super) fn seal(&self, nonce: &[u8; NONCE], readable: &[u8], secret: &mut [u8]) -> [u8; TAG] {
        let tag = match &*self.cipher {
            Cipher::Short(cipher) => cipher.encrypt_in_place_detached(nonce.into(), readable, secret),
            Cipher::Long(cipher) => cipher.encrypt_in_place_detached(nonce.into(), readable, secret),
        };
        tag.expect("GCM takes 64 GiB, and a packet has not so much").into()
    }

    /// Decrypts in place; none if it is not authentic.
    pub(super) fn open(&self, nonce: &[u8; NONCE], readable: &[u8], secret: &mut [u8], tag: &[u8]) -> Option<()> {
        let tag: &[u8; TAG] = tag.try_into().ok()?;
        match &*self.cipher {
            Cipher::Short(cipher) => cipher.decrypt_in_place_detached(nonce.into(), readable, secret, tag.into()),
            Cipher::Long(cipher) => cipher.decrypt_in_place_detached(nonce.into(), readable, secret, tag.into()),
        }
        .ok()
    }
}

#[cfg(test)]
mod tests;
