//! A keyed hash, HMAC-SHA-256 (RFC 2104), and a comparison that tells nothing by its time: how the crate knows again what
//! it has given out. Not here: what is given out (nonces in [`crate::digest`], tokens in [`crate::border`]).

use sha2::{Digest as _, Sha256};

/// A key, taken in once: the padded blocks of it are hashed already.
#[derive(Clone)]
pub(crate) struct Keyed {
    inner: Sha256,
    outer: Sha256,
}

impl Keyed {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let padded = |pad: u8| {
            let mut block = [pad; 64];
            for (byte, key) in block.iter_mut().zip(key) {
                *byte ^= key;
            }
            Sha256::new_with_prefix(block)
        };
        Self {
            inner: padded(0x36),
            outer: padded(0x5c),
        }
    }

    /// The hash of the parts as one text: where one ends and the next begins is the caller's to tell.
    pub(crate) fn hash(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut inner = self.inner.clone();
        for part in parts {
            inner.update(part);
        }
        self.outer.clone().chain_update(inner.finalize()).finalize().into()
    }
}

/// Whether two texts are equal, in a time that depends on their lengths only.
pub(crate) fn equal_in_constant_time(one: &[u8], other: &[u8]) -> bool {
    let differing = one.iter().zip(other).fold(0, |sum, (a, b)| sum | (a ^ b));
    one.len() == other.len() && std::hint::black_box(differing) == 0
}
