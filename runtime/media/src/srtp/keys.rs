//! The keys of one direction of RTP or RTCP, derived from a master key (RFC 3711 section 4.3), and what is done with them.

use super::SrtpKey;
use aes::Aes128;
use aes::cipher::consts::U16;
use aes::cipher::{
    BlockCipher, BlockEncryptMut, BlockSizeUser, InnerIvInit, KeyInit, StreamCipher, StreamCipherCoreWrapper,
};
use ctr::CtrCore;
use ctr::flavors::Ctr128BE;
use hmac::{Hmac, Mac};
use sha1::Sha1;

const SALT_BYTES: usize = 14;
const SIGNING_KEY_BYTES: usize = 20;

/// What keys are for: their labels (RFC 3711 section 4.3.2).
#[derive(Clone, Copy)]
pub(super) enum Which {
    Rtp = 0,
    Rtcp = 3,
}

/// The keys of a direction.
pub(super) struct CipherKeys {
    cipher: Aes128,
    salt: [u8; SALT_BYTES],
    signing: Hmac<Sha1>,
}

impl CipherKeys {
    /// Derived from a master key.
    pub(super) fn new(master: &SrtpKey, which: Which) -> Self {
        let (key, salt) = master.0[..16 + SALT_BYTES].split_at(16);
        let salt: [u8; SALT_BYTES] = salt.try_into().expect("a key is 16 and 14 bytes");
        let master = Aes128::new_from_slice(key).expect("16 bytes");
        let label = which as u8;
        let cipher = derived::<16, _>(&master, &salt, label);
        let signing = derived::<SIGNING_KEY_BYTES, _>(&master, &salt, label + 1);
        Self {
            cipher: Aes128::new_from_slice(&cipher).expect("16 bytes"),
            salt: derived(&master, &salt, label + 2),
            signing: <Hmac<Sha1> as Mac>::new_from_slice(&signing).expect("a key may have any length"),
        }
    }

    /// Encrypts a packet's secret part, or decrypts it: the same (RFC 3711 section 4.1.1).
    pub(super) fn encrypt(&self, ssrc: u32, index: u64, bytes: &mut [u8]) {
        let mut iv = padded(&self.salt);
        for (byte, other) in iv[4..8].iter_mut().zip(ssrc.to_be_bytes()) {
            *byte ^= other;
        }
        for (byte, other) in iv[8..14].iter_mut().zip(&index.to_be_bytes()[2..]) {
            *byte ^= other;
        }
        apply(&self.cipher, &iv, bytes);
    }

    /// The tag of a packet and what is signed with it: the rollover counter, or SRTCP's index.
    pub(super) fn sign(&self, packet: &[u8], after: u32) -> [u8; 20] {
        self.signed(packet, after).finalize().into_bytes().into()
    }

    /// Whether a tag, which may be cut off, is the one of a packet. Takes the same time whatever differs.
    pub(super) fn is_signed(&self, packet: &[u8], after: u32, tag: &[u8]) -> bool {
        self.signed(packet, after).verify_truncated_left(tag).is_ok()
    }

    fn signed(&self, packet: &[u8], after: u32) -> Hmac<Sha1> {
        let mut signing = self.signing.clone();
        signing.update(packet);
        signing.update(&after.to_be_bytes());
        signing
    }
}

/// AES with a key of either length.
pub(super) trait Block: BlockCipher + BlockEncryptMut + BlockSizeUser<BlockSize = U16> + Clone {}

impl<C: BlockCipher + BlockEncryptMut + BlockSizeUser<BlockSize = U16> + Clone> Block for C {}

/// A key for a purpose, without key derivation again and again (the rate is 0).
pub(super) fn derived<const N: usize, C: Block>(master: &C, salt: &[u8; SALT_BYTES], label: u8) -> [u8; N] {
    let mut iv = padded(salt);
    iv[7] ^= label;
    let mut key = [0; N];
    apply(master, &iv, &mut key);
    key
}

/// A salt moved up by the 16 bits that count blocks.
fn padded(salt: &[u8; SALT_BYTES]) -> [u8; 16] {
    let mut iv = [0; 16];
    iv[..SALT_BYTES].copy_from_slice(salt);
    iv
}

fn apply<C: Block>(cipher: &C, iv: &[u8; 16], bytes: &mut [u8]) {
    let core = CtrCore::<_, Ctr128BE>::inner_iv_init(cipher.clone(), iv.into());
    StreamCipherCoreWrapper::from_core(core).apply_keystream(bytes);
}

#[cfg(test)]
mod tests;
